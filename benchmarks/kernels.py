"""The kernels of the sweep: single operators of the sizes that networks have, as ONNX models with seeded weights.

usage: kernels.py list [--small]        names, one a line; --small: those of the test
       kernels.py model NAME FILE.onnx  writes the model of one
       kernels.py table NAME...         a line of C++ for each: KERNEL(name, operations, bytes)

Operations are those of the definition (a multiply-add is two), whatever method computes it; 0 where a kernel moves data or is bound by it. Bytes are the inputs,
weights and outputs, each once. What networks hold channels last between their layers (convolutions, pools) is given and taken in that order, so that the kernel
is measured and no transpose: peers may reorder as they like, see README.md.
"""
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

KERNELS = {}


class Graph:
    """A model in the making: inputs by their shapes, constants drawn from a seed, nodes."""

    def __init__(self, operations=0):
        self.operations = operations
        self.inputs, self.constants, self.nodes = [], [], []

    def input(self, *shape):
        self.inputs.append(helper.make_tensor_value_info(f"x{len(self.inputs)}", TensorProto.FLOAT, shape))
        return self.inputs[-1].name

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(value, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weights(self, *shape, terms):
        """Drawn so that sums of `terms` products have about the size of their inputs."""
        rng = numpy.random.default_rng(len(self.constants))
        return self.constant(rng.standard_normal(shape, numpy.float32) / numpy.float32(terms) ** numpy.float32(0.5))

    def __call__(self, operator, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def model(self, output):
        self.nodes[-1].output[self.nodes[-1].output[:].index(output)] = "y"
        graph = helper.make_graph(self.nodes, "kernel", self.inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def kernel(name, build, small=False):
    """`build` makes the graph when it is asked for, and returns it with the name of its result."""
    assert name not in KERNELS
    KERNELS[name] = (build, small)


# --- Matrix products -------------------------------------------------------------------------------------------------------------

def product(m, k, n):
    def build():
        g = Graph(2 * m * k * n)
        return g, g("MatMul", g.input(m, k), g.weights(k, n, terms=k))
    return build


def product_of_inputs(m, k, n, batch=()):
    def build():
        g = Graph(2 * int(numpy.prod(batch)) * m * k * n)
        return g, g("MatMul", g.input(*batch, m, k), g.input(*batch, k, n))
    return build


for m, k, n in [(1, 256, 256), (1, 768, 3072), (1, 1024, 1024), (1, 4096, 1024), (4, 1024, 1024), (16, 256, 256), (16, 1024, 1024), (40, 120, 6625), (64, 64, 64),
                (128, 128, 128), (128, 768, 768), (128, 768, 3072), (128, 3072, 768), (255, 257, 511), (256, 256, 256), (333, 333, 333), (384, 384, 384),
                (512, 512, 512), (256, 2048, 256), (256, 256, 2048), (2048, 256, 256), (768, 768, 768), (1000, 1000, 1000), (1024, 1024, 1024), (1536, 1536, 1536),
                (2048, 2048, 2048)]:
    kernel(f"matmul_{m}x{k}x{n}", product(m, k, n), small=(m, k, n) in [(1, 256, 256), (64, 64, 64), (255, 257, 511)])
for m, k, n in [(64, 64, 64), (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048)]:
    kernel(f"matmul_ab_{m}x{k}x{n}", product_of_inputs(m, k, n), small=m == 64)
kernel("matmul_ab_12x128x64x128", product_of_inputs(128, 64, 128, (12,)))
kernel("matmul_ab_12x128x128x64", product_of_inputs(128, 128, 64, (12,)))


# --- What walks windows, channels last --------------------------------------------------------------------------------------------

def windowed(operations, shape, operators):
    """`operators` between transposes that let the caller have channels last; `shape` is N, C, H, W."""
    n, c, h, w = shape
    g = Graph(operations)
    x = g("Transpose", g.input(n, h, w, c), perm=[0, 3, 1, 2])
    return g, g("Transpose", operators(g, x), perm=[0, 2, 3, 1])


def convolution(cin, cout, size, taps=1, stride=1, groups=1, activation="Relu"):
    """A layer of a network: with bias, activation, and padding that keeps the size (divided by the stride)."""
    height, width = size if isinstance(size, tuple) else (size, size)
    pad = taps // 2
    outs = ((height + 2 * pad - taps) // stride + 1) * ((width + 2 * pad - taps) // stride + 1)
    terms = cin // groups * taps * taps

    def operators(g, x):
        x = g("Conv", x, g.weights(cout, cin // groups, taps, taps, terms=terms), g.weights(cout, terms=1), strides=[stride] * 2, pads=[pad] * 4, group=groups)
        if activation == "Silu":
            return g("Mul", x, g("Sigmoid", x))
        return g(activation, x) if activation else x
    return lambda: windowed(2 * outs * cout * terms, (1, cin, height, width), operators)


def conv(group, cin, cout, size, taps=1, stride=1, small=False, **options):
    height, width = size if isinstance(size, tuple) else (size, size)
    kernel(f"{group}_{taps}x{taps}{f's{stride}' if stride > 1 else ''}_{cin}to{cout}_{height}x{width}",
           convolution(cin, cout, size, taps, stride, **options), small)


conv("resnet50", 3, 64, 224, 7, 2)
for size, narrow in [(56, 64), (28, 128), (14, 256), (7, 512)]:
    wide, before = 4 * narrow, 64 if narrow == 64 else 2 * narrow
    if narrow == 64:
        conv("resnet50", 64, 64, size)
        conv("resnet50", 64, 64, size, 3)
    else:
        conv("resnet50", before, narrow, 2 * size)
        conv("resnet50", narrow, narrow, 2 * size, 3, 2)
        conv("resnet50", before, wide, 2 * size, 1, 2)
        conv("resnet50", narrow, narrow, size, 3, small=narrow == 512)
    conv("resnet50", narrow, wide, size, small=narrow == 512)
    conv("resnet50", wide, narrow, size)

for channels, size, stride in [(32, 112, 1), (96, 112, 2), (144, 56, 1), (192, 28, 1), (384, 14, 1), (576, 14, 2), (960, 7, 1)]:
    conv("mobilenet_dw", channels, channels, size, 3, stride, groups=channels, small=channels == 576)
for cin, cout, size in [(32, 16, 112), (16, 96, 112), (144, 24, 56), (24, 144, 56), (192, 32, 28), (32, 192, 28), (64, 384, 14), (384, 64, 14), (576, 96, 14),
                        (160, 960, 7), (320, 1280, 7)]:
    conv("mobilenet", cin, cout, size)

for cin, cout, size, taps, stride in [(3, 16, 640, 3, 2), (16, 32, 320, 3, 2), (32, 32, 160, 1, 1), (16, 16, 160, 3, 1), (64, 64, 80, 1, 1), (32, 32, 80, 3, 1),
                                      (64, 128, 80, 3, 2), (128, 128, 40, 1, 1), (64, 64, 40, 3, 1), (256, 256, 20, 1, 1), (128, 128, 20, 3, 1)]:
    conv("yolo", cin, cout, size, taps, stride, activation="Silu")

for cin, cout, size, taps in [(24, 96, (120, 160), 1), (96, 24, (120, 160), 3), (96, 24, (120, 160), 9), (240, 240, (12, 80), 1), (480, 480, (3, 80), 1), (480, 120, (1, 40), 1)]:
    conv("ocr", cin, cout, size, taps, small=cin == 480 and cout == 120)
for channels, size, taps in [(96, (120, 160), 5), (240, (12, 80), 5), (480, (3, 80), 5)]:
    conv("ocr_dw", channels, channels, size, taps, groups=channels)


def transposed_convolution(cin, cout, height, width):
    def operators(g, x):
        return g("ConvTranspose", x, g.weights(cin, cout, 2, 2, terms=cin), g.weights(cout, terms=1), strides=[2, 2], kernel_shape=[2, 2])
    return lambda: windowed(2 * height * width * 4 * cin * cout, (1, cin, height, width), operators)


kernel("ocr_transposed_2x2_24to24_120x160", transposed_convolution(24, 24, 120, 160))


def pool(operator, shape, **attributes):
    return lambda: windowed(0, shape, lambda g, x: g(operator, x, **attributes))


for name, operator, shape, attributes in [
        ("max_3x3s2_64_112x112", "MaxPool", (1, 64, 112, 112), dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
        ("max_2x2s2_128_80x80", "MaxPool", (1, 128, 80, 80), dict(kernel_shape=[2, 2], strides=[2, 2])),
        ("max_5x5_256_20x20", "MaxPool", (1, 256, 20, 20), dict(kernel_shape=[5, 5], pads=[2] * 4)),
        ("average_3x3_256_20x20", "AveragePool", (1, 256, 20, 20), dict(kernel_shape=[3, 3], pads=[1] * 4)),
        ("average_global_2048_7x7", "GlobalAveragePool", (1, 2048, 7, 7), {})]:
    kernel(f"pool_{name}", pool(operator, shape, **attributes), small="5x5" in name)


# --- Rows ------------------------------------------------------------------------------------------------------------------------

def unary(operator, *shape, **attributes):
    def build():
        g = Graph()
        return g, g(operator, g.input(*shape), **attributes)
    return build


def layer_norm(rows, width):
    def build():
        g = Graph()
        return g, g("LayerNormalization", g.input(rows, width), g.weights(width, terms=1), g.weights(width, terms=1), axis=-1)
    return build


def mean(axis, *shape):
    def build():
        g = Graph()
        return g, g("ReduceMean", g.input(*shape), g.constant(numpy.array([axis])), keepdims=0)
    return build


def sum_of_inputs(*shape):
    def build():
        g = Graph()
        return g, g("Add", g.input(*shape), g.input(*shape))
    return build


for shape in [(1, 1000), (40, 6625), (12, 128, 128), (8, 512, 512)]:
    kernel("softmax_" + "x".join(map(str, shape)), unary("Softmax", *shape, axis=-1), small=shape == (40, 6625))
for rows, width in [(40, 120), (128, 768), (1024, 1024)]:
    kernel(f"layer_norm_{rows}x{width}", layer_norm(rows, width), small=rows == 128)
for operator, shape, attributes in [("Gelu", (128, 3072), {}), ("Sigmoid", (40, 6625), {}), ("Tanh", (128, 768), {})]:
    kernel(f"elementwise_{operator.lower()}_{shape[0]}x{shape[1]}", unary(operator, *shape, **attributes))
kernel("elementwise_add_56x56x256", sum_of_inputs(56, 56, 256))
kernel("elementwise_add_512x2048", sum_of_inputs(512, 2048))
for axis in (0, 1):
    kernel(f"mean_128x3072_axis{axis}", mean(axis, 128, 3072))
for shape, perm in [((1024, 1024), [1, 0]), ((128, 12, 64), [1, 0, 2]), ((12, 128, 64), [0, 2, 1]), ((3, 640, 640), [1, 2, 0]), ((640, 640, 3), [2, 0, 1]),
                    ((256, 56, 56), [1, 2, 0]), ((56, 56, 256), [2, 0, 1]), ((512, 7, 7), [1, 2, 0])]:
    kernel(f"transpose_{'x'.join(map(str, shape))}_to_{''.join(map(str, perm))}", unary("Transpose", *shape, perm=perm), small=shape[0] == 512)


# --- Attention and recurrence ----------------------------------------------------------------------------------------------------

def attention(heads, rows, width):
    """softmax(q k' / sqrt(width)) v, the keys given as rows."""
    def build():
        g = Graph(4 * heads * rows * rows * width)
        q, k, v = (g.input(1, heads, rows, width) for _ in range(3))
        scores = g("MatMul", q, g("Transpose", k, perm=[0, 1, 3, 2]))
        scores = g("Mul", scores, g.constant(numpy.float32(width ** -0.5)))
        return g, g("MatMul", g("Softmax", scores, axis=-1), v)
    return build


def lstm(steps, width, hidden):
    def build():
        g = Graph(2 * steps * 4 * hidden * (width + hidden))
        return g, g("LSTM", g.input(steps, 1, width), g.weights(1, 4 * hidden, width, terms=width), g.weights(1, 4 * hidden, hidden, terms=hidden),
                    g.weights(1, 8 * hidden, terms=1), hidden_size=hidden)
    return build


def gru(steps, width, hidden):
    def build():
        g = Graph(2 * steps * 3 * hidden * (width + hidden))
        return g, g("GRU", g.input(steps, 1, width), g.weights(1, 3 * hidden, width, terms=width), g.weights(1, 3 * hidden, hidden, terms=hidden),
                    g.weights(1, 6 * hidden, terms=1), hidden_size=hidden, linear_before_reset=1)
    return build


for heads, rows, width in [(12, 128, 64), (8, 512, 64), (4, 40, 30)]:
    kernel(f"attention_{heads}x{rows}x{width}", attention(heads, rows, width), small=rows == 40)
for steps, width, hidden in [(1, 128, 128), (40, 120, 128), (40, 512, 256)]:
    kernel(f"lstm_{steps}x{width}_{hidden}", lstm(steps, width, hidden), small=steps == 1)
kernel("gru_40x120_128", gru(40, 120, 128))


# --- Commands --------------------------------------------------------------------------------------------------------------------

def built(name):
    graph, output = KERNELS[name][0]()
    return graph, graph.model(output)


def bytes_moved(model):
    def size(value):
        return 4 * int(numpy.prod([d.dim_value for d in value.type.tensor_type.shape.dim]))
    values = [*model.graph.input, *model.graph.output]
    return sum(map(size, values)) + sum(4 * int(numpy.prod(tensor.dims)) for tensor in model.graph.initializer)


def main(command, *arguments):
    if command == "list":
        print("\n".join(name for name, (_, small) in KERNELS.items() if small or "--small" not in arguments))
    elif command == "model":
        name, path = arguments
        onnx.save(built(name)[1], path)
    elif command == "table":
        for name in arguments:
            graph, model = built(name)
            print(f'KERNEL({name}, {graph.operations}.0, {bytes_moved(model)}.0)')
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
