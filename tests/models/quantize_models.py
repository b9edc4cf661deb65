#!/usr/bin/env python3
"""Quantises the tests' models with onnxruntime's own tools: NAME.onnx to NAME_int8.onnx and NAME_dynamic.onnx.

usage: quantize_models.py [--out DIR] [MODEL...]

int8: static quantisation as QDQ, uint8 activations and int8 weights by channel, calibrated on three seeded inputs. dynamic: products and
convolutions with int8 weights by channel, whose activations are quantised as they come. What is there is left alone.
"""
import argparse
import pathlib
import sys
import tempfile

import onnx
import onnx.version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.preprocess import quant_pre_process

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import models  # noqa: E402


class Inputs(CalibrationDataReader):
    def __init__(self, model):
        self.rest = [model.make_inputs(seed) for seed in (1, 2, 3)]

    def get_next(self):
        return self.rest.pop() if self.rest else None


def with_scales_by_channel(model):
    """The model in an opset whose DequantizeLinear has an axis; one that is new enough is left as it is."""
    opset = next(item.version for item in model.opset_import if item.domain in ("", "ai.onnx"))
    return model if opset >= 13 else onnx.version_converter.convert_version(model, 13)


def quantize(model, path, dynamic=False, **options):
    with tempfile.TemporaryDirectory() as folder:
        source, prepared = pathlib.Path(folder) / "source.onnx", pathlib.Path(folder) / "prepared.onnx"
        onnx.save(with_scales_by_channel(onnx.load(str(model.path))), str(source))
        # Folds batch norms, as onnxruntime advises before quantising.
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        result = pathlib.Path(folder) / "result.onnx"
        if dynamic:
            quantize_dynamic(str(prepared), str(result), per_channel=True, weight_type=QuantType.QInt8, **options)
        else:
            quantize_static(str(prepared), str(result), Inputs(model), quant_format=QuantFormat.QDQ, per_channel=True,
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, **options)
        onnx.checker.check_model(str(result))
        path.write_bytes(result.read_bytes())


def main():
    parser = argparse.ArgumentParser(description="Quantises the tests' models with onnxruntime's own tools.")
    parser.add_argument("--out", type=pathlib.Path, default=models.cache() / "models/made", help="default: %(default)s")
    parser.add_argument("model", nargs="*", help=f"of: {', '.join(models.QUANTIZED)}; default: all")
    arguments = parser.parse_args()
    for name in arguments.model or models.QUANTIZED:
        if name not in models.QUANTIZED:
            parser.error(f"no model {name}; there are: {', '.join(models.QUANTIZED)}")
        path = arguments.out / f"{name}.onnx"
        if not path.exists():
            print(path, flush=True)
            source, kind = name.rsplit("_", 1)
            quantize(models.MODELS[source], path, dynamic=kind == "dynamic")


if __name__ == "__main__":
    main()
