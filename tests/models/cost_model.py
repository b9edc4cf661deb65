#!/usr/bin/env python3
"""How far the schedules of the cost model are from the best that `ingot tune` finds, on kernels that nobody has chosen.

usage: cost_model.py [--ingot INGOT] [--seconds SECONDS] [--kernels N] [--seed N] [--file FILE]

The kernels' kinds and sizes are drawn by the seed: products of matrices, convolutions, depthwise ones, pools, softmax, normalisations, transposes, element by
element; they become one model with as many inputs and outputs. A kernel whose search found nothing better counts as 1. Prints each kernel's two times, and the median,
the quartiles and the greatest of their ratios.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Kernels:
    """Nodes that do not depend on each other, of sizes that the generator draws."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], []

    def size(self, low, high):
        """A number whose logarithm is uniform."""
        return int(round(np.exp(self.random.uniform(np.log(low), np.log(high)))))

    def add(self, op, *operands, **attributes):
        """Operands are shapes, or arrays of constants."""
        number = len(self.nodes)
        names = []
        for i, operand in enumerate(operands):
            name = f"k{number}_{i}"
            names.append(name)
            if isinstance(operand, np.ndarray):
                self.constants.append(numpy_helper.from_array(operand, name))
            else:
                self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, operand))
        self.nodes.append(helper.make_node(op, names, [f"k{number}"], name=f"k{number}_{op}", **attributes))
        self.outputs.append(helper.make_tensor_value_info(f"k{number}", TensorProto.FLOAT, None))

    def weights(self, *shape):
        return self.random.normal(size=shape, scale=0.1).astype(np.float32)

    def product(self):
        m, n, k = self.size(1, 600), self.size(8, 1500), self.size(8, 1500)
        constant = self.random.integers(2)
        self.add("MatMul", [m, k], self.weights(k, n) if constant else [k, n])

    def convolution(self):
        kernel = int(self.random.choice([1, 1, 3, 3, 5]))
        channels, filters, side = self.size(3, 400), self.size(8, 400), self.size(7, 100)
        self.add("Conv", [1, channels, side, side + self.size(1, 30)], self.weights(filters, channels, kernel, kernel), self.weights(filters),
                 pads=[kernel // 2] * 4, strides=[int(self.random.choice([1, 1, 2]))] * 2)

    def depthwise(self):
        kernel, channels, side = int(self.random.choice([3, 3, 5, 7])), self.size(8, 700), self.size(7, 110)
        self.add("Conv", [1, channels, side, side], self.weights(channels, 1, kernel, kernel), pads=[kernel // 2] * 4, group=channels,
                 strides=[int(self.random.choice([1, 1, 2]))] * 2)

    def pool(self):
        kernel, side = int(self.random.choice([2, 3])), self.size(8, 120)
        self.add(str(self.random.choice(["MaxPool", "AveragePool"])), [1, self.size(8, 300), side, side], kernel_shape=[kernel] * 2, strides=[2, 2])

    def softmax(self):
        self.add("Softmax", [self.size(1, 800), self.size(8, 3000)], axis=-1)

    def normalisation(self):
        rows, columns = self.size(1, 600), self.size(16, 2000)
        self.add("LayerNormalization", [rows, columns], self.weights(columns), self.weights(columns))

    def transpose(self):
        self.add("Transpose", [self.size(2, 40), self.size(4, 200), self.size(4, 200)], perm=[int(i) for i in self.random.permutation(3)])

    def elementwise(self):
        self.add(str(self.random.choice(["Tanh", "Erf", "Sigmoid", "Exp", "Sqrt", "Abs"])), [self.size(1, 500), self.size(3, 2000)])

    def model(self, count):
        kinds = [self.product] * 3 + [self.convolution] * 3 + [self.depthwise, self.pool, self.softmax, self.normalisation, self.transpose, self.elementwise]
        for _ in range(count):
            kinds[self.random.integers(len(kinds))]()
        graph = helper.make_graph(self.nodes, "kernels", self.inputs, self.outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    parser = argparse.ArgumentParser(description="How far the cost model's schedules are from the best that `ingot tune` finds, on kernels of random sizes.")
    parser.add_argument("--ingot", default="build/bin/ingot", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=600, help="of the search, for all kernels together; default: %(default)s")
    parser.add_argument("--kernels", type=int, default=36, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--file", type=pathlib.Path, help="keeps the schedules, so that a search goes on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "kernels.onnx"
        onnx.save(Kernels(arguments.seed).model(arguments.kernels), path)
        file = arguments.file or pathlib.Path(folder) / "schedules.json"
        subprocess.run([arguments.ingot, "tune", path, "-o", file, "--seconds", str(arguments.seconds)], check=True, stdout=sys.stderr)
        kernels = [kernel for kernel in json.loads(file.read_text())["kernels"].values() if kernel["tried"] and kernel["ms"]]
    if len(kernels) < 2:
        sys.exit("no search of two kernels came to its end; more --seconds are needed")
    for kernel in kernels:
        print(f'{kernel["name"]:40} {kernel["model_ms"]:9.3g} ms  best of {kernel["tried"]:4}: {kernel["ms"]:9.3g} ms  {kernel["model_ms"] / kernel["ms"]:.2f}')
    ratios = [max(1, kernel["model_ms"] / kernel["ms"]) for kernel in kernels]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{len(ratios)} kernels: median {middle:.2f}, quartiles {low:.2f} and {high:.2f}, greatest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
