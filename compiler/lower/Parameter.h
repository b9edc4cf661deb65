//===- Parameter.h - operands that say how an operator works --------------===//
//
// Axes, shapes, starts, repeats, scales: most are constants of the model, some are values that are known when it runs. The types of the
// results are static all the same, and may be no more than what the model declares. So code that reads such an operand checks that it gives
// these types, and reads nothing outside of memory whatever it finds.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_PARAMETER_H
#define INGOT_COMPILER_LOWER_PARAMETER_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

class Parameter {
public:
  /// `size`: how many elements there must be; an open size is required to be that.
  Parameter(const Node &node, unsigned operand, std::optional<int64_t> size = std::nullopt);

  bool isPresent() const { return present; }
  /// Whether its elements are known now; one that is absent or has no elements is.
  bool isKnown() const { return !values; }
  const std::vector<int64_t> &known() const { return integers; }
  int64_t size() const { return count; }
  /// All elements, in one dimension; null where they are known.
  mlir::Value tensor() const { return values; }

  /// Inside of a body: element i as i64 or, for numbers that may have a fraction, as double.
  mlir::Value at(LocBuilder &b, int64_t i) const;
  mlir::Value real(LocBuilder &b, int64_t i) const;
  /// Whether element i is that number.
  mlir::Value is(LocBuilder &b, int64_t i, const Extent &number) const;

private:
  mlir::Value element(LocBuilder &b, int64_t i) const;

  bool present;
  int64_t count = 0;
  std::vector<int64_t> integers;
  std::vector<double> reals;
  mlir::Value values;
  bool isUnsigned = false;
};

/// Arithmetic on i64 and i1 scalars in bodies.
mlir::Value number(LocBuilder &b, const Extent &value);
mlir::Value compare(LocBuilder &b, mlir::arith::CmpIPredicate predicate,
                    mlir::Value x, mlir::Value y);
mlir::Value isNumber(LocBuilder &b, mlir::Value x, const Extent &value);
mlir::Value select(LocBuilder &b, mlir::Value condition, mlir::Value x, mlir::Value y);
mlir::Value both(LocBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value either(LocBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value limit(LocBuilder &b, mlir::Value x, const Extent &low, const Extent &high);
/// low <= x < high.
mlir::Value isWithin(LocBuilder &b, mlir::Value x, const Extent &low, const Extent &high);
/// An axis counted from the front; one outside of [-rank, rank) stays outside.
mlir::Value fromFront(LocBuilder &b, mlir::Value axis, const Extent &rank);
/// Loop index `i` of a body as i64.
mlir::Value place(LocBuilder &b, int64_t i);
/// The number of steps from begin towards end that stay before it; `step` of 0 reads as 1.
mlir::Value stepCount(LocBuilder &b, mlir::Value begin, mlir::Value end,
                      mlir::Value step);

/// A stage beside the computation that fails where `condition` is false. The body may read all values; `reads`, which is not empty, is one of them.
using Condition = llvm::function_ref<mlir::Value(LocBuilder &)>;
void check(Node &node, mlir::Value reads, Condition condition);
/// The same; `parameter` is not known.
inline void check(Node &node, const Parameter &parameter, Condition condition) {
  check(node, parameter.tensor(), condition);
}

/// A table of `count` numbers; the body gets the place in it.
mlir::Value table(LocBuilder &b, const Extent &count,
                  llvm::function_ref<mlir::Value(LocBuilder &, mlir::Value)> body);

/// Takes elements by a table of places for each axis, or all in order where there is none. Places are inside of the axis; where
/// `fill` (a tensor of one number) is given, those below 0 take it.
mlir::Value takePlaces(LocBuilder &b, mlir::Value x,
                       llvm::ArrayRef<mlir::Value> tables,
                       mlir::RankedTensorType type, mlir::Value fill = {});

/// Code for each value that a parameter may have: `key` gives a number from its elements, which must be one of `keys`, and `build` makes
/// the result for one of them. Several become branches; their number is limited.
mlir::FailureOr<mlir::Value>
choose(Node &node, const Parameter &parameter,
       llvm::function_ref<mlir::Value(LocBuilder &)> key,
       llvm::ArrayRef<int64_t> keys,
       llvm::function_ref<mlir::FailureOr<mlir::Value>(int64_t)> build);

/// Sets of axes as bits. The set that the parameter names, -1 where an axis is outside; and all sets of `count` axes that
/// are `wanted`.
mlir::Value axisSet(LocBuilder &b, const Parameter &axes, int64_t rank);
mlir::FailureOr<llvm::SmallVector<int64_t>>
axisSets(Node &node, int64_t count, int64_t rank,
         llvm::function_ref<bool(int64_t)> wanted);
llvm::SmallVector<int64_t> axesOf(int64_t set, int64_t rank);

} // namespace ingot::lower

#endif
