#!/usr/bin/env python3
"""The standard's own tests (onnx.backend.test) of Ingot, by one road.

    suite.py --road object|cpp [--ingot FILE] [--match REGEX] [--sample N [--seed S]] [--update] [--report FILE.json]
    suite.py --sanitize ...

Runs the generated node cases, each a second time with its inputs made constants and a third time with its sizes left open (open_cases.py), and the
folder models (pytorch-converted, pytorch-operator, simple, light). What a model of the standard leaves open (sizes of inputs, what sequences and optionals hold) is compiled
as the case's data have it. expected_failures.txt and, for open sizes, expected_open_failures.txt list what fails, each line with its reason: a case
that fails without being listed, or passes although it is, fails the run. --update writes the lists anew from what this run measured, for the cases that it ran.
--sanitize compiles the emitted C++ with AddressSanitizer and UndefinedBehaviorSanitizer: what they find ends the run. --sample takes N cases by chance.
"""

import argparse
import collections
import faulthandler
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test import BackendTest
from onnx.backend.test.case.test_case import TestCase
from onnx.backend.test.loader import load_model_tests

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "python")]
from ingot.backend import IngotBackend, Workshop, shape_options  # noqa: E402
from open_cases import SUFFIX, open_case  # noqa: E402

LISTS = (HERE / "expected_failures.txt", HERE / "expected_open_failures.txt")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1")
FOLDERS = ("simple", "pytorch-converted", "pytorch-operator", "real")


# --- cases ---


def constant_case(case):
    """The case with its inputs made constants of the model, or None where that is another model or no input can be one."""
    inputs = case.data_sets[0][0]
    if len(case.data_sets) != 1 or not inputs or len(inputs) != len(case.model.graph.input):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    del model.graph.input[:]
    for declared, value in zip(case.model.graph.input, inputs):
        if not declared.type.HasField("tensor_type"):
            return None
        tensor = onnx.TensorProto()
        if isinstance(value, onnx.TensorProto):
            tensor.CopyFrom(value)
        else:
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(value)))
        tensor.name = declared.name
        model.graph.initializer.append(tensor)
    return TestCase(
        name=case.name + "_constant",
        model_name=case.model_name,
        url=None,
        model_dir=None,
        model=model,
        data_sets=[([], case.data_sets[0][1])],
        kind="node",
        rtol=case.rtol,
        atol=case.atol,
    )


def model_of(case):
    """The model of a case of any kind."""
    if case.model is not None:
        return case.model
    if case.model_dir is not None:
        return onnx.load(os.path.join(case.model_dir, "model.onnx"))
    return onnx.load(os.path.join(os.path.dirname(onnx.__file__), os.path.relpath(case.url, "onnx")))


def data_of(case):
    """The first inputs and outputs of a case; nothing where there are none here."""
    if case.data_sets:
        return case.data_sets[0]
    if case.model_dir is None:
        return [], []
    model = model_of(case)
    sides = []
    for side, declared in (("input", model.graph.input), ("output", model.graph.output)):
        values = []
        for i, value in enumerate(declared):
            file = pathlib.Path(case.model_dir) / "test_data_set_0" / f"{side}_{i}.pb"
            if not file.exists():
                break
            BackendTest._load_proto(None, file, values, value.type)
        sides.append(values)
    return sides


class Suite(BackendTest):
    """The standard's runner, with the constant cases added and the errors of outputs noted."""

    errors = {}  # of each operator: (greatest error in ULP, greatest relative error)
    current = None

    def __init__(self):
        super().__init__(IngotBackend, __name__)
        self.models = {}
        self.kinds = {}
        self.shapes = {}  # options for models that leave sizes or lengths open
        nodes = load_model_tests(kind="node")
        for case in nodes:
            self.kinds[case.name] = "node"
            self.models[case.name] = case.model
        for kind, change in (("node, constant inputs", constant_case), ("node, open sizes", open_case)):
            for case in nodes:
                changed = change(case)
                if changed is not None:
                    self._add_model_test(changed, "Node")
                    self.kinds[changed.name] = kind
                    self.models[changed.name] = changed.model
        for folder in FOLDERS:
            for case in load_model_tests(kind=folder):
                self.kinds[case.name] = "light" if folder == "real" else folder
                self.models[case.name] = model_of(case)
            self._note_shapes(load_model_tests(kind=folder))
        self._note_shapes(nodes)

    def _note_shapes(self, cases):
        for case in cases:
            options = shape_options(self.models[case.name], *data_of(case))
            if options:
                self.shapes[case.name] = options

    @classmethod
    def assert_similar_outputs(cls, ref_outputs, outputs, rtol, atol, model_dir=None):
        if any(isinstance(value, (list, tuple)) or value is None for value in ref_outputs):
            # The standard's own would take the elements of sequences apart, and not see what is missing.
            assert len(ref_outputs) == len(outputs), f"{len(outputs)} outputs, not {len(ref_outputs)}"
            for expected, value in zip(ref_outputs, outputs):
                assert (expected is None) == (value is None) and isinstance(expected, list) == isinstance(value, list), "an output of another kind"
                if isinstance(expected, list):
                    cls.assert_similar_outputs(expected, value, rtol, atol, model_dir)
                elif expected is not None:
                    cls.assert_similar_outputs([expected], [value], rtol, atol, model_dir)
            return
        super().assert_similar_outputs(ref_outputs, outputs, rtol, atol, model_dir)
        for expected, value in zip(ref_outputs, outputs):
            if isinstance(expected, np.ndarray) and expected.dtype.kind == "f" and expected.size and cls.current:
                note_error(cls.errors, cls.current, expected, value)


