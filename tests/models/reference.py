"""The float64 reference of a model: the same weights, every computation in double precision.

onnxruntime has few operators in double precision, so the model, cast to double, is run by onnx's reference evaluator. That takes up to minutes
for the large ones; the results are kept in the cache, by the content of model and inputs.
"""
import hashlib
import pathlib

import models
import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun


# Two operators that the evaluator of onnx 1.23.2 computes wrongly: it takes batch norms of opset 9 to 13 for training where momentum is set, and
# a maximum over all but the last dimension for the global one.
class BatchNormalization(OpRun):
    def _run(self, x, scale, bias, mean, variance, epsilon=1e-5, **_):
        shape = (-1, *(1,) * (x.ndim - 2))
        factor = scale / np.sqrt(variance + epsilon)
        return ((x - mean.reshape(shape)) * factor.reshape(shape) + bias.reshape(shape),)


class GlobalMaxPool(OpRun):
    def _run(self, x):
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)


def _double_tensor(tensor):
    if tensor.data_type == TensorProto.FLOAT:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


def _double_value(value):
    if value.type.tensor_type.elem_type == TensorProto.FLOAT:
        value.type.tensor_type.elem_type = TensorProto.DOUBLE


def _double_graph(graph):
    for tensor in graph.initializer:
        _double_tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        _double_value(value)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _double_graph(attribute.g)
            elif attribute.type == onnx.AttributeProto.TENSOR:
                _double_tensor(attribute.t)
            elif attribute.name in ("to", "dtype") and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
            elif node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
                value = attribute.f if attribute.name == "value_float" else list(attribute.floats)
                attribute.CopyFrom(onnx.helper.make_attribute("value", numpy_helper.from_array(np.float64(value))))


def in_double(model):
    """Outputs by name, float64, of the model (of models.py) on make_inputs()."""
    inputs = model.make_inputs()
    digest = hashlib.sha256(model.path.read_bytes())
    for name, array in inputs.items():
        digest.update(name.encode() + array.tobytes())
    kept = models.cache() / "reference" / f"{model.name}-{digest.hexdigest()[:16]}.npz"
    if not kept.is_file():
        proto = onnx.load(model.path)
        _double_graph(proto.graph)
        names = [output.name for output in proto.graph.output]
        feed = {name: array.astype(np.float64) if array.dtype == np.float32 else array for name, array in inputs.items()}
        outputs = ReferenceEvaluator(proto, new_ops=[BatchNormalization, GlobalMaxPool]).run(None, feed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".tmp.npz")
        np.savez(beside, **{str(i): output for i, output in enumerate(outputs)}, names=np.array(names))
        pathlib.Path(beside).rename(kept)
    with np.load(kept) as file:
        return {str(name): file[str(i)] for i, name in enumerate(file["names"])}
