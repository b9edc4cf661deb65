//===- SizeExpr.cpp -------------------------------------------------------===//
#include "compiler/support/SizeExpr.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

using namespace mlir;
using namespace ingot;

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

namespace {
/// Factors by their text, which orders them; each may come several times.
using Product = std::vector<std::string>;

/// A sum of products of atoms: symbols, dimensions, and quotients and rests that do not come apart.
struct Sum {
  std::map<Product, int64_t> terms;
  std::map<std::string, AffineExpr> atoms;
  bool overflows = false;

  void add(const Product &product, int64_t factor) {
    int64_t &sum = terms[product];
    overflows |= __builtin_add_overflow(sum, factor, &sum);
    if (sum == 0)
      terms.erase(product);
  }
  bool isConstant() const {
    return terms.empty() || (terms.size() == 1 && terms.begin()->first.empty());
  }
  int64_t constant() const {
    auto found = terms.find({});
    return found == terms.end() ? 0 : found->second;
  }
};
} // namespace

/// More terms than any size has: products of sums grow with each factor.
constexpr size_t kMostTerms = 64;

static Sum sumOf(AffineExpr expr);

static AffineExpr exprOf(const Sum &sum, MLIRContext *context) {
  // Products of more factors first, the constant last.
  std::vector<std::pair<Product, int64_t>> terms(sum.terms.begin(), sum.terms.end());
  llvm::stable_sort(terms, [](const auto &a, const auto &b) { return a.first.size() > b.first.size(); });
  AffineExpr result;
  for (const auto &[product, factor] : terms) {
    AffineExpr term;
    for (const std::string &atom : product)
      term = term ? term * sum.atoms.at(atom) : sum.atoms.at(atom);
    term = term ? term * factor : getAffineConstantExpr(factor, context);
    result = result ? result + term : term;
  }
  return result ? result : getAffineConstantExpr(0, context);
}

static Sum atomOf(AffineExpr expr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // s2 before s10.
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    os << "s" << char('a' + std::to_string(symbol.getPosition()).size()) << symbol.getPosition();
  else
    os << (isa<AffineDimExpr>(expr) ? "d" : "t") << expr;
  Sum sum;
  sum.atoms[text] = expr;
  sum.terms[{text}] = 1;
  return sum;
}

static Sum product(const Sum &a, const Sum &b) {
  Sum result;
  result.atoms = a.atoms;
  result.atoms.insert(b.atoms.begin(), b.atoms.end());
  result.overflows = a.overflows || b.overflows || a.terms.size() * b.terms.size() > kMostTerms;
  if (result.overflows)
    return result;
  for (const auto &[x, m] : a.terms)
    for (const auto &[y, n] : b.terms) {
      Product both = x;
      both.insert(both.end(), y.begin(), y.end());
      llvm::sort(both);
      int64_t factor;
      result.overflows |= __builtin_mul_overflow(m, n, &factor);
      result.add(both, factor);
    }
  return result;
}

static void addTo(Sum &sum, const Sum &other) {
  sum.atoms.insert(other.atoms.begin(), other.atoms.end());
  sum.overflows |= other.overflows;
  for (const auto &[product, factor] : other.terms)
    sum.add(product, factor);
}

/// Takes out of `sum` what the divisor, one product, divides; the rest stays in `sum`.
static Sum takeQuotient(Sum &sum, const Product &by, int64_t factor) {
  Sum quotient;
  quotient.atoms = sum.atoms;
  for (auto [product, number] : std::map<Product, int64_t>(sum.terms)) {
    Product left;
    std::set_difference(product.begin(), product.end(), by.begin(), by.end(), std::back_inserter(left));
    if (left.size() + by.size() != product.size())
      continue;
    // Of constants the rest is not negative.
    int64_t taken = product == by ? llvm::divideFloorSigned(number, factor) : number / factor;
    if (product != by && number % factor != 0)
      continue;
    quotient.add(left, taken);
    sum.add(product, -taken * factor);
  }
  return quotient;
}

