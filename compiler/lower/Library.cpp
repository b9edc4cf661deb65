//===- Library.cpp --------------------------------------------------------===//
#include "compiler/lower/Library.h"
#include "compiler/lower/Structured.h"
#include "compiler/support/Names.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static LogicalResult checkAllowed(Node &node, ModuleOp module, StringRef library) {
  auto allowed = module->getAttrOfType<ArrayAttr>("ingot.libraries");
  if (allowed && llvm::is_contained(allowed, Attribute(node.b.getStringAttr(library))))
    return success();
  const Target &target = Target::of(module);
  if (!llvm::is_contained(target.libraries, library.str()))
    return node.fail("it calls the library '" + library + "' (runtime-host), which the target '" + target.name +
                     "' has not; take it out of the model, or compile for another target");
  return node.fail("it calls the library '" + library + "' (runtime-host), which the program must link; allow that by --library " + library);
}

static Type argumentType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  return MemRefType::get({tensor.hasStaticShape() ? tensor.getNumElements() : ShapedType::kDynamic}, tensor.getElementType());
}

/// The function that is launched. It stands in front, where the walk over functions that are still to be lowered has been.
static func::FuncOp passOn(Node &node, ModuleOp module, StringRef library, StringRef function, TypeRange inputs, TypeRange results) {
  Builder &attributes = node.b;
  SmallVector<Type> types;
  for (TypeRange side : {inputs, results})
    for (Type type : side)
      types.push_back(argumentType(type));
  types.push_back(MemRefType::get({1}, attributes.getI32Type()));
  auto made = func::FuncOp::create(node.op->getLoc(), toIdentifier(node.kind()), attributes.getFunctionType(types, {}));
  made.setPrivate();
  made->setAttr("ingot.kernel", attributes.getUnitAttr());
  made->setAttr("ingot.checked", attributes.getUnitAttr());
  std::string comment = node.name() + " (" + node.kind().str() + "): by the library '" + library.str() + "'";
  made->setAttr("ingot.comment", attributes.getStrArrayAttr({comment}));
  SymbolTable(module).insert(made, module.getBody()->begin());
  Block *body = made.addEntryBlock();
  LocBuilder b = LocBuilder::atBlockEnd(made.getLoc(), body);
  ValueRange arguments = body->getArguments();
  LibraryOp::create(b, library, function, arguments.take_front(inputs.size()), arguments.drop_front(inputs.size()));
  func::ReturnOp::create(b);
  return made;
}

FailureOr<SmallVector<Value>> lower::callLibrary(Node &node, StringRef library, StringRef function, ValueRange inputs, TypeRange results) {
  auto module = node.op->getParentOfType<ModuleOp>();
  if (failed(checkAllowed(node, module, library)))
    return failure();
  // A number repeated has no memory.
  SmallVector<Value> operands(inputs);
  for (Value &operand : operands)
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && splatOf(operand))
      operand = mapped(node.b, {}, ArrayRef<AffineMap>(), type,
                       [value = splatOf(operand)](LocBuilder &b, ValueRange) -> Value { return arith::ConstantOp::create(b, value); });
  func::FuncOp callee = passOn(node, module, library, function, ValueRange(operands).getTypes(), results);
  auto launch = LaunchOp::create(node.b, results, callee.getSymName(), operands, ArrayAttr());
  return SmallVector<Value>(launch.getResults());
}
