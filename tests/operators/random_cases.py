"""Checks the distributions of random operators, that a seed gives the same numbers again, and that another seed gives others."""

import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

COUNT = 200000


def draw(ingot, op, inputs=(), outputs=1, kind=TensorProto.FLOAT, constants=(), **attributes):
    """The results of one node."""
    types = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "?": TensorProto.BOOL}
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(op, names, [f"y{i}" for i in range(outputs)], name="node", **attributes)
    kinds = [kind, TensorProto.BOOL][:outputs]
    declared = [helper.make_tensor_value_info(n, types[v.dtype.char], v.shape) for i, (n, v) in enumerate(zip(names, inputs)) if i not in constants]
    fixed = [onnx.numpy_helper.from_array(inputs[i], names[i]) for i in constants]
    results = [helper.make_tensor_value_info(f"y{i}", kinds[i], None) for i in range(outputs)]
    model = helper.make_model(helper.make_graph([node], "case", declared, results, fixed), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "case.onnx")
        onnx.save(model, path)
        command = [ingot, "run", path, "-o", os.path.join(folder, "out")]
        for i, (name, value) in enumerate(zip(names, inputs)):
            if i not in constants:
                np.save(os.path.join(folder, name + ".npy"), value)
                command += ["--input", f"{name}={folder}/{name}.npy"]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)
        return [np.load(os.path.join(folder, "out", f"y{i}.npy")) for i in range(outputs)]


def near(value, expected, deviation, what):
    """Within five standard deviations of a mean of COUNT numbers."""
    assert abs(value - expected) < 5 * deviation / np.sqrt(COUNT), f"{what}: {value} instead of {expected}"


def uniform(ingot):
    (x,) = draw(ingot, "RandomUniform", shape=[COUNT], low=-2.0, high=6.0, seed=3.0)
    assert x.min() >= -2 and x.max() < 6
    near(x.mean(), 2, 8 / np.sqrt(12), "mean")
    for part in np.histogram(x, bins=16, range=(-2, 6))[0]:
        near(part / COUNT, 1 / 16, np.sqrt(15) / 16, "share of a sixteenth")
    near(np.mean((x[1:] - 2) * (x[:-1] - 2)), 0, 64 / 12, "product of neighbours")
    assert np.array_equal(x, draw(ingot, "RandomUniform", shape=[COUNT], low=-2.0, high=6.0, seed=3.0)[0])
    assert not np.array_equal(x, draw(ingot, "RandomUniform", shape=[COUNT], low=-2.0, high=6.0, seed=4.0)[0])
    # SplitMix64 is the same everywhere.
    expected = [x * 8 - 2 for x in (first_unit(3.0, i) for i in range(4))]
    assert np.allclose(x[:4], expected, rtol=1e-6), f"{x[:4]} instead of {expected}"


def mixed(x):
    mask = (1 << 64) - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    return x ^ x >> 31


def first_unit(seed, i):
    start = mixed(int(np.float32(seed).view(np.uint32)))
    return (mixed(start + (i + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 40) / 2**24


def normal(ingot):
    (x,) = draw(ingot, "RandomNormal", shape=[COUNT // 2, 2], mean=1.0, scale=3.0, seed=5.0)
    z = (x.astype(np.float64) - 1) / 3
    for power, expected, deviation in ((1, 0, 1), (2, 1, np.sqrt(2)), (3, 0, np.sqrt(15)), (4, 3, np.sqrt(96))):
        near(np.mean(z**power), expected, deviation, f"moment {power}")
    (like,) = draw(ingot, "RandomNormalLike", [np.zeros(COUNT, np.float32)], seed=5.0)
    near(like.mean(), 0, 1, "mean")


def bernoulli(ingot):
    (x,) = draw(ingot, "Bernoulli", [np.full(COUNT, 0.3, np.float32)], seed=2.0)
    assert set(np.unique(x)) == {0.0, 1.0}
    near(x.mean(), 0.3, np.sqrt(0.21), "mean")


def multinomial(ingot):
    shares = np.array([[0.5, 0.2, 0.3, 1e-9]])
    (x,) = draw(ingot, "Multinomial", [np.log(shares).astype(np.float32)], kind=TensorProto.INT32, sample_size=COUNT, seed=1.0)
    for number, share in enumerate(shares[0]):
        near(np.mean(x == number), share, np.sqrt(share * (1 - share)) + 1e-3, f"share of class {number}")


def dropout(ingot):
    inputs = [np.ones(COUNT, np.float32), np.float32(0.25).reshape(()), np.array(True)]
    for constants in ((), (1, 2)):
        x, mask = draw(ingot, "Dropout", inputs, outputs=2, constants=constants, seed=9)
        near(mask.mean(), 0.75, np.sqrt(0.1875), "share that is kept")
        assert np.allclose(x, np.where(mask, 1 / 0.75, 0))
    inputs[2] = np.array(False)
    assert (draw(ingot, "Dropout", inputs, seed=9)[0] == 1).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ingot", default="ingot")
    ingot = parser.parse_args().ingot
    failed = 0
    for check in (uniform, normal, bernoulli, multinomial, dropout):
        try:
            check(ingot)
        except (AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{check.__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
