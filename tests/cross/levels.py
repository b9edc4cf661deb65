#!/usr/bin/env python3
"""Checks models with code for several instruction sets (--target x86-64): which is taken where, and what it gives.

usage: levels.py --ingot PATH --work DIR [--ingot-dir DIR] CHECK

  object, cpp   a model by that road, its objects linked in every order: on an emulated processor without AVX the code for SSE2 runs and no other,
                on one with AVX2 that for AVX2, each with the bits of the model for that target alone; levels share no symbol, and each symbol
                has its level's name; only the code of a level has its instructions; no variable is written, nothing of a C library is needed;
                the sources of a level are those of the target alone
  library       the same for libNAME.a
  choice        each feature that a level needs is needed, and read off the processor as the compilers do
  interface     open sizes, states, strings, sizes that data give, weights of the caller's, threads: each level gives the bits of the target alone
  cmake         ingot_add_model, the program in the emulator; needs --ingot-dir, the folder of IngotConfig.cmake of an installed Ingot
"""
import argparse
import itertools
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "models"), str(ROOT / "tests" / "generated"), str(ROOT / "python")]
import check  # noqa: E402
import cross  # noqa: E402
import models  # noqa: E402

TARGET = "x86-64"
LEVELS = json.loads((ROOT / "targets" / f"{TARGET}.json").read_text())["levels"]
NEEDS = [json.loads((ROOT / "targets" / f"{level}.json").read_text()).get("needs", []) for level in LEVELS]
# Emulated processors, and the level that is theirs. No emulator of Debian's has AVX-512.
EMULATED = {"Nehalem-v1": "x86-64-v1", "Haswell": "x86-64-v3"}
MODEL = "ds_cnn"
DRIVE = ROOT / "tests" / "generated" / "drive.cpp"


def fail(message):
    sys.exit(f"FAILED: {message}")


def call(*command, **keywords):
    command = [str(word) for word in command]
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **keywords)


def levels_here(arguments):
    """The levels that this machine runs."""
    listed = check.run(arguments.ingot, "targets", stdout=subprocess.PIPE, text=True).stdout
    return [level for level in LEVELS if re.search(rf"^\* {re.escape(level)} ", listed, re.MULTILINE)]


def stem(level):
    return f"model_{re.sub('[^A-Za-z0-9]', '_', level)}"


def compiled(arguments, path, folder, road, target=TARGET, options=()):
    """Objects of the model by the road, those of each level by its name, the others by ''."""
    shutil.rmtree(folder, ignore_errors=True)
    cross.run(arguments.ingot, "compile", path, "-o", folder, "--name", "model", "--target", target, "--emit", road, *options)
    if road == "library":
        return {"": [folder / "libmodel.a"]}
    if road == "cpp":
        for source in check.sources(folder):
            level = next((level for level in LEVELS if source.name.startswith(stem(level))), LEVELS[0] if target == TARGET else target)
            cross.run("g++", *check.FLAGS, *check.WARNINGS, *check.target_flags(level), *check.includes(folder), "-c", source, "-o", source.with_suffix(".o"))
    groups = {"": []}
    for made in sorted(folder.glob("*.o")):
        groups.setdefault(next((level for level in LEVELS if made.name.startswith(stem(level))), ""), []).append(made)
    return groups


def program(objects, path, *more):
    cross.run("g++", "-std=c++17", "-O1", "-DMODEL=model_model", "-I", ROOT / "runtime-min" / "include", DRIVE, *more, *objects, "-o", path)
    return path


def run_program(command, work):
    """What the program prints and its outputs' bytes."""
    outputs = work / "outputs"
    outputs.unlink(missing_ok=True)
    done = call(*command, work / "inputs", outputs)
    if done.returncode:
        fail(f"{command[-1]} ended with {done.returncode}: {done.stderr}")
    return done.stdout, outputs.read_bytes()


# --- objects ---

def check_symbols(groups):
    """Each symbol has the name of the model, those of a level its name; where the linker keeps any one copy of a symbol, all are of one level."""
    seen = {}
    for level, objects in groups.items():
        name = stem(level) if level else "model"
        allowed = re.compile(rf"{name}_\w+|_ZN{len(name)}{name}\w*")
        for path in objects:
            for line in check.run("nm", "--defined-only", path, stdout=subprocess.PIPE, text=True).stdout.splitlines():
                kind, symbol = line.split()[-2:]
                if not kind.isupper() and kind not in "wvui":
                    continue
                if not allowed.fullmatch(symbol):
                    fail(f"{path.name}: {symbol} lacks the name {name}")
                if symbol in seen and (kind not in "WV" or seen[symbol] != level):
                    fail(f"{symbol} is in {path.name} and in another object")
                seen[symbol] = level
            for section, size in check.writable_sections(path):
                fail(f"{path.name}: {size} writable bytes in the section {section}")


