#!/usr/bin/env python3
"""Checks what `ingot compile` writes for a model of tests/models/models.py.

usage: check.py --ingot PATH --work DIR MODEL CHECK
       check.py --ingot PATH --work DIR threads

  text        two runs write identical bytes, no function has more than 150 lines
  warnings    no compiler has anything to say: g++, clang++-14, clang++-22, C++17, -Wall -Wextra -Wconversion -Wpedantic -Werror
  objects     no writable global, at most 16 kB of stack along any chain of calls
  link        links without a C library, to memcpy, memmove, memset, memcmp and libgcc alone
  outputs     the greatest error against float64 is at most twice onnxruntime's (ten times by Winograd's method), or below 1e-6; nothing is allocated, nothing is written
              beside the outputs
  threads     two models, two instances of each, run on four threads under ThreadSanitizer

DIR/MODEL keeps generated files and objects between the checks of a model, of which `text` comes first.
"""
import argparse
import filecmp
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "models"))
import models  # noqa: E402

TARGET = "x86-64-v3"
MAX_LINES = 150
MAX_STACK = 16 * 1024
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]
# What ingot_add_model compiles generated sources with, beside the target's own flags.
FLAGS = ["-std=c++17", "-O3", "-fno-fast-math", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fwrapv",
         "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti", "-fPIC"]


def fail(message):
    sys.exit(f"FAILED: {message}")


def run(*command, **keywords):
    command = [str(word) for word in command]
    print("+", " ".join(command), flush=True)
    done = subprocess.run(command, **keywords)
    if done.returncode != 0:
        fail(f"{command[0]} ended with {done.returncode}" + (f"\n{done.stdout}" if done.stdout else ""))
    return done


