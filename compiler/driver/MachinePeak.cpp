//===- MachinePeak.cpp - what this machine can do at the most -------------===//
#include "compiler/driver/MachinePeak.h"
#include "codegen/object/Object.h"
#include "compiler/driver/Dialects.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemAlloc.h"
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

/// `body` as a planned module of one input and one output, memrefs of these types.
static std::string planned(const Target &target, const std::string &input, const std::string &output, const std::string &body) {
  std::string text;
  llvm::raw_string_ostream(text) << "module attributes {ingot.model = \"peak\", ingot.target = \"" << target.name
                                 << "\", ingot.arena_bytes = 0 : i64, ingot.weights = dense<0> : tensor<64xi8>} {\n"
                                    "func.func @main(%x: "
                                 << input << ", %y: " << output
                                 << " {ingot.output}, %arena: memref<0xi8> {ingot.arena}, %weights: memref<64xi8> {ingot.weights}) -> i32 {\n"
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

static std::string shaped(const char *kind, int64_t count, const char *element) {
  return kind + ("<" + std::to_string(count)) + "x" + element + ">";
}

/// A loop that carries `count` vectors of `lanes` elements, which start as %start, and stores them at the end. `step` gives the statements that make the next value of one,
/// called %n<k>, of %a<k>, at the loop's %i.
static std::string carriedLoop(int64_t lanes, const char *element, int count, int64_t until, int64_t by,
                               llvm::function_ref<std::string(int)> step) {
  std::string text, type = shaped("vector", lanes, element);
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
    os << "%at" << k << " = arith.constant " << k * lanes << " : index\nvector.store %r#" << k << ", %y[%at" << k << "] : "
       << shaped("memref", count * lanes, element) << ", " << type << '\n';
  return text;
}

/// The least seconds of a call, over some batches of at least some milliseconds.
static double secondsOf(CompiledModel &code, const void *x, void *y) {
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

namespace {
/// Memory aligned as a model's arena is: a load that crosses a line of the cache takes two turns.
template <typename T> struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U> AlignedAllocator(const AlignedAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(llvm::allocate_buffer(count * sizeof(T), 64)); }
  void deallocate(T *data, size_t count) { llvm::deallocate_buffer(data, count * sizeof(T), 64); }
  bool operator==(const AlignedAllocator &) const { return true; }
  bool operator!=(const AlignedAllocator &) const { return false; }
};
template <typename T> using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// The loops that are measured, for one target.
class Measurement {
public:
  explicit Measurement(const Target &target)
      : target(target), lanes(target.lanes(4)), context(registry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
  }

  /// Operations of float32 or of integers a second; 0 after an error.
  double multiplyAdds();
  double integerMultiplyAdds();
  /// Bytes a second; 0 after an error.
  double reads(int64_t bytes);
  /// What a piece of about `bytes` really has.
  int64_t readBytes(int64_t bytes) const { return bytes / 4 / (kSums * lanes) * (kSums * lanes) * 4; }

private:
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }
  /// The time of a loop over the `count` elements `from` of x, which carries `carried` vectors of `to`.
  double seconds(const void *x, const char *from, int64_t count, const char *to, int carried, int64_t until, int64_t by, const std::string &head,
                 llvm::function_ref<std::string(int)> step);

  const Target &target;
  int64_t lanes;
  mlir::MLIRContext context;
};
} // namespace

double Measurement::seconds(const void *x, const char *from, int64_t count, const char *to, int carried, int64_t until, int64_t by,
                            const std::string &head, llvm::function_ref<std::string(int)> step) {
  std::string text = planned(target, shaped("memref", count, from), shaped("memref", carried * lanes, to),
                             head + carriedLoop(lanes, to, carried, until, by, step));
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return 0;
  mlir::FailureOr<std::unique_ptr<CompiledModel>> code = compileInProcess(*module);
  if (mlir::failed(code))
    return 0;
  std::vector<float> y(carried * lanes);
  return secondsOf(**code, x, y.data());
}

/// Chains that start with the first vector and add it, times the second.
double Measurement::multiplyAdds() {
  std::vector<float> x(2 * lanes, 0.5f);
  std::string type = shaped("vector", lanes, "f32"), buffer = shaped("memref", 2 * lanes, "f32");
  std::string head = "%second = arith.constant " + std::to_string(lanes) + " : index\n%start = vector.load %x[%zero] : " + buffer + ", " + type +
                     "\n%factor = vector.load %x[%second] : " + buffer + ", " + type + "\n";
  double time = seconds(x.data(), "f32", 2 * lanes, "f32", kChains, kSteps, 1, head, [&](int k) {
    std::string n = std::to_string(k);
    if (target.fma)
      return "%n" + n + " = math.fma %a" + n + ", %factor, %start : " + type + "\n";
    return "%m" + n + " = arith.mulf %a" + n + ", %factor : " + type + "\n%n" + n + " = arith.addf %m" + n + ", %start : " + type + "\n";
  });
  return time > 0 ? 2.0 * kChains * lanes * kSteps / time : 0;
}

