//===- ChooseSchedules.cpp ------------------------------------------------===//
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Sharing.h"
#include "compiler/support/CodeOptions.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA1.h"

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
    measured = getOperation()->getAttrOfType<DictionaryAttr>(kSchedules);
    getOperation()->removeAttr(kSchedules);
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
    SmallVector<bool> isConstant = constantBuffers(kernel, *nests);
    SmallVector<Schedule> schedules;
    auto known = measured ? measured.getAs<DictionaryAttr>(keyOf(kernel)) : DictionaryAttr();
    ArrayAttr knownNests = known ? known.getAs<ArrayAttr>("nests") : ArrayAttr();
    if (known && (!knownNests || knownNests.size() != nests->nests.size() || !llvm::all_of(knownNests, llvm::IsaPred<DictionaryAttr>)))
      return kernel.emitError("has a schedule of other nests than its own");
    for (auto [i, nest] : llvm::enumerate(nests->nests)) {
      mergeDimensions(nest, nests->indexArguments.size());
      schedules.push_back(known ? Schedule::fromAttr(cast<DictionaryAttr>(knownNests[i])) : chooseSchedule(nest, isConstant, target));
    }
    if (known && !llvm::all_of(llvm::zip_equal(nests->nests, schedules), [](auto pair) { return isWithin(std::get<0>(pair), std::get<1>(pair)); }))
      return kernel.emitError("has a schedule that does not fit its loops");
    // How threads share a kernel was measured for one number of them.
    int64_t threads = threadsOf(getOperation());
    auto knownThreads = known ? known.getAs<IntegerAttr>(kScheduleThreads) : IntegerAttr();
    if (!knownThreads || knownThreads.getInt() != threads)
      chooseSharing(*nests, schedules, workOf(kernel), threads, target);
    Builder b(&getContext());
    SmallVector<Attribute> attributes;
    for (const Schedule &schedule : schedules)
      attributes.push_back(schedule.toAttr(&getContext()));
    kernel.setScheduleAttr(b.getDictionaryAttr(
        b.getNamedAttr("nests", b.getArrayAttr(attributes))));
    return success();
  }

  DictionaryAttr measured; ///< schedules by the keys of kernels
};
} // namespace

SmallVector<bool> ingot::constantBuffers(KernelOp kernel, const KernelNests &nests) {
  SmallVector<bool> isConstant(nests.numBuffers, false);
  for (auto [operand, argument] : llvm::zip(kernel.getInputs(), kernel.getBody().front().getArguments()))
    if (auto found = nests.bufferOf.find(argument); found != nests.bufferOf.end())
      isConstant[found->second] = matchPattern(operand, m_Constant());
  return isConstant;
}

std::string ingot::keyOf(KernelOp kernel) {
  OwningOpRef<KernelOp> copy(kernel.clone());
  copy->setName("kernel");
  copy->removeScheduleAttr();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << Target::of(kernel->getParentOfType<ModuleOp>()).name << '\n';
  // What is constant can be packed; its values do not matter.
  for (Value input : kernel.getInputs())
    os << (matchPattern(input, m_Constant()) ? 'c' : 'v');
  copy->print(os, OpPrintingFlags().useLocalScope().elideLargeElementsAttrs(16).elideLargeResourceString(16));
  return llvm::toHex(llvm::SHA1::hash(llvm::arrayRefFromStringRef(os.str())), /*LowerCase=*/true).substr(0, 16);
}