/// over / under, or the rest of that.
static Sum quotientOf(const Sum &over, const Sum &under, MLIRContext *context, bool wantsRest) {
  Sum sum = over, result;
  if (over.overflows || under.overflows || under.terms.empty() || (under.isConstant() && under.constant() <= 0)) {
    result.overflows = true;
    return result;
  }
  // Factors of all terms of both cancel out.
  if (under.terms.size() == 1 && !wantsRest)
    for (const std::string &text : Product(under.terms.begin()->first)) {
      Sum left = over, right = under;
      Sum a = takeQuotient(left, {text}, 1), c = takeQuotient(right, {text}, 1);
      if (left.terms.empty() && right.terms.empty())
        return quotientOf(a, c, context, wantsRest);
    }
  if (under.terms.size() == 1) {
    result = takeQuotient(sum, under.terms.begin()->first, under.terms.begin()->second);
  } else if (over.terms == under.terms) {
    result.add({}, 1);
    sum.terms.clear();
  }
  bool fits = sum.terms.empty() ||
              (sum.isConstant() && under.isConstant() && sum.constant() >= 0 && sum.constant() < under.constant());
  if (wantsRest) {
    if (fits || result.terms.empty())
      return fits ? sum : atomOf(exprOf(over, context) % exprOf(under, context));
    return atomOf(exprOf(sum, context) % exprOf(under, context));
  }
  if (!fits)
    addTo(result, atomOf(exprOf(sum, context).floorDiv(exprOf(under, context))));
  return result;
}

static Sum sumOf(AffineExpr expr) {
  Sum sum;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    sum.add({}, constant.getValue());
    return sum;
  }
  auto pair = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!pair)
    return atomOf(expr);
  Sum a = sumOf(pair.getLHS()), b = sumOf(pair.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    addTo(a, b);
    return a;
  case AffineExprKind::Mul:
    return product(a, b);
  case AffineExprKind::CeilDiv:
    addTo(a, b);
    a.add({}, -1);
    return quotientOf(a, b, expr.getContext(), /*wantsRest=*/false);
  case AffineExprKind::FloorDiv:
    return quotientOf(a, b, expr.getContext(), /*wantsRest=*/false);
  default:
    return quotientOf(a, b, expr.getContext(), /*wantsRest=*/true);
  }
}

AffineExpr ingot::simplifiedSize(AffineExpr size) {
  if (!isa<AffineBinaryOpExpr>(size))
    return size;
  Sum sum = sumOf(size);
  return sum.overflows ? size : exprOf(sum, size.getContext());
}

AffineExpr ingot::productOf(ArrayRef<AffineExpr> sizes, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(1, context);
  for (AffineExpr size : sizes)
    result = result * size;
  return simplifiedSize(result);
}

AffineExpr ingot::exactQuotient(AffineExpr size, AffineExpr divisor) {
  Sum over = sumOf(size), under = sumOf(divisor);
  if (over.overflows || under.overflows || under.terms.empty())
    return {};
  if (over.terms == under.terms)
    return getAffineConstantExpr(1, size.getContext());
  if (under.terms.size() != 1 || under.terms.begin()->second <= 0) {
    // A common factor of both may be all that is in the way.
    for (const auto &[text, atom] : under.atoms) {
      Sum left = over, right = under;
      Sum a = takeQuotient(left, {text}, 1), b = takeQuotient(right, {text}, 1);
      if (left.terms.empty() && right.terms.empty() && !b.terms.empty())
        return exactQuotient(exprOf(a, size.getContext()), exprOf(b, size.getContext()));
    }
    return {};
  }
  Sum quotient = takeQuotient(over, under.terms.begin()->first, under.terms.begin()->second);
  return over.terms.empty() ? exprOf(quotient, size.getContext()) : AffineExpr();
}

