"""Writes the models of the tests of object files.

usage: models.py FOLDER

  steps   a row of a table, chosen by a scalar, with two values that can be states: a sum, and a switch
  exact   rounding, minima and maxima of float and double; exact.inputs has values at the borders, as bytes
  root    the square root of a double
  products_bfloat16, products_int8  products by constants
"""
import pathlib
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save_model

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    save_model(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), str(folder / f"{name}.onnx"))


node = helper.make_node
table = numpy_helper.from_array(numpy.arange(2000, dtype=numpy.float32).reshape(400, 5), "table")
save("steps", [node("Gather", ["table", "k"], ["row"]), node("Add", ["row", "x"], ["stepped"]), node("Add", ["stepped", "sum"], ["y"]),
               node("Add", ["sum", "x"], ["sum_next"]), node("Not", ["on"], ["on_next"])],
     [value("x", [3, 5]), value("sum", [3, 5]), value("k", [], TensorProto.INT64), value("on", [3], TensorProto.BOOL)],
     [value("y", [3, 5]), value("sum_next", [3, 5]), value("on_next", [3], TensorProto.BOOL)], [table])

DOUBLE = TensorProto.DOUBLE
nodes, outputs = [], []
for x, y, element in (("x", "y", TensorProto.FLOAT), ("u", "v", DOUBLE)):
    for operator in ("Floor", "Ceil", "Round"):
        nodes.append(node(operator, [x], [operator + x]))
        outputs.append(value(operator + x, [7], element))
    for operator in ("Max", "Min"):
        nodes.append(node(operator, [x, y], [operator + x]))
        outputs.append(value(operator + x, [7], element))
    for operator in ("ReduceMax", "ReduceMin"):
        nodes.append(node(operator, [x], [operator + x], keepdims=0))
        outputs.append(value(operator + x, [], element))
save("exact", nodes, [value("x", [7]), value("y", [7]), value("u", [7], DOUBLE), value("v", [7], DOUBLE)], outputs)
border = numpy.array([-0.0, 0.5, -1.5, 2.5, numpy.nan, -0.3, 2.0**23 - 0.5])
other = numpy.array([0.0, numpy.nan, -numpy.inf, 2.5, 1.0, -0.7, 2.0**60 + 1])
(folder / "exact.inputs").write_bytes(b"".join(v.astype(t).tobytes() for t in ("f4", "f8") for v in (border, other)))
save("root", [node("Sqrt", ["x"], ["y"], name="root")], [value("x", [3], DOUBLE)], [value("y", [3], DOUBLE)])

BFLOAT16, INT8 = TensorProto.BFLOAT16, TensorProto.INT8
save("products_bfloat16", [node("MatMul", ["x", "w"], ["y"])], [value("x", [6, 67], BFLOAT16)], [value("y", [6, 48], BFLOAT16)],
     [helper.make_tensor("w", BFLOAT16, [67, 48], numpy.arange(0x3800, 0x3800 + 67 * 48, dtype="u2").tobytes(), raw=True)])
save("products_int8", [node("MatMulInteger", ["x", "w"], ["y"])], [value("x", [6, 67], INT8)], [value("y", [6, 48], TensorProto.INT32)],
     [helper.make_tensor("w", INT8, [67, 48], bytes(range(67)) * 48, raw=True)])
