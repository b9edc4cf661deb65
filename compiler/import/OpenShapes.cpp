//===- OpenShapes.cpp -----------------------------------------------------===//
#include "compiler/import/OpenShapes.h"
#include "compiler/support/Elements.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;

/// No shape has more dimensions; parameters with more elements are data.
constexpr int64_t kMostElements = 256;

std::optional<SizeList> ingot::elementsOf(Value value) {
  MLIRContext *context = value.getContext();
  if (ElementsAttr constant = ops::constantValue(value)) {
    if (constant.getNumElements() > kMostElements)
      return std::nullopt;
    auto integers = integerValues(constant);
    if (!integers)
      return std::nullopt;
    SizeList list;
    for (int64_t number : *integers)
      list.push_back(getAffineConstantExpr(number, context));
    return list;
  }
  Operation *op = value.getDefiningOp();
  auto map = op && op->getNumResults() == 1 ? op->getAttrOfType<AffineMapAttr>("ingot.elements") : AffineMapAttr();
  if (!map)
    return std::nullopt;
  return SizeList(map.getValue().getResults());
}

bool ingot::hasOpenSizes(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!module || !(module->hasAttr("ingot.sizes") || module->hasAttr("ingot.data_sizes")))
    return false;
  return llvm::any_of(op->getOperands(), [](Value operand) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    Operation *def = operand.getDefiningOp();
    return (type && !type.hasStaticShape()) || (def && def->hasAttr("ingot.elements"));
  });
}

namespace {
/// What the rules read of an operation. A rule gives an empty list where it cannot tell.
class Rules {
public:
  Rules(Operation *op, unsigned result) : op(op), result(result), context(op->getContext()) {}

  SizeList shape();

private:
  bool has(unsigned i) const { return i < op->getNumOperands() && !isa<NoneType>(op->getOperand(i).getType()); }
  /// The sizes of an operand of known rank; empty where one is not known.
  SizeList in(unsigned i) const {
    auto type = has(i) ? dyn_cast<RankedTensorType>(op->getOperand(i).getType()) : RankedTensorType();
    if (!type)
      return {};
    SizeList sizes = sizesOf(type);
    return llvm::is_contained(sizes, AffineExpr()) ? SizeList() : sizes;
  }
  std::optional<SizeList> elements(unsigned i) const { return has(i) ? elementsOf(op->getOperand(i)) : std::nullopt; }
  std::optional<std::vector<int64_t>> ints(StringRef name) const {
    if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(name))
      return list.asArrayRef().vec();
    return std::nullopt;
  }
  int64_t number(StringRef name, int64_t otherwise) const {
    auto attribute = op->getAttrOfType<IntegerAttr>(name);
    return attribute ? attribute.getInt() : otherwise;
  }
  StringRef text(StringRef name, StringRef otherwise) const {
    auto attribute = op->getAttrOfType<StringAttr>(name);
    return attribute ? attribute.getValue() : otherwise;
  }
  AffineExpr constant(int64_t value) const { return getAffineConstantExpr(value, context); }
  std::optional<int64_t> axisOf(int64_t axis, int64_t rank) const {
    axis += axis < 0 ? rank : 0;
    return axis >= 0 && axis < rank ? std::optional(axis) : std::nullopt;
  }

  /// The size that both are.
  AffineExpr same(AffineExpr a, AffineExpr b) {
    requireEqual(op, a, b);
    return constantSize(b) ? b : a;
  }
  bool isOne(AffineExpr size) const { return constantSize(size) == 1; }
  AffineExpr repeated(AffineExpr a, AffineExpr b) {
    return isOne(a) ? b : isOne(b) ? a : same(a, b);
  }
  SizeList broadcast(SizeList a, SizeList b) {
    if (a.size() < b.size())
      std::swap(a, b);
    for (size_t i = 0; i < b.size(); ++i) {
      AffineExpr &size = a[a.size() - b.size() + i];
      size = repeated(size, b[i]);
    }
    return a;
  }

