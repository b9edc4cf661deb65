//===- Structured.h - builders of tensor IR -------------------------------===//
//
// What lowerings are made of: pointwise operations, reductions, views. Types say what their open sizes are (compiler/support/SizeExpr.h), and lose that
// where lowering ends.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_STRUCTURED_H
#define INGOT_COMPILER_LOWER_STRUCTURED_H

#include "compiler/lower/Passes.h"
#include "compiler/lower/Shape.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot::lower {

using LocBuilder = mlir::ImplicitLocOpBuilder;
/// Makes the scalar result from scalar operands.
using Body = llvm::function_ref<mlir::Value(LocBuilder &, mlir::ValueRange)>;
using mlir::utils::IteratorType;

inline mlir::RankedTensorType tensorType(const Shape &shape, mlir::Type element) {
  return sizedType(shape.in(element.getContext()), element);
}
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}
inline Shape shapeOf(mlir::RankedTensorType type) { return sizesOf(type); }
inline Shape shapeOf(mlir::Value value) { return shapeOf(tensorType(value)); }
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::getElementTypeOrSelf(value.getType());
}
inline bool isFloat(mlir::Type type) { return llvm::isa<mlir::FloatType>(type); }

/// Scalars and tensors of constants.
mlir::Value scalar(LocBuilder &b, mlir::Type type, double value);
mlir::Value scalarInt(LocBuilder &b, mlir::Type type, int64_t value);
mlir::Value index(LocBuilder &b, int64_t value);
/// Of sizes: computed before the operation whose body asks.
mlir::Value index(LocBuilder &b, const Extent &size);
mlir::Value scalarInt(LocBuilder &b, mlir::Type type, const Extent &size);
mlir::TypedAttr numberAttr(mlir::Type type, double value);
/// The least and greatest value of a type (infinities for floats).
mlir::TypedAttr lowestAttr(mlir::Type type, bool isUnsigned);
mlir::TypedAttr highestAttr(mlir::Type type, bool isUnsigned);
mlir::Value constantTensor(LocBuilder &b, llvm::ArrayRef<int64_t> shape,
                           mlir::Type element, llvm::ArrayRef<double> values);
/// A table of i64 numbers.
mlir::Value indexTable(LocBuilder &b, llvm::ArrayRef<int64_t> values);
mlir::Value splat(LocBuilder &b, mlir::RankedTensorType type, mlir::TypedAttr value);

/// A dimension's size: an attribute, or a value where the type leaves it open.
mlir::OpFoldResult sizeOf(LocBuilder &b, mlir::Value value, int64_t dim);
/// The product of the axes' sizes, as a tensor of one number.
mlir::Value countOf(LocBuilder &b, mlir::Value value, llvm::ArrayRef<int64_t> axes,
                    mlir::Type type);

/// The scalar that a constant tensor repeats, or null.
mlir::TypedAttr splatOf(mlir::Value value);

/// Stands for a value of the wanted type where the model's shapes do not fit each other. The builders below make it where they are
/// given what cannot be, so that lowerings need not check twice what the specification's inference should have refused. A node whose
/// lowering holds one is an error of the model.
mlir::Value misfit(LocBuilder &b, mlir::Value value, mlir::RankedTensorType wanted);
bool isMisfit(mlir::Operation *op);

// Stages ask the module to give sizes that they walk by one loop, and that are not known to be equal, equal values in every call.

/// Applies `body` to each element; the operands broadcast to the result by
/// ONNX's rule (trailing dimensions aligned, size 1 repeats). The body gets one scalar per operand.
mlir::Value pointwise(LocBuilder &b, mlir::ValueRange operands,
                      mlir::RankedTensorType result, Body body);

/// A generic whose loops are the result's dimensions, with these maps for the operands.
mlir::Value mapped(LocBuilder &b, mlir::ValueRange operands,
                   llvm::ArrayRef<mlir::AffineMap> maps,
                   mlir::RankedTensorType result, Body body);

/// The same into `out`, an empty tensor: for sizes that no operand tells.
mlir::Value mappedInto(LocBuilder &b, mlir::Value out, mlir::ValueRange operands,
                       llvm::ArrayRef<mlir::AffineMap> maps, Body body);

