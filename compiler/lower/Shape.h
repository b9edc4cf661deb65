//===- Shape.h - sizes of tensors while they are lowered ------------------===//
#ifndef INGOT_COMPILER_LOWER_SHAPE_H
#define INGOT_COMPILER_LOWER_SHAPE_H

#include "compiler/support/SizeExpr.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace ingot::lower {

/// A size: a number, an expression over the module's open sizes, or, as ShapedType::kDynamic has it, one that is told by something else.
class Extent {
public:
  Extent(int64_t number = 0) : number(number) {}
  Extent(mlir::AffineExpr expr) : number(mlir::ShapedType::kDynamic) {
    if (!expr)
      return;
    expr = simplifiedSize(expr);
    if (std::optional<int64_t> known = constantSize(expr))
      number = *known;
    else
      this->expr = expr;
  }

  bool isNumber() const { return !expr && !mlir::ShapedType::isDynamic(number); }
  /// Known to be another number.
  bool isNot(int64_t other) const { return isNumber() && number != other; }
  /// The number; ShapedType::kDynamic where there is none.
  int64_t value() const { return number; }
  /// Null where nothing is known.
  mlir::AffineExpr in(mlir::MLIRContext *context) const {
    return isNumber() ? mlir::getAffineConstantExpr(number, context) : expr;
  }

  friend bool operator==(const Extent &a, const Extent &b) { return a.number == b.number && a.expr == b.expr; }
  friend bool operator!=(const Extent &a, const Extent &b) { return !(a == b); }
  friend Extent operator+(const Extent &a, const Extent &b) {
    return a.combine(b, [](auto x, auto y) { return x + y; });
  }
  friend Extent operator-(const Extent &a, const Extent &b) {
    return a.combine(b, [](auto x, auto y) { return x + y * -1; });
  }
  friend Extent operator*(const Extent &a, const Extent &b) {
    return a.combine(b, [](auto x, auto y) { return x * y; });
  }
  /// Of sizes that are not negative.
  friend Extent operator/(const Extent &a, const Extent &b) {
    if (a.isNumber() && b.isNumber())
      return a.number / b.number;
    mlir::MLIRContext *context = a.expr ? a.expr.getContext() : b.expr ? b.expr.getContext() : nullptr;
    if (!context || !a.in(context) || !b.in(context))
      return mlir::ShapedType::kDynamic;
    return a.in(context).floorDiv(b.in(context));
  }

private:
  template <typename Combine> Extent combine(const Extent &other, Combine both) const {
    if (isNumber() && other.isNumber())
      return both(number, other.number);
    mlir::MLIRContext *context = expr ? expr.getContext() : other.expr ? other.expr.getContext() : nullptr;
    if (!context || !in(context) || !other.in(context))
      return mlir::ShapedType::kDynamic;
    return Extent(both(in(context), other.in(context)));
  }

  int64_t number;
  mlir::AffineExpr expr;
};

/// The sizes of a tensor.
class Shape : public llvm::SmallVector<Extent, 6> {
public:
  Shape() = default;
  Shape(std::initializer_list<Extent> sizes) : llvm::SmallVector<Extent, 6>(sizes) {}
  Shape(llvm::ArrayRef<Extent> sizes) : llvm::SmallVector<Extent, 6>(sizes.begin(), sizes.end()) {}
  Shape(llvm::ArrayRef<int64_t> sizes) : llvm::SmallVector<Extent, 6>(sizes.begin(), sizes.end()) {}
  Shape(const llvm::SmallVectorImpl<int64_t> &sizes) : Shape(llvm::ArrayRef<int64_t>(sizes)) {}
  Shape(const std::vector<int64_t> &sizes) : Shape(llvm::ArrayRef<int64_t>(sizes)) {}
  Shape(llvm::ArrayRef<mlir::AffineExpr> sizes) : llvm::SmallVector<Extent, 6>(sizes.begin(), sizes.end()) {}
  Shape(const SizeList &sizes) : Shape(llvm::ArrayRef<mlir::AffineExpr>(sizes)) {}
  Shape(size_t rank, Extent size) : llvm::SmallVector<Extent, 6>(rank, size) {}

  bool isStatic() const {
    return llvm::all_of(*this, [](const Extent &size) { return size.isNumber(); });
  }
  /// Null where a size is not known.
  SizeList in(mlir::MLIRContext *context) const {
    SizeList list;
    for (const Extent &size : *this)
      list.push_back(size.in(context));
    return list;
  }
  /// The numbers; ShapedType::kDynamic where there is none.
  llvm::SmallVector<int64_t> numbers() const {
    llvm::SmallVector<int64_t> list;
    for (const Extent &size : *this)
      list.push_back(size.value());
    return list;
  }
  /// All elements.
  Extent count() const {
    Extent product = 1;
    for (const Extent &size : *this)
      product = product * size;
    return product;
  }
};

} // namespace ingot::lower

#endif
