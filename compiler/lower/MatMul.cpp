//===- MatMul.cpp - MatMul-13, Gemm-13, Einsum-12, Det-22 -----------------===//
//
// Products of tensors are one contraction each; transposed and repeated operands are indexing maps.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/MatMul.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Node.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <map>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

Value lower::matmul(LocBuilder &b, Value lhs, Value rhs, RankedTensorType result) {
  ArrayRef<int64_t> left = tensorType(lhs).getShape();
  ArrayRef<int64_t> right = tensorType(rhs).getShape();
  bool rowLess = left.size() == 1, columnLess = right.size() == 1;
  unsigned rank = result.getRank();
  unsigned batch = rank - !rowLess - !columnLess;
  // loops: batch, row and column where the operands have them, then the sum
  AffineExpr k = b.getAffineDimExpr(rank);
  auto batchExprs = [&](ArrayRef<int64_t> shape) {
    SmallVector<AffineExpr> exprs;
    for (size_t i = 0; i + 2 < shape.size(); ++i) {
      unsigned dim = batch - (shape.size() - 2) + i;
      exprs.push_back(shape[i] == 1 && result.getDimSize(dim) != 1
                          ? b.getAffineConstantExpr(0)
                          : b.getAffineDimExpr(dim));
    }
    return exprs;
  };
  SmallVector<AffineExpr> leftExprs = batchExprs(left);
  if (!rowLess)
    leftExprs.push_back(b.getAffineDimExpr(batch));
  leftExprs.push_back(k);
  SmallVector<AffineExpr> rightExprs = batchExprs(right);
  rightExprs.push_back(k);
  if (!columnLess)
    rightExprs.push_back(b.getAffineDimExpr(rank - 1));
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {AffineMap::get(rank + 1, 0, leftExprs, context),
                      AffineMap::get(rank + 1, 0, rightExprs, context),
                      dropAxes(context, rank + 1, {int64_t(rank)})};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  return contraction(b, lhs, rhs, maps, loops, result);
}

static LogicalResult lowerMatMul(Node &node) {
  return node.done(
      matmul(node.b, node.operand(0), node.operand(1), node.resultType()));
}

static LogicalResult lowerGemm(Node &node) {
  LocBuilder &b = node.b;
  bool transA = node.attrInt("transA", 0), transB = node.attrInt("transB", 0);
  float alpha = node.attrFloat("alpha", 1), beta = node.attrFloat("beta", 1);
  RankedTensorType type = node.resultType();
  AffineExpr m = b.getAffineDimExpr(0), n = b.getAffineDimExpr(1),
             k = b.getAffineDimExpr(2);
  MLIRContext *context = b.getContext();
  auto map = [&](AffineExpr first, AffineExpr second) {
    return AffineMap::get(3, 0, {first, second}, context);
  };
  AffineMap maps[] = {transA ? map(k, m) : map(m, k),
                      transB ? map(n, k) : map(k, n), map(m, n)};
  IteratorType loops[] = {IteratorType::parallel, IteratorType::parallel,
                          IteratorType::reduction};
  Value result =
      contraction(b, node.operand(0), node.operand(1), maps, loops, type);
  bool addend = node.has(2) && beta != 0;
  if (alpha == 1 && !addend)
    return node.done(result);
  SmallVector<Value> operands{result};
  if (addend)
    operands.push_back(node.operand(2));
  return node.done(
      pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
        Value sum = s[0];
        if (alpha != 1)
          sum = mul(b, sum, scalar(b, sum.getType(), alpha));
        if (!addend)
          return sum;
        Value bias = s[1];
        if (beta != 1)
          bias = mul(b, bias, scalar(b, bias.getType(), beta));
        return add(b, sum, bias);
      }));
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {
/// A tensor whose dimensions have labels. The letters of the equation are
/// themselves; dimensions of the ellipsis are numbered from 256, from the last to the first.
struct Labelled {
  Value value;
  SmallVector<int> labels;
};

struct Equation {
  SmallVector<SmallVector<int>> terms;
  SmallVector<int> result;
  std::map<int, Extent> sizes;
  Extent sizeOf(int label) const { return sizes.at(label); }
};
} // namespace

