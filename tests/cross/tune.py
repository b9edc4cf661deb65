#!/usr/bin/env python3
"""Measures schedules on an emulated machine by `ingot tune --runner`, and compiles a model with the file that comes out.

usage: tune.py --ingot PATH --work DIR TARGET MODEL

A bare Cortex-M7 has a clock of its own (consumer/bare/tune.c), which QEMU drives by instructions: there the same file comes out twice. The model with these schedules
must give what it gives without them, within cross.TOLERANCE.
"""
import argparse
import dataclasses
import json
import pathlib
import shlex
import shutil
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE.parent / "generated")]
import check  # noqa: E402
import cross  # noqa: E402
import models  # noqa: E402
import objects  # noqa: E402


def bare_commands(work):
    """The compiler and the runner, for a board without anything."""
    parts = []
    for source in ("startup", "memory", "tune"):
        parts.append(work / f"{source}.o")
        cross.run("arm-none-eabi-gcc", *check.target_flags("cortex-m7"), "-O2", "-ffreestanding", "-fno-tree-loop-distribute-patterns",
                  "-I", objects.ROOT / "runtime-min" / "include", "-c", objects.BARE / f"{source}.c", "-o", parts[-1])
    compiler = ["arm-none-eabi-g++", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-nostdlib", "-T", objects.BARE / "link.ld", "-Wl,--gc-sections", *parts, "{}", "-lgcc"]
    emulator = cross.EMULATORS["cortex-m7"]
    return compiler, [*emulator[:1], "-icount", "shift=0", *emulator[1:]]


def linux_commands(work):
    return ["aarch64-linux-gnu-g++"], cross.EMULATORS["aarch64-linux"]


COMMANDS = {"aarch64": linux_commands, "cortex-m7": bare_commands}


@dataclasses.dataclass(frozen=True)
class Tuned:
    """A model that is compiled with a file of schedules."""
    model: models.Model
    file: pathlib.Path

    @property
    def path(self):
        return self.model.path

    def options(self):
        return [*self.model.options(), "--schedules", self.file]


def tune(arguments, model, file, compiler, runner, seconds):
    text = cross.run(arguments.ingot, "tune", model.path, *model.options(), "-o", file, "--target", arguments.target, "--seconds", seconds,
                     "--compiler", shlex.join(map(str, compiler)), "--runner", shlex.join(map(str, runner)), stdout=-1, text=True)
    print(text)
    return json.loads(file.read_text())["kernels"]


def main():
    parser = argparse.ArgumentParser(description="Measures schedules on an emulated machine.")
    parser.add_argument("--ingot", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("target", choices=COMMANDS)
    parser.add_argument("model", choices=models.MODELS)
    arguments = parser.parse_args()
    model = models.MODELS[arguments.model]
    work = arguments.work / f"tune-{arguments.target}-{model.name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    compiler, runner = COMMANDS[arguments.target](work)

    file = work / "schedules.json"
    kernels = tune(arguments, model, file, compiler, runner, 8)
    if not all(kernel["ms"] > 0 and kernel["target"] == arguments.target for kernel in kernels.values()) or not any(kernel["tried"] for kernel in kernels.values()):
        sys.exit("FAILED: not every kernel was measured, or no schedule was tried")
    if any(word in file.read_text() for word in ("/", "\\", arguments.work.name)):
        sys.exit("FAILED: the file has more in it than schedules")
    if arguments.target == "cortex-m7":
        first, second = (tune(arguments, model, work / f"{name}.json", compiler, runner, 0) for name in ("first", "second"))
        if first != second:
            sys.exit("FAILED: counted instructions differ")

    inputs = work / "inputs"
    check.write_inputs(model, inputs)
    plain, tuned = (np.frombuffer(objects.outputs(arguments, which, arguments.target, "object", work / name, inputs), np.float32)
                    for name, which in (("plain", model), ("tuned", Tuned(model, file))))
    error = float(np.abs(plain - tuned).max())
    print(f"greatest difference from the cost model's schedules: {error:.3g}")
    if not error <= cross.TOLERANCE:
        sys.exit(f"FAILED: more than {cross.TOLERANCE}")


if __name__ == "__main__":
    main()
