"""Models whose sizes a call chooses: compiled once by each road, run with many sizes, compared with the standard's reference evaluator or, where that is slow
or not as the standard says, onnxruntime; and what is refused.

usage: open_sizes.py INGOT
"""

import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests" / "operators")]
from ingot.backend import ROADS, CompileError, Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402
from expect import check, refused  # noqa: E402
import learning_cases  # noqa: E402
import models  # noqa: E402

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


def with_constants(made, **constants):
    made.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    return made


def resized(inputs, how, **constants):
    """Resize of `x` (N, 2, H, W) by constants, its inputs behind the first."""
    nodes = [("Resize", ["x", *inputs], "y", how)]
    made = with_constants(model(nodes, {"x": ["N", 2, "H", "W"]}, {"y": None}), **constants)
    made.opset_import[0].version = 19
    return made


def pyramid():
    """Features of a coarse level, made larger and added to the finer one; then as large as the image."""
    made = model(
        [
            ("Conv", ["x", "w", "b"], "fine", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
            ("Conv", ["fine", "w2", "b"], "coarse", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
            ("Resize", ["coarse", "", "twice"], "large", {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
            ("Add", ["large", "fine"], "sum", {}),
            ("Shape", ["x"], "shape", {}),
            ("Slice", ["shape", "two", "four"], "space", {}),
            ("Shape", ["sum"], "depth", {}),
            ("Slice", ["depth", "zero", "two"], "front", {}),
            ("Concat", ["front", "space"], "whole", {"axis": 0}),
            ("Resize", ["sum", "", "", "whole"], "y", {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}),
        ],
        {"x": ["N", 3, "H", "W"]},
        {"y": None},
        w=(8, 3, 3, 3),
        b=(8,),
        w2=(8, 8, 3, 3),
    )
    return with_constants(made, twice=np.array([1, 1, 2, 2], "f"), zero=[0], two=[2], four=[4])


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

IMAGES = [{"N": n, "H": h, "W": w} for n, h, w in ((1, 30, 44), (2, 17, 9), (1, 5, 61))]
RESIZES = {
    "pyramid": (pyramid(), [{"N": n, "H": h, "W": w} for n, h, w in ((1, 64, 96), (2, 16, 48), (1, 4, 8))]),
    "nearest": (resized(["", "by"], {"mode": "nearest"}, by=np.array([1, 1, 1.7, 0.6], "f")), IMAGES),
    "nearest_smaller": (resized(["", "by"], {"mode": "nearest"}, by=np.array([1, 1, 0.5, 3], "f")), IMAGES),
    "linear": (resized(["", "by"], {"mode": "linear"}, by=np.array([1, 1, 2.5, 0.75], "f")), IMAGES),
    "linear_corners": (
        resized(["", "", "to"], {"mode": "linear", "coordinate_transformation_mode": "align_corners", "axes": [2, 3]}, to=[40, 33]),
        IMAGES,
    ),
    "cubic": (resized(["", "by"], {"mode": "cubic"}, by=np.array([1, 1, 2, 1.5], "f")), IMAGES),
    "smooth": (resized(["", "", "to"], {"mode": "linear", "antialias": 1, "axes": [2, 3]}, to=[5, 7]), IMAGES[:2]),
    "cropped": (
        resized(
            ["part", "", "to"],
            {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 3.0, "axes": [2, 3]},
            part=np.array([0.2, -0.1, 0.7, 1.2], "f"),
            to=[12, 20],
        ),
        IMAGES,
    ),
}


def operators(nodes, inputs, outputs, **constants):
    """A model of nodes (type, inputs, outputs, attributes) with inputs {name: (shape, type)}, of a newer opset than the others."""
    made = [helper.make_node(kind, list(given), list(results), **attributes) for kind, given, results, attributes in nodes]
    values = [helper.make_tensor_value_info(name, kind, shape) for name, (shape, kind) in inputs.items()]
    results = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(made, "operators", values, results, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def normal(*shape):
    return random.standard_normal(shape).astype("f")


def boxes(count, size):
    """Corners (x1, y1, x2, y2) inside of a square."""
    corners = np.sort(random.uniform(0, size, (count, 2, 2)), axis=1)
    return corners.reshape(count, 4).astype("f")


# Models and the inputs for some choices of sizes; compared with onnxruntime.
OPERATORS = {
    "sampling": (
        operators(
            [
                ("GridSample", ["x", "grid"], ["linear"], {"mode": "linear", "padding_mode": "reflection"}),
                ("GridSample", ["x", "grid"], ["cubic"], {"mode": "cubic", "align_corners": 1}),
                ("GridSample", ["x", "grid"], ["nearest"], {"mode": "nearest", "align_corners": 1, "padding_mode": "reflection"}),
            ],
            {"x": (["N", 3, "H", "W"], FLOAT), "grid": (["N", "P", "Q", "D"], FLOAT)},
            {"linear": FLOAT, "cubic": FLOAT, "nearest": FLOAT},
        ),
        [(normal(n, 3, h, w), normal(n, p, q, 2)) for n, h, w, p, q in ((1, 20, 31, 9, 17), (2, 7, 5, 30, 2), (1, 1, 8, 3, 3))],
    ),
    "regions": (
        operators(
            [("RoiAlign", ["x", "rois", "images"], ["y"], {"output_height": 5, "output_width": 7, "sampling_ratio": 2, "spatial_scale": 0.5})],
            {"x": (["N", 4, "H", "W"], FLOAT), "rois": (["R", 4], FLOAT), "images": (["R"], INT64)},
            {"y": FLOAT},
        ),
        [(normal(n, 4, h, w), boxes(r, 2 * min(h, w)), random.integers(0, n, r)) for n, h, w, r in ((1, 24, 30, 6), (3, 9, 14, 1))],
    ),
    "unpooling": (
        operators(
            [
                ("MaxPool", ["x"], ["p", "i"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
                ("MaxUnpool", ["p", "i"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
            ],
            {"x": (["N", 3, "H", "W"], FLOAT)},
            {"y": FLOAT},
        ),
        [(normal(n, 3, h, w),) for n, h, w in ((1, 16, 22), (2, 4, 10))],
    ),
    "spectra": (
        operators(
            [
                ("STFT", ["x", "step", "window"], ["frames"], {"onesided": 1}),
                ("DFT", ["x", "", "axis"], ["whole"], {}),
                ("DFT", ["whole", "", "axis"], ["back"], {"inverse": 1}),
                ("DFT", ["x", "", "axis"], ["half"], {"onesided": 1}),
            ],
            {"x": (["N", "T", 1], FLOAT)},
            {"frames": FLOAT, "whole": FLOAT, "back": FLOAT, "half": FLOAT},
            step=np.array(40),
            window=np.hanning(80).astype("f"),
            axis=np.array(1),
        ),
        [(normal(n, t, 1),) for n, t in ((1, 400), (2, 83), (1, 81))],
    ),
    "determinants": (
        operators([("Det", ["x"], ["y"], {})], {"x": (["N", "K", "K"], FLOAT)}, {"y": FLOAT}),
        [(normal(n, k, k),) for n, k in ((3, 5), (1, 1), (7, 12))],
    ),
    "found": (
        operators(
            [
                ("NonZero", ["x"], ["places"], {}),
                ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
                ("Unique", ["words"], ["unique", "first", "inverse", "counts"], {}),
            ],
            {"x": (["A", "B"], FLOAT), "keep": (["A"], BOOL), "words": (["C"], INT64)},
            {"places": INT64, "kept": FLOAT, "unique": INT64, "first": INT64, "inverse": INT64, "counts": INT64},
        ),
        [
            (normal(a, n) * (random.random((a, n)) < 0.3), random.random(a) < 0.5, random.integers(0, 9, c))
            for a, n, c in ((20, 33, 50), (1, 1, 1), (7, 100, 3))
        ],
    ),
    "suppressed": (
        operators(
            [("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["y"], {})],
            {"boxes": (["N", "K", 4], FLOAT), "scores": (["N", "C", "K"], FLOAT)},
            {"y": INT64},
            most=np.array([10]),
            overlap=np.array([0.4], "f"),
            least=np.array([0.1], "f"),
        ),
        [
            (np.stack([boxes(k, 10) for _ in range(n)]), random.random((n, c, k)).astype("f"))
            for n, c, k in ((1, 3, 60), (2, 1, 7), (1, 2, 1))
        ],
    ),
    "grams": (
        operators(
            [
                (
                    "TfIdfVectorizer",
                    ["x"],
                    ["y"],
                    {
                        "mode": "TF",
                        "min_gram_length": 1,
                        "max_gram_length": 2,
                        "max_skip_count": 3,
                        "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7],
                        "ngram_counts": [0, 4],
                        "ngram_indexes": [0, 1, 2, 3, 4, 5, 6],
                    },
                )
            ],
            {"x": (["N", "T"], INT64)},
            {"y": FLOAT},
        ),
        [(random.integers(2, 9, (n, t)),) for n, t in ((3, 40), (1, 1), (2, 3))],
    ),
    "columns": (
        operators(
            [("Col2Im", ["x", "image", "block"], ["y"], {"pads": [1, 0, 1, 0]})],
            {"x": (["N", "K", "L"], FLOAT)},
            {"y": FLOAT},
            image=np.array([12, 9]),
            block=np.array([3, 2]),
        ),
        [(normal(n, 6 * c, 96),) for n, c in ((1, 1), (2, 5))],
    ),
    "centre": (
        operators([("CenterCropPad", ["x", "wanted"], ["y"], {"axes": [1, 2]})], {"x": (["N", "H", "W"], FLOAT)}, {"y": FLOAT}, wanted=np.array([10, 7])),
        [(normal(n, h, w),) for n, h, w in ((2, 17, 3), (1, 10, 8), (1, 5, 5))],
    ),
}


def detector():
    """The OCR detector that tests/models has, of images of any size."""
    file = models.MODELS["ppocr_det"].path
    if not file.exists():
        return {}
    proto = onnx.load(file)
    for dim, size in zip(proto.graph.input[0].type.tensor_type.shape.dim, (1, 3, "H", "W")):
        dim.CopyFrom(onnx.TensorShapeProto.Dimension(**{"dim_param" if isinstance(size, str) else "dim_value": size}))
    return {"detector": (proto, [{"H": h, "W": w} for h, w in ((96, 160), (32, 64))])}


def evaluator(name, proto):
    """Gives the outputs for inputs by name."""
    # onnxruntime's Fourier transforms are off by 1e-4.
    if name in MODELS or name == "spectra":
        return lambda inputs: ReferenceEvaluator(proto).run(None, inputs)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs)


def agree(got, wanted, what):
    got, wanted = np.asarray(got), np.asarray(wanted)
    if wanted.dtype.kind in "OU":
        return check(got.shape == wanted.shape and (got.astype(str) == wanted.astype(str)).all(), f"{what}: {got} instead of {wanted}")
    check(got.shape == wanted.shape, f"{what}: {got.shape} instead of {wanted.shape}")
    least = 1e-5 * max(1, np.abs(wanted).max(initial=0))
    check(np.allclose(got, wanted, rtol=1e-4, atol=least, equal_nan=True), f"{what}: off by {np.abs(got - wanted).max(initial=0)}")


# Models of ai.onnx.ml: rows and features are open.
LEARNING = [(learning_cases.make_model(*case, is_open=True), case) for case in learning_cases.cases()]


def check_learning(workshop, road):
    for proto, (kind, inputs, attributes, _) in LEARNING:
        peer = evaluator(kind, proto)
        compiled = workshop.get(proto)
        for rows in (len(inputs[0]), 1):
            values = [value[:rows] if value.dtype.kind != "i" or value.ndim > 1 else value for value in inputs]
            expected = peer({value.name: array for value, array in zip(proto.graph.input, values)})
            for got, wanted in zip(compiled.run(values), expected):
                agree(got, wanted, f"{kind} {rows}")
    print(f"{len(LEARNING)} models of ai.onnx.ml, by the road '{road}'")


def check_operators(workshop, road):
    for name, (proto, choices) in OPERATORS.items():
        compiled = workshop.get(proto)
        peer = evaluator(name, proto)
        for values in choices:
            expected = peer({value.name: array for value, array in zip(proto.graph.input, values)})
            for output, got, wanted in zip(proto.graph.output, compiled.run(list(values)), expected):
                agree(got, wanted, f"{name} {[value.shape for value in values]}: {output.name}")
        print(f"{name}: {len(choices)} choices of sizes, by the road '{road}'")


def check_road(road):
    every = {**MODELS, **RESIZES, **detector()}
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder, road, "-O1")
        workshop.add([proto for proto, _ in (*every.values(), *OPERATORS.values(), *LEARNING)])
        for name, (proto, choices) in every.items():
            compiled = workshop.get(proto)
            reference = evaluator(name, proto)
            for sizes in choices:
                shapes = [[sizes.get(d.dim_param, d.dim_value) for d in value.type.tensor_type.shape.dim] for value in proto.graph.input]
                values = [random.standard_normal(shape).astype("f") for shape in shapes]
                expected = reference({value.name: array for value, array in zip(proto.graph.input, values)})
                for got, wanted in zip(compiled.run(values), expected):
                    agree(got, wanted, f"{name} {sizes}")
            print(f"{name}: {len(choices)} choices of sizes, by the road '{road}'")
        check_operators(workshop, road)
        check_learning(workshop, road)

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
        half = workshop.get(resized(["", "by"], {}, by=np.array([1, 1, 0.5, 0.5], "f")))
        refused(lambda: half.run([zeros((1, 2, 8, 1), "f")]), ModelError, "a size is less than 1")


def main():
    os.environ["INGOT"] = sys.argv[1]
    for road in ROADS:
        check_road(road)
    return 0


if __name__ == "__main__":
    sys.exit(main())