std::optional<int64_t> ingot::constantSize(AffineExpr size) {
  if (auto constant = dyn_cast_or_null<AffineConstantExpr>(size))
    return constant.getValue();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

SizeList ingot::sizesOf(RankedTensorType type) {
  SizeList sizes;
  auto known = dyn_cast_or_null<AffineMapAttr>(type.getEncoding());
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size)) {
      sizes.push_back(getAffineConstantExpr(size, type.getContext()));
      continue;
    }
    AffineExpr expr = known && i < known.getValue().getNumResults() ? known.getValue().getResult(i) : AffineExpr();
    // A dimension stands for what is not known.
    sizes.push_back(isa_and_nonnull<AffineDimExpr>(expr) ? AffineExpr() : expr);
  }
  return sizes;
}

RankedTensorType ingot::sizedType(ArrayRef<AffineExpr> sizes, Type element) {
  MLIRContext *context = element.getContext();
  SmallVector<int64_t> shape;
  SizeList exprs;
  bool isOpen = false;
  for (AffineExpr size : sizes) {
    std::optional<int64_t> constant = constantSize(size);
    bool isStatic = constant && *constant >= 0;
    shape.push_back(isStatic ? *constant : ShapedType::kDynamic);
    isOpen |= size && !isStatic;
    exprs.push_back(size && (isStatic || !constant) ? size : getAffineDimExpr(0, context));
  }
  Attribute encoding;
  if (isOpen) {
    unsigned symbols = 0;
    for (AffineExpr expr : exprs)
      expr.walk([&](AffineExpr part) {
        if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
          symbols = std::max(symbols, symbol.getPosition() + 1);
      });
    encoding = AffineMapAttr::get(AffineMap::get(1, symbols, exprs, context));
  }
  return RankedTensorType::get(shape, element, encoding);
}

Type ingot::plainType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !isa_and_nonnull<AffineMapAttr>(tensor.getEncoding()))
    return type;
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

static ModuleOp moduleOf(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  return module ? module : op->getParentOfType<ModuleOp>();
}

static SmallVector<SizeList> mapsOf(Operation *inModule, StringRef name) {
  SmallVector<SizeList> lists;
  // A graph that is being built is in no module yet.
  ModuleOp module = moduleOf(inModule);
  if (auto maps = module ? module->getAttrOfType<ArrayAttr>(name) : ArrayAttr())
    for (auto map : maps.getAsRange<AffineMapAttr>())
      lists.emplace_back(map.getValue().getResults());
  return lists;
}

static void addMap(ModuleOp module, StringRef name, ArrayRef<AffineExpr> exprs) {
  SmallVector<Attribute> maps;
  if (auto known = module->getAttrOfType<ArrayAttr>(name))
    llvm::append_range(maps, known);
  maps.push_back(AffineMapAttr::get(AffineMap::get(0, sizeNames(module).size(), exprs, module.getContext())));
  module->setAttr(name, ArrayAttr::get(module.getContext(), maps));
}

SmallVector<StringRef> ingot::sizeNames(Operation *inModule) {
  SmallVector<StringRef> names;
  ModuleOp module = moduleOf(inModule);
  if (auto list = module ? module->getAttrOfType<ArrayAttr>("ingot.sizes") : ArrayAttr())
    for (Attribute name : list)
      names.push_back(cast<StringAttr>(name).getValue());
  return names;
}

unsigned ingot::countChosenSizes(Operation *inModule) {
  return sizeNames(inModule).size() - mapsOf(inModule, "ingot.derived_sizes").size();
}

SmallVector<SizeList> ingot::derivedSizes(Operation *inModule) {
  return mapsOf(inModule, "ingot.derived_sizes");
}

SizeList ingot::requiredSizes(Operation *inModule) {
  SizeList required;
  for (const SizeList &list : mapsOf(inModule, "ingot.required_sizes"))
    llvm::append_range(required, list);
  return required;
}

bool ingot::isFromData(AffineExpr size, Operation *inModule) {
  unsigned named = sizeNames(inModule).size();
  bool found = false;
  size.walk([&](AffineExpr part) {
    auto symbol = dyn_cast<AffineSymbolExpr>(part);
    found |= symbol && symbol.getPosition() >= named;
  });
  return found;
}

constexpr StringLiteral kUnchecked = "ingot.unchecked_sizes";

bool ingot::takeUnchecked(Operation *inModule) { return bool(moduleOf(inModule)->removeAttr(kUnchecked)); }

