#!/usr/bin/env python3
"""Compares examples/filetype with the package's own command: on the files of a folder, and on files made here.

usage: compare.py FILETYPE MAGIKA FOLDER

Printed scores may differ by 0.005. The model's first layer normalisation subtracts two nearly equal numbers and magnifies how
far the command's runtime is off in sums of 512 numbers; against float64, the compiled model is the closer one.
"""
import bz2
import gzip
import io
import json
import lzma
import pathlib
import pickle
import random
import re
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import wave
import zipfile
import zlib

C_SOURCE = b'#include <stdio.h>\n\nint main(void) {\n  printf("hello\\n");\n  return 0;\n}\n'
SOURCES = {
    "hello.c": C_SOURCE,
    "hello.py": b"import sys\n\n\ndef main():\n    print('hello', sys.argv)\n\n\nif __name__ == '__main__':\n    main()\n",
    "hello.rs": b'use std::env;\n\nfn main() {\n    let name = env::args().nth(1).unwrap_or_default();\n    println!("hello {name}");\n}\n',
    "hello.go": b'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n',
    "hello.js": b"const fs = require('fs');\nfunction hello(name) {\n  console.log(`hello ${name}`);\n}\nhello('you');\n",
    "Hello.java": b'public class Hello {\n  public static void main(String[] args) {\n    System.out.println("hello");\n  }\n}\n',
    "hello.sh": b"#!/bin/sh\nset -e\nfor name in \"$@\"; do\n  echo \"hello $name\"\ndone\n",
    "hello.html": b"<!DOCTYPE html>\n<html><head><title>hello</title></head><body><p>hello</p></body></html>\n",
    "hello.css": b"body {\n  margin: 0;\n  color: #333;\n}\n.hello > a:hover {\n  display: none;\n}\n",
    "hello.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<hello><to name="you"/><from>me</from></hello>\n',
    "hello.yaml": b"name: hello\nsteps:\n  - run: make\n  - run: make test\nenv:\n  KEY: value\n",
    "hello.toml": b'[package]\nname = "hello"\nversion = "0.1.0"\n\n[dependencies]\nserde = "1"\n',
    "hello.ini": b"[main]\nname=hello\ncount=3\n\n[other]\npath=/tmp\n",
    "hello.csv": b"name,count,price\napple,3,1.20\npear,4,0.80\nplum,10,0.15\n",
    "hello.sql": b"CREATE TABLE fruit (name TEXT, price REAL);\nINSERT INTO fruit VALUES ('apple', 1.2);\nSELECT * FROM fruit;\n",
    "hello.md": b"# Hello\n\nSome *text* with a [link](https://example.org).\n\n- one\n- two\n",
    "hello.tex": b"\\documentclass{article}\n\\begin{document}\nHello, $x^2$.\n\\end{document}\n",
    "hello.diff": b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old\n+new\n same\n",
    "hello.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle cx="4" cy="4" r="3"/></svg>\n',
    "Makefile": b"all: hello\n\nhello: hello.o\n\t$(CC) -o $@ $^\n\nclean:\n\trm -f hello *.o\n",
    "Dockerfile": b"FROM debian:12\nRUN apt-get update && apt-get install -y gcc\nCOPY . /src\nCMD [\"make\"]\n",
    "hello.ics": b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:hello\nDTSTART:20260101T100000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    "hello.pem": b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUJ0h2\n-----END CERTIFICATE-----\n",
    "prose.txt": b"The rain had stopped by the time we reached the village, and nobody was on the road.\n" * 4,
}


def in_memory(write):
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def make_zip(buffer):
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("hello.c", C_SOURCE * 20)


def make_tar(buffer):
    with tarfile.open(fileobj=buffer, mode="w") as file:
        info = tarfile.TarInfo("hello.c")
        info.size = len(C_SOURCE)
        file.addfile(info, io.BytesIO(C_SOURCE))


def make_wave(buffer):
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<2000h", *(i * 7 % 3000 for i in range(2000))))


