"""The models of the tests: where their files lie, what inputs they are run with, how they are compiled.

Imported by the scripts of tests/; needs numpy. See README.md for where the files come from.
"""
import dataclasses
import os
import pathlib
import zlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("INGOT_CACHE") or pathlib.Path(home) / "ingot")


def normal(*shape, scale=1.0):
    return lambda random: (scale * random.standard_normal(shape)).astype(np.float32)


def uniform(*shape, low=-1.0, high=1.0):
    return lambda random: random.uniform(low, high, shape).astype(np.float32)


def integers(*shape, below, dtype):
    return lambda random: random.integers(0, below, shape).astype(dtype)


def fixed(value):
    return lambda random: value


@dataclasses.dataclass(frozen=True)
class Model:
    name: str  # a C identifier
    file: str  # below models/ of the cache, or below data/ of this folder
    inputs: dict  # name in the graph: function from a random generator to an array
    shapes: tuple = ()  # --shape options, where the file leaves sizes open
    states: tuple = ()  # --state options

    @property
    def path(self):
        small = ROOT / "tests" / "models" / self.file
        return small if small.is_file() else cache() / "models" / self.file

    def make_inputs(self, seed=0):
        """Arrays by name, the same for the same seed on every machine."""
        random = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return {name: make(random) for name, make in self.inputs.items()}

    def options(self):
        """The command line's options for `ingot compile`."""
        return [option for shape in self.shapes for option in ("--shape", shape)] + \
               [option for state in self.states for option in ("--state", state)]


def _picture(height, width):
    return {"x": uniform(1, 3, height, width)}


_silero_inputs = {
    "input": uniform(1, 576, low=-0.3, high=0.3),
    "state": normal(2, 1, 128, scale=0.3),
    "sr": fixed(np.array(16000, np.int64)),
}

MODELS = {model.name: model for model in (
    Model("ds_cnn", "data/ds_cnn.onnx", {"input": normal(1, 1, 49, 10)}),
    Model("resnet8", "data/resnet8.onnx", {"input": normal(1, 3, 32, 32)}),
    Model("mobilenet_v1", "data/mobilenet_v1.onnx", {"input": normal(1, 3, 96, 96)}),
    Model("autoencoder", "data/autoencoder.onnx", {"input": normal(1, 640)}),
    Model("mobilenet_v2", "made/mobilenet_v2.onnx", {"input": normal(1, 3, 224, 224)}),
    Model("resnet50", "made/resnet50.onnx", {"input": normal(1, 3, 224, 224)}),
    Model("bert", "made/bert.onnx", {
        "input_ids": integers(1, 128, below=30522, dtype=np.int64),
        "attention_mask": fixed((np.arange(128) < 100).astype(np.int64)[None]),
        "token_type_ids": fixed((np.arange(128) >= 60).astype(np.int64)[None]),
    }),
    Model("ppocr_det", "fetched/ppocr/ch_PP-OCRv4_det_infer.onnx", _picture(480, 640), ("x=1,3,480,640",)),
    Model("ppocr_rec", "fetched/ppocr/ch_PP-OCRv4_rec_infer.onnx", _picture(48, 320), ("x=1,3,48,320",)),
    Model("ppocr_cls", "fetched/ppocr/ch_ppocr_mobile_v2.0_cls_infer.onnx", _picture(48, 192), ("x=1,3,48,192",)),
    Model("magika", "fetched/magika/model.onnx", {"bytes": integers(1, 2048, below=257, dtype=np.int32)}, ("bytes=1,2048",)),
    Model("silero", "fetched/silero/silero_vad_op18_ifless.onnx", _silero_inputs,
          ("input=1,576", "state=2,1,128"), ("state:stateN",)),
    Model("silero_ifs", "fetched/silero/silero_vad.onnx", _silero_inputs,
          ("input=1,576", "state=2,1,128"), ("state:stateN",)),
)}

# Made by quantize_models.py; compared with onnxruntime alone, since their numbers are what they are by rounding.
QUANTIZED = {f"{name}_{kind}": dataclasses.replace(MODELS[name], name=f"{name}_{kind}", file=f"made/{name}_{kind}.onnx")
             for kind, names in {
                 "int8": ("ds_cnn", "resnet8", "mobilenet_v1", "autoencoder", "mobilenet_v2", "resnet50", "bert", "ppocr_det", "ppocr_rec", "ppocr_cls"),
                 "dynamic": ("bert", "ppocr_rec"),
             }.items() for name in names}
