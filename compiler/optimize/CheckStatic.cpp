//===- CheckStatic.cpp ----------------------------------------------------===//
#include "compiler/optimize/Lists.h"
#include "compiler/optimize/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_CHECKSTATIC
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

namespace {
struct CheckStatic : ingot::impl::CheckStaticBase<CheckStatic> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(checkInputs(function)) || failed(checkValues(function)))
        return signalPassFailure();
  }

private:
  static LogicalResult checkInputs(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments()) {
      auto type = cast<ShapedType>(argument.getType());
      // Sizes with names are known when the model is called.
      if (type.hasStaticShape() ||
          function.getArgAttr(argument.getArgNumber(), "ingot.dims"))
        continue;
      StringRef name = "";
      if (auto attribute = function.getArgAttrOfType<StringAttr>(
              argument.getArgNumber(), "ingot.name"))
        name = attribute.getValue();
      std::string shape;
      for (int64_t size : type.getShape())
        shape += (shape.empty() ? "" : ",") +
                 (ShapedType::isDynamic(size) ? std::string("?")
                                              : std::to_string(size));
      return emitError(UnknownLoc::get(function.getContext()))
             << "the input '" << name << "' has the shape " << shape
             << ", of which sizes are unknown; fix them with --shape " << name
             << "=...";
    }
    return success();
  }

  static LogicalResult checkValues(func::FuncOp function) {
    WalkResult lists = function.walk([](Operation *op) {
      if (llvm::none_of(op->getResults(), [](OpResult result) { return isListType(result.getType()) && !result.use_empty(); }))
        return WalkResult::advance();
      op->emitError() << "data decide what its sequence or optional holds, which is not supported";
      return WalkResult::interrupt();
    });
    if (lists.wasInterrupted())
      return failure();
    // Which sizes that a call or data give can be followed, the lowering knows.
    if (function->getParentOp()->hasAttr("ingot.sizes"))
      return success();
    WalkResult result = function.walk([](Operation *op) {
      for (Type type : op->getResultTypes())
        if (auto shaped = dyn_cast<ShapedType>(type); shaped && !shaped.hasRank()) {
          op->emitError() << "the shape of a result depends on data (" << type
                          << "), which is not supported";
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }
};
} // namespace
