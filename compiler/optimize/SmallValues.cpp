//===- SmallValues.cpp ----------------------------------------------------===//
#include "compiler/optimize/SmallValues.h"
#include "compiler/import/OpenShapes.h"
#include "compiler/support/Elements.h"
#include "dialects/onnx/ONNXDialect.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

using namespace mlir;
using namespace ingot;

constexpr int64_t kMostElements = 256;

namespace {

/// A number of either kind. Float arithmetic is done in double and rounded
/// once, which gives the float result for + - * / and comparisons. An integer that depends on open sizes is an expression over them.
struct Number {
  int64_t i = 0;
  double r = 0;
  AffineExpr size = {};
};

struct Small {
  RankedTensorType type;
  std::vector<Number> values;

  bool isReal() const { return isa<FloatType>(type.getElementType()); }
  int64_t rank() const { return type.getRank(); }
  int64_t dim(int64_t axis) const { return type.getDimSize(axis); }
  bool isOpen() const {
    return llvm::any_of(values, [](const Number &value) { return bool(value.size); });
  }
};

using Result = std::optional<Small>;
using Index = SmallVector<int64_t>;

} // namespace

static bool supportedElement(Type type) {
  return type.isF32() || type.isF64() || isa<IntegerType>(type);
}

static Number numberOf(AffineExpr size) {
  size = simplifiedSize(size);
  if (std::optional<int64_t> known = constantSize(size))
    return {*known, 0};
  return {0, 0, size};
}

static AffineExpr sizeOf(const Number &value, MLIRContext *context) {
  return value.size ? value.size : getAffineConstantExpr(value.i, context);
}

static std::optional<Small> read(Value value) {
  ElementsAttr elements = onnx::constantValue(value);
  auto known = dyn_cast<RankedTensorType>(value.getType());
  if (!elements && known && known.hasStaticShape())
    if (auto sizes = elementsOf(value); sizes && int64_t(sizes->size()) == known.getNumElements()) {
      Small small{known, {}};
      for (AffineExpr size : *sizes)
        small.values.push_back(numberOf(size));
      return small;
    }
  if (!elements || elements.getNumElements() > kMostElements)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(elements.getShapedType());
  if (!type || !supportedElement(type.getElementType()))
    return std::nullopt;
  Small small{type, std::vector<Number>(type.getNumElements())};
  if (auto integers = integerValues(elements)) {
    for (auto [to, from] : llvm::zip(small.values, *integers))
      to.i = from;
    return small;
  }
  std::vector<char> data = elementData(elements);
  bool isDouble = type.getElementType().isF64();
  for (auto [i, to] : llvm::enumerate(small.values)) {
    float single;
    if (isDouble)
      std::memcpy(&to.r, data.data() + i * 8, 8);
    else
      std::memcpy(&single, data.data() + i * 4, 4), to.r = single;
  }
  return small;
}

static ElementsAttr write(const Small &small) {
  Type element = small.type.getElementType();
  int64_t size = elementBytes(element);
  std::vector<char> data(small.values.size() * size);
  for (auto [i, value] : llvm::enumerate(small.values)) {
    char *to = data.data() + i * size;
    float single = value.r;
    if (element.isF64())
      std::memcpy(to, &value.r, 8);
    else if (element.isF32())
      std::memcpy(to, &single, 4);
    else
      std::memcpy(to, &value.i, size);
  }
  return makeElements(small.type, data);
}

/// Wraps an integer to its type.
static Number wrapped(int64_t value, Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  if (bits < 64) {
    uint64_t kept = uint64_t(value) & ((uint64_t(1) << bits) - 1);
    bool negative = !type.isUnsignedInteger() && bits > 1 && (kept >> (bits - 1));
    value = negative ? int64_t(kept | ~((uint64_t(1) << bits) - 1)) : int64_t(kept);
  }
  return {value, 0};
}

static Small empty(ArrayRef<int64_t> shape, Type element) {
  auto type = RankedTensorType::get(shape, element);
  return {type, std::vector<Number>(type.getNumElements())};
}

static bool tooLarge(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size < 0 || size > kMostElements || (count *= size) > kMostElements)
      return true;
  return false;
}

