"""Models that end in ZipMap, as scikit-learn's exporter writes classifiers: by each road, the keys and the values of the maps.

usage: maps.py INGOT
"""

import os
import pathlib
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "python"))
from ingot.backend import ROADS, CompileError, Workshop  # noqa: E402
from expect import check, refused  # noqa: E402

FLOAT = TensorProto.FLOAT
random = np.random.default_rng(0)


def model(shape, labels, more=(), outputs=()):
    """Relu, then ZipMap into the output `maps`; more nodes and outputs behind it."""
    strings = isinstance(labels[0], str)
    attribute = {"classlabels_strings" if strings else "classlabels_int64s": labels}
    nodes = [helper.make_node("Relu", ["x"], ["scores"]), helper.make_node("ZipMap", ["scores"], ["maps"], name="zip", domain="ai.onnx.ml", **attribute), *more]
    key = TensorProto.STRING if strings else TensorProto.INT64
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(key, helper.make_tensor_type_proto(FLOAT, [])))
    values = [helper.make_tensor_value_info("x", FLOAT, shape)]
    graph = helper.make_graph(nodes, "maps", values, [helper.make_tensor_value_info("scores", FLOAT, shape), helper.make_value_info("maps", maps), *outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)


CASES = [
    ([7, 3], [3, 1, 2], (7, 3)),
    ([1, 1], [-5], (1, 1)),
    ([40, 130], [f"label {i}" for i in range(130)], (40, 130)),
    (["rows", 4], ["a", "", "ä", "d"], (9, 4)),
    ([5], [10, 20, 30, 40, 50], (5,)),
]


def main():
    os.environ["INGOT"] = sys.argv[1]
    for road in ROADS:
        with tempfile.TemporaryDirectory() as folder:
            workshop = Workshop(folder, road)
            for shape, labels, given in CASES:
                compiled = workshop.get(model(shape, labels))
                names = [output.name for output in compiled.outputs]
                check(names == ["scores", "maps.keys", "maps.values"], f"{road}: the outputs are {names}")
                x = random.standard_normal(given).astype("f")
                scores, keys, values = compiled.run([x])
                check(keys.tolist() == labels, f"{road}: the keys are {keys}")
                wanted = np.maximum(x, 0).reshape(-1, len(labels))
                check(np.array_equal(scores, np.maximum(x, 0)) and np.array_equal(values, wanted), f"{road} {shape}: the values are {values}")
                print(f"{road}: {len(values)} maps of {len(keys)} keys")
            length = [helper.make_node("SequenceLength", ["maps"], ["length"])], [helper.make_tensor_value_info("length", TensorProto.INT64, [])]
            refused(lambda: workshop.get(model([2, 2], [1, 2], *length)), CompileError, "(SequenceLength)")
            refused(lambda: workshop.get(model([3, 3], [1, 2])), CompileError, "'zip'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