/// Notes that something is asked of a size that data give.
static void noteUnchecked(Operation *inModule) {
  moduleOf(inModule)->setAttr(kUnchecked, UnitAttr::get(inModule->getContext()));
}

static std::optional<int64_t> leastByTerms(Operation *inModule, AffineExpr size);

static std::optional<int64_t> leastAtom(Operation *inModule, AffineExpr atom) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(atom)) {
    unsigned chosen = countChosenSizes(inModule);
    if (symbol.getPosition() < chosen)
      return 1;
    SmallVector<SizeList> derived = derivedSizes(inModule);
    // Data can give none.
    if (symbol.getPosition() - chosen >= derived.size())
      return 0;
    std::optional<int64_t> best;
    for (AffineExpr part : derived[symbol.getPosition() - chosen])
      if (auto least = leastByTerms(inModule, part))
        best = std::max(best.value_or(*least), *least);
    return best;
  }
  auto pair = dyn_cast<AffineBinaryOpExpr>(atom);
  if (!pair)
    return std::nullopt;
  if (pair.getKind() == AffineExprKind::Mod)
    return 0;
  auto over = leastByTerms(inModule, pair.getLHS());
  if (pair.getKind() != AffineExprKind::FloorDiv || !over || *over < 0)
    return std::nullopt;
  auto under = constantSize(pair.getRHS());
  return under && *under > 0 ? *over / *under : 0;
}

/// The greatest value of a derived size whose parts have one, as the negation of a least size does.
static std::optional<int64_t> greatestAtom(Operation *inModule, AffineExpr atom) {
  auto symbol = dyn_cast<AffineSymbolExpr>(atom);
  unsigned chosen = countChosenSizes(inModule);
  if (!symbol || symbol.getPosition() < chosen)
    return std::nullopt;
  SmallVector<SizeList> derived = derivedSizes(inModule);
  if (symbol.getPosition() - chosen >= derived.size())
    return std::nullopt;
  std::optional<int64_t> most;
  for (AffineExpr part : derived[symbol.getPosition() - chosen]) {
    auto least = leastByTerms(inModule, -part);
    if (!least)
      return std::nullopt;
    most = std::max(most.value_or(-*least), -*least);
  }
  return most;
}

static std::optional<int64_t> leastWithin(Operation *inModule, AffineExpr size, unsigned depth);

/// How many derived sizes of an expression are looked into, and how often: each may be one of several.
constexpr unsigned kMostLookedInto = 4, kDeepestLook = 2;

/// A size that is the greatest of some is at least each of them, and is one of them: what is known with these in its place. So `depth` times.
static std::optional<int64_t> leastByParts(Operation *inModule, const Sum &sum, MLIRContext *context, unsigned depth) {
  if (depth == 0)
    return std::nullopt;
  unsigned chosen = countChosenSizes(inModule), tried = 0;
  SmallVector<SizeList> derived = derivedSizes(inModule);
  for (const auto &[product, factor] : sum.terms) {
    auto symbol = product.size() == 1 ? dyn_cast<AffineSymbolExpr>(sum.atoms.at(product.front())) : AffineSymbolExpr(nullptr);
    if (!symbol || symbol.getPosition() < chosen || symbol.getPosition() - chosen >= derived.size())
      continue;
    if (++tried > kMostLookedInto)
      break;
    std::optional<int64_t> best;
    bool hasAll = true;
    for (AffineExpr part : derived[symbol.getPosition() - chosen]) {
      auto least = leastWithin(inModule, exprOf(sum, context).replace(symbol, part), depth - 1);
      hasAll &= bool(least);
      if (least)
        best = !best ? *least : factor > 0 ? std::max(*best, *least) : std::min(*best, *least);
    }
    if (best && (factor > 0 || hasAll))
      return best;
  }
  return std::nullopt;
}

