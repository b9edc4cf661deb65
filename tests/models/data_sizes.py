"""Models whose sizes data give: compiled once by each road, run on data that give few, many and no elements, compared with the standard's reference
evaluator; what is refused; and data that no memory could hold.

usage: data_sizes.py INGOT
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "python"))
from ingot.backend import ROADS, CompileError, Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402
from expect import check, refused  # noqa: E402

random = np.random.default_rng(0)
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def model(nodes, inputs, outputs, opset=17, **constants):
    """A model of nodes (type, inputs, outputs, attributes); inputs {name: (type, shape)}, outputs {name: (type, rank)}, constants {name: array}."""
    made = [helper.make_node(kind, given, results, **attributes) for kind, given, results, attributes in nodes]
    values = [helper.make_tensor_value_info(name, *described) for name, described in inputs.items()]
    results = [helper.make_tensor_value_info(name, kind, [None] * rank) for name, (kind, rank) in outputs.items()]
    weights = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(made, "data", values, results, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def sparse(shape, share):
    """Whole numbers, of which that share is not zero."""
    return (random.integers(1, 9, shape) * (random.random(shape) < share)).astype("f")


def boxes(count, spread):
    corner = random.random((1, count, 2)) * spread
    return np.concatenate([corner, corner + 1], axis=2).astype("f")


SHARES = (0, 0.02, 0.3, 1)

MODELS = {
    # Places of what is not zero, one a row, and the values there.
    "places": (
        model(
            [
                ("NonZero", ["x"], ["places"], {}),
                ("Transpose", ["places"], ["rows"], {}),
                ("GatherND", ["x", "rows"], ["values"], {}),
                ("ReduceSum", ["values"], ["sum"], {"keepdims": 0}),
            ],
            {"x": (FLOAT, [3, 5, 7])},
            {"rows": (INT64, 2), "values": (FLOAT, 1), "sum": (FLOAT, 0)},
        ),
        [(sparse((3, 5, 7), share),) for share in SHARES],
    ),
    "kept rows": (
        model(
            [
                ("Greater", ["score", "least"], ["keep"], {}),
                ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
                ("MatMul", ["kept", "w"], ["product"], {}),
                ("Add", ["product", "b"], ["moved"], {}),
                ("Softmax", ["moved"], ["y"], {"axis": -1}),
                ("ReduceSum", ["kept", "axes"], ["sums"], {"keepdims": 0}),
                ("Concat", ["kept", "x"], ["all"], {"axis": 0}),
            ],
            {"x": (FLOAT, [40, 6]), "score": (FLOAT, [40])},
            {"y": (FLOAT, 2), "sums": (FLOAT, 1), "all": (FLOAT, 2)},
            least=np.float32(0.5),
            w=random.standard_normal((6, 20)).astype("f"),
            b=random.standard_normal(20).astype("f"),
            axes=np.array([0]),
        ),
        [
            (random.standard_normal((40, 6)).astype("f"), (random.random(40) * scale).astype("f"))
            for scale in (0.4, 0.6, 1, 9)
        ],
    ),
    "kept elements": (
        model(
            [("Compress", ["x", "keep"], ["y"], {}), ("Relu", ["y"], ["z"], {}), ("Unsqueeze", ["z", "one"], ["column"], {})],
            {"x": (FLOAT, [5, 9]), "keep": (BOOL, [44])},
            {"y": (FLOAT, 1), "column": (FLOAT, 2)},
            one=np.array([1]),
        ),
        [(random.standard_normal((5, 9)).astype("f"), random.random(44) < share) for share in SHARES],
    ),
    "different": (
        model(
            [("Unique", ["x"], ["y", "first", "place", "count"], {"sorted": 1}), ("Mul", ["y", "y"], ["square"], {})],
            {"x": (FLOAT, [4, 8])},
            {"y": (FLOAT, 1), "first": (INT64, 1), "place": (INT64, 1), "count": (INT64, 1), "square": (FLOAT, 1)},
        ),
        [(random.integers(0, most, (4, 8)).astype("f"),) for most in (1, 3, 1000)],
    ),
    "different rows": (
        model(
            [("Unique", ["x"], ["y", "first", "place", "count"], {"axis": 0, "sorted": 0})],
            {"x": (INT64, [9, 2])},
            {"y": (INT64, 2), "first": (INT64, 1), "place": (INT64, 1), "count": (INT64, 1)},
        ),
        [(random.integers(0, most, (9, 2)),) for most in (1, 3, 1000)],
    ),
    "taken": (
        model(
            [("Compress", ["x", "keep"], ["kept"], {"axis": 0}), ("Gather", ["kept", "places"], ["y"], {"axis": 0})],
            {"x": (FLOAT, [6, 2]), "keep": (BOOL, [6]), "places": (INT64, [1])},
            {"y": (FLOAT, 2)},
        ),
        [(random.standard_normal((6, 2)).astype("f"), np.array([1, 0, 0, 1, 1, 0], bool), np.array([place])) for place in (0, 2, -3)],
    ),
    "kept pictures": (
        model(
            [
                ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
                ("Conv", ["kept", "w", "b"], ["c"], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
                ("Relu", ["c"], ["r"], {}),
                ("MaxPool", ["r"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
                ("Flatten", ["p"], ["f"], {}),
                ("Gemm", ["f", "w2"], ["y"], {}),
            ],
            {"x": (FLOAT, [7, 3, 16, 16]), "keep": (BOOL, [7])},
            {"p": (FLOAT, 4), "y": (FLOAT, 2)},
            w=random.standard_normal((8, 3, 3, 3)).astype("f"),
            b=random.standard_normal(8).astype("f"),
            w2=random.standard_normal((128, 5)).astype("f"),
        ),
        [(random.standard_normal((7, 3, 16, 16)).astype("f"), np.arange(7) % step == 0) for step in (1, 2, 5, 7)],
    ),
    # A call chooses how many rows there are, data how many columns.
    "columns": (
        model(
            [
                ("NonZero", ["keep"], ["places"], {}),
                ("Squeeze", ["places", "zero"], ["columns"], {}),
                ("Gather", ["x", "columns"], ["kept"], {"axis": 1}),
                ("ReduceMean", ["kept"], ["mean"], {"axes": [1]}),
                ("Sub", ["kept", "mean"], ["y"], {}),
                ("Transpose", ["y"], ["z"], {"perm": [1, 0]}),
                ("MatMul", ["y", "z"], ["products"], {}),
            ],
            {"x": (FLOAT, ["N", 9]), "keep": (BOOL, [9])},
            {"products": (FLOAT, 2), "y": (FLOAT, 2)},
            zero=np.array([0]),
        ),
        [(random.standard_normal((n, 9)).astype("f"), np.arange(9) % step == 0) for n in (1, 5, 30) for step in (1, 4, 20)],
    ),
    # The end of a detector: the boxes that are left, with their scores.
    "detector": (
        model(
            [
                ("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["chosen"], {}),
                ("Gather", ["chosen", "two"], ["places"], {"axis": 1}),
                ("Gather", ["boxes", "places"], ["found"], {"axis": 1}),
                ("GatherND", ["scores", "chosen"], ["certain"], {}),
                ("Shape", ["found"], ["number"], {"start": 1, "end": 2}),
                ("Size", ["found"], ["size"], {}),
            ],
            {"boxes": (FLOAT, [1, 30, 4]), "scores": (FLOAT, [1, 2, 30])},
            {"chosen": (INT64, 2), "found": (FLOAT, 3), "certain": (FLOAT, 1), "number": (INT64, 1), "size": (INT64, 0)},
            most=np.array([7]),
            overlap=np.array([0.3], "f"),
            least=np.array([0.5], "f"),
        two=np.array(2),
        ),
        [(boxes(30, spread), (random.random((1, 2, 30)) * scale).astype("f")) for spread in (2, 20) for scale in (0.4, 1)],
    ),
}


def loop(most, ends, dimensions=(None, 2)):
    """A loop of at most that many iterations that grows two results; where `ends`, only while the sum is below a limit. None: an input says how many."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["sum", "step"], ["next"]),
            helper.make_node("ReduceSum", ["next", "axes"], ["total"], keepdims=0),
            helper.make_node("Less" if ends else "Identity", ["total", "limit"] if ends else ["again"], ["go on"]),
            helper.make_node("Identity", ["next"], ["seen"]),
            helper.make_node("Mul", ["i", "i"], ["number"]),
            helper.make_node("Unsqueeze", ["number", "axes"], ["square"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", INT64, []),
            helper.make_tensor_value_info("again", BOOL, []),
            helper.make_tensor_value_info("sum", FLOAT, [2]),
        ],
        [
            helper.make_tensor_value_info("go on", BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, [2]),
            helper.make_tensor_value_info("seen", FLOAT, [2]),
            helper.make_tensor_value_info("square", INT64, [1]),
        ],
    )
    proto = model(
        [("Loop", ["most", "start", "x"], ["last", "all", "squares"], {"body": body}), ("Relu", ["all"], ["positive"], {})],
        {"x": (FLOAT, [2]), "step": (FLOAT, [2]), "limit": (FLOAT, []), "start": (BOOL, [])},
        {"last": (FLOAT, 1), "all": (FLOAT, 2), "squares": (INT64, 2), "positive": (FLOAT, 2)},
        axes=np.array([0]),
        **({} if most is None else {"most": np.array(most)}),
    )
    if most is None:
        proto.graph.input.append(helper.make_tensor_value_info("most", INT64, []))
    if dimensions[0]:
        proto.graph.output[1].CopyFrom(helper.make_tensor_value_info("all", FLOAT, dimensions))
    return proto


