"""Runs random models of ai.onnx.ml through `ingot run` and compares the results with onnxruntime's."""

import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

random = np.random.default_rng(7)


def floats(*shape):
    return random.normal(size=shape).astype(np.float32)


def tree(depth, features, targets, nan):
    """Attributes of one tree whose branches end at random levels; a deep one is a chain."""
    nodes, leaves = [], []

    def grow(level):
        number = len(nodes)
        nodes.append(None)
        if level == depth or (depth <= 10 and level > 1 and random.random() < 0.3):
            nodes[number] = (number, 0, "LEAF", 0.0, 0, 0, 0)
            leaves.extend((number, target) for target in targets)
            return number
        mode = random.choice(["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"]) if nan else "BRANCH_LEQ"
        feature, split, missing = int(random.integers(features)), float(floats(1)[0]), int(random.integers(2)) if nan else 0
        left = grow(depth if depth > 10 else level + 1)
        right = grow(level + 1)
        nodes[number] = (number, feature, str(mode), split, left, right, missing)
        return number

    grow(0)
    return nodes, leaves


def forest(kind, trees, depth, features, targets, positive=False, nan=False, **more):
    attributes = {key: [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    weights = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for number in range(trees):
        own = targets if kind == "class" or len(targets) == 1 else [int(random.choice(targets))]
        nodes, leaves = tree(depth, features, own, nan)
        for node in nodes:
            for key, value in zip(("nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true"), node):
                attributes[key].append(value)
            attributes["treeids"].append(number)
        for node, target in leaves:
            weight = float(floats(1)[0])
            for key, value in (("treeids", number), ("nodeids", node), ("ids", target), ("weights", abs(weight) / trees if positive else weight)):
                weights[key].append(value)
    return {**{f"nodes_{key}": value for key, value in attributes.items()}, **{f"{kind}_{key}": value for key, value in weights.items()}, **more}


def machine(kind, classes, features, per_class):
    total = classes * per_class
    return dict(
        kernel_type=kind,
        kernel_params=[0.3, 0.2, 2.0],
        support_vectors=floats(total * features).tolist(),
        vectors_per_class=[per_class] * classes,
        coefficients=floats((classes - 1) * total).tolist(),
        rho=floats(classes * (classes - 1) // 2).tolist(),
        classlabels_ints=list(range(10, 10 + classes)),
    )


def cases():
    x = floats(9, 5)
    holes = np.where(random.random((9, 5)) < 0.3, np.float32("nan"), x)
    whole = random.integers(0, 4, (6, 3))
    for targets, depth in ((1, 3), (3, 4), (2, 60)):
        for how in ("SUM", "AVERAGE", "MIN", "MAX"):
            many = forest("target", 6, depth, 5, list(range(targets)), n_targets=targets, aggregate_function=how, base_values=floats(targets).tolist())
            yield "TreeEnsembleRegressor", [x], many, 1
    yield "TreeEnsembleRegressor", [holes], forest("target", 5, 5, 5, [0], nan=True, n_targets=1), 1
    for transform in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0, 1, 2], classlabels_int64s=[7, 8, 9], post_transform=transform), 2
        # onnxruntime leaves out other transforms of one score, which the specification asks for.
        if transform in ("NONE", "LOGISTIC"):
            yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0], classlabels_int64s=[0, 1], post_transform=transform), 2
        yield "LinearClassifier", [x], dict(coefficients=floats(15).tolist(), intercepts=floats(3).tolist(), classlabels_ints=[4, 5, 6], post_transform=transform), 2
    yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0], positive=True, classlabels_int64s=[0, 1]), 2
    yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0], classlabels_int64s=[0, 1], post_transform="LOGISTIC", base_values=[0.4]), 2
    yield "LinearClassifier", [x], dict(coefficients=floats(10).tolist(), intercepts=floats(2).tolist(), classlabels_ints=[0, 1], post_transform="LOGISTIC"), 2
    yield "LinearRegressor", [x], dict(coefficients=floats(10).tolist(), intercepts=floats(2).tolist(), targets=2), 1
    for kind in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        yield "SVMRegressor", [x], dict(kernel_type=kind, kernel_params=[0.3, 0.2, 3.0], support_vectors=floats(20).tolist(), n_supports=4, coefficients=floats(4).tolist(), rho=[0.1]), 1
        yield "SVMClassifier", [x], machine(kind, 3, 5, 4), 2
        yield "SVMClassifier", [x], machine(kind, 2, 5, 4), 2
    named = machine("RBF", 3, 5, 4)
    del named["classlabels_ints"]
    yield "SVMClassifier", [x], dict(named, classlabels_strings=["low", "middle", "high"]), 2
    yield "LinearClassifier", [x], dict(coefficients=floats(15).tolist(), intercepts=floats(3).tolist(), classlabels_strings=["a", "", "größer"]), 2
    yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0, 1, 2], classlabels_strings=["a", "bc", "d"]), 2
    yield "TreeEnsembleClassifier", [x], forest("class", 5, 4, 5, [0], classlabels_strings=["no", "yes"]), 2
    texts = np.array(["dog", "cat", "", "horse", "cat"], object)
    yield "LabelEncoder", [texts], dict(keys_strings=["cat", "dog"], values_int64s=[1, 2], default_int64=-1), 1
    yield "LabelEncoder", [texts], dict(keys_strings=["cat", "dog"], values_floats=[1.5, 2.5], default_float=-1.0), 1
    yield "LabelEncoder", [texts], dict(keys_strings=["cat", ""], values_strings=["Katze", "nichts"], default_string="?"), 1
    yield "CategoryMapper", [texts], dict(cats_strings=["cat", "dog"], cats_int64s=[4, 5], default_int64=0), 1
    yield "OneHotEncoder", [texts], dict(cats_strings=["cat", "dog", "horse"], zeros=1), 1
    yield "Scaler", [x], dict(offset=floats(5).tolist(), scale=floats(5).tolist()), 1
    for norm in ("MAX", "L1", "L2"):
        yield "Normalizer", [np.abs(x)], dict(norm=norm), 1
    yield "Imputer", [holes], dict(imputed_value_floats=floats(5).tolist(), replaced_value_float=float("nan")), 1
    yield "Imputer", [whole], dict(imputed_value_int64s=[9], replaced_value_int64=2), 1
    yield "Binarizer", [x], dict(threshold=0.25), 1
    yield "FeatureVectorizer", [x, floats(9, 2)], dict(inputdimensions=[5, 2]), 1
    yield "OneHotEncoder", [whole], dict(cats_int64s=[0, 1, 2], zeros=1), 1
    yield "LabelEncoder", [whole], dict(keys_int64s=[0, 2, 3], values_floats=[0.5, 1.5, 2.5], default_float=-1.0), 1
    yield "LabelEncoder", [whole.astype(np.float32)], dict(keys_floats=[0.0, 2.0], values_int64s=[5, 6], default_int64=-7), 1
    yield "ArrayFeatureExtractor", [x, np.array([4, 0, 2])], {}, 1


