//===- Elementwise.cpp - one scalar of each operand to one of the result --===//
//
// Operators of the specification (opset 28) whose results are computed element by element, with ONNX's broadcasting.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Formats.h"
#include "compiler/lower/Strings.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

//===----------------------------------------------------------------------===//
// One operand, no attributes
//===----------------------------------------------------------------------===//

using Unary = Value (*)(LocBuilder &, Value);

template <typename Op> static Value unaryOp(LocBuilder &b, Value x) {
  return Op::create(b, x);
}

template <Unary body> static LogicalResult lowerUnary(Node &node) {
  return node.done(pointwise(
      node.b, node.operand(0), node.resultType(),
      [](LocBuilder &b, ValueRange s) { return body(b, s[0]); }));
}

static Value square(LocBuilder &b, Value x) { return mul(b, x, x); }

static Value reciprocal(LocBuilder &b, Value x) {
  return arith::DivFOp::create(b, scalar(b, x.getType(), 1), x);
}

static Value softsign(LocBuilder &b, Value x) {
  Value one = scalar(b, x.getType(), 1);
  Value size = math::AbsFOp::create(b, x);
  return arith::DivFOp::create(b, x, arith::AddFOp::create(b, one, size));
}

/// log(1 + exp(x)), written so that neither side overflows.
static Value softplus(LocBuilder &b, Value x) {
  Value zero = scalar(b, x.getType(), 0);
  Value size = math::AbsFOp::create(b, x);
  Value small = math::ExpOp::create(b, arith::NegFOp::create(b, size));
  Value tail = math::Log1pOp::create(b, small);
  return arith::AddFOp::create(b, arith::MaximumFOp::create(b, x, zero), tail);
}

static Value mish(LocBuilder &b, Value x) {
  return arith::MulFOp::create(b, x,
                               math::TanhOp::create(b, softplus(b, x)));
}

static Value hardSwish(LocBuilder &b, Value x) {
  Type type = x.getType();
  Value scaled = arith::MulFOp::create(b, x, scalar(b, type, 1.0 / 6));
  Value moved = arith::AddFOp::create(b, scaled, scalar(b, type, 0.5));
  Value low = arith::MaximumFOp::create(b, moved, scalar(b, type, 0));
  Value gate = arith::MinimumFOp::create(b, low, scalar(b, type, 1));
  return arith::MulFOp::create(b, x, gate);
}

static Value logicalNot(LocBuilder &b, Value x) {
  return arith::XOrIOp::create(b, x, scalarInt(b, x.getType(), -1));
}

static Value relu(LocBuilder &b, Value x) {
  return maximum(b, x, scalarInt(b, x.getType(), 0));
}

static Value isNan(LocBuilder &b, Value x) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
}

static LogicalResult lowerAbs(Node &node) {
  if (node.isUnsigned(0))
    return node.done(node.operand(0));
  return isFloat(node.element(0)) ? lowerUnary<unaryOp<math::AbsFOp>>(node)
                                  : lowerUnary<unaryOp<math::AbsIOp>>(node);
}

static Value negate(LocBuilder &b, Value x) {
  if (isFloat(x.getType()))
    return arith::NegFOp::create(b, x);
  return sub(b, scalarInt(b, x.getType(), 0), x);
}

static LogicalResult lowerSign(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  return node.done(pointwise(
      node.b, node.operand(0), node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        Value zero = scalarInt(b, type, 0), one = scalarInt(b, type, 1);
        Value minus = scalarInt(b, type, -1);
        if (isFloat(type)) {
          Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0],
                                              zero);
          Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, s[0],
                                              zero);
          // Zeros and NaN stay what they are.
          Value rest = arith::SelectOp::create(b, below, minus, s[0]);
          return arith::SelectOp::create(b, above, one, rest);
        }
        if (isUnsigned)
          return minimum(b, s[0], one, true);
        return maximum(b, minus, minimum(b, s[0], one));
      }));
}

static LogicalResult lowerIdentity(Node &node) {
  return node.done(node.operand(0));
}

//===----------------------------------------------------------------------===//
// One operand and attributes
//===----------------------------------------------------------------------===//

