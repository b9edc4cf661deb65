//===- KernelAlone.cpp - one kernel of a model as a model of its own ------===//
#include "compiler/driver/KernelAlone.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Tensor.h"
#include "compiler/import/ElementTypes.h"
#include "compiler/schedule/Sharing.h"
#include "compiler/support/CodeOptions.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include <random>

using namespace ingot;

static std::string typeName(mlir::Type type) { return elementTypeName(mlir::getElementTypeOrSelf(type)); }

bool KernelAlone::canBe(KernelOp kernel) {
  auto fits = [](mlir::Type type) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && bytesOfType(typeName(type)) > 0;
  };
  return llvm::all_of(kernel.getInputs().getTypes(), fits) && llvm::all_of(kernel.getResultTypes(), fits);
}

Schedules KernelAlone::chosen() const {
  Schedules schedules;
  for (mlir::Attribute nest : KernelOp(kernel).getSchedule()->getAs<mlir::ArrayAttr>("nests"))
    schedules.push_back(Schedule::fromAttr(llvm::cast<mlir::DictionaryAttr>(nest)));
  return schedules;
}

namespace {
/// What steps read; they share it.
struct Space {
  KernelNests nests;
  Work work;
  int64_t threads;
  const Target &target;
};
} // namespace

std::vector<KernelAlone::Step> KernelAlone::steps() const {
  mlir::FailureOr<KernelNests> nests = buildNests(kernel);
  if (mlir::failed(nests))
    return {};
  for (Nest &nest : nests->nests)
    mergeDimensions(nest, nests->indexArguments.size());
  auto outer = KernelOp(kernel)->getParentOfType<mlir::ModuleOp>();
  llvm::SmallVector<bool> isConstant = constantBuffers(kernel, *nests);
  auto space = std::make_shared<Space>(Space{std::move(*nests), workOf(kernel), threadsOf(outer), Target::of(outer)});

  // The ways of sharing come before and after the tiles: few, and worth much.
  std::vector<Step> sharing, steps;
  if (space->threads > 1)
    for (const Sharing &way : possibleSharings(space->nests, space->threads))
      sharing.push_back([=](const Schedules &from) -> std::optional<Schedules> {
        Schedules to = from;
        to.front().shared = way.dim;
        to.front().grain = way.dim == -1 ? 1 : grainOf(space->nests.nests.front(), to.front(), way);
        bool same = to.front().shared == from.front().shared && to.front().grain == from.front().grain;
        if (same || (way.dim != -1 && !canShare(space->nests, to.front(), way.dim)))
          return std::nullopt;
        return to;
      });
  steps = sharing;
  std::mt19937_64 random(std::stoull(key(), nullptr, 16));
  for (size_t index = 0; index != space->nests.nests.size(); ++index) {
    std::vector<Schedule> others = alternativeSchedules(space->nests.nests[index], isConstant, space->target);
    // The cost model's own choice.
    if (!others.empty())
      others.erase(others.begin());
    // As std::shuffle, which libraries do not do alike.
    for (size_t i = others.size(); i > 1; --i)
      std::swap(others[i - 1], others[random() % i]);
    for (const Schedule &other : others)
      steps.push_back([=](const Schedules &from) -> std::optional<Schedules> {
        Schedules to = from;
        to[index] = other;
        if (index == 0)
          chooseSharing(space->nests, to, space->work, space->threads, space->target);
        return to;
      });
  }
  steps.insert(steps.end(), sharing.begin(), sharing.end());
  return steps;
}

mlir::OwningOpRef<mlir::ModuleOp> KernelAlone::module() const {
  KernelOp op = kernel;
  mlir::OpBuilder builder(op->getContext());
  mlir::Location loc = builder.getUnknownLoc();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  auto outer = op->getParentOfType<mlir::ModuleOp>();
  (*module)->setAttr("ingot.model", builder.getStringAttr("kernel"));
  for (const char *name : {"ingot.target", kThreads})
    if (mlir::Attribute value = outer->getAttr(name))
      (*module)->setAttr(name, value);
  llvm::SmallVector<mlir::Value> variables;
  for (mlir::Value input : op.getInputs())
    if (!mlir::matchPattern(input, mlir::m_Constant()) && !llvm::is_contained(variables, input))
      variables.push_back(input);
  builder.setInsertionPointToEnd(module->getBody());
  auto main =
      mlir::func::FuncOp::create(builder, loc, "main", builder.getFunctionType(llvm::to_vector(mlir::ValueRange(variables).getTypes()), op.getResultTypes()));
  auto describe = [&](mlir::Type type, llvm::Twine name) {
    return llvm::SmallVector<mlir::NamedAttribute>{builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
                                                   builder.getNamedAttr("ingot.type", builder.getStringAttr(typeName(type)))};
  };
  for (auto [i, variable] : llvm::enumerate(variables))
    main.setArgAttrs(i, describe(variable.getType(), "x" + llvm::Twine(i)));
  for (auto [i, type] : llvm::enumerate(op.getResultTypes()))
    main.setResultAttrs(i, describe(type, "y" + llvm::Twine(i)));
  mlir::Block *body = main.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  mlir::IRMapping mapping;
  mapping.map(variables, body->getArguments());
  for (mlir::Value input : op.getInputs())
    if (!mapping.contains(input))
      mapping.map(input, builder.clone(*input.getDefiningOp())->getResult(0));
  mlir::Operation *copy = builder.clone(*op, mapping);
  mlir::func::ReturnOp::create(builder, loc, copy->getResults());
  return module;
}

Candidate KernelAlone::with(const Schedules &schedules) const {
  Candidate candidate;
  mlir::OwningOpRef<mlir::ModuleOp> made = module();
  candidate.interface = interfaceOf(*made);
  mlir::Builder builder(made->getContext());
  llvm::SmallVector<mlir::Attribute> nests;
  for (const Schedule &schedule : schedules)
    nests.push_back(schedule.toAttr(made->getContext()));
  made->walk([&](KernelOp op) { op.setScheduleAttr(builder.getDictionaryAttr(builder.getNamedAttr("nests", builder.getArrayAttr(nests)))); });
  Progress silent(/*show=*/false);
  mlir::ScopedDiagnosticHandler quiet(made->getContext(), [](mlir::Diagnostic &) { return mlir::success(); });
  if (mlir::succeeded(runStages(*made, Form::kernels, Form::plan, Effort::full, silent)))
    candidate.planned = std::move(made);
  return candidate;
}
