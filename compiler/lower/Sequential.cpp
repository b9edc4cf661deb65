//===- Sequential.cpp -----------------------------------------------------===//
#include "compiler/lower/Sequential.h"
#include "compiler/support/Names.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Type argumentType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  return MemRefType::get({tensor.hasStaticShape() ? tensor.getNumElements() : ShapedType::kDynamic}, tensor.getElementType());
}

/// The function that is launched. It stands in front, where the walk over functions that are still to be lowered has been.
static func::FuncOp makeFunction(LocBuilder &outside, StringRef name, StringRef remark, TypeRange inputs, TypeRange results, bool checked, LoopsBody body) {
  SmallVector<Type> types;
  for (TypeRange side : {inputs, results})
    for (Type type : side)
      types.push_back(argumentType(type));
  if (checked)
    types.push_back(MemRefType::get({1}, outside.getI32Type()));
  auto made = func::FuncOp::create(outside.getLoc(), name, outside.getFunctionType(types, {}));
  made.setPrivate();
  made->setAttr("ingot.kernel", outside.getUnitAttr());
  if (checked)
    made->setAttr("ingot.checked", outside.getUnitAttr());
  std::string comment;
  for (const NodeName &node : nodesOf(outside.getLoc()))
    comment += (comment.empty() ? "" : ", ") + node.name + " (" + node.type + ")";
  made->setAttr("ingot.comment", outside.getStrArrayAttr({comment + ": " + remark.str()}));
  auto module = outside.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  SymbolTable(module).insert(made, module.getBody()->begin());
  LocBuilder b = LocBuilder::atBlockEnd(made.getLoc(), made.addEntryBlock());
  for (auto [i, argument] : llvm::enumerate(made.getArguments()))
    argument.setLoc(NameLoc::get(b.getStringAttr(i < inputs.size() ? "x" : "out")));
  body(b, made.getArguments());
  func::ReturnOp::create(b);
  return made;
}

SmallVector<Value> lower::launchLoops(LocBuilder &b, StringRef name, StringRef remark, ValueRange inputs, TypeRange results, bool checked, LoopsBody body) {
  // A number repeated has no memory.
  SmallVector<Value> operands(inputs);
  for (Value &operand : operands)
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && splatOf(operand))
      operand = mapped(b, {}, ArrayRef<AffineMap>(), type,
                       [value = splatOf(operand)](LocBuilder &b, ValueRange) -> Value { return arith::ConstantOp::create(b, value); });
  func::FuncOp callee = makeFunction(b, name, remark, ValueRange(operands).getTypes(), results, checked, body);
  auto launch = LaunchOp::create(b, results, callee.getSymName(), operands, ArrayAttr());
  return SmallVector<Value>(launch.getResults());
}

void lower::forEach(LocBuilder &b, StringRef name, int64_t begin, int64_t end, int64_t step, llvm::function_ref<void(LocBuilder &, Value)> body) {
  auto loop = scf::ForOp::create(b, index(b, begin), index(b, end), index(b, step));
  loop.getInductionVar().setLoc(NameLoc::get(b.getStringAttr(name)));
  LocBuilder inner = LocBuilder::atBlockBegin(b.getLoc(), loop.getBody());
  body(inner, loop.getInductionVar());
}

SmallVector<Value> lower::forEachFrom(LocBuilder &b, StringRef name, int64_t begin, int64_t end, ValueRange start,
                                      llvm::function_ref<SmallVector<Value>(LocBuilder &, Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, index(b, begin), index(b, end), index(b, 1), start);
  loop.getInductionVar().setLoc(NameLoc::get(b.getStringAttr(name)));
  LocBuilder inner = LocBuilder::atBlockBegin(b.getLoc(), loop.getBody());
  scf::YieldOp::create(inner, body(inner, loop.getInductionVar(), loop.getRegionIterArgs()));
  return SmallVector<Value>(loop.getResults());
}