/// Activations with alpha and beta, also named by recurrent operators.
static LogicalResult lowerActivation(Node &node) {
  StringRef kind = node.kind();
  auto alpha = [&](double fallback) { return node.attrFloat("alpha", fallback); };
  auto body = [&](LocBuilder &b, ValueRange s) -> Value {
    Value x = s[0];
    Type type = x.getType();
    Value zero = scalar(b, type, 0);
    auto number = [&](double value) { return scalar(b, type, value); };
    auto positive = [&](arith::CmpFPredicate predicate) {
      return arith::CmpFOp::create(b, predicate, x, zero);
    };
    auto expMinusOne = [&](Value value) -> Value {
      return math::ExpM1Op::create(b, value);
    };
    if (kind == "LeakyRelu") {
      Value scaled = mul(b, x, number(alpha(0.01f)));
      return arith::SelectOp::create(b, positive(arith::CmpFPredicate::OLT),
                                     scaled, x);
    }
    if (kind == "Elu") {
      Value negative = mul(b, number(alpha(1)), expMinusOne(x));
      return arith::SelectOp::create(b, positive(arith::CmpFPredicate::OLT),
                                     negative, x);
    }
    if (kind == "Selu") {
      Value negative = mul(b, number(alpha(1.67326319217681884765625f)),
                           expMinusOne(x));
      Value chosen = arith::SelectOp::create(
          b, positive(arith::CmpFPredicate::OLE), negative, x);
      return mul(b, number(node.attrFloat("gamma", 1.05070102214813232421875f)),
                 chosen);
    }
    if (kind == "Celu") {
      Value a = number(alpha(1));
      Value negative = mul(b, a, expMinusOne(div(b, x, a)));
      return add(b, maximum(b, x, zero), minimum(b, negative, zero));
    }
    if (kind == "HardSigmoid") {
      Value line = add(b, mul(b, x, number(alpha(0.2f))),
                       number(node.attrFloat("beta", 0.5f)));
      return minimum(b, maximum(b, line, zero), number(1));
    }
    if (kind == "Swish")
      return mul(b, x, logistic(b, mul(b, x, number(alpha(1)))));
    if (kind == "ThresholdedRelu")
      return arith::SelectOp::create(
          b,
          arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x,
                                number(alpha(1))),
          x, zero);
    if (kind == "Gelu") {
      Value half = mul(b, x, number(0.5));
      Value inner;
      if (node.attrString("approximate", "none") == "tanh") {
        Value cube = mul(b, mul(b, x, x), x);
        Value sum = add(b, x, mul(b, cube, number(0.044715)));
        inner = math::TanhOp::create(b, mul(b, sum, number(0.7978845608028654)));
      } else {
        inner = math::ErfOp::create(b, mul(b, x, number(0.7071067811865476)));
      }
      return mul(b, half, add(b, number(1), inner));
    }
    assert(kind == "Shrink");
    float bias = node.attrFloat("bias", 0), lambda = node.attrFloat("lambd", 0.5);
    Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x,
                                        number(-lambda));
    Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x,
                                        number(lambda));
    Value high = arith::SelectOp::create(b, above, sub(b, x, number(bias)), zero);
    return arith::SelectOp::create(b, below, add(b, x, number(bias)), high);
  };
  if (!isFloat(node.element(0)))
    return node.fail("integer elements are not supported; cast to float first");
  return node.done(
      pointwise(node.b, node.operand(0), node.resultType(), body));
}

static LogicalResult lowerIsInf(Node &node) {
  bool positive = node.attrInt("detect_positive", 1);
  bool negative = node.attrInt("detect_negative", 1);
  return node.done(pointwise(
      node.b, node.operand(0), node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        if (!positive && !negative)
          return scalarInt(b, b.getI1Type(), 0);
        Value x = positive && negative
                      ? Value(math::AbsFOp::create(b, s[0]))
                      : s[0];
        TypedAttr limit = positive ? highestAttr(type, false)
                                   : lowestAttr(type, false);
        return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x,
                                     arith::ConstantOp::create(b, limit));
      }));
}

static LogicalResult lowerCast(Node &node) {
  Type from = node.onnxElement(0), to = node.onnxResultElement(0);
  if (from == to)
    return node.done(node.operand(0));
  if (isString(from) || isString(to))
    return castStrings(node);
  Rounding rounding = Rounding::of(node);
  if (isa<Float8E8M0FNUType>(to) && !llvm::is_contained({"up", "down", "nearest"}, rounding.mode))
    return node.fail("round_mode '" + rounding.mode + "' is unknown; use up, down or nearest");
  return node.done(pointwise(node.b, node.operand(0), node.resultType(),
                             [&](LocBuilder &b, ValueRange s) {
                               return convertScalar(b, s[0], from, to, rounding);
                             }));
}

