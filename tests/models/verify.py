"""Runs `ingot verify` on one of the models, with the inputs that models.py makes for it.

usage: verify.py INGOT MODEL [OPTION...]
"""
import pathlib
import subprocess
import sys
import tempfile

import models
import numpy


def main(ingot, name, *options):
    model = models.MODELS[name]
    if not model.path.is_file():
        return f"{model.path}: not there; ./dev test fetches and makes the models"
    with tempfile.TemporaryDirectory() as folder:
        command = [ingot, "verify", str(model.path), *model.options(), *options]
        for k, (input_name, array) in enumerate(model.make_inputs().items()):
            path = pathlib.Path(folder) / f"{k}.npy"
            numpy.save(path, array)
            command.append(f"--input={input_name}={path}")
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
