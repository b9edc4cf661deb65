//===- Text.cpp - operators of ai.onnx on strings -------------------------===//
//
// TfIdfVectorizer-9 works on numbers of words: strings become their places among the words of the pool.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Formats.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"
#include "compiler/lower/Regex.h"
#include "compiler/lower/Strings.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

#include "compiler/lower/CaseTable.inc"

/// The most comparisons of a word with a word of the pool: seconds of work.
static constexpr int64_t kMostComparisons = int64_t(1) << 32;

/// Places for n-grams, used or not, in all layers.
static constexpr int64_t kMostGrams = int64_t(1) << 25;

namespace {
/// The n-grams of one length, at most one for each output.
struct Layer {
  int64_t length;
  /// (outputs, length); what stands for none is never counted.
  std::vector<int64_t> words;
  std::vector<double> counts;
};

class Vectorizer {
public:
  explicit Vectorizer(Node &node) : node(node), b(node.b) {}

  LogicalResult run() {
    if (failed(readPool()))
      return failure();
    Value x = node.operand(0);
    int64_t rank = node.rank(0);
    rows = rank == 2 ? node.sizes(0)[0] : Extent(1);
    columns = rank == 0 ? Extent(1) : node.sizes(0).back();
    if (rank > 2 || !node.agree(node.resultSizes().count(), rows * outputs) || !isa<IntegerType>(node.element(0)) ||
        isString(node.onnxElement(0)) == words.empty())
      return node.fail("the input must be (words) or (rows, words), of the pool's type; correct the model");
    if (rows.isNumber() && columns.isNumber() && rows.value() > kMostComparisons / std::max<int64_t>(columns.value(), 1) / outputs)
      return node.fail("the pool is too large for the input; it is not supported");
    x = words.empty() ? castTo(b, x, b.getI64Type(), node.isUnsigned(0)) : findStrings(b, x, words);
    if (!x)
      return node.fail("the words of the pool cannot be told apart; correct the model");
    x = reshape(b, x, {rows, columns});
    Type f32 = b.getF32Type();
    Value sum;
    for (const Layer &layer : layers) {
      // A word alone has nothing to skip.
      int64_t skips = layer.length == 1 ? 1 : mostSkips + 1;
      for (int64_t step = 1; step <= skips; ++step) {
        Extent starts = columns - (layer.length - 1) * step;
        if (starts.isNumber() && starts.value() < 1)
          break;
        // Of open sizes there may be none.
        starts = node.greater(starts, 0);
        Value found = countMatches(x, layer, step, starts);
        if (sum)
          found = pointwise(b, {sum, found}, tensorType(found), [](LocBuilder &b, ValueRange s) {
            return add(b, s[0], s[1]);
          });
        sum = found;
      }
    }
    if (!sum)
      sum = splat(b, tensorType({rows, outputs}, f32), b.getF32FloatAttr(0));
    return node.done(reshape(b, weighted(sum), node.resultSizes()));
  }

private:
  LogicalResult readPool() {
    auto pool = node.attrInts("pool_int64s"), starts = node.attrInts("ngram_counts"),
         indexes = node.attrInts("ngram_indexes");
    auto bad = [&] {
      return node.fail("pool_int64s, ngram_counts and ngram_indexes do not fit together; "
                       "correct the model");
    };
    if (auto strings = node.attrStrings("pool_strings"); strings && !strings->empty())
      pool = numberWords(*strings);
    if (!pool || !starts || !indexes || indexes->empty())
      return bad();
    int64_t shortest = node.attrInt("min_gram_length", 1), longest = node.attrInt("max_gram_length", 1);
    mostSkips = node.attrInt("max_skip_count", 0);
    if (shortest < 1 || longest < shortest || longest > 64 || mostSkips < 0 || mostSkips > 64)
      return node.fail("the lengths or skips of n-grams are out of range; correct the model");
    constexpr int64_t limit = int64_t(1) << 24;
    for (int64_t index : *indexes) {
      if (index < 0 || index > limit)
        return bad();
      outputs = std::max(outputs, index + 1);
    }
    weights.assign(outputs, 1);
    auto given = node.attrFloats("weights");
    size_t gram = 0;
    for (size_t i = 0; i < starts->size(); ++i) {
      int64_t length = i + 1, from = (*starts)[i];
      int64_t to = i + 1 < starts->size() ? (*starts)[i + 1] : int64_t(pool->size());
      if (from < 0 || to < from || to > int64_t(pool->size()) || (to - from) % length != 0)
        return bad();
      for (int64_t at = from; at < to; at += length, ++gram) {
        if (gram >= indexes->size())
          return bad();
        int64_t output = (*indexes)[gram];
        if (given && gram < given->size())
          weights[output] = (*given)[gram];
        if (length < shortest || length > longest)
          continue;
        if (!addGram(length, output, ArrayRef(*pool).slice(at, length)))
          return node.fail("too many n-grams count for one output; it is not supported");
      }
    }
    return success();
  }

