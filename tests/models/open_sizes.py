"""Models whose sizes a call chooses: compiled once by each road, run with many sizes, compared with the standard's reference evaluator; and what is refused.

usage: open_sizes.py INGOT
"""

import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))
from ingot.backend import ROADS, CompileError, Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402
from expect import check, refused  # noqa: E402

random = np.random.default_rng(0)


def model(nodes, inputs, outputs, opset=17, **weights):
    """A model of nodes (type, inputs, output or outputs, attributes); inputs and outputs {name: shape}, weights {name: shape}."""
    made = [
        helper.make_node(kind, list(given), [result] if isinstance(result, str) else result, **attributes)
        for kind, given, result, attributes in nodes
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    constants = [numpy_helper.from_array(random.standard_normal(shape).astype("f"), name) for name, shape in weights.items()]
    graph = helper.make_graph(made, "open", values, results, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def body(nodes, inputs, outputs):
    """A graph inside of a node; inputs and outputs {name: (type, shape)}."""
    made = [helper.make_node(kind, list(given), [result], **attributes) for kind, given, result, attributes in nodes]
    values = [[helper.make_tensor_value_info(name, *told) for name, told in side.items()] for side in (inputs, outputs)]
    return helper.make_graph(made, "body", *values)


def collecting_loop():
    """As many iterations as x has rows; each adds x to what is carried, and collects the greatest of each column."""
    step = body(
        [("Add", ["sum", "x"], "next", {}), ("Identity", ["again"], "more", {}), ("ReduceMax", ["next"], "out", {"axes": [0], "keepdims": 0})],
        {"i": (TensorProto.INT64, []), "again": (TensorProto.BOOL, []), "sum": (TensorProto.FLOAT, None)},
        {"more": (TensorProto.BOOL, []), "next": (TensorProto.FLOAT, None), "out": (TensorProto.FLOAT, None)},
    )
    made = model(
        [
            ("Shape", ["x"], "shape", {"start": 0, "end": 1}),
            ("Squeeze", ["shape"], "rows", {}),
            ("Loop", ["rows", "always", "x"], ["last", "all"], {"body": step}),
        ],
        {"x": ["N", "S"]},
        {"last": None, "all": None},
    )
    made.graph.initializer.append(numpy_helper.from_array(np.array(True), "always"))
    return made


def split_into_pieces():
    """Pieces that are listed tell the open size that they add up to."""
    made = model(
        [
            ("SplitToSequence", ["x", "pieces"], "parts", {"axis": 1}),
            ("SequenceAt", ["parts", "one"], "y", {}),
        ],
        {"x": ["N", "S"]},
        {"y": None},
    )
    numbers = {"pieces": [3, 4], "one": 1}
    made.graph.initializer.extend(numpy_helper.from_array(np.array(number, np.int64), name) for name, number in numbers.items())
    return made


def summing_scan():
    """Running sums of the rows."""
    step = body(
        [("Add", ["sum", "row"], "next", {}), ("Tanh", ["next"], "out", {})],
        {"sum": (TensorProto.FLOAT, None), "row": (TensorProto.FLOAT, None)},
        {"next": (TensorProto.FLOAT, None), "out": (TensorProto.FLOAT, None)},
    )
    return model(
        [("Scan", ["first", "x"], ["last", "all"], {"body": step, "num_scan_inputs": 1})],
        {"first": ["B", "S"], "x": ["T", "B", "S"]},
        {"last": None, "all": None},
    )


def recurrent(kind, gates):
    """An open number of steps of an open batch."""
    return model(
        [(kind, ["x", "w", "r", "b"], ["y", "h"], {"hidden_size": 9})],
        {"x": ["T", "B", 6]},
        {"y": None, "h": None},
        w=(1, gates * 9, 6),
        r=(1, gates * 9, 9),
        b=(1, 2 * gates * 9),
    )


def exported_heads():
    """A hidden size split into heads and cut, by the arithmetic on shapes that exporters write."""
    made = model(
        [
            ("Shape", ["x"], "shape", {}),
            ("Gather", ["shape", "zero"], "batch", {"axis": 0}),
            ("Gather", ["shape", "one"], "length", {"axis": 0}),
            ("Unsqueeze", ["batch", "first"], "b1", {}),
            ("Unsqueeze", ["length", "first"], "s1", {}),
            ("Concat", ["b1", "s1", "four", "minus"], "split", {"axis": 0}),
            ("Reshape", ["x", "split"], "h", {}),
            ("Transpose", ["h"], "t", {"perm": [0, 2, 1, 3]}),
            ("Sub", ["s1", "first1"], "last", {}),
            ("Slice", ["t", "last", "s1", "two"], "cut", {}),
            ("ConstantOfShape", ["s1"], "zeros", {}),
            ("Unsqueeze", ["zeros", "first1"], "column", {}),
            ("Add", ["cut", "column"], "y", {}),
        ],
        {"x": ["B", "S", 12]},
        {"y": None},
    )
    numbers = {"zero": 0, "one": 1, "first": [0], "first1": [1], "four": [4], "minus": [-1], "two": [2]}
    made.graph.initializer.extend(numpy_helper.from_array(np.array(number, np.int64), name) for name, number in numbers.items())
    return made


MODELS = {
    "perceptron": (
        model(
            [
                ("Gemm", ["x", "w", "b"], "h", {}),
                ("Relu", ["h"], "r", {}),
                ("MatMul", ["r", "w2"], "z", {}),
                ("Softmax", ["z"], "y", {"axis": -1}),
            ],
            {"x": ["N", 37]},
            {"y": ["N", 11]},
            w=(37, 50),
            b=(50,),
            w2=(50, 11),
        ),
        [{"N": n} for n in (1, 2, 5, 6, 7, 100)],
    ),
    "attention": (
        model(
            [
                ("Transpose", ["k"], "kt", {"perm": [0, 2, 1]}),
                ("MatMul", ["q", "kt"], "s", {}),
                ("Softmax", ["s"], "p", {"axis": -1}),
                ("MatMul", ["p", "v"], "o", {}),
                ("ReduceMean", ["o"], "m", {"axes": [1]}),
                ("Sub", ["o", "m"], "y", {}),
            ],
            {name: ["B", "S", 16] for name in "qkv"},
            {"y": ["B", "S", 16]},
        ),
        [{"B": b, "S": s} for b, s in ((1, 1), (2, 5), (3, 8), (1, 40))],
    ),
    "convolution": (
        model(
            [
                ("Conv", ["x", "w", "b"], "c", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
                ("Relu", ["c"], "r", {}),
                ("MaxPool", ["r"], "p", {"kernel_shape": [2, 2], "strides": [2, 2]}),
                ("Flatten", ["p"], "f", {}),
                ("Gemm", ["f", "w2", "b2"], "y", {}),
            ],
            {"x": ["N", 3, 16, 16]},
            {"y": ["N", 5]},
            w=(8, 3, 3, 3),
            b=(8,),
            w2=(128, 5),
            b2=(5,),
        ),
        [{"N": n} for n in (1, 3)],
    ),
    "spatial": (
        model(
            [
                ("Conv", ["x", "w", "b"], "c", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
                ("AveragePool", ["c"], "a", {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"}),
                ("MaxPool", ["a"], "p", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
                ("GlobalAveragePool", ["p"], "y", {}),
            ],
            {"x": ["N", 3, "H", "W"]},
            {"y": None},
            w=(8, 3, 3, 3),
            b=(8,),
        ),
        [{"N": n, "H": h, "W": w} for n, h, w in ((1, 8, 8), (2, 13, 9), (1, 3, 30))],
    ),
    "heads": (
        exported_heads(),
        [{"B": b, "S": s} for b, s in ((1, 1), (2, 5), (3, 8))],
    ),
    "heads shared": (
        model(
            [("Attention", ["q", "k", "v"], "y", {"q_num_heads": 6, "kv_num_heads": 2, "is_causal": 1})],
            {"q": ["B", "S", 48], "k": ["B", "S", 16], "v": ["B", "S", 16]},
            {"y": None},
            opset=24,
        ),
        [{"B": b, "S": s} for b, s in ((1, 1), (2, 5), (3, 19))],
    ),
    "heads open": (
        model(
            [("Attention", ["q", "k", "v"], "y", {})],
            {"q": ["B", "Q", "S", 8], "k": ["B", "K", "S", 8], "v": ["B", "K", "S", 8]},
            {"y": None},
            opset=24,
        ),
        [{"B": b, "Q": q, "K": k, "S": s} for b, q, k, s in ((1, 4, 4, 3), (2, 6, 2, 9), (1, 5, 1, 1))],
    ),
    "separable": (
        model(
            [
                ("Conv", ["x", "w", "b"], "c", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
                ("Clip", ["c", "zero"], "r", {}),
                ("Conv", ["r", "d"], "e", {"pads": [1, 1, 1, 1], "group": 24}),
                ("Relu", ["e"], "f", {}),
                ("Conv", ["f", "p"], "g", {}),
                ("Add", ["g", "r"], "h", {}),
                ("Concat", ["h", "r"], "i", {"axis": 1}),
                ("AveragePool", ["i"], "j", {"kernel_shape": [2, 2]}),
                ("Transpose", ["j"], "k", {"perm": [0, 2, 3, 1]}),
                ("Softmax", ["k"], "y", {"axis": -1}),
            ],
            {"x": ["N", 3, "H", "W"]},
            {"y": None},
            w=(24, 3, 3, 3),
            b=(24,),
            d=(24, 1, 3, 3),
            p=(24, 24, 1, 1),
            zero=(),
        ),
        [{"N": n, "H": h, "W": w} for n, h, w in ((1, 24, 24), (3, 13, 30), (2, 3, 5))],
    ),
    "pieces": (split_into_pieces(), [{"N": n, "S": 7} for n in (1, 5)]),
    "loop": (collecting_loop(), [{"N": n, "S": s} for n, s in ((1, 1), (4, 7), (20, 33))]),
    "scan": (summing_scan(), [{"B": b, "T": t, "S": s} for b, t, s in ((1, 1, 1), (2, 5, 7), (3, 40, 16))]),
    "lstm": (recurrent("LSTM", 4), [{"B": b, "T": t} for b, t in ((1, 1), (2, 5), (3, 40))]),
    "gru": (recurrent("GRU", 3), [{"B": b, "T": t} for b, t in ((1, 1), (2, 5), (3, 40))]),
    "mask that masks nothing": (
        model(
            [
                ("Shape", ["x"], "shape", {"start": -1}),
                ("ConstantOfShape", ["shape"], "mask", {}),
                ("ReduceMax", ["mask"], "most", {"keepdims": 1}),
                ("Less", ["most", "x"], "some", {}),
                ("Where", ["some", "x", "mask"], "y", {}),
            ],
            {"x": ["N", "S"]},
            {"y": None},
        ),
        [{"N": n, "S": s} for n, s in ((1, 1), (4, 7), (3, 40))],
    ),
    "concatenation": (
        model(
            [
                ("Concat", ["x", "y"], "c", {"axis": 1}),
                ("Tanh", ["c"], "t", {}),
                ("ReduceSum", ["t"], "s", {"keepdims": 1}),
                ("Div", ["t", "s"], "z", {}),
            ],
            {"x": ["N", "A"], "y": ["N", "B"]},
            {"z": ["N", None]},
        ),
        [{"N": n, "A": a, "B": b} for n, a, b in ((1, 1, 1), (2, 7, 9), (5, 16, 3))],
    ),
}


def check_road(road):
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder, road, "-O1")
        workshop.add(proto for proto, _ in MODELS.values())
        for name, (proto, choices) in MODELS.items():
            compiled = workshop.get(proto)
            reference = ReferenceEvaluator(proto)
            for sizes in choices:
                shapes = [[sizes.get(d.dim_param, d.dim_value) for d in value.type.tensor_type.shape.dim] for value in proto.graph.input]
                values = [random.standard_normal(shape).astype("f") for shape in shapes]
                expected = reference.run(None, {value.name: array for value, array in zip(proto.graph.input, values)})
                for got, wanted in zip(compiled.run(values), expected):
                    check(got.shape == wanted.shape, f"{name} {sizes}: {got.shape} instead of {wanted.shape}")
                    check(np.allclose(got, wanted, rtol=1e-4, atol=1e-5), f"{name} {sizes}: off by {np.abs(got - wanted).max()}")
            print(f"{name}: {len(choices)} choices of sizes, by the road '{road}'")

        perceptron = workshop.get(MODELS["perceptron"][0])
        refused(lambda: perceptron.run([np.zeros((0, 37), "f")]), ModelError, "a size is less than 1")
        refused(lambda: perceptron.run([np.zeros((2, 36), "f")]), ModelError, "input 'x' is float32")
        attention = workshop.get(MODELS["attention"][0])
        q = np.zeros((1, 2, 16), "f")
        refused(lambda: attention.run([q, q, np.zeros((1, 3, 16), "f")]), ModelError, "input 'v' is float32 (1, 2, 16)")

        # Sizes of different names that meet are asked to be equal when the model is run; an open one and a static one, too.
        zeros = np.zeros
        for nodes, inputs, weights, fits, fails in (
            ([("Add", ["x", "y"], "z", {})], {"x": ["A"], "y": ["B"]}, {}, [(3,), (3,)], [(3,), (4,)]),
            ([("Add", ["x", "w"], "z", {})], {"x": ["A", 4]}, {"w": (3, 4)}, [(3, 4)], [(2, 4)]),
            ([("MatMul", ["x", "w"], "z", {})], {"x": [2, "A"]}, {"w": (64, 4)}, [(2, 64)], [(2, 65)]),
            ([("Gemm", ["x", "w", "b"], "z", {})], {"x": ["A", 8]}, {"w": (8, 4), "b": (3, 4)}, [(3, 8)], [(4, 8)]),
            ([("MatMul", ["x", "w"], "z", {})], {"x": ["A", 2, 8]}, {"w": (5, 8, 4)}, [(5, 2, 8)], [(6, 2, 8)]),
            ([("Concat", ["x", "w"], "z", {"axis": 1})], {"x": ["A", 4]}, {"w": (3, 4)}, [(3, 4)], [(5, 4)]),
        ):
            pair = workshop.get(model(nodes, inputs, {"z": None}, **weights))
            pair.run([zeros(shape, "f") for shape in fits])
            refused(lambda: pair.run([zeros(shape, "f") for shape in fails]), ModelError, "a size is less than 1")
        fixed = model([("Resize", ["x", "", "scales"], "y", {"mode": "linear"})], {"x": ["N", 3]}, {"y": None})
        fixed.graph.initializer.append(numpy_helper.from_array(np.array([1, 2], "f"), "scales"))
        refused(lambda: workshop.get(fixed), CompileError, "node 'y' (Resize): works with static sizes only")


def main():
    os.environ["INGOT"] = sys.argv[1]
    for road in ROADS:
        check_road(road)
    return 0


if __name__ == "__main__":
    sys.exit(main())
