"""Bad inputs, made at test time. Each function below is one case: it writes files into a folder and returns a Case."""
import pathlib
import random
from dataclasses import dataclass, field

import numpy
from onnx import ModelProto, TensorProto, helper, numpy_helper


@dataclass
class Case:
    """The options of `ingot compile`, and what its one line on stderr must match after the file's name."""
    message: str
    options: list = field(default_factory=list)
    file: str = "bad.onnx"


CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


# --- small models ---------------------------------------------------------------------------------------------------------------

def value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def weight(name, *shape):
    return numpy_helper.from_array(numpy.random.default_rng(7).standard_normal(shape, numpy.float32), name)


def model(nodes, inputs, outputs, initializers=(), **keys):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    keys.setdefault("opset_imports", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, ir_version=8, **keys)


def good():
    """Two layers; every case starts from something like it."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["h"], name="first", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["h"], ["y"], name="second")]
    return model(nodes, [value("x", [1, 3, 8, 8])], [value("y", [1, 4, 8, 8])], [weight("w", 4, 3, 3, 3)])


def one(op, inputs, outputs, initializers=(), name="middle", domain="", **attributes):
    """A model of one node; inputs and outputs are value infos."""
    names = [i.name for i in inputs] + [i.name for i in initializers]
    node = helper.make_node(op, names, [o.name for o in outputs], name=name, domain=domain, **attributes)
    return model([node], inputs, outputs, initializers, opset_imports=[helper.make_opsetid("", 17)] +
                 ([helper.make_opsetid(domain, 1)] if domain else []))


def save(folder, proto, name="bad.onnx"):
    data = proto.SerializeToString() if isinstance(proto, ModelProto) else proto
    (pathlib.Path(folder) / name).write_bytes(data)


# --- files ----------------------------------------------------------------------------------------------------------------------

@case
def missing_file(folder):
    return Case("")


@case
def folder_instead_of_file(folder):
    (pathlib.Path(folder) / "bad.onnx").mkdir()
    return Case("")


@case
def empty_file(folder):
    save(folder, b"")
    return Case("")


@case
def no_model(folder):
    save(folder, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    return Case("")


@case
def text_file(folder):
    save(folder, b"This is not a model.\n" * 50)
    return Case("")


@case
def truncated(folder):
    data = good().SerializeToString()
    save(folder, data[:len(data) * 2 // 3])
    return Case("")


@case
def corrupted(folder):
    data = bytearray(good().SerializeToString())
    middle = data.index(b"Conv") - 8
    data[middle:middle + 12] = b"\xff" * 12
    save(folder, bytes(data))
    return Case("")


# --- external data --------------------------------------------------------------------------------------------------------------

def external(location, offset=None, length=None, dims=(4, 3, 3, 3)):
    proto = good()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    del tensor.dims[:]
    tensor.dims.extend(dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            tensor.external_data.add(key=key, value=str(text))
    return proto


@case
def missing_external_data(folder):
    save(folder, external("weights.bin", 0, 432))
    return Case(".*'?w'?.*weights.bin")


@case
def external_path_leaves_folder(folder):
    inside = pathlib.Path(folder) / "inside"
    inside.mkdir()
    (pathlib.Path(folder) / "secret.bin").write_bytes(bytes(432))
    save(inside, external("../secret.bin", 0, 432))
    return Case(".*secret.bin", file="inside/bad.onnx")


@case
def external_path_is_absolute(folder):
    path = pathlib.Path(folder) / "weights.bin"
    path.write_bytes(bytes(432))
    save(folder, external(str(path), 0, 432))
    return Case(".*weights.bin")


@case
def external_path_is_a_link_out(folder):
    inside = pathlib.Path(folder) / "inside"
    inside.mkdir()
    (pathlib.Path(folder) / "secret.bin").write_bytes(bytes(432))
    (inside / "weights.bin").symlink_to("../secret.bin")
    save(inside, external("weights.bin", 0, 432))
    return Case(".*weights.bin", file="inside/bad.onnx")


@case
def external_data_too_short(folder):
    (pathlib.Path(folder) / "weights.bin").write_bytes(bytes(100))
    save(folder, external("weights.bin", 0, 432))
    return Case(".*weights.bin")


@case
def external_offset_overflows(folder):
    (pathlib.Path(folder) / "weights.bin").write_bytes(bytes(432))
    save(folder, external("weights.bin", 2**63 - 100, 432))
    return Case(".*")


# --- graphs ---------------------------------------------------------------------------------------------------------------------

@case
def unknown_operator(folder):
    save(folder, one("Frobnicate", [value("x", [4])], [value("y", [4])]))
    return Case(r"node 'middle' \(Frobnicate\): ")


@case
def unknown_domain(folder):
    save(folder, one("Frobnicate", [value("x", [4])], [value("y", [4])], domain="com.example"))
    return Case(r"node 'middle' \(.*Frobnicate\): ")


@case
def unsupported_operator(folder):
    node = helper.make_node("ZipMap", ["x"], ["y"], name="middle", domain="ai.onnx.ml", classlabels_int64s=[3, 7], classlabels_strings=["3", "7"])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])))
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    save(folder, model([node], [value("x", [4, 2])], [helper.make_value_info("y", maps)], opset_imports=domains))
    return Case(".*'middle' \\(ZipMap\\)")


@case
def library_not_linked(folder):
    node = helper.make_node("ImageDecoder", ["x"], ["y"], name="middle")
    inputs, outputs = [value("x", [4], TensorProto.UINT8)], [value("y", [None, None, 3], TensorProto.UINT8)]
    save(folder, model([node], inputs, outputs, opset_imports=[helper.make_opsetid("", 20)]))
    return Case(".*'middle' \\(ImageDecoder\\): .*--library image")


@case
def cycle(folder):
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], name="first"), helper.make_node("Relu", ["a"], ["b"], name="second")]
    save(folder, model(nodes, [value("x", [4])], [value("b", [4])]))
    return Case(r"node '(first|second)' \((Add|Relu)\): ")


@case
def undefined_value(folder):
    nodes = [helper.make_node("Add", ["x", "nowhere"], ["y"], name="middle")]
    save(folder, model(nodes, [value("x", [4])], [value("y", [4])]))
    return Case(r"node 'middle' \(Add\): .*nowhere")


@case
def value_defined_twice(folder):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="first"), helper.make_node("Neg", ["x"], ["y"], name="second")]
    save(folder, model(nodes, [value("x", [4])], [value("y", [4])]))
    return Case(r"node '(first|second)' \((Relu|Neg)\): ")


@case
def output_without_node(folder):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="first")]
    save(folder, model(nodes, [value("x", [4])], [value("z", [4])]))
    return Case(".*z")


@case
def future_opset(folder):
    proto = good()
    proto.opset_import[0].version = 9000
    save(folder, proto)
    return Case(".*9000")


# --- types and shapes -----------------------------------------------------------------------------------------------------------

@case
def type_mismatch(folder):
    save(folder, one("Add", [value("a", [4]), value("b", [4], TensorProto.INT64)], [value("y", [4])]))
    return Case(r"node 'middle' \(Add\): ")


@case
def shape_mismatch(folder):
    save(folder, one("MatMul", [value("a", [4, 5])], [value("y", [4, 7])], [weight("w", 6, 7)]))
    return Case(r"node 'middle' \(MatMul\): ")


@case
def attribute_of_wrong_type(folder):
    save(folder, one("Concat", [value("a", [4]), value("b", [4])], [value("y", [8])], axis="zero"))
    return Case(r"node 'middle' \(Concat\): ")


@case
def axis_out_of_range(folder):
    save(folder, one("Concat", [value("a", [4]), value("b", [4])], [value("y", [8])], axis=7))
    return Case(r"node 'middle' \(Concat\): ")


@case
def stride_of_zero(folder):
    save(folder, one("Conv", [value("x", [1, 3, 8, 8])], [value("y", ["n", "c", "h", "w"])], [weight("w", 4, 3, 3, 3)], strides=[0, 0]))
    return Case(r"node 'middle' \(Conv\): ")


@case
def negative_dimension(folder):
    proto = good()
    proto.graph.initializer[0].dims[0] = -4
    save(folder, proto)
    return Case(".*'?w'?")


@case
def data_shorter_than_shape(folder):
    proto = good()
    proto.graph.initializer[0].dims[0] = 400
    save(folder, proto)
    return Case(".*'?w'?")


@case
def sizes_overflow(folder):
    proto = good()
    proto.graph.initializer[0].dims[0] = 2**62
    proto.graph.initializer[0].dims[1] = 2**62
    save(folder, proto)
    return Case(".*'?w'?")


@case
def input_sizes_overflow(folder):
    save(folder, one("Relu", [value("x", [2**31, 2**31, 4])], [value("y", [2**31, 2**31, 4])]))
    return Case(".*'?x'?|node 'middle'")


@case
def computed_sizes_overflow(folder):
    shape = numpy_helper.from_array(numpy.array([2**31, 2**31, 4]), "shape")
    save(folder, one("Expand", [value("x", [1])], [value("y", ["a", "b", "c"])], [shape]))
    return Case(r"node 'middle' \(Expand\): |.*y")


@case
def constant_too_large(folder):
    """Folding it would take 16 TB."""
    shape = numpy_helper.from_array(numpy.array([2**21, 2**21]), "shape")
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["zeros"], name="middle"),
             helper.make_node("RandomUniformLike", ["zeros"], ["y"], name="last")]
    save(folder, model(nodes, [], [value("y", ["a", "b"])], [shape]))
    return Case("node '(middle|last)' ")


@case
def padding_overflows(folder):
    save(folder, one("Conv", [value("x", [1, 3, 8, 8])], [value("y", ["n", "c", "h", "w"])], [weight("w", 4, 3, 3, 3)], pads=[2**62] * 4))
    return Case(r"node 'middle' \(Conv\): |.*y")


@case
def deep_nesting(folder):
    """A thousand Ifs, each in a branch of the next."""
    condition = value("c", [], TensorProto.BOOL)
    body = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "leaf", [], [value("y", [4])])
    proto = model([], [value("x", [4]), condition], [value("y", [4])])
    data = body.SerializeToString()

    def field_bytes(number, payload):
        size, length = len(payload), b""
        while size > 127:
            length += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + payload if number < 16 else None

    # Written by hand: protobuf's own writer refuses such depth.
    for level in range(1000):
        attribute = field_bytes(1, b"then_branch") + field_bytes(6, data) + b"\xa0\x01\x05"
        other = field_bytes(1, b"else_branch") + field_bytes(6, body.SerializeToString()) + b"\xa0\x01\x05"
        node = (field_bytes(1, b"c") + field_bytes(2, b"y") + field_bytes(4, b"If") + field_bytes(5, attribute) +
                field_bytes(5, other))
        data = field_bytes(1, node) + field_bytes(2, b"g") + field_bytes(12, value("y", [4]).SerializeToString())
    inputs = field_bytes(11, value("x", [4]).SerializeToString()) + field_bytes(11, condition.SerializeToString())
    proto.ClearField("graph")
    save(folder, proto.SerializeToString() + field_bytes(7, data + inputs))
    return Case("")


# --- options --------------------------------------------------------------------------------------------------------------------

def open_model(folder):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="first")]
    save(folder, model(nodes, [value("x", ["batch", 4])], [value("y", ["batch", 4])]))


@case
def shape_missing(folder):
    # A size that a call chooses, where the operator's meaning depends on it.
    classifier = dict(coefficients=[1.0, 2.0, 3.0, 4.0], classlabels_ints=[0, 1])
    results = [value("y", ["batch"], TensorProto.INT64), value("scores", ["batch", 2])]
    save(folder, one("LinearClassifier", [value("x", ["batch", "features"])], results, name="first", domain="ai.onnx.ml", **classifier))
    return Case(".*'first' \\(ai_onnx_ml_LinearClassifier\\).*--shape")


@case
def shape_contradicts_model(folder):
    open_model(folder)
    return Case(".*x=1,5.*", ["--shape", "x=1,5"])


@case
def shape_of_wrong_rank(folder):
    open_model(folder)
    return Case(".*x=1,4,4", ["--shape", "x=1,4,4"])


@case
def shape_of_no_input(folder):
    open_model(folder)
    return Case(".*'z'", ["--shape", "x=1,4", "--shape", "z=1"])


@case
def shape_overflows(folder):
    open_model(folder)
    return Case(".*'x'|node 'first'", ["--shape", "x=400000000000000000,4"])


@case
def state_of_no_output(folder):
    save(folder, good())
    return Case(".*nowhere", ["--state", "x:nowhere"])


@case
def state_of_other_shape(folder):
    save(folder, good())
    return Case(".*'?[xy]'?", ["--state", "x:y"])


# --- depth ----------------------------------------------------------------------------------------------------------------------

def calls(folder, functions, order):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    nodes = [helper.make_node(functions[i].name, ["x"], [f"y{i}"], name=f"call{i}", domain="local") for i in order]
    save(folder, model(nodes, [value("x", [4]), value("c", [], TensorProto.BOOL)], [value("y0", [4])], opset_imports=opsets, functions=functions))


def function(name, nodes):
    return helper.make_function("local", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])


def call_or_relu(i, count):
    return helper.make_node(f"f{i + 1}", ["a"], ["b"], domain="local") if i + 1 < count else helper.make_node("Relu", ["a"], ["b"])


@case
def function_calls_itself(folder):
    calls(folder, [function("f0", [helper.make_node("f0", ["a"], ["b"], name="inner", domain="local")])], [0])
    return Case(r"node 'inner' \(f0\): the function calls itself")


@case
def functions_call_each_other_too_deep(folder):
    count = 2000
    # The innermost is called first, so that its size is known when the next one is measured.
    calls(folder, [function(f"f{i}", [call_or_relu(i, count)]) for i in range(count)], range(count - 1, -1, -1))
    return Case(r"node 'call\d+' \(f\d+\): calls of functions are nested more than 64 deep")


@case
def graphs_in_graphs_of_functions(folder):
    functions = []
    for i in range(8):
        node = call_or_relu(i, 8)
        for level in range(6):
            branch = helper.make_graph([node], "branch", [], [value(node.output[0], [4])])
            constant = helper.make_graph([helper.make_node("Identity", ["a"], ["e"])], "constant", [], [value("e", [4])])
            node = helper.make_node("If", ["t"], [f"if{level}"], name=f"if{level}", then_branch=branch, else_branch=constant)
        node.output[0] = "b"
        truth = helper.make_node("Constant", [], ["t"], value=numpy_helper.from_array(numpy.array(True)))
        functions.append(function(f"f{i}", [truth, node]))
    calls(folder, functions, [0])
    return Case(r"node 'if\d' \(If\): graphs are nested more than 32 deep")


# --- anything -------------------------------------------------------------------------------------------------------------------

def damaged(seed):
    """A good model with a few bytes changed, moved or doubled: whatever comes, no crash."""
    generator = random.Random(seed)
    data = bytearray(good().SerializeToString())
    head = data.index(b"Relu") + 40  # more likely in the structure than in the weights
    for _ in range(generator.randint(1, 6)):
        at = generator.randrange(head if generator.random() < 0.7 else len(data))
        kind = generator.randrange(4)
        if kind == 0:
            data[at] = generator.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 2:
            del data[at:at + generator.randint(1, 8)]
        else:
            data[at:at] = data[at:at + generator.randint(1, 16)]
    return bytes(data)
