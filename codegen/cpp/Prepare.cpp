//===- Prepare.cpp --------------------------------------------------------===//
#include "codegen/cpp/Prepare.h"
#include "codegen/cpp/Names.h"
#include "compiler/support/CodeOptions.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include <functional>

using namespace mlir;
using namespace ingot;
using namespace ingot::cpp;

bool cpp::isMath(func::FuncOp function) {
  return function && function->hasAttr("ingot.math");
}

/// What is no value of the model has a location of its own kind, which a value that has the same name has not: untyped memory, the
/// host's threads.
static Location ownLocation(Builder &builder, StringRef name, StringRef kind) {
  return NameLoc::get(builder.getStringAttr(name), NameLoc::get(builder.getStringAttr(kind)));
}

static bool isOwn(Value memory, StringRef kind) {
  auto outer = dyn_cast<NameLoc>(memory.getLoc());
  auto inner = outer ? dyn_cast<NameLoc>(outer.getChildLoc()) : nullptr;
  return inner && inner.getName() == kind;
}

bool cpp::isBytes(Value memory) { return isOwn(memory, "ingot.bytes"); }
bool cpp::isThreads(Value memory) { return isOwn(memory, kThreads); }

//===----------------------------------------------------------------------===//
// Splitting the graph's function
//===----------------------------------------------------------------------===//

/// Views and constants are written where they are used, so each part gets its own.
static bool isRepeated(Operation &op) {
  return isa<memref::ViewOp, arith::ConstantOp>(op);
}

static unsigned countStatements(Block &block) {
  unsigned count = 0;
  block.walk([&](Operation *op) {
    count += !isRepeated(*op) && !op->hasTrait<OpTrait::IsTerminator>();
    if (op->getNumRegions())
      ++count;
  });
  return count;
}

static unsigned countStatements(Operation &op) {
  unsigned count = !isRepeated(op);
  for (Region &region : op.getRegions())
    for (Block &block : region)
      count += countStatements(block);
  return count;
}

namespace {
class GraphSplitter {
public:
  GraphSplitter(func::FuncOp main, const CppStyle &style)
      : main(main), style(style) {}

  void split(Block &block) {
    for (Operation &op : block)
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          if (countStatements(inner) > style.statementsPerFunction / 2)
            split(inner);
    if (countStatements(block) <= style.statementsPerFunction)
      return;
    SmallVector<Operation *> part;
    unsigned size = 0;
    auto flush = [&] {
      if (size > 1)
        outline(part);
      part.clear();
      size = 0;
    };
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isRepeated(op))
        continue;
      // A scalar that a later operation needs stays in the outer function, and with it what computes it.
      bool leaves = op.hasTrait<OpTrait::IsTerminator>() ||
                    llvm::any_of(op.getResults(), [](Value result) {
                      return !result.use_empty();
                    });
      unsigned statements = countStatements(op);
      if (leaves || size + statements > style.statementsPerFunction)
        flush();
      if (leaves)
        continue;
      part.push_back(&op);
      size += statements;
    }
    flush();
  }

