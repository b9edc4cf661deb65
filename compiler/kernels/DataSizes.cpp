//===- DataSizes.cpp ------------------------------------------------------===//
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Sizes.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace ingot;

constexpr StringLiteral kDataSizes = "ingot.data_sizes";

static ModuleOp moduleOf(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  return module ? module : op->getParentOfType<ModuleOp>();
}

SmallVector<DataSize> ingot::dataSizes(Operation *inModule) {
  SmallVector<DataSize> sizes;
  if (auto list = moduleOf(inModule)->getAttrOfType<ArrayAttr>(kDataSizes))
    for (auto entry : list.getAsRange<DictionaryAttr>())
      sizes.push_back({entry.getAs<StringAttr>("name").getValue(),
                       entry.getAs<AffineMapAttr>("most").getValue().getResult(0)});
  return sizes;
}

unsigned ingot::addDataSize(Operation *inModule, StringRef name, AffineExpr most) {
  ModuleOp module = moduleOf(inModule);
  Builder b(module.getContext());
  unsigned named = sizeNames(module).size();
  SmallVector<Attribute> entries;
  if (auto list = module->getAttrOfType<ArrayAttr>(kDataSizes))
    llvm::append_range(entries, list);
  NamedAttribute fields[] = {
      b.getNamedAttr("most", AffineMapAttr::get(AffineMap::get(0, named, mostOf(most, module)))),
      b.getNamedAttr("name", b.getStringAttr(name))};
  entries.push_back(b.getDictionaryAttr(fields));
  module->setAttr(kDataSizes, b.getArrayAttr(entries));
  return kFirstDataSize + entries.size() - 1;
}

void ingot::numberDataSizes(Operation *module) {
  unsigned named = sizeNames(module).size();
  module->walk([&](DataSizeOp size) {
    if (size.getNumber() >= kFirstDataSize)
      size.setNumber(size.getNumber() - kFirstDataSize + named);
  });
}

SmallVector<StringRef> ingot::symbolNames(Operation *inModule) {
  SmallVector<StringRef> names = sizeNames(inModule);
  for (const DataSize &size : dataSizes(inModule))
    names.push_back(size.name);
  return names;
}

namespace {
/// Bounds of expressions whose symbols from `named` on are between 0 and `most`; other symbols are at least 1.
struct Bounds {
  unsigned named;
  SmallVector<AffineExpr> most;

  AffineExpr constant(AffineExpr like, int64_t value) { return getAffineConstantExpr(value, like.getContext()); }

  AffineExpr of(AffineExpr size, bool upper) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(size)) {
      if (symbol.getPosition() < named)
        return size;
      return upper ? most[symbol.getPosition() - (symbol.getPosition() >= kFirstDataSize ? kFirstDataSize : named)] : constant(size, 0);
    }
    auto pair = dyn_cast<AffineBinaryOpExpr>(size);
    if (!pair)
      return size;
    AffineExpr left = pair.getLHS(), right = pair.getRHS();
    auto factor = dyn_cast<AffineConstantExpr>(right);
    switch (size.getKind()) {
    case AffineExprKind::Add:
      return of(left, upper) + of(right, upper);
    case AffineExprKind::Mul:
      return factor && factor.getValue() < 0 ? of(left, !upper) * factor : of(left, upper) * of(right, upper);
    case AffineExprKind::FloorDiv:
      return of(left, upper).floorDiv(of(right, !upper));
    case AffineExprKind::CeilDiv:
      return of(left, upper).ceilDiv(of(right, !upper));
    default: // Mod
      return upper ? of(right, true) - 1 : constant(size, 0);
    }
  }
};
} // namespace

AffineExpr ingot::mostOf(AffineExpr size, Operation *inModule) {
  if (!isFromData(size, inModule))
    return size;
  Bounds bounds{unsigned(sizeNames(inModule).size()), {}};
  for (const DataSize &one : dataSizes(inModule))
    bounds.most.push_back(one.most);
  return simplifiedSize(bounds.of(size, /*upper=*/true));
}

bool ingot::canExceed(ArrayRef<AffineExpr> sizes, int64_t elementBytes, int64_t limit, Operation *inModule) {
  // Exact where it matters, and never too small by more than a rounding.
  double bytes = double(elementBytes);
  for (AffineExpr size : sizes) {
    AffineExpr most = mostOf(size, inModule);
    bool isNamed = false;
    most.walk([&](AffineExpr part) { isNamed |= isa<AffineSymbolExpr>(part); });
    if (isNamed)
      continue;
    // Numbers that are too large are not computed.
    auto number = dyn_cast<AffineConstantExpr>(most);
    if (!number || number.getValue() < 0)
      return true;
    bytes *= double(std::max<int64_t>(number.getValue(), 1));
  }
  return bytes > double(limit);
}

llvm::DenseMap<unsigned, Value> ingot::dataSizeValues(Operation *in) {
  llvm::DenseMap<unsigned, Value> values;
  in->walk([&](DataSizeOp size) { values[size.getNumber()] = size.getResult(); });
  return values;
}