def branch(name, nodes, results):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(result, FLOAT, shape) for result, shape in results.items()])


def repeated():
    """A loop that adds up what is above the sum's mean, as long as something is; a branch in it counts."""
    some = branch(
        "some",
        [
            helper.make_node("Compress", ["x", "above"], ["high"], axis=0),
            helper.make_node("Mul", ["high", "high"], ["squares"]),
            helper.make_node("ReduceSum", ["squares", "axes"], ["more"], keepdims=1),
        ],
        {"more": [1]},
    )
    none = branch("none", [helper.make_node("Identity", ["sum"], ["same"])], {"same": [1]})
    body = helper.make_graph(
        [
            helper.make_node("Greater", ["x", "sum"], ["above"]),
            helper.make_node("Compress", ["x", "above"], ["kept"], axis=0),
            helper.make_node("ReduceSum", ["kept", "axes"], ["part"], keepdims=1),
            helper.make_node("Less", ["i", "two"], ["early"]),
            helper.make_node("If", ["early"], ["bonus"], then_branch=some, else_branch=none),
            helper.make_node("Sum", ["sum", "part", "bonus"], ["next"]),
            helper.make_node("Identity", ["again"], ["go on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", INT64, []),
            helper.make_tensor_value_info("again", BOOL, []),
            helper.make_tensor_value_info("sum", FLOAT, [1]),
        ],
        [helper.make_tensor_value_info("go on", BOOL, []), helper.make_tensor_value_info("next", FLOAT, [1])],
    )
    return model(
        [("Loop", ["most", "always", "start"], ["y"], {"body": body})],
        {"x": (FLOAT, [12]), "start": (FLOAT, [1])},
        {"y": (FLOAT, 1)},
        most=np.array(4),
        always=np.array(True),
        two=np.array(2),
        axes=np.array([0]),
    )


MODELS["repeated"] = (repeated(), [(np.arange(12).astype("f") / 100, np.array([start], "f")) for start in (0.03, -1, 9)])


def grown(limit, start=True):
    return np.array([-1, 0], "f"), np.array([0.5, 1], "f"), np.array(limit, "f"), np.array(start)


MODELS["grown"] = (loop(11, ends=True), [grown(0.9), grown(5), grown(100)])
MODELS["grown to the end"] = (loop(11, ends=False), [grown(0)])
MODELS["grown as declared"] = (loop(11, ends=True, dimensions=(4, 2)), [grown(5)])

# Sizes that data give beside some that a call chooses.
MODELS["beside open ones"] = (
    model(
        [
            ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
            ("Concat", ["kept", "z"], ["all"], {"axis": 0}),
            ("Shape", ["all"], ["shape"], {}),
            ("Slice", ["z", "begin", "end"], ["inner"], {}),
            ("Transpose", ["inner"], ["turned"], {"perm": [1, 0]}),
            ("MatMul", ["kept", "turned"], ["products"], {}),
            ("Reshape", ["products", "flat"], ["y"], {}),
        ],
        {"x": (FLOAT, [6, 4]), "keep": (BOOL, [6]), "z": (FLOAT, ["N", 4])},
        {"all": (FLOAT, 2), "shape": (INT64, 1), "y": (FLOAT, 1)},
        begin=np.array([1]),
        end=np.array([-1]),
        flat=np.array([-1]),
    ),
    [
        (random.random((6, 4)).astype("f"), random.random(6) < share, random.random((rows, 4)).astype("f"))
        for share, rows in ((1, 3), (0.5, 8), (0, 5))
    ],
)

# What is not followed, with a part of what is said.
TWO = {"x": (FLOAT, [6]), "a": (BOOL, [6]), "b": (BOOL, [6])}
BOTH = [("Compress", ["x", "a"], ["p"], {}), ("Compress", ["x", "b"], ["q"], {})]
REFUSED = [
    ("sum of two", model(BOTH + [("Add", ["p", "q"], ["y"], {})], TWO, {"y": (FLOAT, 1)}), "node 'y' (Add): its inputs have sizes"),
    # Constants of one number are no operands of what is computed; their shapes count all the same.
    (
        "bias of another size",
        model(
            [("Compress", ["m", "a"], ["p"], {"axis": 0}), ("Gemm", ["p", "w", "b"], ["y"], {})],
            {"m": (FLOAT, [6, 4]), "a": (BOOL, [6])},
            {"y": (FLOAT, 2)},
            w=np.ones((4, 3), "f"),
            b=np.ones((2, 3), "f"),
        ),
        "node 'y' (Gemm): its inputs have sizes",
    ),
    ("running sum", model(BOTH[:1] + [("CumSum", ["p", "axis"], ["y"], {})], TWO, {"y": (FLOAT, 1)}, axis=np.array(0)), "node 'y' (CumSum): works with"),
    (
        "branch",
        model(
            [
                (
                    "If",
                    ["c"],
                    ["y"],
                    {
                        "then_branch": branch("p", [helper.make_node("Compress", ["x", "a"], ["p"], axis=0)], {"p": [None]}),
                        "else_branch": branch("q", [helper.make_node("Compress", ["x", "b"], ["q"], axis=0)], {"q": [None]}),
                    },
                ),
            ],
            dict(TWO, c=(BOOL, [])),
            {"y": (FLOAT, 1)},
        ),
        "node 'y' (If): the shape of a result depends on data",
    ),
    ("loop without end", loop(None, ends=True), "nothing bounds how many results"),
    (
        "more than memory holds",
        model(
            [("NonZero", ["x"], ["n"], {}), ("Gather", ["w", "n"], ["y"], {}), ("Gather", ["y", "n"], ["z"], {}), ("Gather", ["z", "n"], ["u"], {})],
            {"x": (FLOAT, [100000]), "w": (FLOAT, [10])},
            {"u": (FLOAT, 4)},
        ),
        "can be larger than 1 TB",
    ),
]


def check_road(road):
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder, road, "-O1")
        workshop.add(proto for proto, _ in MODELS.values())
        for name, (proto, runs) in MODELS.items():
            compiled = workshop.get(proto)
            reference = ReferenceEvaluator(proto)
            shapes = []
            for values in runs:
                expected = reference.run(None, {value.name: array for value, array in zip(proto.graph.input, values)})
                results = compiled.run(values)
                shapes.append(results[1 % len(results)].shape)
                for got, wanted, output in zip(results, expected, proto.graph.output):
                    wanted = np.asarray(wanted)
                    check(got.shape == wanted.shape, f"{road} {name}: {output.name} is {got.shape} instead of {wanted.shape}")
                    check(np.allclose(got, wanted, rtol=1e-4, atol=1e-5), f"{road} {name}: {output.name} is\n{got} instead of\n{wanted}")
            print(f"{road} {name}: {', '.join(map(str, shapes))}")

        # The reference evaluator cannot flatten nothing, nor collect it.
        pictures = workshop.get(MODELS["kept pictures"][0]).run([np.ones((7, 3, 16, 16), "f"), np.zeros(7, bool)])
        check([array.shape for array in pictures] == [(0, 8, 4, 4), (0, 5)], f"{road} kept pictures, none: {pictures}")
        values = grown(5, start=False)
        for name in ("grown", "grown to the end"):
            last, everything, squares, positive = workshop.get(MODELS[name][0]).run(values)
            check(np.array_equal(last, values[0]), f"{road} {name}, not at all: {last}")
            shapes = everything.shape, squares.shape, positive.shape
            check(shapes == ((0, 2), (0, 1), (0, 2)), f"{road} {name}, not at all: {shapes}")

        # Other data than the model declares, and places that are outside.
        refused(lambda: workshop.get(MODELS["grown as declared"][0]).run(grown(100)), ModelError, "out of range")
        outside = workshop.get(MODELS["taken"][0])
        for keep, place in (([True] * 6, 6), ([True] + [False] * 5, 1), ([False] * 6, 0), ([True] * 6, -7), ([True] * 6, 2**62)):
            values = [np.ones((6, 2), "f"), np.array(keep), np.array([place])]
            refused(lambda: outside.run(values), ModelError, "out of range")

        for _, proto, text in REFUSED:
            refused(lambda: workshop.get(proto), CompileError, text)


