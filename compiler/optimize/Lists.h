//===- Lists.h - sequences and optionals as lists of tensors --------------===//
//
// Ingot's shapes are static, and so are the lengths of sequences and the presence of optionals: both are names for tensors, which the
// operators on them pass around. Behind the optimise stage there are only the tensors.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_LISTS_H
#define INGOT_COMPILER_OPTIMIZE_LISTS_H

#include "compiler/optimize/Rewrite.h"

namespace ingot {

/// What a sequence or an optional holds.
struct List {
  bool isSequence = false; ///< else `elements` is one tensor
  bool absent = false;     ///< an optional that holds nothing
  llvm::SmallVector<mlir::Value> elements;
};

/// Whether the type is a sequence or an optional.
bool isListType(mlir::Type type);

/// The list that a value is: one that SequenceConstruct, SequenceEmpty or Optional makes, or a tensor. Nullopt where nothing tells.
std::optional<List> knownList(mlir::Value value);

/// Infers the operations from `from` up to `to`, which follow each other in a block; they may be replaced.
using InferRange = llvm::function_ref<mlir::LogicalResult(mlir::Operation *from, mlir::Operation *to)>;

struct ListOptions {
  /// Also resolves what data decide: by selection among the elements, or as the result's promise says, which the code then checks.
  bool byData = false;
  /// Operations that copies of loops' bodies may still add, and elements that sequences may still have, all sequences together.
  int64_t *budget = nullptr;
  int64_t *elements = nullptr;
};

/// Replaces an operation on sequences or optionals by operations on their elements, as far as its operands are known. `promised` has what
/// the results are to be (docs/ir.md), or is null. Returns whether `op` was replaced; what took its place stands where it was and is not inferred yet.
mlir::FailureOr<bool> resolveLists(mlir::Operation *op, mlir::ArrayAttr promised, const ListOptions &options, InferRange infer);

/// Takes the branch in the place of the If: running into the other one is an error at run time. False where no result can carry the check.
bool takeBranch(onnx::IfOp op, mlir::Region &taken);

/// Gives @main tensors for its results that are sequences and optionals, once all are known; `ingot.lists` of the module says which.
void resolveResults(mlir::func::FuncOp main);

/// Whether the module has values that are sequences or optionals and are used.
bool hasLists(mlir::ModuleOp module);

} // namespace ingot

#endif
