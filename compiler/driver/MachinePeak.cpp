//===- MachinePeak.cpp - what this machine can do at the most -------------===//
#include "compiler/driver/MachinePeak.h"
#include "codegen/object/Object.h"
#include "compiler/driver/Dialects.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace ingot;

/// More than caches hold, and little enough to be had.
constexpr int64_t kMemoryBytes = int64_t(256) << 20;

/// Chains of multiply-adds: enough for two units of four steps, few enough for sixteen registers with the two factors.
constexpr int kChains = 12;
constexpr int64_t kSteps = 20000;
/// Sums that wait for nothing but memory.
constexpr int kSums = 8;

/// `body` as a planned module of one input and one output, in floats.
static std::string planned(const Target &target, int64_t inputs, int64_t outputs, const std::string &body) {
  std::string text;
  llvm::raw_string_ostream(text) << "module attributes {ingot.model = \"peak\", ingot.target = \"" << target.name
                                 << "\", ingot.arena_bytes = 0 : i64, ingot.weights = dense<0> : tensor<64xi8>} {\n"
                                    "func.func @main(%x: memref<"
                                 << inputs << "xf32>, %y: memref<" << outputs
                                 << "xf32> {ingot.output}, %arena: memref<0xi8> {ingot.arena}, %weights: memref<64xi8> {ingot.weights}) -> i32 {\n"
                                    "%zero = arith.constant 0 : index\n%one = arith.constant 1 : index\n"
                                 << body << "%ok = arith.constant 0 : i32\nreturn %ok : i32\n}\n}\n";
  return text;
}

/// `count` names as one list: "%a0, %a1, ...".
static std::string names(const char *stem, int count) {
  std::string text;
  for (int k = 0; k != count; ++k)
    text += (k ? ", " : "") + (stem + std::to_string(k));
  return text;
}

/// A loop that carries `count` vectors, which start as %start, and stores them at the end. `step` gives the statements that make the next value of one,
/// called %n<k>, of %a<k>, at the loop's %i.
static std::string carriedLoop(const std::string &type, int64_t lanes, int count, int64_t until, int64_t by,
                               llvm::function_ref<std::string(int)> step) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "%until = arith.constant " << until << " : index\n%by = arith.constant " << by << " : index\n";
  os << "%r:" << count << " = scf.for %i = %zero to %until step %by iter_args(";
  for (int k = 0; k != count; ++k)
    os << (k ? ", " : "") << "%a" << k << " = %start";
  os << ") -> (";
  for (int k = 0; k != count; ++k)
    os << (k ? ", " : "") << type;
  os << ") {\n";
  for (int k = 0; k != count; ++k)
    os << step(k);
  os << "scf.yield " << names("%n", count) << " : ";
  for (int k = 0; k != count; ++k)
    os << (k ? ", " : "") << type;
  os << "\n}\n";
  for (int k = 0; k != count; ++k)
    os << "%at" << k << " = arith.constant " << k * lanes << " : index\nvector.store %r#" << k << ", %y[%at" << k << "] : memref<"
       << count * lanes << "xf32>, " << type << '\n';
  return text;
}

/// The least seconds of a call, over some batches of at least some milliseconds.
static double secondsOf(CompiledModel &code, const float *x, float *y) {
  using Clock = std::chrono::steady_clock;
  const void *inputs[] = {x};
  void *outputs[] = {y};
  auto batch = [&](int64_t calls) {
    Clock::time_point start = Clock::now();
    for (int64_t i = 0; i != calls; ++i)
      code.run(inputs, outputs);
    return std::chrono::duration<double>(Clock::now() - start).count() / calls;
  };
  double least = batch(1);
  int64_t calls = int64_t(std::clamp(4e-3 / std::max(least, 1e-8), 1.0, 1e6));
  Clock::time_point start = Clock::now();
  for (int round = 0; round < 5 || (round < 30 && Clock::now() - start < std::chrono::milliseconds(200)); ++round)
    least = std::min(least, batch(calls));
  return least;
}

static std::unique_ptr<CompiledModel> compile(mlir::MLIRContext &context, mlir::OwningOpRef<mlir::ModuleOp> &module, const std::string &text) {
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return nullptr;
  mlir::FailureOr<std::unique_ptr<CompiledModel>> code = compileInProcess(*module);
  return mlir::failed(code) ? nullptr : std::move(*code);
}

static llvm::Error notMeasured() { return llvm::createStringError("the machine's peak could not be measured"); }

llvm::Expected<MachinePeak> ingot::measurePeak(const Target &target, int64_t modelBytes) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  int64_t lanes = target.lanes(4);
  std::string type = "vector<" + std::to_string(lanes) + "xf32>";
  std::vector<float> x(2 * lanes, 0.5f), y(std::max(kChains, kSums) * lanes);
  MachinePeak peak;

  std::string factors;
  llvm::raw_string_ostream(factors) << "%second = arith.constant " << lanes << " : index\n%start = vector.load %x[%zero] : memref<" << 2 * lanes
                                    << "xf32>, " << type << "\n%factor = vector.load %x[%second] : memref<" << 2 * lanes << "xf32>, " << type
                                    << '\n';
  auto multiplyAdd = [&](int k) {
    std::string number = std::to_string(k);
    if (target.fma)
      return "%n" + number + " = math.fma %a" + number + ", %factor, %start : " + type + "\n";
    return "%m" + number + " = arith.mulf %a" + number + ", %factor : " + type + "\n%n" + number + " = arith.addf %m" + number + ", %start : " +
           type + "\n";
  };
  std::unique_ptr<CompiledModel> code =
      compile(context, module, planned(target, 2 * lanes, kChains * lanes, factors + carriedLoop(type, lanes, kChains, kSteps, 1, multiplyAdd)));
  if (!code)
    return notMeasured();
  peak.gigaflops = 2.0 * kChains * lanes * kSteps / secondsOf(*code, x.data(), y.data()) * 1e-9;

  int64_t step = kSums * lanes;
  auto read = [&](Bandwidth &bandwidth, int64_t bytes) {
    int64_t count = bytes / 4 / step * step;
    bandwidth.bytes = count * 4;
    std::string buffer = "memref<" + std::to_string(count) + "xf32>";
    auto add = [&](int k) {
      std::string number = std::to_string(k);
      return "%d" + number + " = arith.constant " + std::to_string(k * lanes) + " : index\n%p" + number + " = arith.addi %i, %d" + number +
             " : index\n%v" + number + " = vector.load %x[%p" + number + "] : " + buffer + ", " + type + "\n%n" + number + " = arith.addf %a" +
             number + ", %v" + number + " : " + type + "\n";
    };
    std::string start = "%start = vector.load %x[%zero] : " + buffer + ", " + type + "\n";
    std::unique_ptr<CompiledModel> code =
        compile(context, module, planned(target, count, step, start + carriedLoop(type, lanes, kSums, count, step, add)));
    if (!code)
      return false;
    std::vector<float> data(count, 1.0f);
    bandwidth.gigabytesPerSecond = double(bandwidth.bytes) / secondsOf(*code, data.data(), y.data()) * 1e-9;
    return true;
  };
  if (!read(peak.memory, kMemoryBytes))
    return notMeasured();
  if (modelBytes >= kMemoryBytes)
    peak.model = peak.memory;
  else if (!read(peak.model, std::max(modelBytes, kLeastPiece)))
    return notMeasured();
  return peak;
}