/// BitCast-26: the same bits as elements of another type of that width. A bool is a byte.
static LogicalResult lowerBitCast(Node &node) {
  Type from = node.onnxElement(0), to = node.onnxResultElement(0);
  Type lowered = node.resultType().getElementType();
  auto widthOf = [](Type type) {
    return type.isInteger(1) ? 8 : type.getIntOrFloatBitWidth();
  };
  if (from == to)
    return node.done(node.operand(0));
  if (widthOf(from) != widthOf(to))
    return node.fail("elements of another width are not supported");
  return node.done(pointwise(
      node.b, node.operand(0), node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        if (from.isInteger(1) || to.isInteger(1))
          return castScalar(b, s[0], lowered, /*fromUnsigned=*/true, true);
        if (s[0].getType() != lowered)
          return arith::BitcastOp::create(b, lowered, s[0]);
        // Bytes that hold fewer bits differ in how these are extended.
        Type bits = isSmallFloat(to) ? Type(b.getIntegerType(widthOf(to), false)) : to;
        return wrapScalar(b, s[0], bits);
      }));
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

using Binary = Value (*)(LocBuilder &, Value, Value, bool isUnsigned);

template <Binary body> static LogicalResult lowerBinary(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  return node.done(pointwise(node.b, {node.operand(0), node.operand(1)},
                             node.resultType(),
                             [&](LocBuilder &b, ValueRange s) {
                               return body(b, s[0], s[1], isUnsigned);
                             }));
}

template <typename Op>
static Value binaryOp(LocBuilder &b, Value x, Value y, bool) {
  return Op::create(b, x, y);
}

static Value addBody(LocBuilder &b, Value x, Value y, bool) { return add(b, x, y); }
static Value subBody(LocBuilder &b, Value x, Value y, bool) { return sub(b, x, y); }
static Value mulBody(LocBuilder &b, Value x, Value y, bool) { return mul(b, x, y); }

/// The divisor with 0 replaced by 1: integer division by zero has no result
/// in the specification, and must not stop the program.
static Value safeDivisor(LocBuilder &b, Value y) {
  APInt constant;
  if (matchPattern(y, m_ConstantInt(&constant)) && !constant.isZero())
    return y;
  Type type = y.getType();
  Value isZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y,
                                       scalarInt(b, type, 0));
  return arith::SelectOp::create(b, isZero, scalarInt(b, type, 1), y);
}

/// Remainder or quotient that also has a value where the signed quotient overflows.
static Value divideIntegers(LocBuilder &b, Value x, Value y, bool isUnsigned,
                            bool remainder) {
  Value safe = safeDivisor(b, y);
  if (isUnsigned)
    return remainder ? Value(arith::RemUIOp::create(b, x, safe))
                     : Value(arith::DivUIOp::create(b, x, safe));
  Type type = x.getType();
  APInt constant;
  bool cannotOverflow =
      matchPattern(y, m_ConstantInt(&constant)) && !constant.isAllOnes();
  Value isMinusOne, divisor = safe;
  if (!cannotOverflow) {
    isMinusOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, safe,
                                       scalarInt(b, type, -1));
    divisor = arith::SelectOp::create(b, isMinusOne, scalarInt(b, type, 1), safe);
  }
  if (remainder)
    return arith::RemSIOp::create(b, x, divisor);
  Value quotient = arith::DivSIOp::create(b, x, divisor);
  if (cannotOverflow)
    return quotient;
  Value negated = sub(b, scalarInt(b, type, 0), x);
  return arith::SelectOp::create(b, isMinusOne, negated, quotient);
}

static Value divBody(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x.getType()))
    return arith::DivFOp::create(b, x, y);
  return divideIntegers(b, x, y, isUnsigned, /*remainder=*/false);
}

