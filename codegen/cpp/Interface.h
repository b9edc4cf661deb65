//===- Interface.h - what a model's user sees -----------------------------===//
#ifndef INGOT_CODEGEN_CPP_INTERFACE_H
#define INGOT_CODEGEN_CPP_INTERFACE_H

#include "codegen/cpp/EmitCpp.h"
#include "compiler/support/SizeExpr.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::cpp {

/// An input or output of the model.
struct ModelValue {
  unsigned argument;       // of @main
  std::string name;        // in the model
  std::string member;      // in C++
  std::string type;        // std::uint8_t
  std::string kernelType;  // int8_t: what @main takes
  std::string element;     // INGOT_UINT8
  int elementNumber;       // what INGOT_UINT8 is
  std::string onnxType;    // uint8
  std::vector<int64_t> shape; // ShapedType::kDynamic where a call chooses the size
  /// Where a call chooses sizes: the shape and its product over the model's sizes.
  llvm::SmallVector<mlir::AffineExpr> sizes;
  mlir::AffineExpr elements;
  int64_t count = 0; // of elements, -1 where a call chooses
  int64_t bytes = 0;
  int state = -1;          // number of the input or output that it is one state with
  /// Of an output whose shape data give: the argument of @main that takes the shape. `shape` and `sizes` are the greatest then.
  std::optional<unsigned> shapeArgument;
  llvm::SmallVector<bool> fromData; // of each dimension
};

/// A size that a call chooses.
struct ModelSize {
  unsigned argument;   // of @main
  std::string name;    // in the model
  std::string member;  // in C++
};

/// A sequence or an optional, of which the values from `first` on are the tensors.
struct ModelList {
  std::string name;    // in the model
  std::string kind;    // INGOT_SEQUENCE
  int kindNumber;      // what INGOT_SEQUENCE is
  bool isOutput;
  int64_t first, count;
};

/// The code of a model for one of several targets. `run` calls that of the last level whose needs the processor meets.
struct ModelLevel {
  std::string target;             // x86-64-v3
  std::string function;           // NAME_x86_64_v3_graph, which takes and gives what @main does
  std::vector<std::string> needs; // of the processor
};

struct Interface {
  std::string name;
  std::string target;
  std::string about;       // first line of each file
  int64_t arenaBytes = 0;
  int64_t weightBytes = 0;
  bool externalWeights = false;
  std::vector<ModelValue> inputs, outputs;
  std::vector<ModelSize> sizes;
  /// Sizes of which each is the greatest of expressions over those before it, and what must not be negative (docs/ir.md).
  std::vector<SizeList> derived;
  SizeList required;
  std::vector<ModelList> lists; // the inputs' first
  /// The arena's bytes over the sizes; null where they are `arenaBytes`.
  mlir::AffineExpr arenaSize;
  /// @main's arguments: inputs and outputs as they come, -1 arena, -2 weights.
  unsigned arena = 0, weights = 0, arguments = 0;
  std::optional<unsigned> threads; ///< the argument that takes the host's threads, where some are expected
  std::vector<ModelLevel> levels;  ///< the first runs everywhere; empty: the code is for one target

  bool hasState() const;
  bool hasStrings() const;
  /// Whether data give the shape of an output.
  bool hasShapes() const;
};

/// Reads the interface off a planned module, prepared or not. Errors are reported at the module's operations.
llvm::FailureOr<Interface> readInterface(mlir::ModuleOp module,
                                         const CppOptions &options);

/// The name of a level's files and of its namespace: NAME_x86_64_v3.
std::string levelStem(llvm::StringRef name, const Target &level);

/// The interface of a model for all levels of the target, from those of its planned modules, in the order of the levels: the same but for memory,
/// of which there has to be enough for each level. `weightBytes` is left to the caller. Fails after an error at the first module.
llvm::FailureOr<Interface> joinLevels(llvm::ArrayRef<Interface> levels, const Target &target, const CppOptions &options, mlir::MLIRContext &context);

/// The parameters of @main in C++, with their types, or their names alone, with commas between.
std::string graphParameters(const Interface &interface, bool withTypes);

/// The shape as the descriptor has it: static sizes, and negative numbers for those that a call chooses (runtime-min's model.h).
std::vector<int64_t> tabulatedShape(const ModelValue &value, const Interface &interface);

/// NAME.h
std::string printHeader(const Interface &interface, const CppStyle &style);
/// The functions and the descriptor at the end of NAME.cpp.
std::string printEntry(const Interface &interface, const CppStyle &style);

} // namespace ingot::cpp

#endif
