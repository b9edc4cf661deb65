//===- PublicEntry.h - what a model's object file exports -----------------===//
#ifndef INGOT_CODEGEN_OBJECT_PUBLICENTRY_H
#define INGOT_CODEGEN_OBJECT_PUBLICENTRY_H

#include "codegen/cpp/Interface.h"
#include "llvm/IR/Module.h"

namespace ingot {

/// Adds what NAME.h declares (`NAME::run` by its mangled name, and the descriptor `NAME_model`), as codegen/cpp's printEntry writes
/// it, around the function `main`, which becomes internal. `weights` are the linked ones, or null.
void addPublicEntry(llvm::Module &module, const cpp::Interface &interface,
                    llvm::GlobalVariable *weights);

} // namespace ingot

#endif
