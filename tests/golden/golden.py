#!/usr/bin/env python3
"""Compares the kernels' C++ of a tiny model of one kernel family with the text that is checked in beside this file.

usage: golden.py --ingot PATH --work DIR [--update] FAMILY...

--update writes the text instead of comparing: read the difference before checking it in. All models are compiled for x86-64-v3.
"""
import argparse
import difflib
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), name=outputs.split()[0], **attributes)


def weight(name, *shape):
    """Values that are all different, so that nothing is folded away or shared."""
    count = int(np.prod(shape))
    return numpy_helper.from_array((np.arange(1, count + 1, dtype=np.float32) / (count + ord(name[0]))).reshape(shape), name)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def rounded(value, scale, zero):
    """A value rounded to codes, and taken for a number again, as quantised models are written."""
    return [node("QuantizeLinear", f"{value} {scale} {zero}", f"{value}_codes"), node("DequantizeLinear", f"{value}_codes {scale} {zero}", f"{value}_rounded")]


def scalar(name, value):
    return numpy_helper.from_array(np.array(value), name)


# Name: inputs with shapes (float unless "int64"), nodes, constants. The output is y.
FAMILIES = {
    "conv": (
        {"x": (1, 8, 10, 10)},
        [node("Conv", "x w b", "conv", pads=[1, 1, 1, 1], strides=[2, 2], kernel_shape=[3, 3]), node("Relu", "conv", "y")],
        [weight("w", 16, 8, 3, 3), weight("b", 16)],
    ),
    "conv_1x1": (
        {"x": (1, 16, 6, 6), "skip": (1, 32, 6, 6)},
        [node("Conv", "x w b", "conv", kernel_shape=[1, 1]), node("Add", "conv skip", "sum"), node("Clip", "sum low high", "y")],
        [weight("w", 32, 16, 1, 1), weight("b", 32), numpy_helper.from_array(np.float32(0), "low"), numpy_helper.from_array(np.float32(6), "high")],
    ),
    "depthwise_conv": (
        {"x": (1, 16, 8, 8)},
        [node("Conv", "x w b", "conv", group=16, pads=[1, 1, 1, 1], kernel_shape=[3, 3]), node("HardSwish", "conv", "y")],
        [weight("w", 16, 1, 3, 3), weight("b", 16)],
    ),
    "conv_transpose": (
        {"x": (1, 8, 4, 4)},
        [node("ConvTranspose", "x w", "y", strides=[2, 2], kernel_shape=[2, 2])],
        [weight("w", 8, 8, 2, 2)],
    ),
    "quantized_residual": (
        {"x": (1, 16, 2, 3)},
        [
            *rounded("x", "x_scale", "zero"), node("DequantizeLinear", "codes w_scale", "w"),
            node("Conv", "x_rounded w", "first", kernel_shape=[1, 1]), node("Relu", "first", "relu"), *rounded("relu", "relu_scale", "zero"),
            node("Conv", "relu_rounded w", "second", kernel_shape=[1, 1]), *rounded("second", "second_scale", "middle"),
            node("Add", "second_rounded relu_rounded", "sum"), *rounded("sum", "sum_scale", "middle"),
            node("Conv", "sum_rounded w", "y", kernel_shape=[1, 1]),
        ],
        [
            numpy_helper.from_array((np.arange(256) * 37 % 255 - 127).astype(np.int8).reshape(16, 16, 1, 1), "codes"), scalar("zero", np.uint8(0)),
            scalar("middle", np.uint8(121)), *(scalar(f"{name}_scale", np.float32(scale)) for name, scale in
                                               (("x", 0.021), ("w", 0.005), ("relu", 0.045), ("second", 0.031), ("sum", 0.037))),
        ],
    ),
    "matmul": (
        {"x": (12, 24)},
        [node("Gemm", "x w b", "gemm", transB=1), node("Sigmoid", "gemm", "y")],
        [weight("w", 20, 24), weight("b", 20)],
    ),
    "batch_matmul": ({"a": (2, 6, 8), "b": (2, 8, 16)}, [node("MatMul", "a b", "y")], []),
    "softmax": ({"x": (4, 40)}, [node("Softmax", "x", "y", axis=-1)], []),
    "layer_norm": (
        {"x": (4, 32)},
        [node("LayerNormalization", "x scale bias", "y")],
        [weight("scale", 32), weight("bias", 32)],
    ),
    "gelu": (
        {"x": (5, 19)},
        [
            node("Div", "x sqrt_two", "scaled"), node("Erf", "scaled", "erf"), node("Add", "erf one", "sum"),
            node("Mul", "x sum", "product"), node("Mul", "product half", "y"),
        ],
        [numpy_helper.from_array(np.float32(value), name) for name, value in (("sqrt_two", 2 ** 0.5), ("one", 1), ("half", 0.5))],
    ),
    "max_pool": ({"x": (1, 16, 9, 9)}, [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], []),
    "global_average_pool": ({"x": (1, 24, 5, 5)}, [node("GlobalAveragePool", "x", "y")], []),
    "reduce": ({"x": (3, 50)}, [node("ReduceMean", "x axes", "y", keepdims=0)], [ints("axes", 1)]),
    "transpose": ({"x": (8, 24)}, [node("Transpose", "x", "y", perm=[1, 0])], []),
    "gather": ({"x": (10, 16), "rows": "int64"}, [node("Gather", "x rows", "y")], []),
    "resize": (
        {"x": (1, 8, 4, 4)},
        [node("Resize", "x none scales", "y", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
        [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"), numpy_helper.from_array(np.zeros(0, np.float32), "none")],
    ),
    "lstm": (
        {"x": (2, 1, 8)},
        [node("LSTM", "x w r b", "all y", hidden_size=8)],
        [weight("w", 1, 32, 8), weight("r", 1, 32, 8), weight("b", 1, 64)],
    ),
}


def save_model(family, path):
    inputs, nodes, constants = FAMILIES[family]
    graph_inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, (3,)) if shape == "int64" else helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in inputs.items()
    ]
    graph = helper.make_graph(nodes, family, graph_inputs, [helper.make_value_info("y", helper.make_tensor_type_proto(TensorProto.FLOAT, None))], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def emitted(ingot, family, folder):
    """The kernels, their declarations and the functions that they call, without the lines that every file has."""
    model = folder.with_suffix(".onnx")
    save_model(family, model)
    shutil.rmtree(folder, ignore_errors=True)
    command = [ingot, "compile", model, "-o", folder, "--name", "golden", "--target", "x86-64-v3"]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: {family}: {done.stdout}")
    text = (folder / "golden_kernels.h").read_text().split("using namespace ingot;\n", 1)[1]
    text = "".join(line for line in text.splitlines(True) if not line.startswith("extern"))
    for file in sorted(folder.glob("golden_kernels_*.cpp")):
        text = text.rsplit("\n} // namespace golden::detail", 1)[0]
        text += file.read_text().split("namespace golden::detail {\n", 1)[1]
    return text.rsplit("\n} // namespace golden::detail", 1)[0].strip() + "\n"


def main():
    parser = argparse.ArgumentParser(description="Compares generated kernels with checked-in text.")
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("families", nargs="*", metavar="FAMILY", default=list(FAMILIES))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    failed = []
    for family in arguments.families or FAMILIES:
        text = emitted(arguments.ingot, family, arguments.work / family)
        path = HERE / f"{family}.cpp"
        if arguments.update:
            path.write_text(text)
            continue
        golden = path.read_text() if path.exists() else ""
        if text != golden:
            failed.append(family)
            sys.stdout.writelines(difflib.unified_diff(golden.splitlines(True), text.splitlines(True), f"tests/golden/{family}.cpp", "now"))
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}; if the new text is better, run again with --update")


if __name__ == "__main__":
    main()
