"""Runs the standard's cases of single operators as models of the older opsets that had the operator in another version.

The history of schemas of the package onnx says which versions there are. A case of cases.txt is rewritten to an older version where that one can say it: inputs
that were attributes then become attributes again, attributes with their default are left out, and what CHANGES says of the operator is done; the results must
stay what they are. The models of made() are written by hand, for versions that no case can be rewritten to. A version that has neither is listed in old_opsets.txt,
and so are cases that are refused, with the words of the refusal. Names given are operators; without `--all` one case for each version runs.
"""

import argparse
import collections
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import standard_cases

HERE = os.path.dirname(os.path.abspath(__file__))


class Unfit(Exception):
    """The case has no form in that version."""


def histories():
    """Of each operator that has a newest version: its schemas by version."""
    found = collections.defaultdict(dict)
    for schema in onnx.defs.get_all_schemas_with_history():
        found[schema.domain, schema.name][schema.since_version] = schema
    return found


def value_of(default):
    return helper.get_attribute_value(default) if default.name else None


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def attribute(node, name):
    return next((a for a in node.attribute if a.name == name), None)


def drop(node, name):
    found = attribute(node, name)
    if found is not None:
        node.attribute.remove(found)
    return found


def to_attribute(node, schema, index, name, values):
    """Moves a constant input to the attribute."""
    if len(node.input) <= index or not node.input[index]:
        return
    value = values.pop(node.input[index])
    if not value.size:
        raise Unfit("has an empty list")
    kind = schema.attributes[name].type
    scalar = kind in (onnx.defs.OpSchema.AttrType.INT, onnx.defs.OpSchema.AttrType.FLOAT)
    node.attribute.append(helper.make_attribute(name, value.reshape(()).item() if scalar else value.reshape(-1).tolist()))
    node.input[index] = ""


#===--- What an operator meant before ---------------------------------------===#


def before_7_broadcast(node, schema, values):
    a, b = (values[name].shape for name in node.input)
    if a != b:
        if not b or a[len(a) - len(b):] != b:
            raise Unfit("broadcasts as only newer versions do")
        node.attribute.extend([helper.make_attribute("broadcast", 1)])


def before_7_prelu(node, schema, values):
    x, slope = (values[name] for name in node.input)
    if slope.ndim == 1 and slope.size not in (1, x.shape[1]):
        raise Unfit("has no slopes of channels")


def before_13_softmax(node, schema, values):
    axis, rank = attribute(node, "axis"), values[node.input[0]].ndim
    if (axis.i if axis else -1) not in (-1, rank - 1):
        raise Unfit("has dimensions behind the axis")
    drop(node, "axis")
    node.attribute.append(helper.make_attribute("axis", rank - 1))


def before_13_resize(node, schema, values):
    if len(node.input) > 3 and node.input[3]:
        raise Unfit("is given by sizes")
    origin = attribute(node, "coordinate_transformation_mode")
    if not origin or origin.s != b"asymmetric":
        raise Unfit("has another origin")
    for name in ["coordinate_transformation_mode", "nearest_mode"]:
        drop(node, name)
    values.pop(node.input[1], None)
    node.input[:] = [node.input[0], node.input[2]]


def before_6_cast(node, schema, values):
    to = drop(node, "to")
    node.attribute.append(helper.make_attribute("to", TensorProto.DataType.Name(to.i)))


def before_6_tile(node, schema, values):
    repeats = values.pop(node.input[1])
    axes = np.flatnonzero(repeats != 1)
    if len(axes) != 1:
        raise Unfit("repeats several axes")
    x = values[node.input[0]]
    values["tiles"], values["axis"] = x.dtype.type(repeats[axes[0]]), x.dtype.type(axes[0])
    node.input[:] = [node.input[0], "tiles", "axis"]


def before_16_roi_align(node, schema, values):
    if drop(node, "coordinate_transformation_mode").s != b"output_half_pixel":
        raise Unfit("has another origin")


def before_20_grid_sample(node, schema, values):
    mode = drop(node, "mode")
    names = {b"linear": "bilinear", b"cubic": "bicubic"}
    if mode:
        node.attribute.append(helper.make_attribute("mode", names.get(mode.s, mode.s)))


def before_2_p(node, schema, values):
    p = drop(node, "p")
    if p:
        node.attribute.append(helper.make_attribute("p", float(p.i)))


