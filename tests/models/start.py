#!/usr/bin/env python3
"""How long programs take to their first result, beside onnxruntime, and how large their code is.

usage: start.py [--ingot PATH] [--rounds N] [MODEL...]

Ingot: the whole process, from its start to its end, that reads an input and calls the model once, less one steady call; its code and weights are linked into it.
onnxruntime: from `import onnxruntime` to the first outputs, less one steady call; Python, numpy and the inputs are there before the clock starts. Both
times are the least of the rounds, in which the two take turns. The code's size is that of the object's sections of instructions and of constants, less the weights.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "generated")]
import check  # noqa: E402
import models  # noqa: E402
import speed  # noqa: E402

CALLS = 6  # of a round, after the first

PEER = """
import sys, time
sys.path.insert(0, {folder!r})
import models, numpy
model = (models.MODELS | models.QUANTIZED)[sys.argv[1]]
inputs = model.make_inputs()
start = time.perf_counter()
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
session.run(None, inputs)
print((time.perf_counter() - start) * 1e3)
for _ in range({calls}):
    start = time.perf_counter()
    session.run(None, inputs)
    print((time.perf_counter() - start) * 1e3)
"""


def duration(command):
    """Milliseconds that the command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return (time.perf_counter() - start) * 1e3


def build(ingot, model, folder):
    """(program, bytes of its code)"""
    subprocess.run([ingot, "compile", model.path, *model.options(), "-o", folder, "--name", "model", "--emit", "object", "--weights", "linked"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["g++", "-std=c++17", "-O2", "-DMODEL=model_model", *check.includes(folder), ROOT / "tests/generated/drive.cpp", folder / "model.o", "-o",
                    folder / "program"], check=True)
    code = 0
    for line in subprocess.run(["size", "-A", folder / "model.o"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith((".text", ".rodata", ".data", ".eh_frame")) and "weights" not in words[0]:
            code += int(words[1])
    return folder / "program", code


def main():
    parser = argparse.ArgumentParser(description="How long programs take to their first result, beside onnxruntime, and how large their code is.")
    parser.add_argument("--ingot", type=pathlib.Path, default=ROOT / "build/bin/ingot", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    known = models.MODELS | models.QUANTIZED
    parser.add_argument("model", nargs="*", help=f"of: {', '.join(known)}; default: all that are not quantised")
    arguments = parser.parse_args()
    print("| model | ingot: start, ms | onnxruntime: start, ms | ratio | code, kB |\n|---|---|---|---|---|")
    for name in arguments.model or models.MODELS:
        model = known[name]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            program, code = build(arguments.ingot, model, folder)
            check.write_inputs(model, folder / "inputs")
            command = [program, folder / "inputs", folder / "outputs"]
            first, steady = ([], []), ([], [])
            for _ in range(arguments.rounds):
                first[0].append(duration(command))
                steady[0].extend(speed.times_of(*command, "", CALLS))
                begin, *rest = speed.times_of(sys.executable, "-c", PEER.format(folder=str(HERE), calls=CALLS), name)
                first[1].append(begin)
                steady[1].extend(rest)
            own, peer = (min(whole) - min(call) for whole, call in zip(first, steady))
            print(f"| {name} | {own:.3g} | {peer:.3g} | {own / peer:.3f} | {code / 1e3:.0f} |", flush=True)


if __name__ == "__main__":
    main()
