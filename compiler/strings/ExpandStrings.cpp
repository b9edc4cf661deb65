//===- ExpandStrings.cpp - calls of the functions of strings --------------===//
#include "compiler/strings/Passes.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/AsmParser/AsmParserState.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_EXPANDSTRINGS
#include "compiler/strings/Passes.h.inc"
} // namespace ingot

static constexpr char kFunctions[] =
#include "compiler/strings/Functions.inc"
    ;

/// The location that gives a value the name that it has in the text.
static Location nameAt(llvm::SMRange range, MLIRContext *context) {
  if (!range.isValid())
    return UnknownLoc::get(context);
  StringRef text(range.Start.getPointer(), range.End.getPointer() - range.Start.getPointer());
  text.consume_front("%");
  return NameLoc::get(StringAttr::get(context, text.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; })));
}

/// The module of all functions; their text is a part of this program.
static OwningOpRef<ModuleOp> parseFunctions(MLIRContext *context) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(kFunctions, "functions.mlir"), llvm::SMLoc());
  AsmParserState state;
  if (failed(parseAsmSourceFile(sources, module->getBody(), ParserConfig(context), &state)))
    llvm::report_fatal_error("compiler/strings/functions.mlir cannot be parsed");
  for (const AsmParserState::OperationDefinition &definition : state.getOpDefs()) {
    Operation *op = definition.op;
    op->setLoc(definition.resultGroups.empty() ? UnknownLoc::get(context)
                                               : nameAt(definition.resultGroups.front().definition.loc, context));
  }
  for (const AsmParserState::BlockDefinition &definition : state.getBlockDefs())
    for (auto [argument, known] : llvm::zip(definition.block->getArguments(), definition.arguments))
      argument.setLoc(nameAt(known.loc, context));
  return module;
}

namespace {
struct ExpandStringsPass : ingot::impl::ExpandStringsBase<ExpandStringsPass> {
  void runOnOperation() override {
    SmallVector<StringOp> ops;
    getOperation().walk([&](StringOp op) { ops.push_back(op); });
    if (ops.empty())
      return;
    brought.clear();
    OwningOpRef<ModuleOp> library = parseFunctions(&getContext());
    SymbolTable known(*library), symbols(getOperation());
    for (StringOp op : ops) {
      func::FuncOp function = bring(op.getName(), known, symbols);
      if (!function || TypeRange(function.getArgumentTypes()) != TypeRange(op.getOperandTypes()) ||
          TypeRange(function.getResultTypes()) != TypeRange(op->getResultTypes())) {
        op.emitError() << "has no function '" << op.getName() << "' of these operands in compiler/strings/functions.mlir";
        return signalPassFailure();
      }
      OpBuilder builder(op);
      auto call = func::CallOp::create(builder, op.getLoc(), function, op.getOperands());
      op.replaceAllUsesWith(call.getResult(0));
      op.erase();
    }
  }

private:
  /// The function in this module, and those that it calls; under another name where a kernel has its own.
  func::FuncOp bring(StringRef name, SymbolTable &known, SymbolTable &symbols) {
    if (func::FuncOp function = brought.lookup(name))
      return function;
    auto original = known.lookup<func::FuncOp>(name);
    if (!original)
      return {};
    auto function = cast<func::FuncOp>(original->clone());
    function.walk([&](func::CallOp call) {
      call.setCallee(bring(call.getCallee(), known, symbols).getSymName());
    });
    function->setAttr("ingot.math", UnitAttr::get(&getContext()));
    symbols.insert(function);
    return brought[name] = function;
  }

  llvm::StringMap<func::FuncOp> brought;
};
} // namespace