  SizeList broadcastAll();
  SizeList product(unsigned a, unsigned c);
  SizeList gemm();
  SizeList concat();
  SizeList reshaped();
  SizeList flattened();
  SizeList expanded();
  SizeList tiled();
  SizeList padded();
  SizeList sliced();
  SizeList split();
  SizeList resized();
  SizeList blocks(bool toSpace);
  SizeList window(unsigned x, unsigned w);
  SizeList transposedWindow();
  SizeList range();
  SizeList unpooled();
  SizeList columnsToImage();
  SizeList sampled();
  SizeList affineGrid();
  SizeList centred();
  SizeList transformed();
  SizeList frames();
  SizeList attention();
  SizeList causalWindow();
  SizeList scanned();
  SizeList withAxis(unsigned operand, AffineExpr size, int64_t axis);

  Operation *op;
  unsigned result;
  MLIRContext *context;
};
} // namespace

SizeList Rules::broadcastAll() {
  SizeList list = in(0);
  bool isScalar = list.empty();
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    if (!has(i))
      continue;
    auto type = dyn_cast<RankedTensorType>(op->getOperand(i).getType());
    SizeList other = in(i);
    if (!type || (other.empty() && type.getRank()))
      return {};
    list = i == 0 && !isScalar ? list : broadcast(list, other);
  }
  return list;
}

SizeList Rules::product(unsigned x, unsigned y) {
  SizeList a = in(x), c = in(y);
  if (a.empty() || c.empty())
    return {};
  bool row = a.size() == 1, column = c.size() == 1;
  if (row)
    a.insert(a.begin(), constant(1));
  if (column)
    c.push_back(constant(1));
  (void)same(a.back(), c[c.size() - 2]);
  AffineExpr m = a[a.size() - 2], n = c.back();
  SizeList list = broadcast(SizeList(ArrayRef(a).drop_back(2)), SizeList(ArrayRef(c).drop_back(2)));
  if (!row)
    list.push_back(m);
  if (!column)
    list.push_back(n);
  return list;
}

SizeList Rules::gemm() {
  SizeList a = in(0), c = in(1);
  if (a.size() != 2 || c.size() != 2)
    return {};
  if (number("transA", 0))
    std::swap(a[0], a[1]);
  if (number("transB", 0))
    std::swap(c[0], c[1]);
  (void)same(a[1], c[0]);
  return {a[0], c[1]};
}

SizeList Rules::concat() {
  SizeList list = in(0);
  auto axis = axisOf(number("axis", 0), list.size());
  if (!axis)
    return {};
  for (unsigned i = 1; i < op->getNumOperands(); ++i) {
    SizeList other = in(i);
    if (other.size() != list.size())
      return {};
    for (size_t d = 0; d < list.size(); ++d)
      list[d] = int64_t(d) == *axis ? list[d] + other[d] : same(list[d], other[d]);
  }
  return list;
}

SizeList Rules::reshaped() {
  SizeList from = in(0);
  auto wanted = elements(1);
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!wanted || !type || (from.empty() && type.getRank()))
    return {};
  AffineExpr all = productOf(from, context);
  SizeList list;
  int64_t open = -1;
  for (auto [i, size] : llvm::enumerate(*wanted)) {
    std::optional<int64_t> known = constantSize(size);
    if (known == 0 && !number("allowzero", 0)) {
      if (i >= from.size())
        return {};
      size = from[i];
    } else if (known == -1) {
      if (open >= 0)
        return {};
      open = i;
      size = constant(1);
    } else if (known && *known < 0) {
      return {};
    }
    list.push_back(size);
  }
  AffineExpr rest = productOf(list, context);
  if (open < 0) {
    requireEqual(op, all, rest);
    return list;
  }
  if (AffineExpr exact = exactQuotient(all, rest)) {
    list[open] = exact;
    return list;
  }
  list[open] = simplifiedSize(all.floorDiv(rest));
  requireEqual(op, all, simplifiedSize(list[open] * rest));
  return list;
}

