"""Writes small models that show what the importer must take into the folder given."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
node = helper.make_node
F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name, shape, kind=F):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def save(name, nodes, inputs, outputs, initializers=(), opset=18, ir=8, **kwargs):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)] + kwargs.pop("opsets", [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir, **kwargs)
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString())


# A value of the graph around is used in a branch; both branches have a value of the same name.
branch = helper.make_graph(
    [node("Add", ["x", "w"], ["r"], name="outer")], "then", [], [value("r", [2])]
)
other = helper.make_graph(
    [node("Neg", ["x"], ["t"], name="first"), node("Abs", ["t"], ["r"], name="second")],
    "else", [], [value("r", [2])],
)
save(
    "scopes",
    [node("If", ["c"], ["y"], name="choose", then_branch=branch, else_branch=other)],
    [value("c", [], B), value("x", [2])], [value("y", [2])],
    [constant("w", np.float32([1, 2]))],
)

# Nodes in the wrong order, an optional input that is absent, a node without a name.
save(
    "order",
    [
        node("Relu", ["t"], ["y"]),
        node("Clip", ["x", "", "high"], ["t"], name="clip"),
    ],
    [value("x", [2])], [value("y", [2])],
    [constant("high", np.float32(3))],
)

# Opset 7: axes and ratios are attributes, Upsample exists, a division broadcasts.
save(
    "old",
    [
        node("Unsqueeze", ["x"], ["u"], axes=[0]),
        node("BatchNormalization", ["u", "s", "b", "m", "v"], ["n"]),
        node("Dropout", ["n"], ["d"]),
        node("Upsample", ["d"], ["e"], mode="nearest", scales=[1.0, 1.0, 2.0, 2.0]),
        node("Softmax", ["e"], ["y"], axis=1),
    ],
    [value("x", [3, 4, 5])], [value("y", [1, 3, 8, 10])],
    [constant(n, np.float32([1, 2, 3])) for n in "sbmv"], opset=7, ir=3,
)

# A function of the model, called twice, with an attribute that it refers to.
leaky = node("LeakyRelu", ["a"], ["b"])
leaky.attribute.add(name="alpha", type=1, ref_attr_name="slope")
function = helper.make_function(
    "local", "Twice", ["a"], ["b"], [leaky], [helper.make_opsetid("", 18)], attributes=["slope"]
)
save(
    "functions",
    [
        node("Twice", ["x"], ["t"], domain="local", slope=0.5),
        node("Twice", ["t"], ["y"], domain="local", slope=0.25),
    ],
    [value("x", [2])], [value("y", [2])],
    opsets=[helper.make_opsetid("local", 1)], functions=[function],
)

# Data in every form that a tensor has.
forms = [
    helper.make_tensor("half", TensorProto.FLOAT16, [2], [1.0, 2.0]),
    helper.make_tensor("bytes", TensorProto.UINT8, [2], [200, 3]),
    helper.make_tensor("flags", TensorProto.BOOL, [2], [True, False]),
    constant("wide", np.int64([-5, 1 << 40])),
    helper.make_tensor("nibbles", TensorProto.INT4, [3], [-8, 7, 1]),
]
save(
    "forms",
    [node("Identity", [t.name], [t.name + "_out"]) for t in forms]
    + [node("Constant", [], ["list"], value_ints=[1, 2, 3])],
    [], [value(t.name + "_out", None, t.data_type) for t in forms] + [value("list", [3], I)],
    forms, opset=21, ir=10,
)

# Elements of four and two bits, packed, the last byte not full; floats of a byte.
narrow = [
    helper.make_tensor("pairs", TensorProto.INT2, [5], [-2, 1, 0, -1, 1]),
    helper.make_tensor("upairs", TensorProto.UINT2, [5], [3, 1, 0, 2, 3]),
    helper.make_tensor("unibbles", TensorProto.UINT4, [3], [15, 7, 9]),
    helper.make_tensor("fours", TensorProto.FLOAT4E2M1, [3], [-6, 0.5, 3]),
    helper.make_tensor("eights", TensorProto.FLOAT8E4M3FN, [2], [448, -0.5]),
    helper.make_tensor("powers", TensorProto.FLOAT8E8M0, [2], [0.25, 8]),
]
save(
    "narrow",
    [node("Identity", [t.name], [t.name + "_out"]) for t in narrow],
    [], [value(t.name + "_out", None, t.data_type) for t in narrow],
    narrow, opset=25, ir=13,
)

# The body of a loop keeps the shape of what it carries.
body = helper.make_graph(
    [
        node("Add", ["carried", "x"], ["next"], name="step"),
        node("Identity", ["go"], ["again"]),
        node("ReduceSum", ["next"], ["sum"], keepdims=0),
    ],
    "body",
    [value("i", [], I), value("go", [], B), value("carried", None)],
    [value("again", [], B), value("next", None), value("sum", None)],
)
save(
    "loop",
    [node("Loop", ["n", "always", "x"], ["y", "sums"], name="repeat", body=body)],
    [value("x", [2, 3])], [value("y", None), value("sums", None)],
    [constant("n", np.int64(4)), constant("always", np.bool_(True))],
)

# What other tests optimise.
save(
    "squeeze",
    [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "one"], ["d"], name="pick"),
        node("Equal", ["d", "one"], ["is_one"]),
        node(
            "If", ["is_one"], ["y"], name="maybe",
            then_branch=helper.make_graph(
                [node("Squeeze", ["x", "axis"], ["r"])], "then", [], [value("r", None)]),
            else_branch=helper.make_graph(
                [node("Relu", ["x"], ["r"], name="kept")], "else", [], [value("r", None)]),
        ),
    ],
    [value("x", ["n", "m"])], [value("y", None)],
    [constant("one", np.int64(1)), constant("axis", np.int64([1]))],
)
save(
    "impossible",
    [
        node(
            "If", ["c"], ["y"], name="either",
            then_branch=helper.make_graph(
                [node("MatMul", ["x", "a"], ["r"], name="fits")], "then", [], [value("r", None)]),
            else_branch=helper.make_graph(
                [node("MatMul", ["x", "b"], ["r"], name="does_not")], "else", [], [value("r", None)]),
        ),
    ],
    [value("c", [], B), value("x", ["n", "m"])], [value("y", None)],
    [constant("a", np.ones((3, 2), np.float32)), constant("b", np.ones((5, 2), np.float32))],
)