static constexpr int kEllipsis = 256;

/// Labels of one term; `dots` is the number of dimensions that "..." stands for.
static std::optional<SmallVector<int>> parseTerm(StringRef text, int dots) {
  SmallVector<int> labels;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      for (int i = dots; i-- > 0;)
        labels.push_back(kEllipsis + i);
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return std::nullopt;
    labels.push_back(text.front());
    text = text.drop_front();
  }
  return labels;
}

static LogicalResult parseEquation(Node &node, Equation &equation) {
  std::string text = node.attrString("equation", "");
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  auto wrong = [&] {
    return node.fail("the equation does not fit the inputs; correct the model");
  };
  if (terms.size() != node.numOperands())
    return wrong();
  int mostDots = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    bool ellipsis = term.contains("...");
    int dots = node.rank(i) - int(term.size()) + 3;
    if (!ellipsis)
      dots = 0;
    if (dots < 0)
      return wrong();
    mostDots = std::max(mostDots, dots);
    auto labels = parseTerm(term, dots);
    if (!labels || int64_t(labels->size()) != node.rank(i))
      return wrong();
    for (auto [label, size] : llvm::zip(*labels, node.sizes(i))) {
      Extent &known = equation.sizes.try_emplace(label, 1).first->second;
      if (known != 1 && size != 1 && !node.agree(known, size))
        return wrong();
      if (known == 1)
        known = size;
    }
    equation.terms.push_back(*labels);
  }
  if (StringRef(text).contains("->")) {
    auto labels = parseTerm(right, mostDots);
    if (!labels)
      return wrong();
    equation.result = *labels;
  } else {
    // Without an arrow: the ellipsis, then labels that stand once, in order.
    std::map<int, int> counts;
    for (ArrayRef<int> term : equation.terms)
      for (int label : term)
        ++counts[label];
    for (int i = mostDots; i-- > 0;)
      equation.result.push_back(kEllipsis + i);
    for (auto [label, count] : counts)
      if (label < kEllipsis && count == 1)
        equation.result.push_back(label);
  }
  if (int64_t(equation.result.size()) != node.resultType().getRank())
    return wrong();
  for (int label : equation.result)
    if (!equation.sizes.count(label))
      return wrong();
  return success();
}

/// Multiplies two labelled tensors (or takes one), and sums over labels that are not in `keep`.
static Labelled combine(LocBuilder &b, ArrayRef<Labelled> operands,
                        ArrayRef<int> keep, const Equation &equation) {
  SmallVector<int> loops(keep);
  for (const Labelled &operand : operands)
    for (int label : operand.labels)
      if (!llvm::is_contained(loops, label))
        loops.push_back(label);
  unsigned count = loops.size();
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (const Labelled &operand : operands) {
    SmallVector<AffineExpr> exprs;
    for (auto [label, size] : llvm::zip(operand.labels,
                                        shapeOf(operand.value))) {
      unsigned loop = llvm::find(loops, label) - loops.begin();
      exprs.push_back(size == 1 && equation.sizeOf(label) != 1
                          ? b.getAffineConstantExpr(0)
                          : b.getAffineDimExpr(loop));
    }
    maps.push_back(AffineMap::get(count, 0, exprs, b.getContext()));
    values.push_back(operand.value);
  }
  Shape shape;
  for (int label : keep)
    shape.push_back(equation.sizeOf(label));
  RankedTensorType type = tensorType(shape, elementOf(values[0]));
  SmallVector<int64_t> summed;
  for (unsigned i = keep.size(); i < count; ++i)
    summed.push_back(i);
  auto product = [](LocBuilder &b, ValueRange s) {
    return s.size() == 2 ? mul(b, s[0], s[1]) : s[0];
  };
  if (summed.empty())
    return {mapped(b, values, maps, type, product), SmallVector<int>(keep)};
  maps.push_back(dropAxes(b.getContext(), count, summed));
  SmallVector<IteratorType> kinds(keep.size(), IteratorType::parallel);
  kinds.append(summed.size(), IteratorType::reduction);
  Value result = reduction(
      b, values, maps, kinds, type, numberAttr(type.getElementType(), 0),
      [&](LocBuilder &b, ValueRange s) {
        return add(b, s.back(), product(b, s.drop_back()));
      });
  return {result, SmallVector<int>(keep)};
}

