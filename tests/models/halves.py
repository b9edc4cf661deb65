"""Models of half floats, as exporters write them, are as fast and as right as those of float32: their kernels have vectors, and both roads give the same bits.

usage: halves.py INGOT [MODEL...]

Each model is turned into one of float16 and one of bfloat16. Outputs are compared with onnxruntime's of the model in float32, whose weights and inputs were rounded
to the format.

Products of bfloat16 by instructions: on aarch64 under QEMU, C++ and object, which give equal bits; of x86 the C++, whose header computes the same in float32 without
the instruction, while in the object, and in what each compiler makes of the C++, the instruction is looked for, since no emulator here runs it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "generated"), str(HERE.parent / "cross")]
import check as generated  # noqa: E402
import int8  # noqa: E402
import models  # noqa: E402

# The type in the model, that of its arrays, and the relative size of a step.
FORMATS = {"float16": (TensorProto.FLOAT16, np.float16, 2.0**-11), "bfloat16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16, 2.0**-8)}


def with_elements(model, kind, dtype):
    """The model with float32 replaced by the format; with kind FLOAT rounded to it."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for tensor in result.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype(dtype)
            name = tensor.name
            tensor.CopyFrom(onnx.TensorProto(name=name, dims=values.shape, data_type=kind,
                                             raw_data=(values if kind != TensorProto.FLOAT else values.astype(np.float32)).tobytes()))
    for value in [*result.graph.input, *result.graph.output, *result.graph.value_info]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = kind
    return result


def share_of_vectors(ingot, path, folder):
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    subprocess.run([ingot, "compile", path, "--target", "x86-64-v3", "-o", folder / "compiled", "--report", report], check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text().splitlines()[0])


def check(ingot, name, folder):
    model = onnx.load(models.MODELS[name].path)
    inputs = models.MODELS[name].make_inputs(7)
    for text, (kind, dtype, step) in FORMATS.items():
        path = folder / f"{name}_{text}.onnx"
        onnx.save(with_elements(model, kind, dtype), path)
        rounded = with_elements(model, TensorProto.FLOAT, dtype)
        session = onnxruntime.InferenceSession(rounded.SerializeToString(), providers=["CPUExecutionProvider"])
        narrow = {key: value.astype(dtype) for key, value in inputs.items()}
        expected = session.run(None, {key: value.astype(np.float32) for key, value in narrow.items()})[0]
        given = []
        for key, value in narrow.items():
            np.save(folder / f"{key}.npy", value)
            given += ["--input", f"{key}={folder / key}.npy"]
        results = []
        for road in ("object", "cpp"):
            subprocess.run([ingot, "run", path, *given, "--road", road, "-o", folder / road], check=True, stdout=subprocess.DEVNULL)
            results.append(np.load(next((folder / road).glob("*.npy"))))
        assert results[0].tobytes() == results[1].tobytes(), f"{path.stem}: the roads differ"
        actual = results[0].view(dtype).astype(np.float32).reshape(expected.shape)
        error = np.abs(actual - expected).max() / np.abs(expected).max()
        # Every layer rounds to the format; their errors add up as those of a random walk do, or a little worse.
        limit = 2 * step * np.sqrt(len(model.graph.node))
        halves, floats = share_of_vectors(ingot, path, folder), share_of_vectors(ingot, models.MODELS[name].path, folder)
        print(f'{path.stem}: error {error:.2g} of the greatest output (limit {limit:.2g}); {halves["vectorised"]} of {halves["kernels"]} kernels with vectors, in float32 {floats["vectorised"]} of {floats["kernels"]}')
        assert error <= limit, path.stem
        if text == "bfloat16" and name == "ds_cnn":
            (folder / "inputs").write_bytes(b"".join(value.tobytes() for value in narrow.values()))
            for target, emit, values in outputs_of_targets(ingot, path, folder):
                error = np.abs(np.frombuffer(values, dtype).astype(np.float32).reshape(expected.shape) - expected).max() / np.abs(expected).max()
                print(f"{path.stem}, {target}, {emit}: error {error:.2g} of the greatest output (limit {limit:.2g})")
                assert error <= limit, f"{path.stem}, {target}"
        # Few kernels more than in float32 have none: a picture's padding gets a copy, whose three channels fill no vector, and such like.
        without = [report["kernels"] - report["vectorised"] for report in (halves, floats)]
        assert without[0] <= without[1] + 0.1 * halves["kernels"], f"{path.stem}: kernels without vectors"


