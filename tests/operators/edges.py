#!/usr/bin/env python3
"""Operators at the edges of what the standard allows, by both roads to code.

    edges.py [--ingot FILE] [--sanitize] [absent|axes|sizes|hostile ...]

The models are the standard's own cases of one node, and those of made() where it has none, each changed in one place:
  absent   an optional input is left out, every one of every operator
  axes     axes are counted from the other end: results have equal bits
  sizes    sizes become 0 and 1, tensors lose all their dimensions
  hostile  data of a run are replaced by the least and greatest numbers, NaN and the like: the run ends, with a status where indices are outside
What is expected say the standard's reference evaluator and onnxruntime, each for itself: where both have an answer, Ingot has one that agrees with one
of them; where one has none, Ingot may refuse the model as well. The two roads give equal bits and equal statuses. With --sanitize the emitted C++ alone runs, with
AddressSanitizer and UndefinedBehaviorSanitizer: what they find ends the run.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import pickle
import re
import signal
import sys
import tempfile
import warnings

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests" / "standard")]
from ingot.backend import ROADS, CompileError, Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402
from open_cases import draws  # noqa: E402
from suite import SANITIZERS, load_model_tests, with_sanitizers  # noqa: E402

OPTIONAL = onnx.defs.OpSchema.FormalParameterOption.Optional
random = np.random.default_rng(0)


@dataclasses.dataclass
class Case:
    """A model and values of its inputs. `expected`: the results, where they are known beforehand; else those that may be given for them."""

    name: str
    model: onnx.ModelProto
    values: list
    expected: list = None

    @property
    def node(self):
        return self.model.graph.node[-1]

    @property
    def schema(self):
        version = next(opset.version for opset in self.model.opset_import if opset.domain == self.node.domain)
        return onnx.defs.get_schema(self.node.op_type, version, self.node.domain)

    @property
    def operator(self):
        return self.node.domain, self.node.op_type

    def changed(self, tag, values=None):
        """A copy to work on."""
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model)
        return Case(f"{self.name}, {tag}", copy, list(self.values if values is None else values))

    def draws(self):
        """Whether the results are random."""
        given = zip(self.model.graph.input, self.values)
        return draws(self.model, {info.name: numpy_helper.from_array(value) for info, value in given if value.dtype != np.object_})

    def declare(self):
        """The sizes of inputs as the values have them, those of results as expected."""
        for declared, values in ((self.model.graph.input, self.values), (self.model.graph.output, self.expected or [])):
            for info, value in zip(declared, values):
                info.type.tensor_type.shape.Clear()
                info.type.tensor_type.shape.SetInParent()
                for size in np.shape(value):
                    info.type.tensor_type.shape.dim.add().dim_value = size
        return self


# --- models ---


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def standard():
    """The standard's cases of one node on tensors; but those that draw numbers."""
    for case in load_model_tests(kind="node"):
        graph, data = case.model.graph, case.data_sets
        tensors = all(value.type.HasField("tensor_type") for value in [*graph.input, *graph.output])
        if len(graph.node) == 1 and len(data) == 1 and tensors and len(data[0][0]) == len(graph.input) and not case.name.endswith("_expanded"):
            found = Case(case.name, case.model, [array(value) for value in data[0][0]], [array(value) for value in data[0][1]])
            if not found.draws():
                yield found


def model(nodes, inputs, outputs, version=21):
    """A model of nodes; inputs {name: array}, outputs {name: element type}, whose shapes the answers tell."""
    given = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape) for name, value in inputs.items()]
    results = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    return helper.make_model(helper.make_graph(nodes, "edges", given, results), opset_imports=[helper.make_opsetid("", version)], ir_version=10)


def single(operator, inputs, outputs, version=21, expected=None, **attributes):
    """A case of one node; inputs {name: array or None}, outputs their element types."""
    names = [f"y{i}" for i in range(len(outputs))]
    node = helper.make_node(operator, [name if value is not None else "" for name, value in inputs.items()], names, name="n", **attributes)
    present = {name: value for name, value in inputs.items() if value is not None}
    return Case(operator.lower(), model([node], present, dict(zip(names, outputs)), version), list(present.values()), expected)


