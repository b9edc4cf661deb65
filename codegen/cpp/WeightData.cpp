//===- WeightData.cpp -----------------------------------------------------===//
#include "codegen/cpp/WeightData.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace ingot;

FailureOr<WeightData> WeightData::of(ModuleOp planned) {
  auto elements = planned->getAttrOfType<ElementsAttr>("ingot.weights");
  if (!elements || !elements.getElementType().isInteger(8))
    return planned.emitError("has no ingot.weights; run plan-memory");
  WeightData data;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      data.view = StringRef(blob->getData().data(), blob->getData().size());
  } else {
    data.copy = elementData(elements);
  }
  auto size = size_t(elements.getNumElements());
  if (data.bytes().size() < size)
    return planned.emitError("has weights that are shorter than their type");
  data.view = data.view.take_front(size);
  return data;
}

int64_t SharedWeights::place(StringRef constant) {
  uint64_t hash = llvm::xxh3_64bits(ArrayRef<uint8_t>(constant.bytes_begin(), constant.size()));
  auto &known = places[hash];
  for (auto [offset, size] : known)
    if (bytes().substr(offset, size) == constant)
      return offset;
  int64_t offset = llvm::alignTo(content.size(), 64);
  content.resize(offset);
  content.insert(content.end(), constant.begin(), constant.end());
  known.push_back({offset, int64_t(constant.size())});
  return offset;
}

LogicalResult SharedWeights::take(ModuleOp planned) {
  FailureOr<WeightData> data = WeightData::of(planned);
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  if (failed(data) || !main)
    return failure();
  BlockArgument weights;
  for (BlockArgument argument : main.getArguments())
    if (main.getArgAttr(argument.getArgNumber(), "ingot.weights"))
      weights = argument;
  if (!weights)
    return main.emitError("takes no weights; run plan-memory");
  std::vector<std::pair<uint64_t, memref::ViewOp>> views;
  for (Operation *user : weights.getUsers()) {
    auto view = dyn_cast<memref::ViewOp>(user);
    APInt offset;
    if (!view || !view.getType().hasStaticShape() || !matchPattern(view.getByteShift(), m_ConstantInt(&offset)))
      return user->emitError("uses the weights otherwise than by a view at a constant offset");
    views.push_back({offset.getZExtValue(), view});
  }
  // Users come in no order that means anything; offsets are in the order of first use.
  llvm::stable_sort(views, llvm::less_first());
  for (auto [from, view] : views) {
    uint64_t size = elementBytes(view.getType().getElementType()) * view.getType().getNumElements();
    if (from > data->bytes().size() || size > data->bytes().size() - from)
      return view.emitError("looks beyond the end of the weights");
    OpBuilder builder(view);
    int64_t offset = place(data->bytes().substr(from, size));
    view.getByteShiftMutable().assign(arith::ConstantIndexOp::create(builder, view.getLoc(), offset));
  }
  auto type = MemRefType::get({int64_t(content.size())}, IntegerType::get(planned.getContext(), 8));
  weights.setType(type);
  main.setFunctionType(FunctionType::get(planned.getContext(), main.getBody().getArgumentTypes(), main.getResultTypes()));
  return success();
}