/// A reduction: `maps` are the operands' and then the result's; `loops` gives the
/// kind of each loop. The body gets the operands' scalars and then the accumulator, which starts as `neutral`.
mlir::Value reduction(LocBuilder &b, mlir::ValueRange operands,
                      llvm::ArrayRef<mlir::AffineMap> maps,
                      llvm::ArrayRef<IteratorType> loops,
                      mlir::RankedTensorType result, mlir::TypedAttr neutral,
                      Body body);
/// sum of products of two operands in the element type of the result.
mlir::Value contraction(LocBuilder &b, mlir::Value lhs, mlir::Value rhs,
                        llvm::ArrayRef<mlir::AffineMap> maps,
                        llvm::ArrayRef<IteratorType> loops,
                        mlir::RankedTensorType result);

/// Reduces the given axes, which disappear from the result. `body` combines an element and the accumulator.
mlir::Value reduceAxes(LocBuilder &b, mlir::Value operand,
                       llvm::ArrayRef<int64_t> axes, mlir::TypedAttr neutral,
                       Body body);
mlir::Value sumAxes(LocBuilder &b, mlir::Value operand,
                    llvm::ArrayRef<int64_t> axes);
/// sum / count.
mlir::Value meanAxes(LocBuilder &b, mlir::Value operand,
                     llvm::ArrayRef<int64_t> axes);
/// Shape with the axes' sizes replaced by 1.
Shape keptShape(const Shape &shape, llvm::ArrayRef<int64_t> axes);

/// The map from all of `rank` loops to those that are not in `axes`.
mlir::AffineMap dropAxes(mlir::MLIRContext *context, int64_t rank,
                         llvm::ArrayRef<int64_t> axes);

/// Views. reshape works for any two shapes with as many elements. A size of a slice that is not told is the whole of its dimension.
mlir::Value reshape(LocBuilder &b, mlir::Value value, const Shape &shape);
mlir::Value slice(LocBuilder &b, mlir::Value value, const Shape &offsets,
                  const Shape &sizes, llvm::ArrayRef<int64_t> strides);
/// The part [offset, offset + size) of one axis.
mlir::Value sliceAxis(LocBuilder &b, mlir::Value value, int64_t axis,
                      const Extent &offset, const Extent &size);
mlir::Value concat(LocBuilder &b, mlir::ValueRange values, int64_t axis);
mlir::Value pad(LocBuilder &b, mlir::Value value, const Shape &low,
                const Shape &high, mlir::TypedAttr number);
/// Result dimension i is dimension order[i] of the value.
mlir::Value transpose(LocBuilder &b, mlir::Value value, llvm::ArrayRef<int64_t> order);
mlir::Value broadcast(LocBuilder &b, mlir::Value value, const Shape &shape);
/// The slice of an axis at a place that a loop knows (`at`: a tensor of one i64,
/// inside the axis), without the axis; and the value with such a slice replaced.
mlir::Value readSlice(LocBuilder &b, mlir::Value value, int64_t axis, mlir::Value at);
mlir::Value writeSlice(LocBuilder &b, mlir::Value whole, mlir::Value part,
                       int64_t axis, mlir::Value at);
/// A counter for a loop to carry: tensor<i64> of `value`, and its successor.
mlir::Value counter(LocBuilder &b, const Extent &value);
mlir::Value advance(LocBuilder &b, mlir::Value counter, int64_t step);
/// Converts each element; integers are read as unsigned where told.
mlir::Value castTo(LocBuilder &b, mlir::Value value, mlir::Type element,
                   bool fromUnsigned = false, bool toUnsigned = false);
/// The same for one scalar.
mlir::Value castScalar(LocBuilder &b, mlir::Value value, mlir::Type type,
                       bool fromUnsigned, bool toUnsigned);

/// Two-operand arithmetic on scalars of one type, integer or float.
mlir::Value add(LocBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value sub(LocBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value mul(LocBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value div(LocBuilder &b, mlir::Value x, mlir::Value y, bool isUnsigned = false);
mlir::Value maximum(LocBuilder &b, mlir::Value x, mlir::Value y, bool isUnsigned = false);
mlir::Value minimum(LocBuilder &b, mlir::Value x, mlir::Value y, bool isUnsigned = false);
/// The larger, where of floats NaN counts for none; from a number on it is one instruction on most machines.
mlir::Value largerNumber(LocBuilder &b, mlir::Value x, mlir::Value y, bool isUnsigned = false);
/// 1 / (1 + exp(-x)).
mlir::Value logistic(LocBuilder &b, mlir::Value x);

} // namespace ingot::lower

#endif
