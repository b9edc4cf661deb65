//===- Lists.cpp ----------------------------------------------------------===//
#include "compiler/optimize/Lists.h"
#include "compiler/import/ElementTypes.h"
#include "compiler/optimize/Guards.h"
#include "compiler/support/InterfaceList.h"
#include "compiler/support/SizeExpr.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ingot;

/// Longest sequence that an operator makes, and most copies of a loop's body: a model of a few bytes can ask for any number.
constexpr int64_t kMostElements = 4096;
constexpr int64_t kMostIterations = 1000;
/// Places that a position from data may mean, times elements to choose among.
constexpr int64_t kMostChoices = int64_t(1) << 20;

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

bool ingot::isListType(Type type) { return isa<onnx::SequenceType, onnx::OptionalType>(type); }

std::optional<List> ingot::knownList(Value value) {
  if (isa<TensorType>(value.getType()))
    return List{false, false, {value}};
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<onnx::OptionalOp>(op)) {
    Value held = onnx::input(op, 0);
    return held ? knownList(held) : std::optional(List{false, true, {}});
  }
  if (isa_and_nonnull<onnx::SequenceConstructOp>(op))
    return List{true, false, SmallVector<Value>(op->getOperands())};
  if (isa_and_nonnull<onnx::SequenceEmptyOp>(op))
    return List{true, false, {}};
  return std::nullopt;
}

/// The list as a value of that type, which is made anew with what the elements say of it.
static Value makeList(OpBuilder &b, Location loc, Type type, const List &list) {
  if (list.absent)
    return onnx::OptionalOp::create(b, loc, TypeRange(type), ValueRange(),
                                    b.getNamedAttr("type", TypeAttr::get(cast<onnx::OptionalType>(type).getElementType())))
        ->getResult(0);
  if (!list.isSequence) {
    if (isa<TensorType>(type))
      return list.elements.front();
    return onnx::OptionalOp::create(b, loc, TypeRange(onnx::OptionalType::get(b.getContext(), list.elements.front().getType())),
                                    list.elements)
        ->getResult(0);
  }
  if (!list.elements.empty()) {
    // Shapes of elements may differ.
    Type element = UnrankedTensorType::get(getElementTypeOrSelf(list.elements.front().getType()));
    return onnx::SequenceConstructOp::create(b, loc, TypeRange(Type(onnx::SequenceType::get(b.getContext(), element))), list.elements)
        ->getResult(0);
  }
  while (auto optional = dyn_cast<onnx::OptionalType>(type))
    type = optional.getElementType();
  int64_t dataType = dataTypeOf(getElementTypeOrSelf(cast<onnx::SequenceType>(type).getElementType()));
  return onnx::SequenceEmptyOp::create(b, loc, TypeRange(type), ValueRange(), b.getNamedAttr("dtype", b.getI64IntegerAttr(dataType)))->getResult(0);
}

/// Whether lists have as many elements, and in the same places none.
static bool sameForm(const List &a, const List &b) {
  return a.isSequence == b.isSequence && a.absent == b.absent && a.elements.size() == b.elements.size();
}

static bool hasShape(Value value, ArrayRef<int64_t> shape) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getShape() == shape;
}

/// Whether the list is what a promise says; true where it says nothing.
static bool keeps(const List &list, Attribute promise) {
  if (isa<UnitAttr>(promise))
    return true;
  if (isa<StringAttr>(promise))
    return list.absent;
  if (auto shape = dyn_cast<DenseI64ArrayAttr>(promise))
    return !list.isSequence && !list.absent && hasShape(list.elements.front(), shape);
  auto shapes = cast<ArrayAttr>(promise);
  return list.isSequence && list.elements.size() == shapes.size() && llvm::all_of(llvm::zip(list.elements, shapes), [](auto pair) {
           return hasShape(std::get<0>(pair), cast<DenseI64ArrayAttr>(std::get<1>(pair)));
         });
}

static Attribute promiseOf(ArrayAttr promised, Operation *op, unsigned result) {
  return promised && result < promised.size() ? promised[result] : UnitAttr::get(op->getContext());
}

/// Ends a message about what data decide.
constexpr StringLiteral kPromiseHelp = "; fix it in the model, or say with --shape OUTPUT=... what the output is to be";

//===----------------------------------------------------------------------===//
// Checks on values
//===----------------------------------------------------------------------===//

/// Makes a run fail where `fails`, an index, is not 0, by one of the values, which are tensors or known lists. False where none can carry the check.
static bool guard(OpBuilder &b, Location loc, MutableArrayRef<Value> values, llvm::function_ref<Value()> fails) {
  SmallVector<std::optional<List>> lists;
  SmallVector<Value *> tensors;
  for (Value value : values)
    lists.push_back(knownList(value));
  for (std::optional<List> &list : lists)
    if (list)
      for (Value &element : list->elements)
        tensors.push_back(&element);
  Value *carrier = smallest(tensors);
  if (!carrier)
    return false;
  *carrier = pick(b, loc, *carrier, fails());
  for (auto [value, list] : llvm::zip(values, lists))
    if (list && llvm::any_of(list->elements, [&](Value &element) { return &element == carrier; }))
      value = makeList(b, loc, value.getType(), *list);
  return true;
}