private:
  /// Moves consecutive operations without used results into a function.
  void outline(ArrayRef<Operation *> part) {
    llvm::SetVector<Value> captured;
    llvm::SetVector<Operation *> repeated;
    std::function<void(Value)> capture = [&](Value value) {
      Operation *owner = value.getParentBlock()->getParentOp();
      if (llvm::any_of(part, [&](Operation *op) { return op->isAncestor(owner); }))
        return;
      Operation *def = value.getDefiningOp();
      if (!def || !isRepeated(*def)) {
        captured.insert(value);
        return;
      }
      if (repeated.contains(def))
        return;
      for (Value operand : def->getOperands())
        capture(operand);
      repeated.insert(def);
    };
    for (Operation *op : part)
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          capture(operand);
      });

    // Arguments in the order of @main's, scalars last.
    SmallVector<Value> arguments = captured.takeVector();
    llvm::stable_sort(arguments, [](Value a, Value b) {
      auto position = [](Value value) {
        auto argument = dyn_cast<BlockArgument>(value);
        return argument && isa<MemRefType>(value.getType())
                   ? argument.getArgNumber()
                   : ~0u;
      };
      return position(a) < position(b);
    });
    OpBuilder builder(main);
    SmallVector<Type> types(ValueRange(arguments).getTypes());
    std::string name;
    do
      name = "part_" + std::to_string(++parts);
    while (SymbolTable::lookupNearestSymbolFrom(main, builder.getStringAttr(name)));
    auto function = func::FuncOp::create(
        builder, main.getLoc(), name,
        builder.getFunctionType(types, {}));
    function.setPrivate();
    function->setAttr(kGraphAttr, builder.getUnitAttr());
    SmallVector<Location> locations;
    for (Value argument : arguments)
      locations.push_back(argument.getLoc());
    Block *body = new Block();
    function.getBody().push_back(body);
    body->addArguments(types, locations);

    IRMapping mapping;
    mapping.map(arguments, body->getArguments());
    builder.setInsertionPointToEnd(body);
    for (Operation *op : repeated)
      builder.clone(*op, mapping);
    Operation *before = part.front();
    OpBuilder outer(before);
    func::CallOp::create(outer, before->getLoc(), function, arguments);
    for (Operation *op : part) {
      op->moveBefore(body, body->end());
      op->walk([&](Operation *inner) {
        for (OpOperand &operand : inner->getOpOperands())
          if (Value inside = mapping.lookupOrNull(operand.get()))
            operand.set(inside);
      });
    }
    func::ReturnOp::create(builder, main.getLoc());
  }

  func::FuncOp main;
  const CppStyle &style;
  unsigned parts = 0;
};
} // namespace

/// Views stand where they are used first, as declarations do.
static void sinkViews(Block &block) {
  SmallVector<Operation *> views;
  for (Operation &op : block)
    if (isa<memref::ViewOp>(op))
      views.push_back(&op);
  for (Operation *view : views) {
    Operation *first = nullptr;
    for (Operation *user : view->getUsers()) {
      Operation *inBlock = block.findAncestorOpInBlock(*user);
      if (!first || inBlock->isBeforeInBlock(first))
        first = inBlock;
    }
    if (first)
      view->moveBefore(first);
  }
}

LogicalResult cpp::checkPlanned(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return module.emitError("has no planned function @main; run plan-memory");
  unsigned arenas = 0, weights = 0;
  for (BlockArgument argument : main.getArguments()) {
    auto attribute = [&](StringRef name) {
      return main.getArgAttr(argument.getArgNumber(), name);
    };
    if (isa<IndexType>(argument.getType()) && attribute("ingot.size"))
      continue;
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type || type.getRank() != 1)
      return main.emitError("takes something else than flat buffers");
    if (attribute("ingot.arena"))
      ++arenas;
    else if (attribute("ingot.weights"))
      ++weights;
    else if (!isa_and_nonnull<StringAttr>(attribute("ingot.name")) && !attribute("ingot.shape_of") && !attribute(kThreads))
      return main.emitError("has an argument without ingot.name");
  }
  if (arenas != 1 || weights != 1)
    return main.emitError("needs one arena and one weights argument");
  if (main.getNumResults() != 1 || !main.getResultTypes()[0].isInteger(32))
    return main.emitError("does not return a status");
  return success();
}

LogicalResult cpp::prepare(ModuleOp module, const CppStyle &style) {
  if (failed(checkPlanned(module)))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  Builder builder(module.getContext());
  for (BlockArgument argument : main.getArguments()) {
    auto attribute = [&](StringRef name) {
      return main.getArgAttr(argument.getArgNumber(), name);
    };
    if (attribute("ingot.arena"))
      argument.setLoc(ownLocation(builder, "arena", "ingot.bytes"));
    else if (attribute("ingot.weights"))
      argument.setLoc(ownLocation(builder, "weights", "ingot.bytes"));
    else if (attribute(kThreads))
      argument.setLoc(ownLocation(builder, "threads", kThreads));
    else if (auto name = dyn_cast_or_null<StringAttr>(attribute("ingot.name")))
      argument.setLoc(NameLoc::get(name));
  }
  // A pointer has no length.
  main.walk([&](memref::ViewOp view) {
    for (OpOperand &size : view.getSizesMutable())
      size.set(view.getByteShift());
  });
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
    if (isa<affine::AffineApplyOp>(op) && op.use_empty())
      op.erase();
  main->setAttr(kGraphAttr, builder.getUnitAttr());
  GraphSplitter(main, style).split(main.getBody().front());
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(kGraphAttr))
      sinkViews(function.getBody().front());
  return success();
}

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

