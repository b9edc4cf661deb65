//===- Verify.cpp - ingot verify ------------------------------------------===//
#include "compiler/driver/BoundModel.h"
#include "compiler/driver/Files.h"
#include "compiler/driver/Python.h"
#include "compiler/driver/TensorFile.h"
#include "compiler/support/CodeOptions.h"
#include "compiler/support/InterfaceList.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace ingot;
using llvm::StringRef;

/// The Python program that runs the peers; peer.py, compiled in.
static const char peerProgram[] =
#include "compiler/driver/peer.inc"
    ;

namespace {

/// How far values are from a reference; the greatest over all elements.
struct Distance {
  double absolute = 0;
  double relative = 0;
  double ulp = 0; ///< units in the last place of the tensor's type
};

} // namespace

/// Distance between neighbouring numbers of the type at `value`.
static double ulpAt(StringRef type, double value) {
  const llvm::fltSemantics *format = floatFormat(type);
  int digits = llvm::APFloat::semanticsPrecision(*format);
  int smallest = llvm::APFloat::semanticsMinExponent(*format) - digits + 1;
  int exponent;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent - digits, smallest));
}

/// The shapes are equal.
static Distance distance(const Tensor &values, const Tensor &reference) {
  Distance result;
  int64_t count = elementCount(values.shape).value_or(0);
  for (int64_t i = 0; i != count; ++i) {
    double a = elementAsDouble(values, i), b = elementAsDouble(reference, i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double error = std::abs(a - b);
    // An infinity or NaN on one side only is as wrong as can be.
    if (!std::isfinite(error))
      error = INFINITY;
    result.absolute = std::max(result.absolute, error);
    result.relative = std::max(result.relative, b == 0 ? INFINITY : error / std::abs(b));
    result.ulp = std::max(result.ulp, std::isfinite(b) ? error / ulpAt(values.type, b) : INFINITY);
  }
  return result;
}

static bool isFloat(StringRef type) { return floatFormat(type) != nullptr; }

static void printDistance(const char *who, const Distance &d) {
  llvm::outs() << "  " << llvm::left_justify(who, 34)
               << llvm::format("max abs %.3g, relative %.3g, %.3g ULP\n", d.absolute, d.relative, d.ulp);
}

/// Runs the peers in a Python of their own. The exit code is Python's.
static int runPeers(const std::string &model, const TemporaryFolder &folder, std::string &message) {
  llvm::Expected<std::string> python = findPython();
  if (!python) {
    message = llvm::toString(python.takeError()) + " with the packages onnx and onnxruntime";
    return kPeerMissing;
  }
  std::string log = folder.file("log");
  std::string null = "/dev/null";
  std::optional<StringRef> redirects[] = {StringRef(null), StringRef(null), StringRef(log)};
  int code = llvm::sys::ExecuteAndWait(*python, {*python, "-c", peerProgram, model, folder.name()}, std::nullopt, redirects, 0, 0, &message);
  if (std::string line = lastLine(log); !line.empty())
    message = line;
  return code;
}

/// One output against both peers; true where its error is at most `limit` times onnxruntime's.
static bool compare(const Port &port, const Tensor &own, const Tensor &peer, const Tensor &reference, int limit) {
  llvm::outs() << port.name << "  " << port.type << " " << shapeText(own.shape) << '\n';
  if (own.shape != peer.shape || own.shape != reference.shape) {
    llvm::outs() << "  FAILED: onnxruntime gives the shape " << shapeText(peer.shape) << '\n';
    return false;
  }
  if (!isFloat(port.type)) {
    bool equal = sameElements(own, peer);
    llvm::outs() << (equal ? "  equal to onnxruntime's\n" : "  FAILED: not equal to onnxruntime's\n");
    return equal;
  }
  Distance ours = distance(own, reference), theirs = distance(peer, reference);
  printDistance("ingot from float64:", ours);
  printDistance("onnxruntime from float64:", theirs);
  printDistance("ingot from onnxruntime:", distance(own, peer));
  bool passes = ours.absolute <= limit * theirs.absolute || ours.absolute < 1e-6;
  if (!passes)
    llvm::outs() << "  FAILED: the error is more than " << limit << " times onnxruntime's\n";
  return passes;
}

/// input_K.pb of the folder, named as the model's inputs.
static llvm::Error readDataInputs(const std::string &folder, const Interface &interface, std::vector<GivenInput> &inputs) {
  for (const auto &[i, port] : llvm::enumerate(interface.inputs)) {
    if (llvm::any_of(inputs, [&](const GivenInput &input) { return input.name == port.name; }))
      continue;
    llvm::Expected<Tensor> tensor = readTensorProto(folder + "/input_" + std::to_string(i) + ".pb");
    if (!tensor)
      return tensor.takeError();
    inputs.push_back({port.name, std::move(*tensor), std::nullopt});
  }
  return llvm::Error::success();
}

/// Each output against output_K.pb, with the tolerances of the standard's own tests.
static llvm::Expected<bool> compareWithData(const std::string &folder, const Interface &interface, llvm::ArrayRef<Tensor> outputs) {
  constexpr double relative = 1e-3, absolute = 1e-7;
  bool passes = true;
  for (const auto &[i, port] : llvm::enumerate(interface.outputs)) {
    llvm::Expected<Tensor> wanted = readTensorProto(folder + "/output_" + std::to_string(i) + ".pb");
    if (!wanted)
      return wanted.takeError();
    llvm::outs() << port.name << "  " << port.type << " " << shapeText(outputs[i].shape) << '\n';
    bool good = wanted->type == port.type && wanted->shape == outputs[i].shape;
    if (!good) {
      llvm::outs() << "  FAILED: the data have " << wanted->type << " " << shapeText(wanted->shape) << '\n';
    } else if (!isFloat(port.type)) {
      good = sameElements(*wanted, outputs[i]);
      llvm::outs() << (good ? "  equal to the data\n" : "  FAILED: not equal to the data\n");
    } else {
      printDistance("ingot from the data:", distance(outputs[i], *wanted));
      for (int64_t k = 0, e = elementCount(wanted->shape).value_or(0); k != e; ++k) {
        double a = elementAsDouble(outputs[i], k), b = elementAsDouble(*wanted, k);
        good &= a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= absolute + relative * std::abs(b);
      }
      if (!good)
        llvm::outs() << "  FAILED: more than " << absolute << " + " << relative << " of the value off\n";
    }
    passes &= good;
  }
  return passes;
}

/// Each output against that of the same model compiled with the least effort: a sum in another order is off by little, and a
/// wrong layout, fusion or schedule by much.
static int compareUnoptimized(const VerifyOptions &options, const Interface &interface, llvm::ArrayRef<Tensor> inputs,
                              llvm::ArrayRef<Tensor> outputs, Progress &progress) {
  constexpr double tolerance = 1e-4;
  std::unique_ptr<Compilation> model = Compilation::import(options, progress, Effort::least);
  if (!model || !model->bringTo(Form::plan, progress))
    return 1;
  progress.show("running without optimisations");
  llvm::Expected<std::unique_ptr<Executor>> executor = makeObjectExecutor(model->module(), interface);
  if (!executor)
    return fail(options.model + ": " + llvm::toString(executor.takeError()));
  llvm::Expected<std::vector<Tensor>> plain = (*executor)->run(inputs);
  if (!plain)
    return fail(options.model + ": " + llvm::toString(plain.takeError()));
  progress.clear();
  bool passes = true;
  for (const auto &[port, own, other] : llvm::zip_equal(interface.outputs, outputs, *plain)) {
    llvm::outs() << port.name << "  " << port.type << " " << shapeText(own.shape) << '\n';
    bool good = own.shape == other.shape && sameElements(own, other);
    if (own.shape == other.shape && isFloat(port.type)) {
      Distance d = distance(own, other);
      double greatest = 0;
      for (int64_t i = 0, e = elementCount(own.shape).value_or(0); i != e; ++i)
        if (double value = std::abs(elementAsDouble(other, i)); std::isfinite(value))
          greatest = std::max(greatest, value);
      printDistance("ingot from unoptimized:", d);
      good = d.absolute <= tolerance * greatest;
    }
    if (!good)
      llvm::outs() << "  FAILED: the results differ\n";
    passes &= good;
  }
  llvm::outs() << (passes ? "passed\n" : "FAILED\n");
  return passes ? 0 : 1;
}

int ingot::verifyModel(const VerifyOptions &given) {
  Progress progress;
  VerifyOptions options = given;
  llvm::Expected<std::vector<GivenInput>> inputs = readInputs(options.inputs);
  if (!inputs)
    return fail(inputs.takeError());
  auto refused = [&](Compilation &model) {
    if (!model.module()->hasAttr(kInterfaceLists) || (options.data.empty() && options.against == "unoptimized"))
      return false;
    progress.clear();
    fail(options.model + ": has inputs or outputs that are sequences or optionals, which only --against unoptimized compares");
    return true;
  };
  if (!options.data.empty()) {
    // The files have numbers, the model has the names; with the sizes of the data it is read again.
    std::unique_ptr<Compilation> named = Compilation::import(options, progress);
    if (!named || refused(*named))
      return 1;
    if (llvm::Error error = readDataInputs(options.data, interfaceOf(named->module()), *inputs))
      return fail(std::move(error));
  }
  addShapes(options, *inputs);
  std::optional<BoundModel> model = BoundModel::import(options, *inputs, options.seed, progress);
  if (!model || refused(*model->compilation) || !model->run(options, options.road, progress))
    return 1;
  const Interface &interface = model->interface;

  if (!options.data.empty()) {
    progress.clear();
    llvm::Expected<bool> passes = compareWithData(options.data, interface, model->outputs);
    if (!passes)
      return fail(passes.takeError());
    llvm::outs() << (*passes ? "passed\n" : "FAILED\n");
    return *passes ? 0 : 1;
  }

  if (options.against == "unoptimized")
    return compareUnoptimized(options, interface, model->inputs, model->outputs, progress);

  progress.show("running onnxruntime and float64");
  llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return fail(folder.takeError());
  for (const auto &[i, tensor] : llvm::enumerate(model->inputs))
    if (llvm::Error error = writeNpy(folder->file("input_" + llvm::Twine(i) + ".npy"), tensor))
      return fail(std::move(error));
  std::string message;
  if (int code = runPeers(options.model, *folder, message)) {
    progress.clear();
    fail(code == kPeerMissing ? message : options.model + ": onnxruntime: " + message);
    return code == kPeerMissing ? kPeerMissing : 1;
  }

  progress.clear();
  bool passes = true;
  int limit = model->compilation->module()->hasAttr(kWinograd) ? 10 : 2;
  for (const auto &[i, port] : llvm::enumerate(interface.outputs)) {
    llvm::Expected<Tensor> peer = readNpy(folder->file("peer_" + llvm::Twine(i) + ".npy"));
    if (!peer)
      return fail(peer.takeError());
    giveType(*peer, port.type);
    llvm::Expected<Tensor> reference = readNpy(folder->file("double_" + llvm::Twine(i) + ".npy"));
    if (!reference)
      return fail(reference.takeError());
    passes &= compare(port, model->outputs[i], *peer, *reference, limit);
  }
  llvm::outs() << (passes ? "passed\n" : "FAILED\n");
  return passes ? 0 : 1;
}
