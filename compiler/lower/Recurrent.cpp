//===- Recurrent.cpp - LSTM-22, GRU-22, RNN-22 ----------------------------===//
//
// The input's part of all gates and all steps is one contraction ahead of the loop over time. A step is the state's contraction and
// the gates, point by point. Gates are a dimension: gate k of (batch, gates, hidden) is read through a map with the constant k. A
// few steps need no loop. Sequences that end early keep their state and give zeros from there on.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
struct Activation {
  std::string name;
  float alpha = 0, beta = 0;
};

/// The node with its operands in the layout of time first.
struct Cell {
  Node &node;
  LocBuilder &b;
  StringRef kind;
  Extent steps, batch, hidden;
  int64_t gates, directions;
  Type element;
  float clip;
  bool linearBeforeReset, inputForget;
  Value x;
  /// Steps of each sequence; null if all are of full length.
  Value lengths;
  SmallVector<Activation> activations;
};

/// What one direction works with: weights for the state, biases for it where they stay apart, peepholes.
struct Direction {
  Value projected, recurrent, recurrentBias, peepholes;
  ArrayRef<Activation> activations;
  bool backwards = false;
};

struct State {
  Value h, c;
};
} // namespace

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// Default alpha and beta by the operators of the same names; nothing for unknown names.
static std::optional<Activation> makeActivation(StringRef name) {
  static const struct {
    const char *name;
    float alpha, beta;
  } known[] = {{"Relu", 0, 0},          {"Tanh", 0, 0},
               {"Sigmoid", 0, 0},       {"Softsign", 0, 0},
               {"Softplus", 0, 0},      {"Affine", 1, 0},
               {"LeakyRelu", 0.01f, 0}, {"ThresholdedRelu", 1, 0},
               {"ScaledTanh", 1, 1},    {"HardSigmoid", 0.2f, 0.5f},
               {"Elu", 1, 0}};
  for (const auto &entry : known)
    if (name.equals_insensitive(entry.name))
      return Activation{entry.name, entry.alpha, entry.beta};
  return std::nullopt;
}

static Value activate(LocBuilder &b, const Activation &activation, Value x) {
  Type type = x.getType();
  StringRef name = activation.name;
  Value zero = scalar(b, type, 0), one = scalar(b, type, 1);
  Value alpha = scalar(b, type, activation.alpha);
  Value beta = scalar(b, type, activation.beta);
  auto less = [&](Value left, Value right) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, left, right);
  };
  if (name == "Sigmoid")
    return logistic(b, x);
  if (name == "Tanh")
    return math::TanhOp::create(b, x);
  if (name == "Relu")
    return maximum(b, x, zero);
  if (name == "Affine")
    return add(b, mul(b, alpha, x), beta);
  if (name == "LeakyRelu")
    return arith::SelectOp::create(b, less(x, zero), mul(b, alpha, x), x);
  if (name == "ThresholdedRelu")
    return arith::SelectOp::create(b, less(x, alpha), zero, x);
  if (name == "ScaledTanh")
    return mul(b, alpha, math::TanhOp::create(b, mul(b, beta, x)));
  if (name == "HardSigmoid")
    return minimum(b, maximum(b, add(b, mul(b, alpha, x), beta), zero), one);
  if (name == "Elu")
    return arith::SelectOp::create(
        b, less(x, zero), mul(b, alpha, math::ExpM1Op::create(b, x)), x);
  Value size = math::AbsFOp::create(b, x);
  if (name == "Softsign")
    return div(b, x, add(b, one, size));
  Value tail = math::ExpOp::create(b, arith::NegFOp::create(b, size));
  return add(b, maximum(b, x, zero), math::Log1pOp::create(b, tail));
}

