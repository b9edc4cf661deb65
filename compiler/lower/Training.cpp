//===- Training.cpp - Momentum-1, Adam-1, Adagrad-1 -----------------------===//
//
// Steps of optimisers (ai.onnx.preview.training): learning rate, number of updates, then for each tensor its value, gradient and what the method keeps.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
struct Step {
  Node &node;
  LocBuilder &b;
  int64_t tensors = 0;

  explicit Step(Node &node) : node(node), b(node.b) {}

  /// `states`: how many tensors the method keeps for each. Results are the values and states, in the order of the inputs.
  LogicalResult read(int64_t states) {
    int64_t groups = 2 + states, results = 1 + states;
    int64_t given = int64_t(node.numOperands()) - 2;
    if (given < groups || given % groups != 0 ||
        int64_t(node.op->getNumResults()) != given / groups * results)
      return node.fail("the inputs do not come in groups; correct the model");
    tensors = given / groups;
    for (unsigned i = 0; i < node.numOperands(); ++i)
      if (!node.has(i) || (i < 2 && !node.agree(node.sizes(i).count(), 1)))
        return node.fail("input " + Twine(i) + " is absent or no number; correct the model");
    for (int64_t i = 0; i < tensors; ++i)
      for (int64_t k = 0; k < groups; ++k)
        if (!isAlike(2 + k * tensors + i, 2 + i) || !isFloat(node.element(2 + i)))
          return node.fail("gradient and state must have the tensor's type; correct the model");
    return success();
  }

  /// Whether operands i and j have one type.
  bool isAlike(unsigned i, unsigned j) {
    Shape x = node.sizes(i), y = node.sizes(j);
    return node.element(i) == node.element(j) && x.size() == y.size() &&
           llvm::all_of(llvm::zip(x, y), [&](auto pair) { return node.agree(std::get<0>(pair), std::get<1>(pair)); });
  }

  Value number(unsigned i, Type element) {
    return reshape(b, castTo(b, node.operand(i), element), {});
  }

  /// All operands of tensor i, then the learning rate and the number of updates.
  SmallVector<Value> operands(int64_t i, int64_t groups) {
    SmallVector<Value> list;
    for (int64_t k = 0; k < groups; ++k)
      list.push_back(node.operand(2 + k * tensors + i));
    for (unsigned k : {0u, 1u})
      list.push_back(number(k, node.element(2 + i)));
    return list;
  }
};
} // namespace

/// The gradient with that of the regularisation.
static Value regularised(LocBuilder &b, Value x, Value gradient, double coefficient) {
  return add(b, mul(b, x, scalar(b, x.getType(), coefficient)), gradient);
}

static LogicalResult lowerMomentum(Node &node) {
  Step step(node);
  if (failed(step.read(1)))
    return failure();
  LocBuilder &b = node.b;
  double norm = node.attrFloat("norm_coefficient", 0);
  double alpha = node.attrFloat("alpha", 0), beta = node.attrFloat("beta", 1);
  bool nesterov = node.attrString("mode", "standard") == "nesterov";
  for (int64_t i = 0; i < step.tensors; ++i) {
    SmallVector<Value> operands = step.operands(i, 3);
    RankedTensorType type = tensorType(operands[0]);
    // x, gradient, velocity, rate, count
    Value velocity = pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) -> Value {
      Type element = s[0].getType();
      Value first = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, s[4], scalar(b, element, 0));
      Value factor = arith::SelectOp::create(b, first, scalar(b, element, 1), scalar(b, element, beta));
      return add(b, mul(b, s[2], scalar(b, element, alpha)),
                 mul(b, factor, regularised(b, s[0], s[1], norm)));
    });
    operands.push_back(velocity);
    node.set(step.tensors + i, velocity);
    node.set(i, pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
               Value move = s[5];
               if (nesterov)
                 move = add(b, regularised(b, s[0], s[1], norm),
                            mul(b, move, scalar(b, s[0].getType(), alpha)));
               return sub(b, s[0], mul(b, s[3], move));
             }));
  }
  return success();
}

