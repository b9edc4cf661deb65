#!/usr/bin/env python3
"""Measures the emitted C++ of models against onnxruntime, on one thread, in the same run.

usage: speed.py [--ingot PATH] [--target NAME] [--compiler NAME]... [--work DIR] [--limit RATIO] [--json FILE] [--markdown] [MODEL...]

Each model is compiled by `ingot compile` and built by each compiler. Then each program, and onnxruntime in a process of its own that times itself,
runs in turn for --rounds rounds of about --seconds each; a figure is the median of the best round, in milliseconds. Ends with exit code 1 if a
model takes more than --limit times onnxruntime's time.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "generated")]
import check  # noqa: E402
import models  # noqa: E402

PEER = """
import sys, time
sys.path.insert(0, {folder!r})
import models, onnxruntime
model = (models.MODELS | models.QUANTIZED)[sys.argv[1]]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
inputs = model.make_inputs()
for i in range(int(sys.argv[2]) + 1):
    start = time.perf_counter()
    session.run(None, inputs)
    if i:
        print((time.perf_counter() - start) * 1e3)
"""


def times_of(*command):
    text = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [float(line) for line in text.split()]


def build(arguments, model, compiler):
    """Returns the command that runs the model; its last argument, the number of runs, is left to the caller."""
    work = arguments.work / model.name
    folder = work / "generated"
    marker = work / "target"
    if not folder.is_dir() or marker.read_text() != arguments.target or marker.stat().st_mtime < arguments.ingot.stat().st_mtime:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        marker.write_text(arguments.target)
        check.generate(arguments.ingot, model, folder, arguments.target)
    program = work / f"drive-{compiler}"
    objects = check.compile_objects(folder, work / f"objects-{compiler}", compiler, target=arguments.target)
    check.run(compiler, "-std=c++17", "-O2", f"-DMODEL={model.name}_model", *check.includes(folder), ROOT / "tests/generated/drive.cpp",
              *objects, "-o", program)
    check.write_inputs(model, work / "inputs")
    return [program, work / "inputs", work / "outputs", check.weights(folder, model.name)]


def measure(arguments, model):
    """Milliseconds by compiler, and onnxruntime's under the key `onnxruntime`."""
    commands = {compiler: build(arguments, model, compiler) for compiler in arguments.compiler or ["g++", "clang++-22"]}
    commands["onnxruntime"] = [sys.executable, "-c", PEER.format(folder=str(HERE)), model.name]
    runs = {name: max(5, min(2000, int(1e3 * arguments.seconds / statistics.median(times_of(*command, 5)))))
            for name, command in commands.items()}
    best = {}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            median = statistics.median(times_of(*command, runs[name]))
            best[name] = min(best.get(name, median), median)
    return best


def figure(milliseconds):
    return f"{milliseconds:.3g}" if milliseconds < 100 else f"{milliseconds:.0f}"


def main():
    parser = argparse.ArgumentParser(description="Measures the emitted C++ of models against onnxruntime, on one thread.")
    parser.add_argument("--ingot", type=pathlib.Path, default=ROOT / "build/bin/ingot", help="default: %(default)s")
    parser.add_argument("--target", default="native", help="default: the best that this machine runs")
    parser.add_argument("--compiler", action="append", help="default: g++ and clang++-22")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/speed", help="default: %(default)s")
    parser.add_argument("--limit", type=float, help="greatest ratio to onnxruntime's time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=pathlib.Path, help="file for the figures")
    parser.add_argument("--markdown", action="store_true", help="print a table as in README.md")
    parser.add_argument("model", nargs="*", help=f"of: {', '.join(models.MODELS | models.QUANTIZED)}; default: all")
    arguments = parser.parse_args()
    if arguments.target == "native":
        arguments.target = check.native_target(arguments.ingot)
    known = models.MODELS | models.QUANTIZED
    names = arguments.model or list(known)
    for name in names:
        if name not in known:
            parser.error(f"no model {name}; there are: {', '.join(known)}")

    figures, slow = {}, []
    for name in names:
        best = figures[name] = measure(arguments, known[name])
        peer = best["onnxruntime"]
        print(f"{name}: " + ", ".join(f"{key} {figure(value)} ms ({value / peer:.2f})" for key, value in best.items()), flush=True)
        slow += [f"{name} by {key}" for key, value in best.items() if arguments.limit and value > arguments.limit * peer]
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.markdown:
        keys = list(next(iter(figures.values())))
        print("| model | " + " | ".join(f"{key}, ms" for key in keys) + " |")
        print("|---" * (len(keys) + 1) + "|")
        for name, best in figures.items():
            print(f"| {name} | " + " | ".join(figure(best[key]) for key in keys) + " |")
    if slow:
        sys.exit(f"FAILED: more than {arguments.limit} times onnxruntime's time: {', '.join(slow)}")


if __name__ == "__main__":
    main()