static LogicalResult lowerMod(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  bool likeC = node.attrInt("fmod", 0);
  return node.done(pointwise(
      node.b, {node.operand(0), node.operand(1)}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        bool floating = isFloat(type);
        Value rest = floating
                         ? Value(arith::RemFOp::create(b, s[0], s[1]))
                         : divideIntegers(b, s[0], s[1], isUnsigned,
                                          /*remainder=*/true);
        if (isUnsigned || likeC)
          return rest;
        // The result has the divisor's sign.
        Value zero = scalarInt(b, type, 0);
        auto isNegative = [&](Value x) -> Value {
          if (floating)
            return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, zero);
          return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, zero);
        };
        Value isWhole =
            floating ? Value(arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                                   rest, zero))
                     : Value(arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                                   rest, zero));
        Value differ =
            arith::XOrIOp::create(b, isNegative(rest), isNegative(s[1]));
        Value moved = arith::SelectOp::create(b, differ, add(b, rest, s[1]), rest);
        return arith::SelectOp::create(b, isWhole, rest, moved);
      }));
}

/// BitShift-28: amounts outside of the width move every bit out; signed
/// elements keep their sign to the right.
static LogicalResult lowerBitShift(Node &node) {
  bool left = node.attrString("direction", "LEFT") == "LEFT";
  bool isUnsigned = node.isUnsigned(0);
  return node.done(pointwise(
      node.b, {node.operand(0), node.operand(1)}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        unsigned width = type.getIntOrFloatBitWidth();
        if (!left && !isUnsigned) {
          Value most = scalarInt(b, type, width - 1);
          return arith::ShRSIOp::create(b, s[0], minimum(b, s[1], most, true));
        }
        Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, s[1],
                                           scalarInt(b, type, width));
        Value zero = scalarInt(b, type, 0);
        Value amount = arith::SelectOp::create(b, fits, s[1], zero);
        Value moved = left ? Value(arith::ShLIOp::create(b, s[0], amount))
                           : Value(arith::ShRUIOp::create(b, s[0], amount));
        return arith::SelectOp::create(b, fits, moved, zero);
      }));
}

struct Predicates {
  arith::CmpFPredicate floating;
  arith::CmpIPredicate isSigned;
  arith::CmpIPredicate isUnsigned;
};

static Value compare(LocBuilder &b, Value x, Value y, bool isUnsigned,
                     const Predicates &predicates) {
  if (isFloat(x.getType()))
    return arith::CmpFOp::create(b, predicates.floating, x, y);
  return arith::CmpIOp::create(
      b, isUnsigned ? predicates.isUnsigned : predicates.isSigned, x, y);
}

static Value equalBody(LocBuilder &b, Value x, Value y, bool u) {
  return compare(b, x, y, u,
                 {arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq,
                  arith::CmpIPredicate::eq});
}
static LogicalResult lowerEqual(Node &node) {
  if (!isString(node.onnxElement(0)))
    return lowerBinary<equalBody>(node);
  return node.done(pointwise(node.b, {node.operand(0), node.operand(1)}, node.resultType(), [](LocBuilder &b, ValueRange s) {
    return stringCall(b, "string_equal", s, b.getI1Type());
  }));
}

static Value lessBody(LocBuilder &b, Value x, Value y, bool u) {
  return compare(b, x, y, u,
                 {arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt,
                  arith::CmpIPredicate::ult});
}
static Value lessOrEqualBody(LocBuilder &b, Value x, Value y, bool u) {
  return compare(b, x, y, u,
                 {arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle,
                  arith::CmpIPredicate::ule});
}
static Value greaterBody(LocBuilder &b, Value x, Value y, bool u) {
  return lessBody(b, y, x, u);
}
static Value greaterOrEqualBody(LocBuilder &b, Value x, Value y, bool u) {
  return lessOrEqualBody(b, y, x, u);
}

static Value preluBody(LocBuilder &b, Value x, Value slope, bool isUnsigned) {
  Value zero = scalarInt(b, x.getType(), 0);
  return arith::SelectOp::create(b, lessBody(b, x, zero, isUnsigned),
                                 mul(b, x, slope), x);
}

//===----------------------------------------------------------------------===//
// Pow-15
//===----------------------------------------------------------------------===//

/// x to a constant whole power of at most 2^6, by repeated squaring.
static Value wholePower(LocBuilder &b, Value x, unsigned exponent) {
  Value result;
  for (Value factor = x; exponent; exponent >>= 1) {
    if (exponent & 1)
      result = result ? mul(b, result, factor) : factor;
    if (exponent > 1)
      factor = square(b, factor);
  }
  return result;
}

