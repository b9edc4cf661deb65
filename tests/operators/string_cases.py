#!/usr/bin/env python3
"""Runs models of operators on strings by both roads of ingot.backend and compares them with what Python makes of the same strings.

    string_cases.py [--ingot FILE]
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile

import numpy as np
from onnx import TensorProto, checker, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))
from ingot.backend import Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402

TEXTS = ["", "a", "ab", "b", "Wörter", "ÄÖÜ ß", "日本語", "x" * 300, "a\0b", "ab ", "Ångström", "ЖУК", "🎈"]
ML = "ai.onnx.ml"


def words(values, *shape):
    array = np.array(values, np.object_)
    return array.reshape(shape) if shape else array


def model(nodes, inputs, outputs):
    """A model of nodes (kind, inputs, outputs, domain, attributes); of inputs (name, array) and outputs likewise."""

    def info(name, array):
        kind = TensorProto.STRING if array.dtype == np.object_ else helper.np_dtype_to_tensor_dtype(array.dtype)
        return helper.make_tensor_value_info(name, kind, array.shape)

    made = [helper.make_node(kind, ins, outs, domain=domain, **attributes) for kind, ins, outs, domain, attributes in nodes]
    graph = helper.make_graph(made, "strings", [info(*value) for value in inputs], [info(*value) for value in outputs])
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(ML, 4)], ir_version=10)
    checker.check_model(result)
    return result


def cases():
    """(name, nodes, inputs, outputs with what they must be)."""
    x = words(TEXTS)
    n = len(TEXTS)
    numbers = np.arange(n, dtype=np.int64)

    def one(name, kind, inputs, output, domain="", **attributes):
        names = [f"x{i}" for i in range(len(inputs))]
        return name, [(kind, names, ["y"], domain, attributes)], list(zip(names, inputs)), [("y", output)]

    yield one("identity", "Identity", [x], x)
    yield one("scalar", "Identity", [np.array("lone", np.object_)], np.array("lone", np.object_))
    yield one("gather", "Gather", [x, np.array([[3, 0], [-1, 4]], np.int64)], x[np.array([[3, 0], [-1, 4]])])
    yield one("concat", "Concat", [x[:3], x[5:]], np.concatenate([x[:3], x[5:]]), axis=0)
    square = words(TEXTS[:12], 3, 4)
    yield one("transpose", "Transpose", [square], square.T.copy(), perm=[1, 0])
    yield one("where", "Where", [numbers % 2 == 0, x, x[::-1].copy()], np.where(numbers % 2 == 0, x, x[::-1]))
    yield one("equal", "Equal", [x.reshape(n, 1), x.reshape(1, n)], x.reshape(n, 1) == x.reshape(1, n))
    yield one("concat strings", "StringConcat", [x.reshape(n, 1), x.reshape(1, n)], words([a + b for a in TEXTS for b in TEXTS], n, n))
    integers = np.array([0, 7, -1, 123456789, -(2**63), 2**63 - 1], np.int64)
    yield one("to string", "Cast", [integers], words([str(i) for i in integers]), to=TensorProto.STRING)
    unsigned = np.array([0, 2**64 - 1], np.uint64)
    yield one("unsigned to string", "Cast", [unsigned], words([str(i) for i in unsigned]), to=TensorProto.STRING)
    yield one("from string", "Cast", [words([str(i) for i in integers] + ["+5"])], np.append(integers, 5), to=TensorProto.INT64)
    many = [f"word {i * i}" for i in range(3000)]
    some = words(many[::7] + ["word", "", "word 3"])
    found = np.array(list(range(0, 3000, 7)) + [-7, -7, -7], np.int64)
    yield one("labels", "LabelEncoder", [some], found, ML, keys_strings=many, values_int64s=list(range(3000)), default_int64=-7)
    yield one("names", "LabelEncoder", [np.array([2, 0, 9], np.int64)], words(["c", "a", "none"]), ML,
              keys_int64s=[0, 1, 2], values_strings=["a", "b", "c"], default_string="none")  # fmt: skip
    yield one("synonyms", "LabelEncoder", [words(["x", "z"])], words(["y", "_Unused"]), ML, keys_strings=["x"], values_strings=["y"])
    yield one("categories", "CategoryMapper", [words(["b", "c"])], np.array([5, -1], np.int64), ML, cats_strings=["a", "b"], cats_int64s=[3, 5])
    yield one("category names", "CategoryMapper", [np.array([3, 4], np.int64)], words(["a", "?"]), ML, cats_strings=["a", "b"], cats_int64s=[3, 5], default_string="?")
    yield one("one hot", "OneHotEncoder", [words(["b", "c", "a"])], np.array([[0, 1], [0, 0], [1, 0]], np.float32), ML, cats_strings=["a", "b"])
    upper = [t if t == "ÄÖÜ ß" else t.upper() for t in TEXTS]
    yield one("upper", "StringNormalizer", [x], words(upper), case_change_action="UPPER", locale="de_DE")
    yield one("lower", "StringNormalizer", [x], words([t.lower() for t in TEXTS]), case_change_action="LOWER")
    yield one("stop words", "StringNormalizer", [x], words([t for t in TEXTS if t.lower() not in ("a", "жук")]), stopwords=["A", "Жук"])
    yield one("all stopped", "StringNormalizer", [words(["a", "b"], 1, 2)], words([""], 1, 1), stopwords=["a", "b"], is_case_sensitive=1)
    pool = {"pool_strings": ["a", "b", "b", "c"], "ngram_counts": [0, 2], "ngram_indexes": [0, 1, 2]}
    tokens = words(["b", "c", "a", "b", "z", "z"], 2, 3)
    yield one("n-grams", "TfIdfVectorizer", [tokens], np.array([[1, 1, 1], [0, 1, 0]], np.float32), mode="TF",
              min_gram_length=1, max_gram_length=2, max_skip_count=0, **pool)  # fmt: skip
    pieces = [("a,b,,c", ","), ("", ","), (",", ","), ("no", ","), ("a--b---c", "--"), ("  a b\tc ", ""), ("", ""), (" ", "")]
    for text, delimiter in pieces:
        for most in (None, 0, 1, 5):
            wanted = text.split(delimiter or None, -1 if most is None else most)
            attributes = {} if most is None else {"maxsplit": most}
            name = f"split {text!r} by {delimiter!r}, {most}"
            yield (name, [("StringSplit", ["x"], ["y", "z"], "", {"delimiter": delimiter, **attributes})], [("x", words([text]))],
                   [("y", words(wanted, 1, len(wanted))), ("z", np.array([len(wanted)], np.int64))])  # fmt: skip
    patterns = ["", "a*", "(a|ab)(b|)", ".*", "(?s).*", "[^a]*", "[a-c]+", r"\w+", r"[[:alpha:]]{2,3}", "(?i)AB", "W.rter", "[À-ÿA-Z ß]+", "日.?語", r"x{300}",
                "^ab$", "a^b", r"(?:a\x00b)", "🎈|🎉", r"[\d\s]*", r"\bab?\b.*", r"a\B.*"]  # fmt: skip
    for pattern in patterns:
        plain = pattern.replace("[[:alpha:]]", "[A-Za-z]").replace(r"\w", "[0-9A-Za-z_]")
        yield one(f"matches {pattern}", "RegexFullMatch", [x], np.array([re.fullmatch(plain, t) is not None for t in TEXTS]), pattern=pattern)
    # Strings that are carried, chosen and made by turns.
    body = helper.make_graph(
        [helper.make_node("StringConcat", ["text", "again"], ["longer"]), helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []), helper.make_tensor_value_info("text", TensorProto.STRING, [n])],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("longer", TensorProto.STRING, [n])],
    )
    yield ("loop", [("Loop", ["count", "", "again"], ["y"], "", {"body": body})], [("count", np.array(3, np.int64)), ("again", x)],
           [("y", words([t * 4 for t in TEXTS]))])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", help="the tool; else $INGOT, or ingot on the path")
    options = parser.parse_args()
    if options.ingot:
        os.environ["INGOT"] = options.ingot
    failures = count = 0
    made = [(name, model(nodes, inputs, outputs), [value for _, value in inputs], [value for _, value in outputs]) for name, nodes, inputs, outputs in cases()]
    with tempfile.TemporaryDirectory(prefix="ingot-strings-") as folder:
        for road in ("object", "cpp"):
            workshop = Workshop(folder, road, optimize="-O1")
            workshop.add(proto for _, proto, _, _ in made)
            for name, proto, inputs, wanted in made:
                count += 1
                try:
                    given = workshop.get(proto).run(inputs)
                    good = all(a.shape == b.shape and a.dtype == b.dtype and (a == b).all() for a, b in zip(given, wanted))
                    said = "" if good else f"gives {given}, not {wanted}"
                except Exception as error:  # noqa: BLE001
                    said = str(error)
                if said:
                    print(f"{road}: {name}: {said[:500]}")
                    failures += 1
            # What the arena has no room for is told, and the run ends well.
            name, proto, inputs, _ = next(case for case in made if case[0] == "concat strings")
            try:
                workshop.get(proto).run([np.full_like(value, "y" * 4000) for value in inputs])
                print(f"{road}: {name}: strings that are too long are not noticed")
                failures += 1
            except ModelError as error:
                if "more bytes than its arena" not in str(error):
                    print(f"{road}: {name}: {error}")
                    failures += 1
    print(f"{count} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