SizeList Rules::flattened() {
  SizeList from = in(0);
  int64_t axis = number("axis", 1), rank = from.size();
  axis += axis < 0 ? rank : 0;
  if (from.empty() || axis < 0 || axis > rank)
    return {};
  return {productOf(ArrayRef(from).take_front(axis), context), productOf(ArrayRef(from).drop_front(axis), context)};
}

SizeList Rules::expanded() {
  auto wanted = elements(1);
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  SizeList from = in(0);
  if (!wanted || !type || (from.empty() && type.getRank()))
    return {};
  return broadcast(from, *wanted);
}

SizeList Rules::tiled() {
  SizeList list = in(0);
  auto repeats = elements(1);
  if (!repeats || repeats->size() != list.size())
    return {};
  for (auto [size, times] : llvm::zip(list, *repeats))
    size = size * times;
  return list;
}

SizeList Rules::padded() {
  SizeList list = in(0);
  auto pads = elements(1);
  std::optional<SizeList> axes = elements(3);
  if (!pads || list.empty() || (has(3) && !axes))
    return {};
  size_t count = pads->size() / 2;
  if (axes ? axes->size() != count : list.size() != count)
    return {};
  for (size_t i = 0; i < count; ++i) {
    auto known = axes ? constantSize((*axes)[i]) : std::optional<int64_t>(i);
    auto axis = known ? axisOf(*known, list.size()) : std::nullopt;
    if (!axis)
      return {};
    list[*axis] = list[*axis] + (*pads)[i] + (*pads)[count + i];
    requireSize(op, list[*axis]);
  }
  return list;
}

SizeList Rules::sliced() {
  SizeList list = in(0);
  auto starts = elements(1), ends = elements(2), axes = elements(3), steps = elements(4);
  if (list.empty() || !starts || !ends || (has(3) && !axes) || (has(4) && !steps) ||
      ends->size() != starts->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    return {};
  for (size_t i = 0; i < starts->size(); ++i) {
    auto known = axes ? constantSize((*axes)[i]) : std::optional<int64_t>(i);
    auto axis = known ? axisOf(*known, list.size()) : std::nullopt;
    auto step = steps ? constantSize((*steps)[i]) : std::optional<int64_t>(1);
    if (!axis || !step || *step == 0)
      return {};
    auto taken = takenRange(op, list[*axis], (*starts)[i], (*ends)[i], *step);
    if (!taken)
      return {};
    list[*axis] = taken->count;
  }
  return list;
}

SizeList Rules::split() {
  SizeList list = in(0);
  auto axis = axisOf(number("axis", 0), list.size());
  if (!axis)
    return {};
  AffineExpr whole = list[*axis];
  if (has(1)) {
    auto sizes = elements(1);
    if (!sizes || sizes->size() != op->getNumResults())
      return {};
    AffineExpr sum = constant(0);
    for (AffineExpr size : *sizes)
      sum = sum + size;
    requireEqual(op, sum, whole);
    list[*axis] = (*sizes)[result];
    return list;
  }
  int64_t parts = op->getNumResults();
  AffineExpr size = simplifiedSize(whole.ceilDiv(parts));
  if (result + 1 == parts) {
    size = simplifiedSize(whole - size * (parts - 1));
    requireSize(op, size);
  }
  list[*axis] = size;
  return list;
}

SizeList Rules::resized() {
  SizeList list = in(0);
  if (list.empty())
    return {};
  std::vector<int64_t> axes;
  if (auto given = ints("axes")) {
    for (int64_t axis : *given) {
      auto front = axisOf(axis, list.size());
      if (!front)
        return {};
      axes.push_back(*front);
    }
  } else {
    for (size_t i = 0; i < list.size(); ++i)
      axes.push_back(i);
  }
  if (has(3)) {
    auto sizes = elements(3);
    StringRef policy = text("keep_aspect_ratio_policy", "stretch");
    if (!sizes || sizes->size() != axes.size())
      return {};
    SizeList from = list;
    for (auto [axis, size] : llvm::zip(axes, *sizes)) {
      list[axis] = size;
      if (policy == "stretch")
        continue;
      // One scale for all axes: the least or greatest of size / input, times this input, to the nearest whole.
      SizeList scaled;
      for (auto [other, wanted] : llvm::zip(axes, *sizes))
        scaled.push_back((from[axis] * wanted * 2 + from[other]).floorDiv(from[other] * 2));
      list[axis] = policy == "not_larger" ? leastSize(op, scaled) : greatestSize(op, scaled);
    }
    for (int64_t axis : axes)
      requireSize(op, list[axis] - 1);
    return list;
  }
  ElementsAttr scales = has(2) ? ops::constantValue(op->getOperand(2)) : ElementsAttr();
  if (!scales || !scales.getElementType().isF32() || scales.getNumElements() != int64_t(axes.size()))
    return {};
  std::vector<char> data = elementData(scales);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    float scale;
    std::memcpy(&scale, data.data() + i * sizeof scale, sizeof scale);
    AffineExpr size = scaledSize(list[axis], scale);
    if (!size)
      return {};
    requireSize(op, size - 1);
    list[axis] = size;
  }
  return list;
}

