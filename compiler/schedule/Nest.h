//===- Nest.h - the loops of a kernel, before they are loops --------------===//
//
// A kernel's stages fall into nests. A nest is one iteration space: a root stage and the elementwise stages over the same points that follow it in
// registers (its epilogue). Operands are accesses of flat buffers, by expressions over the nest's dimensions; views are gone.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SCHEDULE_NEST_H
#define INGOT_COMPILER_SCHEDULE_NEST_H

#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"
#include <vector>

namespace ingot {

/// constant + sum of coefficient * dimension + sum of coefficient * index argument.
struct Linear {
  llvm::SmallVector<int64_t> coefficients; ///< one for each dimension
  llvm::SmallVector<int64_t> symbols;      ///< one for each index argument
  int64_t offset = 0;

  int64_t operator[](unsigned dim) const { return coefficients[dim]; }
};

/// The linear form of an expression over `dims` dimensions and `symbols`
/// symbols, if it has one.
std::optional<Linear> toLinear(mlir::AffineExpr expr, unsigned dims,
                               unsigned symbols);

/// Reads outside of 0 <= index < size give the access's padding.
struct Bound {
  mlir::AffineExpr index;
  std::optional<Linear> linear;
  int64_t size;            ///< ShapedType::kDynamic where only the call knows it
  mlir::AffineExpr extent; ///< the size over the kernel's index arguments
};

/// Where a stage finds an operand, or puts a result.
struct Access {
  enum Kind { Unused, Buffer, Value, Constant } kind = Unused;
  unsigned buffer = 0;         ///< Buffer: number among the kernel's buffers
  mlir::Value value;           ///< Value: result of an earlier stage, held in a register
  mlir::TypedAttr constant;    ///< Constant: a splat's value
  mlir::Type element;          ///< type of one element
  mlir::AffineExpr index;      ///< Buffer: flat element index
  std::optional<Linear> linear; ///< of `index`
  std::vector<Bound> bounds;
  mlir::TypedAttr padding;
  /// Points outside the bounds add nothing to the reduction: its loops can skip them.
  bool skippable = false;

  bool dependsOn(unsigned dim) const;
  /// Elements that one step of the dimension makes, where that is the same everywhere.
  std::optional<int64_t> stride(unsigned dim) const;
};

/// One stage in a nest. `op` is null for the copy of a concatenation's operand.
struct Statement {
  /// A handle; mutable, since MLIR's accessors are not const.
  mutable mlir::linalg::GenericOp op;
  std::vector<Access> inputs;
  llvm::SmallVector<mlir::Value> results;
  std::vector<Access> stores;        ///< one for each result; Unused where it stays in a register
  llvm::SmallVector<mlir::AffineExpr> dims; ///< of each loop of `op`, over the nest's dimensions
};

struct Nest {
  llvm::SmallVector<int64_t> sizes; ///< ShapedType::kDynamic where only the call knows it
  llvm::SmallVector<mlir::AffineExpr> extents; ///< the sizes over the kernel's index arguments
  llvm::SmallVector<bool> reduction;
  /// Leading dimensions that are loops around all nests of the kernel.
  unsigned outer = 0;
  std::vector<Statement> statements; ///< the root first

  Statement &root() { return statements.front(); }
  const Statement &root() const { return statements.front(); }
  bool hasReduction() const;
  bool isDynamic(unsigned dim) const;
  /// All accesses of memory, loads and stores.
  void forEachAccess(llvm::function_ref<void(Access &)> visit);
  void forEachAccess(llvm::function_ref<void(const Access &)> visit) const;
};

/// All nests of a kernel. Buffers are numbered: the tensor operands in order,
/// then the results.
struct KernelNests {
  std::vector<Nest> nests;
  unsigned numBuffers = 0;
  llvm::SmallVector<mlir::BlockArgument> indexArguments;
  llvm::SmallVector<mlir::BlockArgument> scalarArguments; ///< of other types
  llvm::DenseMap<mlir::Value, unsigned> bufferOf;
  bool checked = false; ///< some stage asserts
  bool makesStrings = false; ///< some stage takes from the pool of strings
};

/// Fails with an error at the kernel if a stage is of a form that has no nest.
mlir::FailureOr<KernelNests> buildNests(KernelOp kernel);

/// Splits a dimension, which then counts steps of `inner` elements; a new, last dimension
/// counts within them. `inner` divides its size, and the dimension is in no bound and no uneven expression.
void splitDimension(Nest &nest, unsigned dim, int64_t inner);
bool canSplit(const Nest &nest, unsigned dim);

/// Reduction dimensions of more than one step in the order of their loops,
/// outermost first: those that skip padding, then by the distance that a step makes in the first operand.
llvm::SmallVector<unsigned> reductionOrder(const Nest &nest);

/// Of a dimension along which a nest does nothing else than copy, or convert, with padding around: the points [first, second) that are copied; the others are padding wherever the
/// other dimensions stand. None of any other dimension.
std::optional<std::pair<int64_t, int64_t>> copiedRange(const Nest &nest, unsigned dim);

/// Merges dimensions that every access walks as one, of a kernel with so many index arguments; a merged
/// dimension keeps the number of its inner part, the outer one's size becomes 1.
void mergeDimensions(Nest &nest, unsigned symbols);

} // namespace ingot

#endif