def check_program(road):
    """A C++ program that knows the models by their headers (data_sizes.cpp), without a warning and without a byte beside its memory."""
    flags = ["-std=c++17", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsanitize=address,undefined"]
    with tempfile.TemporaryDirectory() as folder:
        inputs = [str(HERE / "data_sizes.cpp")]
        for name in ("places", "taken"):
            onnx.save(MODELS[name][0], f"{folder}/{name}.onnx")
            subprocess.run([sys.argv[1], "compile", f"{folder}/{name}.onnx", "-o", folder, "--emit", road], check=True)
            inputs += sorted(map(str, pathlib.Path(folder).glob(name + ("*.cpp" if road == "cpp" else "*.o"))))
        target = subprocess.run([sys.argv[1], "targets", "--flags", "native"], check=True, capture_output=True, text=True).stdout.split()
        command = [os.environ.get("CXX", "c++"), *target, *flags, "-I" + folder, *inputs, "-o", folder + "/program"]
        check(subprocess.run(command).returncode == 0, f"{road}: the program does not build")
        check(subprocess.run([folder + "/program"]).returncode == 0, f"{road}: the program fails")
        print(f"{road}: a program with the headers")


def main():
    os.environ["INGOT"] = sys.argv[1]
    for road in ROADS:
        check_road(road)
        check_program(road)
    return 0


if __name__ == "__main__":
    sys.exit(main())
