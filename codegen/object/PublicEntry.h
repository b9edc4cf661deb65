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

/// Makes `main` the entry of a level, a hidden symbol of this name.
void exportLevel(llvm::Module &module, const llvm::Twine &name);

/// Adds the function `main` of a model with several levels, which calls the entry of the last one that the processor runs, by what the compiler's support
/// library knows of it (runtime-min's processor.h).
void addChoice(llvm::Module &module, const cpp::Interface &interface);

} // namespace ingot

#endif
