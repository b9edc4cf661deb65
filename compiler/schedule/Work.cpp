//===- Work.cpp - what a kernel has to do at the least --------------------===//
#include "compiler/schedule/Work.h"
#include "compiler/kernels/Stages.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace ingot;

/// Sums and products that stay at the greatest number where they exceed it: sizes come from the model's file.
static int64_t capped(uint64_t value) { return std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()); }
static int64_t plus(int64_t a, int64_t b) { return capped(llvm::SaturatingAdd<uint64_t>(a, b)); }
static int64_t times(int64_t a, int64_t b) { return capped(llvm::SaturatingMultiply<uint64_t>(a, b)); }

static int64_t elementBytes(Type element) {
  return element.isIntOrFloat() ? (element.getIntOrFloatBitWidth() + 7) / 8 : 8;
}

/// Product of the sizes; 0 where one is open.
static int64_t points(ArrayRef<int64_t> sizes) {
  int64_t total = 1;
  for (int64_t size : sizes)
    total = ShapedType::isDynamic(size) ? 0 : times(total, size);
  return total;
}

static int64_t sizeInBytes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? times(points(tensor.getShape()), elementBytes(tensor.getElementType())) : 0;
}

static bool isArithmetic(Operation &op) {
  return isa<math::MathDialect>(op.getDialect()) || isa<LookupOp>(op) ||
         isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp, arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::DivSIOp, arith::DivUIOp, arith::MaxSIOp,
             arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp>(op);
}

/// Bytes of `value` that its uses read, each use on its own.
static int64_t bytesRead(Value value) {
  int64_t total = 0, whole = sizeInBytes(value.getType());
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    int64_t part = whole;
    if (isView(user))
      part = bytesRead(user->getResult(0));
    else if (isa<tensor::ExtractOp>(user))
      // Captured by a stage that reads one element at each of its points.
      if (auto stage = user->getParentOfType<linalg::GenericOp>())
        part = times(points(stage.getStaticLoopRanges()), elementBytes(user->getResult(0).getType()));
    total = plus(total, part);
  }
  return std::min(total, whole);
}

Work ingot::workOf(KernelOp kernel) {
  Work work;
  kernel.walk([&](linalg::GenericOp stage) {
    int64_t count = points(stage.getStaticLoopRanges());
    for (Operation &op : *stage.getBody())
      if (isArithmetic(op) && !op.getResult(0).getType().isIndex()) {
        int64_t &total = isa<FloatType>(op.getResult(0).getType()) ? work.operations : work.integerOperations;
        total = plus(total, count);
      }
  });
  for (BlockArgument operand : kernel.getBody().getArguments())
    work.bytes = plus(work.bytes, bytesRead(operand));
  for (Type result : kernel.getResultTypes())
    work.bytes = plus(work.bytes, sizeInBytes(result));
  return work;
}
