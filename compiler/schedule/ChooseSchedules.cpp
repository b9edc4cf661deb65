//===- ChooseSchedules.cpp ------------------------------------------------===//
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_CHOOSESCHEDULES
#include "compiler/schedule/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {
struct ChooseSchedules : ingot::impl::ChooseSchedulesBase<ChooseSchedules> {
  void runOnOperation() override {
    const Target &target = Target::of(getOperation());
    WalkResult walked = getOperation().walk([&](KernelOp kernel) {
      return kernel.getSchedule() || succeeded(choose(kernel, target))
                 ? WalkResult::advance()
                 : WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult choose(KernelOp kernel, const Target &target) {
    FailureOr<KernelNests> nests = buildNests(kernel);
    if (failed(nests))
      return failure();
    SmallVector<bool> isConstant(nests->numBuffers, false);
    for (auto [operand, argument] : llvm::zip(
             kernel.getInputs(), kernel.getBody().front().getArguments()))
      if (auto found = nests->bufferOf.find(argument);
          found != nests->bufferOf.end())
        isConstant[found->second] = matchPattern(operand, m_Constant());
    SmallVector<Attribute> schedules;
    for (Nest &nest : nests->nests) {
      mergeDimensions(nest, nests->indexArguments.size());
      schedules.push_back(
          chooseSchedule(nest, isConstant, target).toAttr(&getContext()));
    }
    Builder b(&getContext());
    kernel.setScheduleAttr(b.getDictionaryAttr(
        b.getNamedAttr("nests", b.getArrayAttr(schedules))));
    return success();
  }
};
} // namespace
