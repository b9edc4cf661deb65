"""One engine that `ingot bench` measures.

usage: python3 bench_peer.py ENGINE MODEL FOLDER THREADS

ENGINE is onnxruntime, openvino, mnn or ncnn. FOLDER/ports.json has name, type and shape of the inputs and outputs, FOLDER/input_K.npy holds the inputs. Loads the model, runs
it once, writes FOLDER/ENGINE_K.npy (the outputs) and the line "ready VERSION" on stdout. Then each line N on stdin is answered by a line with the
milliseconds of each of N runs, after one that is not measured; ends where stdin does. Exit code 3, with one line on stderr, where a package is missing.
"""
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time

# What engines print goes to stderr, in order; the conversation has the real stdout to itself.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.stdout = sys.stderr


def version(package):
    return importlib.metadata.version(package)


# Each takes the model's file, its ports, the inputs, a folder of its own and the number of threads, and gives the version and a function that runs once and returns the
# outputs, arrays in the order of the ports. An engine is given its inputs as it likes them before, and is timed until the outputs are arrays.

def onnxruntime(model, ports, arrays, folder, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [port["name"] for port in ports["outputs"]]
    inputs = {port["name"]: array for port, array in zip(ports["inputs"], arrays)}
    return onnxruntime.__version__, lambda: session.run(names, inputs)


def openvino(model, ports, arrays, folder, threads):
    import openvino
    core = openvino.Core()
    network = core.read_model(model)
    network.reshape({port["name"]: port["shape"] for port in ports["inputs"]})
    compiled = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    for port, array in zip(ports["inputs"], arrays):
        request.set_tensor(port["name"], openvino.Tensor(array))
    outputs = [request.get_tensor(port["name"]) for port in ports["outputs"]]

    def run():
        request.infer()
        return [tensor.data for tensor in outputs]

    return version("openvino"), run


def mnn(model, ports, arrays, folder, threads):
    # The converter's extension itself: MNN.tools, which wraps it, installs a package that sends reports when it is imported.
    import _tools
    import MNN.expr
    import MNN.nn
    converted = str(folder / "model.mnn")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", model, "--MNNModel", converted, "--bizCode", "ingot"])
    if not os.path.exists(converted):
        raise RuntimeError("its converter does not take the model")
    names = [[port["name"] for port in ports[kind]] for kind in ("inputs", "outputs")]
    # The function's own thread_num leaves the number to MNN.
    manager = MNN.nn.create_runtime_manager(({"backend": "CPU", "numThread": threads, "precision": "high"},))
    network = MNN.nn.load_module_from_file(converted, *names, runtime_manager=manager)
    # Its integers and floats have 32 bits.
    arrays = [array.astype(numpy.float32 if array.dtype.kind == "f" else numpy.int32) for array in arrays]
    types = [MNN.expr.float if array.dtype.kind == "f" else MNN.expr.int for array in arrays]
    inputs = [MNN.expr.const(array, list(array.shape), MNN.expr.NCHW, kind) for array, kind in zip(arrays, types)]

    def run():
        outputs = network.forward(inputs)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [(MNN.expr.convert(value, MNN.expr.NCHW) if value.data_format == MNN.expr.NC4HW4 else value).read() for value in outputs]

    return version("MNN"), run


def ncnn(model, ports, arrays, folder, threads):
    import ncnn
    # The converter is a program in the package pnnx, whose Python module needs PyTorch and is left alone.
    found = importlib.util.find_spec("pnnx")
    if not found:
        raise ImportError("No module named 'pnnx'")
    copy = folder / "model.onnx"  # the converter writes beside its input
    copy.symlink_to(os.path.abspath(model))
    types = {"float": "f32", "double": "f64", "float16": "f16", "int32": "i32", "int64": "i64", "int8": "i8", "uint8": "u8"}
    shapes = ",".join(f"[{','.join(map(str, port['shape']))}]{types.get(port['type'], '?')}" for port in ports["inputs"])
    program = pathlib.Path(found.origin).with_name("pnnx")
    subprocess.run([str(program), copy.name, "inputshape=" + shapes, "fp16=0"], cwd=folder, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    if not (folder / "model.ncnn.param").exists():
        raise RuntimeError("its converter does not take the model")
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    if net.load_param(str(folder / "model.ncnn.param")) or net.load_model(str(folder / "model.ncnn.bin")):
        raise RuntimeError("does not take the model")
    # The batch of one is not among a Mat's dimensions.
    inputs = [ncnn.Mat(array[0] if array.ndim > 1 and array.shape[0] == 1 else array).clone() for array in arrays]

    def run():
        extractor = net.create_extractor()
        for k, value in enumerate(inputs):
            extractor.input(f"in{k}", value)
        outputs = []
        for k, port in enumerate(ports["outputs"]):
            code, value = extractor.extract(f"out{k}")
            if code:
                raise RuntimeError(f"extracting an output gives the code {code}")
            outputs.append(numpy.array(value).reshape(port["shape"]))
        return outputs

    return version("ncnn"), run


ENGINES = {"onnxruntime": (onnxruntime, "onnxruntime"), "openvino": (openvino, "openvino"), "mnn": (mnn, "MNN"),
           "ncnn": (ncnn, f"ncnn && {sys.executable} -m pip install --no-deps pnnx")}


def main(engine, model, folder, threads):
    folder = pathlib.Path(folder)
    ports = json.loads((folder / "ports.json").read_text())
    arrays = [numpy.load(folder / f"input_{k}.npy") for k in range(len(ports["inputs"]))]
    own = folder / engine
    own.mkdir()
    # Converters leave files where they run.
    model = os.path.abspath(model)
    os.chdir(own)
    name, run = ENGINES[engine][0](model, ports, arrays, own, int(threads))
    for k, value in enumerate(run()):
        # numpy.save keeps the order of dimensions in memory, which a transpose leaves reversed.
        value = numpy.array(value, order="C")
        if ports["outputs"][k]["type"] == "int64" and value.dtype == numpy.int32:
            value = value.astype(numpy.int64)
        numpy.save(folder / f"{engine}_{k}.npy", value)
    print("ready", name, file=answers, flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line) + 1):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(*times[1:], file=answers, flush=True)


if __name__ == "__main__":
    try:
        import numpy
        main(*sys.argv[1:])
    except ImportError as error:
        print(f"\n{error}; install it with: {sys.executable} -m pip install {ENGINES[sys.argv[1]][1]}", file=sys.stderr)
        sys.exit(3)
    except Exception as error:  # one line, whatever the packages raise
        # After a line end: what an engine printed before may have none. Some say a page; the cause comes first.
        text = " ".join(str(error).split())
        print(f"\n{type(error).__name__}: {text if len(text) <= 300 else text[:300] + ' ...'}", file=sys.stderr)
        sys.exit(1)
