//===- KernelProfile.cpp - how long each kernel of a model takes ----------===//
#include "compiler/driver/KernelProfile.h"
#include "compiler/driver/Executor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/SymbolTable.h"
#include <chrono>

using namespace ingot;
using Clock = std::chrono::steady_clock;

namespace {
/// What the calls of a run have taken so far, by slot. Slot 0 starts a run.
struct Counters {
  struct Slot {
    Clock::duration time{};
    int64_t calls = 0;
  };
  std::vector<Slot> slots;
  Clock::time_point last;
};
} // namespace

/// What the code's clock calls write to.
static Counters *counters = nullptr;

/// Called by the code: the time since the last call belongs to the slot.
static void tick(intptr_t slot) {
  Clock::time_point now = Clock::now();
  if (slot == 0)
    llvm::fill(counters->slots, Counters::Slot());
  counters->slots[slot].time += now - counters->last;
  ++counters->slots[slot].calls;
  counters->last = now;
}

/// Milliseconds that a call of tick takes from its slot.
static double costOfTick() {
  Counters own;
  own.slots.resize(2);
  counters = &own;
  double least = 1;
  for (int round = 0; round != 20; ++round) {
    constexpr int calls = 200;
    tick(0);
    for (int i = 0; i != calls; ++i)
      tick(1);
    least = std::min(least, std::chrono::duration<double, std::milli>(own.slots[1].time).count() / calls);
  }
  return least;
}

/// Adds a clock call after each call of a kernel and at the start of @main. Gives the kernels in the order of their slots, the first of which is 1.
static std::vector<mlir::func::FuncOp> addClock(mlir::ModuleOp module, std::string &name) {
  mlir::SymbolTable symbols(module);
  mlir::OpBuilder builder(module.getContext());
  auto clock = mlir::func::FuncOp::create(module.getLoc(), "ingot_tick", builder.getFunctionType(builder.getIndexType(), {}));
  clock.setPrivate();
  name = symbols.insert(clock).str();

  auto main = symbols.lookup<mlir::func::FuncOp>("main");
  auto call = [&](mlir::Location loc, size_t slot) {
    mlir::Value number = mlir::arith::ConstantIndexOp::create(builder, loc, slot);
    mlir::func::CallOp::create(builder, loc, clock, number);
  };
  std::vector<mlir::func::FuncOp> kernels;
  llvm::DenseMap<mlir::Operation *, size_t> slots;
  main.walk([&](mlir::func::CallOp op) {
    auto kernel = symbols.lookup<mlir::func::FuncOp>(op.getCallee());
    if (!kernel || !kernel->hasAttr("ingot.kernel"))
      return;
    auto [slot, isNew] = slots.try_emplace(kernel, kernels.size() + 1);
    if (isNew)
      kernels.push_back(kernel);
    builder.setInsertionPointAfter(op);
    call(op.getLoc(), slot->second);
  });
  builder.setInsertionPointToStart(&main.getBody().front());
  call(main.getLoc(), 0);
  return kernels;
}

/// The function's attribute; the memory that its arguments span where it has none, as the copies that plan-memory makes.
static double bytesOf(mlir::func::FuncOp kernel) {
  if (auto bytes = kernel->getAttrOfType<mlir::IntegerAttr>("ingot.bytes"))
    return double(bytes.getInt());
  double total = 0;
  for (mlir::Type type : kernel.getArgumentTypes())
    if (auto buffer = llvm::dyn_cast<mlir::MemRefType>(type); buffer && buffer.hasStaticShape() && buffer.getElementType().isIntOrFloat())
      total += double(buffer.getNumElements()) * ((buffer.getElementTypeBitWidth() + 7) / 8);
  return total;
}

llvm::Expected<std::vector<KernelTime>> ingot::profileKernels(mlir::ModuleOp planned, const Interface &interface,
                                                              llvm::ArrayRef<Tensor> inputs, double seconds) {
  mlir::OwningOpRef<mlir::ModuleOp> module(planned.clone());
  std::string clock;
  std::vector<mlir::func::FuncOp> kernels = addClock(*module, clock);
  HostFunction functions[] = {{clock.c_str(), reinterpret_cast<void *>(tick)}};
  llvm::Expected<std::unique_ptr<Executor>> executor = makeObjectExecutor(*module, interface, functions);
  if (!executor)
    return executor.takeError();

  double cost = costOfTick(), once = 0;
  Counters own;
  own.slots.resize(kernels.size() + 1);
  counters = &own;
  if (llvm::Error error = (*executor)->time(inputs, 1, [&](double milliseconds) { once = milliseconds; }))
    return error;
  unsigned runs = unsigned(std::clamp(seconds * 1e3 / std::max(once, 1e-3), 3.0, 1000.0));
  std::vector<std::vector<double>> times(kernels.size());
  llvm::Error error = (*executor)->time(inputs, runs, [&](double) {
    for (const auto &[slot, samples] : llvm::zip_equal(llvm::ArrayRef(own.slots).drop_front(), times))
      samples.push_back(std::max(0.0, std::chrono::duration<double, std::milli>(slot.time).count() - cost * slot.calls));
  });
  if (error)
    return error;

  std::vector<KernelTime> result;
  for (const auto &[kernel, slot, samples] : llvm::zip_equal(kernels, llvm::ArrayRef(own.slots).drop_front(), times)) {
    if (slot.calls == 0)
      continue;
    llvm::sort(samples);
    KernelTime time;
    time.name = kernel.getName().str();
    if (auto comments = kernel->getAttrOfType<mlir::ArrayAttr>("ingot.comment"))
      for (auto comment : comments.getAsRange<mlir::StringAttr>())
        time.nodes.push_back(comment.str());
    time.calls = slot.calls;
    time.milliseconds = samples[samples.size() / 2];
    if (auto operations = kernel->getAttrOfType<mlir::IntegerAttr>("ingot.operations"))
      time.operations = double(operations.getInt()) * slot.calls;
    time.bytes = bytesOf(kernel) * slot.calls;
    result.push_back(std::move(time));
  }
  llvm::stable_sort(result, [](const KernelTime &a, const KernelTime &b) { return a.milliseconds > b.milliseconds; });
  return result;
}