/// Integer x to integer y >= 0 below 64; larger ones would overflow for every base but 0, 1 and -1.
static Value integerPower(LocBuilder &b, Value x, Value y) {
  Type type = x.getType(), exponentType = y.getType();
  Value one = scalarInt(b, type, 1), result = one, factor = x;
  for (unsigned bit = 0; bit < 6; ++bit) {
    Value mask = arith::AndIOp::create(
        b, y, scalarInt(b, exponentType, int64_t(1) << bit));
    Value isSet = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, mask,
                                        scalarInt(b, exponentType, 0));
    result = mul(b, result, arith::SelectOp::create(b, isSet, factor, one));
    factor = square(b, factor);
  }
  return result;
}

static Value power(LocBuilder &b, Value x, Value y, bool baseUnsigned,
                   bool exponentUnsigned) {
  Type type = x.getType();
  if (!isFloat(type) && !isFloat(y.getType()))
    return integerPower(b, x, y);
  if (!isFloat(type)) {
    Value base = castScalar(b, x, y.getType(), baseUnsigned, false);
    Value result = math::PowFOp::create(b, base, y);
    return castScalar(b, result, type, false, baseUnsigned);
  }
  return math::PowFOp::create(b, x,
                              castScalar(b, y, type, exponentUnsigned, false));
}

static LogicalResult lowerPow(Node &node) {
  bool baseUnsigned = node.isUnsigned(0), exponentUnsigned = node.isUnsigned(1);
  std::optional<double> constant;
  if (auto values = node.constantFloats(1); values && !values->empty() &&
                                            llvm::all_equal(*values))
    constant = values->front();
  Type type = node.element(0);
  return node.done(pointwise(
      node.b, {node.operand(0), node.operand(1)}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value x = s[0];
        if (!constant)
          return power(b, x, s[1], baseUnsigned, exponentUnsigned);
        bool whole = *constant >= 1 && *constant <= 8 &&
                     *constant == double(int(*constant));
        if (whole)
          return wholePower(b, x, unsigned(*constant));
        // sqrt(-infinity) is NaN where the power is infinity; only then do the two differ.
        if (isFloat(type) && *constant == 0.5)
          return math::SqrtOp::create(b, x);
        if (isFloat(type) && *constant == -1)
          return reciprocal(b, x);
        return power(b, x, s[1], baseUnsigned, exponentUnsigned);
      }));
}

//===----------------------------------------------------------------------===//
// More operands
//===----------------------------------------------------------------------===//

/// Max-13, Min-13, Sum-13, Mean-13: any number of operands.
template <Binary body> static LogicalResult lowerVariadic(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  bool mean = node.kind() == "Mean";
  SmallVector<Value> operands = node.operands();
  return node.done(pointwise(
      node.b, operands, node.resultType(), [&](LocBuilder &b, ValueRange s) {
        Value result = s[0];
        for (Value next : s.drop_front())
          result = body(b, result, next, isUnsigned);
        if (mean && s.size() > 1)
          result = div(b, result, scalar(b, result.getType(), s.size()));
        return result;
      }));
}

static LogicalResult lowerClip(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  SmallVector<Value> operands{node.operand(0)};
  for (unsigned i : {1u, 2u}) {
    if (!node.has(i))
      continue;
    if (node.type(i).getNumElements() != 1)
      return node.fail("input " + Twine(i) + " must be one number; correct the "
                       "model");
    operands.push_back(reshape(node.b, node.operand(i), {}));
  }
  return node.done(pointwise(
      node.b, operands, node.resultType(), [&](LocBuilder &b, ValueRange s) {
        Value x = s[0];
        if (node.has(1))
          x = maximum(b, x, s[1], isUnsigned);
        return node.has(2) ? minimum(b, x, s.back(), isUnsigned) : x;
      }));
}

static LogicalResult lowerWhere(Node &node) {
  SmallVector<Value> operands = node.operands();
  return node.done(pointwise(
      node.b, operands, node.resultType(), [](LocBuilder &b, ValueRange s) -> Value {
        return arith::SelectOp::create(b, s[0], s[1], s[2]);
      }));
}

