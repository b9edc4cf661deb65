"""Checks the form of what `ingot bench` wrote, and prints a line for each kernel.

usage: check_bench.py FILE.json FILE.svg ENGINE...
"""
import json
import sys
import xml.etree.ElementTree

with open(sys.argv[1]) as file:
    bench = json.load(file)
assert bench["threads"] == 1 and bench["model"].endswith(".onnx") and bench["target"], bench
assert [row["engine"] for row in bench["rows"]] == sys.argv[3:], bench["rows"]
for k, row in enumerate(bench["rows"]):
    assert set(row) == {"engine", "version", "min_ms", "median_ms", "max_abs_diff"}, row
    assert row["version"] and 0 < row["min_ms"] <= row["median_ms"], row
    # From the first peer, which has none itself.
    assert (row["max_abs_diff"] is None) == (k == 1 or len(bench["rows"]) == 1), row
for kernel in bench["kernels"]:
    assert kernel["ms"] >= 0 and kernel["bound_by"] in ("compute", "memory", "neither") and kernel["nodes"], kernel
    print(kernel["name"], kernel["calls"], "calls,", int(kernel["operations"]), "operations,", int(kernel["bytes"]), "bytes")
assert abs(sum(kernel["time_share"] for kernel in bench["kernels"]) - 1) < 1e-6
assert bench["floor"]["arithmetic_ms"] >= 0 and bench["floor"]["memory_ms"] > 0, bench["floor"]
assert all(bench["peak"][key] > 0 for key in ("gflops", "integer_gops", "model_bytes", "model_gb_per_s", "memory_gb_per_s")), bench["peak"]

picture = xml.etree.ElementTree.parse(sys.argv[2]).getroot()
assert picture.tag == "{http://www.w3.org/2000/svg}svg"
texts = ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")]
assert any("FLOP/byte" in text for text in texts) and any("GFLOP/s" in text for text in texts), texts
for kernel in bench["kernels"]:
    # A longer name is cut there.
    label = kernel["name"] if len(kernel["name"]) <= 32 else kernel["name"][:31] + "\u2026"
    assert any(label in text for text in texts), label
