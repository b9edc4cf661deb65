//===- Learning.cpp - ai.onnx.ml but for trees ----------------------------===//
//
// Linear models and support vector machines are contractions with constant weights; what prepares features is elementwise.
// Labels are looked up by their places.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Scores.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

static Value keepRows(LocBuilder &b, Value reduced) {
  return reshape(b, reduced, {shapeOf(reduced)[0], 1});
}

static Value softmaxRows(LocBuilder &b, Value scores, bool keepZeros) {
  RankedTensorType type = tensorType(scores);
  Value top = keepRows(b, reduceAxes(b, scores, 1, lowestAttr(type.getElementType(), false),
                                     [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); }));
  Value powers = pointwise(b, {scores, top}, type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value power = math::ExpOp::create(b, sub(b, s[0], s[1]));
    if (!keepZeros)
      return power;
    // Scores that are 0 keep out of the distribution.
    Value size = math::AbsFOp::create(b, s[0]);
    Value some = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, size, scalar(b, size.getType(), 1e-7));
    Value small = mul(b, s[0], math::ExpOp::create(b, arith::NegFOp::create(b, s[1])));
    return arith::SelectOp::create(b, some, power, small);
  });
  Value sum = keepRows(b, sumAxes(b, powers, 1));
  return pointwise(b, {powers, sum}, type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value quotient = div(b, s[0], s[1]);
    if (!keepZeros)
      return quotient;
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[1], scalar(b, s[1].getType(), 0));
    return arith::SelectOp::create(b, none, scalar(b, s[1].getType(), 0.5), quotient);
  });
}

/// sqrt(2) erfinv(2 x - 1), by the approximation of S. Winitzki (2008) that the specification's own code has.
static Value probit(LocBuilder &b, Value p) {
  Type type = p.getType();
  auto number = [&](double value) { return scalar(b, type, value); };
  Value x = sub(b, mul(b, p, number(2)), number(1));
  Value rest = mul(b, sub(b, number(1), x), add(b, number(1), x));
  Value logarithm = math::LogOp::create(b, rest);
  Value v = add(b, number(2 / (M_PI * 0.147)), mul(b, number(0.5), logarithm));
  Value inner = sub(b, mul(b, v, v), mul(b, number(1 / 0.147), logarithm));
  Value size = math::SqrtOp::create(b, sub(b, math::SqrtOp::create(b, inner), v));
  Value zero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, rest, number(0));
  size = arith::SelectOp::create(b, zero, number(0), size);
  return mul(b, math::CopySignOp::create(b, size, x), number(1.41421356));
}

Value lower::transformScores(LocBuilder &b, Value scores, StringRef kind) {
  if (kind == "SOFTMAX" || kind == "SOFTMAX_ZERO")
    return softmaxRows(b, scores, kind == "SOFTMAX_ZERO");
  if (kind != "LOGISTIC" && kind != "PROBIT")
    return scores;
  return pointwise(b, scores, tensorType(scores), [&](LocBuilder &b, ValueRange s) {
    return kind == "LOGISTIC" ? logistic(b, s[0]) : probit(b, s[0]);
  });
}

Value lower::bestColumn(LocBuilder &b, Value scores) {
  RankedTensorType type = tensorType(scores);
  Type i64 = b.getI64Type();
  int64_t columns = type.getDimSize(1);
  Value top = reduceAxes(b, scores, 1, lowestAttr(type.getElementType(), false),
                         [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); });
  AffineMap row = AffineMap::get(2, 0, b.getAffineDimExpr(0));
  IteratorType kinds[] = {IteratorType::parallel, IteratorType::reduction};
  return reduction(b, {scores, top}, {b.getMultiDimIdentityMap(2), row, row}, kinds,
                   tensorType({shapeOf(scores)[0]}, i64), b.getI64IntegerAttr(columns - 1),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value here = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, 1));
                     Value hit = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], s[1]);
                     Value last = scalarInt(b, i64, columns - 1);
                     return minimum(b, s[2], arith::SelectOp::create(b, hit, here, last));
                   });
}

Value lower::lookUp(LocBuilder &b, Value places, Value table) {
  return pointwise(b, places, tensorType(shapeOf(places), elementOf(table)),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value at = arith::IndexCastOp::create(b, b.getIndexType(), s[0]);
                     return tensor::ExtractOp::create(b, table, at);
                   });
}

