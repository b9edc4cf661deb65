//===- IngotDialect.cpp ---------------------------------------------------===//
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ingot;

#include "dialects/ingot/IngotDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/ingot/IngotOps.cpp.inc"

void IngotDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/ingot/IngotOps.cpp.inc"
      >();
}

LogicalResult ShareOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("calls '") << getCallee() << "', which is no function";
  Type index = IndexType::get(getContext());
  SmallVector<Type> expected(getInputs().getTypes());
  expected.append({index, index});
  if (callee.getArgumentTypes() != ArrayRef(expected) || callee.getNumResults())
    return emitOpError("needs a callee of its inputs' types and two indices, '") << getCallee() << "' is none";
  if (getGrain() < 1)
    return emitOpError("has a grain below 1");
  return success();
}

std::optional<FunctionCall> ingot::functionCallOf(Operation *op) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return FunctionCall{call.getCalleeAttr(), call.getOperands()};
  if (auto share = dyn_cast<ShareOp>(op))
    return FunctionCall{share.getCalleeAttr(), share.getInputs()};
  return std::nullopt;
}

int64_t DotOp::terms() { return cast<VectorType>(getB().getType()).getElementType().isInteger(8) ? 4 : 2; }

bool DotOp::isOfFloats() { return getElementTypeOrSelf(getSum().getType()).isF32(); }

LogicalResult DotOp::verify() {
  auto a = cast<VectorType>(getA().getType()), c = cast<VectorType>(getB().getType());
  auto sums = dyn_cast<VectorType>(getSum().getType());
  auto isFactor = [&](VectorType type) {
    Type element = type.getElementType();
    return element.isInteger(16) || (isOfFloats() ? element.isBF16() : element.isInteger(8));
  };
  if (!isFactor(a) || !isFactor(c) || a.getElementTypeBitWidth() < c.getElementTypeBitWidth() ||
      !(isOfFloats() || getElementTypeOrSelf(getSum().getType()).isInteger(32)))
    return emitOpError("sums products of int8 or int16 in int32, the first of which has no fewer bits, or of bfloat16 in float32");
  if (getIsUnsigned() && !a.getElementType().isInteger(8))
    return emitOpError("has unsigned factors that are not int8");
  int64_t lanes = sums ? sums.getNumElements() : 1;
  if (c.getNumElements() != lanes * terms() || (a.getNumElements() != c.getNumElements() && a.getNumElements() != terms()))
    return emitOpError("has factors that do not fit the lanes of the sum");
  return success();
}

LogicalResult LookupOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getTable().getShapedType());
  if (!getElementTypeOrSelf(getCode().getType()).isInteger(8))
    return emitOpError("looks up what is not i8");
  if (!type || type.getShape() != ArrayRef<int64_t>{256} || type.getElementType() != getElementTypeOrSelf(getValue().getType()))
    return emitOpError("needs a table of 256 elements of its result's type");
  return success();
}

OpFoldResult LookupOp::fold(FoldAdaptor adaptor) {
  auto values = getTable().tryGetValues<Attribute>();
  if (!values)
    return {};
  auto valueOf = [&](const APInt &code) { return (*values)[code.getZExtValue()]; };
  if (auto code = dyn_cast_or_null<IntegerAttr>(adaptor.getCode()))
    return valueOf(code.getValue());
  auto codes = dyn_cast_or_null<DenseElementsAttr>(adaptor.getCode());
  auto type = dyn_cast<VectorType>(getValue().getType());
  if (!codes || !type)
    return {};
  return DenseElementsAttr::get(type, llvm::map_to_vector(codes.getValues<APInt>(), valueOf));
}

LogicalResult KernelOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("has block arguments that differ from its operands");
  if (block.empty() || !isa<YieldOp>(block.back()))
    return emitOpError("does not end in ingot.yield");
  if (block.back().getOperandTypes() != getResultTypes())
    return emitOpError("yields other types than its results");
  return success();
}

/// A function that may set the status word does more than its results show.
void LaunchOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      *this, getCalleeAttr());
  if (!callee || callee->hasAttr("ingot.checked"))
    effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(
      *this, getCalleeAttr());
  if (!callee)
    return emitOpError("calls '") << getCallee() << "', which is no function";
  unsigned expected = getNumOperands() + getNumResults() +
                      callee->hasAttr("ingot.scratch") +
                      callee->hasAttr("ingot.checked") +
                      callee->hasAttr("ingot.pool") +
                      2 * callee->hasAttr("ingot.shared");
  if (callee.getNumArguments() != expected)
    return emitOpError("needs a callee of ")
           << expected << " arguments, '" << getCallee() << "' has "
           << callee.getNumArguments();
  return success();
}
