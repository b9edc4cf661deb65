"""Exports the models of good_models.py after optimisation and compares both versions in onnx's reference evaluator.

roundtrip.py INGOT_FRONT FOLDER: FOLDER holds the models; the exported ones are written beside them.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

CASES = {
    "scopes": {},
    "forms": {},
    "narrow": {},
    "loop": {},
    "squeeze": {"x": [4, 2]},
    "impossible": {"x": [4, 3]},
}


def main():
    program, folder = sys.argv[1:]
    for name, shapes in CASES.items():
        source = os.path.join(folder, name + ".onnx")
        target = os.path.join(folder, name + ".exported.onnx")
        options = [f"--shape={k}={','.join(map(str, v))}" for k, v in shapes.items()]
        subprocess.run([program, source, "--optimize", *options, "--export", target], check=True)
        model, exported = onnx.load(source), onnx.load(target)
        onnx.checker.check_model(exported, full_check=True)
        feeds = {}
        for value in exported.graph.input:
            shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
            kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            count = int(np.prod(shape))
            feeds[value.name] = (np.arange(count).reshape(shape) - count // 3).astype(kind)
        for name_, feed in feeds.items():
            if feed.dtype == bool:
                feeds[name_] = np.ones(feed.shape, bool)
        names = [value.name for value in model.graph.input]
        assert all(value.name in names for value in exported.graph.input)
        expected = ReferenceEvaluator(model).run(None, feeds)
        actual = ReferenceEvaluator(exported).run(None, feeds)
        for a, b in zip(expected, actual):
            a, b = np.asarray(a), np.asarray(b)
            assert a.shape == b.shape, (name, a.shape, b.shape)
            np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), rtol=1e-6)
        print(name, "is equal")


main()
