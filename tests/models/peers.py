#!/usr/bin/env python3
"""Measures models beside every engine that is installed, by `ingot bench`, and sums up.

usage: peers.py [--ingot PATH] [--threads N]... [--seconds S] [--json FILE] [MODEL...]

One row a model and number of threads: the least milliseconds of each engine, Ingot's time divided by the best peer's, and by its floor (see `ingot bench --help`). Then the geometric mean of
the former. The engines take turns in one run (see `ingot bench --help`), so that ratios hold where the machine is shared; figures in milliseconds may not.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import models  # noqa: E402

ENGINES = ("ingot", "onnxruntime", "openvino", "mnn", "ncnn")


def measure(arguments, model, threads):
    """Least milliseconds by engine, and as `floor` those that the machine's peaks allow."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = []
        for k, (name, array) in enumerate(model.make_inputs().items()):
            numpy.save(pathlib.Path(folder) / f"{k}.npy", array)
            inputs += ["--input", f"{name}={folder}/{k}.npy"]
        command = [str(arguments.ingot), "bench", str(model.path), *model.options(), *inputs, "--threads", str(threads), "--seconds",
                   str(arguments.seconds), "--json", "-"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"INGOT_PYTHON": sys.executable} | os.environ)
    if done.returncode:
        sys.exit(done.stderr.strip())
    report = json.loads(done.stdout)
    return {row["engine"]: row["min_ms"] for row in report["rows"]} | {"floor": max(report["floor"].values())}


def main():
    parser = argparse.ArgumentParser(description="Measures models beside every engine that is installed.")
    parser.add_argument("--ingot", type=pathlib.Path, default=ROOT / "build/bin/ingot", help="default: %(default)s")
    parser.add_argument("--threads", type=int, action="append", help="default: 1 and 2")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each engine is measured")
    parser.add_argument("--json", type=pathlib.Path, help="file for the figures")
    known = models.MODELS | models.QUANTIZED
    parser.add_argument("model", nargs="*", help=f"of: {', '.join(known)}; default: all of float32")
    arguments = parser.parse_args()
    figures = {}
    for threads in arguments.threads or [1, 2]:
        print(f"| {threads} thread{'s' if threads > 1 else ''} | " + " | ".join(f"{engine}, ms" for engine in ENGINES) + " | to the best peer | to the floor |")
        print("|---" * (len(ENGINES) + 3) + "|")
        ratios = []
        for name in arguments.model or models.MODELS:
            row = figures.setdefault(name, {})[threads] = measure(arguments, known[name], threads)
            peers = [row[engine] for engine in ENGINES[1:] if engine in row]
            if peers:
                ratios.append(row["ingot"] / min(peers))
            cells = [f"{row[engine]:.3g}" if engine in row else "-" for engine in ENGINES] + [f"{ratios[-1]:.2f}" if peers else "-", f"{row['ingot'] / row['floor']:.2f}"]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
        if ratios:
            print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}, greatest {max(ratios):.2f}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