static std::optional<int64_t> leastWithin(Operation *inModule, AffineExpr size, unsigned depth) {
  Sum sum = sumOf(size);
  if (sum.overflows)
    return std::nullopt;
  int64_t total = 0;
  for (const auto &[product, factor] : sum.terms) {
    int64_t least = factor;
    if (factor < 0 && !product.empty()) {
      auto most = product.size() == 1 ? greatestAtom(inModule, sum.atoms.at(product.front())) : std::nullopt;
      if (!most)
        return leastByParts(inModule, sum, size.getContext(), depth);
      if (__builtin_mul_overflow(*most, factor, &least) || __builtin_add_overflow(total, least, &total))
        return std::nullopt;
      continue;
    }
    for (const std::string &text : product) {
      auto atom = leastAtom(inModule, sum.atoms.at(text));
      if (!atom || *atom < 0 || __builtin_mul_overflow(least, *atom, &least))
        return std::nullopt;
    }
    if (__builtin_add_overflow(total, least, &total))
      return std::nullopt;
  }
  return total;
}

/// The least value by the signs of the terms, and by the parts of derived sizes.
static std::optional<int64_t> leastByTerms(Operation *inModule, AffineExpr size) { return leastWithin(inModule, size, kDeepestLook); }

std::optional<int64_t> ingot::leastValue(Operation *inModule, AffineExpr size) {
  std::optional<int64_t> best = leastByTerms(inModule, size);
  if (best && *best > 0)
    return best;
  // What is required of each call bounds what exceeds it.
  for (AffineExpr required : requiredSizes(inModule))
    if (auto least = leastByTerms(inModule, size - required))
      best = std::max(best.value_or(*least), *least);
  return best;
}

AffineExpr ingot::greatestSize(Operation *inModule, ArrayRef<AffineExpr> sizes) {
  SizeList left;
  for (AffineExpr size : sizes) {
    size = simplifiedSize(size);
    auto covers = [&](AffineExpr a, AffineExpr b) {
      auto least = leastValue(inModule, a - b);
      return a == b || (least && *least >= 0);
    };
    if (llvm::any_of(left, [&](AffineExpr other) { return covers(other, size); }))
      continue;
    llvm::erase_if(left, [&](AffineExpr other) { return covers(size, other); });
    left.push_back(size);
  }
  if (left.size() == 1)
    return left.front();
  ModuleOp module = moduleOf(inModule);
  if (llvm::any_of(left, [&](AffineExpr size) { return isFromData(size, inModule); }) ||
      sizeNames(module).size() >= kFirstDataSize) {
    noteUnchecked(inModule);
    return left.front();
  }
  MLIRContext *context = module.getContext();
  SmallVector<SizeList> derived = derivedSizes(module);
  unsigned chosen = countChosenSizes(module);
  for (auto [i, known] : llvm::enumerate(derived))
    if (known == left)
      return getAffineSymbolExpr(chosen + i, context);
  addMap(module, "ingot.derived_sizes", left);
  SmallVector<Attribute> names;
  if (auto list = module->getAttrOfType<ArrayAttr>("ingot.sizes"))
    llvm::append_range(names, list);
  names.push_back(StringAttr::get(context, "derived_" + std::to_string(derived.size())));
  module->setAttr("ingot.sizes", ArrayAttr::get(context, names));
  return getAffineSymbolExpr(chosen + derived.size(), context);
}

AffineExpr ingot::leastSize(Operation *inModule, ArrayRef<AffineExpr> sizes) {
  SizeList negated;
  for (AffineExpr size : sizes)
    negated.push_back(-size);
  return simplifiedSize(-greatestSize(inModule, negated));
}

/// An expression of the same sign: without the positive factors that all terms have.
static AffineExpr withoutFactors(Operation *inModule, AffineExpr size) {
  Sum sum = sumOf(size);
  if (sum.overflows || sum.terms.empty())
    return simplifiedSize(size);
  int64_t number = 0;
  for (const auto &term : sum.terms)
    number = std::gcd(number, term.second);
  for (const std::string &text : Product(sum.terms.begin()->first)) {
    Sum rest = sum, quotient = takeQuotient(rest, {text}, 1);
    auto least = leastAtom(inModule, sum.atoms.at(text));
    if (rest.terms.empty() && least && *least > 0)
      sum = quotient;
  }
  for (auto &term : sum.terms)
    term.second /= number;
  return exprOf(sum, size.getContext());
}

