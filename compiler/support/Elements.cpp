//===- Elements.cpp -------------------------------------------------------===//
#include "compiler/support/Elements.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SmallString.h"
#include <atomic>
#include <cstring>

using namespace mlir;
using namespace ingot;

int64_t ingot::elementBytes(Type type) {
  if (type.isIndex())
    return 8;
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * elementBytes(complex.getElementType());
  if (!type.isIntOrFloat())
    return 0;
  return (type.getIntOrFloatBitWidth() + 7) / 8;
}

std::optional<int64_t> ingot::byteSize(ShapedType type) {
  int64_t bytes = elementBytes(type.getElementType());
  bool empty = llvm::is_contained(type.getShape(), 0);
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    if (!empty && (__builtin_mul_overflow(bytes, size, &bytes) ||
                   bytes > (int64_t(1) << 62)))
      return std::nullopt;
  }
  return empty ? 0 : bytes;
}

/// Brings elements of fewer than eight bits into the form of Elements.h: MLIR leaves the other bits of the byte open.
static void extendNarrow(Type type, std::vector<char> &data) {
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() >= 8 || type.isInteger(1))
    return;
  unsigned unused = 8 - type.getIntOrFloatBitWidth();
  bool isSigned = type.isSignlessInteger();
  for (char &byte : data) {
    uint8_t high = uint8_t(byte) << unused;
    byte = isSigned ? int8_t(high) >> unused : high >> unused;
  }
}

static std::vector<char> rawElementData(ElementsAttr elements) {
  int64_t count = elements.getNumElements();
  int64_t size = elementBytes(elements.getElementType());
  std::vector<char> data(count * size);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob()) {
      ArrayRef<char> raw = blob->getData();
      llvm::copy(raw.take_front(data.size()), data.begin());
    }
    return data;
  }
  auto dense = cast<DenseElementsAttr>(elements);
  if (elements.getElementType().isInteger(1)) {
    for (auto [i, bit] : llvm::enumerate(dense.getValues<bool>()))
      data[i] = bit;
    return data;
  }
  ArrayRef<char> raw = dense.getRawData();
  if (dense.isSplat())
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(data.data() + i * size, raw.data(), size);
  else
    llvm::copy(raw.take_front(data.size()), data.begin());
  return data;
}

std::vector<char> ingot::elementData(ElementsAttr elements) {
  std::vector<char> data = rawElementData(elements);
  extendNarrow(elements.getElementType(), data);
  return data;
}

ElementsAttr ingot::makeElements(ShapedType type, ArrayRef<char> data,
                                 StringRef name) {
  int64_t size = elementBytes(type.getElementType());
  assert(int64_t(data.size()) == type.getNumElements() * size);
  bool splat = data.size() >= size_t(size) && size > 0 &&
               (data.size() == size_t(size) ||
                std::memcmp(data.data(), data.data() + size,
                            data.size() - size) == 0);
  if (splat)
    data = data.take_front(size);
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits(data.begin(), data.end());
    return DenseElementsAttr::get(type, bits);
  }
  if (splat || int64_t(data.size()) <= kLargeElementsBytes)
    return DenseElementsAttr::getFromRawBuffer(type, data);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      data, 64, /*dataIsMutable=*/false);
  // A name that is taken would be looked for by trying one number after the other, from 1 on for every tensor.
  static std::atomic<uint64_t> numbers{0};
  auto &manager =
      DenseResourceElementsHandle::getManagerInterface(type.getContext());
  std::string key = name.str();
  if (manager.getBlobManager().lookup(key))
    key += "_" + std::to_string(++numbers);
  return DenseResourceElementsAttr::get(type, key, std::move(blob));
}

ElementsAttr ingot::widenedHalves(ElementsAttr elements) {
  bool isBrain = elements.getElementType().isBF16();
  std::vector<char> data = elementData(elements), widened(data.size() * 2);
  for (size_t i = 0; i < data.size() / 2; ++i) {
    uint16_t bits;
    std::memcpy(&bits, data.data() + 2 * i, 2);
    APFloat number(isBrain ? APFloat::BFloat() : APFloat::IEEEhalf(), APInt(16, bits));
    bool loses;
    number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
    float single = number.convertToFloat();
    std::memcpy(widened.data() + 4 * i, &single, 4);
  }
  return makeElements(elements.getShapedType().clone(Float32Type::get(elements.getContext())), widened);
}

std::optional<std::vector<int64_t>> ingot::integerValues(Attribute attribute) {
  auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
  if (!elements || !elements.getElementType().isInteger())
    return std::nullopt;
  auto type = cast<IntegerType>(elements.getElementType());
  std::vector<char> data = elementData(elements);
  int64_t size = elementBytes(type);
  std::vector<int64_t> values(elements.getNumElements());
  bool isUnsigned = type.isUnsigned() || type.isInteger(1);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, data.data() + i * size, size);
    int shift = 64 - 8 * size;
    values[i] = isUnsigned || shift == 0 ? int64_t(bits)
                                         : int64_t(bits << shift) >> shift;
  }
  return values;
}

Attribute ingot::splatValue(Attribute attribute) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat())
    return {};
  return dense.getSplatValue<Attribute>();
}