ClassLabels::ClassLabels(Node &node, StringRef numbersName) {
  strings = node.attrStrings("classlabels_strings").value_or(std::vector<std::string>());
  if (strings.empty())
    numbers = node.attrInts(numbersName).value_or(std::vector<int64_t>());
}

Value ClassLabels::at(LocBuilder &b, Value places) const {
  if (strings.empty())
    return lookUp(b, places, indexTable(b, numbers));
  StringTable texts(b, strings);
  return pointwise(b, places, tensorType(places), [&](LocBuilder &b, ValueRange s) { return texts.at(b, s[0]); });
}

Value lower::bothSigns(LocBuilder &b, Value scores) {
  Value negative = pointwise(b, scores, tensorType(scores), [](LocBuilder &b, ValueRange s) -> Value {
    return arith::NegFOp::create(b, s[0]);
  });
  return concat(b, {negative, scores}, 1);
}

Value lower::featureRows(Node &node, std::optional<int64_t> features) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0);
  if (shape.empty() || shape.size() > 2 || shape.count() == 0 || (features && !node.agree(shape.back(), *features)))
    return {};
  Value x = castTo(b, node.operand(0), b.getF32Type(), node.isUnsigned(0));
  return reshape(b, x, {shape.size() == 1 ? Extent(1) : shape[0], features ? Extent(*features) : shape.back()});
}

bool lower::fits(const Node &node, Value value, unsigned i) {
  Shape shape = shapeOf(value), wanted = node.resultSizes(i);
  return elementOf(value) == node.resultType(i).getElementType() && shape.size() == wanted.size() &&
         llvm::all_of(llvm::zip(shape, wanted), [&](auto pair) { return node.agree(std::get<0>(pair), std::get<1>(pair)); });
}

static Value constantRow(LocBuilder &b, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  return constantTensor(b, shape, b.getF32Type(), std::vector<double>(values.begin(), values.end()));
}

/// x (rows, k) times the transpose of w (columns, k), plus one number a column where there are any.
static Value product(LocBuilder &b, Value x, Value w, ArrayRef<float> bias) {
  MLIRContext *context = b.getContext();
  AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1), k = b.getAffineDimExpr(2);
  AffineMap maps[] = {AffineMap::get(3, 0, {i, k}, context), AffineMap::get(3, 0, {j, k}, context),
                      AffineMap::get(3, 0, {i, j}, context)};
  IteratorType kinds[] = {IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
  int64_t columns = tensorType(w).getDimSize(0);
  RankedTensorType type = tensorType({shapeOf(x)[0], columns}, b.getF32Type());
  Value result = contraction(b, x, w, maps, kinds, type);
  if (bias.empty())
    return result;
  return pointwise(b, {result, constantRow(b, bias, int64_t(bias.size()))}, type,
                   [](LocBuilder &b, ValueRange s) { return add(b, s[0], s[1]); });
}

/// Sets the label (result 0) and the scores (result 1), of which `best` has the place.
static LogicalResult setClasses(Node &node, Value best, const ClassLabels &labels, Value scores) {
  Value names = labels.at(node.b, best);
  if (!fits(node, names, 0) || !fits(node, scores, 1))
    return node.fail("the results' shapes do not fit the number of classes; correct the model");
  node.set(0, names);
  node.set(1, scores);
  return success();
}

//===----------------------------------------------------------------------===//
// Linear models
//===----------------------------------------------------------------------===//