def native_target(ingot):
    """What `native` stands for on this machine."""
    listed = subprocess.run([ingot, "targets"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"'native' is (\S+)", listed).group(1)


def target_flags(target):
    return json.loads((ROOT / "targets" / f"{target}.json").read_text())["compile_flags"]


def generate(ingot, model, folder, target=TARGET):
    shutil.rmtree(folder, ignore_errors=True)
    run(ingot, "compile", model.path, "-o", folder, "--name", model.name, "--target", target, *model.options())


def sources(folder):
    """The files to compile: C++, and assembly that includes the weights."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".cpp", ".S", ".c"))


def includes(folder):
    return ["-I", folder, "-I", ROOT / "runtime-min" / "include"]


def weights(folder, name):
    """The file of the weights that the program must load itself, or an empty string."""
    file = folder / f"{name}.weights"
    linked = any(".incbin" in source.read_text() for source in sources(folder))
    return file if file.is_file() and not linked else ""


def write_inputs(model, path):
    """The bytes of the model's inputs, in the order of its graph."""
    import onnx
    graph = onnx.load(model.path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = model.make_inputs()
    path.write_bytes(b"".join(inputs[value.name].tobytes() for value in graph.input if value.name not in constants))


def compile_objects(folder, objects, compiler="g++", flags=(), target=TARGET):
    """Objects of the generated sources, made anew where a source is newer."""
    objects.mkdir(parents=True, exist_ok=True)
    made = []
    for source in sources(folder):
        made.append(objects / (source.stem + ".o"))
        if made[-1].is_file() and made[-1].stat().st_mtime > source.stat().st_mtime:
            continue
        language = [] if source.suffix == ".S" else [*FLAGS, *target_flags(target)]
        run(compiler, *language, *flags, *includes(folder), "-c", source, "-o", made[-1], cwd=folder)
    return made


# --- text ---

def functions(text):
    """(name, lines) of each function: a block in braces outside of all others, or in namespaces alone, that is no type or constant."""
    stack = []  # for each open brace: None in a namespace, else the start line of the outermost block and whether it is a function
    header = ""
    # Literals and comments hold no braces of the program's.
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', lambda m: "\n" * m.group().count("\n"), text,
                  flags=re.DOTALL)
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for character in line:
            if character == "{":
                if re.search(r'\b(namespace|extern)\b[^;{}()]*$', header):
                    stack.append(None)
                elif stack and stack[-1] is not None:
                    stack.append(stack[-1])
                else:
                    name = re.search(r"(\w+)\s*\(", header)
                    is_function = name and "=" not in header and not re.search(r"\b(struct|class|enum|union)\b", header)
                    stack.append((number, name.group(1) if is_function else None))
                header = ""
            elif character == "}":
                if not stack:
                    fail(f"line {number}: a brace is closed that was not opened")
                block = stack.pop()
                if block and block[1] and (not stack or stack[-1] is None):
                    yield block[1], number - block[0] + 1
                header = ""
            elif character == ";":
                header = ""
            else:
                header += character
        header += " "


def check_text(ingot, model, work):
    first, second = work / "generated", work / "again"
    generate(ingot, model, first)
    generate(ingot, model, second)
    names = sorted(str(path.relative_to(first)) for path in first.rglob("*") if path.is_file())
    if names != sorted(str(path.relative_to(second)) for path in second.rglob("*") if path.is_file()):
        fail("two runs write different files")
    for name in names:
        if not filecmp.cmp(first / name, second / name, shallow=False):
            fail(f"two runs write different bytes into {name}")
    shutil.rmtree(second)
    if not sources(first):
        fail(f"nothing to compile was written, only: {names}")
    longest = ("", 0)
    for source in sources(first):
        if source.suffix == ".cpp":
            for name, lines in functions(source.read_text()):
                longest = max(longest, (name, lines), key=lambda pair: pair[1])
                if lines > MAX_LINES:
                    fail(f"{source.name}: {name} has {lines} lines, more than {MAX_LINES}")
    print(f"{len(names)} files; the longest function is {longest[0]}, {longest[1]} lines")


# --- warnings ---

def check_warnings(ingot, model, work):
    folder = work / "generated"
    for compiler in ("g++", "clang++-14", "clang++-22"):
        for source in sources(folder):
            if source.suffix == ".cpp":
                run(compiler, *FLAGS, *target_flags(TARGET), *WARNINGS, *includes(folder), "-fsyntax-only", source)
    # g++ finds some only while it optimises.
    compile_objects(folder, work / "objects", flags=(*WARNINGS, "-fstack-usage", "-fcallgraph-info=su"))


# --- objects ---

def writable_sections(path):
    for line in run("readelf", "-SW", path, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        found = re.match(r"\s*\[\s*\d+\]\s+(\S+)\s+\S+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+[0-9a-f]+\s+(\S*)", line)
        if found and "W" in found.group(3) and int(found.group(2), 16) and not found.group(1).startswith(".data.rel.ro"):
            yield found.group(1), int(found.group(2), 16)


def deepest_stack(graphs):
    """(bytes, functions) of the most expensive chain of calls in the call graphs that g++ wrote."""
    size, calls = {}, {}
    for graph in graphs:
        text = graph.read_text()
        for title, label in re.findall(r'node: \{ title: "([^"]*)" label: "([^"]*)"', text):
            found = re.search(r"(\d+) bytes \(([^)]*)\)", label)
            if found:
                size[title] = int(found.group(1))
                # "dynamic,bounded": arguments are pushed for a call, and the size has them.
                if found.group(2) == "dynamic":
                    fail(f"the stack of {title} is not of constant size")
        for source, target in re.findall(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', text):
            calls.setdefault(source, set()).add(target)
    deepest = {}

    def visit(name, path):
        if name in path:
            fail(f"{name} calls itself")
        if name not in deepest:
            below = max((visit(callee, (*path, name)) for callee in calls.get(name, ())), default=(0, ()), key=lambda pair: pair[0])
            deepest[name] = (size.get(name, 0) + below[0], (name, *below[1]))
        return deepest[name]

    return max((visit(name, ()) for name in size), key=lambda pair: pair[0])


def check_objects(ingot, model, work):
    objects = compile_objects(work / "generated", work / "objects", flags=(*WARNINGS, "-fstack-usage", "-fcallgraph-info=su"))
    for path in objects:
        for section, size in writable_sections(path):
            fail(f"{path.name}: {size} writable bytes in the section {section}")
    stack, chain = deepest_stack(sorted((work / "objects").glob("*.ci")))
    print(f"{stack} bytes of stack: {' > '.join(chain)}")
    if stack > MAX_STACK:
        fail(f"more than {MAX_STACK} bytes of stack")


# --- link ---

def check_link(ingot, model, work):
    folder = work / "generated"
    objects = compile_objects(folder, work / "objects", flags=(*WARNINGS, "-fstack-usage", "-fcallgraph-info=su"))
    memory, start = work / "memory.o", work / "start.o"
    run("gcc", "-O2", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-c", ROOT / "tests/cross/consumer/bare/memory.c",
        "-o", memory)
    run("g++", "-std=c++17", "-O2", "-ffreestanding", f"-DMODEL={model.name}_model", *includes(folder), "-c", HERE / "start.cpp",
        "-o", start)
    run("g++", "-nostdlib", "-static", "-Wl,--no-undefined", start, *objects, memory, "-lgcc", "-o", work / "freestanding")


# --- outputs ---

def check_outputs(ingot, model, work):
    import numpy as np
    import onnxruntime

    import reference

    folder = work / "generated"
    objects = compile_objects(folder, work / "objects", flags=(*WARNINGS, "-fstack-usage", "-fcallgraph-info=su"))
    program = work / "drive"
    run("g++", "-std=c++17", "-O2", "-fno-builtin-malloc", f"-DMODEL={model.name}_model", *includes(folder), HERE / "drive.cpp", *objects,
        "-o", program)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model.path), options)
    inputs = model.make_inputs()
    write_inputs(model, work / "inputs")
    run(program, work / "inputs", work / "outputs", weights(folder, model.name))
    theirs = dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))
    exact = reference.in_double(model)
    data = (work / "outputs").read_bytes()
    limit = 10 if any("winograd" in source.read_text() for source in folder.glob("*_kernels_*.cpp")) else 2
    for name, peer in theirs.items():
        mine = np.frombuffer(data[:peer.nbytes], peer.dtype).reshape(peer.shape)
        data = data[peer.nbytes:]
        error = float(np.abs(mine - exact[name]).max())
        peer_error = float(np.abs(peer - exact[name]).max())
        print(f"{name}: greatest error {error:.3g}, onnxruntime's {peer_error:.3g}")
        if not error <= max(limit * peer_error, 1e-6):
            fail(f"the greatest error of {name} is {error:.3g}; onnxruntime's is {peer_error:.3g}")
    if data:
        fail(f"{len(data)} bytes too many are written")


