"""Runs the models that the package onnx ships (onnx/backend/test/data) through `ingot run` and compares the results.

These are small models as exporters wrote them, most of opset 6 and IR version 3 to 4. Each folder has a model and test_data_set_*/input_*.pb, output_*.pb;
a model of `light` has weights made from generators and one output beside it, for the input arange(n) / n. Names given are parts of names.
folder_models.txt says which models are refused, with the words of the refusal, and which inputs become constants of the model (`NAME constant=1`),
where Ingot needs them to know the shapes; everything else has to pass as it is.
"""

import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
FOLDERS = ["pytorch-converted", "pytorch-operator", "simple", "light"]


def models():
    """Of each model: its name, its path and its data sets, (input files, output files) each."""
    for folder in FOLDERS:
        if folder == "light":
            for path in sorted(glob.glob(os.path.join(DATA, folder, "*.onnx"))):
                yield f"light/{os.path.basename(path)[:-5]}", path, [(None, [path[:-5] + "_output_0.pb"])]
            continue
        for path in sorted(glob.glob(os.path.join(DATA, folder, "*", "model.onnx"))):
            def files(data_set, kind):
                found = glob.glob(os.path.join(data_set, f"{kind}_*.pb"))
                return [os.path.join(data_set, f"{kind}_{i}.pb") for i in range(len(found))]

            sets = sorted(glob.glob(os.path.join(os.path.dirname(path), "test_data_set_*")))
            yield f"{folder}/{os.path.basename(os.path.dirname(path))}", path, [(files(s, "input"), files(s, "output")) for s in sets]


def tensor(path):
    with open(path, "rb") as file:
        return numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


def ramp(declared):
    shape = [d.dim_value or 1 for d in declared.type.tensor_type.shape.dim]
    return (np.arange(np.prod(shape)).reshape(shape) / np.prod(shape)).astype(np.float32)


def run(path, data_sets, constants, ingot):
    """The error of one model in one line, or an empty string."""
    model = onnx.load(path)
    graph = model.graph
    initialised = {t.name for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in initialised]
    for input_files, output_files in data_sets:
        with tempfile.TemporaryDirectory() as folder:
            command = [ingot, "run", path, "-o", folder]
            # A file that holds no tensor is the standard's for a sequence or an optional.
            try:
                values = [ramp(i) for i in inputs] if input_files is None else [tensor(f) for f in input_files]
                expected = [tensor(f) for f in output_files]
            except Exception:
                values = expected = []
            for i in constants:
                graph.initializer.append(numpy_helper.from_array(values[i], inputs[i].name))
            if constants:
                onnx.save(model, os.path.join(folder, "model.onnx"))
                command[2] = os.path.join(folder, "model.onnx")
            for i, (declared, value) in enumerate(zip(inputs, values)):
                if i in constants:
                    continue
                np.save(os.path.join(folder, f"input{i}.npy"), value)
                command += ["--input", f"{declared.name}={folder}/input{i}.npy"]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            except subprocess.TimeoutExpired:
                return "runs for more than five minutes"
            if done.returncode:
                lines = done.stderr.strip().splitlines()
                return lines[0] if lines else f"exit code {done.returncode}"
            for declared, value in zip(graph.output, expected):
                got = np.load(os.path.join(folder, re.sub(r"[^A-Za-z0-9_]", "_", declared.name) + ".npy"))
                if got.shape != value.shape or got.dtype != value.dtype:
                    return f"{declared.name}: {got.dtype} {got.shape} instead of {value.dtype} {value.shape}"
                # The tolerances of the standard's own runner.
                same = np.allclose(got, value, rtol=1e-3, atol=1e-7, equal_nan=True) if value.dtype.kind == "f" else np.array_equal(got, value)
                if not same:
                    return f"{declared.name}: {got.flatten()[:6]} instead of {value.flatten()[:6]}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--ingot", default="ingot")
    parser.add_argument("--list", default=os.path.join(HERE, "folder_models.txt"))
    options = parser.parse_args()
    refused, constants = {}, {}
    with open(options.list) as lines:
        for line in filter(None, map(str.strip, lines)):
            if ": " in line:
                refused.update([line.split(": ", 1)])
            else:
                constants.update([line.split(" constant=")])
    failed = ran = 0
    for name, path, data_sets in models():
        if options.names and not any(part in name for part in options.names):
            continue
        ran += 1
        error = run(path, data_sets, [int(i) for i in constants.get(name, "").split(",") if i], options.ingot)
        wanted = next((words for start, words in refused.items() if name.startswith(start)), "")
        if wanted not in error or bool(error) != bool(wanted):
            failed += 1
            print(f"{name}: {error or 'passes, and is listed as refused'}", flush=True)
    print(f"{ran - failed} of {ran} models as expected")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
