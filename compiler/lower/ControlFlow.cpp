//===- ControlFlow.cpp - If-25, Loop-25, Scan-25 --------------------------===//
//
// Branches and bodies move into scf operations and are lowered there. A loop has a number of iterations that is known before it starts;
// a condition that ends it earlier makes the remaining iterations keep the values. What it collects has memory for all of these iterations.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Parameter.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// The value where this type is expected, or null. That open sizes are those of the type, each call is asked; where one of both is a number, a copy has the
/// type.
static Value conform(Node &node, Value value, Type expected) {
  auto type = dyn_cast<RankedTensorType>(value.getType()), wanted = dyn_cast_or_null<RankedTensorType>(expected);
  if (!type || !wanted || type.getElementType() != wanted.getElementType() || type.getRank() != wanted.getRank())
    return {};
  for (auto [size, other] : llvm::zip(shapeOf(type), shapeOf(wanted)))
    if (!node.agree(size, other))
      return {};
  if (type.getShape() == wanted.getShape())
    return value;
  return mapped(node.b, value, node.b.getMultiDimIdentityMap(type.getRank()), wanted,
                [](LocBuilder &, ValueRange s) { return s[0]; });
}

static bool conform(Node &node, SmallVector<Value> &values, TypeRange types) {
  if (values.size() != types.size())
    return false;
  for (auto [value, type] : llvm::zip(values, types))
    if (!(value = conform(node, value, type)))
      return false;
  return true;
}

/// Moves a region's operations to the end of `into` and lowers them there.
/// `results` are the lowered values that the region returns.
static LogicalResult inlineRegion(Node &node, Region &region,
                                  ValueRange arguments, Block &into,
                                  SmallVector<Value> &results) {
  if (region.empty() || region.front().empty())
    return node.fail("a graph attribute is missing; correct the model");
  Block &body = region.front();
  if (body.getNumArguments() != arguments.size())
    return node.fail("a graph attribute has " + Twine(body.getNumArguments()) +
                     " inputs instead of " + Twine(arguments.size()) +
                     "; correct the model");
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments)) {
    Value given = conform(node, value, lowerType(argument.getType()));
    if (!given)
      return node.fail("an input of a graph attribute changes its type or "
                       "shape; such loops are not supported");
    node.values.map(argument, given);
  }
  Operation *end = &body.back();
  into.getOperations().splice(into.end(), body.getOperations());
  if (failed(lowerBlock(into, node.values)))
    return failure();
  for (Value operand : end->getOperands()) {
    Value value = node.values.lookupOrNull(operand);
    if (!value)
      return node.fail("a result of a graph attribute has a type that is not "
                       "supported");
    results.push_back(value);
  }
  end->erase();
  return success();
}

static void endBlock(LocBuilder &b, Block &block, ValueRange results) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&block);
  scf::YieldOp::create(b, results);
  eraseLowered(block);
}

static Value condition(LocBuilder &b, Value value) {
  return tensor::ExtractOp::create(b, reshape(b, value, {}), ValueRange());
}