def make_png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(range(i, i + 48)) for i in range(16))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_sqlite(folder):
    path = folder / "made.sqlite"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE fruit (name TEXT)")
        base.executemany("INSERT INTO fruit VALUES (?)", [(f"fruit {i}",) for i in range(50)])
    base.close()
    return path.read_bytes()


def edge_cases():
    """Sizes, white space and UTF-8 around the limits that the features have."""
    numbers = random.Random(1)
    noise = bytes(numbers.randrange(256) for _ in range(10000))
    letters = bytes(numbers.choice(b"abcdefghijklmnopqrstuvwxyz    \n") for _ in range(10000))
    spaces = b" \t\r\n\v\f"
    cases = {"empty": b"", "noise": noise, "letters": letters, "zeros": bytes(5000), "spaces": spaces * 900,
             "binary_after_spaces": b" " * 5000 + noise, "text_after_spaces": b" " * 4090 + C_SOURCE,
             "text_before_spaces": C_SOURCE + b"\n" * 5000, "separators": b"\x1c\x1d\x1e\x1f" * 5 + C_SOURCE,
             "latin1": "Füße größer, schöne Grüße\n".encode("latin-1"), "latin1_short": b"\xfc",
             "cut_character": b" " * 4095 + "ä".encode() + b"end", "surrogate": b"\xed\xa0\x80",
             "overlong": b"\xc0\x80", "above_unicode": b"\xf4\x90\x80\x80", "highest": b"\xf4\x8f\xbf\xbf"}
    for size in (1, 7, 8, 9, 1023, 1024, 1025, 2048, 4095, 4096, 4097):
        cases[f"letters_{size}"] = letters[:size]
        cases[f"noise_{size}"] = noise[:size]
        cases[f"padded_{size}"] = spaces + letters[:size].strip() + spaces
    return cases


def make_files(folder):
    data = C_SOURCE * 50
    files = {**SOURCES, **edge_cases(),
             "made.zip": in_memory(make_zip), "made.tar": in_memory(make_tar), "made.wav": in_memory(make_wave),
             "made.gz": gzip.compress(data, mtime=0), "made.bz2": bz2.compress(data), "made.xz": lzma.compress(data),
             "made.zlib": zlib.compress(data), "made.png": make_png(), "made.pickle": pickle.dumps({"a": [1, 2.5, "x"] * 20}),
             "made.json": json.dumps({"name": "hello", "list": list(range(40))}, indent=1).encode(),
             "made.jsonl": b"".join(json.dumps({"i": i, "s": "x" * i}).encode() + b"\n" for i in range(30)),
             "made.sqlite": make_sqlite(folder),
             "made.gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
             "made.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in sorted(files)]


def output(command):
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return run.stdout.splitlines() + [run.stderr.strip(), f"exit status {run.returncode}"]


def same(ours, theirs):
    score = r"score=([0-9.]+)"
    scores = [[float(text) for text in re.findall(score, line)] for line in (ours, theirs)]
    return re.sub(score, "", ours) == re.sub(score, "", theirs) and all(abs(a - b) <= 0.005 for a, b in zip(*scores))


def main():
    filetype, magika, source = sys.argv[1:]
    kept = sorted(str(path) for path in pathlib.Path(source).rglob("*") if path.is_file()
                  and not any(part.startswith((".", "build")) or part == "__pycache__" for part in path.relative_to(source).parts))
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(pathlib.Path(folder)) + kept + [folder, f"{folder}/missing"]
        for option in ([], ["--label"], ["--mime-type"]):
            for ours, theirs in zip(output([filetype, *option, *files]), output([magika, *option, *files]), strict=True):
                if not same(ours, theirs):
                    differences += 1
                    print(f"filetype {' '.join(option)}: {ours}\nmagika:   {theirs}")
    print(f"{len(files)} files, {differences} differences")
    return differences != 0


if __name__ == "__main__":
    sys.exit(main())
