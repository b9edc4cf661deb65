"""Quantised models give what onnxruntime gives, number by number, on both roads to code.

usage: int8.py INGOT [MODEL...]

Weights are quantised to seven bits here: with eight, onnxruntime itself saturates sums of two products on machines without VNNI, and gives other
numbers there than elsewhere. Additions, pools and softmax between the products are computed in float32 here and on tables and ratios of scales there: where
these round to another integer, an output may be one step of its scale off.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import models  # noqa: E402
import quantize_models  # noqa: E402

SMALL = ("ds_cnn", "resnet8", "mobilenet_v1", "autoencoder")


def step_of_output(graph):
    """The scale of the DequantizeLinear that gives the first output."""
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    return numpy_helper.to_array(next(tensor for tensor in graph.initializer if tensor.name == last.input[1])).item()


def check(ingot, name, folder):
    model = models.MODELS[name]
    path = folder / f"{name}.onnx"
    quantize_models.quantize(model, path, reduce_range=True)
    inputs = model.make_inputs(5)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    expected = session.run(None, inputs)
    given = []
    for key, value in inputs.items():
        np.save(folder / f"{key}.npy", value)
        given += ["--input", f"{key}={folder / key}.npy"]
    subprocess.run([ingot, "compile", path, "--emit=loops", "-o", folder / "loops.mlir"], check=True)
    assert "ingot.dot" in (folder / "loops.mlir").read_text(), "products do not go in pairs"
    step = step_of_output(onnx.load(str(path)).graph)
    for road in ("object", "cpp"):
        subprocess.run([ingot, "run", path, *given, "--road", road, "-o", folder / road], check=True)
        for output, wanted in zip(session.get_outputs(), expected):
            values = np.load(folder / road / f"{output.name}.npy")
            difference = np.abs(values - wanted).max()
            equal = np.count_nonzero(values == wanted) / wanted.size
            print(f"{name}, {road}: {equal:.1%} of {wanted.size} equal, greatest difference {difference:.3g} (a step: {step:.3g})")
            assert difference <= 1.001 * step and (equal > 0.95 or wanted.size < 16), name


def main():
    ingot, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in names or SMALL:
            check(ingot, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
