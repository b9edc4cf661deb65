"""The edges of every number format on both roads: `formats.py INGOT FOLDER`.

One model converts to and from all small floats and narrow integers, divides integers, takes remainders, of floats too, and quantises to
every type and back. Its results are compared with ml_dtypes, NumPy and the standard's reference bit by bit (NaN with any NaN), and those of the two roads with each other. Inputs are every value of the formats, the points
half way between two of them and their neighbours, and what is out of range.
"""

import os
import subprocess
import sys
import warnings

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

warnings.filterwarnings("ignore")

FLOATS = {
    "FLOAT16": np.float16,
    "BFLOAT16": ml_dtypes.bfloat16,
    "FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn,
    "FLOAT8E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "FLOAT8E5M2": ml_dtypes.float8_e5m2,
    "FLOAT8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "FLOAT4E2M1": ml_dtypes.float4_e2m1fn,
    "FLOAT8E8M0": ml_dtypes.float8_e8m0fnu,
}
INTEGERS = {"INT4": ml_dtypes.int4, "UINT4": ml_dtypes.uint4, "INT2": ml_dtypes.int2, "UINT2": ml_dtypes.uint2}


def all_values(dtype):
    bits = ml_dtypes.finfo(dtype).bits
    return np.arange(2**bits).astype(np.uint16 if bits == 16 else np.uint8).view(dtype)


def around(points):
    """The float32 numbers, both neighbours of each, and the same with the other sign."""
    points = np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(-np.inf))])
    return np.concatenate([points, -points])


def float_inputs():
    parts = [np.array([0, np.inf, np.nan, 1e-45, 1e-40, 3e38, 2.0**-127, 2.0**-126, 1.5 * 2.0**-127], np.float32)]
    for dtype in FLOATS.values():
        values = np.sort(all_values(dtype).astype(np.float64))
        values = values[np.isfinite(values)]
        middle = (values[1:] + values[:-1]) / 2
        step = 7 if len(values) > 1000 else 1
        parts.append(around(np.concatenate([values[::step], middle[::step], middle[-3:] * 1.01]).astype(np.float32)))
    return np.concatenate(parts)


def double_inputs(singles):
    """Numbers that round to the float32 ones, but lie on one side of them."""
    wide = singles.astype(np.float64)
    return np.concatenate([wide, wide * (1 + 2.0**-40), wide * (1 - 2.0**-40), [1e300, -1e300, 1e-300, 5e-324]])


def one_rounding(x):
    """Doubles as float32 numbers that round to a narrower format as they do: exact, or the neighbour with an odd last place. (ml_dtypes itself
    rounds doubles by way of float32, twice.)"""
    single = x.astype(np.float32)
    bits = single.view(np.uint32).copy()
    bits[(np.abs(single) > np.abs(x)) & np.isfinite(single)] -= 1
    bits[(single != x) & ~np.isnan(x) & np.isfinite(single)] |= 1
    return bits.view(np.float32)


def limited(x, dtype):
    """x in the format, with the greatest number for what is too large, by the table of Cast."""
    most = float(ml_dtypes.finfo(dtype).max)
    return np.where(np.isnan(x), x, np.clip(x, -most, most)).astype(dtype)


def power_of_two(x, saturate, mode):
    """The table of Cast for float8e8m0, in exact arithmetic on float64."""
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        exponent = np.floor(np.log2(x))
        exponent = np.where(2.0**exponent > x, exponent - 1, exponent)
        low = 2.0**exponent
        up = {"up": x > low, "down": x < 0, "nearest": x >= 1.5 * low}[mode]
        code = exponent + 127 + up
    code = np.where(code > 254, 254 if saturate else 255, code)
    # 2^-127 is the least; what is below it and not zero may round up to it all the same.
    code = np.where(x < 2.0**-127, 0 if saturate else 255, code)
    code = np.where(np.isnan(x) | (x < 0), 255, code)
    return np.nan_to_num(code, nan=255).astype(np.uint8).view(ml_dtypes.float8_e8m0fnu)


class Model:
    def __init__(self):
        self.inputs, self.constants, self.nodes, self.outputs, self.expected = {}, [], [], [], {}

    def feed(self, name, value, type_name):
        self.inputs[name] = (value, getattr(TensorProto, type_name))

    def add(self, operator, inputs, type_name, expected, **attributes):
        name = f"{operator}_{len(self.nodes)}_{type_name}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name="_".join([name, *inputs]), **attributes))
        self.outputs.append(helper.make_tensor_value_info(name, getattr(TensorProto, type_name), expected.shape))
        self.expected[name] = (expected, f"{operator} of {inputs} to {type_name} {attributes}")
        return name

    def save(self, path):
        inputs = [helper.make_tensor_value_info(name, kind, value.shape) for name, (value, kind) in self.inputs.items()]
        graph = helper.make_graph(self.nodes, "formats", inputs, self.outputs, self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)]), path)


