//===- Strings.cpp - strings in the tensor IR -----------------------------===//
#include "compiler/lower/Strings.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

bool lower::isString(Type element) { return element.getAbstractType().getName() == "onnx.String"; }

bool lower::takesStrings(StringRef kind) {
  return llvm::StringSwitch<bool>(kind)
      .Cases({"Constant", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Shape", "Size", "Concat"}, true)
      .Cases({"Split", "Slice", "Transpose", "DepthToSpace", "SpaceToDepth", "Expand", "Tile"}, true)
      .Cases({"Gather", "GatherElements", "GatherND", "OneHot", "ReverseSequence", "Compress", "Where"}, true)
      .Cases({"ScatterElements", "ScatterND", "If", "Loop", "Scan", "Equal", "Cast", "CastLike"}, true)
      .Cases({"StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer"}, true)
      .Cases({"ai_onnx_ml_LabelEncoder", "ai_onnx_ml_CategoryMapper", "ai_onnx_ml_OneHotEncoder"}, true)
      .Cases({"ai_onnx_ml_ArrayFeatureExtractor", "ai_onnx_ml_LinearClassifier", "ai_onnx_ml_SVMClassifier"}, true)
      .Case("ai_onnx_ml_TreeEnsembleClassifier", true)
      .Default(false);
}

Value lower::stringCall(LocBuilder &b, StringRef function, ValueRange operands, Type result) {
  return StringOp::create(b, result, function, operands, /*makes=*/false);
}

Value lower::makeString(LocBuilder &b, StringRef function, ValueRange operands) {
  return StringOp::create(b, b.getI64Type(), function, operands, /*makes=*/true);
}

Value lower::handlesOf(LocBuilder &b, Value views) {
  Shape shape = shapeOf(views);
  shape.pop_back();
  int64_t rank = shape.size();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  // The operand is there for its sizes; what it holds is read by who wants the bytes.
  exprs.push_back(b.getAffineConstantExpr(0));
  return mapped(b, views, AffineMap::get(rank, 0, exprs, b.getContext()),
                tensorType(shape, b.getI64Type()), [&](LocBuilder &b, ValueRange) -> Value {
                  SmallVector<Value> place;
                  for (int64_t i = 0; i < rank; ++i)
                    place.push_back(linalg::IndexOp::create(b, i));
                  place.push_back(index(b, 0));
                  return AddressOp::create(b, b.getI64Type(), views, place);
                });
}

Value lower::viewsOf(LocBuilder &b, Value handles) {
  RankedTensorType type = tensorType(handles);
  int64_t rank = type.getRank();
  Shape shape = shapeOf(type);
  shape.push_back(2);
  return mapped(b, handles, dropAxes(b.getContext(), rank + 1, rank), tensorType(shape, b.getI64Type()),
                [&](LocBuilder &b, ValueRange s) -> Value {
                  Value part = linalg::IndexOp::create(b, rank);
                  Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, part, index(b, 0));
                  return arith::SelectOp::create(b, first, stringCall(b, "string_data", s[0], b.getI64Type()),
                                                 stringCall(b, "string_size", s[0], b.getI64Type()));
                });
}

Value lower::int32Table(LocBuilder &b, ArrayRef<int32_t> values) {
  ArrayRef<char> data(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int32_t));
  return arith::ConstantOp::create(b, makeElements(tensorType({int64_t(values.size())}, b.getI32Type()), data, "table"));
}

StringTable::StringTable(LocBuilder &b, ArrayRef<std::string> strings) {
  // Each string behind its size, at an even place. What stands before the first one makes it sure that no two bytes of the table are
  // all there are and alike: such a constant would have no place in memory.
  std::vector<char> data = {1, 0};
  std::vector<int64_t> starts;
  for (const std::string &text : strings) {
    // The handle is odd.
    starts.push_back(int64_t(data.size()) + 1);
    for (unsigned i = 0; i < 4; ++i)
      data.push_back(char(uint32_t(text.size()) >> (8 * i)));
    data.insert(data.end(), text.begin(), text.end());
    data.resize(llvm::alignTo(data.size(), 2));
  }
  bytes = arith::ConstantOp::create(b, makeElements(tensorType({int64_t(data.size())}, b.getI8Type()), data, "strings"));
  ArrayRef<char> raw(reinterpret_cast<const char *>(starts.data()), starts.size() * sizeof(int64_t));
  places = arith::ConstantOp::create(b, makeElements(tensorType({int64_t(starts.size())}, b.getI64Type()), raw, "starts"));
}

Value StringTable::base(LocBuilder &b) const { return AddressOp::create(b, b.getI64Type(), bytes, index(b, 0)); }

Value StringTable::at(LocBuilder &b, Value place) const {
  Value start;
  if (TypedAttr only = splatOf(places))
    start = arith::ConstantOp::create(b, only);
  else
    start = tensor::ExtractOp::create(b, places, arith::IndexCastOp::create(b, b.getIndexType(), place).getResult());
  return add(b, base(b), start);
}

Value StringTable::all(LocBuilder &b, ArrayRef<int64_t> shape) const {
  if (tensorType(places).getNumElements() == 0)
    return splat(b, tensorType(shape, b.getI64Type()), b.getI64IntegerAttr(0));
  Value starts = reshape(b, places, shape);
  return pointwise(b, starts, tensorType(starts), [&](LocBuilder &b, ValueRange s) { return add(b, base(b), s[0]); });
}