SizeList Rules::blocks(bool toSpace) {
  SizeList list = in(0);
  int64_t block = number("blocksize", 1);
  if (list.size() != 4 || block < 1 || block > (1 << 15))
    return {};
  auto divided = [&](AffineExpr size, int64_t by) {
    AffineExpr part = simplifiedSize(size.floorDiv(by));
    requireEqual(op, size, simplifiedSize(part * by));
    return part;
  };
  if (toSpace)
    return {list[0], divided(list[1], block * block), list[2] * block, list[3] * block};
  return {list[0], list[1] * (block * block), divided(list[2], block), divided(list[3], block)};
}

/// Spatial sizes of convolutions and pools; `w` is the operand with the weights, or beyond the last one.
SizeList Rules::window(unsigned x, unsigned w) {
  SizeList list = in(x), weights = in(w);
  auto kernel = ints("kernel_shape");
  if (list.size() < 3)
    return {};
  size_t space = list.size() - 2;
  SizeList taps;
  if (kernel)
    for (int64_t size : *kernel)
      taps.push_back(constant(size));
  else
    taps.assign(weights.begin() + std::min<size_t>(2, weights.size()), weights.end());
  if (taps.size() != space || (has(w) && weights.size() != list.size()))
    return {};
  auto strides = ints("strides").value_or(std::vector<int64_t>(space, 1));
  auto dilations = ints("dilations").value_or(std::vector<int64_t>(space, 1));
  auto pads = ints("pads").value_or(std::vector<int64_t>(2 * space, 0));
  StringRef automatic = text("auto_pad", "NOTSET");
  if (strides.size() != space || dilations.size() != space || pads.size() != 2 * space)
    return {};
  if (has(w)) {
    (void)same(list[1], weights[1] * number("group", 1));
    list[1] = weights[0];
  }
  for (size_t i = 0; i < space; ++i) {
    AffineExpr &size = list[2 + i];
    if (strides[i] < 1 || dilations[i] < 1)
      return {};
    if (automatic.starts_with("SAME")) {
      size = simplifiedSize(size.ceilDiv(strides[i]));
      continue;
    }
    int64_t low = automatic == "VALID" ? 0 : pads[i], high = automatic == "VALID" ? 0 : pads[space + i];
    AffineExpr moved = size + low + high - ((taps[i] - 1) * dilations[i] + 1);
    requireSize(op, moved);
    if (!number("ceil_mode", 0)) {
      size = simplifiedSize(moved.floorDiv(strides[i]) + 1);
      continue;
    }
    // The last window starts on the input or the padding before it.
    size = leastSize(op, {moved.ceilDiv(strides[i]) + 1, (size + (low - 1)).floorDiv(strides[i]) + 1});
  }
  return list;
}

