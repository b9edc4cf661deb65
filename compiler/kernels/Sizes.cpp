//===- Sizes.cpp ----------------------------------------------------------===//
#include "compiler/kernels/Sizes.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace ingot;

bool ingot::isStatic(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return !tensor || tensor.hasStaticShape();
}

void Sizes::replace(Value value, Value by) {
  auto found = known.find(value.getAsOpaquePointer());
  if (found == known.end())
    return;
  SmallVector<AffineExpr> sizes = std::move(found->second);
  known.erase(found);
  known[by.getAsOpaquePointer()] = std::move(sizes);
}

AffineExpr Sizes::of(OpFoldResult index, MLIRContext *context) {
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return getAffineConstantExpr(*constant, context);
  auto value = dyn_cast<Value>(index);
  if (!value)
    return {};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    // A kernel's operands of type index are its symbols.
    if (!isa<KernelOp>(argument.getOwner()->getParentOp()))
      return {};
    unsigned number = 0;
    for (BlockArgument other : argument.getOwner()->getArguments()) {
      if (other == argument)
        return getAffineSymbolExpr(number, context);
      number += isa<IndexType>(other.getType());
    }
    return {};
  }
  Operation *op = value.getDefiningOp();
  if (auto size = dyn_cast<SizeOp>(op))
    return getAffineSymbolExpr(size.getNumber(), context);
  if (auto size = dyn_cast<DataSizeOp>(op))
    return getAffineSymbolExpr(size.getNumber(), context);
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> number = dim.getConstantIndex();
    ArrayRef<AffineExpr> sizes = of(dim.getSource());
    return number && *number < int64_t(sizes.size()) ? sizes[*number]
                                                     : AffineExpr();
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<AffineExpr> dims, symbols;
    AffineMap map = apply.getAffineMap();
    for (auto [i, operand] : llvm::enumerate(apply.getMapOperands())) {
      AffineExpr expr = of(operand, context);
      if (!expr)
        return {};
      (i < map.getNumDims() ? dims : symbols).push_back(expr);
    }
    return simplifiedSize(
        map.getResult(0).replaceDimsAndSymbols(dims, symbols));
  }
  return {};
}

ArrayRef<AffineExpr> Sizes::of(Value tensor) {
  auto found = known.find(tensor.getAsOpaquePointer());
  if (found != known.end())
    return found->second;
  SmallVector<AffineExpr> sizes = compute(tensor);
  return known[tensor.getAsOpaquePointer()] = std::move(sizes);
}


SmallVector<AffineExpr> Sizes::compute(Value tensor) {
  MLIRContext *context = tensor.getContext();
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return {};
  SmallVector<AffineExpr> sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size)
                        ? AffineExpr()
                        : getAffineConstantExpr(size, context));
  if (type.hasStaticShape())
    return sizes;
  auto fill = [&](ArrayRef<OpFoldResult> mixed) -> SmallVector<AffineExpr> {
    for (auto [size, given] : llvm::zip(sizes, mixed))
      if (!size && !(size = of(given, context)))
        return {};
    return sizes;
  };

  // While operators are lowered, a cast stands for an argument whose type is still the model's; a string becomes two numbers.
  if (auto cast = tensor.getDefiningOp<UnrealizedConversionCastOp>(); cast && cast.getNumOperands() == 1) {
    SmallVector<AffineExpr> known(of(cast.getOperand(0)));
    if (known.empty() || known.size() > sizes.size())
      return {};
    llvm::copy(known, sizes.begin());
    return sizes;
  }
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto kernel = dyn_cast<KernelOp>(parent)) {
      if (!kernel.getSizes())
        return {};
      return SmallVector<AffineExpr>(
          cast<AffineMapAttr>((*kernel.getSizes())[argument.getArgNumber()])
              .getValue()
              .getResults());
    }
    // What a loop carries keeps its sizes.
    if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      OpOperand *init = loop.getTiedLoopInit(argument);
      return init ? SmallVector<AffineExpr>(of(init->get())) : SmallVector<AffineExpr>();
    }
    auto function = dyn_cast<func::FuncOp>(parent);
    auto dims = function ? function.getArgAttrOfType<DenseI64ArrayAttr>(
                               argument.getArgNumber(), "ingot.dims")
                         : DenseI64ArrayAttr();
    if (!dims || dims.size() != type.getRank())
      return {};
    for (auto [size, number] : llvm::zip(sizes, dims.asArrayRef()))
      if (!size)
        size = getAffineSymbolExpr(number, context);
    return sizes;
  }

  Operation *op = tensor.getDefiningOp();
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return SmallVector<AffineExpr>(of(loop.getInitArgs()[number]));
  if (auto branches = dyn_cast<scf::IfOp>(op))
    return SmallVector<AffineExpr>(of(branches.thenYield()->getOperand(number)));
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return fill(empty.getMixedSizes());
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return SmallVector<AffineExpr>(of(cast.getSource()));
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return fill(expand.getMixedOutputShape());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<AffineExpr> from(of(collapse.getSrc()));
    if (from.empty())
      return {};
    for (auto [size, group] :
         llvm::zip(sizes, collapse.getReassociationIndices())) {
      SmallVector<AffineExpr> factors;
      for (int64_t dim : group)
        factors.push_back(from[dim]);
      size = productOf(factors, context);
    }
    return sizes;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<OpFoldResult> kept;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(i))
        kept.push_back(size);
    return fill(kept);
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    SmallVector<AffineExpr> from(of(pad.getSource()));
    if (from.empty())
      return {};
    for (auto [i, low, high] :
         llvm::enumerate(pad.getMixedLowPad(), pad.getMixedHighPad())) {
      AffineExpr before = of(low, context), after = of(high, context);
      if (!before || !after)
        return {};
      if (!sizes[i])
        sizes[i] = simplifiedSize(from[i] + before + after);
    }
    return sizes;
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    AffineExpr sum = getAffineConstantExpr(0, context);
    for (Value input : concat.getInputs()) {
      ArrayRef<AffineExpr> from = of(input);
      if (from.empty())
        return {};
      sum = sum + from[concat.getDim()];
      for (auto [i, size] : llvm::enumerate(sizes))
        if (!size && int64_t(i) != int64_t(concat.getDim()))
          size = from[i];
    }
    if (!sizes[concat.getDim()])
      sizes[concat.getDim()] = simplifiedSize(sum);
    return sizes;
  }
  if (auto kernel = dyn_cast<KernelOp>(op)) {
    SmallVector<AffineExpr> symbols;
    for (Value input : kernel.getInputs())
      if (isa<IndexType>(input.getType())) {
        symbols.push_back(of(OpFoldResult(input), context));
        if (!symbols.back())
          symbols.back() = getAffineConstantExpr(0, context);
      }
    SmallVector<AffineExpr> inside(
        of(kernel.getBody().front().getTerminator()->getOperand(number)));
    for (AffineExpr &size : inside)
      size = simplifiedSize(size.replaceSymbols(symbols));
    return inside;
  }
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    if (!launch.getSizes())
      return {};
    return SmallVector<AffineExpr>(
        cast<AffineMapAttr>((*launch.getSizes())[number]).getValue().getResults());
  }
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return SmallVector<AffineExpr>(
        of(destination.getDpsInitOperand(number)->get()));
  return {};
}
