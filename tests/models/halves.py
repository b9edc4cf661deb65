"""Models of half floats, as exporters write them, are as fast and as right as those of float32: their kernels have vectors, and both roads give the same bits.

usage: halves.py INGOT [MODEL...]

Each model is turned into one of float16 and one of bfloat16. Outputs are compared with onnxruntime's of the model in float32, whose weights and inputs were rounded
to the format.
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
from onnx import TensorProto, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
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
        # Few kernels more than in float32 have none: a picture's padding gets a copy, whose three channels fill no vector, and such like.
        without = [report["kernels"] - report["vectorised"] for report in (halves, floats)]
        assert without[0] <= without[1] + 0.1 * halves["kernels"], f"{path.stem}: kernels without vectors"


def main():
    ingot, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in names or ("ds_cnn", "resnet8", "mobilenet_v1"):
            check(ingot, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
