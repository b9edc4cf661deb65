"""Models compiled for several threads give the same bytes for any number of them, by both roads to code.

usage: shared_work.py INGOT [--sanitize] [MODEL...]

--sanitize: the emitted C++ and the pool under ThreadSanitizer, instead.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "generated")]
import check  # noqa: E402
import models  # noqa: E402

SMALL = ("resnet8", "ds_cnn", "mobilenet_v2", "ppocr_cls")


def build(ingot, model, road, folder, flags):
    """The program that runs the model as this road makes it."""
    target = check.native_target(ingot)
    options = ["--threads", "4", *(["--emit", "object"] if road == "object" else [])]
    subprocess.run([ingot, "compile", model.path, "-o", folder, "--name", model.name, "--target", target, *model.options(), *options], check=True)
    if road == "object":
        objects = [folder / f"{model.name}.o"]
    else:
        objects = []
        for source in check.sources(folder):
            objects.append(source.with_suffix(".o"))
            subprocess.run(["g++", *check.FLAGS, *check.WARNINGS, *flags, *check.target_flags(target), *check.includes(folder), "-c", source, "-o",
                            objects[-1]], check=True)
    program = folder / "shared_work"
    subprocess.run(["g++", "-std=c++17", "-O2", *check.WARNINGS, *flags, f"-DMODEL={model.name}_model", *check.includes(folder),
                    HERE / "shared_work.cpp", *objects, "-pthread", "-o", program], check=True)
    return program


def main():
    parser = argparse.ArgumentParser(description="Runs models on any number of threads and compares the outputs.")
    parser.add_argument("ingot")
    parser.add_argument("--sanitize", action="store_true", help="under ThreadSanitizer, by the C++ road alone")
    parser.add_argument("model", nargs="*", help=f"default: {', '.join(SMALL)}")
    arguments = parser.parse_intermixed_args()
    for name in arguments.model or SMALL[:2 if arguments.sanitize else None]:
        for road in ("cpp",) if arguments.sanitize else ("object", "cpp"):
            with tempfile.TemporaryDirectory() as folder:
                program = build(arguments.ingot, (models.MODELS | models.QUANTIZED)[name], road, pathlib.Path(folder),
                                ["-fsanitize=thread"] if arguments.sanitize else [])
                print(f"{name}, {road}:", flush=True)
                if subprocess.run([program]).returncode:
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