CHANGES = [
    (16, before_16_roi_align, ["RoiAlign"]),
    (20, before_20_grid_sample, ["GridSample"]),
    (13, before_13_softmax, ["Softmax", "LogSoftmax", "Hardmax"]),
    (11, before_13_resize, ["Resize"]),
    (7, before_7_broadcast, ["Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less"]),
    (7, before_7_prelu, ["PRelu"]),
    (6, before_6_cast, ["Cast"]),
    (6, before_6_tile, ["Tile"]),
    (2, before_2_p, ["LpPool", "GlobalLpPool"]),
]


def rewrite(model, values, schema, newest):
    """The model in the schema's version; `values` loses the inputs that become attributes."""
    old = onnx.ModelProto()
    old.CopyFrom(model)
    nodes = old.graph.node
    if len(nodes) != 1:
        raise Unfit("has several nodes")
    node, version = nodes[0], schema.since_version
    for opset in old.opset_import:
        if opset.domain == schema.domain:
            opset.version = version
    for index in range(1, len(node.input)):
        name = newest.inputs[min(index, len(newest.inputs) - 1)].name
        name = {"constant_value": "value", "K": "k"}.get(name, name)
        if (schema.name, version, name) == ("Pad", 1, "pads"):
            name = "paddings"
        if name in schema.attributes and name not in [i.name for i in schema.inputs]:
            to_attribute(node, schema, index, name, values)
    for before, change, operators in CHANGES:
        if version < before and schema.name in operators:
            change(node, schema, values)
    for name in [a.name for a in node.attribute if a.name not in schema.attributes]:
        given, default = drop(node, name), newest.attributes[name].default_value
        if helper.get_attribute_value(given) != value_of(default):
            raise Unfit(f"has no attribute {name}")
    while node.input and not node.input[-1]:
        node.input.pop()
    if not schema.min_input <= len(node.input) <= schema.max_input or not schema.min_output <= len(node.output) <= schema.max_output:
        raise Unfit("has another number of inputs or outputs")
    for name in [i.name for i in old.graph.input if i.name not in node.input]:
        old.graph.input.remove(next(i for i in old.graph.input if i.name == name))
    for name in node.input:
        if name in values and name not in [i.name for i in old.graph.input]:
            old.graph.input.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values[name].dtype), values[name].shape))
    try:
        schema_types(node, schema, values)
        onnx.checker.check_model(old)
    except Exception as error:
        raise Unfit(str(error).splitlines()[0])
    return old


def schema_types(node, schema, values):
    allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    for index, name in enumerate(node.input):
        formal = schema.inputs[min(index, len(schema.inputs) - 1)].type_str
        if name not in values:
            continue
        kind = TensorProto.DataType.Name(helper.np_dtype_to_tensor_dtype(values[name].dtype)).lower()
        if f"tensor({kind})" not in allowed.get(formal, [formal]):
            raise Unfit(f"has no {kind}")


#===--- Models by hand ------------------------------------------------------===#


class Made:
    """A model of one node, in the form of the standard's cases."""

    rtol, atol = 1e-5, 1e-6

    def __init__(self, version, operator, inputs, outputs, domain="", **attributes):
        self.version, self.operator, self.domain = version, operator, domain
        names = [f"x{i}" if value is not None else "" for i, value in enumerate(inputs)]
        node = helper.make_node(operator, names, [f"y{i}" for i in range(len(outputs))], name="n", domain=domain, **attributes)

        def info(name, value):
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)

        values = [np.asarray(value) for value in inputs if value is not None]
        graph = helper.make_graph(
            [node], "g", [info(name, value) for name, value in zip([n for n in names if n], values)], [info(f"y{i}", np.asarray(v)) for i, v in enumerate(outputs)]
        )
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, version)], ir_version=8)
        self.data_sets = [(values, outputs)]


