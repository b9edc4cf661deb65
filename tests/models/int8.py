"""Quantised models give what onnxruntime gives, number by number, on both roads to code.

usage: int8.py INGOT [MODEL...]

Weights are quantised to seven bits here: with eight, onnxruntime itself saturates sums of two products on machines without VNNI, and gives other
numbers there than elsewhere. Additions, pools and softmax between the products are computed in float32 here and on tables and ratios of scales there: where
these round to another integer, an output may be one step of its scale off.

The same with products of int8, for targets that have an instruction for them: on aarch64 and a bare Cortex-M7, where QEMU has it, C++ and object, which give
equal bits; of x86 the C++, whose header computes the same without the instruction.
"""

import pathlib
import subprocess
import sys
import tempfile
import types

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "generated"), str(HERE.parent / "cross")]
import check as generated  # noqa: E402
import models  # noqa: E402
import objects  # noqa: E402
import quantize_models  # noqa: E402

SMALL = ("ds_cnn", "resnet8", "mobilenet_v1", "autoencoder")


def step_of_output(graph):
    """The scale of the DequantizeLinear that gives the first output."""
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    return numpy_helper.to_array(next(tensor for tensor in graph.initializer if tensor.name == last.input[1])).item()


def compare(what, values, wanted, step):
    difference = np.abs(values - wanted).max()
    equal = np.count_nonzero(values == wanted) / wanted.size
    print(f"{what}: {equal:.1%} of {wanted.size} equal, greatest difference {difference:.3g} (a step: {step:.3g})")
    assert difference <= 1.001 * step and (equal > 0.95 or wanted.size < 16), what


def outputs(ingot, path, folder, target, emit, compiler, flags, emulator=(), options=()):
    """The bytes of the outputs, for the inputs in the file `inputs` of the folder, of a program for the target."""
    here = folder / f"{target}-{emit}"
    subprocess.run([ingot, "compile", path, "-o", here, "--name", "model", "--target", target, "--emit", emit, *options], check=True)
    subprocess.run([compiler, *generated.FLAGS, "-O1", "-Wno-psabi", *flags, "-DMODEL=model_model", *generated.includes(here),
                    generated.ROOT / "tests" / "generated" / "drive.cpp", *(generated.sources(here) if emit == "cpp" else [here / "model.o"]), "-o", here / "program"],
                   check=True)
    subprocess.run([*emulator, here / "program", folder / "inputs", here / "outputs"], check=True)
    return (here / "outputs").read_bytes()


def outputs_of_targets(ingot, path, folder, inputs):
    """(target, bytes of the outputs) for each target with an instruction for int8."""
    (folder / "inputs").write_bytes(b"".join(value.tobytes() for value in inputs.values()))
    arm, emulator = generated.target_flags("aarch64-dotprod"), ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"]
    for target, compiler, flags, emulator, roads in (("x86-64-v4-vnni", "g++", ["-march=x86-64-v2"], [], ["cpp"]),
                                                     ("aarch64-dotprod", "aarch64-linux-gnu-g++", arm, emulator, ["cpp", "object"]),
                                                     ("cortex-m7", "", [], [], ["cpp", "object"])):
        subprocess.run([ingot, "compile", path, "--target", target, "--emit=loops", "-o", folder / "loops.mlir"], check=True)
        dots = [line for line in (folder / "loops.mlir").read_text().splitlines() if "ingot.dot" in line]
        assert dots and all("xi8>" in line for line in dots), f"{path.stem}, {target}: products are not of int8"
        if target == "cortex-m7":
            arguments, model = types.SimpleNamespace(ingot=ingot), types.SimpleNamespace(path=path, options=list)
            given = [objects.outputs(arguments, model, target, emit, folder, folder / "inputs") for emit in roads]
        else:
            given = [outputs(ingot, path, folder, target, emit, compiler, flags, emulator) for emit in roads]
        assert all(value == given[0] for value in given), f"{path.stem}, {target}: the object and the C++ differ"
        yield target, given[0]