/// LinearRegressor-1, LinearClassifier-1.
static LogicalResult lowerLinear(Node &node) {
  LocBuilder &b = node.b;
  auto coefficients = node.attrFloats("coefficients");
  auto intercepts = node.attrFloats("intercepts").value_or(std::vector<float>());
  bool regresses = node.kind() == "ai_onnx_ml_LinearRegressor";
  ClassLabels labels(node, "classlabels_ints");
  if (node.rank(0) < 1 || node.rank(0) > 2 || node.sizes(0).count() == 0 || !coefficients || coefficients->empty())
    return node.fail("the input must be (rows, features) and have coefficients; correct the model");
  Extent given = node.sizes(0).back();
  int64_t all = coefficients->size(), columns = 0;
  if (given.isNumber())
    columns = all / given.value();
  else if (!intercepts.empty())
    columns = intercepts.size();
  else if (regresses)
    columns = node.attrInt("targets", 1);
  else if (labels.size() > 2)
    columns = labels.size();
  else
    return node.fail("whether two classes have one row of coefficients or two, nothing says where the number of features is open; fix it with --shape");
  int64_t features = columns > 0 ? all / columns : 0;
  Value x = features > 0 ? featureRows(node, features) : Value();
  if (!x || columns * features != all || (!intercepts.empty() && int64_t(intercepts.size()) != columns))
    return node.fail("coefficients and intercepts do not fit the input; correct the model");
  Value scores = product(b, x, constantRow(b, *coefficients, {columns, features}), intercepts);
  std::string transform = node.attrString("post_transform", "NONE");
  if (regresses) {
    scores = transformScores(b, scores, transform);
    if (!fits(node, scores))
      return node.fail("targets do not fit the coefficients; correct the model");
    return node.done(scores);
  }
  if (labels.size() != (columns == 1 ? 2u : size_t(columns)))
    return node.fail("there must be a label for each class; correct the model");
  if (columns == 1)
    scores = bothSigns(b, scores);
  return setClasses(node, bestColumn(b, scores), labels, transformScores(b, scores, transform));
}

//===----------------------------------------------------------------------===//
// Support vector machines
//===----------------------------------------------------------------------===//

/// The kernel function of rows with all support vectors, (rows, vectors); null where an attribute is wrong.
static Value kernelMatrix(Node &node, Value x, ArrayRef<float> vectors, int64_t count, StringRef kind) {
  LocBuilder &b = node.b;
  int64_t features = tensorType(x).getDimSize(1);
  if (count * features != int64_t(vectors.size()))
    return {};
  std::vector<float> parameters = node.attrFloats("kernel_params").value_or(std::vector<float>());
  parameters.resize(3, 0);
  double gamma = parameters[0], offset = parameters[1], degree = std::trunc(parameters[2]);
  Value w = constantRow(b, vectors, {count, features});
  Type f32 = b.getF32Type();
  RankedTensorType type = tensorType({shapeOf(x)[0], count}, f32);
  if (kind == "RBF") {
    MLIRContext *context = b.getContext();
    AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1), k = b.getAffineDimExpr(2);
    AffineMap maps[] = {AffineMap::get(3, 0, {i, k}, context), AffineMap::get(3, 0, {j, k}, context),
                        AffineMap::get(3, 0, {i, j}, context)};
    IteratorType kinds[] = {IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
    Value distance = reduction(b, {x, w}, maps, kinds, type, b.getF32FloatAttr(0),
                               [](LocBuilder &b, ValueRange s) {
                                 Value difference = sub(b, s[0], s[1]);
                                 return add(b, s[2], mul(b, difference, difference));
                               });
    return pointwise(b, distance, type, [&](LocBuilder &b, ValueRange s) -> Value {
      return math::ExpOp::create(b, mul(b, s[0], scalar(b, f32, -gamma)));
    });
  }
  Value products = product(b, x, w, {});
  if (kind == "LINEAR")
    return products;
  return pointwise(b, products, type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value moved = add(b, mul(b, s[0], scalar(b, f32, gamma)), scalar(b, f32, offset));
    if (kind == "SIGMOID")
      return math::TanhOp::create(b, moved);
    if (degree < 1 || degree > 16)
      return math::PowFOp::create(b, moved, scalar(b, f32, degree));
    Value power = moved;
    for (int64_t i = 1; i < int64_t(degree); ++i)
      power = mul(b, power, moved);
    return power;
  });
}

static LogicalResult badMachine(Node &node) {
  return node.fail("support vectors, coefficients and rho do not fit the input; correct the model");
}

static bool isKernel(StringRef kind) {
  return kind == "LINEAR" || kind == "POLY" || kind == "RBF" || kind == "SIGMOID";
}