def note_error(errors, operator, expected, value):
    """Distances of finite values that are not tiny: an ULP of a difference of large numbers says nothing."""
    finite = np.isfinite(expected) & np.isfinite(value)
    if not finite.any():
        return
    expected, value = expected[finite], value[finite]
    scale = np.abs(expected).max()
    counts = np.abs(expected) > 1e-3 * scale
    if not counts.any():
        return
    expected, value = expected[counts], value[counts]
    distance = np.abs(value.astype(np.float64) - expected.astype(np.float64))
    ulp = float((distance / np.spacing(np.abs(expected)).astype(np.float64)).max())
    relative = float((distance / np.abs(expected).astype(np.float64)).max())
    before = errors.get(operator, (0.0, 0.0))
    errors[operator] = (max(before[0], ulp), max(before[1], relative))


# --- expected failures ---


def list_of(name):
    """The file that a case is listed in."""
    return LISTS[name.endswith(SUFFIX)]


def read_list(road, files=LISTS):
    """{case: reason} of the lines that hold for the road: `NAME: REASON`, or `NAME [ROAD]: REASON` where one road alone fails."""
    reasons = {}
    for line in (line for file in files for line in file.read_text().splitlines()):
        name, _, reason = line.partition(": ")
        name, _, only = name.partition(" [")
        if name and not name.startswith("#") and only in ("", road + "]"):
            reasons[name] = reason
    return reasons


def write_list(file, road, ran, failed):
    """Replaces what the file says of the cases that were run by this road. Lines of both roads become one where the reasons agree."""
    other = next(r for r in ("object", "cpp") if r != road)
    mine, others = read_list(road, [file]), read_list(other, [file])
    mine = {name: reason for name, reason in mine.items() if name not in ran} | failed
    head = [line for line in file.read_text().splitlines() if line.startswith("#")]
    lines = []
    for name in sorted(mine.keys() | others.keys()):
        if name in mine and name in others:
            lines.append(f"{name}: {mine[name]}")
        else:
            lines.append(f"{name} [{road if name in mine else other}]: {mine.get(name) or others.get(name)}")
    file.write_text("\n".join(head + lines) + "\n")


def reason_of(text):
    """One line of a failure: what the exception says, without what differs from run to run."""
    text = text.replace("\\n", "\n")
    if "Not equal to tolerance" in text or "Arrays are not equal" in text:
        found = re.search(r"Mismatched elements: .*", text)
        return "wrong values: " + found[0].lower() if found else "wrong values"
    line = ([line for line in text.strip().splitlines() if line.strip()] or ["no reason given"])[-1]
    line = re.sub(r"^[\w.]*?(\w+): ", lambda m: "" if m[1] in ("CompileError", "ModelError") else m[1] + ": ", line)
    return re.sub(r"\S*/(m[0-9a-f]{20})\S*", "model", line)[:200]


# --- running ---


class Result(unittest.TestResult):
    """Notes the outcome of each case, and says how far the run is."""

    def __init__(self, suite, total):
        super().__init__()
        self.suite = suite
        self.total = total
        self.outcomes = {}
        self.start = time.time()

    @staticmethod
    def case_name(test):
        return test.id().rsplit(".", 1)[1].removesuffix("_cpu")

    def startTest(self, test):
        super().startTest(test)
        model = self.suite.models[self.case_name(test)]
        # Errors are counted for cases of one operator.
        kinds = {node.op_type for node in model.graph.node} - {"Constant"}
        Suite.current = kinds.pop() if len(kinds) == 1 else None

    def _note(self, test, outcome):
        self.outcomes[self.case_name(test)] = outcome
        if sys.stderr.isatty():
            print(f"\r{len(self.outcomes)} of {self.total}", end="", file=sys.stderr, flush=True)

    def addSuccess(self, test):
        self._note(test, None)

    def addFailure(self, test, err):
        self._note(test, reason_of("".join(str(err[1]))))

    def addError(self, test, err):
        text = str(err[1])
        if err[0].__name__ not in ("CompileError", "ModelError"):
            text = f"{err[0].__name__}: {text}"
        self._note(test, reason_of(text))


