"""Drives a compiled model by its C descriptor (runtime-min/include/ingot/model.h), whoever compiled it and by whichever road."""

import ctypes
import math

import ml_dtypes
import numpy as np

ABI_VERSION = 1

# Element types as numbered in onnx.TensorProto.DataType. Elements of less than a byte take one.
DTYPES = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    4: np.uint16,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    8: np.object_,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
    14: np.complex64,
    15: np.complex128,
    16: ml_dtypes.bfloat16,
    17: ml_dtypes.float8_e4m3fn,
    18: ml_dtypes.float8_e4m3fnuz,
    19: ml_dtypes.float8_e5m2,
    20: ml_dtypes.float8_e5m2fnuz,
    21: ml_dtypes.uint4,
    22: ml_dtypes.int4,
    23: ml_dtypes.float4_e2m1fn,
    24: ml_dtypes.float8_e8m0fnu,
    25: ml_dtypes.uint2,
    26: ml_dtypes.int2,
}

# Integers of less than a byte are whole bytes at the interface, sign and all; what ml_dtypes keeps in the byte's upper bits is its own affair.
STORED = {np.dtype(ml_dtypes.int4): np.int8, np.dtype(ml_dtypes.int2): np.int8, np.dtype(ml_dtypes.uint4): np.uint8, np.dtype(ml_dtypes.uint2): np.uint8}

# struct ingot_string: address and bytes.
VIEW = np.dtype([("data", np.uint64), ("size", np.int64)])

# Names of ingot::Status.
STATUS = {
    1: "an index or size that data gave is out of range",
    2: "an argument is null",
    3: "the arena or the weights are null or not aligned",
    4: "a size is less than 1 or too large for memory",
    5: "the strings that the model made take more bytes than its arena has for them",
}


class _Value(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("element", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("count", ctypes.c_int64),
        ("bytes", ctypes.c_size_t),
        ("state", ctypes.c_int32),
    ]


_POINTERS = ctypes.POINTER(ctypes.c_void_p)
_SIZES = ctypes.POINTER(ctypes.c_int64)


class _List(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("kind", ctypes.c_int32),
        ("output", ctypes.c_int32),
        ("first", ctypes.c_int32),
        ("count", ctypes.c_int32),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("struct_size", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_size_t),
        ("arena_alignment", ctypes.c_size_t),
        ("weight_bytes", ctypes.c_size_t),
        ("weights", ctypes.c_void_p),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(_Value)),
        ("outputs", ctypes.POINTER(_Value)),
        ("run", ctypes.CFUNCTYPE(ctypes.c_int32, _POINTERS, _POINTERS, ctypes.c_void_p, ctypes.c_void_p)),
        ("size_count", ctypes.c_int32),
        ("size_names", ctypes.POINTER(ctypes.c_char_p)),
        ("arena_bytes_for", ctypes.CFUNCTYPE(ctypes.c_size_t, _SIZES)),
        ("output_shape", ctypes.CFUNCTYPE(None, _SIZES, ctypes.c_int32, _SIZES)),
        ("run_sized", ctypes.CFUNCTYPE(ctypes.c_int32, _POINTERS, _POINTERS, _SIZES, ctypes.c_void_p, ctypes.c_void_p)),
        ("list_count", ctypes.c_int32),
        ("lists", ctypes.POINTER(_List)),
        (
            "run_shaped",
            ctypes.CFUNCTYPE(ctypes.c_int32, _POINTERS, _POINTERS, _SIZES, ctypes.POINTER(_SIZES), ctypes.c_void_p, ctypes.c_void_p),
        ),
        ("run_threaded", ctypes.c_void_p),
        ("level", ctypes.CFUNCTYPE(ctypes.c_char_p)),
    ]


class ModelError(Exception):
    """A model that cannot be driven, values that do not fit it, or a run that ended with another status than 0."""


class Value:
    """An input or output: `name`, `dtype`, `shape` (a tuple) and `state` (of an output, the input whose next value it is, or -1).

    Sizes that a call chooses are negative: -1 - k is the model's size k. Of an output, sizes that data give are the greatest ones.
    """

    def __init__(self, value):
        self.name = value.name.decode()
        if value.element not in DTYPES:
            raise ModelError(f"'{self.name}' has the element type {value.element}, which is not known here")
        self.dtype = np.dtype(DTYPES[value.element])
        self.shape = tuple(value.shape[i] for i in range(value.rank))
        self.state = value.state