static LogicalResult readActivations(Node &node, Cell &cell) {
  std::vector<std::string> names;
  for (int64_t d = 0; d < cell.directions; ++d) {
    if (cell.kind == "LSTM")
      names.insert(names.end(), {"Sigmoid", "Tanh", "Tanh"});
    else if (cell.kind == "GRU")
      names.insert(names.end(), {"Sigmoid", "Tanh"});
    else
      names.push_back("Tanh");
  }
  if (auto given = node.attrStrings("activations"); given && !given->empty()) {
    // RNN's default lists one for each of two directions, whatever there are.
    if (given->size() < names.size())
      return node.fail("the number of activations does not fit; correct the "
                       "model");
    names.assign(given->begin(), given->begin() + names.size());
  }
  auto alphas = node.attrFloats("activation_alpha").value_or(std::vector<float>());
  auto betas = node.attrFloats("activation_beta").value_or(std::vector<float>());
  // Values are used up by the activations that have such a parameter.
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    auto activation = makeActivation(name);
    if (!activation)
      return node.fail("the activation '" + name + "' is unknown; correct the "
                       "model");
    if (activation->alpha != 0 && nextAlpha < alphas.size())
      activation->alpha = alphas[nextAlpha++];
    bool hasBeta = activation->beta != 0 || activation->name == "Affine";
    if (hasBeta && nextBeta < betas.size())
      activation->beta = betas[nextBeta++];
    cell.activations.push_back(*activation);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

/// The state (batch, hidden) times weights (gates x hidden, hidden), as (batch, gates, hidden).
static Value recur(Cell &cell, Value state, Value weights, int64_t gates) {
  LocBuilder &b = cell.b;
  MLIRContext *context = b.getContext();
  AffineExpr row = b.getAffineDimExpr(0), column = b.getAffineDimExpr(1),
             k = b.getAffineDimExpr(2);
  AffineMap maps[] = {AffineMap::get(3, 0, {row, k}, context),
                      AffineMap::get(3, 0, {column, k}, context),
                      AffineMap::get(3, 0, {row, column}, context)};
  IteratorType loops[] = {IteratorType::parallel, IteratorType::parallel,
                          IteratorType::reduction};
  Value flat = contraction(b, state, weights, maps, loops,
                           tensorType({cell.batch, cell.hidden * gates}, cell.element));
  return reshape(b, flat, {cell.batch, gates, cell.hidden});
}

namespace {
/// Operands of a generic over (batch, hidden), collected with their maps; `add` gives the position in the body.
class Operands {
public:
  explicit Operands(Cell &cell) : cell(cell) {}

  /// Gate k of (batch, gates, hidden), or of (gates, hidden) for numbers that all sequences share.
  unsigned gate(Value value, int64_t k) {
    LocBuilder &b = cell.b;
    SmallVector<AffineExpr> exprs{b.getAffineConstantExpr(k),
                                  b.getAffineDimExpr(1)};
    if (tensorType(value).getRank() == 3)
      exprs.insert(exprs.begin(), b.getAffineDimExpr(0));
    return append(value, exprs);
  }
  unsigned state(Value value) {
    return append(value, {cell.b.getAffineDimExpr(0), cell.b.getAffineDimExpr(1)});
  }
  unsigned perSequence(Value value) {
    return append(value, cell.b.getAffineDimExpr(0));
  }
  unsigned shared(Value value) { return append(value, {}); }
  Value build(Body body) {
    return mapped(cell.b, values, maps,
                  tensorType({cell.batch, cell.hidden}, cell.element), body);
  }

private:
  unsigned append(Value value, ArrayRef<AffineExpr> exprs) {
    values.push_back(value);
    maps.push_back(AffineMap::get(2, 0, exprs, cell.b.getContext()));
    return values.size() - 1;
  }

  Cell &cell;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
};
} // namespace

static Value clipped(LocBuilder &b, const Cell &cell, Value x) {
  if (cell.clip <= 0)
    return x;
  Type type = x.getType();
  return minimum(b, maximum(b, x, scalar(b, type, -cell.clip)),
                 scalar(b, type, cell.clip));
}

/// Gates in the order input, output, forget, cell; peepholes input, output, forget.
static State stepLstm(Cell &cell, const Direction &d, Value x, State old) {
  Value recurrent = recur(cell, old.h, d.recurrent, cell.gates);
  enum { input, output, forget, candidate };
  const Activation &f = d.activations[0], &g = d.activations[1],
                   &h = d.activations[2];
  auto sum = [&](LocBuilder &b, ValueRange s, unsigned first, Value state,
                 std::optional<unsigned> peephole) {
    Value total = add(b, s[first], s[first + 1]);
    if (peephole)
      total = add(b, total, mul(b, s[*peephole], state));
    return clipped(b, cell, total);
  };
  State next;
  {
    Operands operands(cell);
    auto gate = [&](int64_t k) {
      unsigned first = operands.gate(x, k);
      operands.gate(recurrent, k);
      return first;
    };
    unsigned i = gate(input), fo = gate(forget), ca = gate(candidate);
    unsigned c = operands.state(old.c);
    std::optional<unsigned> pi, pf;
    if (d.peepholes) {
      pi = operands.gate(d.peepholes, 0);
      pf = operands.gate(d.peepholes, 2);
    }
    next.c = operands.build([&](LocBuilder &b, ValueRange s) {
      Value in = activate(b, f, sum(b, s, i, s[c], pi));
      Value keep = cell.inputForget
                       ? sub(b, scalar(b, in.getType(), 1), in)
                       : activate(b, f, sum(b, s, fo, s[c], pf));
      Value fresh = activate(b, g, sum(b, s, ca, s[c], std::nullopt));
      return add(b, mul(b, keep, s[c]), mul(b, in, fresh));
    });
  }
  Operands operands(cell);
  unsigned o = operands.gate(x, output);
  operands.gate(recurrent, output);
  unsigned c = operands.state(next.c);
  std::optional<unsigned> po;
  if (d.peepholes)
    po = operands.gate(d.peepholes, 1);
  next.h = operands.build([&](LocBuilder &b, ValueRange s) {
    Value out = activate(b, f, sum(b, s, o, s[c], po));
    return mul(b, out, activate(b, h, s[c]));
  });
  return next;
}

/// Gates in the order update, reset, hidden.
static State stepGru(Cell &cell, const Direction &d, Value x, State old) {
  enum { update, reset, candidate };
  LocBuilder &b = cell.b;
  const Activation &f = d.activations[0], &g = d.activations[1];
  auto activated = [&](LocBuilder &b, const Activation &a, Value total) {
    return activate(b, a, clipped(b, cell, total));
  };
  Value gates, candidateState;
  if (cell.linearBeforeReset) {
    gates = recur(cell, old.h, d.recurrent, cell.gates);
    candidateState = gates;
  } else {
    Extent split = cell.hidden * 2;
    gates = recur(cell, old.h, sliceAxis(b, d.recurrent, 0, 0, split), 2);
    Operands operands(cell);
    unsigned xr = operands.gate(x, reset);
    operands.gate(gates, reset);
    unsigned h = operands.state(old.h);
    Value remembered = operands.build([&](LocBuilder &b, ValueRange s) {
      Value r = activated(b, f, add(b, s[xr], s[xr + 1]));
      return mul(b, r, s[h]);
    });
    candidateState =
        recur(cell, remembered, sliceAxis(b, d.recurrent, 0, split, cell.hidden), 1);
  }
  Operands operands(cell);
  unsigned xz = operands.gate(x, update);
  operands.gate(gates, update);
  unsigned xr = operands.gate(x, reset);
  operands.gate(gates, reset);
  unsigned xh = operands.gate(x, candidate);
  operands.gate(candidateState, cell.linearBeforeReset ? candidate : 0);
  unsigned h = operands.state(old.h);
  std::optional<unsigned> bias;
  if (d.recurrentBias)
    bias = operands.gate(d.recurrentBias, candidate);
  Value next = operands.build([&](LocBuilder &b, ValueRange s) {
    Value z = activated(b, f, add(b, s[xz], s[xz + 1]));
    Value recurrent = s[xh + 1];
    if (cell.linearBeforeReset) {
      if (bias)
        recurrent = add(b, recurrent, s[*bias]);
      Value r = activated(b, f, add(b, s[xr], s[xr + 1]));
      recurrent = mul(b, r, recurrent);
    }
    Value fresh = activated(b, g, add(b, s[xh], recurrent));
    Value rest = sub(b, scalar(b, z.getType(), 1), z);
    return add(b, mul(b, rest, fresh), mul(b, z, s[h]));
  });
  return {next, {}};
}

static State stepRnn(Cell &cell, const Direction &d, Value x, State old) {
  Value recurrent = recur(cell, old.h, d.recurrent, cell.gates);
  Operands operands(cell);
  operands.gate(x, 0);
  operands.gate(recurrent, 0);
  return {operands.build([&](LocBuilder &b, ValueRange s) {
            return activate(b, d.activations[0],
                            clipped(b, cell, add(b, s[0], s[1])));
          }),
          {}};
}

static State step(Cell &cell, const Direction &d, Value x, State old) {
  if (cell.kind == "LSTM")
    return stepLstm(cell, d, x, old);
  if (cell.kind == "GRU")
    return stepGru(cell, d, x, old);
  return stepRnn(cell, d, x, old);
}

/// `fresh` for sequences that reach the step `at` (a tensor of one number), `old` (or 0) for the others.
static Value whereRunning(Cell &cell, Value at, Value fresh, Value old) {
  Operands operands(cell);
  unsigned now = operands.shared(at);
  operands.perSequence(cell.lengths);
  unsigned value = operands.state(fresh);
  if (old)
    operands.state(old);
  return operands.build([&](LocBuilder &b, ValueRange s) -> Value {
    Value length = castScalar(b, s[now + 1], b.getI64Type(), false, false);
    Value running = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, s[now], length);
    Value rest = old ? s[value + 1] : scalar(b, cell.element, 0);
    return arith::SelectOp::create(b, running, s[value], rest);
  });
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// Up to so many steps stand one after the other: their functions are the same,
/// and no index is computed at run time.
static constexpr int64_t kUnrolledSteps = 16;

/// Runs all steps; gives the last state and, where wanted, all hidden states as (steps, batch, hidden).
static State runDirection(Cell &cell, const Direction &d, State state,
                          Value *all) {
  LocBuilder &b = cell.b;
  Shape outShape{cell.steps, cell.batch, cell.hidden}, rowShape{1, cell.batch, cell.hidden};
  auto advanceState = [&](Value x, Value at, State old, Value *shown) {
    State next = step(cell, d, x, old);
    *shown = next.h;
    if (cell.lengths) {
      *shown = whereRunning(cell, at, next.h, {});
      next.h = whereRunning(cell, at, next.h, old.h);
      if (next.c)
        next.c = whereRunning(cell, at, next.c, old.c);
    }
    return next;
  };
  if (cell.steps.isNumber() && cell.steps.value() <= kUnrolledSteps) {
    int64_t steps = cell.steps.value();
    SmallVector<Value> rows(steps);
    for (int64_t i = 0; i < steps; ++i) {
      int64_t at = d.backwards ? steps - 1 - i : i;
      Value x = reshape(b, sliceAxis(b, d.projected, 0, at, 1), {cell.batch, cell.gates, cell.hidden}), shown;
      state = advanceState(x, cell.lengths ? counter(b, at) : Value(), state, &shown);
      rows[at] = reshape(b, shown, rowShape);
    }
    if (all)
      *all = concat(b, rows, 0);
    return state;
  }
  Value first = counter(b, d.backwards ? cell.steps - 1 : 0);
  SmallVector<Value> starts{first, state.h};
  if (state.c)
    starts.push_back(state.c);
  if (all)
    starts.push_back(emptyOf(cell.node, tensorType(outShape, cell.element)));
  auto loop = scf::ForOp::create(b, index(b, 0), index(b, cell.steps), index(b, 1), starts);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(loop.getBody());
  ValueRange carried = loop.getRegionIterArgs();
  Value at = carried[0], shown;
  State old{carried[1], state.c ? carried[2] : Value()};
  State next = advanceState(readSlice(b, d.projected, 0, at), at, old, &shown);
  SmallVector<Value> results{advance(b, at, d.backwards ? -1 : 1), next.h};
  if (next.c)
    results.push_back(next.c);
  if (all)
    results.push_back(writeSlice(b, carried.back(), shown, 0, at));
  scf::YieldOp::create(b, results);
  if (all)
    *all = loop.getResults().back();
  return {loop.getResult(1), state.c ? loop.getResult(2) : Value()};
}

/// x times the weights of one direction, with the biases that need no state, as (steps, batch, gates, hidden).
static Value project(Cell &cell, Value weights, Value bias) {
  LocBuilder &b = cell.b;
  MLIRContext *context = b.getContext();
  Extent columns = cell.hidden * cell.gates;
  AffineExpr t = b.getAffineDimExpr(0), s = b.getAffineDimExpr(1),
             n = b.getAffineDimExpr(2), k = b.getAffineDimExpr(3);
  AffineMap maps[] = {AffineMap::get(4, 0, {t, s, k}, context),
                      AffineMap::get(4, 0, {n, k}, context),
                      AffineMap::get(4, 0, {t, s, n}, context)};
  IteratorType loops[] = {IteratorType::parallel, IteratorType::parallel,
                          IteratorType::parallel, IteratorType::reduction};
  RankedTensorType type =
      tensorType({cell.steps, cell.batch, columns}, cell.element);
  Value result = contraction(b, cell.x, weights, maps, loops, type);
  if (bias)
    result = pointwise(b, {result, bias}, type, [](LocBuilder &b, ValueRange s) {
      return add(b, s[0], s[1]);
    });
  return reshape(b, result,
                 {cell.steps, cell.batch, cell.gates, cell.hidden});
}

/// The biases of one direction: those added ahead of the loop, and for GRU with linear_before_reset the recurrent ones of
/// the hidden gate, which the reset gate scales.
static Value splitBias(Cell &cell, Value bias, Value &recurrentBias) {
  LocBuilder &b = cell.b;
  Extent columns = cell.hidden * cell.gates;
  Value input = sliceAxis(b, bias, 0, 0, columns);
  Value recurrent = sliceAxis(b, bias, 0, columns, columns);
  bool apart = cell.kind == "GRU" && cell.linearBeforeReset;
  if (!apart)
    return pointwise(
        b, {input, recurrent}, tensorType(input),
        [](LocBuilder &b, ValueRange s) { return add(b, s[0], s[1]); });
  recurrentBias = reshape(b, recurrent, {cell.gates, cell.hidden});
  Extent gated = cell.hidden * 2;
  return pointwise(b, {input, recurrent}, tensorType(input),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value at = linalg::IndexOp::create(b, 0);
                     Value early = arith::CmpIOp::create(
                         b, arith::CmpIPredicate::slt, at, index(b, gated));
                     Value both = add(b, s[0], s[1]);
                     return arith::SelectOp::create(b, early, both, s[0]);
                   });
}

