//===- Printer.h - one function as C++ ------------------------------------===//
#ifndef INGOT_CODEGEN_CPP_PRINTER_H
#define INGOT_CODEGEN_CPP_PRINTER_H

#include "codegen/cpp/Names.h"
#include "codegen/cpp/Prepare.h"
#include "codegen/cpp/Text.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace ingot::cpp {

/// The C++ type of a scalar or vector; a vector of one lane is a scalar. Empty where there is none.
std::string typeName(mlir::Type type);

/// `void name(const float *__restrict x, ptrdiff_t i)`, without noexcept.
std::string signature(mlir::func::FuncOp function, const ModuleFacts &facts,
                      llvm::ArrayRef<std::string> argumentNames);

/// Names of a function's arguments.
std::vector<std::string> argumentNames(mlir::func::FuncOp function,
                                       NameScopes &names,
                                       const CppStyle &style);

/// `constexpr int16_t table[256] = {...};` with a newline, for a table that ingot.lookup reads.
void printTable(llvm::raw_ostream &os, mlir::ElementsAttr table, llvm::StringRef name, const CppStyle &style);

/// Prints a function's definition. Values with one use are written where they are used, loop-carried values are variables that the loop
/// updates in place.
class FunctionPrinter {
public:
  FunctionPrinter(mlir::func::FuncOp function, const ModuleFacts &facts,
                  const mlir::SymbolTable &symbols, const CppStyle &style)
      : function(function), facts(facts), symbols(symbols), style(style),
        body(style) {}

  /// Fails with an error at an operation that docs/ir.md does not allow.
  llvm::LogicalResult print(llvm::raw_ostream &os);

private:
  /// A block's operations are planned when it is entered, before any is printed.
  void plan(mlir::Block &block);
  void planUpdates(mlir::Block &block);
  bool mayFold(mlir::Operation *op, unsigned length);
  unsigned estimate(mlir::Value value);
  /// The operation whose statement has the text of `op` in it.
  mlir::Operation *statementOf(mlir::Operation *op);
  bool blocksLoad(mlir::Operation *op, mlir::Value memory);

  void nameConstants();
  void printBlock(mlir::Block &block);
  void printOperation(mlir::Operation &op);
  void printFor(mlir::scf::ForOp loop);
  void printWhile(mlir::scf::WhileOp loop);
  void printIf(mlir::scf::IfOp branch);
  void printView(mlir::Operation &view);
  /// variables = values, all at once.
  void assign(llvm::ArrayRef<std::string> variables, mlir::ValueRange values);
  std::string assignment(llvm::StringRef variable, mlir::Operation &op,
                         const std::string &text);
  void readVariables(mlir::Value value, llvm::StringSet<> &names);

  std::string fresh(mlir::Value value, llvm::StringRef fallback);
  std::string variableType(mlir::Value value);

  /// Text of a value. `scalar`: a vector with equal lanes may be written as a scalar.
  Expression expression(mlir::Value value, bool scalar = false);
  Expression operation(mlir::Operation *op, bool scalar);
  Expression constant(mlir::Attribute value, mlir::Type type, bool scalar,
                      bool typed);
  /// Argument of a function template: literals carry their type.
  Expression argument(mlir::Value value, bool scalar = false);
  Expression address(mlir::Value memory, mlir::Value index);
  Expression element(mlir::Value memory, mlir::Value index);
  Expression call(llvm::StringRef name, llvm::ArrayRef<Expression> arguments);
  Expression common(llvm::StringRef name, mlir::ValueRange operands);
  Expression operators(mlir::Operation *op, llvm::StringRef name);
  Expression compareFloats(mlir::Operation *op);
  Expression compareIntegers(mlir::Operation *op);
  Expression bound(mlir::Operation *op, llvm::StringRef larger);
  Expression numberBound(mlir::Operation *op, llvm::StringRef name);
  Expression affine(mlir::AffineExpr expr, mlir::ValueRange operands);
  Expression affineResults(mlir::AffineMap map, mlir::ValueRange operands,
                           llvm::StringRef name);
  /// `expr` over `values`, where the affine operations that are folded into it have been put in.
  mlir::AffineExpr composed(mlir::AffineExpr expr, unsigned dims,
                            mlir::ValueRange operands,
                            llvm::SmallVectorImpl<mlir::Value> &values);
  bool isNonNegative(mlir::AffineExpr expr, mlir::ValueRange operands,
                     unsigned dims);
  bool isNonNegative(mlir::Value value);
  bool printsAsScalar(mlir::Value value);
  unsigned maskBits(mlir::Value value);
  std::string maskType(mlir::Value value, unsigned bits);
  Expression mask(mlir::Value value, unsigned bits);
  void fail(mlir::Operation *op, const llvm::Twine &message);

  mlir::func::FuncOp function;
  const ModuleFacts &facts;
  const mlir::SymbolTable &symbols;
  const CppStyle &style;
  Body body;
  NameScopes names;
  bool failed = false;

  /// Values that have a name of their own.
  llvm::DenseMap<mlir::Value, std::string> variables;
  /// Names of repeated constants, by value and type.
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Type>, std::string> constants;
  llvm::SmallPtrSet<mlir::Operation *, 32> folded;
  /// Results that are assigned to the variable of a loop-carried value (the block argument) at their own place.
  llvm::DenseMap<mlir::Value, mlir::BlockArgument> updates;
};

} // namespace ingot::cpp

#endif