def make_model(op, inputs, attributes, results, is_open=False):
    """The model of a case; with open sizes the first dimension of all inputs is one size, and all others have names of their own."""
    names = [f"x{i}" for i in range(len(inputs))]
    outputs = [f"y{i}" for i in range(results)]
    kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64, "O": TensorProto.STRING}

    def shape(name, value):
        if not is_open:
            return value.shape
        # Indices are as many as they are.
        return [name if value.dtype.kind == "i" and value.ndim == 1 else "rows", *(f"{name}_{i}" for i in range(1, value.ndim))]

    declared = [helper.make_tensor_value_info(name, kinds[value.dtype.kind], shape(name, value)) for name, value in zip(names, inputs)]
    node = helper.make_node(op, names, outputs, domain="ai.onnx.ml", **attributes)
    # onnxruntime says what the types of the results are; shapes are found by inference.
    integer = [results == 2 and i == 0 or op in ("Imputer", "Binarizer") and inputs[0].dtype.kind == "i" or "values_int64s" in attributes or op == "CategoryMapper" for i in range(results)]
    text = [i == 0 and ("classlabels_strings" in attributes or "values_strings" in attributes) for i in range(results)]
    types = [TensorProto.STRING if t else TensorProto.INT64 if whole else TensorProto.FLOAT for t, whole in zip(text, integer)]
    results_info = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(outputs, types)]
    graph = helper.make_graph([node], "case", declared, results_info)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=9)


def run(op, inputs, attributes, results, ingot):
    model = make_model(op, inputs, attributes, results)
    names, outputs = [value.name for value in model.graph.input], [value.name for value in model.graph.output]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, dict(zip(names, inputs)))
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, os.path.join(folder, "case.onnx"))
        command = [ingot, "run", os.path.join(folder, "case.onnx"), "-o", os.path.join(folder, "out")]
        for name, value in zip(names, inputs):
            np.save(os.path.join(folder, name + ".npy"), value.astype(str) if value.dtype == object else value)
            command += ["--input", f"{name}={folder}/{name}.npy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        for name, value in zip(outputs, expected):
            got = np.load(os.path.join(folder, "out", name + ".npy"))
            if got.dtype.kind == "U" and got.shape == np.shape(value) and (got == np.array(value, str)).all():
                continue
            value = np.asarray(value)
            if got.shape != value.shape or got.dtype.kind == "U" or not np.allclose(got, value, rtol=1e-4, atol=1e-5, equal_nan=True):
                return f"{name}: {got.shape} {got.flatten()[:6]} instead of {value.shape} {value.flatten()[:6]}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ingot", default="ingot")
    options = parser.parse_args()
    failed = ran = 0
    for op, inputs, attributes, results in cases():
        ran += 1
        error = run(op, inputs, attributes, results, options.ingot)
        if error:
            failed += 1
            short = {key: value for key, value in attributes.items() if not isinstance(value, list)}
            print(f"{op} {short}: {error}", flush=True)
    print(f"{ran - failed} of {ran} cases passed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