static LogicalResult lowerIf(Node &node) {
  LocBuilder &b = node.b;
  if (node.op->getNumRegions() != 2 || node.type(0).getNumElements() != 1)
    return node.fail("it needs two branches and one condition; correct the "
                     "model");
  SmallVector<Type> types;
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    types.push_back(node.resultType(i));
  auto branch = scf::IfOp::create(b, types, condition(b, node.operand(0)),
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  // The specification's order of attributes: else_branch, then_branch.
  Block *blocks[] = {branch.elseBlock(), branch.thenBlock()};
  for (unsigned i = 0; i < 2; ++i) {
    SmallVector<Value> results;
    if (failed(inlineRegion(node, node.op->getRegion(i), {}, *blocks[i], results)))
      return failure();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(blocks[i]);
    if (!conform(node, results, types))
      return node.fail("the branches give different shapes; fix the condition "
                       "in the model, or give the sizes with --shape");
    endBlock(b, *blocks[i], results);
  }
  for (unsigned i = 0; i < types.size(); ++i)
    node.set(i, branch.getResult(i));
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// M where it is known before the data are: a constant, or an expression over what a call chooses.
static std::optional<Extent> mostTrips(Node &node) {
  auto trips = node.elements(0);
  if (!trips || trips->size() != 1)
    return std::nullopt;
  Extent most = trips->front();
  if (most.isNumber())
    return Extent(std::max<int64_t>(most.value(), 0));
  MLIRContext *context = node.op->getContext();
  return Extent(greatestSize(node.op, {getAffineConstantExpr(0, context), most.in(context)}));
}

/// The number of iterations as an index: known or the value of a tensor; none where the condition at the start is false.
static Value tripCount(Node &node, bool startsTrue) {
  LocBuilder &b = node.b;
  Value count;
  if (!node.has(0))
    count = index(b, std::numeric_limits<int64_t>::max());
  else if (auto most = mostTrips(node)) {
    count = index(b, *most);
  } else {
    Value wide = arith::IndexCastOp::create(b, b.getIndexType(),
                                            condition(b, node.operand(0)));
    count = arith::MaxSIOp::create(b, wide, index(b, 0));
  }
  if (startsTrue)
    return count;
  return select(b, condition(b, node.operand(1)), count, index(b, 0));
}

static bool isUnknown(const Extent &size, MLIRContext *context) { return !size.in(context); }

/// What a loop collects has room for M iterations; that there are as many as the results' types say is checked.
static FailureOr<SmallVector<RankedTensorType>> collectedTypes(Node &node, unsigned carried, bool conditional) {
  MLIRContext *context = node.op->getContext();
  Parameter trips(node, 0), start(node, 1);
  std::optional<Extent> most = mostTrips(node);
  SmallVector<RankedTensorType> collected;
  for (unsigned i = carried; i < node.op->getNumResults(); ++i) {
    if (!node.hasResult(i) || node.resultType(i).getRank() == 0)
      return node.fail("a collected result has no axis to collect along; correct the model");
    Shape shape = node.resultSizes(i);
    Extent wanted = shape[0];
    if (isUnknown(wanted, context)) {
      if (!most)
        return node.fail("nothing bounds how many results it collects; make M a constant, or declare the shapes of its results");
      shape[0] = *most;
    }
    collected.push_back(tensorType(shape, node.resultType(i).getElementType()));
    bool changes = llvm::any_of(shape, [&](const Extent &size) { return isUnknown(size, context); });
    if (changes || (shape.isStatic() && !byteSize(collected.back())))
      return node.fail("a collected result changes its shape, or is too large; such loops are not supported");
    bool asMany = most && *most == wanted && start.isKnown();
    if (!isUnknown(wanted, context) && !conditional && !asMany && (!trips.isKnown() || !start.isKnown()))
      check(node, trips.isKnown() ? start : trips, [&](LocBuilder &b) {
        Value count = maximum(b, trips.at(b, 0), number(b, 0));
        if (start.isPresent())
          count = select(b, isNumber(b, start.at(b, 0), 0), number(b, 0), count);
        return isNumber(b, count, wanted);
      });
  }
  return collected;
}

static LogicalResult lowerLoop(Node &node) {
  LocBuilder &b = node.b;
  unsigned carried = node.numOperands() - std::min(2u, node.numOperands());
  unsigned results = node.op->getNumResults();
  for (unsigned i = 0; i < 2; ++i)
    if (node.has(i) && node.type(i).getNumElements() != 1)
      return node.fail("the number of iterations and the condition must be "
                       "single; correct the model");
  if (node.op->getNumRegions() != 1 || results < carried)
    return node.fail("it needs a body and a result for each carried value; "
                     "correct the model");
  Region &body = node.op->getRegion(0);
  if (body.empty() || body.front().getNumArguments() != 2 + carried ||
      body.front().back().getNumOperands() != 1 + results)
    return node.fail("the body does not fit the loop; correct the model");

  // A condition that is the constant true, at the start and after each step, needs no test.
  auto isTrue = [](Value value) {
    Operation *producer = value.getDefiningOp();
    if (!producer || producer->getName().getStringRef() != "onnx.Constant")
      return false;
    auto dense = producer->getAttrOfType<DenseElementsAttr>("value");
    return dense && dense.isSplat() && dense.getElementType().isInteger(1) &&
           dense.getSplatValue<bool>();
  };
  Value next = body.front().back().getOperand(0);
  bool passedOn = next == body.front().getArgument(1);
  bool startsTrue = !node.has(1) || isTrue(node.op->getOperand(1));
  bool conditional = !passedOn && !isTrue(next);
  if (!node.has(0) && !conditional)
    return node.fail("nothing ends the loop; give M or a condition in the model");

  auto types = collectedTypes(node, carried, conditional);
  if (failed(types))
    return failure();
  ArrayRef<RankedTensorType> collected = *types;

  RankedTensorType boolType = tensorType({}, b.getI1Type());
  SmallVector<Value> starts{
      counter(b, 0),
      node.has(1) ? reshape(b, node.operand(1), {})
                  : splat(b, boolType, b.getBoolAttr(true))};
  for (unsigned i = 0; i < carried; ++i)
    starts.push_back(node.operand(2 + i));
  for (RankedTensorType type : collected)
    starts.push_back(emptyOf(node, type));
  auto loop = scf::ForOp::create(b, index(b, 0),
                                 tripCount(node, startsTrue), index(b, 1),
                                 starts);
  OpBuilder::InsertionGuard guard(b);
  Block *block = loop.getBody();
  b.setInsertionPointToEnd(block);
  ValueRange values = loop.getRegionIterArgs();

  // Iteration number and condition in the shapes that the body declares.
  auto bodyInputs = [&](LocBuilder &b) {
    SmallVector<Value> inputs;
    for (unsigned i = 0; i < 2 + carried; ++i) {
      auto type = lowerType(body.front().getArgument(i).getType());
      Value value = values[i];
      if (i < 2 && type && type.getNumElements() == 1)
        value = reshape(b, value, type.getShape());
      inputs.push_back(value);
    }
    return inputs;
  };
  SmallVector<Value> outputs;
  // What the body gives, as the loop carries it on; empty where that changes its shape.
  auto nextValues = [&](LocBuilder &b, Value again) {
    SmallVector<Value> list{advance(b, values[0], 1), again};
    for (unsigned i = 0; i < carried; ++i)
      list.push_back(outputs[1 + i]);
    for (unsigned i = carried; i < results; ++i) {
      Value whole = values[2 + i], part = outputs[1 + i];
      Shape shape(ArrayRef<Extent>(shapeOf(whole)).drop_front());
      if (!node.agree(shapeOf(part).count(), shape.count()))
        return SmallVector<Value>();
      list.push_back(writeSlice(b, whole, reshape(b, part, shape), 0, values[0]));
    }
    return list;
  };
  if (conditional) {
    auto branch = scf::IfOp::create(b, values.getTypes(),
                                    condition(b, values[1]), true, true);
    b.setInsertionPointToEnd(branch.thenBlock());
    SmallVector<Value> inputs = bodyInputs(b);
    if (failed(inlineRegion(node, body, inputs, *branch.thenBlock(), outputs)))
      return failure();
    b.setInsertionPointToEnd(branch.thenBlock());
    if (tensorType(outputs[0]).getNumElements() != 1)
      return node.fail("the condition must be single; correct the model");
    SmallVector<Value> next = nextValues(b, reshape(b, outputs[0], {}));
    if (!conform(node, next, values.getTypes()))
      return node.fail("a carried or collected value changes its shape; such loops are not "
                       "supported");
    endBlock(b, *branch.thenBlock(), next);
    b.setInsertionPointToEnd(branch.elseBlock());
    scf::YieldOp::create(b, values);
    b.setInsertionPointToEnd(block);
    scf::YieldOp::create(b, branch.getResults());
  } else {
    SmallVector<Value> inputs = bodyInputs(b);
    if (failed(inlineRegion(node, body, inputs, *block, outputs)))
      return failure();
    b.setInsertionPointToEnd(block);
    SmallVector<Value> next = nextValues(b, values[1]);
    if (!conform(node, next, values.getTypes()))
      return node.fail("a carried or collected value changes its shape; such loops are not "
                       "supported");
    endBlock(b, *block, next);
  }
  b.setInsertionPointAfter(loop);
  Value count = loop.getResult(0);
  std::optional<Extent> size;
  for (unsigned i = 0; i < results; ++i) {
    if (!node.hasResult(i))
      continue;
    Value result = loop.getResult(2 + i);
    if (i >= carried && isUnknown(node.resultSizes(i)[0], b.getContext())) {
      if (!size)
        size = dataSize(node, count, 0, shapeOf(result)[0]);
      result = sliceAxis(b, result, 0, 0, *size);
    } else if (i >= carried && conditional) {
      Extent wanted = shapeOf(result)[0];
      check(node, count, [&](LocBuilder &b) {
        return isNumber(b, tensor::ExtractOp::create(b, count, ValueRange()), wanted);
      });
    }
    node.set(i, result);
  }
  return success();
}

static LogicalResult lowerScan(Node &node) {
  LocBuilder &b = node.b;
  int64_t scanned = node.attrInt("num_scan_inputs", 0);
  int64_t states = int64_t(node.numOperands()) - scanned;
  int64_t results = node.op->getNumResults();
  if (scanned < 1 || states < 0 || results < states ||
      node.op->getNumRegions() != 1)
    return node.fail("num_scan_inputs does not fit the inputs; correct the "
                     "model");
  int64_t collected = results - states;
  auto list = [&](StringRef name, int64_t size) {
    auto given = node.attrInts(name).value_or(std::vector<int64_t>());
    given.resize(size, 0);
    return given;
  };
  std::vector<int64_t> inputAxes = list("scan_input_axes", scanned);
  std::vector<int64_t> inputWays = list("scan_input_directions", scanned);
  std::vector<int64_t> outputAxes = list("scan_output_axes", collected);
  std::vector<int64_t> outputWays = list("scan_output_directions", collected);
  auto wrap = [](int64_t &axis, int64_t rank) {
    axis += axis < 0 ? rank : 0;
    return axis >= 0 && axis < rank;
  };
  Extent steps = ShapedType::kDynamic;
  for (int64_t i = 0; i < scanned; ++i) {
    if (!node.has(states + i) || !wrap(inputAxes[i], node.rank(states + i)))
      return node.fail("a scan axis is outside the rank; correct the model");
    Extent size = node.sizes(states + i)[inputAxes[i]];
    if (i > 0 && !node.agree(size, steps))
      return node.fail("the scanned inputs have different lengths; correct the "
                       "model");
    if (i == 0 || size.isNumber())
      steps = size;
  }
  SmallVector<Value> starts{counter(b, 0)};
  for (int64_t i = 0; i < states; ++i)
    starts.push_back(node.operand(i));
  for (int64_t i = 0; i < collected; ++i) {
    RankedTensorType type = node.resultType(states + i);
    if (!wrap(outputAxes[i], type.getRank()))
      return node.fail("a scan axis is outside the rank; correct the model");
    starts.push_back(emptyOf(node, type));
  }
  auto loop = scf::ForOp::create(b, index(b, 0), index(b, steps), index(b, 1),
                                 starts);
  OpBuilder::InsertionGuard guard(b);
  Block *block = loop.getBody();
  b.setInsertionPointToEnd(block);
  Value count = loop.getRegionIterArg(0);
  auto at = [&](bool backwards) -> Value {
    if (!backwards)
      return count;
    return pointwise(b, count, tensorType(count), [&](LocBuilder &b, ValueRange s) {
      return sub(b, scalarInt(b, s[0].getType(), steps - 1), s[0]);
    });
  };
  ValueRange values = loop.getRegionIterArgs().drop_front();
  SmallVector<Value> inputs(values.take_front(states));
  for (int64_t i = 0; i < scanned; ++i)
    inputs.push_back(
        readSlice(b, node.operand(states + i), inputAxes[i], at(inputWays[i])));
  SmallVector<Value> outputs, next;
  if (failed(inlineRegion(node, node.op->getRegion(0), inputs, *block, outputs)))
    return failure();
  if (int64_t(outputs.size()) != results)
    return node.fail("the body does not fit the loop; correct the model");
  b.setInsertionPointToEnd(block);
  next.push_back(advance(b, count, 1));
  for (int64_t i = 0; i < states; ++i)
    next.push_back(outputs[i]);
  for (int64_t i = 0; i < collected; ++i) {
    Value whole = values[states + i], part = outputs[states + i];
    Shape shape = shapeOf(whole);
    bool whatWasScanned = node.agree(shape[outputAxes[i]], steps);
    shape.erase(shape.begin() + outputAxes[i]);
    if (!whatWasScanned || !node.agree(shapeOf(part).count(), shape.count()))
      return node.fail("a collected result changes its shape; such loops are "
                       "not supported");
    next.push_back(writeSlice(b, whole, reshape(b, part, shape), outputAxes[i],
                              at(outputWays[i])));
  }
  if (!conform(node, next, loop.getResultTypes()))
    return node.fail("a carried value changes its shape; such loops are not "
                     "supported");
  endBlock(b, *block, next);
  for (int64_t i = 0; i < results; ++i)
    if (node.hasResult(i))
      node.set(i, loop.getResult(1 + i));
  return success();
}

void lower::addControlFlow(Registry &r) {
  r["onnx.If"] = lowerIf;
  r["onnx.Loop"] = checked(lowerLoop);
  r["onnx.Scan"] = lowerScan;
}
