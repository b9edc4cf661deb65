//===- KernelProfile.cpp - how long each kernel of a model takes ----------===//
#include "compiler/driver/KernelProfile.h"
#include "compiler/driver/Executor.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/SymbolTable.h"
#include <chrono>
#include <cmath>

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

/// Adds a clock call after each call of a kernel and at the start of @main. Gives what the calls of each slot call, the first of which is 1: each place in
/// the code has a slot of its own.
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
  std::vector<mlir::func::FuncOp> called;
  main.walk([&](mlir::Operation *op) {
    std::optional<FunctionCall> made = functionCallOf(op);
    auto kernel = made ? symbols.lookup<mlir::func::FuncOp>(made->callee.getValue()) : nullptr;
    if (!kernel || !kernel->hasAttr("ingot.kernel"))
      return;
    called.push_back(kernel);
    builder.setInsertionPointAfter(op);
    call(op->getLoc(), called.size());
  });
  builder.setInsertionPointToStart(&main.getBody().front());
  call(main.getLoc(), 0);
  return called;
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
  std::vector<mlir::func::FuncOp> called = addClock(*module, clock);
  HostFunction functions[] = {{clock.c_str(), reinterpret_cast<void *>(tick)}};
  llvm::Expected<std::unique_ptr<Executor>> executor = makeObjectExecutor(*module, interface, functions);
  if (!executor)
    return executor.takeError();

  double cost = costOfTick(), once = 0;
  Counters own;
  own.slots.resize(called.size() + 1);
  counters = &own;
  if (llvm::Error error = (*executor)->time(inputs, 1, [&](double milliseconds) { once = milliseconds; }))
    return error;
  unsigned runs = unsigned(std::clamp(seconds * 1e3 / std::max(once, 1e-3), 5.0, 1e5));
  std::vector<double> least(called.size(), INFINITY);
  llvm::Error error = (*executor)->time(inputs, runs, [&](double) {
    for (const auto &[slot, time] : llvm::zip_equal(llvm::ArrayRef(own.slots).drop_front(), least))
      time = std::min(time, std::max(0.0, std::chrono::duration<double, std::milli>(slot.time).count() - cost * slot.calls));
  });
  if (error)
    return error;

  std::vector<KernelTime> result;
  llvm::DenseMap<mlir::Operation *, size_t> rows;
  for (const auto &[function, slot, time] : llvm::zip_equal(called, llvm::ArrayRef(own.slots).drop_front(), least)) {
    mlir::func::FuncOp kernel = function;
    if (slot.calls == 0)
      continue;
    auto [row, isNew] = rows.try_emplace(kernel, result.size());
    if (isNew) {
      result.emplace_back();
      result.back().name = kernel.getName().str();
      if (auto comments = kernel->getAttrOfType<mlir::ArrayAttr>("ingot.comment"))
        for (auto comment : comments.getAsRange<mlir::StringAttr>())
          result.back().nodes.push_back(comment.str());
    }
    KernelTime &sum = result[row->second];
    sum.calls += slot.calls;
    sum.milliseconds += time;
    for (auto [name, total] : {std::pair("ingot.operations", &sum.operations), std::pair("ingot.integer_operations", &sum.integerOperations)})
      if (auto operations = kernel->getAttrOfType<mlir::IntegerAttr>(name))
        *total += double(operations.getInt()) * slot.calls;
    sum.bytes += bytesOf(kernel) * slot.calls;
  }
  llvm::stable_sort(result, [](const KernelTime &a, const KernelTime &b) { return a.milliseconds > b.milliseconds; });
  return result;
}
