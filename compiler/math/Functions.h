//===- Functions.h - the elementary functions -----------------------------===//
#ifndef INGOT_COMPILER_MATH_FUNCTIONS_H
#define INGOT_COMPILER_MATH_FUNCTIONS_H

#include "compiler/math/Number.h"

namespace ingot {

/// One elementary function on f32, scalar or vector.
struct Function {
  /// `exp`; also the name of the operation in the math dialect.
  llvm::StringRef name;
  /// What it computes and its error bound, for the comment in printed code.
  llvm::StringRef about;
  unsigned arguments;
  Number (*body)(Formula &formula);
};

/// All functions, sorted by name.
llvm::ArrayRef<Function> functions();

/// The function of that name, or null.
const Function *findFunction(llvm::StringRef name);

} // namespace ingot

#endif