static LogicalResult lowerEinsum(Node &node) {
  LocBuilder &b = node.b;
  Equation equation;
  if (failed(parseEquation(node, equation)))
    return failure();
  Labelled total{node.operand(0), equation.terms[0]};
  for (unsigned i = 1; i < node.numOperands(); ++i) {
    // Labels that a later term or the result names must stay.
    SmallVector<int> needed(equation.result), keep;
    for (ArrayRef<int> term : ArrayRef(equation.terms).drop_front(i + 1))
      needed.append(term.begin(), term.end());
    Labelled next{node.operand(i), equation.terms[i]};
    if (i + 1 == node.numOperands()) {
      keep = equation.result;
    } else {
      for (ArrayRef<int> labels : {ArrayRef(total.labels), ArrayRef(next.labels)})
        for (int label : labels)
          if (llvm::is_contained(needed, label) &&
              !llvm::is_contained(keep, label))
            keep.push_back(label);
    }
    total = combine(b, {total, next}, keep, equation);
  }
  if (node.numOperands() == 1)
    total = combine(b, total, equation.result, equation);
  return node.done(total.value);
}

//===----------------------------------------------------------------------===//
// Det
//===----------------------------------------------------------------------===//

namespace {
/// Gaussian elimination with the greatest pivot of each column, for all matrices at once. Carried: the column, the matrices (batch, n, n), and the
/// product of the pivots with its sign (batch).
class Elimination {
public:
  Elimination(LocBuilder &b, const Extent &batch, const Extent &n, Type element)
      : b(b), batch(batch), n(n), element(element), matrices(tensorType({batch, n, n}, element)),
        numbers(tensorType({batch}, element)) {}

  Value run(Value x) {
    Value one = splat(b, numbers, numberAttr(element, 1));
    auto loop = scf::ForOp::create(
        b, index(b, 0), index(b, n), index(b, 1), ValueRange{counter(b, 0), x, one},
        [&](OpBuilder &inner, Location, Value, ValueRange carried) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
          Value at = carried[0], a = carried[1], place = pivotRow(a, at);
          SmallVector<Value> next{advance(b, at, 1), eliminate(a, at, place), multiply(a, at, place, carried[2])};
          scf::YieldOp::create(b, next);
        });
    return loop.getResult(2);
  }

private:
  Value loopIndex(LocBuilder &b, int64_t dim) {
    return arith::IndexCastOp::create(b, b.getI64Type(), linalg::IndexOp::create(b, dim));
  }
  static Value compare(LocBuilder &b, arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value read(LocBuilder &b, Value a, Value row, Value column) {
    auto cast = [&](Value v) -> Value { return arith::IndexCastOp::create(b, b.getIndexType(), v); };
    return tensor::ExtractOp::create(b, a, ValueRange{linalg::IndexOp::create(b, 0), cast(row), cast(column)});
  }
  AffineMap map(ArrayRef<int64_t> dims, int64_t loops) {
    SmallVector<AffineExpr> exprs;
    for (int64_t dim : dims)
      exprs.push_back(b.getAffineDimExpr(dim));
    return AffineMap::get(loops, 0, exprs, b.getContext());
  }

  /// The row at or below `at` with the greatest size in column `at`, (batch).
  Value pivotRow(Value a, Value at) {
    Type i64 = b.getI64Type();
    Value sizes = mapped(b, at, map({}, 2), tensorType({batch, n}, element), [&](LocBuilder &b, ValueRange s) -> Value {
      Value size = math::AbsFOp::create(b, read(b, a, loopIndex(b, 1), s[0]));
      Value below = compare(b, arith::CmpIPredicate::sge, loopIndex(b, 1), s[0]);
      return arith::SelectOp::create(b, below, size, scalar(b, element, -1));
    });
    Value top = reduceAxes(b, sizes, 1, numberAttr(element, -1),
                           [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); });
    IteratorType kinds[] = {IteratorType::parallel, IteratorType::reduction};
    // The greatest is always found; an unordered comparison finds NaN, too.
    constexpr int64_t none = INT64_MAX;
    return reduction(b, {sizes, top}, {map({0, 1}, 2), map({0}, 2), map({0}, 2)}, kinds, tensorType({batch}, i64),
                     b.getI64IntegerAttr(none), [&](LocBuilder &b, ValueRange s) -> Value {
                       Value hit = arith::CmpFOp::create(b, arith::CmpFPredicate::UEQ, s[0], s[1]);
                       Value here = arith::SelectOp::create(b, hit, loopIndex(b, 1), scalarInt(b, i64, none));
                       return minimum(b, s[2], here);
                     });
  }