def real(*shape):
    return random.standard_normal(shape).astype(np.float32)


def made():
    """Operators with optional inputs that no case of the standard has or leaves out, and whose absence needs more than one node to see."""
    floats = TensorProto.FLOAT
    yield single("Conv", {"x": real(2, 3, 7, 6), "w": real(4, 3, 3, 3), "b": real(4)}, [floats], pads=[1, 1, 1, 1])
    yield single("ConvTranspose", {"x": real(2, 3, 4, 5), "w": real(3, 4, 3, 3), "b": real(4)}, [floats], strides=[2, 2])
    scale, zero = np.float32(0.1), np.uint8(7)
    quantised = {"x": random.integers(0, 99, (1, 2, 5, 5), np.uint8), "xs": scale, "xz": zero, "w": random.integers(0, 9, (3, 2, 3, 3), np.uint8), "ws": scale, "wz": zero, "ys": scale, "yz": zero}
    yield single("QLinearConv", {name: np.asarray(value) for name, value in quantised.items()} | {"b": np.arange(3, dtype=np.int32)}, [TensorProto.UINT8])
    lengths = np.array([3, 1, 2, 5], np.int32)
    for operator, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        inputs = {"x": real(5, 4, 3), "w": real(1, 6 * gates, 3), "r": real(1, 6 * gates, 6), "b": real(1, 12 * gates), "lengths": lengths, "h": real(1, 4, 6)}
        states = [floats] * (3 if operator == "LSTM" else 2)
        yield single(operator, inputs | ({"c": real(1, 4, 6), "p": real(1, 18)} if operator == "LSTM" else {}), states, hidden_size=6)
    x = real(2, 9, 2)
    spectrum = np.fft.fft(x[..., 0] + 1j * x[..., 1])
    yield single("DFT", {"x": x, "length": np.array(9), "axis": None}, [floats], expected=[np.stack([spectrum.real, spectrum.imag], -1).astype(np.float32)])
    x, scale = real(3, 5), real(5)
    normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * scale
    yield single("LayerNormalization", {"x": x, "scale": scale, "b": None}, [floats], expected=[normal])
    for name in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"):
        yield single("Reduce" + name, {"x": abs(real(3, 4)), "axes": np.array([1])}, [floats])
        yield single("Reduce" + name, {"x": abs(real(3, 4)), "axes": np.array([1])}, [floats], noop_with_empty_axes=1)
    yield single("Squeeze", {"x": real(1, 3, 1), "axes": np.array([0, 2])}, [floats])
    yield single("TensorScatter", {"cache": real(2, 5, 3), "update": real(2, 2, 3), "at": np.array([0, 0])}, [floats], 24, axis=1)

    # What sequences and optionals hold, seen from outside of them; loops that one end alone ends.
    def node(operator, inputs, outputs, **attributes):
        return helper.make_node(operator, inputs, outputs, name=f"{operator}_{outputs[0]}", **attributes)

    whole = {"x": real(3, 2)}
    nodes = [node("SplitToSequence", ["x"], ["parts"]), node("SequenceInsert", ["parts", "x"], ["more"]), node("SequenceErase", ["more"], ["fewer"])]
    for sequence in ("parts", "fewer"):
        yield Case(f"sequence {sequence}", model([*nodes, node("ConcatFromSequence", [sequence], ["y"], axis=0)], whole, {"y": floats}), [whole["x"]])
    last = {"x": real(3, 2), "at": np.array(-1)}
    nodes = [node("SplitToSequence", ["x"], ["parts"], keepdims=0), node("SequenceInsert", ["parts", "y0"], ["more"]), node("SequenceAt", ["more", "at"], ["y"])]
    yield Case("sequence at its end", model([node("ReduceSum", ["x"], ["y0"]), *nodes], last, {"y": floats}), list(last.values()))
    kind = helper.make_tensor_type_proto(floats, [2])
    yield Case("optional", model([node("Optional", [], ["o"], type=kind), node("OptionalHasElement", ["o"], ["y"])], {}, {"y": TensorProto.BOOL}), [])

    def body(ends):
        go = helper.make_node("Less", ["next", "bound"], ["on"]) if ends else helper.make_node("Identity", ["go"], ["on"])
        values = [helper.make_tensor_value_info(*value) for value in (("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("sum", floats, []))]
        results = [helper.make_tensor_value_info(*value) for value in (("on", TensorProto.BOOL, []), ("next", floats, []))]
        return helper.make_graph([helper.make_node("Add", ["sum", "x"], ["next"]), go], "body", values, results)

    loop = {"x": np.array(3, np.float32), "bound": np.array(20, np.float32), "start": np.array(0, np.float32)}
    yield Case("loop without a number", model([node("Loop", ["", "go", "start"], ["y"], body=body(True))], loop | {"go": np.array(True)}, {"y": floats}), [*loop.values(), np.array(True)], [np.array(21, np.float32)])
    yield Case("loop without a condition", model([node("Loop", ["m", "", "start"], ["y"], body=body(True))], loop | {"m": np.array(3)}, {"y": floats}), [*loop.values(), np.array(3)], [np.array(9, np.float32)])


# --- who says what is right ---


def reference_answer(case):
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(case.model).run(None, dict(zip([value.name for value in case.model.graph.input], case.values)))


def runtime_answer(case):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(case.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip([value.name for value in case.model.graph.input], case.values)))


def answers(cases):
    """Of each case the results of those who have any. They work in a process that may die at what they are asked."""
    questions = [(case, ask) for case in cases for ask in (reference_answer, runtime_answer)]
    found = []
    while len(found) < len(questions):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe, np.errstate(all="ignore"):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                for case, ask in questions[len(found) :]:
                    signal.alarm(20)
                    try:
                        answer = [np.asarray(value) for value in ask(case)]
                    except Exception:  # whatever they raise, they have no answer
                        answer = None
                    pickle.dump(answer, pipe)
                    pipe.flush()
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            try:
                while len(found) < len(questions):
                    found.append(pickle.load(pipe))
            except EOFError:
                found.append(None)
        os.waitpid(child, 0)
    return [[answer for answer in found[i : i + 2] if answer is not None] for i in range(0, len(found), 2)]


def agree(got, wanted):
    """Whether results are as they should be, up to rounding."""
    if len(got) != len(wanted):
        return False
    for value, right in zip(got, wanted):
        if value.shape != right.shape:
            return False
        if value.dtype == np.object_:
            if value.tolist() != right.tolist():
                return False
        elif value.dtype != right.dtype:
            return False
        elif value.dtype.kind in "iub":
            if not np.array_equal(value, right):
                return False
        else:
            epsilon = float(ml_dtypes.finfo(value.dtype).eps) if value.dtype.kind in "fV" else 1e-7
            wide = np.complex128 if value.dtype.kind == "c" else np.float64
            if not np.allclose(value.astype(wide), right.astype(wide), rtol=max(1e-3, 4 * epsilon), atol=max(1e-5, epsilon), equal_nan=True):
                return False
    return True


# --- changes ---


def absent(cases):
    """Each optional input left out of the first case from which it can be; what of the registry is left."""
    wanted = {(*key, formal.name) for key, schema in newest().items() for formal in schema.inputs if formal.option == OPTIONAL}
    made_absent, choices = set(), collections.defaultdict(list)
    for case in cases:
        formals = case.schema.inputs
        for node in case.model.graph.node:
            for place, formal in enumerate(onnx.defs.get_schema(node.op_type, case.model.opset_import[0].version, node.domain).inputs if len(case.model.graph.node) > 1 else formals):
                if formal.option == OPTIONAL and not (place < len(node.input) and node.input[place]):
                    made_absent.add((node.domain, node.op_type, formal.name))
        for place, formal in enumerate(formals):
            name = case.node.input[place] if place < len(case.node.input) else ""
            inputs = [value.name for value in case.model.graph.input]
            if formal.option == OPTIONAL and name in inputs and list(case.node.input).count(name) == 1:
                without = case.changed(f"without {formal.name}")
                without.node.input[place] = ""
                del without.model.graph.input[inputs.index(name)], without.values[inputs.index(name)]
                for value in without.model.graph.output:
                    value.type.tensor_type.ClearField("shape")
                if not without.draws():
                    choices[(*case.operator, formal.name)].append(without)
    chosen = []
    # The attributes of one case may need an input, so that nobody has an answer without it: then others are tried.
    for number in range(3):
        tried = [(key, some[number]) for key, some in choices.items() if len(some) > number]
        for (key, case), given in zip(tried, answers([case for _, case in tried])):
            if given:
                made_absent.add(key)
                chosen.append((case, given))
                del choices[key]
    check(wanted <= made_absent, f"no model leaves out {sorted(wanted - made_absent)}")
    return chosen


def newest():
    """The operators of the registry that are not deprecated, each in its newest version."""
    return {(schema.domain, schema.name): schema for schema in onnx.defs.get_all_schemas() if not schema.deprecated}


def axes(cases):
    """Pairs: a case, and the same with axes counted from the other end."""
    seen = collections.Counter()
    for case in cases:
        if not case.values or case.expected is None or seen[case.operator]:
            continue
        # Axes are mostly those of the first input.
        rank = (case.expected[0] if case.node.op_type in ("Unsqueeze", "OneHot") else case.values[0]).ndim
        other = lambda axis: axis - rank if axis >= 0 else axis + rank  # noqa: E731
        names = [value.name for value in case.model.graph.input]
        for name in {"axis", "axes"} & set(case.schema.attributes):
            given = next((a for a in case.node.attribute if a.name == name), case.schema.attributes[name].default_value)
            value = helper.get_attribute_value(given) if given.name else None
            if value is None or value == rank:
                continue
            turned = case.changed(f"{name} from the other end")
            rest = [a for a in turned.node.attribute if a.name != name]
            del turned.node.attribute[:]
            turned.node.attribute.extend([*rest, helper.make_attribute(name, [other(v) for v in value] if isinstance(value, list) else other(value))])
            seen[case.operator] += 1
            yield case, turned
        for place, name in enumerate(case.node.input):
            if name and case.schema.inputs[min(place, len(case.schema.inputs) - 1)].name in ("axis", "axes"):
                at = names.index(name)
                value = case.values[at]
                turned = case.changed(f"{name} from the other end")
                turned.values[at] = np.array([other(int(v)) for v in value.flat], value.dtype).reshape(value.shape)
                seen[case.operator] += 1
                yield case, turned
                constant = case.changed(f"constant {name} from the other end")
                constant.model.graph.initializer.append(numpy_helper.from_array(turned.values[at], name))
                del constant.model.graph.input[at], constant.values[at]
                yield case, constant


def sizes(cases):
    """The first case of each operator with sizes of 0 and of 1, one dimension or all that are equal, and without dimensions."""
    seen = set()
    for case in cases:
        if case.operator in seen:
            continue
        seen.add(case.operator)
        found = {tuple(value.shape for value in case.values)}
        lengths = sorted({size for value in case.values for size in value.shape if size > 1})
        changes = []
        for size in (0, 1):
            for length in lengths:
                changes.append((f"{length} is {size}", [cut(value, [size if have == length else have for have in value.shape]) for value in case.values]))
            for number, value in enumerate(case.values if size == 0 else ()):
                for axis, have in enumerate(value.shape):
                    if have > size:
                        values = list(case.values)
                        values[number] = cut(value, [*value.shape[:axis], size, *value.shape[axis + 1 :]])
                        changes.append((f"dimension {axis} of input {number} is {size}", values))
        changes.append(("all is empty", [cut(value, [0] * value.ndim) for value in case.values]))
        numbers = [value.reshape(-1)[:1].reshape(()) if value.size else value for value in case.values]
        changes += [("all has rank 0", numbers), ("input 0 has rank 0", [*numbers[:1], *case.values[1:]])]
        for tag, values in changes:
            shapes = tuple(value.shape for value in values)
            if shapes not in found:
                found.add(shapes)
                changed = case.changed(tag, values).declare()
                for value in changed.model.graph.output:
                    value.type.tensor_type.ClearField("shape")
                yield changed


def cut(value, shape):
    return value[tuple(slice(0, size) for size in shape)].copy()


# Others give an answer to what the standard does not allow, or leaves open.
LENIENT = {
    "QuantizeLinear": (r"e4m3fn, without y_zero_point", "without a zero point the results are uint8, and not what the model declares"),
    "Resize": (r"crop_and_resize.*, without roi", "this mode has nothing to crop without it"),
    "Scan": (r"3 is 0", "of no steps the state stays what it was, which onnxruntime does not keep"),
    "STFT": (r"test_stft, without frame_length|without window", "one of both says how long a frame is"),
    "CenterCropPad": (r"dimension 0 of input 1 is 1|3 is 1", "there is a size for each of the axes"),
    "DynamicQuantizeLinear": (r"is 1|is 0|rank 0", "of zeros alone the scale is 0 by the standard's formula; each has another"),
    "GroupNormalization": (r"dimension 0 of input [12] is 1", "there is a scale and a bias for each channel"),
    "Loop": (
        r"dimension 0 of input 2 is 0|loop without a number, without cond|loop without a condition, without M",
        "its body takes from a constant as many elements as there are steps, which are nowhere declared; without both ends it has none",
    ),
    "NonMaxSuppression": (r"dimension 0 of input [234] is 0", "a limit is one number"),
    "PRelu": (r"input 0 .*is 1|rank 0", "the slope repeats for the input, not the input for the slope"),
}

# --- hostile data ---

FAR = (-(2**63), 2**63 - 1, -(2**62), 2**62, -(2**31) - 1, 2**31, -(2**31), 2**31 - 1)
NEAR = (-1000, 1000, -7, 7, -2, -1, 0, 1, 2)

# Inputs that name places: a run does not survive what is far outside of all tensors. (OneHot has rows of zeros for it, Slice clamps it.)
PLACES = ("indices", "write_indices", "axes", "axis", "target", "labels", "batch_indices", "position_ids", "I", "K", "split", "repeats", "shape", "pads")
DEFINED = {"OneHot"}


def hostile_values(value):
    """(number, whether it is far outside of any index) for the elements of an input."""
    if value.dtype.kind in "iu":
        info = np.iinfo(value.dtype)
        for number in (*FAR, *NEAR, info.min, info.max):
            if info.min <= number <= info.max:
                yield number, abs(number) >= 2**31 - 1
    elif value.dtype.kind == "f":
        great = np.finfo(value.dtype).max
        for number in (np.nan, np.inf, -np.inf, great, -great, np.finfo(value.dtype).smallest_subnormal, -0.0, 0.0):
            yield number, False


def bits(results):
    """What is compared of results between the roads: every bit, but of NaN that it is one."""

    def of(value):
        if value.dtype == np.object_:
            return value.tolist()
        nowhere = np.isnan(value.astype(np.complex128)) if value.dtype.kind in "fcV" else False
        return np.where(nowhere, np.zeros((), value.dtype), value).tobytes(), np.asarray(nowhere).tobytes()

    return [of(value) for value in results]


def run(compiled, values):
    """The bits of the results, or the words of a status."""
    try:
        return bits(compiled.run(values))
    except ModelError as error:
        return str(error).split(": ")[-1]


def first_of_each(cases):
    """A case of each operator. (What ImageDecoder makes of bytes is tested where it is.)"""
    seen = set()
    for case in cases:
        if case.operator not in seen and case.values and case.node.op_type != "ImageDecoder":
            seen.add(case.operator)
            yield case


def check_hostile(shops, cases, only_places):
    chosen = list(first_of_each(cases))
    if only_places:
        chosen = [case for case in chosen if any(value.dtype.kind in "iu" and value.dtype.itemsize >= 4 for value in case.values)]
    for shop in shops:
        shop.add(case.model for case in chosen)
    runs = refused = 0
    for case in chosen:
        compiled = [get(shop, case) for shop in shops]
        formals = {name: case.schema.inputs[min(place, len(case.schema.inputs) - 1)].name for place, name in enumerate(case.node.input)}
        for at, value in enumerate(case.values):
            names_places = formals.get(case.model.graph.input[at].name) in PLACES and value.dtype.kind == "i" and case.node.op_type not in DEFINED
            for number, is_far in hostile_values(value) if value.size else ():
                for where in (slice(None), -1):
                    values = list(case.values)
                    values[at] = value.copy()
                    values[at].reshape(-1)[where] = number
                    ends = [run(model, values) for model in compiled]
                    about = f"{case.name}: input {at} with {number}"
                    check(all(end == ends[0] for end in ends), f"{about}: the roads differ")
                    is_refused = isinstance(ends[0], str)
                    runs, refused = runs + 1, refused + is_refused
                    check(is_refused or not (names_places and is_far), f"{about}: has a result")
    print(f"hostile: {runs} runs of {len(chosen)} models ended, {refused} of them with a status")


def bounds():
    """Exactly what is inside: (case, input, [(its value, the result or None for a status)])."""
    n, least, most = 5, -(2**63), 2**63 - 1
    x, row = real(n, 3), real(1, 3)
    places = [*range(-n, n), -n - 1, n, least, most]
    floats = [TensorProto.FLOAT]

    def one(place):
        return place if -n <= place < n else None

    def put(place, rows):
        into = x.copy()
        into[place] = rows
        return into

    yield single("Gather", {"x": x, "i": np.array([0])}, floats), 1, [(np.array([p]), None if one(p) is None else x[[p]]) for p in places]
    yield single("GatherElements", {"x": x, "i": np.array([[0]])}, floats), 1, [(np.array([[p]]), None if one(p) is None else x[[[p]], 0]) for p in places]
    yield single("GatherND", {"x": x, "i": np.array([[0]])}, floats), 1, [(np.array([[p]]), None if one(p) is None else x[[p]]) for p in places]
    yield single("ScatterND", {"x": x, "i": np.array([[0]]), "u": row}, floats), 1, [(np.array([[p]]), None if one(p) is None else put(p, row[0])) for p in places]
    yield single("ScatterElements", {"x": x, "i": np.zeros((1, 3), np.int64), "u": row}, floats), 1, [(np.full((1, 3), p), None if one(p) is None else put(p, row[0])) for p in places]
    cache = {"cache": x[None], "update": row[None], "at": np.array([0])}
    yield single("TensorScatter", cache, floats, 24, axis=1), 2, [(np.array([p]), put(p, row[0])[None] if 0 <= p < n else None) for p in places if not -n <= p < 0]
    yield single("OneHot", {"i": np.array([0]), "depth": np.array(n), "v": np.array([2, 3], np.float32)}, floats), 0, [
        (np.array([p]), np.where(np.arange(n) == (p + n if p < 0 else p), 3, 2).astype(np.float32)[None]) for p in places]  # fmt: skip

    def taken(start, end, step):
        """The rows by the table of Slice: it clamps, a start backwards to the last and first row, an end to what is before that."""
        start, end = (at + n if at < 0 else at for at in (start, end))
        low, high = (0, n) if step > 0 else (-1, n - 1)
        return x[list(range(min(max(start, max(low, 0)), high), min(max(end, low), high), step))]

    def slices(start, end, step):
        case = single("Slice", {"x": x, "s": np.array([start]), "e": np.array([end]), "a": np.array([0]), "t": np.array([step])}, floats)
        return case, taken(start, end, step)

    for start, end, step in ((least, most, 1), (most, least, -1), (0, most, most), (-1, least, least), (most, most, 1), (least, least, -1), (2, most, 2), (-2, least, -3)):
        case, right = slices(start, end, step)
        case.expected = [right]
        inner = np.clip(start, -n, n - 1) + step
        for at in (1, 2, 3, 4):
            yield case, at, [(case.values[at], right)]
        if len(right) > 1:
            # The model promises how many rows are left.
            yield case, 1, [(np.array([inner]), None)]
        yield case, 4, [(np.array([0]), None)]
        yield case, 3, [(np.array([p]), None) for p in (2, -3, least, most)]


def check_bounds(shops):
    chosen = []
    for case, at, tries in bounds():
        case.expected = [next(right for _, right in tries if right is not None)] if case.expected is None else case.expected
        chosen.append((case.declare(), at, tries))
    for shop in shops:
        shop.add(case.model for case, _, _ in chosen)
    for case, at, tries in chosen:
        for shop in shops:
            compiled = get(shop, case)
            for value, right in tries:
                values = [*case.values[:at], value, *case.values[at + 1 :]]
                about = f"{shop.road} {case.node.op_type}: input {at} is {value.tolist()} of {[v.tolist() for v in case.values[1:]]}"
                try:
                    got = compiled.run(values)
                    check(right is not None, f"{about}: has a result")
                    check(agree(got, [right]), f"{about}: {got} instead of {right}")
                except ModelError as error:
                    check(right is None and "out of range" in str(error), f"{about}: {error}")
    print(f"hostile: {sum(len(tries) for _, _, tries in chosen)} values at the bounds of what is allowed")


# --- the run ---

failures = []


def check(condition, text):
    if not condition:
        failures.append(text)


def get(shop, case):
    try:
        return shop.get(case.model)
    except CompileError as error:
        sys.exit(f"FAILED {shop.road} {case.name}: {error}")


def compare(shops, kind, cases, given):
    """Compiles and runs models that somebody has answers for."""
    asked = []
    for case, right in zip(cases, given):
        if right:
            case.expected = right[0]
            asked.append((case.declare(), right))
    for shop in shops:
        shop.add(case.model for case, _ in asked)
    count = collections.Counter()
    for case, right in asked:
        pattern, _ = LENIENT.get(case.node.op_type, ("", ""))
        is_open = bool(pattern) and re.search(pattern, case.name) is not None
        is_lenient = is_open or (kind == "sizes" and len(right) < 2)
        results = []
        for shop in shops:
            try:
                results.append(shop.get(case.model).run(case.values))
            except (CompileError, ModelError) as error:
                results.append(str(error).split(": ", 1)[-1])
        if isinstance(results[0], str):
            count["refused"] += 1
            check(is_lenient and all(isinstance(result, str) for result in results), f"{kind} {case.name}: {results}")
            continue
        count["right"] += 1
        check(any(agree(results[0], some) for some in right) or is_open, f"{kind} {case.name}: {results[0]} instead of {right}")
        check(all(not isinstance(result, str) and bits(result) == bits(results[0]) for result in results), f"{kind} {case.name}: the roads differ")
    print(f"{kind}: {count['right']} models are right, {count['refused']} are refused, as by one of the others")


def check_axes(shops, cases):
    pairs = list(axes(cases))
    for shop in shops:
        shop.add(case.model for pair in pairs for case in pair)
        for case, turned in pairs:
            ends = [run(get(shop, one), one.values) for one in (case, turned)]
            check(ends[0] == ends[1] and not isinstance(ends[0], str), f"{shop.road} {turned.name}: the results differ, or a run fails")
    print(f"axes: {len(pairs)} models of {len({case.operator for case, _ in pairs})} operators give the same for axes counted from the other end")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", help="the tool; else $INGOT, or ingot on the path")
    parser.add_argument("--sanitize", action="store_true", help="compile the emitted C++ with sanitizers; hostile data alone, unless kinds are named")
    parser.add_argument("kinds", nargs="*", choices=["absent", "axes", "sizes", "hostile", []])
    options = parser.parse_args()
    kinds = options.kinds or (["hostile"] if options.sanitize else ["absent", "axes", "sizes", "hostile"])
    if options.sanitize:
        with_sanitizers()
    if options.ingot:
        os.environ["INGOT"] = options.ingot
    warnings.simplefilter("ignore")
    cases = list(standard())
    with tempfile.TemporaryDirectory(prefix="ingot-edges-") as folder, np.errstate(all="ignore"):
        shops = [Workshop(folder, "cpp", "-O1", SANITIZERS)] if options.sanitize else [Workshop(folder, road, "-O0") for road in ROADS]
        if "absent" in kinds:
            compare(shops, "absent", *zip(*absent([*cases, *made()])))
            alone = list(made())
            compare(shops, "made", alone, [[case.expected] if case.expected else given for case, given in zip(alone, answers(alone))])
        if "axes" in kinds:
            check_axes(shops, cases)
        if "sizes" in kinds:
            changed = list(sizes(cases))
            compare(shops, "sizes", changed, answers(changed))
        if "hostile" in kinds:
            check_bounds(shops)
            check_hostile(shops, cases, only_places=options.sanitize)
    for text in failures[:40]:
        print("FAILED", " ".join(text.split())[:400])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
