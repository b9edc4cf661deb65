//===- Node.cpp - one onnx operation on its way down ----------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Strings.h"
#include "compiler/support/Elements.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include <cstring>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Type lowerElement(Type type) {
  // A byte holds what is narrower; a bool is one already.
  bool isNarrow = type.isIntOrFloat() && type.getIntOrFloatBitWidth() < 8 && !type.isInteger(1);
  if (isNarrow || (isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8))
    return IntegerType::get(type.getContext(), 8);
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  if (isString(type))
    return IntegerType::get(type.getContext(), 64);
  return isa<FloatType, IndexType>(type) ? type : Type();
}

RankedTensorType lower::lowerType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  Type element = lowerElement(tensor.getElementType());
  return element ? RankedTensorType::get(tensor.getShape(), element, tensor.getEncoding())
                 : RankedTensorType();
}

TypedAttr lower::lowerElements(ElementsAttr elements) {
  RankedTensorType type = lowerType(elements.getType());
  if (!type || type == elements.getType())
    return elements;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = cast<DenseElementsAttr>(elements);
  unsigned width = elements.getElementType().getIntOrFloatBitWidth();
  if (width > 1 && width < 8)
    return makeElements(type, elementData(elements));
  return DenseElementsAttr::getFromRawBuffer(type, dense.getRawData());
}

std::optional<std::vector<double>> lower::floatValues(ElementsAttr elements,
                                                      bool isUnsigned) {
  Type type = elements.getElementType();
  std::vector<char> data = elementData(elements);
  int64_t size = elementBytes(type);
  std::vector<double> values(elements.getNumElements());
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, data.data() + i * size, size);
    if (auto floating = dyn_cast<FloatType>(type)) {
      APFloat value(floating.getFloatSemantics(),
                    APInt(floating.getWidth(), bits));
      bool lost;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      values[i] = value.convertToDouble();
    } else if (isa<IntegerType>(type)) {
      int shift = 64 - 8 * size;
      values[i] = isUnsigned ? double(bits)
                             : double(int64_t(bits << shift) >> shift);
    } else {
      return std::nullopt;
    }
  }
  return values;
}

StringRef Node::kind() const {
  return op->getName().getStringRef().split('.').second;
}

std::string Node::name() const {
  if (auto loc = dyn_cast<NameLoc>(op->getLoc()))
    return loc.getName().str();
  return "";
}

bool Node::has(unsigned i) const {
  return i < op->getNumOperands() && !isa<NoneType>(op->getOperand(i).getType());
}

Value Node::operand(unsigned i) const {
  return has(i) ? values.lookupOrNull(op->getOperand(i)) : Value();
}

SmallVector<Value> Node::operands() const {
  SmallVector<Value> list;
  for (unsigned i = 0; i < numOperands(); ++i)
    if (Value value = operand(i))
      list.push_back(value);
  return list;
}

RankedTensorType Node::type(unsigned i) const {
  return cast<RankedTensorType>(operand(i).getType());
}

Shape Node::sizes(unsigned i) const { return shapeOf(type(i)); }

Shape Node::resultSizes(unsigned i) const { return shapeOf(resultType(i)); }

bool Node::agree(const Extent &a, const Extent &b) const {
  AffineExpr x = a.in(op->getContext()), y = b.in(op->getContext());
  if (!x || !y || (a.isNumber() && b.isNumber()))
    return a == b;
  if (auto difference = constantSize(simplifiedSize(x - y)))
    return *difference == 0;
  requireEqual(op, x, y);
  return true;
}

bool Node::isAtMost(const Extent &a, const Extent &b) const {
  if (a.isNumber() && b.isNumber())
    return a.value() <= b.value();
  AffineExpr x = a.in(op->getContext()), y = b.in(op->getContext());
  if (!x || !y)
    return false;
  requireSize(op, y - x);
  return true;
}

Extent Node::lesser(const Extent &a, const Extent &b) const {
  if (a.isNumber() && b.isNumber())
    return std::min(a.value(), b.value());
  return leastSize(op, {a.in(op->getContext()), b.in(op->getContext())});
}

Extent Node::greater(const Extent &a, const Extent &b) const {
  if (a.isNumber() && b.isNumber())
    return std::max(a.value(), b.value());
  return greatestSize(op, {a.in(op->getContext()), b.in(op->getContext())});
}

