"""What `ingot verify` compares with: onnxruntime, and the model computed in float64.

usage: python3 peer.py MODEL FOLDER

Reads FOLDER/input_K.npy, writes FOLDER/peer_K.npy (onnxruntime) and FOLDER/double_K.npy (every floating-point value of the model cast to float64,
run by onnx's reference evaluator). Exit code 3, with one line on stderr, where a package is missing.
"""
import itertools
import os
import sys

try:
    import numpy
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun
except ImportError as error:
    print(f"{sys.executable}: {error}; install it with: python3 -m pip install onnx onnxruntime", file=sys.stderr)
    sys.exit(3)

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)


# --- the model in float64 ------------------------------------------------------------------------------------------------------

def double_tensor(tensor):
    if tensor.data_type not in FLOATS:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(numpy.float64), tensor.name)


def double_type(type_proto):
    if type_proto.HasField("tensor_type") and type_proto.tensor_type.elem_type in FLOATS:
        type_proto.tensor_type.elem_type = TensorProto.DOUBLE


def double_node(node):
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            double_graph(attribute.g)
        elif attribute.type == onnx.AttributeProto.TENSOR:
            attribute.t.CopyFrom(double_tensor(attribute.t))
        elif attribute.name in ("to", "dtype") and attribute.i in FLOATS:
            attribute.i = TensorProto.DOUBLE
    if node.op_type == "Constant" and node.attribute[0].name in ("value_float", "value_floats"):
        value = numpy.array(helper.get_attribute_value(node.attribute[0]), numpy.float64)
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(value)))
    elif node.op_type == "ConstantOfShape" and not node.attribute:
        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(numpy.zeros(1, numpy.float64))))


def double_graph(graph):
    for tensor in graph.initializer:
        tensor.CopyFrom(double_tensor(tensor))
    for value in itertools.chain(graph.input, graph.output, graph.value_info):
        double_type(value.type)
    for node in graph.node:
        double_node(node)


# --- operators that the reference evaluator computes element by element in Python, or wrongly ----------------------------------