def check_instructions(groups):
    """What is common to the levels has no instruction beyond SSE2, and each level those of its own."""
    found = {}
    for level, objects in groups.items():
        text = "".join(check.run("objdump", "-d", "--no-show-raw-insn", path, stdout=subprocess.PIPE, text=True).stdout for path in objects)
        found[level] = (bool(re.search(r"\tv[a-z0-9]+ .*%[xyz]mm", text)), "%ymm" in text, "%zmm" in text)
    expected = {"": (False, False, False), "x86-64-v1": (False, False, False), "x86-64-v3": (True, True, False)}
    for level, has in expected.items():
        if found[level] != has:
            fail(f"{level or 'what is common'}: VEX, 256 and 512 bits are {found[level]}, not {has}")
    if not found["x86-64-v4"][2]:
        fail("x86-64-v4 has no instruction of 512 bits")


def check_freestanding(groups, work):
    """The model links without a C library: what it asks of the processor is in the compiler's support library."""
    tests = ROOT / "tests"
    cross.run("gcc", "-O2", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-c", tests / "cross/consumer/bare/memory.c", "-o", work / "memory.o")
    cross.run("g++", "-std=c++17", "-O2", "-ffreestanding", "-DMODEL=model_model", "-I", ROOT / "runtime-min" / "include", "-c",
              tests / "generated/start.cpp", "-o", work / "start.o")
    objects = [path for group in groups.values() for path in group]
    cross.run("g++", "-nostdlib", "-static", "-Wl,--no-undefined", work / "start.o", *objects, work / "memory.o", "-lgcc", "-o", work / "freestanding")


def check_sources(work):
    """Of each level the kernels are those of the model for that target alone; no compiler has anything to say."""
    for level in LEVELS:
        for source in (work / TARGET).glob(f"{stem(level)}_kernels_*.cpp"):
            alone = work / level / source.name.replace(stem(level), "model")
            if source.read_text().replace(stem(level), "model").split() != alone.read_text().split():
                fail(f"{source.name} is not {alone}")
    for source in check.sources(work / TARGET):
        level = next((level for level in LEVELS if source.name.startswith(stem(level))), LEVELS[0])
        for compiler in ("clang++-14", "clang++-22"):
            cross.run(compiler, *check.FLAGS, *check.WARNINGS, *check.target_flags(level), *check.includes(work / TARGET), "-fsyntax-only", source)


def check_road(arguments, work, road):
    model = models.MODELS[MODEL]
    check.write_inputs(model, work / "inputs")
    expected = {}
    for level in LEVELS:
        alone = compiled(arguments, model.path, work / level, road, level, model.options())
        expected[level] = program(alone[""] + alone.get(level, []), work / f"alone-{level}")
    # This shows that the emulator has no AVX.
    done = call("qemu-x86_64", "-cpu", "Nehalem-v1", expected["x86-64-v3"], work / "inputs", work / "outputs")
    if done.returncode not in (-signal.SIGILL, 128 + signal.SIGILL):
        fail(f"code for AVX2 ended with {done.returncode} on a processor without it, not by SIGILL")
    emulators = {cpu: ["qemu-x86_64", "-cpu", cpu] for cpu in EMULATED}
    machines = EMULATED | {"": levels_here(arguments)[-1]}
    results = {cpu: run_program([*emulators.get(cpu, []), expected[level]], work)[1] for cpu, level in machines.items()}

    groups = compiled(arguments, model.path, work / TARGET, road, options=model.options())
    if road != "library":
        check_symbols(groups)
        check_instructions(groups)
        check_freestanding(groups, work)
    if road == "cpp":
        check_sources(work)
    for number, order in enumerate(itertools.permutations(groups)):
        objects = [path for level in order for path in groups[level]]
        made = program(objects, work / f"order-{number}", HERE / "level.cpp")
        for cpu, level in machines.items():
            said, outputs = run_program([*emulators.get(cpu, []), made], work)
            if said != f"level {level}\n":
                fail(f"{cpu or 'this machine'}: the program says '{said}', not the level {level}")
            if outputs != results[cpu]:
                fail(f"{cpu or 'this machine'}: the outputs differ from those of the model for {level} alone")
        made.unlink()


# --- choice ---

def made_up(features, folder):
    """An object that says that the processor has these features and no others."""
    path = folder / "processor.o"
    value = " | ".join(features) or "0"
    cross.run("g++", "-std=c++17", "-O1", "-fPIC", f"-DFEATURES={value}", "-I", ROOT / "runtime-min" / "include", "-c", HERE / "processor.cpp", "-o", path)
    return path


def check_choice(arguments, work):
    features = re.findall(r"uint64_t (\w+) = 1ull", (ROOT / "runtime-min/include/ingot/processor.h").read_text())
    if not features or not {name for needs in NEEDS for name in needs} <= set(features):
        fail("processor.h lacks a feature that a level needs")
    source = work / "features.cpp"
    rows = "".join(f'  if (ingot::processor_has(ingot::feature::{name}) != (__builtin_cpu_supports("{name}") != 0)) return 1;\n' for name in features)
    source.write_text(f"#include <ingot/processor.h>\nint main() {{\n{rows}  return 0;\n}}\n")
    for compiler in ("g++", "clang++-22"):
        cross.run(compiler, "-std=c++17", "-O1", *check.WARNINGS, "-I", ROOT / "runtime-min" / "include", source, "-o", work / "features")
        for emulator in ([], *(["qemu-x86_64", "-cpu", cpu] for cpu in EMULATED)):
            if call(*emulator, work / "features").returncode:
                fail("processor.h reads another feature than the compiler")

    model = models.MODELS[MODEL]
    cases = [(needs, level) for needs, level in zip(NEEDS, LEVELS)]
    for number, needs in enumerate(NEEDS):
        for missing in needs:
            rest = [name for name in needs if name != missing]
            best = max(i for i in range(number) if set(NEEDS[i]) <= set(rest))
            cases.append((rest, LEVELS[best]))
    main = work / "main.cpp"
    main.write_text('int main() {}\n')
    for road in ("object", "cpp"):
        objects = [path for group in compiled(arguments, model.path, work / road, road, options=model.options()).values() for path in group]
        for has, level in cases:
            cross.run("g++", "-std=c++17", "-DMODEL=model_model", "-I", ROOT / "runtime-min" / "include", main, HERE / "level.cpp",
                      made_up(has, work), *objects, "-o", work / "choice")
            said = call(work / "choice").stdout
            if said != f"level {level}\n":
                fail(f"with {' '.join(has)} the model says '{said}', not {level}")


# --- interface ---

def interface_models():
    """Name: (model, arrays of one call, options)."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    random = np.random.default_rng(0)

    def made(nodes, inputs, outputs, weights=(), kind=TensorProto.FLOAT, result=TensorProto.FLOAT):
        graph = helper.make_graph(
            [helper.make_node(op, given, [to], **attributes) for op, given, to, attributes in nodes], "graph",
            [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, result, shape) for name, shape in outputs.items()],
            [numpy_helper.from_array(random.standard_normal(shape).astype("f"), name) for name, shape in dict(weights).items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

    convolution = made(
        [("Conv", ["x", "w"], "c", {"strides": [2, 2], "pads": [1, 1, 1, 1]}), ("Relu", ["c"], "r", {}), ("MaxPool", ["r"], "y", {"kernel_shape": [2, 2], "strides": [2, 2]})],
        {"x": ["N", 3, "H", "W"]}, {"y": None}, {"w": (19, 3, 3, 3)})
    product = made(
        [("MatMul", ["x", "w"], "m", {}), ("Softmax", ["m"], "s", {}), ("MatMul", ["s", "v"], "y", {})],
        {"x": ["N", "S", 40]}, {"y": None}, {"w": (40, 33), "v": (33, 21)})
    recurrent = made([("Add", ["x", "before"], "after", {}), ("MatMul", ["after", "w"], "y", {})],
                     {"x": [3, 24], "before": [3, 24]}, {"y": [3, 24], "after": [3, 24]}, {"w": (24, 24)})
    strings = made([("StringConcat", ["a", "b"], "y", {})], {"a": [3], "b": [3]}, {"y": [3]}, kind=TensorProto.STRING, result=TensorProto.STRING)
    places = made([("Relu", ["x"], "r", {}), ("NonZero", ["r"], "y", {})], {"x": [7, 9]}, {"y": None}, result=TensorProto.INT64)
    floats = lambda *shape: random.standard_normal(shape).astype("f")
    words = lambda *texts: np.array(texts, dtype=object)
    return {
        "convolution": (convolution, [floats(2, 3, 21, 38)], []),
        "product": (product, [floats(3, 17, 40)], []),
        "recurrent": (recurrent, [floats(3, 24), floats(3, 24)], ["--state", "before:after"]),
        "strings": (strings, [words("a", "bc", "def"), words("x", "", "yz")], []),
        "places": (places, [floats(7, 9)], []),
        "external": (product, [floats(1, 5, 40)], ["--weights", "external"]),
    }


def results_of(model, inputs):
    """Bytes of the outputs; text where they are strings."""
    return [[str(text) for text in array.ravel()] if array.dtype == object else (array.shape, array.tobytes()) for array in model.run(inputs)]


def check_interface(arguments, work):
    import onnx
    from ingot.model import Model

    def library(name, path, road, target, options, more=()):
        """Each is loaded once, under a name of its own."""
        folder = work / f"{name}-{road}-{target}"
        objects = [made for group in compiled(arguments, path, folder, road, target, options).values() for made in group]
        made = folder / f"{'-'.join(path.stem for path in more) or 'alone'}.so"
        cross.run("g++", "-shared", *more, *objects, "-o", made)
        weights = (folder / "model.weights").read_bytes() if "external" in options else None
        return Model(str(made), "model", weights)

    for name, (graph, inputs, options) in interface_models().items():
        path = work / f"{name}.onnx"
        onnx.save(graph, path)
        for road in ("object", "cpp"):
            for number, level in enumerate(levels_here(arguments)):
                # The processor is made up, so that this machine takes a lower level, too.
                processor = made_up(NEEDS[number], work).rename(work / f"{level}.o")
                model = library(name, path, road, TARGET, options, [processor])
                if model.level != level:
                    fail(f"{name}: the level is {model.level}, not {level}")
                alone = library(name, path, road, level, options)
                if alone.level != level or results_of(model, inputs) != results_of(alone, inputs):
                    fail(f"{name}, {road}: the level {level} gives other outputs than the target alone")
                print(f"{name}, {road}, {level}: {model.arena_bytes} bytes of arena, alone {alone.arena_bytes}")

    model = models.MODELS[MODEL]
    for road in ("object", "cpp"):
        groups = compiled(arguments, model.path, work / f"threads-{road}", road, options=[*model.options(), "--threads", "4"])
        check_symbols(groups)
        objects = [path for group in groups.values() for path in group]
        cross.run("g++", "-std=c++17", "-O2", "-DMODEL=model_model", "-I", ROOT / "runtime-min" / "include", ROOT / "tests" / "models" / "shared_work.cpp",
                  *objects, "-pthread", "-o", work / "shared_work")
        for emulator in ([], ["qemu-x86_64", "-cpu", "Nehalem-v1"]):
            cross.run(*emulator, work / "shared_work")


# --- cmake ---

def check_cmake(arguments, work):
    model = models.MODELS[MODEL]
    inputs = work / "inputs"
    check.write_inputs(model, inputs)
    built = {target: cross.build(arguments, model, work / target, target, inputs) for target in (TARGET, *EMULATED.values())}
    for cpu, level in EMULATED.items():
        emulator = ["qemu-x86_64", "-cpu", cpu]
        if run_program([*emulator, built[TARGET]], work)[1] != run_program([*emulator, built[level]], work)[1]:
            fail(f"{cpu}: the outputs differ from those of the model for {level} alone")


def main():
    parser = argparse.ArgumentParser(description="Checks models with code for several instruction sets.")
    parser.add_argument("--ingot", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--ingot-dir", type=pathlib.Path)
    checks = {"choice": check_choice, "interface": check_interface, "cmake": check_cmake}
    parser.add_argument("check", choices=("object", "cpp", "library", *checks))
    arguments = parser.parse_args()
    work = arguments.work / f"levels-{arguments.check}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if arguments.check in checks:
        checks[arguments.check](arguments, work)
    else:
        check_road(arguments, work, arguments.check)


if __name__ == "__main__":
    main()