static LogicalResult lowerRecurrent(Node &node) {
  LocBuilder &b = node.b;
  StringRef kind = node.kind();
  bool batchFirst = node.attrInt("layout", 0);
  std::string direction = node.attrString("direction", "forward");
  if (node.rank(0) != 3 || node.rank(1) != 3 || node.rank(2) != 3)
    return node.fail("X, W and R must have a rank of 3; correct the model");
  Value x = node.operand(0);
  if (batchFirst)
    x = transpose(b, x, {1, 0, 2});
  Shape shape = shapeOf(x);
  int64_t gates = kind == "LSTM" ? 4 : kind == "GRU" ? 3 : 1;
  // A size that the attribute tells is none that is left to the call.
  Extent hidden = node.sizes(2)[2];
  if (node.hasAttr("hidden_size") && !hidden.isNumber())
    hidden = node.attrInt("hidden_size", 0);
  Cell cell{node,
            b,
            kind,
            shape[0],
            shape[1],
            hidden,
            gates,
            direction == "bidirectional" ? 2 : 1,
            node.element(0),
            node.attrFloat("clip", 0),
            node.attrInt("linear_before_reset", 0) != 0,
            node.attrInt("input_forget", 0) != 0,
            x,
            {},
            {}};
  Extent columns = cell.hidden * cell.gates;
  auto fits = [&](unsigned i, const Shape &expected) {
    return !node.has(i) || (node.rank(i) == int64_t(expected.size()) && llvm::all_of(llvm::zip(node.sizes(i), expected), [&](auto pair) {
      return node.agree(std::get<0>(pair), std::get<1>(pair));
    }));
  };
  if (!fits(1, {cell.directions, columns, shape[2]}) || !fits(2, {cell.directions, columns, cell.hidden}))
    return node.fail("the weights do not fit the input; correct the model");
  Shape stateShape{cell.directions, cell.batch, cell.hidden};
  if (batchFirst)
    std::rotate(stateShape.begin(), stateShape.begin() + 1, stateShape.begin() + 2);
  if (!fits(3, {cell.directions, columns * 2}) || !fits(4, {cell.batch}) ||
      !fits(5, stateShape) || (kind == "LSTM" && !fits(6, stateShape)) ||
      (kind == "LSTM" && !fits(7, {cell.directions, cell.hidden * 3})))
    return node.fail("biases, lengths, initial states or peepholes have the "
                     "wrong shape; correct the model");
  if (failed(readActivations(node, cell)))
    return failure();
  if (node.has(4)) {
    auto lengths = node.constantInts(4);
    bool full = lengths && llvm::all_of(*lengths, [&](int64_t length) {
                  return cell.steps == length;
                });
    if (!full)
      cell.lengths = node.operand(4);
  }
  bool hasCell = kind == "LSTM";
  bool wantsAll = node.hasResult(0) && !node.op->getResult(0).use_empty() && cell.steps != 0;
  // What one direction has, of sizes that the checks above found.
  auto part = [&](Value value, int64_t d, const Shape &sizes) {
    Shape offsets(sizes.size() + 1, 0), taken{1};
    offsets[0] = d;
    taken.append(sizes.begin(), sizes.end());
    return reshape(b, slice(b, value, offsets, taken, SmallVector<int64_t>(taken.size(), 1)), sizes);
  };
  RankedTensorType stateType =
      tensorType({cell.batch, cell.hidden}, cell.element);
  auto initial = [&](unsigned i, int64_t d) -> Value {
    if (!node.has(i))
      return splat(b, stateType, numberAttr(cell.element, 0));
    Value value = node.operand(i);
    return part(batchFirst ? transpose(b, value, {1, 0, 2}) : value, d, {cell.batch, cell.hidden});
  };

  SmallVector<Value> sequences, lastH, lastC;
  unsigned perDirection = cell.activations.size() / cell.directions;
  for (int64_t d = 0; d < cell.directions; ++d) {
    Direction way;
    way.backwards = direction == "reverse" || d == 1;
    way.activations = ArrayRef(cell.activations)
                          .slice(d * perDirection, perDirection);
    Value bias;
    if (node.has(3))
      bias = splitBias(cell, part(node.operand(3), d, {columns * 2}), way.recurrentBias);
    way.projected = project(cell, part(node.operand(1), d, {columns, shape[2]}), bias);
    way.recurrent = part(node.operand(2), d, {columns, cell.hidden});
    if (hasCell && node.has(7))
      way.peepholes = reshape(b, part(node.operand(7), d, {cell.hidden * 3}), {3, cell.hidden});
    State state{initial(5, d), hasCell ? initial(6, d) : Value()};
    Value all;
    // Without steps the states stay what they are.
    State last = cell.steps == 0 ? state : runDirection(cell, way, state, wantsAll ? &all : nullptr);
    auto stacked = [&](Value value, int64_t axis) {
      Shape kept = shapeOf(value);
      kept.insert(kept.begin() + axis, Extent(1));
      return reshape(b, value, kept);
    };
    if (wantsAll)
      sequences.push_back(stacked(all, 1));
    lastH.push_back(stacked(last.h, 0));
    if (hasCell)
      lastC.push_back(stacked(last.c, 0));
  }
  auto finish = [&](unsigned i, ArrayRef<Value> parts, ArrayRef<int64_t> order) {
    Value value = concat(b, parts, i == 0 ? 1 : 0);
    node.set(i, batchFirst ? transpose(b, value, order) : value);
  };
  if (wantsAll)
    finish(0, sequences, {2, 0, 1, 3});
  else if (node.hasResult(0))
    node.set(0, isEmpty(node.resultType(0)) ? emptyOf(node, node.resultType(0)) : splat(b, node.resultType(0), numberAttr(cell.element, 0)));
  if (node.hasResult(1))
    finish(1, lastH, {1, 0, 2});
  if (hasCell && node.hasResult(2))
    finish(2, lastC, {1, 0, 2});
  return success();
}

void lower::addRecurrent(Registry &r) {
  r["onnx.LSTM"] = r["onnx.GRU"] = r["onnx.RNN"] = lowerRecurrent;
}