def cast(model, inputs, type_name, expected, **attributes):
    model.add("Cast", [inputs], type_name, expected, to=getattr(TensorProto, type_name), **attributes)


def add_floats(model):
    single = float_inputs()
    double = double_inputs(single)
    model.feed("single", single, "FLOAT")
    model.feed("double", double, "DOUBLE")
    for name, dtype in FLOATS.items():
        values = all_values(dtype)
        model.feed(name.lower(), values, name)
        cast(model, name.lower(), "FLOAT", values.astype(np.float32))
        cast(model, name.lower(), "DOUBLE", values.astype(np.float64))
        for source, x in (("single", single), ("double", one_rounding(double))):
            if name == "FLOAT8E8M0":
                for mode in ("up", "down", "nearest"):
                    for saturate in (0, 1):
                        cast(model, source, name, power_of_two(double if source == "double" else x, saturate, mode), saturate=saturate, round_mode=mode)
            elif ml_dtypes.finfo(dtype).bits == 16:
                cast(model, source, name, x.astype(dtype))
            else:
                cast(model, source, name, x.astype(dtype), saturate=0)
                cast(model, source, name, limited(x, dtype), saturate=1)


def add_integers(model):
    wide = np.arange(-300, 300).astype(np.int32)
    model.feed("wide", wide, "INT32")
    for name, dtype in INTEGERS.items():
        values = np.arange(2 ** ml_dtypes.iinfo(dtype).bits).astype(dtype)
        model.feed(name.lower(), values, name)
        cast(model, name.lower(), "FLOAT", values.astype(np.float32))
        cast(model, name.lower(), "INT32", values.astype(np.int32))
        cast(model, name.lower(), "FLOAT16", values.astype(np.float16))
        cast(model, name.lower(), "BFLOAT16", values.astype(ml_dtypes.bfloat16))
        cast(model, "wide", name, wide.astype(dtype))


def add_divisions(model):
    for type_name, dtype in (("INT8", np.int8), ("INT16", np.int16), ("INT32", np.int32), ("INT64", np.int64), ("UINT8", np.uint8), ("UINT32", np.uint32)):
        info = np.iinfo(dtype)
        edges = np.unique(np.array([info.min, info.min + 1, info.max - 1, info.max, *(k for k in (-7, -3, -2, -1, 0, 1, 2, 3, 7) if k >= info.min)], dtype))
        x, y = (part.flatten() for part in np.meshgrid(edges, edges[edges != 0]))
        left, right = f"x_{type_name.lower()}", f"y_{type_name.lower()}"
        model.feed(left, x, type_name)
        model.feed(right, y, type_name)
        quotients = [abs(int(a)) // abs(int(b)) * (1 if (a < 0) == (b < 0) else -1) for a, b in zip(x, y)]
        # The least number divided by -1 is itself.
        quotients = [info.min if q > info.max else q for q in quotients]
        model.add("Div", [left, right], type_name, np.array(quotients, dtype))
        model.add("Mod", [left, right], type_name, np.array([int(a) % int(b) for a, b in zip(x, y)], dtype))
        model.add("Mod", [left, right], type_name, np.fmod(x, y), fmod=1)


def reference(operator, inputs, result, **attributes):
    """What the standard's reference evaluator gives for one node."""
    values = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape) for name, value in inputs.items()]
    node = helper.make_node(operator, list(inputs), ["y"], **attributes)
    graph = helper.make_graph([node], "one", values, [helper.make_tensor_value_info("y", result, None)])
    single = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)])
    return ReferenceEvaluator(single).run(None, inputs)[0]


