"""Runs the standard's own operator cases (onnx.backend.test) through `ingot run` and compares the results.

cases.txt lists the cases, one a line; `constant=1,2` after a name turns those inputs into constants of the model, where
Ingot needs them to know the shapes, or where code for constants is its own; `declared` gives the model's outputs the shapes that are expected, where the standard
leaves them open. Without names all of the list run; `--find PATTERN` tries every case of the standard whose name
matches and prints the lines of those that pass, which is how the list is made.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))


def standard_cases():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    return {case.name: case for case in cases if case.model is not None}


def file_name(name):
    return re.sub(r"[^A-Za-z0-9_]", "_", name) + ".npy"


def run(case, constants, ingot, declare_shapes=False):
    """The error of one case in one line, or an empty string."""
    inputs, expected = case.data_sets[0]
    values = [np.asarray(value) for value in inputs]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    del model.graph.input[:]
    for output, value in zip(model.graph.output, expected if declare_shapes else []):
        shape = np.asarray(value).shape
        output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, output.type.tensor_type.elem_type, shape))
    with tempfile.TemporaryDirectory() as folder:
        command = [ingot, "run", os.path.join(folder, "case.onnx"), "-o", os.path.join(folder, "out")]
        for i, (declared, value) in enumerate(zip(case.model.graph.input, values)):
            if i in constants:
                model.graph.initializer.append(numpy_helper.from_array(value, declared.name))
                continue
            model.graph.input.append(declared)
            path = os.path.join(folder, f"input{i}.npy")
            np.save(path, value)
            command += ["--input", f"{declared.name}={path}"]
        onnx.save(model, os.path.join(folder, "case.onnx"))
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "runs for more than two minutes"
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            return lines[0] if lines else f"exit code {done.returncode}"
        for declared, value in zip(case.model.graph.output, expected):
            value = np.asarray(value)
            got = np.load(os.path.join(folder, "out", file_name(declared.name)))
            if got.shape != value.shape or got.dtype != value.dtype:
                return f"{declared.name}: {got.dtype} {got.shape} instead of {value.dtype} {value.shape}"
            rounded = value.dtype.kind == "f"
            close = np.allclose(got, value, rtol=max(case.rtol, 1e-5), atol=max(case.atol, 1e-6), equal_nan=True) if rounded else np.array_equal(got, value)
            if not close:
                return f"{declared.name}: {got.flatten()[:6]} instead of {value.flatten()[:6]}"
    return ""


def find(pattern, ingot):
    plain = set("bhilqBHILQfd?")
    for name, case in sorted(standard_cases().items()):
        if not re.search(pattern, name):
            continue
        inputs, outputs = case.data_sets[0]
        if not all(isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in plain for value in inputs + outputs):
            continue
        integers = [i for i, value in enumerate(inputs) if i and value.dtype.kind in "iub"]
        for constants in ([], integers, list(range(len(inputs)))):
            error = run(case, constants, ingot)
            if not error:
                print(name + (" constant=" + ",".join(map(str, constants)) if constants else ""), flush=True)
                break
        else:
            print(f"{name}: {error}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--ingot", default="ingot")
    parser.add_argument("--find", metavar="PATTERN")
    parser.add_argument("--list", default=os.path.join(HERE, "cases.txt"))
    options = parser.parse_args()
    if options.find:
        find(options.find, options.ingot)
        return 0
    cases = standard_cases()
    failed = ran = 0
    with open(options.list) as lines:
        for line in lines:
            name, *words = line.split() or [""]
            constant = "".join(word.partition("constant=")[2] for word in words)
            if not name or options.names and name not in options.names:
                continue
            ran += 1
            error = run(cases[name], [int(i) for i in constant.split(",") if i], options.ingot, "declared" in words)
            if error:
                failed += 1
                print(f"{name}: {error}")
    print(f"{ran - failed} of {ran} cases passed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
