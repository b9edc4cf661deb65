//===- DataSizes.cpp ------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/kernels/DataSizes.h"
#include "compiler/lower/Parameter.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

bool lower::givesDataSizes(StringRef kind) {
  return llvm::StringSwitch<bool>(kind)
      .Cases({"NonZero", "Compress", "Unique", "NonMaxSuppression", "Loop", "StringNormalizer", "StringSplit", "ImageDecoder"}, true)
      .Default(false);
}

Extent lower::dataSize(Node &node, Value count, const Extent &most) {
  LocBuilder &b = node.b;
  unsigned number = addDataSize(node.op, node.name(), most.in(b.getContext()));
  DataSizeOp::create(b, b.getIndexType(), number, count);
  return b.getAffineSymbolExpr(number);
}

Extent lower::dataSize(Node &node, Value counts, const Extent &at, const Extent &most) {
  LocBuilder &b = node.b;
  SmallVector<Value> place(tensorType(counts).getRank(), index(b, at));
  Value count = tensor::ExtractOp::create(b, counts, place);
  return dataSize(node, arith::IndexCastOp::create(b, b.getIndexType(), count), most);
}

Value lower::emptyOf(Node &node, RankedTensorType type) {
  LocBuilder &b = node.b;
  Shape shape = shapeOf(type);
  for (Extent &size : shape)
    if (!size.in(b.getContext()))
      size = dataSize(node, index(b, 0), 0);
  // A stage, so that others can read it.
  return mapped(b, {}, ArrayRef<AffineMap>(), tensorType(shape, type.getElementType()),
                [&](LocBuilder &b, ValueRange) { return scalar(b, type.getElementType(), 0); });
}

bool lower::isEmpty(RankedTensorType type) { return llvm::is_contained(type.getShape(), 0); }