def product_operators():
    """(name, model, input, expected in float64, sums of the products' sizes) of products by bfloat16 weights: rows and depths that fill no tile, pairs or lanes."""
    rng = np.random.default_rng(5)

    def numbers(*shape):
        return rng.normal(size=shape).astype(ml_dtypes.bfloat16)

    def model(name, op, x, w, **attributes):
        graph = helper.make_graph([helper.make_node(op, ["x", "w"], ["y"], **attributes)], name, [helper.make_tensor_value_info("x", TensorProto.BFLOAT16, x.shape)],
                                  [helper.make_tensor_value_info("y", TensorProto.BFLOAT16, None)],
                                  [helper.make_tensor("w", TensorProto.BFLOAT16, w.shape, w.tobytes(), raw=True)])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)

    for rows, depth, columns in ((37, 128, 96), (5, 71, 50), (64, 64, 16)):
        x, w = numbers(rows, depth), numbers(depth, columns)
        wide = [value.astype(np.float64) for value in (x, w)]
        yield f"product_{rows}_{depth}_{columns}", model("product", "MatMul", x, w), x, wide[0] @ wide[1], np.abs(wide[0]) @ np.abs(wide[1])
    x, w = numbers(1, 24, 15, 17), numbers(40, 24, 3, 3)
    wide = [value.astype(np.float32) for value in (x, w)]
    session = onnxruntime.InferenceSession(helper.make_model(helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4)], "conv", [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in zip("xw", wide)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10).SerializeToString())
    results = [session.run(None, dict(zip("xw", values)))[0] for values in (wide, map(np.abs, wide))]
    yield "convolution", model("conv", "Conv", x, w, pads=[1] * 4), x, *results


def check_compilers(folder, sources):
    """Each compiler takes the header's builtins, and makes the instruction of them."""
    flags = [*generated.FLAGS, "-O1", "-Wno-psabi", "-Werror", *generated.target_flags("x86-64-v4-bf16"), *generated.includes(sources)]
    for compiler in ("g++", "clang++-14", "clang++-22"):
        count = 0
        for source in sources.glob("*_kernels*.cpp"):
            subprocess.run([compiler, *flags, "-S", source, "-o", folder / "kernels.s"], check=True)
            count += (folder / "kernels.s").read_text().count("vdpbf16ps")
        print(f"{compiler}: {count} times vdpbf16ps")
        assert count > 0, compiler


def outputs_of_targets(ingot, path, folder):
    """(target, what is emitted, bytes of the outputs), for the inputs in the file `inputs` of the folder."""
    arm, emulator = generated.target_flags("aarch64-bf16"), ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"]
    yield "x86-64-v4-bf16", "cpp", int8.outputs(ingot, path, folder, "x86-64-v4-bf16", "cpp", "g++", ["-march=x86-64-v2"])
    given = [int8.outputs(ingot, path, folder, "aarch64-bf16", emit, "aarch64-linux-gnu-g++", arm, emulator) for emit in ("cpp", "object")]
    assert given[0] == given[1], f"{path.stem}: the object and the C++ differ"
    yield "aarch64-bf16", "cpp and object", given[0]


def check_instructions(ingot, folder):
    for name, model, x, expected, sizes in product_operators():
        path = folder / f"{name}.onnx"
        onnx.save(model, path)
        (folder / "inputs").write_bytes(x.tobytes())
        given = list(outputs_of_targets(ingot, path, folder))
        subprocess.run([ingot, "compile", path, "-o", folder / "x86", "--name", "model", "--target", "x86-64-v4-bf16", "--emit", "object"], check=True)
        if name == "convolution":
            check_compilers(folder, folder / "x86-64-v4-bf16-cpp")
        for instruction, file in (("vdpbf16ps", folder / "x86" / "model.o"), ("bfdot", folder / "aarch64-bf16-object" / "model.o")):
            text = subprocess.run(["llvm-objdump-22", "-d", file], check=True, stdout=subprocess.PIPE, text=True).stdout
            assert instruction in text, f"{name}: no {instruction}"
        # The result is rounded to bfloat16, the sums to float32, by the instruction twice for a pair.
        limit = 2.0**-8 * np.abs(expected) + 2.0**-18 * sizes
        for target, emit, values in given:
            error = np.abs(np.frombuffer(values, ml_dtypes.bfloat16).astype(np.float64).reshape(expected.shape) - expected) / limit
            print(f"{name}, {target}, {emit}: error {error.max():.2g} of the limit")
            assert error.max() <= 1, name


def main():
    ingot, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        check_instructions(ingot, pathlib.Path(folder))
        for name in names or ("ds_cnn", "resnet8", "mobilenet_v1"):
            check(ingot, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
