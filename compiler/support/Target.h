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

/// Sums `terms` neighbouring products of small integers into each lane of int32, modulo 2^32. The second factor is signed.
struct DotInstruction {
  std::string name;
  int64_t terms = 1;
  unsigned bits[2] = {}; ///< of the factors
  bool isFirstUnsigned = false;
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
  /// The best one first.
  std::vector<DotInstruction> dots;
  int64_t l1Bytes = 0;
  int64_t l2Bytes = 0;
  std::vector<std::string> compileFlags;
  /// Libraries that code for it may call (runtime-host), sorted.
  std::vector<std::string> libraries;

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

  /// The target of that name, or null. `native` is resolved on this machine.
  /// The object lives as long as the program.
  static const Target *find(llvm::StringRef name);
  /// Every target, sorted by name.
  static const std::vector<Target> &all();
  /// What the module's attribute `ingot.target` names; x86-64-v3 where the
  /// module has none, so that IR files are compiled alike everywhere.
  static const Target &of(mlir::ModuleOp module);
};

} // namespace ingot

#endif
