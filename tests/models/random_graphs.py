"""Makes small random graphs and verifies each: operators meet in ways that no real model shows.

usage: random_graphs.py INGOT FIRST COUNT PEER [FOLDER]

Seeds FIRST to FIRST + COUNT - 1, each by `ingot verify --against PEER`. With a FOLDER the graphs stay there, as SEED.onnx.
"""
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy
from onnx import TensorProto, helper, numpy_helper, save

LARGEST = 100_000  # elements of a value


class Graph:
    """A graph that grows by random nodes. Values are names with shapes; `x` is the input."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = numpy.random.default_rng(seed)
        self.values = [("x", (1, *(self.random.choice(sizes) for sizes in ((3, 8, 17), (4, 9), (5, 16)))))]
        self.nodes, self.constants = [], []
        for _ in range(self.random.randint(3, 14)):
            step = self.random.choice(self.STEPS)
            name, shape = self.random.choice(self.values[-4:])
            step(self, name, shape)

    def add(self, op, inputs, shape, **attributes):
        if math.prod(shape) > LARGEST:
            return None
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.values.append((name, tuple(shape)))
        return name

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def normal(self, *shape, scale=1.0):
        return self.constant((scale * self.numbers.standard_normal(shape)).astype(numpy.float32))

    def other(self, shape):
        """A value of the same shape."""
        return self.random.choice([name for name, other in self.values if other == shape])

    def axis(self, shape):
        return self.random.randrange(len(shape))

    def unary(self, x, shape):
        self.add(self.random.choice(("Relu", "Tanh", "Sigmoid", "Neg", "Abs", "HardSwish", "Erf", "Softplus")), [x], shape)

    def binary(self, x, shape):
        self.add(self.random.choice(("Add", "Mul", "Sub", "Max", "Min")), [x, self.other(shape)], shape)

    def broadcast(self, x, shape):
        sizes = [size if self.random.random() < 0.5 else 1 for size in shape]
        self.add(self.random.choice(("Add", "Mul")), [x, self.normal(*sizes)], shape)

    def subtract_reduction(self, x, shape):
        axis = self.axis(shape)
        reduced = [1 if i == axis else size for i, size in enumerate(shape)]
        row = self.add(self.random.choice(("ReduceMax", "ReduceMean")), [x], reduced, axes=[axis])
        self.add("Sub", [x, row], shape)

    def softmax(self, x, shape):
        self.add("Softmax", [x], shape, axis=self.axis(shape))

    def layer_norm(self, x, shape):
        self.add("LayerNormalization", [x, self.normal(shape[-1]), self.normal(shape[-1])], shape)

    def convolution(self, x, shape):
        if len(shape) != 4:
            return
        channels, size = shape[1], self.random.choice((1, 3))
        pads = [size // 2] * 4
        if self.random.random() < 0.3:
            self.add("Conv", [x, self.normal(channels, 1, size, size, scale=1 / size)], shape, pads=pads, group=channels)
            return
        outputs = self.random.choice((4, 7, 16))
        weights = self.normal(outputs, channels, size, size, scale=1 / (size * channels**0.5))
        self.add("Conv", [x, weights], (shape[0], outputs, *shape[2:]), pads=pads)

    def product(self, x, shape):
        outputs = self.random.choice((3, 16, 20))
        self.add("MatMul", [x, self.normal(shape[-1], outputs, scale=shape[-1]**-0.5)], (*shape[:-1], outputs))

    def pool(self, x, shape):
        if len(shape) == 4 and min(shape[2:]) >= 3:
            op = self.random.choice(("MaxPool", "AveragePool"))
            self.add(op, [x], (*shape[:2], *(size - 2 for size in shape[2:])), kernel_shape=[3, 3])

    def transpose(self, x, shape):
        order = self.random.sample(range(len(shape)), len(shape))
        self.add("Transpose", [x], [shape[i] for i in order], perm=order)

    def slice(self, x, shape):
        axis = self.axis(shape)
        if shape[axis] < 3:
            return
        bounds = [self.constant(numpy.array([value])) for value in (1, shape[axis] - 1, axis)]
        self.add("Slice", [x, *bounds], [size - 2 * (i == axis) for i, size in enumerate(shape)])

    def concatenation(self, x, shape):
        axis = self.axis(shape)
        self.add("Concat", [x, self.other(shape)], [size * (1 + (i == axis)) for i, size in enumerate(shape)], axis=axis)

    def pad(self, x, shape):
        pads = [self.random.randint(0, 2) for _ in range(2 * len(shape))]
        sizes = [size + low + high for size, low, high in zip(shape, pads, pads[len(shape):])]
        self.add("Pad", [x, self.constant(numpy.array(pads))], sizes)

    def reshape(self, x, shape):
        merge = len(shape) == 4 and self.random.random() < 0.5
        sizes = (shape[0], shape[1] * shape[2], shape[3]) if merge else shape[::-1]
        self.add("Reshape", [x, self.constant(numpy.array(sizes))], sizes)

    STEPS = (unary, unary, binary, binary, broadcast, subtract_reduction, softmax, layer_norm, convolution, product, pool,
             transpose, slice, concatenation, pad, reshape)

    def model(self):
        """The outputs are the values that no node reads."""
        read = {name for node in self.nodes for name in node.input}
        outputs = [value for value in self.values if value[0] not in read and value[0] != "x"]
        info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (self.values[0], *outputs)]
        graph = helper.make_graph(self.nodes, "random", info[:1], info[1:], self.constants)
        return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def main(ingot, first, count, peer, folder=None):
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(folder or temporary)
        folder.mkdir(exist_ok=True)
        for seed in range(int(first), int(first) + int(count)):
            graph = Graph(seed)
            if not graph.nodes:
                continue
            path = folder / f"{seed}.onnx"
            save(graph.model(), path)
            result = subprocess.run([ingot, "verify", str(path), "--against", peer], capture_output=True, text=True)
            if result.returncode != 0:
                failures += 1
                print(f"seed {seed}: {', '.join(node.op_type for node in graph.nodes)}\n{result.stdout}{result.stderr}")
    print(f"{count} graphs, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
