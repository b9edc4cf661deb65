"""Ingot as a back end of the standard (onnx.backend.base): compiles an ONNX model for this machine and runs it.

    import ingot.backend
    outputs = ingot.backend.prepare(onnx.load("model.onnx")).run([x])

Two roads lead to code (docs of `ingot compile`): "object", through LLVM in the tool, and "cpp", through the emitted C++ and a compiler.
"""

import ctypes
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile

import onnx
from onnx.backend.base import Backend, BackendRep

from ingot.model import Model

ROADS = ("object", "cpp")


class CompileError(Exception):
    """The tool's one line about a model that it cannot compile."""


def _tool():
    return os.environ.get("INGOT", "ingot")


def _call(command):
    """The output of a program; CompileError with what it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        errors = [line for line in said.splitlines() if "error" in line]
        raise CompileError(f"{command[0]}: {(errors or said.splitlines())[0]}")
    return done.stdout


def shape_options(model, inputs, outputs=()):
    """--shape for what a model leaves open, from values as run_model takes and gives them: sizes of inputs, and how many tensors sequences hold."""

    def text(value):
        if value is None:
            return "none"
        if isinstance(value, (list, tuple)):
            return "[" + ";".join(text(element) for element in value) + "]"
        return ",".join(map(str, value.shape)) or "scalar"

    def is_open(declared):
        tensor = declared.type.tensor_type
        if not declared.type.HasField("tensor_type"):
            return True
        return not tensor.HasField("shape") or any(not dim.HasField("dim_value") for dim in tensor.shape.dim)

    options = []
    weights = {tensor.name for tensor in model.graph.initializer}
    given = [declared for declared in model.graph.input if declared.name not in weights or len(inputs) == len(model.graph.input)]
    for declared, value in zip(given, inputs):
        if is_open(declared):
            options += ["--shape", f"{declared.name}={text(value)}"]
    for declared, value in zip(model.graph.output, outputs):
        if not declared.type.HasField("tensor_type"):
            options += ["--shape", f"{declared.name}={text(value)}"]
    return options


class Workshop:
    """Compiled models in a folder, each compiled once. `optimize` is the level of the C++ compiler, `flags` are more of its options."""

    # Generated sources are small; so many share the start-up of a compiler and the parsing of headers.
    BATCH = 100

    def __init__(self, folder, road="object", optimize="-O3", flags=()):
        if road not in ROADS:
            raise ValueError(f"no road '{road}'; there are {', '.join(ROADS)}")
        self.folder = folder
        self.road = road
        self.optimize = optimize
        self.flags = list(flags)
        self._libraries = {}  # of each model's name: path
        self._errors = {}
        self._open = {}
        self._library = None
        self.figures = {}  # of each model: its functions of kernels with loops, and those of them with vectors

    @staticmethod
    def name_of(model):
        """A C identifier that tells models apart by their content."""
        return "m" + hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()[:20]

    def add(self, models, options=()):
        """Compiles all that are new. What cannot be compiled is told by `get`. `options` of the command line are for one model."""
        batch = {}
        for model in models:
            name = self.name_of(model)
            if name not in self._libraries and name not in self._errors:
                batch[name] = model
        if options:
            for name, model in batch.items():
                self._compile({name: model}, options)
            return
        names = list(batch)
        for start in range(0, len(names), self.BATCH):
            self._compile({name: batch[name] for name in names[start : start + self.BATCH]})

    def get(self, model):
        """The model, ready to run; CompileError where it cannot be compiled."""
        self.add([model])
        name = self.name_of(model)
        if name in self._errors:
            raise CompileError(self._errors[name])
        path = self._libraries[name]
        if path not in self._open:
            self._open[path] = ctypes.CDLL(path)
        return Model(self._open[path], name)

    def _compile(self, models, options=()):
        folder = tempfile.mkdtemp(dir=self.folder)
        files = {}
        for name, model in models.items():
            files[name] = os.path.join(folder, name + ".onnx")
            onnx.save(model, files[name])
        report = os.path.join(folder, "report")
        command = [_tool(), "compile", *files.values(), "-o", folder, "--emit", self.road, "--report", report, *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if os.path.exists(report):
            with open(report) as lines:
                for figures in map(json.loads, lines):
                    self.figures[figures["model"]] = (figures["kernels"], figures["vectorised"])
        lines = done.stderr.splitlines()
        compiled = []
        for name, file in files.items():
            if os.path.exists(os.path.join(folder, name + ".h")):
                compiled.append(name)
                continue
            said = [line for line in lines if line.startswith(file)]
            rest = (lines or [f"exit code {done.returncode}"])[-1]
            self._errors[name] = said[0].replace(file + ": ", "", 1) if said else f"{_tool()}: {rest}"
        if done.returncode < 0 and len(models) > 1:
            # The tool died: each for itself, to know at which.
            for name in models:
                if name not in compiled:
                    del self._errors[name]
                    self._compile({name: models[name]})
        self._link(folder, compiled, libraries="--library" in options)
        for name in models:
            # Models that call a library are compiled so once the tool has said of which.
            wanted = re.search(r"allow that by (--library) (\w+)$", self._errors.get(name, ""))
            if wanted and wanted[2] not in options:
                del self._errors[name]
                self._compile({name: models[name]}, [*options, *wanted.groups()])

    def _library_objects(self, compiler):
        """What is linked for models that call a library: its sources as objects, made once, and what these need."""
        if self._library is None:
            links = _call([_tool(), "targets", "--link", "native"]).split()
            flags = _call([_tool(), "targets", "--flags", "native"]).split()
            folders = [word for word in links if word.startswith("-I")]
            self._library = []
            for i, word in enumerate(word for word in links if word not in folders):
                if word.endswith(".cpp"):
                    made = os.path.join(self.folder, f"library_{i}.o")
                    _call([*compiler, *flags, *folders, "-fPIC", "-c", word, "-o", made])
                    word = made
                self._library.append(word)
        return self._library

    def _link(self, folder, names, libraries=False):
        """One shared library of all; of each, where one of them does not build."""
        if not names:
            return
        library = os.path.join(folder, f"lib{names[0]}.so")
        compiler = shlex.split(os.environ.get("CXX", "c++"))
        if self.road == "object":
            # Long lists of files do not fit a command line.
            inputs = [os.path.join(folder, name + ".o") for name in names]
            flags = []
        else:
            inputs = [os.path.join(folder, "all_" + names[0] + ".cpp")]
            with open(inputs[0], "w") as source:
                for file in sorted(os.listdir(folder)):
                    if file.endswith(".cpp") and any(file.startswith((name + ".", name + "_")) for name in names):
                        source.write(f'#include "{file}"\n')
            flags = _call([_tool(), "targets", "--flags", "native"]).split() + [self.optimize, *self.flags, "-I" + folder, "-w"]
        response = os.path.join(folder, "inputs")
        with open(response, "w") as file:
            file.write("\n".join(inputs))
        try:
            links = self._library_objects(compiler) if libraries else []
            _call([*compiler, *flags, "-fPIC", "-shared", "@" + response, *links, "-o", library])
        except CompileError as error:
            if len(names) == 1:
                self._errors[names[0]] = str(error)
                return
            for name in names:
                self._link(folder, [name], libraries)
            return
        for name in names:
            self._libraries[name] = library


class IngotRep(BackendRep):
    """A model that is ready to run."""

    def __init__(self, model):
        self.model = model

    def run(self, inputs, **kwargs):
        return tuple(self.model.run_ports(inputs))


class IngotBackend(Backend):
    """Compiles into `workshop`: a folder that goes with the process, unless another is set."""

    workshop = None
    _folder = None

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        if cls.workshop is None:
            cls._folder = tempfile.TemporaryDirectory(prefix="ingot-")
            cls.workshop = Workshop(cls._folder.name, os.environ.get("INGOT_ROAD", "object"))
        return IngotRep(cls.workshop.get(model))

    @classmethod
    def supports_device(cls, device):
        return device == "CPU"


prepare = IngotBackend.prepare
run_model = IngotBackend.run_model
supports_device = IngotBackend.supports_device