  /// The number of each word of the pool, in the order in which they first come.
  std::vector<int64_t> numberWords(ArrayRef<std::string> pool) {
    llvm::StringMap<int64_t> numbers;
    std::vector<int64_t> result;
    for (const std::string &word : pool) {
      auto [known, isNew] = numbers.try_emplace(word, int64_t(words.size()));
      if (isNew)
        words.push_back(word);
      result.push_back(known->second);
    }
    return result;
  }

  bool addGram(int64_t length, int64_t output, ArrayRef<int64_t> words) {
    Layer *layer = nullptr;
    for (Layer &known : layers)
      if (known.length == length && known.counts[output] == 0)
        layer = &known;
    if (!layer && int64_t(layers.size() + 1) * outputs > kMostGrams)
      return false;
    if (!layer) {
      layers.push_back({length, std::vector<int64_t>(outputs * length, 0), std::vector<double>(outputs, 0)});
      layer = &layers.back();
    }
    llvm::copy(words, layer->words.begin() + output * length);
    layer->counts[output] = 1;
    return true;
  }

  /// (rows, outputs): how often each n-gram is in a row, its words `step` apart.
  Value countMatches(Value x, const Layer &layer, int64_t step, const Extent &starts) {
    Type f32 = b.getF32Type();
    AffineExpr r = b.getAffineDimExpr(0), o = b.getAffineDimExpr(1), i = b.getAffineDimExpr(2);
    MLIRContext *context = b.getContext();
    SmallVector<Value> operands;
    SmallVector<AffineMap> maps;
    for (int64_t k = 0; k < layer.length; ++k) {
      operands.push_back(sliceAxis(b, x, 1, k * step, starts));
      maps.push_back(AffineMap::get(3, 0, {r, i}, context));
    }
    for (int64_t k = 0; k < layer.length; ++k) {
      std::vector<int64_t> word;
      for (int64_t output = 0; output < outputs; ++output)
        word.push_back(layer.words[output * layer.length + k]);
      operands.push_back(indexTable(b, word));
      maps.push_back(AffineMap::get(3, 0, o));
    }
    operands.push_back(constantTensor(b, {outputs}, f32, layer.counts));
    maps.push_back(AffineMap::get(3, 0, o));
    maps.push_back(AffineMap::get(3, 0, {r, o}, context));
    IteratorType kinds[] = {IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
    return reduction(b, operands, maps, kinds, tensorType({rows, outputs}, f32), b.getF32FloatAttr(0),
                     [&](LocBuilder &b, ValueRange s) -> Value {
                       Value same;
                       for (int64_t k = 0; k < layer.length; ++k) {
                         Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[k],
                                                             s[layer.length + k]);
                         same = same ? Value(arith::AndIOp::create(b, same, equal)) : equal;
                       }
                       Value one = arith::SelectOp::create(b, same, s[2 * layer.length], scalar(b, f32, 0));
                       return add(b, s.back(), one);
                     });
  }

