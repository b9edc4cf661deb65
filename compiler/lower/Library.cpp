//===- Library.cpp --------------------------------------------------------===//
#include "compiler/lower/Library.h"
#include "compiler/lower/Sequential.h"
#include "compiler/support/Names.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"

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

FailureOr<SmallVector<Value>> lower::callLibrary(Node &node, StringRef library, StringRef function, ValueRange inputs, TypeRange results) {
  auto module = node.op->getParentOfType<ModuleOp>();
  if (failed(checkAllowed(node, module, library)))
    return failure();
  return launchLoops(node.b, toIdentifier(node.kind()), ("by the library '" + library + "'").str(), inputs, results, /*checked=*/true, [&](LocBuilder &b, ValueRange memory) {
    LibraryOp::create(b, library, function, memory.take_front(inputs.size()), memory.drop_front(inputs.size()));
  });
}