/// The buffer that a view looks into, and the bytes of it: [first, last). Where a size is open, `open` is the offset instead:
/// such buffers start at different offsets, or are the same.
static Value rootOf(Value memory, int64_t &first, int64_t &last, Value &open) {
  first = 0;
  last = INT64_MAX;
  while (auto view = memory.getDefiningOp<memref::ViewOp>()) {
    APInt shift;
    auto type = cast<MemRefType>(view.getType());
    if (!matchPattern(view.getByteShift(), m_ConstantInt(&shift)) || !type.hasStaticShape()) {
      open = view.getByteShift();
      return view.getSource();
    }
    int64_t bytes = type.getNumElements() *
                    ((type.getElementTypeBitWidth() + 7) / 8);
    first = shift.getSExtValue();
    last = first + bytes;
    memory = view.getSource();
  }
  return memory;
}

static Value rootOf(Value memory) {
  int64_t first, last;
  Value open;
  return rootOf(memory, first, last, open);
}

ModuleFacts cpp::analyse(ModuleOp module, const CppStyle &style) {
  ModuleFacts facts;
  SymbolTable symbols(module);
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());

  // Writes, passed on from callees to callers until nothing changes; the call graph is a few levels deep.
  for (bool changed = true; changed;) {
    changed = false;
    auto write = [&](Value memory) {
      changed |= facts.written.insert(rootOf(memory)).second;
    };
    for (func::FuncOp function : functions)
      function.walk([&](Operation *op) {
        if (auto store = dyn_cast<memref::StoreOp>(op))
          return write(store.getMemRef());
        if (auto store = dyn_cast<vector::StoreOp>(op))
          return write(store.getBase());
        if (auto library = dyn_cast<LibraryOp>(op)) {
          llvm::for_each(library.getOutputs(), write);
          return;
        }
        std::optional<FunctionCall> call = functionCallOf(op);
        auto callee = call ? symbols.lookup<func::FuncOp>(call->callee.getValue()) : nullptr;
        if (!callee || callee.isExternal())
          return;
        for (auto [operand, argument] :
             llvm::zip(call->arguments, callee.getArguments()))
          if (isa<MemRefType>(operand.getType()) &&
              facts.written.contains(argument))
            write(operand);
      });
  }

  // Arguments that a call makes overlap; again from callers to callees.
  for (bool changed = true; changed;) {
    changed = false;
    for (func::FuncOp function : functions)
      function.walk([&](Operation *op) {
        std::optional<FunctionCall> call = functionCallOf(op);
        auto callee = call ? symbols.lookup<func::FuncOp>(call->callee.getValue()) : nullptr;
        if (!callee || callee.isExternal())
          return;
        unsigned count = call->arguments.size();
        for (unsigned i = 0; i < count; ++i)
          for (unsigned j = 0; j < i; ++j) {
            Value a = call->arguments[i], b = call->arguments[j];
            if (!isa<MemRefType>(a.getType()) || !isa<MemRefType>(b.getType()))
              continue;
            int64_t firstA, lastA, firstB, lastB;
            Value openA, openB;
            Value rootA = rootOf(a, firstA, lastA, openA);
            Value rootB = rootOf(b, firstB, lastB, openB);
            bool overlap = rootA == rootB
                               ? openA == openB && firstA < lastB && firstB < lastA
                               : facts.overlapping.contains(rootA) &&
                                     facts.overlapping.contains(rootB);
            Value x = callee.getArgument(i), y = callee.getArgument(j);
            if (!overlap ||
                (!facts.written.contains(x) && !facts.written.contains(y)))
              continue;
            changed |= facts.overlapping.insert(x).second;
            changed |= facts.overlapping.insert(y).second;
          }
      });
  }

  NameScopes names;
  for (func::FuncOp function : functions) {
    std::string name = identifier(function.getName(), 2 * style.longestName);
    if (function.getName() == "main")
      name = "graph";
    facts.names[function] = names.add(name.empty() ? "kernel" : name);
  }
  module.walk([&](LookupOp lookup) {
    std::string &name = facts.tables[lookup.getTable()];
    if (name.empty())
      name = names.add("table");
  });
  return facts;
}
