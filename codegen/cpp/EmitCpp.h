//===- EmitCpp.h - the planned module as C++ sources ----------------------===//
#ifndef INGOT_CODEGEN_CPP_EMITCPP_H
#define INGOT_CODEGEN_CPP_EMITCPP_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/LogicalResult.h"
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// Where the weights of a model live.
enum class WeightsPlace {
  /// An array up to `CppStyle::largestArray` bytes, else linked.
  automatic,
  /// A C++ array.
  array,
  /// NAME.weights, taken into read-only data by the assembler (.incbin).
  linked,
  /// NAME.weights stays a file, which the caller maps and passes to Context.
  external,
};

/// The place of that name (auto, array, linked, external), or nullopt.
std::optional<WeightsPlace> weightsPlace(llvm::StringRef name);

/// What the generated text looks like.
struct CppStyle {
  unsigned columns = 100;
  unsigned indent = 2;
  /// A value with one use is written where it is used as long as the expression has about this many characters.
  unsigned longestExpression = 64;
  /// Statements of a graph function, before it is split.
  unsigned statementsPerFunction = 36;
  /// Names are cut to this many characters.
  unsigned longestName = 40;
  /// Weights of more bytes than this are not written as text.
  int64_t largestArray = 4096;
  /// Files that the kernels are spread over. Fixed, since the build system needs to know them before the model is compiled.
  unsigned kernelFiles = 4;
};

struct CppOptions {
  /// C identifier: the namespace, and the stem of all files. Empty: the module's `ingot.model`.
  std::string name;
  /// Made if it does not exist.
  std::string outDir = ".";
  /// What the files say they were made from: the name of the model's file without its folder.
  std::string source;
  WeightsPlace weights = WeightsPlace::automatic;
  CppStyle style;
};

/// A file of a model: its name in the output folder, and its content.
struct CppFile {
  std::string name;
  std::string content;
};

/// The sources of a planned module (docs/ir.md, plan), in memory. Errors are reported at the module's operations.
llvm::FailureOr<std::vector<CppFile>> printCpp(mlir::ModuleOp planned,
                                               const CppOptions &options);

/// Writes the files of `printCpp` into `options.outDir`. Each is written beside its place and then renamed.
llvm::LogicalResult emitCpp(mlir::ModuleOp planned, const CppOptions &options);

/// Flags that the sources need with any GCC or Clang, besides the target's `compileFlags`.
std::vector<std::string> cppCompileFlags();

} // namespace ingot

#endif
