#!/usr/bin/env python3
"""Builds a consumer of Ingot for another machine, runs it in an emulator and compares its outputs with this machine's.

usage: cross.py --ingot-dir DIR --work DIR TOOLCHAIN TARGET MODEL

TOOLCHAIN is a file of this folder without its suffix, TARGET a target of Ingot, MODEL one of tests/models/models.py. --ingot-dir holds
IngotConfig.cmake of an installed Ingot.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE.parent / "generated")]
import check  # noqa: E402
import models  # noqa: E402

EMULATORS = {
    "aarch64-linux": ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
    "cortex-m7": ["qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-serial", "none", "-monitor", "none", "-chardev", "stdio,id=host",
                  "-semihosting-config", "enable=on,target=native,chardev=host", "-kernel"],
}
# Both sides compute in float32 with other vector widths, so sums are formed in another order.
TOLERANCE = 2e-5
MAX_STACK = 16 * 1024


def run(*command, **keywords):
    command = [str(word) for word in command]
    print("+", " ".join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, **keywords)
    if done.returncode != 0:
        sys.exit(f"FAILED: {command[0]} ended with {done.returncode}" + (f"\n{done.stdout}" if done.stdout else ""))
    return done.stdout


def build(arguments, model, folder, target, inputs, *options):
    """Configures and builds the consumer in `folder`; returns the program."""
    shape = ";".join(model.shapes)
    run("cmake", "-G", "Ninja", "-S", HERE / "consumer", "-B", folder, f"-DIngot_DIR={arguments.ingot_dir}",
        f"-DMODEL={model.path}", f"-DSHAPE={shape}", f"-DTARGET={target}", f"-DINPUTS={inputs}", *options)
    run("cmake", "--build", folder)
    return folder / "consumer"


def run_bare(command):
    """Outputs that the program prints; checks the stack that it says it has used."""
    text = run(*command, stdout=subprocess.PIPE, text=True, timeout=600)
    found = re.fullmatch(r"outputs:\n((?:[0-9a-f]+\n)+)stack:\n([0-9a-f]{8})\n", text)
    if not found:
        sys.exit(f"FAILED: the program printed:\n{text}")
    stack = int(found.group(2), 16)
    print(f"{stack} bytes of stack used")
    if stack > MAX_STACK:
        sys.exit(f"FAILED: more than {MAX_STACK} bytes of stack")
    return bytes.fromhex(found.group(1).replace("\n", ""))


def main():
    parser = argparse.ArgumentParser(description="Builds a consumer of Ingot for another machine and runs it in an emulator.")
    parser.add_argument("--ingot-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("toolchain", choices=EMULATORS)
    parser.add_argument("target")
    parser.add_argument("model", choices=models.MODELS)
    arguments = parser.parse_args()
    model = models.MODELS[arguments.model]
    work = arguments.work / f"{arguments.toolchain}-{model.name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)

    inputs = work / "inputs"
    check.write_inputs(model, inputs)
    host = build(arguments, model, work / "host", "native", inputs)
    run(host, inputs, work / "host-outputs")
    expected = (work / "host-outputs").read_bytes()

    toolchain = HERE / f"{arguments.toolchain}.cmake"
    program = build(arguments, model, work / "cross", arguments.target, inputs, f"-DCMAKE_TOOLCHAIN_FILE={toolchain}")
    emulator = EMULATORS[arguments.toolchain]
    if arguments.toolchain == "cortex-m7":
        actual = run_bare([*emulator, program])
    else:
        run(*emulator, program, inputs, work / "outputs")
        actual = (work / "outputs").read_bytes()
    if len(actual) != len(expected):
        sys.exit(f"FAILED: {len(actual)} bytes of outputs, {len(expected)} expected")
    # The models that are built here have float outputs alone.
    actual, expected = np.frombuffer(actual, np.float32), np.frombuffer(expected, np.float32)
    error = float(np.abs(actual - expected).max())
    print(f"greatest difference from this machine's outputs: {error:.3g}")
    if not error <= TOLERANCE:
        sys.exit(f"FAILED: more than {TOLERANCE}")


if __name__ == "__main__":
    main()
