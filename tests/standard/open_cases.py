"""The third form of the standard's node cases: their sizes made open, for a call to choose.

Every dimension of an input that is greater than 1 is open, and takes its size from the case's data when the model is run. Dimensions of equal size have
one name, since whether two sizes agree is part of what most operators mean; so do 0 and 1 stay as they are, since a size of 1 repeats where others do
not. A size that decides how many dimensions a result has stays as well: how many indices GatherND takes at once, since ranks are known before sizes are.
What the results' shapes are, the model does not say. Inputs that say how the operator works, rather than what it works on (axes, shapes, pads,
scales: those whose values the shapes of the results depend on), are constants of the model.

Left out are cases without a size to open, and those whose results are random draws: these match no other implementation's, whatever the sizes.
"""

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.test_case import TestCase

SUFFIX = "_open"

# Operators of which a dimension of an input decides the rank of the result: (input, dimension).
DECIDE_RANK = {"GatherND": (1, -1)}


def _known(model, constants):
    """Whether static shapes of the inputs and the values of `constants` (tensors by name) give all shapes of the results."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    _make_constants(asked, constants)
    try:
        inferred = onnx.shape_inference.infer_shapes(asked, data_prop=True)
    except Exception:  # the library raises whatever its functions throw
        return False
    for output in inferred.graph.output:
        if not output.type.HasField("tensor_type") or not output.type.tensor_type.HasField("shape"):
            return False
        if any(not dim.HasField("dim_value") for dim in output.type.tensor_type.shape.dim):
            return False
    return True


def _make_constants(model, constants):
    kept = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.extend(constants.values())


def _parameters(model, tensors):
    """The inputs that are to be constants: as few of those with at most one dimension as the results' shapes need."""
    if _known(model, {}):
        return {}
    chosen = {}
    for value in model.graph.input:
        tensor = tensors[value.name]
        whole = tensor.data_type in (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.FLOAT)
        if len(tensor.dims) <= 1 and whole:
            chosen[value.name] = tensor
    if not _known(model, chosen):
        # What data give; then integers are parameters.
        return {name: tensor for name, tensor in chosen.items() if tensor.data_type == onnx.TensorProto.INT64}
    for name in list(chosen):
        rest = {other: tensor for other, tensor in chosen.items() if other != name}
        if _known(model, rest):
            chosen = rest
    return chosen


def _deciding(model):
    """The dimensions of inputs that decide ranks: those by name."""
    found = {}
    for node in model.graph.node:
        if node.op_type in DECIDE_RANK:
            place, dim = DECIDE_RANK[node.op_type]
            found[node.input[place]] = dim
    return found


def draws(model, tensors):
    """Whether the results are random."""
    for node in model.graph.node:
        if node.op_type in ("Bernoulli", "Multinomial") or node.op_type.startswith("Random"):
            return True
        given = [tensors.get(name) for name in node.input] + [None, None]
        if node.op_type == "Dropout" and given[2] is not None and numpy_helper.to_array(given[2]).any():
            return given[1] is None or numpy_helper.to_array(given[1]).any()
    return False


def open_case(case):
    """The case with open sizes, or None where no input is a tensor with a size to open."""
    inputs = case.data_sets[0][0]
    declared = list(case.model.graph.input)
    if len(case.data_sets) != 1 or len(inputs) != len(declared):
        return None
    if any(not value.type.HasField("tensor_type") for value in declared):
        return None
    tensors = {}
    for value, given in zip(declared, inputs):
        tensor = onnx.TensorProto()
        tensor.CopyFrom(given if isinstance(given, onnx.TensorProto) else numpy_helper.from_array(np.asarray(given)))
        tensor.name = value.name
        tensors[value.name] = tensor
    if draws(case.model, tensors):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    del model.graph.value_info[:]
    for output in model.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    constants = _parameters(model, tensors)
    _make_constants(model, constants)
    opened = False
    deciding = _deciding(model)
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        for number, dim in enumerate(dims):
            if dim.dim_value > 1 and not (value.name in deciding and number == deciding[value.name] % len(dims)):
                dim.dim_param = f"size_{dim.dim_value}"
                opened = True
    if not opened:
        return None
    left = [given for value, given in zip(declared, inputs) if value.name not in constants]
    return TestCase(
        name=case.name + SUFFIX,
        model_name=case.model_name,
        url=None,
        model_dir=None,
        model=model,
        data_sets=[(left, case.data_sets[0][1])],
        kind="node",
        rtol=case.rtol,
        atol=case.atol,
    )
