"""Runs models with functions, nested graphs and names of all kinds through `ingot run` and a peer; the results must be close."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

node, graph, opset = helper.make_node, helper.make_graph, helper.make_opsetid
F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
LOCAL = opset("local", 1)


def value(name, shape, kind=F):
    return helper.make_tensor_value_info(name, kind, shape)


def refer(made, name, kind, to):
    """The node's attribute `name` is the function's attribute `to`."""
    made.attribute.add(name=name, type=kind, ref_attr_name=to)
    return made


def function(name, inputs, outputs, nodes, version=18, **kwargs):
    return helper.make_function("local", name, inputs, outputs, nodes, [opset("", version), LOCAL], **kwargs)


def model(nodes, inputs, outputs, initializers=(), functions=(), version=18, ir=10):
    made = graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(v, n) for n, v in initializers])
    return helper.make_model(made, opset_imports=[opset("", version), LOCAL], ir_version=ir, functions=functions)


def models():
    x, y = value("x", [3, 4]), value("y", None)
    flag = value("c", [], B)

    # A function calls a function; both have a value "t", as has the caller; the inner has an attribute of its own and one that is left out.
    scale = function("Scale", ["a"], ["b"], [
        refer(node("LeakyRelu", ["a"], ["t"]), "alpha", onnx.AttributeProto.FLOAT, "slope"),
        refer(node("Elu", ["t"], ["b"]), "alpha", onnx.AttributeProto.FLOAT, "missing"),
    ], attributes=["slope", "missing"])
    twice = function("Twice", ["t"], ["b"], [
        refer(node("Scale", ["t"], ["u"], domain="local"), "slope", onnx.AttributeProto.FLOAT, "first"),
        node("Scale", ["u"], ["b"], domain="local", slope=0.75),
    ], attribute_protos=[helper.make_attribute("first", 0.25)])
    yield "nested", model([
        node("Twice", ["x"], ["t"], domain="local"), node("Twice", ["t"], ["u"], domain="local", first=0.5), node("Add", ["t", "u"], ["y"]),
    ], [x], [y], functions=[scale, twice])

    # Bodies written for other opsets than the model's: axes as an attribute, and as an input.
    old = function("Old", ["a"], ["b"], [refer(node("ReduceMax", ["a"], ["b"], keepdims=0), "axes", onnx.AttributeProto.INTS, "axes")], version=11, attributes=["axes"])
    new = function("New", ["a"], ["b"], [
        refer(node("Constant", [], ["axes"]), "value_ints", onnx.AttributeProto.INTS, "axes"), node("ReduceMax", ["a", "axes"], ["b"]),
    ], version=20, attributes=["axes"])
    yield "opsets", model([node("Old", ["x"], ["o"], domain="local", axes=[0]), node("New", ["x"], ["n"], domain="local", axes=[1]), node("Add", ["o", "n"], ["y"])],
                          [x], [y], functions=[old, new], version=13)

    # Optional inputs and outputs that are left out, an output that is an input, one output twice.
    ends = function("Ends", ["a", "low", "high"], ["copy", "clipped", "unused"], [node("Clip", ["a", "low", "high"], ["clipped"]), node("Neg", ["a"], ["unused"]), node("Identity", ["a"], ["copy"])])
    same = function("Same", ["a"], ["a", "b"], [node("Neg", ["a"], ["b"])])
    yield "optional", model([node("Ends", ["x", "", "high"], ["", "t"], domain="local"), node("Same", ["t"], ["u", "v"], domain="local"), node("Sub", ["u", "v"], ["y"])],
                            [x], [y], [("high", np.float32(0.5))], [ends, same])

    # Nested graphs in a function use its inputs and attributes; sibling graphs have the same names, also those of the caller.
    def side(name, first):
        return graph([first, node("Twice", ["t"], ["r"], domain="local")], name, [], [value("r", None)])

    choose = function("Choose", ["p", "a"], ["t2"], [
        node("If", ["p"], ["t2"],
             then_branch=side("then", refer(node("LeakyRelu", ["a"], ["t"]), "alpha", onnx.AttributeProto.FLOAT, "slope")),
             else_branch=side("else", node("Neg", ["a"], ["t"]))),
    ], attributes=["slope"])
    body = graph([node("Choose", ["go", "r"], ["next"], domain="local", slope=0.5), node("Identity", ["go"], ["again"]), node("ReduceSum", ["next"], ["t"], keepdims=0)],
                 "body", [value("i", [], I), value("go", [], B), value("r", [3, 4])], [value("again", [], B), value("next", [3, 4]), value("t", [])])
    repeat = function("Repeat", ["a", "p"], ["r", "s"], [node("Constant", [], ["n"], value_int=3), node("Loop", ["n", "p", "a"], ["r", "s"], body=body)])
    yield "control", model([node("Choose", ["c", "x"], ["t"], domain="local", slope=0.1), node("Choose", ["c", "t"], ["r"], domain="local", slope=0.2),
                            node("Constant", [], ["always"], value=numpy_helper.from_array(np.array(True))), node("Repeat", ["r", "always"], ["q", "s"], domain="local"),
                            node("ReduceSum", ["s"], ["sum"], keepdims=0), node("Add", ["q", "sum"], ["y"])],
                           [x, flag], [y], functions=[scale, twice, choose, repeat])

    # A scan in a function, with a state.
    step = graph([node("Add", ["s", "e"], ["s2"]), node("Mul", ["s2", "w"], ["o"])], "step", [value("s", [4]), value("e", [4])], [value("s2", [4]), value("o", [4])])
    total = function("Total", ["a", "w"], ["last", "all"], [
        node("Constant", [], ["zero"], value_floats=[0.0] * 4), node("Scan", ["zero", "a"], ["last", "all"], body=step, num_scan_inputs=1),
    ])
    yield "scan", model([node("Total", ["x", "w"], ["l", "a"], domain="local"), node("Add", ["l", "a"], ["y"])], [x], [y], [("w", np.float32([1, 2, 3, 4]))], [total])

    # Functions of one name that differ by their overload.
    plus = function("Shift", ["a"], ["b"], [node("Constant", [], ["k"], value_float=2.0), node("Add", ["a", "k"], ["b"])], overload="plus")
    minus = function("Shift", ["a"], ["b"], [node("Constant", [], ["k"], value_float=3.0), node("Sub", ["a", "k"], ["b"])], overload="minus")
    yield "overloads", model([node("Shift", ["x"], ["t"], domain="local", overload="plus"), node("Shift", ["t"], ["u"], domain="local", overload="minus"), node("Mul", ["t", "u"], ["y"])],
                             [x], [y], functions=[plus, minus])

    # A large constant in a function that is called often.
    matrix = numpy_helper.from_array(np.random.default_rng(1).standard_normal((4, 4, 40)).astype(np.float32))
    weighted = function("Weighted", ["a"], ["b"], [node("Constant", [], ["w"], value=matrix), node("ReduceMean", ["w"], ["m"], keepdims=0), node("Add", ["a", "m"], ["b"])])
    yield "weights", model([node("Weighted", ["x"], ["t"], domain="local"), node("Weighted", ["t"], ["y"], domain="local")], [x], [y], functions=[weighted])

    # IR version 3: the initialiser is an input, too. Nodes have no names, and a branch has one that hides nothing.
    one = graph([node("Constant", [], ["k"], value=numpy_helper.from_array(np.float32([1, 2, 3, 4]))), node("Add", ["x", "k"], ["r"])], "one", [], [value("r", [3, 4])])
    two = graph([node("Mul", ["w", "x"], ["k"]), node("Squeeze", ["k"], ["r"])], "two", [], [value("r", [3, 4])])
    yield "branches", model([node("If", ["c"], ["y"], then_branch=one, else_branch=two)], [x, flag, value("w", [4])], [y], [("w", np.float32([1, 0, 2, 3]))], version=9, ir=3)


def peer(made, inputs):
    """onnxruntime takes no functions of other opsets than the model's and no values that a function passes on, the reference evaluator no attributes that are left out."""
    onnxruntime.set_default_logger_severity(4)
    try:
        return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    except Exception:
        return ReferenceEvaluator(made).run(None, inputs)[0]


def main():
    random = np.random.default_rng(0)
    for name, made in models():
        initialised = {t.name for t in made.graph.initializer}
        inputs = {}
        for declared in made.graph.input:
            if declared.name in initialised:
                continue
            shape = [d.dim_value for d in declared.type.tensor_type.shape.dim]
            inputs[declared.name] = np.array(False) if declared.type.tensor_type.elem_type == B else random.standard_normal(shape).astype(np.float32)
        expected = peer(made, inputs)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name + ".onnx")
            onnx.save(made, path)
            command = ["ingot", "run", path, "-o", folder]
            for key, array in inputs.items():
                np.save(os.path.join(folder, key + ".npy"), array)
                command += ["--input", f"{key}={folder}/{key}.npy"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            got = np.load(os.path.join(folder, "y.npy"))
        if got.shape != expected.shape or not np.allclose(got, expected, rtol=1e-5, atol=1e-6):
            sys.exit(f"{name}: {got} instead of {expected}")
        print(name)


main()