SizeList Rules::transposedWindow() {
  SizeList list = in(0), weights = in(1);
  if (list.size() < 3 || weights.size() != list.size())
    return {};
  size_t space = list.size() - 2;
  auto strides = ints("strides").value_or(std::vector<int64_t>(space, 1));
  auto dilations = ints("dilations").value_or(std::vector<int64_t>(space, 1));
  auto pads = ints("pads").value_or(std::vector<int64_t>(2 * space, 0));
  auto extra = ints("output_padding").value_or(std::vector<int64_t>(space, 0));
  auto shape = ints("output_shape");
  StringRef automatic = text("auto_pad", "NOTSET");
  if (strides.size() != space || dilations.size() != space || pads.size() != 2 * space || extra.size() != space)
    return {};
  (void)same(list[1], weights[0]);
  list[1] = weights[1] * number("group", 1);
  for (size_t i = 0; i < space; ++i) {
    AffineExpr &size = list[2 + i];
    if (shape && shape->size() >= space)
      size = constant((*shape)[shape->size() - space + i]);
    else if (automatic.starts_with("SAME"))
      size = size * strides[i];
    else
      size = (size - 1) * strides[i] + extra[i] + (weights[2 + i] - 1) * dilations[i] + 1 - pads[i] - pads[space + i];
    requireSize(op, size);
  }
  return list;
}

SizeList Rules::range() {
  auto begin = elements(0), end = elements(1), step = elements(2);
  if (!begin || !end || !step || begin->size() != 1 || end->size() != 1 || step->size() != 1)
    return {};
  std::optional<int64_t> by = constantSize(step->front());
  if (!by || *by == 0)
    return {};
  AffineExpr distance = *by > 0 ? end->front() - begin->front() : begin->front() - end->front();
  return {greatestSize(op, {constant(0), simplifiedSize(distance.ceilDiv(std::abs(*by)))})};
}

/// MaxUnpool: what the window implies, or what the third operand says.
SizeList Rules::unpooled() {
  SizeList list = in(0);
  auto kernel = ints("kernel_shape");
  if (list.size() < 3 || !kernel || kernel->size() != list.size() - 2)
    return {};
  if (has(2)) {
    auto wanted = elements(2);
    return wanted && wanted->size() == list.size() ? *wanted : SizeList();
  }
  size_t space = kernel->size();
  auto strides = ints("strides").value_or(std::vector<int64_t>(space, 1));
  auto pads = ints("pads").value_or(std::vector<int64_t>(2 * space, 0));
  if (strides.size() != space || pads.size() != 2 * space)
    return {};
  for (size_t i = 0; i < space; ++i) {
    list[2 + i] = (list[2 + i] - 1) * strides[i] + (*kernel)[i] - pads[i] - pads[space + i];
    requireSize(op, list[2 + i] - 1);
  }
  return list;
}

SizeList Rules::columnsToImage() {
  SizeList list = in(0);
  auto image = elements(1), block = elements(2);
  if (list.size() != 3 || !image || !block)
    return {};
  AffineExpr places = productOf(*block, context);
  if (auto least = leastValue(op, places); !least || *least < 1)
    return {};
  AffineExpr channels = simplifiedSize(list[1].floorDiv(places));
  requireEqual(op, list[1], channels * places);
  SizeList result{list[0], channels};
  result.append(*image);
  return result;
}

/// GridSample: the places of the grid, whose last dimension has their coordinates.
SizeList Rules::sampled() {
  SizeList list = in(0), grid = in(1);
  if (list.size() < 3 || grid.size() != list.size())
    return {};
  SizeList result{same(list[0], grid[0]), list[1]};
  result.append(grid.begin() + 1, grid.end() - 1);
  return result;
}

SizeList Rules::affineGrid() {
  auto size = elements(1);
  if (!size || size->size() < 4)
    return {};
  SizeList result{size->front()};
  result.append(size->begin() + 2, size->end());
  result.push_back(constant(int64_t(size->size()) - 2));
  return result;
}

SizeList Rules::centred() {
  SizeList list = in(0);
  auto wanted = elements(1);
  auto axes = ints("axes");
  if (!wanted || list.empty() || wanted->size() != (axes ? axes->size() : list.size()))
    return {};
  for (auto [i, size] : llvm::enumerate(*wanted)) {
    auto axis = axisOf(axes ? (*axes)[i] : int64_t(i), list.size());
    if (!axis)
      return {};
    list[*axis] = size;
  }
  return list;
}