static LogicalResult lowerAdagrad(Node &node) {
  Step step(node);
  if (failed(step.read(1)))
    return failure();
  LocBuilder &b = node.b;
  double norm = node.attrFloat("norm_coefficient", 0);
  double epsilon = node.attrFloat("epsilon", 0), decay = node.attrFloat("decay_factor", 0);
  for (int64_t i = 0; i < step.tensors; ++i) {
    SmallVector<Value> operands = step.operands(i, 3);
    RankedTensorType type = tensorType(operands[0]);
    Value squares = pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
      Value gradient = regularised(b, s[0], s[1], norm);
      return add(b, s[2], mul(b, gradient, gradient));
    });
    operands.push_back(squares);
    node.set(step.tensors + i, squares);
    node.set(i, pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
               Type element = s[0].getType();
               Value slower = add(b, scalar(b, element, 1), mul(b, s[4], scalar(b, element, decay)));
               Value rate = div(b, s[3], slower);
               Value root = add(b, math::SqrtOp::create(b, s[5]), scalar(b, element, epsilon));
               Value gradient = regularised(b, s[0], s[1], norm);
               return sub(b, s[0], div(b, mul(b, rate, gradient), root));
             }));
  }
  return success();
}

static LogicalResult lowerAdam(Node &node) {
  Step step(node);
  if (failed(step.read(2)))
    return failure();
  LocBuilder &b = node.b;
  double norm = node.attrFloat("norm_coefficient", 0);
  double after = node.attrFloat("norm_coefficient_post", 0);
  double alpha = node.attrFloat("alpha", 0.9f), beta = node.attrFloat("beta", 0.999f);
  double epsilon = node.attrFloat("epsilon", 0);
  for (int64_t i = 0; i < step.tensors; ++i) {
    SmallVector<Value> operands = step.operands(i, 4);
    RankedTensorType type = tensorType(operands[0]);
    // x, gradient, first and second moment, rate, count
    auto moment = [&](int64_t at, double keep, bool square) {
      return pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
        Type element = s[0].getType();
        Value gradient = regularised(b, s[0], s[1], norm);
        if (square)
          gradient = mul(b, gradient, gradient);
        return add(b, mul(b, s[at], scalar(b, element, keep)),
                   mul(b, gradient, scalar(b, element, 1 - keep)));
      });
    };
    Value first = moment(2, alpha, false), second = moment(3, beta, true);
    node.set(step.tensors + i, first);
    node.set(2 * step.tensors + i, second);
    // The moments start at 0; later updates make up for it.
    Type element = type.getElementType();
    Value rate = pointwise(
        b, {operands[4], operands[5]}, tensorType({}, element),
        [&](LocBuilder &b, ValueRange s) -> Value {
          Value one = scalar(b, element, 1);
          auto rest = [&](double base) {
            return sub(b, one, math::PowFOp::create(b, scalar(b, element, base), s[1]));
          };
          Value raised = div(b, mul(b, s[0], math::SqrtOp::create(b, rest(beta))), rest(alpha));
          Value later = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[1], scalar(b, element, 0));
          return arith::SelectOp::create(b, later, raised, s[0]);
        });
    node.set(i, pointwise(b, {operands[0], first, second, rate}, type,
                          [&](LocBuilder &b, ValueRange s) {
                            Value root = add(b, math::SqrtOp::create(b, s[2]), scalar(b, element, epsilon));
                            Value moved = sub(b, s[0], mul(b, s[3], div(b, s[1], root)));
                            return mul(b, moved, scalar(b, element, 1 - after));
                          }));
  }
  return success();
}

void lower::addTraining(Registry &r) {
  r["onnx.ai_onnx_preview_training_Momentum"] = lowerMomentum;
  r["onnx.ai_onnx_preview_training_Adagrad"] = lowerAdagrad;
  r["onnx.ai_onnx_preview_training_Adam"] = lowerAdam;
}