def made():
    random = np.random.default_rng(0)

    def real(*shape):
        return random.standard_normal(shape).astype(np.float32)

    x = real(2, 3, 4, 5)
    b, c = real(3, 4), real(3)
    for version in [1, 6]:
        hint = {"consumed_inputs": [0, 0]} if version == 1 else {}
        yield Made(version, "Add", [x, b], [x + b[:, :, None]], broadcast=1, axis=1, **hint)
        yield Made(version, "Mul", [x, c], [x * c[:, None, None]], broadcast=1, axis=-3, **hint)
        yield Made(version, "Sub", [x, real(5) * 0], [x], broadcast=1, **hint)
        yield Made(version, "PRelu", [x, c], [np.where(x < 0, x * c[:, None, None], x)], **({"consumed_inputs": [0]} if version == 1 else {}))
        yield Made(version, "PRelu", [x, c[:1]], [np.where(x < 0, x * c[0], x)])
    yield Made(1, "Pow", [abs(x), b], [abs(x) ** b[:, :, None]], broadcast=1, axis=1)
    yield Made(1, "Greater", [x, c], [x > c[:, None, None]], broadcast=1, axis=1)
    yield Made(6, "Gemm", [b, real(4, 2) * 0, c[:2]], [np.broadcast_to(c[:2], (3, 2))], broadcast=1)
    scale, bias, mean, var = real(3), real(3), real(3), abs(real(3)) + 0.5
    normal = [scale, bias, mean, var]
    over = [v[:, None, None] for v in normal]
    y = (x - over[2]) / np.sqrt(over[3] + 1e-5) * over[0] + over[1]
    yield Made(1, "BatchNormalization", [x, *normal], [y], is_test=1, consumed_inputs=[0, 0, 0, 1, 1])
    yield Made(6, "BatchNormalization", [x, *normal], [y], is_test=1)
    yield Made(7, "BatchNormalization", [x, *normal], [y])
    yield Made(9, "BatchNormalization", [x, *normal], [y])
    each = [real(3, 4, 5) for _ in range(3)] + [abs(real(3, 4, 5)) + 0.5]
    yield Made(7, "BatchNormalization", [x, *each], [(x - each[2]) / np.sqrt(each[3] + 1e-5) * each[0] + each[1]], spatial=0)
    yield Made(1, "Concat", [x, x], [np.concatenate([x, x], 1)])
    yield Made(1, "Reshape", [x], [x.reshape(6, 20)], shape=[0, -1, 20][1:])
    yield Made(1, "Tile", [x, np.float32(3), np.float32(2)], [np.tile(x, (1, 1, 3, 1))])
    yield Made(11, "BitShift", [np.uint8([1, 5, 255]), np.uint8([1, 2, 3])], [np.uint8([2, 20, 248])], direction="LEFT")
    yield Made(1, "Dropout", [x], [x], is_test=1, ratio=0.3, consumed_inputs=[0])
    yield Made(6, "Dropout", [x], [x], is_test=1, ratio=0.3)
    yield Made(7, "Dropout", [x], [x, np.ones_like(x)], ratio=0.3)
    yield Made(10, "Dropout", [x], [x, np.ones(x.shape, bool)], ratio=0.3)
    big = x.repeat(2, 2).repeat(3, 3)
    yield Made(1, "Upsample", [x], [big], height_scale=2.0, width_scale=3.0)
    yield Made(7, "Upsample", [x], [big], scales=[1.0, 1.0, 2.0, 3.0])
    yield Made(9, "Upsample", [x, np.array([1, 1, 2, 3], np.float32)], [big])
    both = x[:, :, [0, 2]][:, :, :, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]]
    yield Made(10, "Resize", [x, np.array([1, 1, 0.5, 2], np.float32)], [both])
    yield Made(11, "Resize", [x, np.zeros(0, np.float32), np.array([1, 1, 2, 2], np.float32)], [x.repeat(2, 2).repeat(2, 3)], coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor")
    index = np.array([[1, 0, 2, 1, 0]], np.int64)
    put = real(3, 5)
    put_into = put.copy()
    np.put_along_axis(put_into, index, x[0, 0, :1], 0)
    yield Made(9, "Scatter", [put, index, x[0, 0, :1]], [put_into])
    flat = x.reshape(6, 20)
    soft = np.exp(flat) / np.exp(flat).sum(1, keepdims=True)
    for version in [1, 11]:
        yield Made(version, "Softmax", [x], [soft.reshape(x.shape)], axis=2)
        yield Made(version, "LogSoftmax", [x], [np.log(soft).reshape(x.shape)], axis=2)
        yield Made(version, "Hardmax", [x], [(flat == flat.max(1, keepdims=True)).astype(np.float32).reshape(x.shape)], axis=2)
    yield Made(1, "Split", [x, np.array([1, 2], np.float32)], [x[:, :1], x[:, 1:]], axis=1)
    wide = real(2, 4, 3)
    grouped = wide.reshape(2, 2, 6)
    grouped = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
    yield Made(18, "GroupNormalization", [wide, scale[:2], bias[:2]], [(grouped * scale[:2, None] + bias[:2, None]).reshape(wide.shape)], num_groups=2)
    yield Made(1, "GlobalLpPool", [x], [np.sqrt((x**2).sum((2, 3), keepdims=True))], p=2.0)
    q, k, v = real(1, 2, 3, 4), real(1, 2, 5, 4), real(1, 2, 5, 4)
    weights = np.exp(q @ k.transpose(0, 1, 3, 2) / 2)
    for version in [23, 24]:
        yield Made(version, "Attention", [q, k, v], [weights / weights.sum(3, keepdims=True) @ v])
    # A running sum of each sequence of a batch.
    element = helper.make_tensor_value_info("s", TensorProto.FLOAT, [3])
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "v"], ["next"]), helper.make_node("Identity", ["next"], ["out"])],
        "body", [element, helper.make_tensor_value_info("v", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [3]) for n in ["next", "out"]],
    )
    start, steps = real(2, 3), real(2, 4, 3)
    sums = start[:, None] + steps.cumsum(1)
    yield Made(8, "Scan", [None, start, steps], [sums[:, -1], sums], body=body, num_scan_inputs=1)
    back = start[:, None] + steps[:, ::-1].cumsum(1)
    yield Made(8, "Scan", [None, start, steps], [back[:, -1], back], body=body, num_scan_inputs=1, directions=[1])
    # Without weights the hidden state stays zero.
    states = [np.zeros((4, 1, 2, 3), np.float32), np.zeros((1, 2, 3), np.float32)]
    for operator, gates, versions in [("GRU", 9, [1, 3]), ("LSTM", 12, [1]), ("RNN", 3, [1])]:
        weights = [np.zeros((1, gates, size), np.float32) for size in (2, 3)]
        for version in versions:
            yield Made(version, operator, [real(4, 2, 2), *weights], states, hidden_size=3, output_sequence=1)