def spatial_pads(size, kernel, strides, dilations, auto_pad, pads):
    """(before, after) of each spatial dimension."""
    rank = len(kernel)
    if auto_pad in (None, "", "NOTSET"):
        pads = pads or [0] * (2 * rank)
        return list(zip(pads[:rank], pads[rank:]))
    result = []
    for i in range(rank):
        if auto_pad == "VALID":
            result.append((0, 0))
            continue
        total = max(0, (-(-size[i] // strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size[i])
        low = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
        result.append((low, total - low))
    return result


def taps(kernel):
    return itertools.product(*(range(k) for k in kernel))


def window(tap, out, strides, dilations):
    """The slices that a kernel tap sees for all output positions."""
    return tuple(slice(t * d, t * d + (o - 1) * s + 1, s) for t, o, s, d in zip(tap, out, strides, dilations))


class Conv(OpRun):
    op_domain = ""

    def _run(self, x, w, b=None, auto_pad=None, dilations=None, group=None, kernel_shape=None, pads=None, strides=None):
        group = group or 1
        kernel = w.shape[2:]
        strides, dilations = strides or [1] * len(kernel), dilations or [1] * len(kernel)
        pads = spatial_pads(x.shape[2:], kernel, strides, dilations, auto_pad, pads)
        x = numpy.pad(x, [(0, 0), (0, 0), *pads])
        out = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, strides, dilations)]
        y = numpy.zeros((x.shape[0], group, w.shape[0] // group, int(numpy.prod(out))), x.dtype)
        w = w.reshape((group, w.shape[0] // group) + w.shape[1:])
        for tap in taps(kernel):
            part = x[(slice(None), slice(None)) + window(tap, out, strides, dilations)]
            part = part.reshape(x.shape[0], group, x.shape[1] // group, -1)
            y += w[(slice(None), slice(None), slice(None)) + tap] @ part
        y = y.reshape([x.shape[0], -1, *out])
        return (y if b is None else y + b.reshape([-1] + [1] * len(kernel)),)


class Pool(OpRun):
    def pooled(self, x, start, combine, auto_pad, ceil_mode, dilations, kernel, pads, strides):
        rank = len(kernel)
        strides, dilations = strides or [1] * rank, dilations or [1] * rank
        pads = spatial_pads(x.shape[2:], kernel, strides, dilations, auto_pad, pads)
        out, extended = [], []
        for n, k, s, d, (low, high) in zip(x.shape[2:], kernel, strides, dilations, pads):
            steps = n + low + high - (k - 1) * d - 1
            o = (-(-steps // s) if ceil_mode else steps // s) + 1
            if ceil_mode and (o - 1) * s >= n + low:
                o -= 1
            out.append(o)
            extended.append((low, max(high, (o - 1) * s + (k - 1) * d + 1 - n - low)))
        x = numpy.pad(x, [(0, 0), (0, 0), *extended], constant_values=start)
        y = numpy.full((*x.shape[:2], *out), start, x.dtype)
        for tap in taps(kernel):
            y = combine(y, x[(slice(None), slice(None)) + window(tap, out, strides, dilations)])
        return y, pads, extended


class MaxPool(Pool):
    op_domain = ""

    def _run(self, x, auto_pad=None, ceil_mode=None, dilations=None, kernel_shape=None, pads=None, storage_order=None, strides=None):
        if len(self.output) > 1:
            raise NotImplementedError("MaxPool with indices")
        lowest = -numpy.inf if x.dtype.kind == "f" else numpy.iinfo(x.dtype).min
        return (self.pooled(x, lowest, numpy.maximum, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)[0],)


class AveragePool(Pool):
    op_domain = ""

    def _run(self, x, auto_pad=None, ceil_mode=None, count_include_pad=None, dilations=None, kernel_shape=None, pads=None,
             strides=None):
        arguments = (auto_pad, ceil_mode, dilations, kernel_shape)
        total, real, extended = self.pooled(x, 0, numpy.add, *arguments, pads, strides)
        ones = numpy.ones_like(x[:1, :1])
        if not count_include_pad:
            return (total / self.pooled(ones, 0, numpy.add, *arguments, pads, strides)[0],)
        # Padding counts, but what ceil_mode adds beyond it does not.
        ones = numpy.pad(ones, [(0, 0), (0, 0), *real], constant_values=1)
        count = numpy.zeros((1, 1, *total.shape[2:]))
        ones = numpy.pad(ones, [(0, 0), (0, 0), *((0, e[1] - r[1]) for e, r in zip(extended, real))])
        rank = len(kernel_shape)
        for tap in taps(kernel_shape):
            count += ones[(slice(None), slice(None)) + window(tap, total.shape[2:], strides or [1] * rank, dilations or [1] * rank)]
        return (total / count,)


class GlobalMaxPool(OpRun):
    """The reference takes two spatial dimensions for granted."""

    op_domain = ""

    def _run(self, x):
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)


class BatchNormalization(OpRun):
    """The reference trains in version 9, which has no attribute for it."""

    op_domain = ""

    def _run(self, x, scale, bias, mean, variance, epsilon=None, momentum=None, training_mode=None, **_):
        if training_mode:
            raise NotImplementedError("BatchNormalization in training mode")
        scale, bias, mean, variance = (v.reshape([-1] + [1] * (x.ndim - 2)) for v in (scale, bias, mean, variance))
        return ((x - mean) / numpy.sqrt(variance + epsilon) * scale + bias,)


class ConvTranspose(OpRun):
    op_domain = ""

    def _run(self, x, w, b=None, auto_pad=None, dilations=None, group=None, kernel_shape=None, output_padding=None,
             output_shape=None, pads=None, strides=None):
        group = group or 1
        kernel = w.shape[2:]
        rank = len(kernel)
        strides, dilations = strides or [1] * rank, dilations or [1] * rank
        output_padding = output_padding or [0] * rank
        full = [(n - 1) * s + (k - 1) * d + 1 for n, k, s, d in zip(x.shape[2:], kernel, strides, dilations)]
        if output_shape or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            out = list(output_shape or [n * s for n, s in zip(x.shape[2:], strides)])
            totals = [max(0, f + o - wanted) for f, o, wanted in zip(full, output_padding, out)]
            low = [t - t // 2 if auto_pad == "SAME_LOWER" else t // 2 for t in totals]
        else:
            pads = pads or [0] * (2 * rank)
            low = pads[:rank]
            out = [f + o - p - q for f, o, p, q in zip(full, output_padding, pads[:rank], pads[rank:])]
        canvas = [max(f + o, p + n) for f, o, p, n in zip(full, output_padding, low, out)]
        y = numpy.zeros((x.shape[0], w.shape[1] * group, *canvas), x.dtype)
        parts = x.reshape(x.shape[0], group, x.shape[1] // group, -1)
        w = w.reshape((group, w.shape[0] // group) + w.shape[1:])
        for tap in taps(kernel):
            weights = w[(slice(None), slice(None), slice(None)) + tap].transpose(0, 2, 1)
            y[(slice(None), slice(None)) + window(tap, x.shape[2:], strides, dilations)] += (
                weights @ parts).reshape(x.shape[0], -1, *x.shape[2:])
        y = y[(slice(None), slice(None)) + tuple(slice(p, p + n) for p, n in zip(low, out))]
        return (y if b is None else y + b.reshape([-1] + [1] * rank),)


class Resize(OpRun):
    """One axis after the other, by the interpolation matrix that the reference gives for it."""

    op_domain = ""

    def _run(self, x, roi=None, scales=None, sizes=None, **attributes):
        from onnx.reference.ops.op_resize import Resize as Reference
        mode = attributes.get("mode") or "nearest"
        attributes = {key: value for key, value in attributes.items() if value is not None}
        if (attributes.get("axes") or attributes.get("antialias") or attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch"
                or attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize"):
            return self.reference(Reference, x, roi, scales, sizes, attributes)
        for axis in range(x.ndim):
            n = x.shape[axis]
            if sizes is not None and len(sizes):
                if sizes[axis] == n:
                    continue
                one = {"sizes": numpy.array([sizes[axis]])}
            else:
                if scales[axis] == 1:
                    continue
                one = {"scales": numpy.array([scales[axis]])}
            columns = [numpy.arange(n, dtype=numpy.float64)] if mode == "nearest" else numpy.eye(n)
            columns = [self.reference(Reference, column, None, one.get("scales"), one.get("sizes"), attributes)[0] for column in columns]
            if mode == "nearest":
                x = numpy.take(x, columns[0].astype(numpy.int64), axis)
            else:
                x = numpy.moveaxis(numpy.tensordot(numpy.stack(columns, 1).astype(x.dtype), x, (1, axis)), 0, axis)
        return (x,)

    def reference(self, reference, x, roi, scales, sizes, attributes):
        names = ("antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value",
                 "keep_aspect_ratio_policy", "mode", "nearest_mode")
        defaults = {"coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75, "exclude_outside": 0,
                    "extrapolation_value": 0.0, "keep_aspect_ratio_policy": "stretch", "mode": "nearest",
                    "nearest_mode": "round_prefer_floor"}
        return reference._run(self, x, roi, scales, sizes, **{name: attributes.get(name, defaults.get(name)) for name in names})


OPERATORS = [AveragePool, BatchNormalization, Conv, ConvTranspose, GlobalMaxPool, MaxPool, Resize]


# --- the two runs ---------------------------------------------------------------------------------------------------------------

def save(folder, name, value):
    # numpy.save keeps the order of dimensions in memory, which a transpose leaves reversed.
    value = numpy.array(value, order="C")
    # Strings of a fixed length; objects would be pickled.
    numpy.save(os.path.join(folder, name), value.astype(str) if value.dtype == object else value)


def main(path, folder):
    model = onnx.load(path)
    initialised = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in initialised]
    inputs = {name: numpy.load(os.path.join(folder, f"input_{k}.npy")) for k, name in enumerate(names)}

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    for k, value in enumerate(session.run(None, inputs)):
        save(folder, f"peer_{k}.npy", value)

    double_graph(model.graph)
    for function in model.functions:
        for node in function.node:
            double_node(node)
    evaluator = ReferenceEvaluator(model, new_ops=OPERATORS)
    inputs = {name: value.astype(numpy.float64) if value.dtype.kind == "f" else value for name, value in inputs.items()}
    for k, value in enumerate(evaluator.run(None, inputs)):
        save(folder, f"double_{k}.npy", value)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # one line, whatever the packages raise
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
