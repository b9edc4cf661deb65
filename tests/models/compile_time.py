"""The time of `ingot compile` grows with the number of nodes, not with its square: graphs of N and of 8 N nodes of each kind are compiled, and the user time of
the larger one must stay below 20 times that of the smaller one (8 would be linear, 64 quadratic). Numbers given are other N."""

import os
import resource
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node


def chain(made):
    """Nodes one behind the other: made(i, input, output) gives each node and its weights."""
    def build(count):
        nodes, weights, last = [], [], "x"
        for i in range(count):
            one, more = made(i, last, f"v{i}")
            nodes.append(one)
            weights += more
            last = f"v{i}"
        return nodes, weights, last
    return build


def weight(name, *shape):
    return numpy_helper.from_array(np.random.default_rng(0).standard_normal(shape).astype(np.float32) / 8, name)


def unary(i, x, y):
    return node(["Relu", "Sigmoid", "Tanh", "Neg"][i % 4], [x], [y], name=f"n{i}"), []


def equal(i, x, y):
    return node("Conv", [x, f"w{i}"], [y], name=f"n{i}", pads=[1, 1, 1, 1]), [weight(f"w{i}", 8, 8, 3, 3)]


def unequal(i, x, y):
    a, b = 4 + i * 7 % 61, 4 + (i + 1) * 7 % 61
    return node("MatMul", [x, f"w{i}"], [y], name=f"n{i}"), [weight(f"w{i}", a, b)]


def old(i, x, y):
    """Each becomes several nodes of the newest opset, which become one again."""
    return node(["Softmax", "Clip", "ReduceMax"][i % 3], [x], [y], **[{"axis": 1}, {"min": -1.0, "max": 0.5}, {"axes": [0]}][i % 3]), []


def wide(count):
    """Branches without names that only the last node brings together."""
    branches = [node("MatMul", ["x", "w"], [f"b{i}"]) for i in range(count)]
    outs = [node("Tanh", [f"b{i}"], [f"t{i}"]) for i in range(count)]
    return branches + outs + [node("Concat", [f"t{i}" for i in range(count)], ["y"], axis=0)], [weight("w", 4, 4)], "y"


KINDS = {
    "unary": (chain(unary), [1, 64], 17), "equal": (chain(equal), [1, 8, 8, 8], 17), "unequal": (chain(unequal), [4, 4], 17),
    "old": (chain(old), [1, 64], 9), "wide": (wide, [4, 4], 17),
}


def seconds(kind, count, folder):
    build, shape, opset = KINDS[kind]
    nodes, weights, last = build(count)
    made = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)], weights)
    path = os.path.join(folder, "chain.onnx")
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(["ingot", "compile", path, "-o", os.path.join(folder, "out")], check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    smaller = [int(n) for n in sys.argv[1:]] or [150]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            for count in smaller:
                short, long = seconds(kind, count, folder), seconds(kind, 8 * count, folder)
                print(f"{kind}: {count} nodes in {short:.2f} s, {8 * count} in {long:.2f} s")
                failed |= long > 20 * max(short, 0.05)
    sys.exit("compile time grows faster than the number of nodes" if failed else 0)


main()
