"""Runs a model once by each road to code, and succeeds where all outputs are equal byte for byte.

usage: roads.py INGOT MODEL
"""
import pathlib
import subprocess
import sys
import tempfile

import models
import numpy


def main(ingot, name):
    model = (models.MODELS | models.QUANTIZED)[name]
    if not model.path.is_file():
        return f"{model.path}: not there; ./dev test fetches and makes the models"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inputs = []
        for k, (input_name, array) in enumerate(model.make_inputs().items()):
            numpy.save(folder / f"{k}.npy", array)
            inputs.append(f"--input={input_name}={folder / f'{k}.npy'}")
        for road in ("object", "cpp"):
            subprocess.run([ingot, "run", str(model.path), *model.options(), *inputs, "-o", str(folder / road), "--road", road], check=True)
        files = sorted(path.name for path in (folder / "object").iterdir())
        different = [file for file in files if (folder / "object" / file).read_bytes() != (folder / "cpp" / file).read_bytes()]
        for file in different:
            a, b = numpy.load(folder / "object" / file), numpy.load(folder / "cpp" / file)
            print(f"{file}: {numpy.count_nonzero(a != b)} of {a.size} elements differ, by up to {abs(a - b).max()}")
        if not files or different:
            return 1
        print(f"equal: {', '.join(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