#===--- The run -------------------------------------------------------------===#


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--ingot", default="ingot")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--list", default=os.path.join(HERE, "old_opsets.txt"))
    options = parser.parse_args()
    listed = {}
    with open(options.list) as lines:
        for line in filter(None, map(str.strip, lines)):
            listed.update([line.split(": ", 1)])

    failed = ran = 0
    done = set()

    def check(label, model, constants):
        nonlocal failed, ran
        ran += 1
        error = standard_cases.run(model, constants, options.ingot)
        wanted = listed.get(label, "")
        if wanted not in error or bool(error) != bool(wanted):
            failed += 1
            print(f"{label}: {error or 'passes, and is listed as refused'}", flush=True)

    for model in made():
        if options.names and model.operator not in options.names:
            continue
        done.add((model.domain, model.operator, model.version))
        names = [i.name for i in model.model.graph.input]
        shapes = names[1:] if model.operator in ("Upsample", "Resize", "Tile", "Split") else []
        check(f"{model.operator} {model.version}", model, [names.index(name) for name in shapes])

    past = histories()
    reasons = {}
    cases = standard_cases.standard_cases()
    lowered = set()
    with open(os.path.join(HERE, "cases.txt")) as lines:
        for line in filter(None, map(str.strip, lines)):
            name, *how = line.split()
            if "declared" in how:
                continue
            constant = next((word.partition("=")[2] for word in how), "")
            case = cases[name]
            if len(case.model.graph.node) != 1:
                continue
            node = case.model.graph.node[0]
            if options.names and node.op_type not in options.names:
                continue
            schemas = past[node.domain, node.op_type]
            lowered.add((node.domain, node.op_type))
            newest = schemas[max(schemas)]
            inputs, expected = case.data_sets[0]
            for version in sorted(schemas)[:-1]:
                key = (node.domain, node.op_type, version)
                if key in done and not options.all:
                    continue
                values = {i.name: array(v) for i, v in zip(case.model.graph.input, inputs)}
                names = list(values)
                constants = [names[int(i)] for i in constant.split(",") if i]
                try:
                    model = rewrite(case.model, values, schemas[version], newest)
                except (Unfit, KeyError) as error:
                    reasons.setdefault(key, f"{name}: {error}")
                    continue
                done.add(key)
                old = argparse.Namespace(model=model, rtol=case.rtol, atol=case.atol)
                old.data_sets = [([values[i.name] for i in model.graph.input], expected)]
                made_constants = constants + [n for n in values if n not in names]
                check(f"{node.op_type} {version}" + (f" {name}" if options.all else ""), old, [i for i, declared in enumerate(model.graph.input) if declared.name in made_constants])
    for domain, name in sorted(lowered):
        for version in sorted(past[domain, name])[:-1]:
            if (domain, name, version) not in done and f"{name} {version}" not in listed:
                failed += 1
                print(f"{name} {version}: no model of that version ({reasons.get((domain, name, version))})")
    print(f"{ran - failed} of {ran} models as expected")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