void ingot::requireSize(Operation *inModule, AffineExpr atLeastZero) {
  atLeastZero = withoutFactors(inModule, atLeastZero);
  auto least = leastValue(inModule, atLeastZero);
  if (least && *least >= 0)
    return;
  if (isFromData(atLeastZero, inModule))
    return noteUnchecked(inModule);
  if (!llvm::is_contained(requiredSizes(inModule), atLeastZero))
    addMap(moduleOf(inModule), "ingot.required_sizes", atLeastZero);
}

void ingot::requireEqual(Operation *inModule, AffineExpr a, AffineExpr b) {
  requireSize(inModule, a - b);
  requireSize(inModule, b - a);
}

bool ingot::areEqual(Operation *inModule, AffineExpr a, AffineExpr b) {
  if (!a || !b)
    return false;
  if (simplifiedSize(a) == simplifiedSize(b))
    return true;
  SizeList required = requiredSizes(inModule);
  return llvm::is_contained(required, withoutFactors(inModule, a - b)) &&
         llvm::is_contained(required, withoutFactors(inModule, b - a));
}

AffineExpr ingot::scaledSize(AffineExpr size, float scale) {
  if (!(scale > 0x1p-20f && scale < 0x1p20f))
    return {};
  // The fraction that was meant, if a short one rounds to this number: sizes that it makes whole come out whole, as they do where the product is rounded.
  constexpr int64_t longest = 1024;
  for (int64_t denominator = 1; denominator <= longest; ++denominator)
    if (auto numerator = int64_t(std::round(double(scale) * double(denominator)));
        float(double(numerator) / double(denominator)) == scale)
      return simplifiedSize((size * numerator).floorDiv(denominator));
  // A float is a fraction whose denominator is a power of two.
  int exponent;
  auto numerator = int64_t(std::ldexp(std::frexp(scale, &exponent), 24));
  int64_t denominator = 1;
  for (exponent -= 24; exponent > 0; --exponent)
    numerator *= 2;
  for (; exponent < 0; ++exponent) {
    if (numerator % 2 == 0)
      numerator /= 2;
    else
      denominator *= 2;
  }
  return simplifiedSize((size * numerator).floorDiv(denominator));
}

std::optional<TakenRange> ingot::takenRange(Operation *inModule, AffineExpr size, AffineExpr start, AffineExpr end,
                                            int64_t step) {
  MLIRContext *context = size.getContext();
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  constexpr int64_t far = int64_t(1) << 40;
  step = std::clamp(step, -far, far);
  // Where a bound lies, between `low` and `high`, which is `size` or `size` - 1.
  auto place = [&](AffineExpr bound, int64_t low, AffineExpr high) -> AffineExpr {
    if (auto known = constantSize(bound)) {
      if (*known >= far)
        return high;
      if (*known <= -far)
        return constant(low);
      if (*known < 0)
        return greatestSize(inModule, {constant(low), leastSize(inModule, {size + *known, high})});
      return leastSize(inModule, {bound, high});
    }
    auto least = leastValue(inModule, bound);
    if (least && *least >= 0)
      return leastSize(inModule, {bound, high});
    // A negative size counts from the end.
    auto most = leastValue(inModule, -bound);
    if (most && *most > 0)
      return greatestSize(inModule, {constant(low), leastSize(inModule, {size + bound, high})});
    return {};
  };
  TakenRange range;
  AffineExpr high = step > 0 ? size : size - 1;
  range.begin = place(start, 0, high);
  AffineExpr stop = place(end, step > 0 ? 0 : -1, high);
  if (!range.begin || !stop)
    return std::nullopt;
  AffineExpr distance = simplifiedSize(step > 0 ? stop - range.begin : range.begin - stop);
  range.count = step == 1 || step == -1
                    ? greatestSize(inModule, {constant(0), distance})
                    : simplifiedSize(greatestSize(inModule, {constant(0), distance}).ceilDiv(std::abs(step)));
  return range;
}