class Port:
    """An input or output as the graph has it: `name`, `kind` ("tensor", "sequence", "optional" or "absent") and the `values` that are its tensors."""

    def __init__(self, name, kind, values):
        self.name = name
        self.kind = kind
        self.values = values


def _ports(values, lists):
    """Values and the lists among them, in the graph's order."""
    ports = []
    place = 0
    for item in lists:
        ports += [Port(value.name, "tensor", [value]) for value in values[place : item.first]]
        place = item.first + item.count
        ports.append(Port(item.name.decode(), ("sequence", "optional", "absent")[item.kind], values[item.first : place]))
    return ports + [Port(value.name, "tensor", [value]) for value in values[place:]]


def _aligned(size, alignment):
    """Bytes at a multiple of the alignment."""
    memory = np.empty(size + alignment, np.uint8)
    return memory[-memory.ctypes.data % alignment :][:size]


def _stored(value):
    """The type of an element in memory."""
    return VIEW if value.dtype == np.object_ else STORED.get(value.dtype, value.dtype)


def _views(array, kept):
    """Strings (str, in UTF-8, or bytes) as views of what is appended to `kept`."""
    views = np.zeros(array.shape, VIEW)
    for place, text in np.ndenumerate(array):
        content = text if isinstance(text, bytes) else str(text).encode()
        kept.append(ctypes.create_string_buffer(content, max(len(content), 1)))
        views[place] = (ctypes.addressof(kept[-1]), len(content))
    return views


def _strings(views):
    """The strings that the views show; what is no UTF-8 as surrogates."""
    strings = np.empty(views.shape, np.object_)
    for place, view in np.ndenumerate(views):
        size = int(view["size"])
        strings[place] = ctypes.string_at(int(view["data"]), size).decode(errors="surrogateescape") if size else ""
    return strings


def _pointers(arrays):
    return (ctypes.c_void_p * max(len(arrays), 1))(*[array.ctypes.data for array in arrays])