  /// Rows `at` and `place` change places; multiples of the pivot's row are taken from those below.
  Value eliminate(Value a, Value at, Value place) {
    return mapped(b, {at, place}, {map({}, 3), map({0}, 3)}, matrices, [&](LocBuilder &b, ValueRange s) -> Value {
      Value row = loopIndex(b, 1), column = loopIndex(b, 2);
      Value isPlace = compare(b, arith::CmpIPredicate::eq, row, s[1]);
      Value source = arith::SelectOp::create(b, isPlace, s[0], row);
      Value pivot = read(b, a, s[1], s[0]), zero = scalar(b, element, 0);
      Value singular = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, pivot, zero);
      Value divisor = arith::SelectOp::create(b, singular, scalar(b, element, 1), pivot);
      Value factor = div(b, read(b, a, source, s[0]), divisor);
      Value own = read(b, a, source, column), above = read(b, a, s[1], column);
      Value reduced = sub(b, own, mul(b, factor, above));
      Value below = compare(b, arith::CmpIPredicate::sgt, row, s[0]);
      return arith::SelectOp::create(b, below, reduced, own);
    });
  }

  Value multiply(Value a, Value at, Value place, Value total) {
    return mapped(b, {at, place, total}, {map({}, 1), map({0}, 1), map({0}, 1)}, numbers,
                  [&](LocBuilder &b, ValueRange s) -> Value {
                    Value pivot = read(b, a, s[1], s[0]);
                    Value stays = compare(b, arith::CmpIPredicate::eq, s[0], s[1]);
                    Value turned = arith::NegFOp::create(b, pivot);
                    return mul(b, s[2], arith::SelectOp::create(b, stays, pivot, turned));
                  });
  }

  LocBuilder &b;
  Extent batch, n;
  Type element;
  RankedTensorType matrices, numbers;
};
} // namespace

/// Det-22.
static LogicalResult lowerDet(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), result = node.resultSizes();
  if (shape.size() < 2 || !node.agree(shape.back(), shape[shape.size() - 2]))
    return node.fail("the input must be square matrices; correct the model");
  Extent n = shape.back(), batch = result.count();
  // A product without factors.
  if (n == 0)
    return node.done(splat(b, node.resultType(), numberAttr(node.element(0), 1)));
  if (batch == 0)
    return node.done(emptyOf(node, node.resultType()));
  Value x = reshape(b, node.operand(0), {batch, n, n});
  return node.done(reshape(b, Elimination(b, batch, n, node.element(0)).run(x), result));
}

void lower::addMatMul(Registry &r) {
  r["onnx.Det"] = lowerDet;
  r["onnx.MatMul"] = lowerMatMul;
  r["onnx.Gemm"] = lowerGemm;
  r["onnx.Einsum"] = lowerEinsum;
}