/// SVMRegressor-1.
static LogicalResult lowerSvmRegressor(Node &node) {
  LocBuilder &b = node.b;
  auto coefficients = node.attrFloats("coefficients"), rho = node.attrFloats("rho");
  auto vectors = node.attrFloats("support_vectors").value_or(std::vector<float>());
  std::string kind = node.attrString("kernel_type", "LINEAR");
  int64_t count = node.attrInt("n_supports", 0);
  Value x = coefficients ? featureRows(node, count > 0 ? vectors.size() / count : coefficients->size()) : Value();
  if (!x || !coefficients || !rho || rho->empty() || !isKernel(kind) || count < 0 || count > kMostWeights)
    return badMachine(node);
  Value inputs = x;
  if (count > 0)
    inputs = kernelMatrix(node, x, vectors, count, kind);
  if (!inputs || tensorType(inputs).getDimSize(1) != int64_t(coefficients->size()))
    return badMachine(node);
  int64_t size = coefficients->size();
  Value scores = product(b, inputs, constantRow(b, *coefficients, {1, size}), rho->front());
  if (node.attrInt("one_class", 0))
    scores = pointwise(b, scores, tensorType(scores), [](LocBuilder &b, ValueRange s) -> Value {
      Type type = s[0].getType();
      Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0], scalar(b, type, 0));
      return arith::SelectOp::create(b, above, scalar(b, type, 1), scalar(b, type, -1));
    });
  scores = transformScores(b, scores, node.attrString("post_transform", "NONE"));
  if (!fits(node, scores))
    return badMachine(node);
  return node.done(scores);
}

/// SVMClassifier-1: one machine for each pair of classes, which vote; without support vectors one linear score a class.
static LogicalResult lowerSvmClassifier(Node &node) {
  LocBuilder &b = node.b;
  ClassLabels labels(node, "classlabels_ints");
  auto coefficients = node.attrFloats("coefficients"), rho = node.attrFloats("rho");
  auto vectors = node.attrFloats("support_vectors").value_or(std::vector<float>());
  auto counts = node.attrInts("vectors_per_class").value_or(std::vector<int64_t>());
  std::string kind = node.attrString("kernel_type", "LINEAR");
  std::string transform = node.attrString("post_transform", "NONE");
  if (labels.size() == 0)
    return node.fail("there must be a label for each class; correct the model");
  if (auto given = node.attrFloats("prob_a"); given && !given->empty())
    return node.fail("probabilities (prob_a, prob_b) are not supported; export the model without them");
  if (!coefficients || !rho || rho->empty() || !isKernel(kind))
    return badMachine(node);
  int64_t classes = labels.size(), total = 0;
  for (int64_t count : counts) {
    if (count < 0 || count > kMostWeights || (total += count) > kMostWeights)
      return badMachine(node);
  }
  int64_t features = total > 0 ? int64_t(vectors.size()) / total : int64_t(coefficients->size()) / classes;
  Value x = featureRows(node, features);
  if (!x)
    return badMachine(node);
  if (total == 0) {
    if (int64_t(coefficients->size()) != classes * features)
      return badMachine(node);
    std::vector<float> bias(classes, rho->front());
    Value scores = product(b, x, constantRow(b, *coefficients, {classes, features}), bias);
    return setClasses(node, bestColumn(b, scores), labels, transformScores(b, scores, transform));
  }
  int64_t pairs = classes * (classes - 1) / 2;
  if (classes < 2 || classes > 4096 || int64_t(counts.size()) != classes || int64_t(rho->size()) != pairs ||
      int64_t(coefficients->size()) != (classes - 1) * total || pairs > kMostWeights / total ||
      pairs > kMostWeights / classes)
    return badMachine(node);
  Value kernels = kernelMatrix(node, x, vectors, total, kind);
  if (!kernels)
    return badMachine(node);
  std::vector<int64_t> starts(classes, 0);
  for (int64_t i = 1; i < classes; ++i)
    starts[i] = starts[i - 1] + counts[i - 1];
  // Each pair's machine has coefficients for the vectors of its two classes.
  std::vector<float> weights(pairs * total, 0);
  std::vector<double> first, second;
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      for (int64_t v = starts[i]; v < starts[i] + counts[i]; ++v)
        weights[pair * total + v] = (*coefficients)[(j - 1) * total + v];
      for (int64_t v = starts[j]; v < starts[j] + counts[j]; ++v)
        weights[pair * total + v] = (*coefficients)[i * total + v];
      for (int64_t c = 0; c < classes; ++c) {
        first.push_back(c == i);
        second.push_back(c == j);
      }
    }
  Type f32 = b.getF32Type();
  Value scores = product(b, kernels, constantRow(b, weights, {pairs, total}), *rho);
  MLIRContext *context = b.getContext();
  AffineExpr r = b.getAffineDimExpr(0), c = b.getAffineDimExpr(1), p = b.getAffineDimExpr(2);
  AffineMap vote = AffineMap::get(3, 0, {p, c}, context);
  AffineMap maps[] = {AffineMap::get(3, 0, {r, p}, context), vote, vote, AffineMap::get(3, 0, {r, c}, context)};
  IteratorType kinds[] = {IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
  Value votes = reduction(
      b, {scores, constantTensor(b, {pairs, classes}, f32, first), constantTensor(b, {pairs, classes}, f32, second)},
      maps, kinds, tensorType({shapeOf(x)[0], classes}, f32), b.getF32FloatAttr(0),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0], scalar(b, f32, 0));
        return add(b, s[3], arith::SelectOp::create(b, above, s[1], s[2]));
      });
  if (pairs == 1)
    scores = bothSigns(b, scores);
  return setClasses(node, bestColumn(b, votes), labels, transformScores(b, scores, transform));
}