/// Sums of products of two vectors that stay with one that is read from the nearest cache, as in a tile of a product: were all to stay, their products would be
/// computed once.
double Measurement::integerMultiplyAdds() {
  constexpr int64_t window = 1024;
  const DotInstruction *dot = target.dotOf(/*floats=*/false);
  int64_t each = dot ? dot->terms * lanes : lanes, count = window + kChains * each;
  std::string type = "i" + std::to_string(dot ? dot->bits[0] : 32), sign = dot && dot->isFirstUnsigned ? " unsigned" : "";
  const char *element = type.c_str();
  AlignedVector<int32_t> x(count, 1);
  std::string sum = shaped("vector", lanes, "i32"), factor = shaped("vector", each, element), buffer = shaped("memref", count, element);
  auto load = [&](const std::string &name, const std::string &at) {
    return name + " = vector.load %x[" + at + "] : " + buffer + ", " + factor + "\n";
  };
  std::string head = "%mask = arith.constant " + std::to_string(window - 1) + " : index\n%each = arith.constant " + std::to_string(each) +
                     " : index\n%start = arith.constant dense<0> : " + sum + "\n" + load("%f0", "%zero") + load("%f1", "%each");
  double time = seconds(x.data(), element, count, "i32", kChains, 64 * kSteps, 64, head, [&](int k) {
    std::string n = std::to_string(k), v = "%v" + std::to_string(k / 2), f = "%f" + std::to_string(k % 2), text;
    if (k == 0)
      text = "%at = arith.andi %i, %mask : index\n";
    if (k % 2 == 0)
      text += "%d" + n + " = arith.constant " + std::to_string(k * each) + " : index\n%p" + n + " = arith.addi %at, %d" + n + " : index\n" +
              load(v, "%p" + n);
    if (dot)
      return text + "%n" + n + " = ingot.dot " + f + ", " + v + ", %a" + n + sign + " : " + factor + ", " + factor + ", " + sum + "\n";
    return text + "%m" + n + " = arith.muli " + f + ", " + v + " : " + sum + "\n%n" + n + " = arith.addi %a" + n + ", %m" + n + " : " + sum + "\n";
  });
  return time > 0 ? 2.0 * kChains * each * kSteps / time : 0;
}

double Measurement::reads(int64_t bytes) {
  int64_t count = readBytes(bytes) / 4;
  AlignedVector<float> x(count, 1.0f);
  std::string type = shaped("vector", lanes, "f32"), buffer = shaped("memref", count, "f32");
  std::string head = "%start = vector.load %x[%zero] : " + buffer + ", " + type + "\n";
  double time = seconds(x.data(), "f32", count, "f32", kSums, count, kSums * lanes, head, [&](int k) {
    std::string n = std::to_string(k);
    return "%d" + n + " = arith.constant " + std::to_string(k * lanes) + " : index\n%p" + n + " = arith.addi %i, %d" + n + " : index\n%v" + n +
           " = vector.load %x[%p" + n + "] : " + buffer + ", " + type + "\n%n" + n + " = arith.addf %a" + n + ", %v" + n + " : " + type + "\n";
  });
  return time > 0 ? 4.0 * count / time : 0;
}

llvm::Expected<MachinePeak> ingot::measurePeak(const Target &target, int64_t modelBytes) {
  Measurement measurement(target);
  MachinePeak peak;
  peak.gigaflops = measurement.multiplyAdds() * 1e-9;
  peak.integer = measurement.integerMultiplyAdds() * 1e-9;
  peak.memory = {measurement.readBytes(kMemoryBytes), measurement.reads(kMemoryBytes) * 1e-9};
  peak.model = peak.memory;
  if (int64_t bytes = std::max(modelBytes, kLeastPiece); bytes < kMemoryBytes)
    peak.model = {measurement.readBytes(bytes), measurement.reads(bytes) * 1e-9};
  for (double figure : {peak.gigaflops, peak.integer, peak.memory.gigabytesPerSecond, peak.model.gigabytesPerSecond})
    if (figure <= 0)
      return llvm::createStringError("the machine's peak could not be measured");
  return peak;
}
