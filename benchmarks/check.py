"""Runs each kernel of a small sweep once, and compares what it gives with onnxruntime. Times are not looked at.

usage: check.py PROGRAM MODELS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime

BOUND = 1e-4  # of the greatest magnitude


def main(program, models):
    failed, compared = [], 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([program, "--no-peak", f"--outputs={folder}", "--benchmark_min_time=0", "--benchmark_repetitions=1", f"--benchmark_out={folder / 'out.json'}"],
                       check=True)
        measured = {run["name"].split("/")[0] for run in json.loads((folder / "out.json").read_text())["benchmarks"] if run["real_time"] > 0}
        for path in sorted(pathlib.Path(models).glob("*.onnx")):
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            inputs = {x.name: numpy.fromfile(folder / f"{path.stem}.x{k}", numpy.float32).reshape(x.shape) for k, x in enumerate(session.get_inputs())}
            expected = session.run(None, inputs)[0].flatten()
            for file in folder.glob(f"{path.stem}.*"):
                if file.suffix.startswith(".x"):
                    continue
                error = numpy.abs(numpy.fromfile(file, numpy.float32) - expected).max() / numpy.abs(expected).max()
                print(f"{file.name}: {error:.1e}")
                compared += 1
                if not error <= BOUND or path.stem not in measured:
                    failed.append(file.name)
    if failed or not compared:
        sys.exit(f"FAILED: {', '.join(failed) or 'there is nothing to compare'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
