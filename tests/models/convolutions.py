"""Convolutions of 3x3 by Winograd's method, at sizes that are no multiple of its tiles, against float64.

usage: convolutions.py INGOT [CASES [SEED]]

Errors may be ten times those of onnxruntime; four times with --no-winograd. Both roads to code must give equal bytes.
"""
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def in_double(x, w, bias, pads):
    top, left, bottom, right = pads
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.einsum("nchwrs,kcrs->nkhw", windows, w.astype(np.float64), optimize=True) + bias.astype(np.float64)[None, :, None, None]


def make(draw, path):
    """A model of two or three convolutions, with what follows them in networks; its input, and the expected output."""
    images, channels = draw.choice([1, 1, 3]), draw.choice([16, 24, 64, 130])
    shape = (images, channels, draw.randint(14, 40), draw.randint(14, 40))
    rng = np.random.default_rng(draw.randint(0, 1 << 30))
    x = rng.normal(size=shape).astype(np.float32)
    nodes, constants, value, text = [], [], x, "x".join(map(str, shape))
    for layer in range(draw.choice([2, 3])):
        pads = draw.choice([[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [0, 2, 1, 1]])
        filters = draw.choice([channels, 16, 40, 64])
        w = (rng.normal(size=(filters, channels, 3, 3)) / np.sqrt(9 * channels)).astype(np.float32)
        bias = rng.normal(size=filters).astype(np.float32)
        constants += [numpy_helper.from_array(w, f"w{layer}"), numpy_helper.from_array(bias, f"b{layer}")]
        nodes.append(helper.make_node("Conv", [f"x{layer}", f"w{layer}", f"b{layer}"], [f"c{layer}"], pads=pads))
        before, value = value, in_double(value, w, bias, pads)
        text += f", {filters} with pads {pads}"
        if before.shape == value.shape:
            nodes.append(helper.make_node("Add", [f"c{layer}", f"x{layer}"], [f"s{layer}"]))
            value = value + before
            text += " and a residual"
        nodes.append(helper.make_node("Relu", [nodes[-1].output[0]], [f"x{layer + 1}"]))
        value = np.maximum(value, 0)
        channels = filters
    info = lambda name, array: helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)  # noqa: E731
    graph = helper.make_graph(nodes, "convolutions", [info("x0", x)], [info(nodes[-1].output[0], value)], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return x, value, text


def main(ingot, cases=16, seed=0):
    draw = random.Random(int(seed))
    replaced = 0
    for _ in range(int(cases)):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            x, expected, text = make(draw, folder / "conv.onnx")
            np.save(folder / "x.npy", x)

            def run(name, *options):
                subprocess.run([ingot, "run", folder / "conv.onnx", "--input", f"x0={folder}/x.npy", "-o", folder / name, *options], check=True)
                return np.load(next((folder / name).glob("*.npy")))

            ours, direct = run("object"), run("direct", "--no-winograd")
            replaced += not np.array_equal(ours, direct)
            assert np.array_equal(ours, run("cpp", "--road", "cpp")), f"{text}: the roads give different bits"
            session = onnxruntime.InferenceSession(str(folder / "conv.onnx"), providers=["CPUExecutionProvider"])
            errors = [np.abs(values - expected).max() for values in (ours, direct, session.run(None, {"x0": x})[0])]
            print(f"{text}: greatest error {errors[0]:.3g}, direct {errors[1]:.3g}, onnxruntime's {errors[2]:.3g}", flush=True)
            assert errors[0] <= max(10 * errors[2], 1e-6) and errors[1] <= max(4 * errors[2], 1e-6), text
    print(f"{replaced} of {cases} by Winograd's method")
    return 0 if replaced > int(cases) // 3 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