# --- threads ---

def check_threads(ingot, work):
    names = ("ds_cnn", "resnet8")
    objects = []
    for name in names:
        folder = work / name
        generate(ingot, models.MODELS[name], folder)
        objects += compile_objects(folder, work / f"{name}-objects", flags=("-fsanitize=thread", "-g"))
    program = work / "threads"
    run("g++", "-std=c++17", "-O1", "-g", "-fsanitize=thread", f"-DFIRST={names[0]}_model", f"-DSECOND={names[1]}_model",
        "-I", ROOT / "runtime-min" / "include", HERE / "threads.cpp", *objects, "-o", program, "-pthread")
    # ThreadSanitizer wants addresses without much randomness.
    run("setarch", "--addr-no-randomize", program)


def main():
    parser = argparse.ArgumentParser(description="Checks what `ingot compile` writes.")
    parser.add_argument("--ingot", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("what", nargs="+")
    arguments = parser.parse_args()
    if arguments.what == ["threads"]:
        check_threads(arguments.ingot, arguments.work / "threads")
        return
    name, check = arguments.what
    checks = {"text": check_text, "warnings": check_warnings, "objects": check_objects, "link": check_link, "outputs": check_outputs}
    checks[check](arguments.ingot, models.MODELS[name], arguments.work / name)


if __name__ == "__main__":
    main()