  Value weighted(Value counts) {
    std::string mode = node.attrString("mode", "TF");
    if (mode == "TF")
      return counts;
    Type f32 = b.getF32Type();
    Value factors = constantTensor(b, {outputs}, f32, weights);
    return pointwise(b, {counts, factors}, tensorType(counts), [&](LocBuilder &b, ValueRange s) -> Value {
      if (mode == "TFIDF")
        return mul(b, s[0], s[1]);
      Value zero = scalar(b, f32, 0);
      Value some = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0], zero);
      return arith::SelectOp::create(b, some, s[1], zero);
    });
  }

  Node &node;
  LocBuilder &b;
  int64_t outputs = 0, mostSkips = 0;
  Extent rows, columns;
  std::vector<Layer> layers;
  std::vector<double> weights;
  std::vector<std::string> words; ///< of a pool of strings
};
} // namespace

static LogicalResult lowerTfIdf(Node &node) { return Vectorizer(node).run(); }

static LogicalResult lowerStringConcat(Node &node) {
  return node.done(pointwise(node.b, {node.operand(0), node.operand(1)}, node.resultType(),
                             [](LocBuilder &b, ValueRange s) { return makeString(b, "string_concat", s); }));
}

/// StringNormalizer-10: words that are no stop words, in the case that is asked for. Every letter changes by itself, whatever the locale.
static LogicalResult lowerNormalizer(Node &node) {
  LocBuilder &b = node.b;
  std::string action = node.attrString("case_change_action", "NONE");
  auto stops = node.attrStrings("stopwords").value_or(std::vector<std::string>());
  bool sensitive = node.attrInt("is_case_sensitive", 0);
  int64_t rank = node.rank(0);
  Extent size = node.sizes(0).count();
  RankedTensorType type = node.resultType();
  if ((action != "NONE" && action != "LOWER" && action != "UPPER") || rank < 1 || rank > 2 || (rank == 2 && !node.agree(node.sizes(0)[0], 1)) ||
      type.getRank() != rank || size == 0)
    return node.fail("its input is (words) or (1, words), and case_change_action NONE, LOWER or UPPER; correct the model");
  auto inCase = [&](Value x, bool upper) {
    ArrayRef<int32_t> rows = upper ? ArrayRef(kUpper) : ArrayRef(kLower);
    Value changes = int32Table(b, rows);
    return pointwise(b, x, tensorType(x), [&](LocBuilder &b, ValueRange s) {
      Type i64 = b.getI64Type();
      return makeString(b, "string_case", {s[0], AddressOp::create(b, i64, changes, index(b, 0)), scalarInt(b, i64, int64_t(rows.size() / 4))});
    });
  };
  Value x = reshape(b, node.operand(0), {size});
  Value changed = action == "NONE" ? x : inCase(x, action == "UPPER");
  if (stops.empty()) {
    Value result = reshape(b, changed, node.sizes(0));
    for (auto [size, wanted] : llvm::zip(node.sizes(0), node.resultSizes()))
      if (wanted.in(b.getContext()) && !node.agree(size, wanted))
        return node.fail("the result has another shape than the input; correct the model");
    return node.done(result);
  }
  // Without regard to case, words are compared as they come out, or else in lower case; so are stop words.
  Value compared = sensitive ? x : action == "NONE" ? inCase(x, false) : changed;
  Value words = StringTable(b, stops).all(b, int64_t(stops.size()));
  if (!sensitive)
    words = inCase(words, action == "UPPER");
  Type i64 = b.getI64Type();
  AffineExpr word = b.getAffineDimExpr(0), stop = b.getAffineDimExpr(1);
  AffineMap maps[] = {AffineMap::get(2, 0, word), AffineMap::get(2, 0, stop), AffineMap::get(2, 0, word)};
  IteratorType kinds[] = {IteratorType::parallel, IteratorType::reduction};
  Value marks = reduction(b, {compared, words}, maps, kinds, tensorType({size}, i64), b.getI64IntegerAttr(1), [&](LocBuilder &b, ValueRange s) {
    Value same = stringCall(b, "string_equal", {s[0], s[1]}, b.getI1Type());
    Value kept = arith::SelectOp::create(b, same, scalarInt(b, i64, 0), scalarInt(b, i64, 1));
    return minimum(b, s[2], kept);
  });
  // Where the model declares none, data give the size.
  Extent count = node.resultSizes().back();
  bool isDeclared = bool(count.in(b.getContext()));
  if ((rank == 2 && type.getDimSize(0) != 1) || (isDeclared && (!node.isAtMost(count, size) || !node.isAtMost(1, count))))
    return node.fail("the result does not fit the input; correct the model");
  // Where nothing is left, one empty string is.
  Value total = reduceAxes(b, marks, 0, b.getI64IntegerAttr(0), [](LocBuilder &b, ValueRange s) { return add(b, s[1], s[0]); });
  Value onlyOne = pointwise(b, {marks, total}, tensorType({size}, i64),
                            [&](LocBuilder &b, ValueRange s) -> Value {
                              Value none = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[1], scalarInt(b, i64, 0));
                              Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, linalg::IndexOp::create(b, 0), index(b, 0));
                              Value alone = arith::AndIOp::create(b, none, here);
                              return arith::SelectOp::create(b, alone, scalarInt(b, i64, 1), s[0]);
                            });
  Value left = pointwise(b, {changed, total}, tensorType({size}, i64), [&](LocBuilder &b, ValueRange s) -> Value {
    Value none = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[1], scalarInt(b, i64, 0));
    return arith::SelectOp::create(b, none, scalarInt(b, i64, 0), s[0]);
  });
  Value places = markedPlaces(node, onlyOne, count);
  Shape found = shapeOf(places);
  Value result = pointwise(b, places, tensorType(found, i64), [&](LocBuilder &b, ValueRange s) -> Value {
    return tensor::ExtractOp::create(b, left, arith::IndexCastOp::create(b, b.getIndexType(), s[0]).getResult());
  });
  if (rank == 2)
    found.insert(found.begin(), Extent(1));
  return node.done(reshape(b, result, found));
}

