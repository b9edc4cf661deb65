"""Writes models that cannot be compiled into the folder given, one for each mistake."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def path(name):
    return os.path.join(folder, name)


def value(name, shape=(2, 3), kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, initializers=(), inputs=None, outputs=None, opset=18, **kwargs):
    graph = helper.make_graph(
        nodes, "g", inputs or [value("x")], outputs or [value("y")], list(initializers)
    )
    opsets = [helper.make_opsetid("", opset)] + kwargs.pop("opsets", [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **kwargs)


def save(name, *args, **kwargs):
    made = model(*args, **kwargs)
    with open(path(name), "wb") as file:
        file.write(made.SerializeToString())
    return made


relu = helper.make_node("Relu", ["x"], ["y"], name="r")
good = save("good.onnx", [relu])
data = good.SerializeToString()

open(path("empty.onnx"), "wb").close()
with open(path("text.onnx"), "w") as file:
    file.write("this is no model\n")
with open(path("truncated.onnx"), "wb") as file:
    file.write(data[: len(data) // 2])
with open(path("corrupted.onnx"), "wb") as file:
    file.write(data[:20] + bytes(255 - b for b in data[20:]))

save("unknown_operator.onnx", [helper.make_node("Frobnicate", ["x"], ["y"], name="f")])
save(
    "unknown_domain.onnx",
    [helper.make_node("Gelu", ["x"], ["y"], name="f", domain="com.example")],
    opsets=[helper.make_opsetid("com.example", 1)],
)
save(
    "cycle.onnx",
    [
        helper.make_node("Add", ["x", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
        helper.make_node("Relu", ["b"], ["y"], name="third"),
    ],
)
save("undefined.onnx", [helper.make_node("Add", ["x", "nowhere"], ["y"], name="a")])
save("no_output.onnx", [helper.make_node("Relu", ["x"], ["z"], name="a")])
save(
    "twice.onnx",
    [relu, helper.make_node("Neg", ["x"], ["y"], name="n")],
)
save(
    "type_mismatch.onnx",
    [helper.make_node("Add", ["x", "i"], ["y"], name="sum")],
    inputs=[value("x"), value("i", kind=TensorProto.INT64)],
)
save(
    "output_type.onnx", [relu], outputs=[value("y", kind=TensorProto.INT64)]
)
save(
    "shape_mismatch.onnx",
    [helper.make_node("MatMul", ["x", "x"], ["y"], name="product")],
)
save(
    "attribute_kind.onnx",
    [helper.make_node("Softmax", ["x"], ["y"], name="s", axis="last")],
)
save("missing_attribute.onnx", [helper.make_node("Concat", ["x", "x"], ["y"], name="c")])
save("too_many_inputs.onnx", [helper.make_node("Relu", ["x", "x"], ["y"], name="r")])
huge = [1 << 40, 1 << 40]
save("overflow_input.onnx", [relu], inputs=[value("x", huge)])
save(
    "overflow_value.onnx",
    [
        helper.make_node("Expand", ["x", "s"], ["e"], name="grow"),
        helper.make_node("Relu", ["e"], ["y"], name="r"),
    ],
    [numpy_helper.from_array(np.array([1 << 40, 1 << 40, 2, 3], np.int64), "s")],
)
tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=huge, raw_data=b"1234")
add = helper.make_node("Add", ["x", "w"], ["y"], name="a")
save("overflow_weight.onnx", [add], [tensor])
tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3], raw_data=b"1234")
save("short_weight.onnx", [add], [tensor])
tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-2, 3], raw_data=b"1234")
save("negative_weight.onnx", [add], [tensor])
save("new_opset.onnx", [relu], opset=1000)


def external(name, location, **entries):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=text)
    save(name, [add], [tensor])


with open(path("weights.bin"), "wb") as file:
    file.write(bytes(24))
with open(os.path.join(os.path.dirname(os.path.abspath(folder)), "outside.bin"), "wb") as file:
    file.write(bytes(24))
if not os.path.islink(path("link.bin")):
    os.symlink(os.path.abspath(os.path.join(folder, "..", "outside.bin")), path("link.bin"))
external("external.onnx", "weights.bin", offset="0", length="24")
external("external_missing.onnx", "nowhere.bin")
external("external_parent.onnx", "../outside.bin")
external("external_absolute.onnx", os.path.abspath(path("weights.bin")))
external("external_link.onnx", "link.bin")
external("external_short.onnx", "weights.bin", offset="8", length="24")
external("external_length.onnx", "weights.bin", offset="0", length="20")
external("external_number.onnx", "weights.bin", offset="-1")


# Functions that call each other, and functions that double the graph thirty times.
def function(name, nodes, domain="local"):
    return helper.make_function(
        domain, name, ["a"], ["b"], nodes, [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)]
    )


def call(name, source, result):
    return helper.make_node(name, [source], [result], name=name + source, domain="local")


local = [helper.make_opsetid("local", 1)]
save(
    "function_cycle.onnx",
    [call("f", "x", "y")],
    opsets=local,
    functions=[function("f", [call("g", "a", "b")]), function("g", [call("f", "a", "b")])],
)
doubling = [function("f0", [helper.make_node("Relu", ["a"], ["b"])])]
for i in range(30):
    doubling.append(function(f"f{i + 1}", [call(f"f{i}", "a", "t"), call(f"f{i}", "t", "b")]))
save("function_bomb.onnx", [call("f30", "x", "y")], opsets=local, functions=doubling)

# What only an old opset has.
save(
    "old_axis.onnx",
    [helper.make_node("Add", ["x", "x"], ["y"], name="sum", broadcast=1, axis=-(2**63))],
    opset=6,
)
save(
    "old_lengths.onnx",
    [
        helper.make_node(
            "Scan", ["n", "x", "x"], ["y", "z"], name="scan", num_scan_inputs=1,
            body=helper.make_graph(
                [helper.make_node("Add", ["a", "b"], ["c"]), helper.make_node("Neg", ["c"], ["d"])],
                "body", [value("a"), value("b")], [value("c"), value("d")]),
        )
    ],
    inputs=[value("n", (2,), TensorProto.INT64), value("x")], opset=8,
)