SizeList Rules::transformed() {
  SizeList list = in(0);
  auto wanted = elements(1), along = elements(2);
  auto given = has(2) ? (along && along->size() == 1 ? constantSize(along->front()) : std::nullopt) : number("axis", -2);
  auto axis = given ? axisOf(*given, list.size()) : std::nullopt;
  bool inverse = number("inverse", 0), half = number("onesided", 0);
  // Transformed whole, an axis keeps its size, whichever it is.
  if (list.size() >= 2 && !given && !has(1) && !half) {
    list.back() = constant(2);
    return list;
  }
  if (list.size() < 2 || !axis || (has(1) && (!wanted || wanted->size() != 1)))
    return {};
  AffineExpr length = has(1) ? wanted->front() : inverse && half ? (list[*axis] - 1) * 2 : list[*axis];
  list[*axis] = half && !inverse ? length.floorDiv(2) + 1 : length;
  requireSize(op, length - 1);
  list.back() = constant(half && inverse ? 1 : 2);
  return list;
}

SizeList Rules::frames() {
  SizeList list = in(0), window = in(2);
  auto step = elements(1), wanted = elements(3);
  if (list.size() != 3 || !step || step->size() != 1 || (has(2) ? window.size() != 1 : !wanted || wanted->size() != 1))
    return {};
  AffineExpr length = has(2) ? window[0] : wanted->front();
  if (auto least = leastValue(op, step->front()); !least || *least < 1)
    return {};
  requireSize(op, length - 1);
  requireSize(op, list[1] - length);
  AffineExpr places = number("onesided", 1) ? length.floorDiv(2) + 1 : length;
  return {list[0], (list[1] - length).floorDiv(step->front()) + 1, places, constant(2)};
}

/// Attention-24. Without heads of their own, operands have those of all heads in one dimension.
SizeList Rules::attention() {
  SizeList q = in(0), k = in(1), v = in(2), pastKey = in(4), pastValue = in(5);
  if (q.size() != k.size() || q.size() != v.size() || (q.size() != 3 && q.size() != 4))
    return {};
  auto split = [&](SizeList &list, StringRef heads) {
    AffineExpr count = constant(number(heads, 0)), size = simplifiedSize(list[2].floorDiv(count));
    requireEqual(op, list[2], size * count);
    list = {list[0], count, list[1], size};
  };
  bool flat = q.size() == 3;
  if (flat) {
    if (number("q_num_heads", 0) < 1 || number("kv_num_heads", 0) < 1)
      return {};
    split(q, "q_num_heads");
    split(k, "kv_num_heads");
    split(v, "kv_num_heads");
  }
  if (result == 0 && flat)
    return {q[0], q[2], q[1] * v[3]};
  if (result == 0)
    return {q[0], q[1], q[2], v[3]};
  if ((has(4) && pastKey.size() != 4) || (has(5) && pastValue.size() != 4))
    return {};
  AffineExpr all = has(4) ? k[2] + pastKey[2] : k[2];
  if (result == 1)
    return {k[0], k[1], all, k[3]};
  if (result == 2)
    return {v[0], v[1], has(5) ? v[2] + pastValue[2] : v[2], v[3]};
  return {q[0], q[1], q[2], all};
}

/// CausalConvWithState-27: the input, or the places before the next one that the window sees.
SizeList Rules::causalWindow() {
  SizeList x = in(0), w = in(1);
  if (x.size() != 3 || w.size() != 3)
    return {};
  (void)same(x[1], w[0]);
  return result == 0 ? x : SizeList{x[0], x[1], w[2] - 1};
}