class Model:
    """A model of a shared library. `weights`: the content of NAME.weights where they are not linked. Not for several threads at once.

    `target` is what it was compiled for, `level` the target whose code this processor takes: another where it was compiled for several.
    """

    def __init__(self, library, name, weights=None):
        handle = library if isinstance(library, ctypes.CDLL) else ctypes.CDLL(library)
        try:
            self._model = _Model.in_dll(handle, name + "_model")
        except ValueError as error:
            raise ModelError(f"{library}: it holds no model '{name}'") from error
        if self._model.abi_version != ABI_VERSION or self._model.struct_size < ctypes.sizeof(_Model):
            raise ModelError(f"{library}: model '{name}' has another version of the descriptor than this package reads")
        self.name = name
        self.target = self._model.target.decode()
        self.level = self._model.level().decode() if self._model.level else self.target
        self.inputs = [Value(self._model.inputs[i]) for i in range(self._model.input_count)]
        self.outputs = [Value(self._model.outputs[i]) for i in range(self._model.output_count)]
        lists = [self._model.lists[i] for i in range(self._model.list_count)]
        self.input_ports = _ports(self.inputs, [item for item in lists if not item.output])
        self.output_ports = _ports(self.outputs, [item for item in lists if item.output])
        self.size_names = [self._model.size_names[i].decode() for i in range(self._model.size_count)]
        self.arena_bytes = self._model.arena_bytes
        alignment = self._model.arena_alignment
        self._arena = _aligned(max(self.arena_bytes, 1), alignment)
        self._weights = None
        if weights is not None:
            if len(weights) != self._model.weight_bytes:
                raise ModelError(f"model '{name}' has {self._model.weight_bytes} bytes of weights, not {len(weights)}")
            self._weights = _aligned(len(weights), alignment)
            self._weights[:] = np.frombuffer(weights, np.uint8)

    def run(self, inputs):
        """One run: takes arrays in the order of `inputs`, gives those of `outputs`."""
        if len(inputs) != len(self.inputs):
            raise ModelError(f"model '{self.name}' has {len(self.inputs)} inputs, not {len(inputs)}")
        arrays = []
        kept = []
        sizes = {}
        for declared, given in zip(self.inputs, inputs):
            array = np.asarray(given)
            if declared.dtype == np.object_ and array.dtype.kind in "US":
                array = array.astype(np.object_)
            fits = array.dtype == declared.dtype and array.ndim == len(declared.shape)
            # The first input that has an open size says how much it is.
            if not fits or any(
                size != (wanted if wanted >= 0 else sizes.setdefault(-1 - wanted, size))
                for size, wanted in zip(array.shape, declared.shape)
            ):
                raise ModelError(
                    f"input '{declared.name}' is {declared.dtype} {self._shape_text(declared.shape, sizes)}, not {array.dtype} {array.shape}"
                )
            stored = _views(array, kept) if declared.dtype == np.object_ else array.astype(_stored(declared), copy=False)
            arrays.append(np.ascontiguousarray(stored).reshape(array.shape))
        weights = self._weights.ctypes.data if self._weights is not None else None
        numbers = None
        if self.size_names:
            numbers = (ctypes.c_int64 * len(self.size_names))(*[sizes.get(k, 0) for k in range(len(self.size_names))])
            arena_bytes = self._model.arena_bytes_for(numbers)
            if arena_bytes == 0:
                raise ModelError(f"model '{self.name}': {STATUS[4]}")
            if arena_bytes > len(self._arena):
                self._arena = _aligned(arena_bytes, self._model.arena_alignment)
            outputs = [np.empty(self._output_shape(i, numbers), _stored(declared)) for i, declared in enumerate(self.outputs)]
        else:
            outputs = [np.empty(declared.shape, _stored(declared)) for declared in self.outputs]
        if self._model.run_shaped:
            found = [(ctypes.c_int64 * max(array.ndim, 1))(*array.shape) for array in outputs]
            shapes = (_SIZES * max(len(found), 1))(*[ctypes.cast(shape, _SIZES) for shape in found])
            status = self._model.run_shaped(_pointers(arrays), _pointers(outputs), numbers, shapes, self._arena.ctypes.data, weights)
            # The elements stand at the front.
            outputs = [self._front(array, shape[: array.ndim]) for array, shape in zip(outputs, found)]
        elif self.size_names:
            status = self._model.run_sized(_pointers(arrays), _pointers(outputs), numbers, self._arena.ctypes.data, weights)
        else:
            status = self._model.run(_pointers(arrays), _pointers(outputs), self._arena.ctypes.data, weights)
        if status != 0:
            raise ModelError(f"model '{self.name}': {STATUS.get(status, f'status {status}')}")
        return [
            _strings(array) if declared.dtype == np.object_ else array.astype(declared.dtype, copy=False)
            for array, declared in zip(outputs, self.outputs)
        ]

    def run_ports(self, inputs):
        """One run on values in the order of the graph: an array, a list of arrays for a sequence, None for an optional that is absent."""
        if len(inputs) != len(self.input_ports):
            raise ModelError(f"model '{self.name}' has {len(self.input_ports)} inputs, not {len(inputs)}")
        arrays = []
        for port, given in zip(self.input_ports, inputs):
            is_list = isinstance(given, (list, tuple))
            if (given is None) != (port.kind == "absent") or (is_list and len(given) != len(port.values)):
                said = "nothing" if given is None else f"{len(given)} tensors" if is_list else "a tensor"
                raise ModelError(f"input '{port.name}' is {port.kind} with {len(port.values)} tensors, not {said}")
            if given is not None:
                arrays += given if port.kind == "sequence" else [given]
        results = iter(self.run(arrays))
        outputs = []
        for port in self.output_ports:
            values = [next(results) for _ in port.values]
            outputs.append(values if port.kind == "sequence" else values[0] if values else None)
        return outputs

    def _shape_text(self, shape, sizes):
        texts = [str(size if size >= 0 else sizes.get(-1 - size, self.size_names[-1 - size])) for size in shape]
        return "(" + ", ".join(texts) + ")"

    def _front(self, array, shape):
        if any(size < 0 for size in shape) or math.prod(shape) > array.size:
            raise ModelError(f"model '{self.name}' gave the shape {tuple(shape)}, which its memory for {array.shape} cannot hold")
        return array.reshape(-1)[: math.prod(shape)].reshape(shape)

    def _output_shape(self, number, sizes):
        shape = (ctypes.c_int64 * max(len(self.outputs[number].shape), 1))()
        self._model.output_shape(sizes, number, shape)
        return tuple(shape[: len(self.outputs[number].shape)])
