//===- DataSizes.cpp ------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/kernels/DataSizes.h"
#include "compiler/lower/Parameter.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

bool lower::givesDataSizes(StringRef kind) {
  return llvm::StringSwitch<bool>(kind)
      .Cases({"NonZero", "Compress", "Unique", "NonMaxSuppression", "Loop", "StringNormalizer", "StringSplit"}, true)
      .Default(false);
}

Value lower::dataSize(Node &node, Value count, int64_t most) {
  LocBuilder &b = node.b;
  unsigned number = addDataSize(node.op, node.name(), b.getAffineConstantExpr(most));
  return DataSizeOp::create(b, b.getIndexType(), number, count);
}

Value lower::dataSize(Node &node, Value counts, int64_t at, int64_t most) {
  LocBuilder &b = node.b;
  SmallVector<Value> place(tensorType(counts).getRank(), index(b, at));
  Value count = tensor::ExtractOp::create(b, counts, place);
  return dataSize(node, arith::IndexCastOp::create(b, b.getIndexType(), count), most);
}

Value lower::emptyOf(Node &node, RankedTensorType type) {
  SmallVector<Value> sizes;
  for (unsigned i = 0; i < type.getNumDynamicDims(); ++i)
    sizes.push_back(dataSize(node, index(node.b, 0), 0));
  return tensor::EmptyOp::create(node.b, type, sizes);
}

bool lower::isEmpty(RankedTensorType type) { return llvm::is_contained(type.getShape(), 0); }

Value lower::sizeValue(LocBuilder &b, Value value, int64_t axis) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), sizeOf(b, value, axis));
}

Value lower::firstOf(LocBuilder &b, Value value, Value size) {
  RankedTensorType type = tensorType(value);
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), strides(type.getRank(), b.getIndexAttr(1)), sizes{size};
  for (int64_t axis = 1; axis < type.getRank(); ++axis)
    sizes.push_back(b.getIndexAttr(type.getDimSize(axis)));
  return tensor::ExtractSliceOp::create(b, value, offsets, sizes, strides);
}

Value lower::table(LocBuilder &b, Value count,
                   llvm::function_ref<Value(LocBuilder &, Value)> body) {
  Value out = tensor::EmptyOp::create(b, tensorType({ShapedType::kDynamic}, b.getI64Type()), count);
  return mappedInto(b, out, {}, ArrayRef<AffineMap>(),
                    [&](LocBuilder &b, ValueRange) { return body(b, place(b, 0)); });
}