//===----------------------------------------------------------------------===//
// Features
//===----------------------------------------------------------------------===//

static LogicalResult lowerBinarizer(Node &node) {
  double threshold = node.attrFloat("threshold", 0);
  // The greatest whole number that is not above the threshold; none is above one that is no number.
  bool isLong = node.element(0).getIntOrFloatBitWidth() == 64;
  double low = isLong ? -0x1p63 : -0x1p31, high = isLong ? 0x1.fffffffffffffp62 : 0x1p31 - 1;
  double whole = std::isnan(threshold) ? high : std::floor(std::clamp(threshold, low, high));
  return node.done(pointwise(
      node.b, node.operand(0), node.resultType(), [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        Value above;
        if (isFloat(type))
          above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0], scalar(b, type, threshold));
        else
          above = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, s[0], scalarInt(b, type, int64_t(whole)));
        return arith::SelectOp::create(b, above, scalarInt(b, type, 1), scalarInt(b, type, 0));
      }));
}

/// Numbers of an attribute, one or one a feature, along the last axis.
static Value perFeature(Node &node, std::vector<float> values, float fallback) {
  if (values.empty())
    values.push_back(fallback);
  int64_t size = values.size();
  if (node.rank(0) < 1 || (size != 1 && !node.agree(size, node.sizes(0).back())))
    return {};
  return constantRow(node.b, values, size);
}

static LogicalResult lowerScaler(Node &node) {
  LocBuilder &b = node.b;
  Value offset = perFeature(node, node.attrFloats("offset").value_or(std::vector<float>()), 0);
  Value scale = perFeature(node, node.attrFloats("scale").value_or(std::vector<float>()), 1);
  if (!offset || !scale)
    return node.fail("offset and scale need one number, or one a feature; correct the model");
  Value x = castTo(b, node.operand(0), b.getF32Type());
  return node.done(pointwise(b, {x, offset, scale}, node.resultType(), [](LocBuilder &b, ValueRange s) {
    return mul(b, sub(b, s[0], s[1]), s[2]);
  }));
}

static LogicalResult lowerNormalizer(Node &node) {
  LocBuilder &b = node.b;
  std::string norm = node.attrString("norm", "MAX");
  Value x = featureRows(node);
  if (!x || (norm != "MAX" && norm != "L1" && norm != "L2"))
    return node.fail("the input must be (rows, features) and norm MAX, L1 or L2; correct the model");
  Value sizes = pointwise(b, x, tensorType(x), [&](LocBuilder &b, ValueRange s) -> Value {
    return norm == "L2" ? mul(b, s[0], s[0]) : Value(math::AbsFOp::create(b, s[0]));
  });
  Value length = norm == "MAX" ? reduceAxes(b, sizes, 1, b.getF32FloatAttr(0),
                                            [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); })
                               : sumAxes(b, sizes, 1);
  Value result = pointwise(b, {x, keepRows(b, length)}, tensorType(x), [&](LocBuilder &b, ValueRange s) {
    Value size = norm == "L2" ? Value(math::SqrtOp::create(b, s[1])) : s[1];
    return div(b, s[0], maximum(b, size, scalar(b, size.getType(), 1e-30)));
  });
  return node.done(reshape(b, result, node.resultSizes()));
}

