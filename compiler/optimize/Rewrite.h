//===- Rewrite.h - what the passes over the onnx dialect share ------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_REWRITE_H
#define INGOT_COMPILER_OPTIMIZE_REWRITE_H

#include "dialects/onnx/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <vector>

namespace ingot {

mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::ElementsAttr value);
/// A one-dimensional constant of int64.
mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::ArrayRef<int64_t> values);

/// Elements of a float or double constant, or nullopt.
std::optional<std::vector<double>> realValues(mlir::ElementsAttr elements);
/// A float or double constant of values that are rounded once.
mlir::ElementsAttr makeReals(mlir::RankedTensorType type,
                             llvm::ArrayRef<double> values,
                             llvm::StringRef name);

/// Elements of an integer constant, or nullopt.
std::optional<std::vector<int64_t>> integerConstant(mlir::Value value);
/// The one value that a float or integer constant has everywhere.
std::optional<double> splatConstant(mlir::Value value);

/// Moves the operations of the branch that is taken before an `If` with a constant condition, and gives
/// the values that replace its results.
std::optional<llvm::SmallVector<mlir::Value>> inlineConstantIf(onnx::IfOp op);

/// Makes the function's type that of the values that it returns.
void updateResultTypes(mlir::func::FuncOp function);

/// Name of the node at a location, for the names of new constants.
llvm::StringRef nodeName(mlir::Location loc);

} // namespace ingot

#endif
