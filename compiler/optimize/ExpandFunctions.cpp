//===- ExpandFunctions.cpp ------------------------------------------------===//
#include "compiler/import/Functions.h"
#include "compiler/optimize/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_EXPANDFUNCTIONS
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

namespace {
struct ExpandFunctions : ingot::impl::ExpandFunctionsBase<ExpandFunctions> {
  using Base = ingot::impl::ExpandFunctionsBase<ExpandFunctions>;
  using Base::Base;

  void runOnOperation() override {
    llvm::StringSet<> kept;
    for (const std::string &name : keep)
      kept.insert(name);
    // A body may hold functions again; the specification's are nested a few
    // levels deep.
    llvm::SmallPtrSet<Operation *, 16> refused;
    bool changed = true;
    while (changed) {
      changed = false;
      SmallVector<Operation *> found;
      getOperation().walk([&](Operation *op) {
        if (!kept.contains(op->getName().getStringRef()) &&
            !refused.contains(op) && hasFunctionBody(op))
          found.push_back(op);
      });
      for (Operation *op : found) {
        FailureOr<bool> expanded = expandFunction(op);
        if (failed(expanded))
          return signalPassFailure();
        changed |= *expanded;
        if (!*expanded)
          refused.insert(op);
      }
    }
    // A body may find out more, or less, than the operator did.
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      Block &block = function.getBody().front();
      function.setType(FunctionType::get(
          &getContext(), block.getArgumentTypes(),
          block.getTerminator()->getOperandTypes()));
    }
  }
};
} // namespace