bool ingot::takeBranch(onnx::IfOp op, Region &taken) {
  Operation *end = taken.front().getTerminator();
  SmallVector<Value> values(end->getOperands());
  bool expected = &taken == &op.getThenBranch();
  OpBuilder builder(end);
  if (!guard(builder, op.getLoc(), values, [&] { return unlessIs(builder, op.getLoc(), op.getCond(), expected); }))
    return false;
  end->erase();
  op->getBlock()->getOperations().splice(op->getIterator(), taken.front().getOperations());
  op->replaceAllUsesWith(values);
  op->erase();
  return true;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

namespace {
class Resolver {
public:
  Resolver(Operation *op, ArrayAttr promised, const ListOptions &options, InferRange infer)
      : op(op), loc(op->getLoc()), b(op), promised(promised), options(options), infer(infer) {}

  FailureOr<bool> resolve();

private:
  FailureOr<bool> length();
  FailureOr<bool> at();
  FailureOr<bool> insert();
  FailureOr<bool> erase();
  FailureOr<bool> split();
  FailureOr<bool> concat();
  FailureOr<bool> hasElement();
  FailureOr<bool> element();
  FailureOr<bool> map();
  FailureOr<bool> branches();
  FailureOr<bool> loop();

  FailureOr<bool> replace(ValueRange values) {
    op->replaceAllUsesWith(values);
    op->erase();
    return true;
  }
  FailureOr<bool> replaceByList(const List &list) {
    if (failed(charge(list.elements.size())))
      return failure();
    return replace(makeList(b, loc, op->getResult(0).getType(), list));
  }
  LogicalResult charge(int64_t elements) {
    *options.elements -= std::min(elements, *options.elements + 1);
    return *options.elements < 0 ? fail("the model's sequences have too many elements in all; use shorter ones") : success();
  }
  FailureOr<bool> replaceByConstant(Type element, int64_t value) {
    auto type = RankedTensorType::get({}, element);
    return replace(makeConstant(b, loc, ElementsAttr(DenseElementsAttr::get(type, b.getIntegerAttr(element, value)))));
  }
  LogicalResult fail(const Twine &message) { return op->emitError() << message; }
  /// Nothing is known of an operand: later there may be.
  FailureOr<bool> wait(const Twine &unknown) {
    if (!options.byData)
      return false;
    return fail(unknown + kPromiseHelp);
  }
  std::optional<List> sequence(unsigned index) {
    Value value = onnx::input(op, index);
    auto list = value ? knownList(value) : std::nullopt;
    return list && list->isSequence ? list : std::nullopt;
  }
  using Candidate = llvm::function_ref<SmallVector<Value>(int64_t)>;
  FailureOr<bool> byPosition(Value position, int64_t low, int64_t high, bool isSequence, Candidate candidate);
  LogicalResult chooseByData(Value position, int64_t low, int64_t high, bool isSequence, Candidate candidate,
                             SmallVectorImpl<Value> &results);
  FailureOr<std::optional<std::vector<int64_t>>> splitSizes(int64_t size, bool &isUnit);
  int64_t sumOfPieces(AffineExpr open);
  LogicalResult copyBody(Block &body, ValueRange arguments, SmallVectorImpl<Value> &results);
  Value collected(ArrayRef<Value> parts, Type result);
  bool splitCarried(onnx::LoopOp loop);

  Operation *op;
  Location loc;
  OpBuilder b;
  ArrayAttr promised;
  const ListOptions &options;
  InferRange infer;
};
} // namespace

FailureOr<bool> Resolver::length() {
  // The length of a split is the number of its sizes, whatever they are.
  if (auto split = op->getOperand(0).getDefiningOp<onnx::SplitToSequenceOp>())
    if (Value sizes = onnx::input(split, 1))
      if (auto type = dyn_cast<RankedTensorType>(sizes.getType()); type && type.getRank() == 1 && type.hasStaticShape())
        return replaceByConstant(b.getI64Type(), type.getDimSize(0));
  std::optional<List> list = sequence(0);
  if (!list)
    return wait("the length of its sequence depends on data");
  return replaceByConstant(b.getI64Type(), list->elements.size());
}

/// The results for a position in [low, high]; one from data selects among them.
FailureOr<bool> Resolver::byPosition(Value position, int64_t low, int64_t high, bool isSequence, Candidate candidate) {
  auto known = integerConstant(position);
  SmallVector<Value> values;
  if (!known) {
    if (!options.byData)
      return false;
    if (failed(chooseByData(position, low, high, isSequence, candidate, values)))
      return failure();
    return isSequence ? replaceByList({true, false, values}) : replace(values.front());
  }
  if (known->size() != 1)
    return fail("its position is no single number; correct the model");
  if (known->front() < low || known->front() > high)
    return fail(Twine("its position ") + Twine(known->front()) + " is outside of [" + Twine(low) + ", " + Twine(high) + "]; correct the model");
  values = candidate(known->front());
  return isSequence ? replaceByList({true, false, values}) : replace(values.front());
}

LogicalResult Resolver::chooseByData(Value position, int64_t low, int64_t high, bool isSequence, Candidate candidate,
                                     SmallVectorImpl<Value> &results) {
  auto type = dyn_cast<RankedTensorType>(position.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != 1)
    return fail("its position is no single number; correct the model");
  Attribute promise = promiseOf(promised, op, 0);
  if (failed(charge((high - low + 1) * int64_t(candidate(low).size() + 1))))
    return failure();
  if (high < low || (high - low + 1) * int64_t(candidate(low).size() + 1) > kMostChoices)
    return fail(Twine("data give its position in a sequence of ") + Twine(high) + " elements, which is not supported; fix it in the model");
  // What the position may be: any that gives the promised shapes, or the same shapes as all others.
  std::vector<SmallVector<Value>> choices;
  bool alike = true;
  for (int64_t p = low; p <= high; ++p) {
    choices.push_back(candidate(p));
    for (auto [value, first] : llvm::zip(choices.back(), choices.front()))
      alike &= value.getType() == first.getType() && isa<RankedTensorType>(value.getType()) &&
               cast<RankedTensorType>(value.getType()).hasStaticShape();
  }
  std::vector<bool> allowed;
  for (const SmallVector<Value> &choice : choices)
    allowed.push_back(isa<UnitAttr>(promise) || keeps({isSequence, false, choice}, promise));
  if (!alike && isa<UnitAttr>(promise))
    return fail(Twine("data give its position, and the elements have different shapes") + kPromiseHelp);
  if (!llvm::is_contained(allowed, true))
    return fail("no position gives the shapes that are promised for its output; correct --shape");

  SmallVector<Value> example = choices[llvm::find(allowed, true) - allowed.begin()];
  SmallVector<Value *> places;
  for (Value &value : example)
    places.push_back(&value);
  Value *checks = smallest(places);
  for (auto [i, value] : llvm::enumerate(example)) {
    SmallVector<Value> distinct;
    llvm::SmallDenseMap<Value, int64_t> numbers;
    SmallVector<int64_t> meaning;
    for (auto [choice, may] : llvm::zip(choices, allowed)) {
      if (!may) {
        meaning.push_back(-1);
        continue;
      }
      auto [entry, isNew] = numbers.try_emplace(choice[i], distinct.size());
      if (isNew)
        distinct.push_back(choice[i]);
      meaning.push_back(entry->second);
    }
    int64_t outside = distinct.size();
    for (int64_t &number : meaning)
      number = number < 0 ? outside : number;
    bool isEmpty = cast<RankedTensorType>(value.getType()).getNumElements() == 0;
    if (isEmpty || (distinct.size() == 1 && checks != &value))
      results.push_back(distinct.front());
    else
      results.push_back(pick(b, loc, distinct, lookUp(b, loc, position, low, meaning, outside)));
  }
  if (!checks && !results.empty())
    return fail("data give its position among empty tensors, which is not supported; fix it in the model");
  return success();
}

FailureOr<bool> Resolver::at() {
  std::optional<List> list = sequence(0);
  if (!list)
    return wait("the length of its sequence depends on data");
  int64_t size = list->elements.size();
  if (size == 0)
    return fail("it takes an element of a sequence that has none; correct the model");
  return byPosition(op->getOperand(1), -size, size - 1, /*isSequence=*/false, [&](int64_t p) {
    return SmallVector<Value>{list->elements[p < 0 ? p + size : p]};
  });
}

FailureOr<bool> Resolver::insert() {
  std::optional<List> list = sequence(0);
  if (!list)
    return wait("the length of its sequence depends on data");
  int64_t size = list->elements.size();
  auto inserted = [&](int64_t p) {
    SmallVector<Value> elements = list->elements;
    elements.insert(elements.begin() + (p < 0 ? p + size : p), op->getOperand(1));
    return elements;
  };
  if (Value position = onnx::input(op, 2))
    return byPosition(position, -size, size, /*isSequence=*/true, inserted);
  return replaceByList({true, false, inserted(size)});
}

FailureOr<bool> Resolver::erase() {
  std::optional<List> list = sequence(0);
  if (!list)
    return wait("the length of its sequence depends on data");
  int64_t size = list->elements.size();
  if (size == 0)
    return fail("it takes an element from a sequence that has none; correct the model");
  auto erased = [&](int64_t p) {
    SmallVector<Value> elements = list->elements;
    elements.erase(elements.begin() + (p < 0 ? p + size : p));
    return elements;
  };
  if (Value position = onnx::input(op, 1))
    return byPosition(position, -size, size - 1, /*isSequence=*/true, erased);
  return replaceByList({true, false, erased(-1)});
}

/// The sizes along the axis; nullopt where data give them and nothing is promised. `isUnit`: each is 1, as the model has it.
FailureOr<std::optional<std::vector<int64_t>>> Resolver::splitSizes(int64_t size, bool &isUnit) {
  Value given = onnx::input(op, 1);
  isUnit = !given;
  auto pieces = [&](int64_t piece) -> FailureOr<std::optional<std::vector<int64_t>>> {
    if (piece < 1 || (size + piece - 1) / piece > kMostElements)
      return fail(Twine("it splits ") + Twine(size) + " into pieces of " + Twine(piece) + ", which is not possible or gives more than " + Twine(kMostElements) + "; correct the model");
    std::vector<int64_t> sizes(size / piece, piece);
    if (size % piece)
      sizes.push_back(size % piece);
    return std::optional(sizes);
  };
  if (!given)
    return pieces(1);
  auto type = dyn_cast<RankedTensorType>(given.getType());
  auto known = integerConstant(given);
  if (!type || !known)
    return std::optional<std::vector<int64_t>>();
  if (type.getRank() == 0 && known->size() == 1)
    return pieces(known->front());
  int64_t sum = 0;
  for (int64_t piece : *known)
    if (piece < 0 || piece > size || (sum += piece) > size)
      sum = size + 1;
  if (type.getRank() != 1 || sum != size || int64_t(known->size()) > kMostElements)
    return fail(Twine("its sizes do not add up to the ") + Twine(size) + " of its axis, or are more than " + Twine(kMostElements) + "; correct the model");
  return std::optional(*known);
}

/// What the pieces that the model lists add up to, which an open size is required to be; kDynamic where they are not listed.
int64_t Resolver::sumOfPieces(AffineExpr open) {
  constexpr int64_t most = int64_t(1) << 40;
  Value given = onnx::input(op, 1);
  auto type = given ? dyn_cast<RankedTensorType>(given.getType()) : RankedTensorType();
  auto pieces = type && type.getRank() == 1 ? integerConstant(given) : std::nullopt;
  if (!open || !pieces)
    return ShapedType::kDynamic;
  int64_t sum = 0;
  for (int64_t piece : *pieces)
    if (piece < 0 || piece > most || (sum += piece) > most)
      return ShapedType::kDynamic;
  requireEqual(op, open, getAffineConstantExpr(sum, op->getContext()));
  return sum;
}

FailureOr<bool> Resolver::split() {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis") ? op->getAttrOfType<IntegerAttr>("axis").getInt() : 0;
  if (!type || type.getRank() == 0)
    return false;
  axis += axis < 0 ? type.getRank() : 0;
  if (axis < 0 || axis >= type.getRank())
    return fail("its axis is outside of the rank; correct the model");
  int64_t size = type.isDynamicDim(axis) ? sumOfPieces(sizesOf(type)[axis]) : type.getDimSize(axis);
  if (ShapedType::isDynamic(size))
    return wait("the size that it splits is not known");
  bool isUnit = false;
  auto found = splitSizes(size, isUnit);
  if (failed(found))
    return failure();
  Value x = op->getOperand(0), given = onnx::input(op, 1);
  if (!*found) {
    auto promise = dyn_cast<ArrayAttr>(promiseOf(promised, op, 0));
    if (!options.byData || !promise) {
      // The length alone may be asked for.
      if (llvm::all_of(op->getUsers(), llvm::IsaPred<onnx::SequenceLengthOp>))
        return false;
      return wait("data give the sizes of its pieces");
    }
    std::vector<int64_t> sizes;
    int64_t sum = 0;
    for (Attribute element : promise) {
      ArrayRef<int64_t> shape = cast<DenseI64ArrayAttr>(element);
      int64_t piece = axis < int64_t(shape.size()) ? shape[axis] : -1;
      if (piece < 0 || piece > size - sum)
        return fail("its input does not have the shapes that are promised for its output; correct --shape");
      sum += piece;
      sizes.push_back(piece);
    }
    auto sizesType = dyn_cast<RankedTensorType>(given.getType());
    bool isScalar = sizesType && sizesType.getRank() == 0;
    if (sum != size || sizes.empty() || !sizesType || !sizesType.hasStaticShape() ||
        (!isScalar && sizesType.getNumElements() != int64_t(sizes.size())))
      return fail("its input does not have the shapes that are promised for its output; correct --shape");
    SmallVector<Value> values = {x};
    if (!guard(b, loc, values, [&] {
          if (!isScalar)
            return unlessEqual(b, loc, given, sizes);
          return sizes.size() > 1 ? unlessEqual(b, loc, given, sizes.front()) : unlessAtLeast(b, loc, given, size);
        }))
      return fail("data give the sizes of its pieces, which is not supported of an empty tensor; fix them in the model");
    x = values.front();
    *found = sizes;
  }
  const std::vector<int64_t> &sizes = **found;
  if (sizes.empty())
    return replaceByList({true, false, {}});
  SmallVector<Type> types;
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t piece : sizes) {
    shape[axis] = piece;
    types.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  auto parts = onnx::SplitOp::create(b, loc, types, ValueRange{x, makeConstant(b, loc, sizes)},
                                     b.getNamedAttr("axis", b.getI64IntegerAttr(axis)));
  SmallVector<Value> elements(parts->getResults());
  auto keep = op->getAttrOfType<IntegerAttr>("keepdims");
  if (isUnit && keep && keep.getInt() == 0) {
    shape.erase(shape.begin() + axis);
    Value axes = makeConstant(b, loc, axis);
    for (Value &element : elements)
      element = onnx::SqueezeOp::create(b, loc, TypeRange(Type(RankedTensorType::get(shape, type.getElementType()))), ValueRange{element, axes})
                    ->getResult(0);
  }
  return replaceByList({true, false, elements});
}

FailureOr<bool> Resolver::concat() {
  std::optional<List> list = sequence(0);
  if (!list)
    return wait("the length of its sequence depends on data");
  if (list->elements.empty() || !op->hasAttr("axis"))
    return fail("it concatenates a sequence without elements, or along no axis; correct the model");
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  auto isNew = op->getAttrOfType<IntegerAttr>("new_axis");
  SmallVector<Value> parts = list->elements;
  Type unranked = UnrankedTensorType::get(getElementTypeOrSelf(parts.front().getType()));
  if (isNew && isNew.getInt()) {
    Value axes = makeConstant(b, loc, axis.getInt());
    for (Value &part : parts)
      part = onnx::UnsqueezeOp::create(b, loc, TypeRange(unranked), ValueRange{part, axes})->getResult(0);
  }
  return replace(onnx::ConcatOp::create(b, loc, TypeRange(unranked), parts, b.getNamedAttr("axis", axis))->getResult(0));
}

FailureOr<bool> Resolver::hasElement() {
  Value value = onnx::input(op, 0);
  if (value && isa<onnx::OptionalType>(value.getType()) && !knownList(value))
    return wait("whether its optional holds something depends on data");
  return replaceByConstant(b.getI1Type(), value && (!isa<onnx::OptionalType>(value.getType()) || !knownList(value)->absent));
}

FailureOr<bool> Resolver::element() {
  Value value = op->getOperand(0);
  if (!isa<onnx::OptionalType>(value.getType()))
    return replace(value);
  std::optional<List> list = knownList(value);
  if (!list)
    return wait("whether its optional holds something depends on data");
  if (list->absent)
    return fail("it takes the element of an optional that holds none; correct the model");
  return replace(value.getDefiningOp()->getOperand(0));
}

/// Copies a body's operations before `op`, with values for its arguments, and infers them. `results` are what the body yields.
LogicalResult Resolver::copyBody(Block &body, ValueRange arguments, SmallVectorImpl<Value> &results) {
  int64_t count = 0;
  body.walk([&](Operation *) { ++count; });
  if ((*options.budget -= count) < 0)
    return fail("its body on sequences is copied for each iteration, which is too many operations here; use fewer iterations");
  IRMapping values;
  values.map(body.getArguments(), arguments);
  Operation *first = nullptr, *end = nullptr;
  for (Operation &inner : body) {
    end = b.clone(inner, values);
    first = first ? first : end;
  }
  if (failed(infer(first, end)))
    return failure();
  results.assign(end->getOperands().begin(), end->getOperands().end());
  end->erase();
  return success();
}

FailureOr<bool> Resolver::map() {
  SmallVector<std::optional<List>> lists;
  for (Value operand : op->getOperands()) {
    lists.push_back(knownList(operand));
    if (!lists.back())
      return wait("the length of its sequence depends on data");
  }
  size_t size = lists.front()->elements.size();
  if (llvm::any_of(lists, [&](const auto &list) { return list->isSequence && list->elements.size() != size; }))
    return fail("its sequences have different lengths; correct the model");
  if (op->getRegion(0).empty() || op->getRegion(0).front().getNumArguments() != op->getNumOperands() ||
      op->getRegion(0).front().getTerminator()->getNumOperands() != op->getNumResults() || int64_t(size) > kMostIterations)
    return fail(Twine("its body does not fit its inputs and outputs, or its sequence has more than ") + Twine(kMostIterations) + " elements; correct the model");
  std::vector<List> results(op->getNumResults(), {true, false, {}});
  for (size_t i = 0; i < size; ++i) {
    SmallVector<Value> arguments, yielded;
    for (auto &list : lists)
      arguments.push_back(list->elements[list->isSequence ? i : 0]);
    if (failed(copyBody(op->getRegion(0).front(), arguments, yielded)))
      return failure();
    for (auto [list, value] : llvm::zip(results, yielded))
      list.elements.push_back(value);
  }
  SmallVector<Value> values;
  for (auto [list, result] : llvm::zip(results, op->getResults()))
    values.push_back(makeList(b, loc, result.getType(), list));
  return replace(values);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

/// An If of sequences becomes one of their elements, where both branches give as many.
FailureOr<bool> Resolver::branches() {
  auto branch = cast<onnx::IfOp>(op);
  Region *regions[] = {&branch.getThenBranch(), &branch.getElseBranch()};
  SmallVector<List> lists[2];
  for (auto [region, known] : llvm::zip(regions, lists)) {
    if (region->empty() || region->front().getTerminator()->getNumOperands() != op->getNumResults())
      return fail("its branches do not fit its outputs; correct the model");
    for (Value value : region->front().getTerminator()->getOperands()) {
      std::optional<List> list = knownList(value);
      if (!list)
        return wait("the length of a sequence depends on data");
      known.push_back(*list);
    }
  }
  for (const List &list : lists[0])
    if (failed(charge(list.elements.size())))
      return failure();
  bool same = llvm::all_of(llvm::zip(lists[0], lists[1]), [](auto pair) { return sameForm(std::get<0>(pair), std::get<1>(pair)); });
  if (!same) {
    if (!options.byData)
      return false;
    SmallVector<Region *> kept;
    for (auto [region, known] : llvm::zip(regions, lists))
      if (llvm::all_of(llvm::enumerate(known), [&](auto list) { return keeps(list.value(), promiseOf(promised, op, list.index())); }))
        kept.push_back(region);
    if (kept.size() != 1 || !takeBranch(branch, *kept.front()))
      return fail(Twine("data decide how many elements a result has") + kPromiseHelp);
    return true;
  }
  SmallVector<Type> types;
  for (auto [result, list] : llvm::zip(op->getResults(), lists[0]))
    for (Value value : list.elements)
      types.push_back(isListType(result.getType()) ? Type(UnrankedTensorType::get(getElementTypeOrSelf(value.getType()))) : result.getType());
  OperationState state(loc, op->getName());
  state.addOperands(op->getOperands());
  state.addTypes(types);
  state.addAttributes(op->getAttrs());
  for (Region &region : op->getRegions())
    state.addRegion()->takeBody(region);
  Operation *made = b.create(state);
  regions[0] = &cast<onnx::IfOp>(made).getThenBranch();
  regions[1] = &cast<onnx::IfOp>(made).getElseBranch();
  for (auto [region, known] : llvm::zip(regions, lists)) {
    SmallVector<Value> values;
    for (const List &list : known)
      llvm::append_range(values, list.elements);
    region->front().getTerminator()->setOperands(values);
  }
  SmallVector<Value> values;
  unsigned first = 0;
  for (auto [result, list] : llvm::zip(op->getResults(), lists[0])) {
    List part{list.isSequence, list.absent, SmallVector<Value>(made->getResults().slice(first, list.elements.size()))};
    first += list.elements.size();
    values.push_back(makeList(b, loc, result.getType(), part));
  }
  return replace(values);
}

/// What each iteration yields, along a new first axis; null where there were none and the type does not say what that is.
Value Resolver::collected(ArrayRef<Value> parts, Type result) {
  Type unranked = UnrankedTensorType::get(getElementTypeOrSelf(result));
  if (parts.empty()) {
    auto type = dyn_cast<RankedTensorType>(result);
    if (!type || type.getRank() == 0)
      return {};
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = 0;
    for (int64_t &size : shape)
      size = ShapedType::isDynamic(size) ? 0 : size;
    return makeConstant(b, loc, ElementsAttr(DenseElementsAttr::getFromRawBuffer(RankedTensorType::get(shape, type.getElementType()), {})));
  }
  SmallVector<Value> rows;
  Value axes = makeConstant(b, loc, ArrayRef<int64_t>{0});
  for (Value part : parts)
    rows.push_back(onnx::UnsqueezeOp::create(b, loc, TypeRange(unranked), ValueRange{part, axes})->getResult(0));
  return onnx::ConcatOp::create(b, loc, TypeRange(unranked), rows, b.getNamedAttr("axis", b.getI64IntegerAttr(0)))->getResult(0);
}

/// A loop that gives a sequence as many elements of the same shapes as it gets carries the elements instead. Whether it does is tried on a copy.
bool Resolver::splitCarried(onnx::LoopOp loop) {
  ValueRange initial = loop->getOperands().drop_front(2);
  SmallVector<List> lists;
  for (Value value : initial)
    lists.push_back(*knownList(value));
  int64_t count = 0;
  loop->walk([&](Operation *) { ++count; });
  if ((*options.budget -= count) < 0)
    return false;

  OperationState state(loc, op->getName());
  state.addOperands(loop->getOperands().take_front(2));
  SmallVector<Type> types;
  for (const List &list : lists) {
    state.addOperands(list.elements);
    llvm::append_range(types, ValueRange(list.elements).getTypes());
  }
  size_t elements = types.size();
  llvm::append_range(types, loop->getResults().drop_front(initial.size()).getTypes());
  state.addTypes(types);
  state.addAttributes(op->getAttrs());
  Region &region = *state.addRegion();
  IRMapping values;
  loop.getBodyRegion().cloneInto(&region, values);
  Block &body = region.front();
  OpBuilder inside(b.getContext());
  inside.setInsertionPointToStart(&body);
  for (auto [i, list] : llvm::enumerate(lists)) {
    BlockArgument before = body.getArgument(2 + i);
    List within{list.isSequence, list.absent, {}};
    for (Value element : list.elements)
      within.elements.push_back(body.addArgument(element.getType(), loc));
    before.replaceAllUsesWith(makeList(inside, loc, initial[i].getType(), within));
  }
  body.eraseArguments(2, initial.size());
  body.getArgument(0).setType(RankedTensorType::get({}, b.getI64Type()));
  body.getArgument(1).setType(RankedTensorType::get({}, b.getI1Type()));
  Operation *made = b.create(state);
  Operation *end = made->getRegion(0).front().getTerminator();
  bool holds;
  {
    ScopedDiagnosticHandler silent(loop.getContext(), [](Diagnostic &) { return success(); });
    holds = succeeded(infer(&made->getRegion(0).front().front(), end));
  }
  SmallVector<Value> yielded = {end->getOperand(0)};
  for (auto [i, list] : llvm::enumerate(lists)) {
    std::optional<List> next = holds ? knownList(end->getOperand(1 + i)) : std::nullopt;
    holds = holds && next && sameForm(*next, list) && TypeRange(ValueRange(next->elements)) == TypeRange(ValueRange(list.elements));
    if (!holds)
      break;
    llvm::append_range(yielded, next->elements);
  }
  if (!holds) {
    made->erase();
    return false;
  }
  llvm::append_range(yielded, end->getOperands().drop_front(1 + lists.size()));
  end->setOperands(yielded);
  SmallVector<Value> results;
  unsigned first = 0;
  for (auto [i, list] : llvm::enumerate(lists)) {
    List part{list.isSequence, list.absent, SmallVector<Value>(made->getResults().slice(first, list.elements.size()))};
    first += list.elements.size();
    results.push_back(makeList(b, loc, op->getResult(i).getType(), part));
  }
  llvm::append_range(results, made->getResults().drop_front(elements));
  op->replaceAllUsesWith(results);
  op->erase();
  return true;
}

/// Whether a value in the body has a shape that is not known: it may differ from one iteration to the next.
static bool changesShapes(onnx::LoopOp loop) {
  return loop
      ->walk([](Operation *inner) {
        return llvm::any_of(inner->getResultTypes(), [](Type type) { return isa<TensorType>(type) && !cast<TensorType>(type).hasRank(); })
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// A loop that carries sequences, or whose shapes change, becomes copies of its body, one for each iteration.
FailureOr<bool> Resolver::loop() {
  auto loop = cast<onnx::LoopOp>(op);
  ValueRange initial = loop->getOperands().drop_front(std::min(2u, loop->getNumOperands()));
  bool carriesLists = llvm::any_of(initial.getTypes(), isListType);
  if (!carriesLists && !(options.byData && changesShapes(loop)))
    return false;
  if (loop.getBodyRegion().empty() || loop.getBodyRegion().front().getNumArguments() != initial.size() + 2 ||
      op->getNumResults() < initial.size() || loop.getBodyRegion().front().getTerminator()->getNumOperands() != op->getNumResults() + 1)
    return fail("its body does not fit its inputs and outputs; correct the model");
  for (Value value : initial)
    if (!knownList(value))
      return wait("the length of a sequence depends on data");
  Block &body = loop.getBodyRegion().front();
  Value count = onnx::input(op, 0), start = onnx::input(op, 1);
  auto knownCount = count ? integerConstant(count) : std::nullopt;
  auto knownStart = start ? integerConstant(start) : std::nullopt;
  bool countOpen = count && !knownCount, startOpen = start && !knownStart;
  if ((knownCount && knownCount->size() != 1) || (knownStart && knownStart->size() != 1))
    return fail("the number of iterations and the condition must be single; correct the model");
  bool open = countOpen || startOpen;
  int64_t trips = knownCount ? std::max<int64_t>(knownCount->front(), 0) : kMostIterations + 1;
  if (knownStart && !knownStart->front())
    trips = 0, open = false;
  if (open && !options.byData)
    return false;
  bool isPromised = llvm::any_of(llvm::seq<unsigned>(0, initial.size()), [&](unsigned i) {
    return isListType(op->getResult(i).getType()) && !isa<UnitAttr>(promiseOf(promised, op, i));
  });
  // What is collected has an element for each iteration.
  std::optional<int64_t> collects;
  for (unsigned i = initial.size(); i < op->getNumResults(); ++i)
    if (auto shape = dyn_cast<DenseI64ArrayAttr>(promiseOf(promised, op, i)); shape && shape.size() > 0 && open)
      collects = shape[0];
  if (collects)
    trips = *collects;
  if (!carriesLists && ((open && !collects) || trips > kMostIterations))
    return false;
  if (carriesLists && !collects && ((open && !isPromised) || (!open && count && trips > kMostIterations))) {
    if (splitCarried(loop))
      return true;
    if (open)
      return fail(Twine("it carries a sequence whose length changes, for a number of iterations that data give") + kPromiseHelp);
    return fail(Twine("it carries a sequence whose length changes for ") + Twine(trips) + " iterations, more than " + Twine(kMostIterations) + "; use fewer");
  }

  SmallVector<Value> values(initial);
  std::vector<SmallVector<Value>> parts(op->getNumResults() - initial.size());
  auto isDone = [&](int64_t iteration) {
    if (!open || collects)
      return iteration == trips;
    return llvm::all_of(llvm::enumerate(values), [&](auto value) {
      std::optional<List> list = knownList(value.value());
      return !isListType(op->getResult(value.index()).getType()) || isa<UnitAttr>(promiseOf(promised, op, value.index())) || (list && keeps(*list, promiseOf(promised, op, value.index())));
    });
  };
  int64_t iteration = 0;
  bool endsItself = false;
  for (; !isDone(iteration); ++iteration) {
    if (iteration == kMostIterations || (knownCount && !collects && iteration == trips))
      return fail(Twine((isPromised ? "no number of iterations gives the sequence that is promised for its output; correct --shape" : "it is copied for more than 1,000 iterations; use fewer")));
    auto scalar = [&](Type type, int64_t value) {
      return makeConstant(b, loc, ElementsAttr(DenseElementsAttr::get(RankedTensorType::get({}, type), b.getIntegerAttr(type, value))));
    };
    SmallVector<Value> arguments = {scalar(b.getI64Type(), iteration), scalar(b.getI1Type(), 1)}, yielded;
    llvm::append_range(arguments, values);
    if (failed(copyBody(body, arguments, yielded)))
      return failure();
    values.assign(yielded.begin() + 1, yielded.begin() + 1 + initial.size());
    for (auto [part, value] : llvm::zip(parts, ArrayRef(yielded).drop_front(1 + initial.size())))
      part.push_back(value);
    Value again = yielded.front();
    while (auto identity = again.getDefiningOp<onnx::IdentityOp>())
      again = identity->getOperand(0);
    auto goesOn = integerConstant(again);
    if (!goesOn || goesOn->size() != 1)
      return fail("it carries a sequence or changes shapes, and ends by a condition that data give, which is not supported; give it a number of iterations");
    if (!goesOn->front()) {
      ++iteration;
      endsItself = true;
      break;
    }
  }
  if (countOpen && !guard(b, loc, values, [&] {
        return endsItself ? unlessAtLeast(b, loc, count, iteration) : unlessEqual(b, loc, count, iteration);
      }))
    return fail("data give its number of iterations, and no result can carry the check; fix it in the model");
  if (startOpen && iteration > 0 && !guard(b, loc, values, [&] { return unlessIs(b, loc, start, true); }))
    return fail("data give its condition, and no result can carry the check; fix it in the model");
  for (auto [i, part] : llvm::enumerate(parts)) {
    values.push_back(collected(part, op->getResult(initial.size() + i).getType()));
    if (!values.back())
      return fail("a result of no iterations has no shape; correct the model");
  }
  return replace(values);
}

FailureOr<bool> Resolver::resolve() {
  if (isa<onnx::LoopOp>(op))
    return loop();
  if (isa<onnx::IfOp>(op))
    return llvm::any_of(op->getResultTypes(), isListType) ? branches() : FailureOr<bool>(false);
  if (isa<onnx::IdentityOp>(op) && isListType(op->getOperand(0).getType()))
    return replace(op->getOperands());
  if (isa<onnx::SequenceLengthOp>(op))
    return length();
  if (isa<onnx::SequenceAtOp>(op))
    return at();
  if (isa<onnx::SequenceInsertOp>(op))
    return insert();
  if (isa<onnx::SequenceEraseOp>(op))
    return erase();
  if (isa<onnx::SplitToSequenceOp>(op))
    return split();
  if (isa<onnx::ConcatFromSequenceOp>(op))
    return concat();
  if (isa<onnx::SequenceMapOp>(op))
    return map();
  if (isa<onnx::OptionalHasElementOp>(op))
    return hasElement();
  if (isa<onnx::OptionalGetElementOp>(op))
    return element();
  return false;
}

FailureOr<bool> ingot::resolveLists(Operation *op, ArrayAttr promised, const ListOptions &options, InferRange infer) {
  return Resolver(op, promised, options, infer).resolve();
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

void ingot::resolveResults(func::FuncOp main) {
  Operation *end = main.getBody().front().getTerminator();
  if (llvm::none_of(end->getOperandTypes(), isListType))
    return;
  SmallVector<std::optional<List>> lists;
  for (Value value : end->getOperands()) {
    lists.push_back(knownList(value));
    if (!lists.back())
      return;
  }
  Builder b(main.getContext());
  auto module = main->getParentOfType<ModuleOp>();
  SmallVector<Attribute> described, promises;
  if (auto known = module->getAttrOfType<ArrayAttr>(kInterfaceLists))
    llvm::append_range(described, known);
  auto given = main->getAttrOfType<ArrayAttr>("ingot.promises");
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attributes;
  for (auto [i, list] : llvm::enumerate(lists)) {
    DictionaryAttr own = main.getResultAttrDict(i);
    own = own ? own : b.getDictionaryAttr({});
    if (isListType(end->getOperand(i).getType())) {
      auto name = own.getAs<StringAttr>("ingot.name");
      described.push_back(interfaceList(b, name ? name.getValue() : "", "output",
                                        list->absent ? "absent" : list->isSequence ? "sequence" : "optional", results.size(),
                                        list->elements.size()));
    }
    for (auto [k, element] : llvm::enumerate(list->elements)) {
      NamedAttrList renamed(own);
      if (auto name = own.getAs<StringAttr>("ingot.name"); name && list->isSequence)
        renamed.set("ingot.name", b.getStringAttr(elementName(name.getValue(), k)));
      results.push_back(element);
      attributes.push_back(renamed.getDictionary(main.getContext()));
      promises.push_back(given && !isListType(end->getOperand(i).getType()) ? given[i] : Attribute(b.getUnitAttr()));
    }
  }
  end->setOperands(results);
  updateResultTypes(main);
  SmallVector<Attribute> all(attributes.begin(), attributes.end());
  main.setResAttrsAttr(b.getArrayAttr(all));
  if (given)
    main->setAttr("ingot.promises", b.getArrayAttr(promises));
  module->setAttr(kInterfaceLists, b.getArrayAttr(described));
}

bool ingot::hasLists(ModuleOp module) {
  return module
      .walk([](Operation *op) {
        return llvm::any_of(op->getResults(), [](OpResult result) { return isListType(result.getType()) && !result.use_empty(); })
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}