void lower::addElementwise(Registry &r) {
  r["onnx.Identity"] = lowerIdentity;
  r["onnx.Abs"] = lowerAbs;
  r["onnx.Neg"] = lowerUnary<negate>;
  r["onnx.Sign"] = lowerSign;
  r["onnx.Not"] = r["onnx.BitwiseNot"] = lowerUnary<logicalNot>;
  r["onnx.Relu"] = lowerUnary<relu>;
  r["onnx.Sigmoid"] = lowerUnary<logistic>;
  r["onnx.Reciprocal"] = lowerUnary<reciprocal>;
  r["onnx.Softplus"] = lowerUnary<softplus>;
  r["onnx.Softsign"] = lowerUnary<softsign>;
  r["onnx.Mish"] = lowerUnary<mish>;
  r["onnx.HardSwish"] = lowerUnary<hardSwish>;
  r["onnx.IsNaN"] = lowerUnary<isNan>;
  r["onnx.Sqrt"] = lowerUnary<unaryOp<math::SqrtOp>>;
  r["onnx.Exp"] = lowerUnary<unaryOp<math::ExpOp>>;
  r["onnx.Log"] = lowerUnary<unaryOp<math::LogOp>>;
  r["onnx.Erf"] = lowerUnary<unaryOp<math::ErfOp>>;
  r["onnx.Floor"] = lowerUnary<unaryOp<math::FloorOp>>;
  r["onnx.Ceil"] = lowerUnary<unaryOp<math::CeilOp>>;
  r["onnx.Round"] = lowerUnary<unaryOp<math::RoundEvenOp>>;
  r["onnx.Sin"] = lowerUnary<unaryOp<math::SinOp>>;
  r["onnx.Cos"] = lowerUnary<unaryOp<math::CosOp>>;
  r["onnx.Tan"] = lowerUnary<unaryOp<math::TanOp>>;
  r["onnx.Asin"] = lowerUnary<unaryOp<math::AsinOp>>;
  r["onnx.Acos"] = lowerUnary<unaryOp<math::AcosOp>>;
  r["onnx.Atan"] = lowerUnary<unaryOp<math::AtanOp>>;
  r["onnx.Sinh"] = lowerUnary<unaryOp<math::SinhOp>>;
  r["onnx.Cosh"] = lowerUnary<unaryOp<math::CoshOp>>;
  r["onnx.Tanh"] = lowerUnary<unaryOp<math::TanhOp>>;
  r["onnx.Asinh"] = lowerUnary<unaryOp<math::AsinhOp>>;
  r["onnx.Acosh"] = lowerUnary<unaryOp<math::AcoshOp>>;
  r["onnx.Atanh"] = lowerUnary<unaryOp<math::AtanhOp>>;
  for (StringRef name : {"LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid",
                         "Swish", "ThresholdedRelu", "Gelu", "Shrink"})
    r[("onnx." + name).str()] = lowerActivation;
  r["onnx.IsInf"] = lowerIsInf;
  r["onnx.Cast"] = r["onnx.CastLike"] = lowerCast;
  r["onnx.BitCast"] = lowerBitCast;
  r["onnx.Add"] = lowerBinary<addBody>;
  r["onnx.Sub"] = lowerBinary<subBody>;
  r["onnx.Mul"] = lowerBinary<mulBody>;
  r["onnx.Div"] = lowerBinary<divBody>;
  r["onnx.Mod"] = lowerMod;
  r["onnx.Pow"] = lowerPow;
  r["onnx.PRelu"] = lowerBinary<preluBody>;
  r["onnx.And"] = r["onnx.BitwiseAnd"] = lowerBinary<binaryOp<arith::AndIOp>>;
  r["onnx.Or"] = r["onnx.BitwiseOr"] = lowerBinary<binaryOp<arith::OrIOp>>;
  r["onnx.Xor"] = r["onnx.BitwiseXor"] = lowerBinary<binaryOp<arith::XOrIOp>>;
  r["onnx.BitShift"] = lowerBitShift;
  r["onnx.Equal"] = lowerEqual;
  r["onnx.Less"] = lowerBinary<lessBody>;
  r["onnx.LessOrEqual"] = lowerBinary<lessOrEqualBody>;
  r["onnx.Greater"] = lowerBinary<greaterBody>;
  r["onnx.GreaterOrEqual"] = lowerBinary<greaterOrEqualBody>;
  r["onnx.Max"] = lowerVariadic<maximum>;
  r["onnx.Min"] = lowerVariadic<minimum>;
  r["onnx.Sum"] = r["onnx.Mean"] = lowerVariadic<addBody>;
  r["onnx.Clip"] = lowerClip;
  r["onnx.Where"] = lowerWhere;
}
