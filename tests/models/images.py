"""Models with ImageDecoder: by each road, on pictures of several sizes and formats, on what is no picture, a damaged or too large one; what is refused.

usage: images.py INGOT
"""

import itertools
import os
import struct
import subprocess
import sys
import tempfile
import zlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.backend.test.case.node import _image_decoder_data as frozen

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "python"))
from ingot.backend import ROADS, Workshop  # noqa: E402
from ingot.model import ModelError  # noqa: E402
from expect import check, refused  # noqa: E402

UINT8, FLOAT = TensorProto.UINT8, TensorProto.FLOAT
random = np.random.default_rng(0)


def model(pixel_format, nodes=(), output=("pixels", UINT8, [None, None, None])):
    """A model that decodes `data`, with more nodes (type, inputs, outputs, attributes) behind `pixels`."""
    made = [helper.make_node("ImageDecoder", ["data"], ["pixels"], name="picture", pixel_format=pixel_format)]
    made += [helper.make_node(kind, given, results, **attributes) for kind, given, results, attributes in nodes]
    values = [helper.make_tensor_value_info("data", UINT8, ["bytes"])]
    graph = helper.make_graph(made, "images", values, [helper.make_tensor_value_info(*output)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def ppm(pixels):
    return f"P6 {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.tobytes()


def png(pixels):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bmp(pixels):
    height, width = pixels.shape[:2]
    padding = b"\0" * (-width * 3 % 4)
    rows = b"".join(row[:, ::-1].tobytes() + padding for row in pixels[::-1])
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + len(rows), 0, 54, 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows


def picture(height, width):
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


def grey(pixels):
    """As the standard's tests have it: in fixed point of 16 bits."""
    return (pixels.astype(np.int64) @ [19595, 38470, 7471] + 32768 >> 16).astype(np.uint8)[..., None]


FORMATS = {"RGB": lambda pixels: pixels, "BGR": lambda pixels: pixels[..., ::-1], "Grayscale": grey}
JPEG = frozen.image_decoder_decode_jpeg_rgb.data.tobytes()


def damaged():
    """What is no picture, and files that end early or lie."""
    whole = png(picture(40, 30))
    yield b"\0"
    yield b"\xff" * 5000
    yield ppm(picture(9, 9))[:-5]
    yield bmp(picture(33, 5))[:50]
    for file in (whole, JPEG):
        for end in (11, 20, len(file) // 2, len(file) - 20):
            yield file[:end]
    noisy = np.frombuffer(whole, np.uint8).copy()
    noisy[60:90] ^= 0x55
    yield noisy.tobytes()
    yield b"GIF89a" + b"\1\0\1\0\x80\0\0" + b"\xff" * 6 + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def run(compiled, file):
    return compiled.run([np.frombuffer(file, np.uint8)])[0]


def check_road(road):
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder, road)
        for pixel_format, change in FORMATS.items():
            compiled = workshop.get(model(pixel_format))
            for encode, (height, width) in itertools.product((ppm, png, bmp), ((1, 1), (7, 3), (240, 321), (2048, 5), (480, 640))):
                pixels = picture(height, width)
                got, wanted = run(compiled, encode(pixels)), change(pixels)
                check(got.shape == wanted.shape and np.array_equal(got, wanted), f"{road} {pixel_format}: {encode.__name__} of {height}x{width}")
            for file in damaged():
                got = run(compiled, file)
                check(got.shape[:2] == (0, 0), f"{road} {pixel_format}: {file[:20]}..., which is no picture, is {got.shape}")
            # Sizes are looked at before anything has their size.
            for height, width in ((2049, 1), (1, 2049), (1 << 20, 1 << 20), ((1 << 31) - 1, (1 << 31) - 1)):
                start = png(picture(1, 1))
                header = struct.pack(">II", width, height) + start[24:29]
                file = start[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + start[33:]
                refused(lambda: check(run(compiled, file).size == 0, "a picture that is not there"), (ModelError, SystemExit), "")

        # What follows, with sizes that data give and with sizes that are declared.
        mean = workshop.get(model("RGB", [("Cast", ["pixels"], ["x"], {"to": FLOAT}), ("ReduceMean", ["x"], ["y"], {"keepdims": 0})], ("y", FLOAT, [])))
        resized = workshop.get(
            model(
                "BGR",
                [
                    ("Cast", ["pixels"], ["x"], {"to": FLOAT}),
                    ("Transpose", ["x"], ["planes"], {"perm": [2, 0, 1]}),
                ],
                ("planes", FLOAT, [3, 96, 128]),
            )
        )
        for height, width in ((96, 128), (5, 7), (128, 96)):
            pixels = picture(height, width)
            check(np.isclose(run(mean, png(pixels)), pixels.mean(), rtol=1e-5), f"{road}: the mean of {height}x{width}")
            if (height, width) == (96, 128):
                got = run(resized, png(pixels))
                check(np.array_equal(got, pixels[..., ::-1].transpose(2, 0, 1)), f"{road}: planes of the declared size")
            else:
                refused(lambda: run(resized, png(pixels)), ModelError, "out of range")
        refused(lambda: run(resized, b"no picture"), ModelError, "out of range")
        print(f"{road}: {', '.join(FORMATS)}")


def check_refusals(tool):
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/model.onnx"
        onnx.save(model("RGB"), file)

        def said(*options):
            done = subprocess.run([tool, "compile", file, "-o", f"{folder}/out", *options], capture_output=True, text=True)
            return done.returncode, done.stderr

        for options, text in (
            ((), "node 'picture' (ImageDecoder): it calls the library 'image' (runtime-host), which the program must link; allow that by --library image"),
            (("--target", "cortex-m7"), "node 'picture' (ImageDecoder): it calls the library 'image' (runtime-host), which the target 'cortex-m7' has not"),
            (("--target", "wasm32", "--library", "image"), "there is no library 'image' for the target 'wasm32'"),
        ):
            code, error = said(*options)
            check(code == 1 and text in error, f"{options}: {error}")
        for size in ("0,5", "5", "1,2,3", "x"):
            check(said("--library", "image", "--image-size", size)[0] == 2, f"--image-size {size}")
        check(said("--library", "image", "--image-size", "100,200")[0] == 0, "a smaller picture")
        check("arena_bytes" in pathlib.Path(f"{folder}/out/model.h").read_text(), "the header")


def main():
    os.environ["INGOT"] = sys.argv[1]
    check_refusals(sys.argv[1])
    for road in ROADS:
        check_road(road)
    return 0


if __name__ == "__main__":
    sys.exit(main())
