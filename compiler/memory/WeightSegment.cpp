//===- WeightSegment.cpp - constants of a model, in one blob --------------===//
#include "compiler/memory/WeightSegment.h"
#include "compiler/memory/Packing.h"
#include "compiler/support/Elements.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"
#include <cstring>

using namespace mlir;
using namespace ingot;

namespace {
/// Bytes of a constant, in place where it has them, else (splats, packed bits)
/// expanded into a copy.
class Bytes {
public:
  explicit Bytes(ElementsAttr elements) {
    size_t size = *byteSize(elements.getShapedType());
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      if (blob && blob->getData().size() == size) {
        view = blob->getData();
        return;
      }
    }
    auto dense = dyn_cast<DenseElementsAttr>(elements);
    if (dense && dense.getRawData().size() == size && !dense.isSplat() &&
        !elements.getElementType().isInteger(1)) {
      view = dense.getRawData();
      return;
    }
    copy = elementData(elements);
    view = copy;
  }
  Bytes(const Bytes &) = delete;

  ArrayRef<char> get() const { return view; }

private:
  std::vector<char> copy;
  ArrayRef<char> view;
};
} // namespace

std::optional<int64_t> WeightSegment::add(ElementsAttr elements) {
  auto known = byAttribute.find(elements);
  if (known != byAttribute.end())
    return entries[known->second].offset;
  std::optional<int64_t> size = byteSize(elements.getShapedType());
  if (!size)
    return std::nullopt;
  Bytes data(elements);
  uint64_t hash = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(data.get().data()), data.get().size()));
  SmallVector<unsigned, 1> &sameHash = byHash[hash];
  for (unsigned index : sameHash)
    if (entries[index].bytes == *size &&
        Bytes(entries[index].elements).get() == data.get()) {
      byAttribute[elements] = index;
      return entries[index].offset;
    }
  int64_t offset = llvm::alignTo(bytes, kArenaAlignment);
  if (__builtin_add_overflow(offset, *size, &bytes) ||
      bytes > (int64_t(1) << 62))
    return std::nullopt;
  sameHash.push_back(entries.size());
  byAttribute[elements] = entries.size();
  entries.push_back({elements, offset, *size});
  return offset;
}

ElementsAttr WeightSegment::build(MLIRContext *context) const {
  auto type = RankedTensorType::get({bytes}, IntegerType::get(context, 8));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(bytes, kArenaAlignment);
  MutableArrayRef<char> data = blob.getMutableData();
  int64_t end = 0;
  for (const Entry &entry : entries) {
    if (entry.bytes == 0)
      continue;
    std::memset(data.data() + end, 0, entry.offset - end);
    Bytes source(entry.elements);
    std::memcpy(data.data() + entry.offset, source.get().data(), entry.bytes);
    end = entry.offset + entry.bytes;
  }
  return DenseResourceElementsAttr::get(type, "weights", std::move(blob));
}