static LogicalResult lowerImputer(Node &node) {
  LocBuilder &b = node.b;
  Type type = node.element(0);
  SmallVector<double> values;
  double replaced = node.attrFloat("replaced_value_float", 0);
  if (isFloat(type)) {
    for (float value : node.attrFloats("imputed_value_floats").value_or(std::vector<float>()))
      values.push_back(value);
  } else {
    replaced = double(node.attrInt("replaced_value_int64", 0));
    for (int64_t value : node.attrInts("imputed_value_int64s").value_or(std::vector<int64_t>()))
      values.push_back(double(value));
  }
  int64_t count = values.size();
  if (node.rank(0) < 1 || count == 0 || (count != 1 && !node.agree(count, node.sizes(0).back())))
    return node.fail("there must be one imputed value, or one a feature; correct the model");
  Value table = constantTensor(b, count, type, values);
  return node.done(pointwise(b, {node.operand(0), table}, node.resultType(),
                             [&](LocBuilder &b, ValueRange s) -> Value {
                               Value same;
                               if (isFloat(type) && std::isnan(replaced))
                                 same = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, s[0], s[0]);
                               else if (isFloat(type))
                                 same = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0],
                                                              scalar(b, type, replaced));
                               else
                                 same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0],
                                                              scalarInt(b, type, int64_t(replaced)));
                               return arith::SelectOp::create(b, same, s[1], s[0]);
                             }));
}

/// ArrayFeatureExtractor-1: places of the last axis.
static LogicalResult lowerFeatureExtractor(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), result = node.resultSizes();
  Extent count = node.sizes(1).count();
  if (shape.empty() || shape.count() == 0 || result.empty() || !node.agree(result.back(), count) || count == 0)
    return node.fail("the indices or the data are empty; correct the model");
  Extent size = shape.back(), rows = Shape(ArrayRef<Extent>(shape).drop_back()).count();
  Value data = reshape(b, node.operand(0), {rows, size});
  Value places = reshape(b, node.operand(1), {count});
  Value taken = mapped(b, places, AffineMap::get(2, 0, b.getAffineDimExpr(1)),
                       tensorType({rows, count}, node.element(0)), [&](LocBuilder &b, ValueRange s) -> Value {
                         Value at = checkedIndex(b, s[0], size, node, node.isUnsigned(1), false);
                         return tensor::ExtractOp::create(b, data, ValueRange{linalg::IndexOp::create(b, 0), at});
                       });
  return node.done(reshape(b, taken, result));
}

/// FeatureVectorizer-1: columns side by side, each input cut or filled to its size.
static LogicalResult lowerFeatureVectorizer(Node &node) {
  LocBuilder &b = node.b;
  auto sizes = node.attrInts("inputdimensions");
  RankedTensorType type = node.resultType();
  if (!sizes || sizes->size() != node.numOperands() || type.getRank() != 2)
    return node.fail("inputdimensions needs one number for each input; correct the model");
  Extent rows = node.resultSizes()[0];
  SmallVector<Value> parts;
  for (unsigned i = 0; i < node.numOperands(); ++i) {
    int64_t rank = node.has(i) ? node.rank(i) : 0, wanted = (*sizes)[i];
    if (rank < 1 || rank > 2 || wanted < 0 || wanted > type.getDimSize(1) || !node.agree(node.sizes(i)[0], rows))
      return node.fail("input " + Twine(i) + " is not (rows, features); correct the model");
    Extent columns = rank == 1 ? Extent(1) : node.sizes(i)[1], used = node.lesser(columns, wanted);
    Value x = castTo(b, node.operand(i), b.getF32Type());
    x = sliceAxis(b, reshape(b, x, {rows, columns}), 1, 0, used);
    parts.push_back(pad(b, x, {0, 0}, {0, Extent(wanted) - used}, b.getF32FloatAttr(0)));
  }
  Value result = concat(b, parts, 1);
  if (!fits(node, result))
    return node.fail("inputdimensions do not add up to the result; correct the model");
  return node.done(result);
}

/// Where in `keys` each element is, or -1.
static Value findKeys(LocBuilder &b, Value x, Value keys) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  Type i64 = b.getI64Type();
  MLIRContext *context = b.getContext();
  AffineMap element = dropAxes(context, rank + 1, rank);
  AffineMap maps[] = {element, AffineMap::get(rank + 1, 0, b.getAffineDimExpr(rank)), element};
  SmallVector<IteratorType> kinds(rank, IteratorType::parallel);
  kinds.push_back(IteratorType::reduction);
  return reduction(b, {x, keys}, maps, kinds, tensorType(shapeOf(type), i64), b.getI64IntegerAttr(-1),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value same;
                     if (isFloat(s[0].getType())) {
                       same = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], s[1]);
                       Value left = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, s[0], s[0]);
                       Value right = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, s[1], s[1]);
                       same = arith::OrIOp::create(b, same, arith::AndIOp::create(b, left, right));
                     } else {
                       same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], s[1]);
                     }
                     Value here = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, rank));
                     Value found = arith::SelectOp::create(b, same, here, scalarInt(b, i64, -1));
                     return maximum(b, s[2], found);
                   });
}

