//===- ExpandKernels.cpp - kernels become functions -----------------------===//
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/schedule/Expand.h"
#include "compiler/schedule/Nest.h"
#include "compiler/schedule/Passes.h"
#include "compiler/support/Names.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {
#define GEN_PASS_DEF_EXPANDKERNELS
#include "compiler/schedule/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Nodes named in the comment of a function; a function that many kernels share names the first of them.
constexpr size_t kMostComments = 6;

static std::string shapeText(Type type, ArrayRef<AffineExpr> sizes,
                             ArrayRef<StringRef> names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor) {
    os << type;
    return text;
  }
  llvm::interleave(
      sizes, os,
      [&](AffineExpr size) {
        auto symbol = dyn_cast<AffineSymbolExpr>(size);
        if (symbol)
          os << names[symbol.getPosition()];
        else if (isa<AffineConstantExpr>(size))
          os << cast<AffineConstantExpr>(size).getValue();
        else
          os << "?";
      },
      "x");
  if (tensor.getRank() == 0)
    os << "scalar";
  if (!tensor.getElementType().isF32())
    os << " " << tensor.getElementType();
  return text;
}

static std::string comment(KernelOp kernel) {
  Sizes sizes;
  SmallVector<StringRef> names = symbolNames(kernel);
  auto shapes = [&](ValueRange values) {
    SmallVector<std::string> texts;
    for (Value value : values)
      if (isa<TensorType>(value.getType()))
        texts.push_back(shapeText(value.getType(), sizes.of(value), names));
      else if (!value.getDefiningOp<SizeOp>() && !value.getDefiningOp<DataSizeOp>())
        texts.push_back(shapeText(value.getType(), {}, names));
    return llvm::join(texts, ", ");
  };
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(nodesOf(kernel.getLoc()), os, [&](const NodeName &node) {
    os << node.name;
    if (!node.type.empty())
      os << " (" << node.type << ")";
  });
  os << ": " << shapes(kernel.getInputs()) << " -> "
     << shapes(kernel.getResults());
  return text;
}

/// Multiply-adds of the kernel's contractions.
static int64_t multiplyAdds(KernelOp kernel) {
  int64_t total = 0;
  kernel.walk([&](linalg::GenericOp op) {
    if (!isContraction(op))
      return;
    int64_t points = 1;
    for (int64_t size : op.getStaticLoopRanges())
      points *= size;
    // Of sizes that only the call knows there is no number.
    if (!llvm::is_contained(op.getStaticLoopRanges(), ShapedType::kDynamic))
      total += points;
  });
  return total;
}

namespace {
struct ExpandKernels : ingot::impl::ExpandKernelsBase<ExpandKernels> {
  void runOnOperation() override {
    const Target &target = Target::of(getOperation());
    SymbolTable symbols(getOperation());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels)
      if (failed(expand(kernel, target, symbols)))
        return signalPassFailure();
  }

  LogicalResult expand(KernelOp kernel, const Target &target,
                       SymbolTable &symbols) {
    FailureOr<ExpandedKernel> expanded =
        expandKernel(kernel, kernel.getName(), target);
    if (failed(expanded))
      return failure();
    OpBuilder b(kernel);
    SmallVector<Value> inputs(kernel.getInputs());
    for (auto &[operand, elements] : expanded->packed)
      inputs[operand] = arith::ConstantOp::create(
          b, inputs[operand].getLoc(), elements);

    func::FuncOp function = share(*expanded, symbols);
    SmallVector<Attribute> comments;
    if (auto attr = function->getAttrOfType<ArrayAttr>("ingot.comment"))
      llvm::append_range(comments, attr);
    if (comments.size() < kMostComments)
      comments.push_back(b.getStringAttr(comment(kernel)));
    function->setAttr("ingot.comment", b.getArrayAttr(comments));
    function->setAttr("ingot.macs", b.getI64IntegerAttr(multiplyAdds(kernel)));

    auto launch = LaunchOp::create(b, kernel.getLoc(), kernel.getResultTypes(),
                                   function.getSymName(), inputs,
                                   resultSizes(kernel));
    kernel.replaceAllUsesWith(launch.getResults());
    kernel.erase();
    return success();
  }

  /// The sizes of the results over the module's, where some are not static.
  static ArrayAttr resultSizes(KernelOp kernel) {
    if (llvm::all_of(kernel.getResultTypes(), isStatic))
      return {};
    Sizes sizes;
    unsigned names = symbolNames(kernel).size();
    SmallVector<AffineMap> maps;
    for (Value result : kernel.getResults())
      maps.push_back(AffineMap::get(0, names, sizes.of(result), kernel.getContext()));
    return Builder(kernel.getContext()).getAffineMapArrayAttr(maps);
  }

  /// Puts the functions into the module, unless the same ones are there.
  func::FuncOp share(ExpandedKernel &expanded, SymbolTable &symbols) {
    std::string text;
    llvm::raw_string_ostream os(text);
    for (auto &function : expanded.functions) {
      tidy(*function);
      function->print(os, OpPrintingFlags().useLocalScope());
    }
    auto [known, isNew] = functions.try_emplace(text);
    if (!isNew)
      return known->second;

    std::string base = expanded.functions.front()->getSymName().str();
    unsigned &count = counts[base];
    std::string unique = base;
    while (count++ || symbols.lookup(unique)) {
      unique = base + "_" + std::to_string(count);
      if (!symbols.lookup(unique))
        break;
    }
    for (auto &function : expanded.functions) {
      auto rename = [&](StringRef name) {
        return StringAttr::get(&getContext(),
                               unique + name.drop_front(base.size()));
      };
      function->setSymNameAttr(rename(function->getSymName()));
      function->walk([&](func::CallOp call) {
        call.setCalleeAttr(FlatSymbolRefAttr::get(rename(call.getCallee())));
      });
      symbols.insert(*function);
    }
    known->second = *expanded.functions.front();
    for (auto &function : expanded.functions)
      function.release();
    return known->second;
  }

  /// Constants and addresses once each.
  void tidy(func::FuncOp function) {
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
  }

  llvm::StringMap<func::FuncOp> functions; ///< by text
  llvm::StringMap<unsigned> counts;        ///< by name
};
} // namespace
