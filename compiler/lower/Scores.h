//===- Scores.h - what classifiers and regressors share -------------------===//
#ifndef INGOT_COMPILER_LOWER_SCORES_H
#define INGOT_COMPILER_LOWER_SCORES_H

#include "compiler/lower/Strings.h"

namespace ingot::lower {

/// Tables of weights that are made from attributes have at most so many numbers.
constexpr int64_t kMostWeights = int64_t(1) << 26;

/// The post_transform (NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO, PROBIT) of scores (rows, columns), in float32.
mlir::Value transformScores(LocBuilder &b, mlir::Value scores, llvm::StringRef kind);

/// The first place of the greatest score of each row, as tensor<rows x i64>.
mlir::Value bestColumn(LocBuilder &b, mlir::Value scores);

/// table[place] for each place, all of which are inside.
mlir::Value lookUp(LocBuilder &b, mlir::Value places, mlir::Value table);

/// What a classifier calls its classes: numbers or strings.
struct ClassLabels {
  /// Reads the attribute `classlabels_strings`, or else the one of numbers, which has this name.
  ClassLabels(Node &node, llvm::StringRef numbersName);

  std::vector<int64_t> numbers;
  std::vector<std::string> strings;

  size_t size() const { return std::max(numbers.size(), strings.size()); }
  /// The labels of classes by their places.
  mlir::Value at(LocBuilder &b, mlir::Value places) const;
};

/// (-s, s) for scores (rows, 1).
mlir::Value bothSigns(LocBuilder &b, mlir::Value scores);

/// Operand 0 as (rows, features) in float32; a vector is one row. Null where it is neither, or has not as many features, if their number is given.
mlir::Value featureRows(Node &node, std::optional<int64_t> features = std::nullopt);

/// Whether the value can stand for result i: it has its element type and rank, and sizes of which the module requires that they agree.
bool fits(const Node &node, mlir::Value value, unsigned i = 0);

} // namespace ingot::lower

#endif