/// Most pieces of a string where neither the model declares nor `maxsplit` says how many there may be. More fail the check.
static constexpr int64_t kMostPieces = 256;

/// StringSplit-20: pieces are views of their strings. As many as the greatest number of them have places: the model declares it, which is checked, or data give it.
static LogicalResult lowerStringSplit(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  std::string delimiter = node.attrString("delimiter", "");
  int64_t most = node.attrInt("maxsplit", INT64_MAX);
  int64_t rank = node.rank(0);
  Shape shape = node.resultSizes(), leading = node.sizes(0);
  bool fits = int64_t(shape.size()) == rank + 1;
  for (int64_t i = 0; fits && i < rank; ++i)
    fits = node.agree(shape[i], leading[i]);
  Extent pieces = fits ? shape.back() : Extent(0);
  bool isDeclared = bool(pieces.in(b.getContext()));
  if (!fits || (isDeclared && !node.isAtMost(0, pieces)) || (node.hasAttr("maxsplit") && most < 0))
    return node.fail("the result does not fit the input, or maxsplit is negative; correct the model");
  Type i64 = b.getI64Type();
  StringTable text(b, ArrayRef(delimiter));
  auto edge = [&](LocBuilder &b, Value string, Value number) {
    if (delimiter.empty())
      return stringCall(b, "string_word_edge", {string, scalarInt(b, i64, most), number}, i64);
    return stringCall(b, "string_edge", {string, text.at(b, scalarInt(b, i64, 0)), scalarInt(b, i64, most), number}, i64);
  };
  Value x = node.operand(0);
  Value counts = pointwise(b, x, tensorType(leading, i64), [&](LocBuilder &b, ValueRange s) -> Value {
    return arith::ShRUIOp::create(b, edge(b, s[0], scalarInt(b, i64, -1)), scalarInt(b, i64, 1));
  });
  Extent size = leading.count();
  if (node.hasResult(1))
    node.set(1, counts);
  // Of no strings the greatest number of pieces is none.
  if (size == 0 && !isDeclared)
    return node.done(emptyOf(node, type));
  if (size != 0) {
    Value greatest = reduceAxes(b, reshape(b, counts, {size}), 0, b.getI64IntegerAttr(0),
                                [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); });
    int64_t bound = std::min(most, kMostPieces - 1) + 1;
    check(node, greatest, [&](LocBuilder &b) -> Value {
      Value found = tensor::ExtractOp::create(b, greatest, ValueRange());
      return isDeclared ? isNumber(b, found, pieces) : isWithin(b, found, 0, bound + 1);
    });
    if (!isDeclared)
      shape.back() = dataSize(node, greatest, 0, bound);
  }
  SmallVector<Value> sizes;
  for (const Extent &size : shape)
    if (!size.isNumber())
      sizes.push_back(index(b, size));
  Value out = tensor::EmptyOp::create(b, tensorType(shape, type.getElementType()), sizes);
  Value parts = mappedInto(b, out, x, dropAxes(b.getContext(), rank + 1, rank), [&](LocBuilder &b, ValueRange s) {
    Value piece = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, rank));
    Value begin = mul(b, piece, scalarInt(b, i64, 2)), end = add(b, begin, scalarInt(b, i64, 1));
    return makeString(b, "string_part", {s[0], edge(b, s[0], begin), edge(b, s[0], end)});
  });
  return node.done(parts);
}