def add_quantised(model):
    random = np.random.default_rng(4)
    shape, axis, block = (3, 10, 5), 1, 4
    scale_shapes = {"one": (), "axis": (10,), "block": (3, 3, 5)}
    scale_types = {"FLOAT": np.float32, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16}
    small = {name: dtype for name, dtype in FLOATS.items() if name not in ("FLOAT16", "BFLOAT16", "FLOAT8E8M0")}
    plain = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "UINT16": np.uint16}
    for scale_name, scale_type in scale_types.items():
        x = (4 * random.standard_normal(shape)).astype(scale_type)
        model.feed(f"x_{scale_name}", x, scale_name)
        for name, dtype in {**small, **INTEGERS, **plain}.items():
            for kind, scale_shape in scale_shapes.items():
                scale = random.uniform(0.02, 2, scale_shape).astype(scale_type)
                zero = np.zeros(scale_shape, dtype)
                if name not in small:
                    zero = random.integers(0, 2, scale_shape).astype(dtype)
                tag = f"{scale_name}_{name}_{kind}"
                names = [f"x_{scale_name}", f"scale_{tag}", f"zero_{tag}"]
                model.feed(names[1], scale, scale_name)
                # A zero point that the compiler knows, and one that it does not know.
                model.feed(names[2], zero, name) if kind == "axis" else model.constants.append(numpy_helper.from_array(zero, names[2]))
                attributes = {"axis": axis, "block_size": block} if kind == "block" else {"axis": axis} if kind == "axis" else {}
                inputs = dict(zip(names, (x, scale, zero)))
                codes = reference("QuantizeLinear", inputs, getattr(TensorProto, name), **attributes)
                quantised = model.add("QuantizeLinear", names, name, codes, **attributes)
                names[0] = quantised
                inputs = dict(zip(names, (codes, scale, zero)))
                model.add("DequantizeLinear", names, scale_name, reference("DequantizeLinear", inputs, getattr(TensorProto, scale_name), **attributes), **attributes)


def add_remainders(model):
    random = np.random.default_rng(3)
    for type_name, dtype, bits in (("FLOAT", np.float32, np.uint32), ("DOUBLE", np.float64, np.uint64), ("FLOAT16", np.float16, np.uint16)):
        info = np.finfo(dtype)
        edges = np.array([0, 1, 3, 5.5, np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal, 7 * info.smallest_subnormal], dtype)
        x, y = (part.flatten() for part in np.meshgrid(np.concatenate([edges, -edges]), np.concatenate([edges, -edges])))
        any_bits = random.integers(0, np.iinfo(bits).max, (2, 4000), dtype=bits, endpoint=True).view(dtype)
        x, y = np.concatenate([x, any_bits[0]]), np.concatenate([y, any_bits[1]])
        model.feed(f"left_{type_name.lower()}", x, type_name)
        model.feed(f"right_{type_name.lower()}", y, type_name)
        model.add("Mod", [f"left_{type_name.lower()}", f"right_{type_name.lower()}"], type_name, np.fmod(x, y), fmod=1)


def differs(got, wanted):
    bits = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[wanted.dtype.itemsize]
    if wanted.dtype.kind == "V" and wanted.dtype in [np.dtype(d) for d in INTEGERS.values()]:
        return got.astype(np.int8) != wanted.astype(np.int8)
    same = got.view(bits) == wanted.view(bits)
    if wanted.dtype.kind in "fV":
        same |= np.isnan(got.astype(np.float64)) & np.isnan(wanted.astype(np.float64))
    if wanted.dtype == ml_dtypes.float4_e2m1fn:
        # The format has no NaN; which zero stands for it is open.
        same |= (got.astype(np.float32) == 0) & (wanted.astype(np.float32) == 0)
    return ~same


def main():
    ingot, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    model = Model()
    add_floats(model)
    add_integers(model)
    add_divisions(model)
    add_remainders(model)
    add_quantised(model)
    model.save("formats.onnx")
    arguments = []
    for name, (value, _) in model.inputs.items():
        np.save(f"{name}.npy", value)
        arguments += ["--input", f"{name}={name}.npy"]
    failures = []
    results = {}
    for road in ("object", "cpp"):
        subprocess.run([ingot, "run", "formats.onnx", *arguments, "--road", road, "-o", road], check=True)
        for name, (wanted, about) in model.expected.items():
            got = np.load(os.path.join(road, name + ".npy"))
            got = got.view(wanted.dtype) if got.dtype.kind == "V" else got
            wrong = np.flatnonzero(differs(got, wanted))
            if wrong.size:
                failures.append(f"{road}: {about}: {wrong.size} of {wrong.size and wanted.size} differ, the first at {wrong[0]}: {got[wrong[0]]} instead of {wanted[wrong[0]]}")
            raw = got.view(np.uint8)
            if results.setdefault(name, raw).tobytes() != raw.tobytes():
                failures.append(f"{about}: the two roads differ")
    print("\n".join(failures) or f"{len(model.expected)} results are as they should be")
    sys.exit(1 if failures else 0)


main()