/// Numbers of `tensor`, or else of the attributes that end in `ints` or `floats`, as a tensor of `type`.
static Value attributeTable(Node &node, StringRef prefix, Type type) {
  LocBuilder &b = node.b;
  if (auto elements = node.op->getAttrOfType<ElementsAttr>((prefix + "_tensor").str())) {
    if (!isa<DenseElementsAttr, DenseResourceElementsAttr>(elements) || stringValues(elements))
      return {};
    TypedAttr lowered = lowerElements(elements);
    auto shaped = cast<RankedTensorType>(lowered.getType());
    if (shaped.getElementType() != type)
      return {};
    return reshape(b, arith::ConstantOp::create(b, lowered), {shaped.getNumElements()});
  }
  if (auto ints = node.attrInts((prefix + "_int64s").str()); ints && type.isInteger(64))
    return indexTable(b, *ints);
  if (auto floats = node.attrFloats((prefix + "_floats").str()); floats && type.isF32())
    return constantRow(b, *floats, int64_t(floats->size()));
  return {};
}

/// Strings of `tensor`, or else of the attribute that ends in `strings`.
static std::optional<std::vector<std::string>> attributeStrings(Node &node, StringRef prefix) {
  if (auto strings = stringValues(node.op->getAttr((prefix + "_tensor").str())))
    return strings;
  return node.attrStrings((prefix + "_strings").str());
}

/// What keys are exchanged for, and what stands for an element that is none of them: numbers or strings, as the result's type says.
struct Exchange {
  std::optional<std::vector<std::string>> strings;
  Value numbers;
  std::string defaultString;
  TypedAttr defaultNumber;

  int64_t size() const {
    return strings ? int64_t(strings->size()) : numbers ? tensorType(numbers).getNumElements() : 0;
  }
};

/// The value for each place, and the default for places below 0.
static Value exchange(Node &node, Value places, Exchange &values) {
  RankedTensorType type = node.resultType();
  std::optional<StringTable> texts;
  int64_t last = values.size();
  if (values.strings) {
    values.strings->push_back(values.defaultString);
    texts.emplace(node.b, *values.strings);
  }
  return pointwise(node.b, places, type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value zero = scalarInt(b, s[0].getType(), 0);
    Value known = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[0], zero);
    if (texts)
      return texts->at(b, arith::SelectOp::create(b, known, s[0], scalarInt(b, s[0].getType(), last)));
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), maximum(b, s[0], zero));
    Value value = tensor::ExtractOp::create(b, values.numbers, at);
    return arith::SelectOp::create(b, known, value, arith::ConstantOp::create(b, values.defaultNumber));
  });
}

/// LabelEncoder-4.
static LogicalResult lowerLabelEncoder(Node &node) {
  LocBuilder &b = node.b;
  Type type = node.resultType().getElementType();
  Exchange values;
  if (isString(node.onnxResultElement(0))) {
    values.strings = attributeStrings(node, "values");
    values.defaultString = node.attrString("default_string", "_Unused");
    if (auto given = stringValues(node.op->getAttr("default_tensor")); given && given->size() == 1)
      values.defaultString = given->front();
  } else {
    values.numbers = attributeTable(node, "values", type);
    values.defaultNumber = type.isF32() ? numberAttr(type, node.attrFloat("default_float", -0.0f)) : numberAttr(type, 0);
    if (type.isInteger(64))
      values.defaultNumber = b.getI64IntegerAttr(node.attrInt("default_int64", -1));
    if (auto given = node.op->getAttrOfType<ElementsAttr>("default_tensor"); given && !stringValues(given))
      if (auto dense = dyn_cast<DenseElementsAttr>(Attribute(lowerElements(given)));
          dense && dense.getNumElements() == 1 && dense.getElementType() == type)
        values.defaultNumber = cast<TypedAttr>(dense.getSplatValue<Attribute>());
  }
  Value places;
  int64_t count = 0;
  if (isString(node.onnxElement(0))) {
    auto keys = attributeStrings(node, "keys");
    count = keys ? keys->size() : 0;
    if (count)
      places = findStrings(b, node.operand(0), *keys);
  } else if (Value keys = attributeTable(node, "keys", node.element(0))) {
    count = tensorType(keys).getNumElements();
    if (count)
      places = findKeys(b, node.operand(0), keys);
  }
  if (!places || count != values.size())
    return node.fail("keys and values must be equally many, different and of the types of input and output; correct the model");
  return node.done(exchange(node, places, values));
}

