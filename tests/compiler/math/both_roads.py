"""Every elementary function on both roads: `both_roads.py INGOT FOLDER` makes a model of one node each, runs it in process and as C++,
and compares all bits but those of NaN."""

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

OPERATORS = (
    "Exp Log Tanh Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Sigmoid Softplus Gelu Elu Sqrt Reciprocal"
).split()
COUNT = 16411


def make_model(path):
    nodes = [helper.make_node(name, ["x"], [name.lower()]) for name in OPERATORS]
    nodes.append(helper.make_node("Pow", ["x", "y"], ["pow"]))
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [COUNT])
    outputs = [value(node.output[0]) for node in nodes]
    graph = helper.make_graph(nodes, "functions", [value("x"), value("y")], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, path)


def main():
    ingot, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    make_model("functions.onnx")
    random = np.random.default_rng(1)
    x = random.integers(0, 2**32, COUNT, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x[::2] = 5 * random.standard_normal(COUNT)[::2]
    y = (4 * random.standard_normal(COUNT)).astype(np.float32)
    y[::3] = np.round(y[::3])
    np.save("x.npy", x)
    np.save("y.npy", y)
    for road in ("object", "cpp"):
        inputs = ["--input", "x=x.npy", "--input", "y=y.npy"]
        subprocess.run([ingot, "run", "functions.onnx", *inputs, "--road", road, "-o", road], check=True)
    for name in sorted(os.listdir("object")):
        first, second = np.load(os.path.join("object", name)), np.load(os.path.join("cpp", name))
        same = (first.view(np.uint32) == second.view(np.uint32)) | (np.isnan(first) & np.isnan(second))
        if not same.all():
            at = np.flatnonzero(~same)[0]
            sys.exit(f"{name} at x = {x[at]}, y = {y[at]}: {first[at]} in process, {second[at]} as C++")
    print("equal")


main()
