//===- MissingInference.cpp -----------------------------------------------===//
#include "compiler/import/MissingInference.h"
#include "compiler/support/Elements.h"
#include "compiler/support/SizeExpr.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <optional>

using namespace mlir;
using namespace ingot;

/// Rows and the number of columns that `columns` says; a vector is one row.
static SizeList rowsOf(const SizeList &input, int64_t columns, MLIRContext *context) {
  return {input.size() == 1 ? getAffineConstantExpr(1, context) : input.front(), getAffineConstantExpr(columns, context)};
}

/// The number of elements; null where it is not known.
static AffineExpr countOf(const SizeList &sizes, MLIRContext *context) {
  return llvm::is_contained(sizes, AffineExpr()) ? AffineExpr() : productOf(sizes, context);
}

static int64_t sizeOf(Operation *op, StringRef name) {
  if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(name))
    return list.size();
  if (auto list = op->getAttrOfType<ArrayAttr>(name))
    return list.size();
  return 0;
}

/// Columns of the scores of an SVMClassifier.
static int64_t machineScores(Operation *op) {
  int64_t classes = std::max<int64_t>(
      {sizeOf(op, "classlabels_ints"), sizeOf(op, "classlabels_strings"), 1});
  auto probabilities = op->getAttrOfType<DenseF32ArrayAttr>("prob_a");
  if (classes <= 2 || classes > (1 << 20) || sizeOf(op, "vectors_per_class") == 0 ||
      (probabilities && !probabilities.empty()))
    return classes;
  return classes * (classes - 1) / 2;
}

/// Sizes of a result; null stands for one that is not known.
static std::optional<SizeList> shapeOf(Operation *op, StringRef name, unsigned result, const SizeList &input) {
  MLIRContext *context = op->getContext();
  if (name == "Scaler" || name == "Imputer" || name == "Normalizer")
    return input;
  if (input.empty())
    return std::nullopt;
  if (name == "LinearRegressor") {
    auto targets = op->getAttrOfType<IntegerAttr>("targets");
    return rowsOf(input, targets ? std::max<int64_t>(targets.getInt(), 0) : 1, context);
  }
  if (name == "SVMRegressor")
    return rowsOf(input, 1, context);
  if (name == "SVMClassifier") {
    SizeList shape = rowsOf(input, machineScores(op), context);
    return result == 0 ? SizeList{shape.front()} : shape;
  }
  if (name == "FeatureVectorizer") {
    int64_t columns = 0;
    if (auto sizes = op->getAttrOfType<DenseI64ArrayAttr>("inputdimensions"))
      for (int64_t size : sizes.asArrayRef())
        columns += std::clamp<int64_t>(size, 0, int64_t(1) << 40);
    return SizeList{input.front(), getAffineConstantExpr(columns, context)};
  }
  // ArrayFeatureExtractor, of which the library leaves vectors and open sizes alone.
  auto places = dyn_cast<RankedTensorType>(op->getOperand(1).getType());
  if (!places)
    return std::nullopt;
  SizeList shape = input;
  if (input.size() == 1)
    shape.front() = getAffineConstantExpr(1, context);
  else
    shape.pop_back();
  shape.push_back(countOf(sizesOf(places), context));
  return shape;
}

/// A MaxUnpool's output has the shape that its third input says.
static Type unpooledType(Operation *op) {
  auto input = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto shape = integerValues(onnx::constantValue(op->getOperand(2)));
  if (!input || !shape || int64_t(shape->size()) != input.getRank() || llvm::any_of(*shape, [](int64_t size) { return size < 0; }))
    return {};
  return RankedTensorType::get(*shape, input.getElementType());
}

/// Unique says of each element, or each slice along the axis, where it went.
static Type uniquePlaces(Operation *op) {
  auto input = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!input)
    return {};
  SizeList sizes = sizesOf(input);
  AffineExpr count = countOf(sizes, op->getContext());
  if (auto given = op->getAttrOfType<IntegerAttr>("axis")) {
    int64_t axis = given.getInt() + (given.getInt() < 0 ? input.getRank() : 0);
    if (axis < 0 || axis >= input.getRank())
      return {};
    count = sizes[axis];
  }
  return sizedType(count, IntegerType::get(op->getContext(), 64));
}

Type ingot::missingType(Operation *op, unsigned result) {
  StringRef name = op->getName().getStringRef();
  if (name == "onnx.MaxUnpool" && op->getNumOperands() == 3)
    return unpooledType(op);
  // Without words to leave out there are as many as before; the library never says.
  if (name == "onnx.StringNormalizer" && sizeOf(op, "stopwords") == 0 && op->getNumOperands() == 1)
    return op->getOperand(0).getType();
  if (name == "onnx.Unique" && result == 2 && op->getNumOperands() == 1)
    return uniquePlaces(op);
  if (!name.consume_front("onnx.ai_onnx_ml_") || op->getNumOperands() == 0)
    return {};
  auto input = dyn_cast<TensorType>(op->getOperand(0).getType());
  enum Kind { other, same, floats, labels };
  Kind kind = llvm::StringSwitch<Kind>(name)
                  .Cases({"Imputer", "ArrayFeatureExtractor"}, same)
                  .Cases({"Scaler", "Normalizer", "LinearRegressor"}, floats)
                  .Cases({"SVMRegressor", "FeatureVectorizer"}, floats)
                  .Case("SVMClassifier", labels)
                  .Default(other);
  if (!input || kind == other ||
      (name == "ArrayFeatureExtractor" && op->getNumOperands() < 2))
    return {};
  Builder b(op->getContext());
  Type element = kind == same ? input.getElementType() : Type(b.getF32Type());
  if (kind == labels && result == 0) {
    if (sizeOf(op, "classlabels_strings"))
      element = onnx::StringType::get(op->getContext());
    else
      element = b.getI64Type();
  }
  if (auto ranked = dyn_cast<RankedTensorType>(input))
    if (auto shape = shapeOf(op, name, result, sizesOf(ranked)))
      return sizedType(*shape, element);
  return UnrankedTensorType::get(element);
}