/// CategoryMapper-1: categories are pairs of a number and a string.
static LogicalResult lowerCategoryMapper(Node &node) {
  LocBuilder &b = node.b;
  auto numbers = node.attrInts("cats_int64s");
  auto strings = node.attrStrings("cats_strings");
  bool toNumbers = isString(node.onnxElement(0));
  if (!numbers || !strings || numbers->empty() || numbers->size() != strings->size())
    return node.fail("cats_int64s and cats_strings must be equally many; correct the model");
  Exchange values;
  Value places;
  if (toNumbers) {
    values.numbers = indexTable(b, *numbers);
    values.defaultNumber = b.getI64IntegerAttr(node.attrInt("default_int64", -1));
    places = findStrings(b, node.operand(0), *strings);
  } else {
    values.strings = strings;
    values.defaultString = node.attrString("default_string", "_Unused");
    places = findKeys(b, node.operand(0), indexTable(b, *numbers));
  }
  if (!places)
    return node.fail("its strings cannot be told apart; correct the model");
  return node.done(exchange(node, places, values));
}

/// OneHotEncoder-1.
static LogicalResult lowerOneHotEncoder(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Value places;
  int64_t count = 0;
  if (isString(node.onnxElement(0))) {
    auto categories = node.attrStrings("cats_strings");
    count = categories ? categories->size() : 0;
    if (count)
      places = findStrings(b, node.operand(0), *categories);
  } else if (auto categories = node.attrInts("cats_int64s"); categories && !categories->empty()) {
    count = categories->size();
    Value x = castTo(b, node.operand(0), b.getI64Type(), node.isUnsigned(0));
    places = findKeys(b, x, indexTable(b, *categories));
  }
  if (!places || type.getRank() != node.rank(0) + 1 || type.getShape().back() != count)
    return node.fail("there must be different categories of the input's type; correct the model");
  int64_t rank = type.getRank();
  bool zeros = node.attrInt("zeros", 1);
  return node.done(mapped(b, places, dropAxes(b.getContext(), rank, rank - 1), type,
                          [&](LocBuilder &b, ValueRange s) -> Value {
                            Type f32 = b.getF32Type();
                            Value here = arith::IndexCastOp::create(b, b.getI64Type(),
                                                                    linalg::IndexOp::create(b, rank - 1));
                            if (!zeros) {
                              Value known = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[0],
                                                                  scalarInt(b, s[0].getType(), 0));
                              cf::AssertOp::create(b, known, b.getStringAttr(node.name() + ": index out of range"));
                            }
                            Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, here, s[0]);
                            return arith::SelectOp::create(b, hit, scalar(b, f32, 1), scalar(b, f32, 0));
                          }));
}

void lower::addLearning(Registry &r) {
  r["onnx.ai_onnx_ml_LinearRegressor"] = r["onnx.ai_onnx_ml_LinearClassifier"] = lowerLinear;
  r["onnx.ai_onnx_ml_SVMRegressor"] = lowerSvmRegressor;
  r["onnx.ai_onnx_ml_SVMClassifier"] = lowerSvmClassifier;
  r["onnx.ai_onnx_ml_Binarizer"] = lowerBinarizer;
  r["onnx.ai_onnx_ml_Scaler"] = lowerScaler;
  r["onnx.ai_onnx_ml_Normalizer"] = lowerNormalizer;
  r["onnx.ai_onnx_ml_Imputer"] = lowerImputer;
  r["onnx.ai_onnx_ml_ArrayFeatureExtractor"] = lowerFeatureExtractor;
  r["onnx.ai_onnx_ml_FeatureVectorizer"] = lowerFeatureVectorizer;
  r["onnx.ai_onnx_ml_LabelEncoder"] = lowerLabelEncoder;
  r["onnx.ai_onnx_ml_CategoryMapper"] = lowerCategoryMapper;
  r["onnx.ai_onnx_ml_OneHotEncoder"] = lowerOneHotEncoder;
}
