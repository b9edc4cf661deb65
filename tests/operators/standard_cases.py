"""Runs the standard's own operator cases (onnx.backend.test) through `ingot run` and compares the results.

cases.txt lists the cases, one a line; `constant=1,2` after a name turns those inputs into constants of the model, where
Ingot needs them to know the shapes, or where code for constants is its own; `declared` gives the model's outputs the shapes that are expected, where the standard
leaves them open. Without names all of the list run; `--find PATTERN` tries every case of the standard whose name
matches and prints the lines of those that pass, which is how the list is made.

Types that NumPy lacks (bfloat16, float8, int4, ...) are ml_dtypes' here; in NPY files they are bytes without a name, which get
their type from the model.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import warnings

import ml_dtypes
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


def to_array(value):
    """The tensor as an array, or None for what is no tensor of numbers."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind in "OUSc":
        return None
    return np.asarray(value)


def small_info(dtype):
    """What is known of a floating-point type, or None for others."""
    try:
        return ml_dtypes.finfo(dtype)
    except ValueError:
        return None


def difference(got, value, case):
    """How the result differs from what is expected, or an empty string."""
    info = small_info(value.dtype)
    if info is None:
        wide = np.int8 if value.dtype.kind == "V" else value.dtype
        equal = np.array_equal(got.astype(wide), value.astype(wide))
    elif info.bits <= 8:
        # Some of the formats have a zero or NaN of each sign, which count as one here.
        equal = np.array_equal(got.astype(np.float32), value.astype(np.float32), equal_nan=True)
    else:
        rtol = max(case.rtol, 1e-5, float(info.eps))
        equal = np.allclose(got.astype(np.float64), value.astype(np.float64), rtol=rtol, atol=max(case.atol, 1e-6), equal_nan=True)
    return "" if equal else f"{got.flatten()[:6]} instead of {value.flatten()[:6]}"


def run(case, constants, ingot, declare_shapes=False):
    """The error of one case in one line, or an empty string."""
    inputs, expected = case.data_sets[0]
    values = [to_array(value) for value in inputs]
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
            value = to_array(value)
            got = np.load(os.path.join(folder, "out", file_name(declared.name)))
            if got.dtype.kind == "V" and got.dtype.itemsize == value.dtype.itemsize:
                got = got.view(value.dtype)
            if got.shape != value.shape or got.dtype != value.dtype:
                return f"{declared.name}: {got.dtype} {got.shape} instead of {value.dtype} {value.shape}"
            wrong = difference(got, value, case)
            if wrong:
                return f"{declared.name}: {wrong}"
    return ""


def find(pattern, ingot):
    for name, case in sorted(standard_cases().items()):
        if not re.search(pattern, name):
            continue
        inputs, outputs = ([to_array(value) for value in values] for values in case.data_sets[0])
        if any(value is None for value in inputs + outputs):
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
