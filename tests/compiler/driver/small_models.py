"""Writes the small models of the tests of the command line.

usage: small_models.py NAME FOLDER

  relu         y = Relu(x) of any batch, x and y named "in/x:0" and "out/y:0"
  markup       relu with names that mean something to XML, JSON and a terminal
  external     Add of a weight in weights.bin
  unsupported  two nodes that no lowering takes, and one that is fine
  gather       rows of a table, chosen by the input
  promise      x in a shape that is an input, where the model declares 2x3
  data         gather, with test data as the standard has it, in the folder data/
  counter      a state: next = state + step
  sequence     t inserted into the sequence s at the position p, and an optional o that is passed on
"""
import pathlib
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save_model


def value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def save(folder, name, nodes, inputs, outputs, initializers=(), opset=17, **keys):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])
    save_model(model, str(folder / f"{name}.onnx"), **keys)


def relu(folder):
    save(folder, "relu", [helper.make_node("Relu", ["in/x:0"], ["out/y:0"])], [value("in/x:0", ["batch", 4])],
         [value("out/y:0", ["batch", 4])])


def markup(folder):
    save(folder, "markup", [helper.make_node("Relu", ["x"], ["y"], name="</text>&amp;\x1b[1m\"]]>\n\uffff")], [value("x", [20000])], [value("y", [20000])])


def external(folder):
    weight = numpy_helper.from_array(numpy.arange(1024, dtype=numpy.float32), "w")
    save(folder, "external", [helper.make_node("Add", ["x", "w"], ["y"])], [value("x", [1024])], [value("y", [1024])], [weight],
         save_as_external_data=True, location="weights.bin", size_threshold=0)


def unsupported(folder):
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])))
    # Labels of both kinds are not allowed, but for the standard's checker.
    zipped = [helper.make_node("ZipMap", ["s"], [name], name=node, domain="ai.onnx.ml", classlabels_int64s=labels, classlabels_strings=["3", "7"])
              for node, name, labels in (("first", "t", [3, 7]), ("second", "u", [7, 3]))]
    nodes = [zipped[0], helper.make_node("Relu", ["x"], ["y"], name="fine"), zipped[1]]
    graph = helper.make_graph(nodes, "unsupported", [value("s", [4, 2]), value("x", [4])],
                              [helper.make_value_info("t", maps), helper.make_value_info("u", maps), value("y", [4])])
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    save_model(helper.make_model(graph, ir_version=8, opset_imports=domains), str(folder / "unsupported.onnx"))


def gather(folder):
    table = numpy_helper.from_array(numpy.arange(20, dtype=numpy.float32).reshape(5, 4), "table")
    save(folder, "gather", [helper.make_node("Gather", ["table", "i"], ["y"], name="pick")], [value("i", [3], TensorProto.INT64)],
         [value("y", [3, 4])], [table])


def promise(folder):
    save(folder, "promise", [helper.make_node("Reshape", ["x", "shape"], ["r"]), helper.make_node("Relu", ["r"], ["y"])],
         [value("x", [6]), value("shape", [2], TensorProto.INT64)], [value("y", [2, 3])])


def kept(folder):
    save(folder, "kept", [helper.make_node("Compress", ["x", "c"], ["y"], name="keep", axis=0)],
         [value("x", [4, 2]), value("c", [4], TensorProto.BOOL)], [value("y", ["n", 2])])


def data(folder):
    gather(folder)
    (folder / "data").mkdir(exist_ok=True)
    rows = numpy.array([4, 0, 2])
    for name, array in (("input_0", rows), ("output_0", numpy.arange(20, dtype=numpy.float32).reshape(5, 4)[rows])):
        (folder / "data" / f"{name}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())


def counter(folder):
    save(folder, "counter", [helper.make_node("Add", ["state", "step"], ["next"])], [value("state", [1]), value("step", [1])],
         [value("next", [1])])


def sequence(folder):
    def list_of(name):
        return helper.make_tensor_sequence_value_info(name, TensorProto.FLOAT, None)

    optional = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    nodes = [helper.make_node("SequenceInsert", ["s", "t", "p"], ["r"], name="put"), helper.make_node("Identity", ["o"], ["q"])]
    save(folder, "sequence", nodes,
         [list_of("s"), value("t", [2]), value("p", [], TensorProto.INT64), helper.make_value_info("o", optional)],
         [list_of("r"), helper.make_value_info("q", optional)])


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    globals()[sys.argv[1]](target)