/// RegexFullMatch-20: the pattern is an automaton in read-only data.
static LogicalResult lowerRegexFullMatch(Node &node) {
  LocBuilder &b = node.b;
  Regex regex;
  if (std::string error = regex.compile(node.attrString("pattern", "")); !error.empty())
    return node.fail("its pattern " + error);
  ArrayRef<char> classes(reinterpret_cast<const char *>(regex.classes.data()), regex.classes.size());
  Value classTable = arith::ConstantOp::create(b, makeElements(tensorType({int64_t(classes.size())}, b.getI8Type()), classes, "classes"));
  Value stateTable = int32Table(b, regex.states);
  return node.done(pointwise(b, node.operand(0), node.resultType(), [&](LocBuilder &b, ValueRange s) {
    Value zero = index(b, 0);
    Type i64 = b.getI64Type();
    Value operands[] = {s[0], AddressOp::create(b, i64, classTable, zero), AddressOp::create(b, i64, stateTable, zero),
                        scalarInt(b, i64, regex.width)};
    return stringCall(b, "string_matches", operands, b.getI1Type());
  }));
}

LogicalResult lower::castStrings(Node &node) {
  LocBuilder &b = node.b;
  Type from = node.onnxElement(0), to = node.onnxResultElement(0);
  Type i64 = b.getI64Type(), f64 = b.getF64Type();
  if (isString(from)) {
    bool wide = isa<IntegerType>(to) && to.getIntOrFloatBitWidth() >= 8;
    if (!wide && !isFloat(to))
      return node.fail("strings become integers of 8 to 64 bits and floats alone; cast to one of these");
    Value numbers = pointwise(b, node.operand(0), tensorType(node.shape(0), wide ? i64 : f64), [&](LocBuilder &b, ValueRange s) {
      return wide ? stringCall(b, "string_to_integer", s, i64) : stringCall(b, "string_to_float", s, f64);
    });
    Rounding rounding = Rounding::of(node);
    return node.done(pointwise(b, numbers, node.resultType(), [&](LocBuilder &b, ValueRange s) {
      return wide ? castScalar(b, s[0], node.resultType().getElementType(), false, false) : convertScalar(b, s[0], f64, to, rounding);
    }));
  }
  if (!isa<IntegerType>(from) || from.isInteger(1))
    return node.fail("only integers become strings; cast other numbers to integers before");
  bool isUnsigned = node.isUnsigned(0);
  return node.done(pointwise(b, node.operand(0), node.resultType(), [&](LocBuilder &b, ValueRange s) {
    return makeString(b, isUnsigned ? "string_of_unsigned" : "string_of_integer",
                      castScalar(b, s[0], i64, isUnsigned, isUnsigned));
  }));
}

void lower::addText(Registry &r) {
  r["onnx.TfIdfVectorizer"] = lowerTfIdf;
  r["onnx.StringConcat"] = lowerStringConcat;
  r["onnx.StringNormalizer"] = checked(lowerNormalizer);
  r["onnx.StringSplit"] = checked(lowerStringSplit);
  r["onnx.RegexFullMatch"] = lowerRegexFullMatch;
}