bool Node::isOpen(unsigned i) const {
  Operation *producer = has(i) ? op->getOperand(i).getDefiningOp() : nullptr;
  return producer && producer->hasAttr("ingot.elements");
}

std::optional<Shape> Node::elements(unsigned i) const {
  if (isOpen(i))
    return Shape(op->getOperand(i).getDefiningOp()->getAttrOfType<AffineMapAttr>("ingot.elements").getValue().getResults());
  if (auto integers = constantInts(i))
    return Shape(*integers);
  return std::nullopt;
}

static bool isUnsignedType(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isUnsignedInteger() || element.isInteger(1);
}

bool Node::isUnsigned(unsigned i) const {
  return has(i) && isUnsignedType(op->getOperand(i).getType());
}

bool Node::isUnsignedResult(unsigned i) const {
  return isUnsignedType(op->getResult(i).getType());
}

Type Node::onnxElement(unsigned i) const {
  return getElementTypeOrSelf(op->getOperand(i).getType());
}

Type Node::onnxResultElement(unsigned i) const {
  return getElementTypeOrSelf(op->getResult(i).getType());
}

bool Node::hasResult(unsigned i) const {
  return i < op->getNumResults() && !isa<NoneType>(op->getResult(i).getType());
}

RankedTensorType Node::resultType(unsigned i) const {
  return lowerType(op->getResult(i).getType());
}

void Node::set(unsigned i, Value value) {
  // How an open size is written does not matter.
  RankedTensorType wanted = resultType(i), type = tensorType(value);
  bool fits = wanted && type.getElementType() == wanted.getElementType() && type.getRank() == wanted.getRank();
  if (fits)
    for (auto [size, other] : llvm::zip(type.getShape(), wanted.getShape()))
      fits &= size == other || ShapedType::isDynamic(size) || ShapedType::isDynamic(other);
  if (!fits)
    value = misfit(b, value, resultType(i));
  values.map(op->getResult(i), value);
}

int64_t Node::attrInt(StringRef name, int64_t fallback) const {
  if (auto attr = op->getAttrOfType<IntegerAttr>(name))
    return attr.getInt();
  return fallback;
}

float Node::attrFloat(StringRef name, float fallback) const {
  if (auto attr = op->getAttrOfType<FloatAttr>(name))
    return float(attr.getValueAsDouble());
  return fallback;
}

std::string Node::attrString(StringRef name, StringRef fallback) const {
  if (auto attr = op->getAttrOfType<StringAttr>(name))
    return attr.str();
  return fallback.str();
}

std::optional<std::vector<int64_t>> Node::attrInts(StringRef name) const {
  if (auto attr = op->getAttrOfType<DenseI64ArrayAttr>(name))
    return attr.asArrayRef().vec();
  return std::nullopt;
}

std::optional<std::vector<float>> Node::attrFloats(StringRef name) const {
  if (auto attr = op->getAttrOfType<DenseF32ArrayAttr>(name))
    return attr.asArrayRef().vec();
  return std::nullopt;
}

std::optional<std::vector<std::string>>
Node::attrStrings(StringRef name) const {
  auto attr = op->getAttrOfType<ArrayAttr>(name);
  if (!attr)
    return std::nullopt;
  std::vector<std::string> strings;
  for (Attribute element : attr)
    if (auto string = dyn_cast<StringAttr>(element))
      strings.push_back(string.str());
  return strings;
}

ElementsAttr Node::constant(unsigned i) const {
  if (!has(i))
    return {};
  Operation *producer = op->getOperand(i).getDefiningOp();
  if (!producer || producer->getName().getStringRef() != "onnx.Constant")
    return {};
  return producer->getAttrOfType<ElementsAttr>("value");
}

std::optional<std::vector<int64_t>> Node::constantInts(unsigned i) const {
  return integerValues(constant(i));
}

std::optional<std::vector<double>> Node::constantFloats(unsigned i) const {
  ElementsAttr elements = constant(i);
  if (!elements)
    return std::nullopt;
  return floatValues(elements, isUnsigned(i));
}

std::optional<int64_t> Node::axis(StringRef name, int64_t fallback,
                                  int64_t rank) const {
  int64_t axis = attrInt(name, fallback);
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

LogicalResult Node::fail(const Twine &message) const {
  return emitError(op->getLoc())
         << "node '" << name() << "' (" << kind() << "): " << message;
}
