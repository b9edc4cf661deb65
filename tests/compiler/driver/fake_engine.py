"""Writes a module `onnxruntime` that behaves as a test wants, for the peer of `ingot bench`; it takes models whose output is Relu of the input.

usage: fake_engine.py KIND FOLDER

  off      is half off
  late     fails at its tenth run
  crashes  ends its process by a signal when a model is loaded
  shape    gives outputs of another shape
"""
import pathlib
import sys

TEXT = """
import os, numpy
KIND = {kind!r}
__version__ = "fake"
class SessionOptions:
    pass
class InferenceSession:
    def __init__(self, *_, **__):
        print("noise on stdout")
        self.runs = 0
        if KIND == "crashes":
            os.abort()
    def run(self, names, inputs):
        self.runs += 1
        if KIND == "late" and self.runs == 10:
            raise RuntimeError("had\\nenough")
        (x,) = inputs.values()
        y = numpy.maximum(x, 0) + numpy.float32(0.5)
        return [y.reshape(-1) if KIND == "shape" else y]
"""

folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
(folder / "onnxruntime.py").write_text(TEXT.format(kind=sys.argv[1]))