/// Scan-25: states keep their shapes, what is collected has the scanned axis of the inputs.
SizeList Rules::scanned() {
  int64_t count = number("num_scan_inputs", 0), states = int64_t(op->getNumOperands()) - count;
  if (count < 1 || states < 0 || op->getNumRegions() != 1 || op->getRegion(0).empty())
    return {};
  if (result < states)
    return in(result);
  auto axisAt = [&](StringRef name, int64_t i, int64_t rank) {
    auto axes = ints(name);
    return axisOf(axes && i < int64_t(axes->size()) ? (*axes)[i] : 0, rank);
  };
  SizeList first = in(states);
  auto along = axisAt("scan_input_axes", 0, first.size());
  ValueRange yielded = op->getRegion(0).front().back().getOperands();
  auto type = result < yielded.size() ? dyn_cast<RankedTensorType>(yielded[result].getType()) : RankedTensorType();
  if (!along || !type)
    return {};
  SizeList list = sizesOf(type);
  auto axis = axisAt("scan_output_axes", result - states, list.size() + 1);
  if (!axis || llvm::is_contained(list, AffineExpr()))
    return {};
  list.insert(list.begin() + *axis, first[*along]);
  return list;
}

/// The operand's shape with another size at the axis.
SizeList Rules::withAxis(unsigned operand, AffineExpr size, int64_t axis) {
  SizeList list = in(operand);
  auto at = axisOf(axis, list.size());
  if (!at)
    return {};
  list[*at] = size;
  return list;
}

SizeList Rules::shape() {
  StringRef name = op->getName().stripDialect();
  using Names = llvm::StringSwitch<bool>;
  if (Names(name)
          .Cases({"Add", "Sub", "Mul", "Div", "Mod", "Pow", "PRelu", "And", "Or", "Xor"}, true)
          .Cases({"BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "Equal", "Less", "LessOrEqual"}, true)
          .Cases({"Greater", "GreaterOrEqual", "Max", "Min", "Sum", "Mean", "Where"}, true)
          .Default(false))
    return broadcastAll();
  if (name == "MatMul" || name == "MatMulInteger")
    return product(0, 1);
  if (name == "QLinearMatMul")
    return product(0, 3);
  if (name == "Gemm")
    return gemm();
  if (name == "Concat")
    return concat();
  if (name == "Reshape")
    return reshaped();
  if (name == "Flatten")
    return flattened();
  if (name == "Expand")
    return expanded();
  if (name == "Tile")
    return tiled();
  if (name == "Pad")
    return padded();
  if (name == "Slice")
    return sliced();
  if (name == "Split")
    return split();
  if (name == "Resize")
    return resized();
  if (name == "DepthToSpace" || name == "SpaceToDepth")
    return blocks(name == "DepthToSpace");
  if (name == "Conv" || name == "ConvInteger" || name == "DeformConv")
    return window(0, 1);
  if (name == "QLinearConv")
    return window(0, 3);
  if (name == "MaxPool" || name == "AveragePool" || name == "LpPool")
    return window(0, op->getNumOperands());
  if (name == "ConvTranspose")
    return transposedWindow();
  if (name == "MaxUnpool")
    return unpooled();
  if (name == "Col2Im")
    return columnsToImage();
  if (name == "GridSample")
    return sampled();
  if (name == "AffineGrid")
    return affineGrid();
  if (name == "CenterCropPad")
    return centred();
  if (name == "DFT")
    return transformed();
  if (name == "STFT")
    return frames();
  if (name == "Range")
    return range();
  if (name == "Attention")
    return attention();
  if (name == "CausalConvWithState")
    return causalWindow();
  if (name == "Scan")
    return scanned();
  if (name == "ConstantOfShape")
    return elements(0).value_or(SizeList());
  if (name == "TopK")
    if (auto count = elements(1); count && count->size() == 1)
      return withAxis(0, count->front(), number("axis", -1));
  return {};
}

Type ingot::openShape(Operation *op, unsigned result) {
  auto known = dyn_cast<TensorType>(op->getResult(result).getType());
  if (!known || isa<ops::UnknownType>(op->getResult(result).getType()))
    return {};
  SizeList list = Rules(op, result).shape();
  if (list.empty())
    return {};
  for (AffineExpr &size : list)
    size = simplifiedSize(size);
  return sizedType(list, known.getElementType());
}