def operators():
    """(name, model, input) of single operators: signs and zero points of both factors, padding, steps, groups, zero points of the run."""
    rng = np.random.default_rng(3)

    def tensor(name, value):
        return numpy_helper.from_array(np.asarray(value), name)

    def case(name, op, x, w, constants, names, attributes, result, varying=()):
        given = [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)]
        given += [helper.make_tensor_value_info(v, helper.np_dtype_to_tensor_dtype(constants[v].dtype), constants[v].shape) for v in varying]
        initializers = [tensor("w", w)] + [tensor(k, v) for k, v in constants.items() if k not in varying]
        graph = helper.make_graph([helper.make_node(op, names, ["y"], **attributes)], name, given,
                                  [helper.make_tensor_value_info("y", result, None)], initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return name, model, {"x": x, **{v: constants[v] for v in varying}}

    def values(kind, *shape):
        return rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, shape).astype(kind)

    for name, kind, zero, channels, filters, window, attributes in (
            ("unsigned", np.uint8, 0, 32, 48, 3, {"pads": [1] * 4}), ("unsigned_zero_point", np.uint8, 131, 20, 64, 3, {"pads": [1, 0, 2, 1]}),
            ("signed_zero_point", np.int8, -7, 33, 64, 3, {"pads": [1] * 4, "strides": [2, 2]}), ("first", np.uint8, 114, 3, 32, 7, {"pads": [3] * 4, "strides": [2, 2]}),
            ("groups", np.int8, 5, 64, 64, 3, {"pads": [1] * 4, "group": 2}), ("dilated", np.uint8, 9, 16, 64, 3, {"dilations": [2, 2]})):
        constants = {"xs": np.float32(0.02), "xz": kind(zero), "ws": rng.uniform(0.0005, 0.002, filters).astype(np.float32), "wz": np.zeros(filters, np.int8),
                     "ys": np.float32(1.5), "yz": kind(3), "b": rng.integers(-9999, 9999, filters).astype(np.int32)}
        yield case(f"qlinearconv_{name}", "QLinearConv", values(kind, 1, channels, 15, 17), values(np.int8, filters, channels // attributes.get("group", 1), window, window),
                   constants, ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], attributes, TensorProto.UINT8 if kind is np.uint8 else TensorProto.INT8)
    for name, kind, weights, zero, varying in (("run", np.uint8, np.int8, 0, ["xz"]), ("run_signed", np.int8, np.int8, 0, ["xz"]), ("unsigned_weights", np.uint8, np.uint8, 128, [])):
        yield case(f"matmulinteger_{name}", "MatMulInteger", values(kind, 3, 7, 70), values(weights, 70, 50), {"xz": kind(77), "wz": weights(zero)}, ["x", "w", "xz", "wz"], {},
                   TensorProto.INT32, varying)


def check_operators(ingot, folder):
    """Integers throughout, so that every target gives what this machine's gives."""
    for name, model, inputs in operators():
        path = folder / f"{name}.onnx"
        onnx.save(model, path)
        given = []
        for key, value in inputs.items():
            np.save(folder / f"{key}.npy", value)
            given += ["--input", f"{key}={folder / key}.npy"]
        subprocess.run([ingot, "run", path, *given, "-o", folder / "native"], check=True, stdout=subprocess.DEVNULL)
        expected = np.load(folder / "native" / "y.npy")
        for target, actual in outputs_of_targets(ingot, path, folder, inputs):
            wrong = np.count_nonzero(np.frombuffer(actual, expected.dtype) != expected.ravel())
            print(f"{name}, {target}: {wrong} of {expected.size} differ")
            assert wrong == 0, name


def check(ingot, name, folder):
    model = models.MODELS[name]
    path = folder / f"{name}.onnx"
    quantize_models.quantize(model, path, reduce_range=True)
    inputs = model.make_inputs(5)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    expected = session.run(None, inputs)
    given = []
    for key, value in inputs.items():
        np.save(folder / f"{key}.npy", value)
        given += ["--input", f"{key}={folder / key}.npy"]
    subprocess.run([ingot, "compile", path, "--emit=loops", "-o", folder / "loops.mlir"], check=True)
    assert "ingot.dot" in (folder / "loops.mlir").read_text(), "products do not go in pairs"
    step = step_of_output(onnx.load(str(path)).graph)
    for road in ("object", "cpp"):
        subprocess.run([ingot, "run", path, *given, "--road", road, "-o", folder / road], check=True)
        for output, wanted in zip(session.get_outputs(), expected):
            compare(f"{name}, {road}", np.load(folder / road / f"{output.name}.npy"), wanted, step)
    if name == "ds_cnn":
        for target, values in outputs_of_targets(ingot, path, folder, inputs):
            compare(f"{name}, {target}", np.frombuffer(values, np.float32), expected[0].ravel(), step)