def run(options, folder):
    """The outcomes {case: None, or why it failed}, and the suite."""
    os.environ["ONNX_MODELS"] = os.path.join(folder, "light")
    os.makedirs(os.environ["ONNX_MODELS"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suite = Suite()
    wanted = re.compile(options.match)
    names = [name for name in suite.models if wanted.search(name)]
    if options.sample is not None:
        names = random.Random(options.seed).sample(names, min(options.sample, len(names)))
    IngotBackend.workshop = Workshop(folder, options.road, optimize="-O1", flags=SANITIZERS if options.sanitize else ())
    start = time.time()
    for name in names:
        if name in suite.shapes:
            IngotBackend.workshop.add([suite.models[name]], suite.shapes[name])
    IngotBackend.workshop.add(suite.models[name] for name in names)
    print(f"{len(names)} models compiled in {time.time() - start:.0f} s, by the road '{options.road}'", flush=True)
    tests = unittest.TestSuite()
    for group in suite.test_cases.values():
        for test in unittest.defaultTestLoader.loadTestsFromTestCase(group):
            # The others are those of devices that this back end has not.
            if test.id().endswith("_cpu") and Result.case_name(test) in names:
                tests.addTest(test)
    result = Result(suite, tests.countTestCases())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        tests.run(result)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return result.outcomes, suite


def with_sanitizers():
    """Starts this program again with AddressSanitizer's library in front of others, as it wants to be where the program itself was built without it. It looks for
    the functions of C++ then, so that their library comes along."""
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    found = [subprocess.run([*compiler, f"-print-file-name={name}"], check=True, capture_output=True, text=True) for name in ("libasan.so", "libstdc++.so")]
    libraries = " ".join(said.stdout.strip() for said in found)
    if os.environ.get("LD_PRELOAD") == libraries:
        # What is started from here needs none.
        del os.environ["LD_PRELOAD"]
        return
    # Python frees at its end what it pleases.
    environment = os.environ | {"LD_PRELOAD": libraries, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)


def report(outcomes, suite, road):
    kinds = collections.defaultdict(lambda: [0, 0])
    for name, reason in outcomes.items():
        kinds[suite.kinds[name]][0] += reason is None
        kinds[suite.kinds[name]][1] += 1
    for kind, (passed, total) in kinds.items():
        print(f"{kind}: {passed} of {total} passed")
    compiled = IngotBackend.workshop.figures.values()
    kernels, vectorised = (sum(figures[i] for figures in compiled) for i in (0, 1))
    print(f"{vectorised} of {kernels} kernels with loops use vectors ({100 * vectorised / max(kernels, 1):.0f} %)")
    return {
        "kernels": kernels,
        "vectorised": vectorised,
        "road": road,
        "suites": dict(kinds),
        "errors": {name: {"ulp": ulp, "relative": relative} for name, (ulp, relative) in sorted(Suite.errors.items())},
    }


def main():
    faulthandler.enable()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--road", choices=("object", "cpp"), default="object")
    parser.add_argument("--ingot", help="the tool; else $INGOT, or ingot on the path")
    parser.add_argument("--match", default="", metavar="REGEX", help="only the cases whose names match")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many of them, by chance")
    parser.add_argument("--seed", default="0", help="of that chance; 0 unless given")
    parser.add_argument("--sanitize", action="store_true", help="compile the emitted C++ with sanitizers")
    parser.add_argument("--update", action="store_true", help="write expected_failures.txt from this run")
    parser.add_argument("--report", metavar="FILE", help="figures for tests/standard/table.py")
    options = parser.parse_args()
    if options.sanitize:
        options.road = "cpp"
        with_sanitizers()
    if options.ingot:
        os.environ["INGOT"] = options.ingot
    with tempfile.TemporaryDirectory(prefix="ingot-standard-") as folder:
        outcomes, suite = run(options, folder)
    figures = report(outcomes, suite, options.road)
    if options.report:
        pathlib.Path(options.report).write_text(json.dumps(figures, indent=1) + "\n")
    failed = {name: reason for name, reason in outcomes.items() if reason is not None}
    if options.update:
        for file in LISTS:
            mine = {name: reason for name, reason in failed.items() if list_of(name) == file}
            write_list(file, options.road, {name for name in outcomes if list_of(name) == file}, mine)
            print(f"{file.name}: {len(mine)} of these cases fail")
        return 0
    expected = read_list(options.road)
    surprises = 0
    for name, reason in sorted(outcomes.items()):
        if reason is not None and name not in expected:
            print(f"FAILED {name}: {reason}")
            surprises += 1
        elif reason is None and name in expected:
            print(f"PASSED {name}, though {list_of(name).name} has it: {expected[name]}; remove the line")
            surprises += 1
    if not outcomes:
        print("no case matches")
    print(f"{len(outcomes)} cases, {len(failed)} failures, {surprises} of them or of the passes not expected")
    return 1 if surprises or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