//===----------------------------------------------------------------------===//
// Places of strings among constant ones
//===----------------------------------------------------------------------===//

/// `string_hash` of compiler/strings.
static uint64_t hashOf(StringRef text, uint64_t seed) {
  uint64_t hash = seed;
  for (char c : text)
    hash = (hash ^ uint8_t(c)) * 1099511628211u;
  hash = (hash ^ (hash >> 32)) * uint64_t(-7046029254386353131);
  return hash ^ (hash >> 32);
}

namespace {
/// A table without collisions (compress, hash and displace: Belazzougui, Botelho and Dietzfelbinger, 2009): a bucket's displacement sends its keys to slots of their own.
struct PerfectHash {
  int64_t seed = 0;
  std::vector<int32_t> displacements; ///< of each bucket; their number is a power of two
  std::vector<int32_t> slots;         ///< the key's place, or -1; their number is a power of two

  static uint64_t slotOf(uint64_t hash, uint64_t displacement) { return (hash >> 20) + displacement * ((hash >> 40) | 1); }

  bool build(ArrayRef<std::string> keys, ArrayRef<int32_t> places, uint64_t withSeed) {
    seed = int64_t(withSeed);
    displacements.assign(llvm::PowerOf2Ceil(std::max<size_t>(keys.size() / 2, 2)), 0);
    slots.assign(llvm::PowerOf2Ceil(std::max<size_t>(keys.size() * 2, 4)), -1);
    std::vector<std::vector<std::pair<uint64_t, int32_t>>> buckets(displacements.size());
    for (auto [key, place] : llvm::zip(keys, places)) {
      uint64_t hash = hashOf(key, withSeed);
      buckets[hash & (buckets.size() - 1)].push_back({hash, place});
    }
    std::vector<unsigned> order;
    for (unsigned i = 0; i < buckets.size(); ++i)
      order.push_back(i);
    llvm::stable_sort(order, [&](unsigned a, unsigned c) { return buckets[a].size() > buckets[c].size(); });
    for (unsigned number : order)
      if (!place(buckets[number], displacements[number]))
        return false;
    return true;
  }

private:
  bool place(ArrayRef<std::pair<uint64_t, int32_t>> bucket, int32_t &displacement) {
    constexpr int32_t kMostTries = 4096;
    uint64_t mask = slots.size() - 1;
    for (displacement = 0; displacement < kMostTries; ++displacement) {
      size_t done = 0;
      for (; done < bucket.size(); ++done) {
        int32_t &slot = slots[slotOf(bucket[done].first, displacement) & mask];
        if (slot != -1)
          break;
        slot = bucket[done].second;
      }
      if (done == bucket.size())
        return true;
      while (done--)
        slots[slotOf(bucket[done].first, displacement) & mask] = -1;
    }
    return false;
  }
};
} // namespace

Value lower::findStrings(LocBuilder &b, Value x, ArrayRef<std::string> keys) {
  llvm::StringMap<int32_t> last;
  for (auto [i, key] : llvm::enumerate(keys))
    last[key] = int32_t(i);
  std::vector<std::string> different;
  std::vector<int32_t> places;
  for (auto [i, key] : llvm::enumerate(keys))
    if (last[key] == int32_t(i)) {
      different.push_back(key);
      places.push_back(int32_t(i));
    }
  PerfectHash hash;
  bool found = false;
  for (uint64_t seed = 1; seed <= 16 && !found; ++seed)
    found = hash.build(different, places, seed * uint64_t(-7046029254386353131));
  if (!found)
    return {};
  StringTable texts(b, keys);
  Type i64 = b.getI64Type();
  Value displacements = int32Table(b, hash.displacements);
  Value slots = int32Table(b, hash.slots);
  // A table of one number is no memory.
  auto element = [&](LocBuilder &b, Value from, Value place) -> Value {
    if (TypedAttr only = splatOf(from))
      return arith::ExtSIOp::create(b, i64, arith::ConstantOp::create(b, only));
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), place);
    return arith::ExtSIOp::create(b, i64, tensor::ExtractOp::create(b, from, at).getResult());
  };
  return pointwise(b, x, tensorType(shapeOf(x), i64), [&](LocBuilder &b, ValueRange s) -> Value {
    auto number = [&](int64_t value) { return scalarInt(b, i64, value); };
    Value code = stringCall(b, "string_hash", {s[0], number(hash.seed)}, i64);
    Value bucket = arith::AndIOp::create(b, code, number(int64_t(hash.displacements.size()) - 1));
    Value displacement = element(b, displacements, bucket);
    Value step = arith::OrIOp::create(b, arith::ShRUIOp::create(b, code, number(40)), number(1));
    Value slot = add(b, arith::ShRUIOp::create(b, code, number(20)), mul(b, displacement, step));
    Value place = element(b, slots, arith::AndIOp::create(b, slot, number(int64_t(hash.slots.size()) - 1)));
    Value same = stringCall(b, "string_equal", {s[0], texts.at(b, maximum(b, place, number(0)))}, b.getI1Type());
    return arith::SelectOp::create(b, same, place, number(-1));
  });
}

std::optional<std::vector<std::string>> lower::stringValues(Attribute elements) {
  auto dense = dyn_cast_or_null<DenseStringElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  std::vector<std::string> strings;
  for (StringRef text : dense.getValues<StringRef>())
    strings.push_back(text.str());
  return strings;
}