def check_winograd(ingot, folder):
    """Convolutions of 3x3 by Winograd's method give the very integers of the direct ones, for pictures and weights at their limits, too; where weights are so great
    that it would not be exact, it is left out."""
    rng = np.random.default_rng(4)
    rows = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]])

    def limits(channels):
        """Pictures whose transforms are as great as any: in every second tile the signs of a row times a row of the matrix."""
        blocks = rng.integers(0, 2, (channels, 8, 8), np.uint8) * 255
        for block in blocks:
            block[:6, :6] = 255 * (np.outer(*rows[rng.integers(0, 6, 2)]) > 0)
        return np.ascontiguousarray(np.broadcast_to(np.tile(np.roll(blocks, -1, (1, 2)), (4, 4))[:, :27, :30], (2, channels, 27, 30)))

    for name, channels, filters, weights, zero, exact in (("random", 64, 64, rng.integers(-127, 128, (64, 64, 3, 3)), 128, True),
                                                          ("signs", 48, 72, rng.choice([-127, 127], (72, 48, 3, 3)), 0, True),
                                                          ("greatest", 64, 32, rng.choice([-128, 127], (32, 64, 3, 3)), 128, True),
                                                          ("too_great", 128, 32, rng.choice([-128, 127], (32, 128, 3, 3)), 0, False)):
        constants = {"xs": np.float32(0.02), "xz": np.uint8(zero), "w": weights.astype(np.int8), "ws": np.float32(0.001), "wz": np.int8(0), "ys": np.float32(0.4),
                     "yz": np.uint8(100), "b": rng.integers(-9999, 9999, filters).astype(np.int32)}
        if name == "random":
            constants["ws"] = rng.uniform(0.0005, 0.002, filters).astype(np.float32)
            constants["wz"] = np.zeros(filters, np.int8)
        node = helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["y"], pads=[1, 1, 1, 1])
        # Between two others, so that channels lie last in memory; these keep every number.
        unit = np.zeros((channels, channels, 1, 1), np.int8)
        unit[range(channels), range(channels)] = 1
        before = helper.make_node("QLinearConv", ["i", "one", "xz", "unit", "one", "wz0", "one", "xz"], ["x"])
        constants |= {"one": np.float32(1), "unit": unit, "wz0": np.int8(0)}
        graph = helper.make_graph([before, node], name, [helper.make_tensor_value_info("i", TensorProto.UINT8, [2, channels, 27, 30])],
                                  [helper.make_tensor_value_info("y", TensorProto.UINT8, None)], [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
        path = folder / f"winograd_{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        picture = limits(channels) if name != "random" else rng.integers(0, 256, (2, channels, 27, 30)).astype(np.uint8)
        (folder / "inputs").write_bytes(picture.tobytes())
        results = []
        for option in ([], ["--no-winograd"]):
            text = subprocess.run([ingot, "compile", path, "--target", "x86-64-v3", "--emit=kernels", *option], check=True, stdout=subprocess.PIPE, text=True).stdout
            assert ("winograd_products" in text) == (exact and not option), f"{name} {option}"
            results.append(np.frombuffer(outputs(ingot, path, folder, "x86-64-v3", "cpp", "g++", ["-march=native"], options=option), np.uint8))
        print(f"winograd, {name}: {np.count_nonzero(results[0] != results[1])} of {results[0].size} differ")
        assert np.array_equal(*results) and len(np.unique(results[0])) > 20, name


def main():
    ingot, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in names or SMALL:
            check(ingot, name, pathlib.Path(folder))
        check_operators(ingot, pathlib.Path(folder))
        check_winograd(ingot, pathlib.Path(folder))


if __name__ == "__main__":
    main()
