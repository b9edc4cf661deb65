"""Writes the seed corpus of the fuzzers: the standard's node cases (onnx.backend.test) and small models of several nodes.

usage: seeds.py FOLDER

A case whose integer inputs tell shapes (axes, sizes, repeats) is written twice: as it is, and with these as constants, so that it can be compiled.
"""
import pathlib
import sys
import warnings

import numpy
from onnx import ModelProto, TensorProto, helper, numpy_helper

MOST_BYTES = 16384


def standard(folder):
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    for case in cases:
        if case.model is None or case.model.ByteSize() > MOST_BYTES:
            continue
        (folder / f"{case.name}.onnx").write_bytes(case.model.SerializeToString())
        fixed = ModelProto()
        fixed.CopyFrom(case.model)
        del fixed.graph.input[:]
        for i, (declared, value) in enumerate(zip(case.model.graph.input, case.data_sets[0][0])):
            if i and isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "iub":
                fixed.graph.initializer.append(numpy_helper.from_array(numpy.asarray(value), declared.name))
            else:
                fixed.graph.input.append(declared)
        if len(fixed.graph.initializer) > len(case.model.graph.initializer) and fixed.ByteSize() <= MOST_BYTES:
            (folder / f"{case.name}.constant.onnx").write_bytes(fixed.SerializeToString())


def value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def weight(name, *shape):
    return numpy_helper.from_array(numpy.random.default_rng(7).standard_normal(shape, numpy.float32), name)


def whole(name, *values):
    return numpy_helper.from_array(numpy.array(values, numpy.int64), name)


def small_models():
    node = helper.make_node
    yield "convolutions", 17, [
        node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]), node("Relu", ["a"], ["b"]),
        node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]), node("Flatten", ["c"], ["d"]),
        node("Gemm", ["d", "v", "bias"], ["e"]), node("Softmax", ["e"], ["y"])
    ], [value("x", [1, 3, 8, 8])], ["y"], [weight("w", 4, 3, 3, 3), weight("v", 64, 10), weight("bias", 10)]
    yield "attention", 18, [
        node("MatMul", ["x", "w"], ["q"]), node("Reshape", ["q", "heads"], ["r"]), node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3]),
        node("Transpose", ["r"], ["u"], perm=[0, 2, 3, 1]), node("MatMul", ["t", "u"], ["s"]), node("Softmax", ["s"], ["p"]),
        node("MatMul", ["p", "t"], ["o"]), node("Transpose", ["o"], ["m"], perm=[0, 2, 1, 3]), node("Reshape", ["m", "flat"], ["y"])
    ], [value("x", [1, 6, 8])], ["y"], [weight("w", 8, 8), whole("heads", 0, 0, 2, 4), whole("flat", 0, 0, 8)]
    yield "shapes", 17, [
        node("Shape", ["x"], ["s"]), node("Gather", ["s", "one"], ["n"], axis=0), node("Unsqueeze", ["n", "zero"], ["n1"]),
        node("Concat", ["n1", "minus"], ["target"], axis=0), node("Reshape", ["x", "target"], ["r"]),
        node("Slice", ["r", "zero", "two", "zero"], ["c"]), node("Split", ["r"], ["a", "b"], axis=1),
        node("ConstantOfShape", ["target2"], ["z"]), node("Concat", ["c", "z"], ["y"], axis=0)
    ], [value("x", [2, 4, 3])], ["y"], [numpy_helper.from_array(numpy.array(1), "one"), whole("zero", 0), whole("two", 2), whole("minus", -1),
                                        whole("target2", 1, 6)]
    yield "quantised", 17, [
        node("QuantizeLinear", ["x", "scale", "point"], ["q"]), node("DequantizeLinear", ["q", "scale", "point"], ["d"]),
        node("MatMulInteger", ["q", "w", "point"], ["i"]), node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), node("Add", ["f", "d"], ["y"])
    ], [value("x", [4, 4])], ["y"], [numpy_helper.from_array(numpy.float32(0.1), "scale"), numpy_helper.from_array(numpy.uint8(3), "point"),
                                     numpy_helper.from_array(numpy.eye(4, dtype=numpy.int8), "w")]
    body = helper.make_graph([node("Add", ["s", "x"], ["s2"]), node("LSTM", ["s2", "w", "r"], ["h"], hidden_size=2), node("Identity", ["go"], ["go2"])],
                             "body", [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("s", [2, 1, 3])],
                             [value("go2", [], TensorProto.BOOL), value("s2", [2, 1, 3]), value("h", [2, 1, 1, 2])])
    yield "recurrent", 16, [node("Loop", ["three", "", "x"], ["y", "hs"], body=body)], [value("x", [2, 1, 3])], ["y", "hs"], [
        numpy_helper.from_array(numpy.array(3), "three"), weight("w", 1, 8, 3), weight("r", 1, 8, 2)]
    yield "older", 9, [
        node("BatchNormalization", ["x", "g", "g", "g", "g"], ["a"]), node("Upsample", ["a", "scales"], ["b"], mode="nearest"),
        node("ReduceMean", ["b"], ["c"], axes=[2], keepdims=0), node("Clip", ["c"], ["y"], min=0.0, max=6.0)
    ], [value("x", [1, 2, 3, 3])], ["y"], [weight("g", 2), numpy_helper.from_array(numpy.array([1, 1, 2, 2], numpy.float32), "scales")]
    yield "indices", 18, [
        node("TopK", ["x", "k"], ["v", "i"]), node("Gather", ["table", "i"], ["g"]), node("ScatterElements", ["x", "i", "v"], ["s"], axis=1),
        node("GatherElements", ["x", "i"], ["e"], axis=1), node("Einsum", ["x", "e"], ["y"], equation="ij,ik->jk"),
        node("Resize", ["image", "", "", "sizes"], ["z"], mode="linear")
    ], [value("x", [3, 5]), value("image", [1, 1, 4, 4])], ["y", "g", "s", "z"], [whole("k", 2), weight("table", 5, 2), whole("sizes", 1, 1, 7, 6)]
    function = helper.make_function("local", "Twice", ["a"], ["b"], [
        node("Constant", [], ["two"], value_float=2.0), node("Mul", ["a", "two"], ["m"]), node("LeakyRelu", ["m"], ["b"])
    ], [helper.make_opsetid("", 17)])
    yield "functions", 17, [node("Twice", ["x"], ["a"], domain="local"), node("Twice", ["a"], ["y"], domain="local")], [value("x", [2, 3])], ["y"], [], [function]


def small(folder):
    for name, opset, nodes, inputs, outputs, initializers, *functions in small_models():
        graph = helper.make_graph(nodes, name, inputs, [helper.make_empty_tensor_value_info(output) for output in outputs], initializers)
        opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid("local", 1) for _ in functions]
        model = helper.make_model(graph, ir_version=8, opset_imports=opsets, functions=functions[0] if functions else ())
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    standard(folder)
    small(folder)


if __name__ == "__main__":
    main()
