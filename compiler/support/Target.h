//===- Target.h - what is known of the device a model is compiled for -----===//
#ifndef INGOT_COMPILER_SUPPORT_TARGET_H
#define INGOT_COMPILER_SUPPORT_TARGET_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
}

namespace ingot {

/// Sums `terms` neighbouring products of small integers into each lane of int32, modulo 2^32; the second factor is signed. Or products of bfloat16 into
/// each lane of float32, rounded as the instruction does.
struct DotInstruction {
  std::string name;
  int64_t terms = 1;
  unsigned bits[2] = {}; ///< of the factors
  bool isFirstUnsigned = false;
  bool isFloat = false; ///< the factors are bfloat16
};

/// One file of targets/. Sizes are in bytes.
struct Target {
  std::string name;
  std::string about;
  std::string triple;
  std::string cpu;
  std::string features; ///< for LLVM, besides those of the processor
  std::string abi;      ///< for LLVM, where it is not the triple's own
  int64_t vectorBytes = 4;
  int64_t vectorRegisters = 16;
  /// Of the general registers, how many a loop without vectors can hold values in.
  int64_t integerRegisters = 8;
  bool fma = false;
  bool halfConversions = false; ///< between float16 and float32, by instructions
  /// The best one first.
  std::vector<DotInstruction> dots;
  int64_t l1Bytes = 0;
  int64_t l2Bytes = 0;
  std::vector<std::string> compileFlags;
  /// Libraries that code for it may call (runtime-host), sorted.
  std::vector<std::string> libraries;
  /// What its processors have beyond every processor of the architecture, by LLVM's names.
  std::vector<std::string> needs;
  /// Targets whose code one model holds together, each with more needs than the one before; the processor decides when the model runs. Code that is
  /// for all of them is the first one's, and so is all that stands above. Empty: the code is for this target alone.
  std::vector<std::string> levels;

  /// Lanes of one vector register for elements of the given size; at least 1.
  int64_t lanes(int64_t elementBytes) const {
    return vectorBytes < elementBytes ? 1 : vectorBytes / elementBytes;
  }

  /// The instruction for factors of 8 bits, or null.
  const DotInstruction *dotOfBytes() const {
    for (const DotInstruction &dot : dots)
      if (dot.bits[0] == 8 && dot.bits[1] == 8)
        return &dot;
    return nullptr;
  }
  /// The best instruction for integers, or that for bfloat16; null where there is none.
  const DotInstruction *dotOf(bool floats) const {
    for (const DotInstruction &dot : dots)
      if (dot.isFloat == floats)
        return &dot;
    return nullptr;
  }

  /// Whether this machine runs its code.
  bool runsHere() const;
  /// The last of its levels that this machine runs, or itself where it has none; null where this machine runs none of its code.
  const Target *here() const;
  /// Itself, or what its levels name.
  std::vector<const Target *> parts() const;
  /// The name as a part of an identifier: x86_64_v3.
  std::string identifier() const;

  /// The target of that name, or null. `native` is resolved on this machine.
  /// The object lives as long as the program.
  static const Target *find(llvm::StringRef name);
  /// Every target, sorted by name.
  static const std::vector<Target> &all();
  /// What the module's attribute `ingot.target` names; x86-64-v3 where the
  /// module has none, so that IR files are compiled alike everywhere. Ends the process where it names none, or one of several levels: a module
  /// is for one instruction set.
  static const Target &of(mlir::ModuleOp module);
};

} // namespace ingot

#endif
