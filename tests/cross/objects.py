#!/usr/bin/env python3
"""Links object files of `ingot compile --emit object` into a program for another machine and runs it there.

usage: objects.py --ingot PATH --work DIR TARGET MODEL

The outputs must have the same bits as those of the C++ that `--emit cpp` writes for the target, built by a compiler for it, and agree with
this machine's: in every bit where both have the same vectors and no fused multiply-add, else within cross.TOLERANCE.
"""
import argparse
import json
import pathlib
import shutil
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "models"), str(ROOT / "tests" / "generated")]
import check  # noqa: E402
import cross  # noqa: E402
import models  # noqa: E402

BARE = HERE / "consumer" / "bare"
HOST = "x86-64-v1"
LLVM = pathlib.Path("/usr/lib/llvm-22/bin")


def build_linux(compiler):
    def build(flags, objects, folder, inputs):
        cross.run(compiler, "-std=c++17", *flags, "-DMODEL=model_model", ROOT / "tests" / "generated" / "drive.cpp", *objects, "-o", folder / "program")
    return build


def run_linux(*emulator):
    def run(folder, inputs):
        cross.run(*emulator, folder / "program", inputs, folder / "outputs")
        return (folder / "outputs").read_bytes()
    return run


def build_bare(flags, objects, folder, inputs):
    parts = []
    for source in ("startup.c", "memory.c", "inputs.S"):
        parts.append(folder / f"{source}.o")
        cross.run("arm-none-eabi-gcc", *flags, "-O2", "-ffreestanding", f'-DINPUTS="{inputs}"',
                  "-fno-tree-loop-distribute-patterns", "-c", BARE / source, "-o", parts[-1])
    # LLVM's objects say that the stack is not executable, inputs.S says nothing.
    cross.run("arm-none-eabi-g++", "-std=c++17", *flags, "-O2", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-nostdlib", "-T", BARE / "link.ld",
              "-Wl,--gc-sections,--fatal-warnings,-z,noexecstack", BARE / "main.cpp", *parts, *objects, "-lgcc", "-o", folder / "program")


def run_bare(folder, inputs):
    return cross.run_bare([*cross.EMULATORS["cortex-m7"], folder / "program"])


def build_wasm(flags, objects, folder, inputs):
    cross.run(LLVM / "clang", *flags, "-O2", "-ffreestanding", "-fno-builtin", "-c", BARE / "memory.c",
              "-o", folder / "memory.o")
    cross.run(LLVM / "clang++", "-std=c++17", *flags, "-O2", "-fno-exceptions", "-nostdlib", "-Wl,--no-entry", HERE / "wasm.cpp", folder / "memory.o", *objects, "-o", folder / "program")


def run_wasm(folder, inputs):
    import wasmtime
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, str(folder / "program")), [])
    exports = instance.exports(store)
    memory = exports["memory"]
    memory.write(store, inputs.read_bytes(), exports["input_address"](store))
    status = exports["run"](store)
    if status != 0:
        sys.exit(f"FAILED: the model returns the status {status}")
    start = exports["output_address"](store)
    return bytes(memory.read(store, start, start + exports["output_bytes"](store)))


# The compiler, and how a program is built and run.
MACHINES = {
    HOST: ("c++", build_linux("c++"), run_linux()),
    "aarch64": ("aarch64-linux-gnu-g++", build_linux("aarch64-linux-gnu-g++"), run_linux("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")),
    "riscv64": ("riscv64-linux-gnu-g++", build_linux("riscv64-linux-gnu-g++"), run_linux("qemu-riscv64", "-L", "/usr/riscv64-linux-gnu")),
    "cortex-m7": ("arm-none-eabi-g++", build_bare, run_bare),
    "wasm32": (LLVM / "clang++", build_wasm, run_wasm),
}


def outputs(arguments, model, target, emit, work, inputs):
    """The bytes that the program computes."""
    folder = work / f"{target}-{emit}"
    cross.run(arguments.ingot, "compile", model.path, "-o", folder, "--name", "model", "--target", target, "--emit", emit, *model.options())
    compiler, build, execute = MACHINES[target]
    flags = [*check.target_flags(target), *check.includes(folder)]
    objects = [folder / "model.o"]
    if emit == "cpp":
        objects = []
        for source in check.sources(folder):
            objects.append(source.with_suffix(".o"))
            cross.run(compiler, *check.FLAGS, *(["-fno-pic"] if target in ("cortex-m7", "wasm32") else []), *flags, "-c", source, "-o", objects[-1])
    build(flags, objects, folder, inputs)
    return execute(folder, inputs)


def main():
    parser = argparse.ArgumentParser(description="Links and runs object files for another machine.")
    parser.add_argument("--ingot", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("target", choices=MACHINES)
    parser.add_argument("model", choices=models.MODELS)
    arguments = parser.parse_args()
    model = models.MODELS[arguments.model]
    work = arguments.work / f"objects-{arguments.target}-{model.name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    inputs = work / "inputs"
    check.write_inputs(model, inputs)

    actual = outputs(arguments, model, arguments.target, "object", work, inputs)
    if actual != outputs(arguments, model, arguments.target, "cpp", work, inputs):
        sys.exit("FAILED: the object and the C++ for the target differ")
    if arguments.target == HOST:
        return
    expected = outputs(arguments, model, HOST, "object", work, inputs)
    if len(actual) != len(expected):
        sys.exit(f"FAILED: {len(actual)} bytes of outputs, {len(expected)} expected")
    here, there = [json.loads((ROOT / "targets" / f"{name}.json").read_text()) for name in (HOST, arguments.target)]
    rules = ["vector_bytes", "vector_registers", "fma", "l1_bytes", "l2_bytes"]
    if all(here[key] == there[key] for key in rules) and actual != expected:
        sys.exit("FAILED: the outputs differ from this machine's, which has the same rules")
    # The models that are built here have float outputs alone.
    actual, expected = np.frombuffer(actual, np.float32), np.frombuffer(expected, np.float32)
    error = float(np.abs(actual - expected).max())
    print(f"greatest difference from this machine's outputs: {error:.3g}")
    if not error <= cross.TOLERANCE:
        sys.exit(f"FAILED: more than {cross.TOLERANCE}")


if __name__ == "__main__":
    main()
