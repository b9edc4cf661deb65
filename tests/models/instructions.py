"""Counts the instructions of a call of emitted C++, which no other program on the machine changes, and compares them with those of instructions.json.

usage: instructions.py INGOT WORK [--update] [MODEL...]

Models are built for x86-64-v3 by g++ and run under callgrind (valgrind knows no AVX-512); a call is the difference between two calls and one. More than
5 % above the recorded count fails. --update records what was counted; to be done where a change makes code better, or worse with a reason. NAME_int8 is the model NAME,
quantised here.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "generated")]
import check  # noqa: E402
import models  # noqa: E402
import quantize_models  # noqa: E402

RECORD = HERE / "instructions.json"
TARGET = "x86-64-v3"
MODELS = ("ds_cnn", "resnet8", "mobilenet_v1", "autoencoder", "mobilenet_v2", "ppocr_cls", "silero", "ds_cnn_int8", "mobilenet_v2_int8")
TOLERANCE = 0.05


def count(program, *arguments):
    """Instructions of the whole process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), *map(str, arguments)]
    text = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    return int(re.search(r"Collected : (\d+)", text).group(1))


def measure(ingot, model, work):
    folder = work / "generated"
    check.generate(ingot, model, folder, TARGET)
    objects = check.compile_objects(folder, work / "objects", target=TARGET)
    program = work / "drive"
    check.run("g++", "-std=c++17", "-O2", "-fno-builtin-malloc", f"-DMODEL={model.name}_model", *check.includes(folder),
              check.ROOT / "tests/generated/drive.cpp", *objects, "-o", program)
    check.write_inputs(model, work / "inputs")
    arguments = [work / "inputs", work / "outputs", check.weights(folder, model.name)]
    return count(program, *arguments, 2) - count(program, *arguments, 1)


def model_of(name, work):
    if name in models.MODELS:
        return models.MODELS[name]
    model = models.MODELS[name.removesuffix("_int8")]
    work.mkdir(parents=True, exist_ok=True)
    quantize_models.quantize(model, work / "model.onnx")
    return dataclasses.replace(model, name=name, file=work.absolute() / "model.onnx")


def main():
    parser = argparse.ArgumentParser(description="Compares instruction counts of emitted C++ with recorded ones.")
    parser.add_argument("ingot", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--update", action="store_true", help=f"write {RECORD.name}")
    parser.add_argument("model", nargs="*", help=f"default: {', '.join(MODELS)}")
    arguments = parser.parse_intermixed_args()
    record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    slower = []
    for name in arguments.model or MODELS:
        counted = measure(arguments.ingot, model_of(name, arguments.work / name), arguments.work / name)
        before = record.get(name, counted if arguments.update else 0)
        change = counted / before - 1 if before else float("inf")
        print(f"{name}: {counted:,} instructions a call, recorded {before:,} ({change:+.1%})", flush=True)
        record[name] = counted
        if change > TOLERANCE:
            slower.append(name)
    if arguments.update:
        RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    elif slower:
        sys.exit(f"FAILED: more instructions than recorded by over {TOLERANCE:.0%}: {', '.join(slower)}")


if __name__ == "__main__":
    main()
