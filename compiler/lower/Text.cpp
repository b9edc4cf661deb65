//===- Text.cpp - TfIdfVectorizer-9 ---------------------------------------===//
//
// Strings have no place in the tensor IR; what is left of text are numbers of words.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

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
    rows = rank == 2 ? node.shape(0)[0] : 1;
    columns = rank == 0 ? 1 : node.shape(0).back();
    RankedTensorType type = node.resultType();
    if (rank > 2 || type.getNumElements() != rows * outputs || !isa<IntegerType>(node.element(0)))
      return node.fail("the input must be numbers, (words) or (rows, words); correct the model");
    if (rows > kMostComparisons / std::max<int64_t>(columns, 1) / outputs)
      return node.fail("the pool is too large for the input; it is not supported");
    x = reshape(b, castTo(b, x, b.getI64Type(), node.isUnsigned(0)), {rows, columns});
    Type f32 = b.getF32Type();
    Value sum;
    for (const Layer &layer : layers) {
      // A word alone has nothing to skip.
      int64_t skips = layer.length == 1 ? 1 : mostSkips + 1;
      for (int64_t step = 1; step <= skips; ++step) {
        int64_t starts = columns - (layer.length - 1) * step;
        if (starts < 1)
          break;
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
    return node.done(reshape(b, weighted(sum), type.getShape()));
  }

private:
  LogicalResult readPool() {
    auto pool = node.attrInts("pool_int64s"), starts = node.attrInts("ngram_counts"),
         indexes = node.attrInts("ngram_indexes");
    auto bad = [&] {
      return node.fail("pool_int64s, ngram_counts and ngram_indexes do not fit together; "
                       "correct the model (pools of strings are not supported)");
    };
    if (!pool || !starts || !indexes || indexes->empty() || node.hasAttr("pool_strings"))
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
  Value countMatches(Value x, const Layer &layer, int64_t step, int64_t starts) {
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
  int64_t outputs = 0, rows = 0, columns = 0, mostSkips = 0;
  std::vector<Layer> layers;
  std::vector<double> weights;
};
} // namespace

static LogicalResult lowerTfIdf(Node &node) { return Vectorizer(node).run(); }

void lower::addText(Registry &r) { r["onnx.TfIdfVectorizer"] = lowerTfIdf; }
