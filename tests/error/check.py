"""Runs `ingot compile` on bad inputs and judges what it says.

usage: check.py INGOT CASE        one case of bad_models.py
       check.py INGOT --damaged N  N models with a few bytes changed, at once

Each must end with exit code 1 (a damaged one may also compile), one line on stderr that starts with the file's name and matches the
case's pattern, nothing written, in under 10 s and 1 GB.
"""
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import bad_models

SECONDS = 10
KILOBYTES = 1 << 20


def run(ingot, folder, file, options):
    """(exit code, stderr, problems that every run can have)"""
    before = sorted(str(path) for path in pathlib.Path(folder).rglob("*"))
    command = [ingot, "compile", file, "-o", "out/code", *options]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        out, err = process.communicate(timeout=3 * SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    seconds = time.monotonic() - start
    problems = []
    if seconds > SECONDS:
        problems.append(f"took {seconds:.1f} s")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if memory > KILOBYTES:
        problems.append(f"took {memory / 1024:.0f} MB")
    if out:
        problems.append(f"wrote on stdout: {out[:200]!r}")
    after = sorted(str(path) for path in pathlib.Path(folder).rglob("*"))
    if process.returncode != 0 and before != after:
        problems.append(f"left files: {sorted(set(after) - set(before))}")
    if process.returncode not in (0, 1):
        problems.append(f"exit code {process.returncode}")
    if process.returncode == 1:
        lines = err.splitlines()
        if len(lines) != 1:
            problems.append(f"{len(lines)} lines on stderr: {err[:600]!r}")
        elif not lines[0].startswith(file + ": "):
            problems.append(f"does not start with the file's name: {lines[0]!r}")
    return process.returncode, err, problems


def one_case(ingot, name):
    with tempfile.TemporaryDirectory() as folder:
        case = bad_models.CASES[name](folder)
        code, err, problems = run(ingot, folder, case.file, case.options)
        print(err, end="")
        if code == 0:
            problems.append("compiled")
        elif not re.match(re.escape(case.file) + ": (" + case.message + ")", err):
            problems.append(f"does not match {case.message!r}")
        return problems


def many_damaged(ingot, count):
    problems = []
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            bad_models.save(folder, bad_models.damaged(seed))
            code, err, found = run(ingot, folder, "bad.onnx", [])
            problems += [f"seed {seed}: {problem}" for problem in found]
    return problems


def main():
    ingot = os.path.abspath(sys.argv[1])
    problems = many_damaged(ingot, int(sys.argv[3])) if sys.argv[2] == "--damaged" else one_case(ingot, sys.argv[2])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
