#!/usr/bin/env python3
"""Builds the README's project with an installed Ingot, from another folder; changes the model and builds again.

usage: install.py --ingot-dir DIR --work DIR

The project is what the README shows: its first block of CMake is CMakeLists.txt, its first block of C++ main.cpp.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

import onnx
from onnx import numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "models"))
import models  # noqa: E402


def run(*command):
    command = [str(word) for word in command]
    print("+", " ".join(command), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    if done.returncode != 0:
        sys.exit(f"FAILED: {command[0]} ended with {done.returncode}")
    return done.stdout


def readme_block(language):
    found = re.search(rf"^```{re.escape(language)}\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    if not found:
        sys.exit(f"FAILED: README.md has no block of {language}")
    return found.group(1)


def change(path):
    """Doubles the weights of the last matrix product, as training a model again would change them."""
    model = onnx.load(path)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    weights.update((node.output[0], node.attribute[0].t) for node in model.graph.node if node.op_type == "Constant")
    node = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights][-1]
    tensor = weights[node.input[1]]
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 2, tensor.name))
    onnx.save(model, path)


PICTURES_CMAKE = """cmake_minimum_required(VERSION 3.25)
project(pictures LANGUAGES CXX)
find_package(Ingot REQUIRED)
ingot_add_model(decoder MODEL decoder.onnx LIBRARIES image IMAGE_SIZE 64 48)
add_executable(pictures main.cpp)
target_link_libraries(pictures PRIVATE decoder)
"""

PICTURES_MAIN = r"""#include "decoder.h"
#include <cstdio>
#include <string>

alignas(64) static std::byte arena[decoder::arena_bytes];
static std::uint8_t pixels[decoder::pixels_count];

static void decode(std::string file) {
  file.resize(decoder::data_count);
  decoder::Context context{arena};
  decoder::Shapes shapes;
  ingot::Status status = decoder::run({reinterpret_cast<const std::uint8_t *>(file.data())}, {pixels}, shapes, context);
  std::printf("%d %dx%d %d\n", int(status), int(shapes.pixels[0]), int(shapes.pixels[1]), pixels[0]);
}

int main() {
  decode("P6 48 64 255\n" + std::string(48 * 64 * 3, 'a'));
  decode("P6 49 64 255\n" + std::string(49 * 64 * 3, 'a'));
  decode("no picture at all");
}
"""


def check_library(folder, ingot_dir):
    """A model that calls a library of runtime-host, which the project builds from what is installed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    node = onnx.helper.make_node("ImageDecoder", ["data"], ["pixels"], name="picture")
    byte = onnx.TensorProto.UINT8
    values = [onnx.helper.make_tensor_value_info(name, byte, shape) for name, shape in (("data", [9300]), ("pixels", [None, None, 3]))]
    graph = onnx.helper.make_graph([node], "decoder", values[:1], values[1:])
    onnx.save(onnx.helper.make_model(graph, ir_version=9, opset_imports=[onnx.helper.make_opsetid("", 20)]), folder / "decoder.onnx")
    (folder / "CMakeLists.txt").write_text(PICTURES_CMAKE)
    (folder / "main.cpp").write_text(PICTURES_MAIN)
    run("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DIngot_DIR={ingot_dir}")
    run("cmake", "--build", folder / "build")
    said = run(folder / "build" / "pictures")
    if said.splitlines() != ["0 64x48 97", "1 0x0 97", "0 0x0 97"]:
        sys.exit("FAILED: the pictures are not what they should be")


SCHEDULES_CMAKE = """cmake_minimum_required(VERSION 3.25)
project(tuned LANGUAGES CXX ASM)
find_package(Ingot REQUIRED)
ingot_add_model(ds_cnn MODEL ds_cnn.onnx TARGET x86-64-v1 SCHEDULES schedules/ds_cnn.json)
"""


def check_schedules(folder, ingot_dir):
    """Schedules of a file in the project, and the library built again when they change."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "schedules").mkdir(parents=True)
    shutil.copy(models.MODELS["ds_cnn"].path, folder / "ds_cnn.onnx")
    (folder / "CMakeLists.txt").write_text(SCHEDULES_CMAKE)
    file = folder / "schedules" / "ds_cnn.json"
    run(ingot_dir.parents[2] / "bin" / "ingot", "tune", folder / "ds_cnn.onnx", "-o", file, "--target", "x86-64-v1", "--seconds", 0)
    build = folder / "build"
    run("cmake", "-G", "Ninja", "-S", folder, "-B", build, f"-DIngot_DIR={ingot_dir}")

    def sources():
        said = run("cmake", "--build", build)
        if "ds_cnn.json" in said:
            sys.exit("FAILED: the file does not fit its model")
        return {path.name: path.read_text() for path in build.rglob("ds_cnn_kernels_*.cpp")}

    first = sources()
    if "no work to do" not in run("cmake", "--build", build):
        sys.exit("FAILED: building again without a change does work")
    text = re.sub(r"rows = \d+ : i64, ", "", file.read_text())
    text, count = re.subn(r"vectors = \d+", "vectors = 1", re.sub(r"tile = -?\d+", "tile = -1", re.sub(r"tile_size = \d+", "tile_size = 1", text)))
    file.write_text(text)
    if not first or not count or sources() == first:
        sys.exit("FAILED: the code is the same after its schedules were changed")


def main():
    parser = argparse.ArgumentParser(description="Builds the README's project with an installed Ingot.")
    parser.add_argument("--ingot-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    project = arguments.work / "project"
    shutil.rmtree(arguments.work, ignore_errors=True)
    project.mkdir(parents=True)
    (project / "CMakeLists.txt").write_text(readme_block("cmake"))
    (project / "main.cpp").write_text(readme_block("cpp"))
    shutil.copy(models.MODELS["ppocr_rec"].path, project / "rec.onnx")

    build = arguments.work / "build"
    run("cmake", "-G", "Ninja", "-S", project, "-B", build, f"-DIngot_DIR={arguments.ingot_dir}")
    run("cmake", "--build", build)
    first = run(build / "app")
    if not first.strip():
        sys.exit("FAILED: the program prints nothing")
    if "no work to do" not in run("cmake", "--build", build):
        sys.exit("FAILED: building again without a change does work")
    change(project / "rec.onnx")
    run("cmake", "--build", build)
    if run(build / "app") == first:
        sys.exit("FAILED: the program prints the same after the model was changed")
    check_library(arguments.work / "pictures", arguments.ingot_dir)
    check_schedules(arguments.work / "schedules", arguments.ingot_dir)


if __name__ == "__main__":
    main()