/// Calls `visit` with every index of `shape`, in row-major order.
template <typename Visit>
static void forEachIndex(ArrayRef<int64_t> shape, Visit visit) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  Index index(shape.size());
  for (int64_t i = 0; i < count; ++i) {
    visit(i, index);
    for (int64_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
}

/// The element at `index`, broadcast from the right.
static Number at(const Small &small, ArrayRef<int64_t> index) {
  int64_t offset = 0;
  index = index.take_back(small.rank());
  for (int64_t axis = 0; axis < small.rank(); ++axis)
    offset = offset * small.dim(axis) + (small.dim(axis) == 1 ? 0 : index[axis]);
  return small.values[offset];
}

static std::optional<Index> broadcastShape(ArrayRef<Small> operands) {
  Index shape;
  for (const Small &operand : operands) {
    if (operand.rank() > int64_t(shape.size()))
      shape.insert(shape.begin(), operand.rank() - shape.size(), 1);
    for (int64_t axis = 0; axis < operand.rank(); ++axis) {
      int64_t &size = shape[shape.size() - operand.rank() + axis];
      int64_t other = operand.dim(axis);
      if (size == 1)
        size = other;
      else if (other != 1 && other != size)
        return std::nullopt;
    }
  }
  if (tooLarge(shape))
    return std::nullopt;
  return shape;
}

/// Whether -limit < value < limit; the least integer has no absolute value.
static bool isBelow(int64_t value, int64_t limit) { return value > -limit && value < limit; }

static int64_t attribute(Operation *op, StringRef name, int64_t otherwise) {
  auto value = op->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : otherwise;
}

/// `axis` counted from the front, or -1 where it is out of range.
static int64_t fromFront(int64_t axis, int64_t rank) {
  if (axis < 0)
    axis += rank;
  return axis >= 0 && axis < rank ? axis : -1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// The same of sizes; nullopt where nobody knows their signs.
static std::optional<Number> openArithmetic(StringRef name, AffineExpr a, AffineExpr b, Operation *op) {
  if (name == "Add")
    return numberOf(a + b);
  if (name == "Sub")
    return numberOf(a - b);
  if (name == "Mul")
    return numberOf(a * b);
  if (name == "Min")
    return numberOf(leastSize(op, {a, b}));
  if (name == "Max")
    return numberOf(greatestSize(op, {a, b}));
  auto over = leastValue(op, a), under = leastValue(op, b);
  if ((name != "Div" && name != "Mod") || !over || *over < 0 || !under || *under < 1)
    return std::nullopt;
  return numberOf(name == "Div" ? a.floorDiv(b) : a % b);
}

/// 1 or 0 as the comparison holds or not: an expression where a call decides that.
static std::optional<Number> openComparison(StringRef name, AffineExpr a, AffineExpr b, Operation *op) {
  MLIRContext *context = op->getContext();
  AffineExpr zero = getAffineConstantExpr(0, context), one = getAffineConstantExpr(1, context);
  if (isFromData(a - b, op))
    return std::nullopt;
  // Truth values are sizes, too.
  if (name == "And")
    return numberOf(leastSize(op, {a, b}));
  if (name == "Or")
    return numberOf(greatestSize(op, {a, b}));
  auto above = leastValue(op, a - b), below = leastValue(op, b - a);
  bool greater = above && *above > 0, less = below && *below > 0;
  bool atLeast = above && *above >= 0, atMost = below && *below >= 0;
  if ((name == "Equal" || name == "Xor") && (greater || less || (atLeast && atMost)))
    return Number{(greater || less) == (name == "Xor")};
  if (name == "Less" && (less || atLeast))
    return Number{less};
  if (name == "GreaterOrEqual" && (less || atLeast))
    return Number{atLeast};
  if (name == "Greater" && (greater || atMost))
    return Number{greater};
  if (name == "LessOrEqual" && (greater || atMost))
    return Number{atMost};
  auto isPositive = [&](AffineExpr size) { return leastSize(op, {one, greatestSize(op, {zero, size})}); };
  if (name == "Xor")
    return numberOf(isPositive(greatestSize(op, {a - b, b - a})));
  if (name == "Equal")
    return numberOf(one - isPositive(greatestSize(op, {a - b, b - a})));
  if (name == "Less" || name == "Greater")
    return numberOf(isPositive(name == "Less" ? b - a : a - b));
  if (name == "LessOrEqual" || name == "GreaterOrEqual")
    return numberOf(one - isPositive(name == "LessOrEqual" ? a - b : b - a));
  return std::nullopt;
}

/// One of two sizes, by a truth value that a call decides; nullopt where nobody knows their signs.
static std::optional<Number> openChoice(AffineExpr condition, AffineExpr a, AffineExpr b, Operation *op) {
  if (a == b)
    return numberOf(a);
  auto leastA = leastValue(op, a), leastB = leastValue(op, b);
  if (!leastA || !leastB || isFromData(condition + a + b, op))
    return std::nullopt;
  // Of two sizes that are not negative the chosen one is the greater where the other one counts as 0.
  int64_t least = std::min({*leastA, *leastB, int64_t(0)});
  AffineExpr shifted = greatestSize(op, {getAffineConstantExpr(std::min(*leastA, *leastB) - least, op->getContext()),
                                         condition * (a - least), (1 - condition) * (b - least)});
  return numberOf(shifted + least);
}

/// Division as the specification has it for integers: towards zero.
static std::optional<Number> arithmetic(StringRef name, Number a, Number b,
                                        Type type, Operation *op) {
  if (a.size || b.size)
    return openArithmetic(name, sizeOf(a, op->getContext()), sizeOf(b, op->getContext()), op);
  if (isa<FloatType>(type)) {
    auto real = llvm::StringSwitch<std::optional<double>>(name)
                    .Case("Add", a.r + b.r)
                    .Case("Sub", a.r - b.r)
                    .Case("Mul", a.r * b.r)
                    .Case("Div", a.r / b.r)
                    .Default(std::nullopt);
    if (name == "Min" || name == "Max") {
      bool first = name == "Min" ? a.r < b.r : a.r > b.r;
      real = std::isnan(a.r) || first ? a.r : b.r;
    }
    if (!real)
      return std::nullopt;
    return Number{0, type.isF32() ? double(float(*real)) : *real};
  }
  bool isUnsigned = type.isUnsignedInteger();
  uint64_t ua = a.i, ub = b.i;
  if (name == "Add")
    return wrapped(ua + ub, type);
  if (name == "Sub")
    return wrapped(ua - ub, type);
  if (name == "Mul")
    return wrapped(ua * ub, type);
  if (name == "Min" || name == "Max") {
    bool less = isUnsigned ? ua < ub : a.i < b.i;
    return (name == "Min") == less ? a : b;
  }
  if (name != "Div" && name != "Mod")
    return std::nullopt;
  if (b.i == 0 || (!isUnsigned && b.i == -1 &&
                   a.i == std::numeric_limits<int64_t>::min()))
    return std::nullopt;
  if (name == "Div")
    return wrapped(isUnsigned ? int64_t(ua / ub) : a.i / b.i, type);
  if (isUnsigned)
    return wrapped(ua % ub, type);
  int64_t rest = a.i % b.i;
  // The sign follows the divisor, or the dividend as in C.
  if (attribute(op, "fmod", 0) == 0 && rest != 0 && (rest < 0) != (b.i < 0))
    rest += b.i;
  return wrapped(rest, type);
}

static std::optional<Number> comparison(StringRef name, Number a, Number b,
                                      Type type, Operation *op) {
  bool less, equal;
  if (a.size || b.size)
    return openComparison(name, sizeOf(a, op->getContext()), sizeOf(b, op->getContext()), op);
  if (isa<FloatType>(type)) {
    if (std::isnan(a.r) || std::isnan(b.r))
      return Number();
    less = a.r < b.r, equal = a.r == b.r;
  } else {
    less = type.isUnsignedInteger() ? uint64_t(a.i) < uint64_t(b.i) : a.i < b.i;
    equal = a.i == b.i;
  }
  auto holds = llvm::StringSwitch<std::optional<bool>>(name)
      .Case("Equal", equal)
      .Case("Less", less)
      .Case("LessOrEqual", less || equal)
      .Case("Greater", !less && !equal)
      .Case("GreaterOrEqual", !less)
      .Case("And", a.i && b.i)
      .Case("Or", a.i || b.i)
      .Case("Xor", bool(a.i) != bool(b.i))
      .Default(std::nullopt);
  return holds ? std::optional(Number{*holds}) : std::nullopt;
}

static Result elementwise(StringRef name, ArrayRef<Small> operands,
                          Operation *op) {
  std::optional<Index> shape = broadcastShape(operands);
  if (!shape)
    return std::nullopt;
  Type element = operands[0].type.getElementType();
  Number probe;
  bool compares = comparison(name, probe, probe, element, op).has_value();
  Small result =
      empty(*shape, compares ? IntegerType::get(op->getContext(), 1) : element);
  bool known = true;
  forEachIndex(*shape, [&](int64_t i, ArrayRef<int64_t> index) {
    Number value = at(operands[0], index);
    for (const Small &operand : operands.drop_front()) {
      Number other = at(operand, index);
      std::optional<Number> next = compares ? comparison(name, value, other, element, op)
                                            : arithmetic(name, value, other, element, op);
      known &= next.has_value();
      value = next.value_or(Number());
    }
    result.values[i] = value;
  });
  return known ? Result(result) : std::nullopt;
}

static Result unary(StringRef name, const Small &operand) {
  Small result = operand;
  Type element = operand.type.getElementType();
  if (operand.isOpen() && name != "Neg" && name != "Not")
    return std::nullopt;
  for (Number &value : result.values) {
    if (value.size)
      value = numberOf(name == "Not" ? 1 - value.size : -value.size);
    else if (name == "Not")
      value.i = !value.i;
    else if (name == "Neg")
      value = operand.isReal() ? Number{0, -value.r}
                               : wrapped(-uint64_t(value.i), element);
    else if (name == "Abs")
      value = operand.isReal()
                  ? Number{0, std::fabs(value.r)}
                  : wrapped(value.i < 0 && !element.isUnsignedInteger()
                                ? -uint64_t(value.i)
                                : value.i,
                            element);
    else if (!operand.isReal())
      return std::nullopt;
    else if (name == "Floor")
      value.r = std::floor(value.r);
    else if (name == "Ceil")
      value.r = std::ceil(value.r);
    else if (name == "Round")
      value.r = std::nearbyint(value.r);
    else
      return std::nullopt;
  }
  return result;
}

static Result where(ArrayRef<Small> operands, Operation *op) {
  std::optional<Index> shape = broadcastShape(operands);
  if (!shape)
    return std::nullopt;
  Small result = empty(*shape, operands[1].type.getElementType());
  if (operands[0].isOpen() && result.isReal())
    return std::nullopt;
  bool known = true;
  forEachIndex(*shape, [&](int64_t i, ArrayRef<int64_t> index) {
    Number condition = at(operands[0], index), yes = at(operands[1], index), no = at(operands[2], index);
    std::optional<Number> chosen = condition.i ? yes : no;
    if (condition.size)
      chosen = openChoice(condition.size, sizeOf(yes, op->getContext()), sizeOf(no, op->getContext()), op);
    known &= chosen.has_value();
    result.values[i] = chosen.value_or(Number());
  });
  return known ? Result(result) : std::nullopt;
}

static Result cast(const Small &operand, Type element) {
  if (!supportedElement(element))
    return std::nullopt;
  Small result = empty(operand.type.getShape(), element);
  // A size fits 32 bits or is none that memory can hold.
  bool holdsSizes = element.isInteger(64) || element.isInteger(32);
  if (operand.isOpen() && !holdsSizes)
    return std::nullopt;
  for (auto [to, from] : llvm::zip(result.values, operand.values)) {
    if (from.size) {
      to = from;
      continue;
    }
    if (isa<FloatType>(element)) {
      bool isUnsigned = operand.type.getElementType().isUnsignedInteger();
      to.r = operand.isReal() ? from.r
             : isUnsigned     ? double(uint64_t(from.i))
                              : double(from.i);
      // One rounding: an integer of more than 53 bits takes two this way.
      if (!operand.isReal() && !isBelow(from.i, (int64_t(1) << 53) + 1))
        return std::nullopt;
      if (element.isF32())
        to.r = float(to.r);
      continue;
    }
    if (element.isInteger(1)) {
      to.i = operand.isReal() ? from.r != 0 : from.i != 0;
      continue;
    }
    if (!operand.isReal()) {
      to = wrapped(from.i, element);
      continue;
    }
    // Out of range and NaN are undefined by the specification.
    if (!(std::fabs(from.r) < 0x1p62))
      return std::nullopt;
    to = wrapped(int64_t(from.r), element);
    if (to.i != int64_t(from.r))
      return std::nullopt;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static Result reshaped(const Small &operand, Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() ||
      type.getNumElements() != int64_t(operand.values.size()))
    return std::nullopt;
  return Small{type, operand.values};
}

static Result gather(const Small &data, const Small &indices, int64_t axis) {
  axis = fromFront(axis, data.rank());
  if (axis < 0 || indices.isReal())
    return std::nullopt;
  Index shape(data.type.getShape().take_front(axis));
  llvm::append_range(shape, indices.type.getShape());
  llvm::append_range(shape, data.type.getShape().drop_front(axis + 1));
  if (tooLarge(shape))
    return std::nullopt;
  Small result = empty(shape, data.type.getElementType());
  bool inside = true;
  forEachIndex(shape, [&](int64_t i, ArrayRef<int64_t> index) {
    int64_t picked = at(indices, index.slice(axis, indices.rank())).i;
    picked = fromFront(picked, data.dim(axis));
    Index from(index.take_front(axis));
    from.push_back(std::max<int64_t>(picked, 0));
    llvm::append_range(from, index.drop_front(axis + indices.rank()));
    inside &= picked >= 0;
    if (inside)
      result.values[i] = at(data, from);
  });
  return inside ? Result(result) : std::nullopt;
}

static Result concat(ArrayRef<Small> operands, int64_t axis) {
  axis = fromFront(axis, operands[0].rank());
  if (axis < 0)
    return std::nullopt;
  Index shape(operands[0].type.getShape());
  for (const Small &operand : operands.drop_front()) {
    if (operand.rank() != int64_t(shape.size()))
      return std::nullopt;
    shape[axis] += operand.dim(axis);
  }
  if (tooLarge(shape))
    return std::nullopt;
  Small result = empty(shape, operands[0].type.getElementType());
  forEachIndex(shape, [&](int64_t i, ArrayRef<int64_t> index) {
    Index from(index);
    for (const Small &operand : operands) {
      if (from[axis] < operand.dim(axis)) {
        result.values[i] = at(operand, from);
        return;
      }
      from[axis] -= operand.dim(axis);
    }
  });
  return result;
}

static Result slice(ArrayRef<Small> operands, const Small *axes,
                    const Small *steps) {
  const Small &data = operands[0], &starts = operands[1], &ends = operands[2];
  int64_t rank = data.rank();
  size_t count = starts.values.size();
  if (ends.values.size() != count || (axes && axes->values.size() != count) || (steps && steps->values.size() != count))
    return std::nullopt;
  Index shape(data.type.getShape()), begin(rank, 0), stride(rank, 1);
  for (int64_t i = 0; i < int64_t(count); ++i) {
    int64_t axis = fromFront(axes ? axes->values[i].i : i, rank);
    if (axis < 0)
      return std::nullopt;
    int64_t size = data.dim(axis), step = steps ? steps->values[i].i : 1;
    if (step == 0 || !isBelow(step, int64_t(1) << 31))
      return std::nullopt;
    if (size == 0)
      continue;
    auto clamp = [&](int64_t value, int64_t low, int64_t high) {
      return std::clamp(value < 0 ? value + size : value, low, high);
    };
    int64_t start = step > 0 ? clamp(starts.values[i].i, 0, size)
                             : clamp(starts.values[i].i, 0, size - 1);
    int64_t end = step > 0 ? clamp(ends.values[i].i, 0, size)
                           : clamp(ends.values[i].i, -1, size - 1);
    begin[axis] = start;
    stride[axis] = step;
    int64_t distance = step > 0 ? end - start : start - end;
    int64_t width = std::abs(step);
    shape[axis] = distance <= 0 ? 0 : (distance + width - 1) / width;
  }
  Small result = empty(shape, data.type.getElementType());
  forEachIndex(shape, [&](int64_t i, ArrayRef<int64_t> index) {
    Index from(index);
    for (int64_t axis = 0; axis < rank; ++axis)
      from[axis] = begin[axis] + index[axis] * stride[axis];
    result.values[i] = at(data, from);
  });
  return result;
}

static Result transposed(const Small &data, Operation *op) {
  Index order;
  if (auto given = op->getAttrOfType<DenseI64ArrayAttr>("perm"))
    order.assign(given.asArrayRef().begin(), given.asArrayRef().end());
  else
    for (int64_t axis = data.rank(); axis-- > 0;)
      order.push_back(axis);
  if (int64_t(order.size()) != data.rank())
    return std::nullopt;
  Index shape;
  for (int64_t axis : order)
    shape.push_back(data.dim(axis));
  Small result = empty(shape, data.type.getElementType());
  forEachIndex(shape, [&](int64_t i, ArrayRef<int64_t> index) {
    Index from(data.rank());
    for (auto [to, axis] : llvm::enumerate(order))
      from[axis] = index[to];
    result.values[i] = at(data, from);
  });
  return result;
}

/// The operand repeated or filled up to the type that was inferred.
static Result expanded(const Small &operand, Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || tooLarge(type.getShape()) ||
      type.getRank() < operand.rank())
    return std::nullopt;
  Small result = empty(type.getShape(), type.getElementType());
  forEachIndex(type.getShape(), [&](int64_t i, ArrayRef<int64_t> index) {
    result.values[i] = at(operand, index);
  });
  return result;
}

static Result range(ArrayRef<Small> operands) {
  Type element = operands[0].type.getElementType();
  for (const Small &operand : operands)
    if (operand.values.size() != 1 || operand.isReal())
      return std::nullopt;
  int64_t start = operands[0].values[0].i, limit = operands[1].values[0].i,
          delta = operands[2].values[0].i;
  auto small = [](int64_t value) { return isBelow(value, int64_t(1) << 40); };
  if (delta == 0 || !small(start) || !small(limit) || !small(delta))
    return std::nullopt;
  int64_t distance = delta > 0 ? limit - start : start - limit;
  int64_t width = std::abs(delta);
  int64_t count = distance <= 0 ? 0 : (distance + width - 1) / width;
  if (count > kMostElements)
    return std::nullopt;
  Small result = empty({count}, element);
  for (int64_t i = 0; i < count; ++i)
    result.values[i] = wrapped(start + i * delta, element);
  return result;
}

static Result reduced(StringRef name, const Small &data, const Small *axes,
                      Operation *op) {
  int64_t rank = data.rank();
  SmallVector<bool> drop(rank, false);
  if (axes)
    for (const Number &axis : axes->values) {
      int64_t front = fromFront(axis.i, rank);
      if (front < 0)
        return std::nullopt;
      drop[front] = true;
    }
  else if (attribute(op, "noop_with_empty_axes", 0))
    return data;
  if (!llvm::is_contained(drop, true))
    drop.assign(rank, true);
  // Reals would depend on the order of the sum.
  if (data.isReal() || data.values.empty())
    return std::nullopt;
  StringRef combine = llvm::StringSwitch<StringRef>(name)
                          .Case("ReduceSum", "Add")
                          .Case("ReduceProd", "Mul")
                          .Case("ReduceMin", "Min")
                          .Default("Max");
  bool keep = attribute(op, "keepdims", 1);
  Index shape, kept;
  for (int64_t axis = 0; axis < rank; ++axis) {
    kept.push_back(drop[axis] ? 1 : data.dim(axis));
    if (keep || !drop[axis])
      shape.push_back(kept.back());
  }
  Type element = data.type.getElementType();
  Small result = empty(shape, element);
  std::vector<bool> started(result.values.size());
  forEachIndex(data.type.getShape(), [&](int64_t i, ArrayRef<int64_t> index) {
    int64_t offset = 0;
    for (int64_t axis = 0; axis < rank; ++axis)
      offset = offset * kept[axis] + (drop[axis] ? 0 : index[axis]);
    Number &value = result.values[offset];
    value = started[offset]
                ? *arithmetic(combine, value, data.values[i], element, op)
                : data.values[i];
    started[offset] = true;
  });
  return result;
}

static Result constantOfShape(const Small &shape, Operation *op) {
  Index sizes;
  for (const Number &size : shape.values)
    sizes.push_back(size.i);
  if (tooLarge(sizes))
    return std::nullopt;
  auto value = op->getAttrOfType<ElementsAttr>("value");
  Type element = value ? value.getElementType()
                       : Type(Float32Type::get(op->getContext()));
  if (!supportedElement(element))
    return std::nullopt;
  Small result = empty(sizes, element);
  Number fill;
  if (value && isa<FloatType>(element))
    fill.r = value.getValues<APFloat>()[0].convertToDouble();
  else if (value)
    fill.i = integerValues(value)->front();
  llvm::fill(result.values, fill);
  return result;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static Result shapeOf(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!type)
    return std::nullopt;
  int64_t rank = type.getRank();
  auto clamp = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  int64_t start = clamp(attribute(op, "start", 0));
  int64_t end = op->hasAttr("end") ? clamp(attribute(op, "end", rank)) : rank;
  Small result = empty({std::max<int64_t>(end - start, 0)},
                       IntegerType::get(op->getContext(), 64));
  SizeList sizes = sizesOf(type);
  for (int64_t axis = start; axis < end; ++axis) {
    if (!sizes[axis])
      return std::nullopt;
    result.values[axis - start] = numberOf(sizes[axis]);
  }
  return result;
}

static Result countOf(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  SizeList sizes = type ? sizesOf(type) : SizeList();
  if (!type || llvm::is_contained(sizes, AffineExpr()))
    return std::nullopt;
  Small result = empty({}, IntegerType::get(op->getContext(), 64));
  result.values[0] = numberOf(productOf(sizes, op->getContext()));
  return result;
}

static Result evaluate(Operation *op) {
  StringRef name = op->getName().stripDialect();
  if (name == "Shape")
    return shapeOf(op);
  if (name == "Size")
    return countOf(op);
  SmallVector<Small> operands;
  // Which operand stands at an input; absent ones are left out of `operands`.
  SmallVector<int> positions;
  for (Value operand : op->getOperands()) {
    if (isa<NoneType>(operand.getType())) {
      positions.push_back(-1);
      continue;
    }
    std::optional<Small> value = read(operand);
    if (!value)
      return std::nullopt;
    positions.push_back(operands.size());
    operands.push_back(std::move(*value));
  }
  auto input = [&](unsigned index) -> const Small * {
    return index < positions.size() && positions[index] >= 0
               ? &operands[positions[index]]
               : nullptr;
  };
  if (operands.empty() || !input(0))
    return std::nullopt;
  // What only moves elements, takes open ones as it takes others; where they would decide what moves, nothing is known here.
  auto anyOpen = [&](ArrayRef<Small> list) {
    return llvm::any_of(list, [](const Small &small) { return small.isOpen(); });
  };
  bool moves = llvm::StringSwitch<bool>(name)
                   .Cases({"Gather", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Expand"}, true)
                   .Cases({"ReduceSum", "ReduceProd", "ReduceMin", "ReduceMax", "Transpose"}, true)
                   .Default(false);
  if (moves && anyOpen(ArrayRef(operands).drop_front()))
    return std::nullopt;
  if (llvm::is_contained({"Range", "ConstantOfShape"}, name) && anyOpen(operands))
    return std::nullopt;
  bool full = operands.size() == positions.size();

  using Names = llvm::StringSwitch<bool>;
  if (Names(name)
          .Cases({"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max"}, true)
          .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, true)
          .Cases({"And", "Or", "Xor"}, true)
          .Default(false))
    return full ? elementwise(name, operands, op) : std::nullopt;
  if (Names(name).Cases({"Not", "Neg", "Abs", "Floor", "Ceil", "Round"}, true).Default(false))
    return unary(name, operands[0]);
  if (Names(name)
          .Cases({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"}, true)
          .Default(false))
    return reshaped(operands[0], op);
  if (Names(name)
          .Cases({"ReduceSum", "ReduceProd", "ReduceMin", "ReduceMax"}, true)
          .Default(false))
    return reduced(name, operands[0], input(1), op);
  if (name == "Cast")
    return cast(operands[0], getElementTypeOrSelf(op->getResult(0).getType()));
  if (name == "Where")
    return full ? where(operands, op) : std::nullopt;
  if (name == "Gather")
    return full ? gather(operands[0], operands[1], attribute(op, "axis", 0)) : std::nullopt;
  if (name == "Concat")
    return full ? concat(operands, attribute(op, "axis", 0)) : std::nullopt;
  if (name == "Slice")
    return operands.size() >= 3 ? slice(operands, input(3), input(4)) : std::nullopt;
  if (name == "Transpose")
    return transposed(operands[0], op);
  if (name == "Expand")
    return expanded(operands[0], op);
  if (name == "Range")
    return range(operands);
  if (name == "ConstantOfShape")
    return constantOfShape(operands[0], op);
  return std::nullopt;
}

ElementsAttr ingot::evaluateSmall(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return {};
  Result result = evaluate(op);
  if (!result || int64_t(result->values.size()) > kMostElements)
    return {};
  if (!result->isOpen())
    return write(*result);
  SizeList sizes;
  for (const Number &value : result->values)
    sizes.push_back(sizeOf(value, op->getContext()));
  op->setAttr("ingot.elements",
              AffineMapAttr::get(AffineMap::get(0, sizeNames(op).size(), sizes, op->getContext())));
  return {};
}
