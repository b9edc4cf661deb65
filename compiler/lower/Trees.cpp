//===- Trees.cpp - TreeEnsemble-5, TreeEnsembleRegressor, -Classifier -----===//
//
// All trees are one table of nodes. A walk goes down one level at a time for all rows and trees, with leaves that lead to themselves, so that
// every walk has the same number of steps; then the leaves' weights are added up for each target.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Scores.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <map>
#include <set>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// Levels that one kernel descends; deeper trees take a loop of them.
static constexpr int64_t kLevels = 8;

namespace {
enum Mode { LEQ, LT, GTE, GT, EQ, NEQ, MEMBER, LEAF };

struct TreeNode {
  Mode mode = LEAF;
  int64_t feature = 0;
  double value = 0;
  /// Numbers of nodes.
  int64_t whenTrue = 0, whenFalse = 0;
  bool missingIsTrue = false;
  /// Of a leaf: its number among the leaves.
  int64_t leaf = -1;
};

/// One target's weight in a leaf.
struct Weight {
  int64_t leaf, target;
  double value;
};

struct Forest {
  std::vector<TreeNode> nodes;
  std::vector<int64_t> roots;
  std::vector<Weight> weights;
  int64_t leaves = 0, targets = 0, depth = 0;
};
} // namespace

static LogicalResult malformed(Node &node) {
  return node.fail("the attributes describe no forest; correct the model");
}

/// Finds the depth; false where nodes are reached twice, or a number is none.
static bool measure(Forest &forest) {
  std::vector<bool> seen(forest.nodes.size(), false);
  int64_t count = forest.nodes.size();
  for (int64_t root : forest.roots) {
    std::vector<std::pair<int64_t, int64_t>> open{{root, 0}};
    while (!open.empty()) {
      auto [at, depth] = open.back();
      open.pop_back();
      if (at < 0 || at >= count || seen[at])
        return false;
      seen[at] = true;
      forest.depth = std::max(forest.depth, depth);
      const TreeNode &node = forest.nodes[at];
      if (node.mode == LEAF)
        continue;
      open.push_back({node.whenTrue, depth + 1});
      open.push_back({node.whenFalse, depth + 1});
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Numbers of the attribute, or of the tensor in the attribute `name`_as_tensor.
static std::vector<double> numbers(Node &node, StringRef name) {
  if (auto elements = node.op->getAttrOfType<ElementsAttr>((name + "_as_tensor").str()))
    return floatValues(elements, false).value_or(std::vector<double>());
  auto list = node.attrFloats(name).value_or(std::vector<float>());
  return {list.begin(), list.end()};
}

/// TreeEnsembleRegressor and TreeEnsembleClassifier, version 3; `kind` is "target" or "class".
static LogicalResult readOldForest(Node &node, StringRef kind, Forest &forest) {
  auto ints = [&](const Twine &name) {
    return node.attrInts(name.str()).value_or(std::vector<int64_t>());
  };
  auto trees = ints("nodes_treeids"), ids = ints("nodes_nodeids"), features = ints("nodes_featureids"),
       whenTrue = ints("nodes_truenodeids"), whenFalse = ints("nodes_falsenodeids"),
       missing = ints("nodes_missing_value_tracks_true");
  auto modes = node.attrStrings("nodes_modes").value_or(std::vector<std::string>());
  std::vector<double> values = numbers(node, "nodes_values");
  size_t count = trees.size();
  if (count == 0 || ids.size() != count || features.size() != count || whenTrue.size() != count ||
      whenFalse.size() != count || modes.size() != count || values.size() != count ||
      (!missing.empty() && missing.size() != count))
    return malformed(node);
  std::map<std::pair<int64_t, int64_t>, int64_t> places;
  for (size_t i = 0; i < count; ++i)
    if (!places.try_emplace({trees[i], ids[i]}, i).second)
      return malformed(node);
  auto place = [&](int64_t tree, int64_t id) {
    auto found = places.find({tree, id});
    return found == places.end() ? -1 : found->second;
  };
  std::set<int64_t> inner;
  for (size_t i = 0; i < count; ++i) {
    TreeNode tree;
    tree.mode = llvm::StringSwitch<Mode>(modes[i])
                    .Case("BRANCH_LEQ", LEQ)
                    .Case("BRANCH_LT", LT)
                    .Case("BRANCH_GTE", GTE)
                    .Case("BRANCH_GT", GT)
                    .Case("BRANCH_EQ", EQ)
                    .Case("BRANCH_NEQ", NEQ)
                    .Default(LEAF);
    if (tree.mode == LEAF) {
      if (modes[i] != "LEAF")
        return malformed(node);
      tree.leaf = forest.leaves++;
    } else {
      tree.feature = features[i];
      tree.value = values[i];
      tree.whenTrue = place(trees[i], whenTrue[i]);
      tree.whenFalse = place(trees[i], whenFalse[i]);
      tree.missingIsTrue = !missing.empty() && missing[i];
      inner.insert(tree.whenTrue);
      inner.insert(tree.whenFalse);
    }
    forest.nodes.push_back(tree);
  }
  for (size_t i = 0; i < count; ++i)
    if (!inner.count(i))
      forest.roots.push_back(i);
  auto weightTrees = ints(kind + "_treeids"), weightNodes = ints(kind + "_nodeids"), targets = ints(kind + "_ids");
  std::vector<double> weights = numbers(node, (kind + "_weights").str());
  if (weightNodes.size() != weightTrees.size() || targets.size() != weightTrees.size() ||
      weights.size() != weightTrees.size())
    return malformed(node);
  for (size_t i = 0; i < weights.size(); ++i) {
    int64_t at = place(weightTrees[i], weightNodes[i]);
    // Weights of branches are never reached.
    if (at >= 0 && forest.nodes[at].mode == LEAF)
      forest.weights.push_back({forest.nodes[at].leaf, targets[i], weights[i]});
  }
  return success();
}

/// TreeEnsemble-5. A node that tests for members becomes a chain of nodes that each test for one.
static LogicalResult readForest(Node &node, Forest &forest) {
  auto ints = [&](StringRef name) {
    return node.attrInts(name).value_or(std::vector<int64_t>());
  };
  auto values = [&](StringRef name) -> std::vector<double> {
    auto elements = node.op->getAttrOfType<ElementsAttr>(name);
    return elements ? floatValues(elements, name == "nodes_modes").value_or(std::vector<double>())
                    : std::vector<double>();
  };
  auto features = ints("nodes_featureids"), whenTrue = ints("nodes_truenodeids"),
       whenFalse = ints("nodes_falsenodeids"), trueLeaf = ints("nodes_trueleafs"),
       falseLeaf = ints("nodes_falseleafs"), missing = ints("nodes_missing_value_tracks_true"),
       targets = ints("leaf_targetids"), roots = ints("tree_roots");
  auto modes = values("nodes_modes"), splits = values("nodes_splits"), weights = values("leaf_weights"),
       members = values("membership_values");
  int64_t count = features.size(), leaves = weights.size();
  auto same = [&](size_t size) { return int64_t(size) == count; };
  if (!same(whenTrue.size()) || !same(whenFalse.size()) || !same(trueLeaf.size()) || !same(falseLeaf.size()) ||
      !same(modes.size()) || !same(splits.size()) || (!missing.empty() && !same(missing.size())) ||
      int64_t(targets.size()) != leaves || leaves == 0)
    return malformed(node);
  // A leaf may be reached from several places; each gets one of its own.
  auto leaf = [&](int64_t i) -> int64_t {
    if (i < 0 || i >= leaves)
      return -1;
    TreeNode made;
    made.leaf = forest.leaves++;
    forest.weights.push_back({made.leaf, targets[i], weights[i]});
    forest.nodes.push_back(made);
    return int64_t(forest.nodes.size()) - 1;
  };
  forest.nodes.resize(count);
  size_t member = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!(modes[i] >= LEQ && modes[i] <= MEMBER))
      return malformed(node);
    TreeNode tree;
    tree.mode = Mode(int(modes[i]));
    tree.feature = features[i];
    tree.value = splits[i];
    tree.missingIsTrue = !missing.empty() && missing[i];
    tree.whenTrue = trueLeaf[i] ? leaf(whenTrue[i]) : whenTrue[i];
    tree.whenFalse = falseLeaf[i] ? leaf(whenFalse[i]) : whenFalse[i];
    if (tree.mode != MEMBER) {
      forest.nodes[i] = tree;
      continue;
    }
    std::vector<double> set;
    while (member < members.size() && !std::isnan(members[member]))
      set.push_back(members[member++]);
    if (member++ >= members.size())
      return malformed(node);
    if (set.empty())
      return node.fail("a set of no members is not supported");
    // All members lead to the same place, which must then be a leaf of its own for each but the first.
    tree.mode = EQ;
    int64_t at = i, no = tree.whenFalse;
    for (size_t k = 0; k < set.size(); ++k) {
      TreeNode one = tree;
      one.value = set[k];
      bool last = k + 1 == set.size();
      if (k > 0 && !trueLeaf[i])
        return node.fail("a set of several members that leads to a branch is not supported");
      if (k > 0)
        one.whenTrue = leaf(whenTrue[i]);
      one.whenFalse = last ? no : int64_t(forest.nodes.size());
      if (!last)
        forest.nodes.emplace_back();
      forest.nodes[at] = one;
      at = one.whenFalse;
    }
  }
  for (int64_t root : roots) {
    bool single = root >= 0 && root < count && trueLeaf[root] && falseLeaf[root] && whenTrue[root] == whenFalse[root];
    forest.roots.push_back(single ? forest.nodes[root].whenTrue : root);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {
class Walker {
public:
  Walker(Node &node, Forest &forest, Value x)
      : node(node), forest(forest), b(node.b), x(x), element(elementOf(x)) {}

  LogicalResult check() {
    Extent features = shapeOf(x)[1];
    if (forest.roots.empty() || forest.targets < 1 || forest.targets > kMostWeights / std::max<int64_t>(forest.leaves, 1))
      return node.fail("there are no trees or targets, or too many; correct the model");
    for (const TreeNode &tree : forest.nodes)
      if (tree.mode != LEAF && (tree.feature < 0 || !node.isAtMost(tree.feature + 1, features)))
        return node.fail("a branch looks at feature " + Twine(tree.feature) + ", which the input has not; correct "
                         "the model");
    for (const Weight &weight : forest.weights)
      if (weight.target < 0 || weight.target >= forest.targets)
        return malformed(node);
    return measure(forest) ? success() : malformed(node);
  }

  /// The leaf of each row and tree, (rows, trees).
  Value leaves() {
    std::vector<int64_t> feature, yes, no, kind, leaf;
    std::vector<double> value;
    for (auto [i, tree] : llvm::enumerate(forest.nodes)) {
      bool isLeaf = tree.mode == LEAF;
      feature.push_back(tree.feature);
      value.push_back(tree.value);
      yes.push_back(isLeaf ? i : tree.whenTrue);
      no.push_back(isLeaf ? i : tree.whenFalse);
      // The mode, and whether NaN is a yes.
      kind.push_back(int64_t(isLeaf ? LEQ : tree.mode) + 8 * tree.missingIsTrue);
      leaf.push_back(std::max<int64_t>(tree.leaf, 0));
      if (!isLeaf) {
        modes.insert(tree.mode);
        missing |= tree.missingIsTrue;
      }
    }
    features = indexTable(b, feature);
    whenTrue = indexTable(b, yes);
    whenFalse = indexTable(b, no);
    kinds = indexTable(b, kind);
    values = constantTensor(b, int64_t(value.size()), element, value);
    int64_t trees = forest.roots.size();
    RankedTensorType type = tensorType({shapeOf(x)[0], trees}, b.getI64Type());
    Value at = mapped(b, indexTable(b, forest.roots), AffineMap::get(2, 0, b.getAffineDimExpr(1)), type,
                      [](LocBuilder &, ValueRange s) { return s[0]; });
    int64_t whole = forest.depth / kLevels;
    if (whole > 2) {
      auto loop = scf::ForOp::create(b, index(b, 0), index(b, whole), index(b, 1), ValueRange(at),
                                     [&](OpBuilder &inner, Location, Value, ValueRange carried) {
                                       OpBuilder::InsertionGuard guard(b);
                                       b.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
                                       scf::YieldOp::create(b, ValueRange(descend(carried[0], kLevels)));
                                     });
      at = loop.getResult(0);
    } else {
      for (int64_t i = 0; i < whole; ++i)
        at = descend(at, kLevels);
    }
    at = descend(at, forest.depth - whole * kLevels);
    return lookUp(b, at, indexTable(b, leaf));
  }

  /// For each row and target, the weights of the leaves put together; a target that has none stays at 0.
  Value aggregate(Value leaves, StringRef how) {
    bool least = how == "MIN", most = how == "MAX";
    TypedAttr neutral = least  ? highestAttr(element, false)
                        : most ? lowestAttr(element, false)
                               : numberAttr(element, 0);
    double none = least ? INFINITY : most ? -INFINITY : 0;
    std::vector<double> table(forest.leaves * forest.targets, none);
    for (const Weight &weight : forest.weights) {
      double &place = table[weight.leaf * forest.targets + weight.target];
      place = least ? std::min(place, weight.value) : most ? std::max(place, weight.value) : place + weight.value;
    }
    Value weights = constantTensor(b, {forest.leaves, forest.targets}, element, table);
    int64_t trees = forest.roots.size();
    MLIRContext *context = b.getContext();
    AffineExpr r = b.getAffineDimExpr(0), t = b.getAffineDimExpr(1), k = b.getAffineDimExpr(2);
    AffineMap maps[] = {AffineMap::get(3, 0, {r, k}, context), AffineMap::get(3, 0, {r, t}, context)};
    IteratorType kinds[] = {IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
    RankedTensorType type = tensorType({shapeOf(x)[0], forest.targets}, element);
    Value result = reduction(b, leaves, maps, kinds, type, neutral, [&](LocBuilder &b, ValueRange s) -> Value {
      Value leaf = arith::IndexCastOp::create(b, b.getIndexType(), s[0]);
      Value weight = tensor::ExtractOp::create(b, weights, ValueRange{leaf, linalg::IndexOp::create(b, 1)});
      return least ? minimum(b, s[1], weight) : most ? maximum(b, s[1], weight) : add(b, s[1], weight);
    });
    if (how != "AVERAGE" && !least && !most)
      return result;
    return pointwise(b, result, type, [&](LocBuilder &b, ValueRange s) -> Value {
      if (how == "AVERAGE")
        return div(b, s[0], scalar(b, element, double(trees)));
      Value empty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], arith::ConstantOp::create(b, neutral));
      return arith::SelectOp::create(b, empty, scalar(b, element, 0), s[0]);
    });
  }

private:
  Value descend(Value at, int64_t levels) {
    if (levels == 0)
      return at;
    return pointwise(b, at, tensorType(at), [&](LocBuilder &b, ValueRange s) {
      Value place = s[0], row = linalg::IndexOp::create(b, 0);
      for (int64_t i = 0; i < levels; ++i)
        place = step(b, place, row);
      return place;
    });
  }

  Value step(LocBuilder &b, Value place, Value row) {
    Type indexType = b.getIndexType();
    Value at = arith::IndexCastOp::create(b, indexType, place);
    auto read = [&](Value table) -> Value { return tensor::ExtractOp::create(b, table, at); };
    Value feature = arith::IndexCastOp::create(b, indexType, read(features));
    Value number = tensor::ExtractOp::create(b, x, ValueRange{row, feature});
    Value split = read(values), answer, kind;
    if (modes.size() > 1 || missing)
      kind = read(kinds);
    for (Mode mode : modes) {
      using P = arith::CmpFPredicate;
      P predicate = mode == LEQ   ? P::OLE
                    : mode == LT  ? P::OLT
                    : mode == GTE ? P::OGE
                    : mode == GT  ? P::OGT
                    : mode == EQ  ? P::OEQ
                                  : P::UNE;
      Value holds = arith::CmpFOp::create(b, predicate, number, split);
      if (!answer) {
        answer = holds;
        continue;
      }
      Value own = arith::AndIOp::create(b, kind, scalarInt(b, kind.getType(), 7));
      Value isMode = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, own, scalarInt(b, kind.getType(), mode));
      answer = arith::SelectOp::create(b, isMode, holds, answer);
    }
    if (!answer) // trees of one leaf
      return place;
    if (missing) {
      Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, number, number);
      Value tracks = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, kind, scalarInt(b, kind.getType(), 8));
      answer = arith::OrIOp::create(b, answer, arith::AndIOp::create(b, isNan, tracks));
    }
    return arith::SelectOp::create(b, answer, read(whenTrue), read(whenFalse));
  }

  Node &node;
  Forest &forest;
  LocBuilder &b;
  Value x;
  Type element;
  Value features, whenTrue, whenFalse, kinds, values;
  std::set<Mode> modes;
  bool missing = false;
};
} // namespace

/// One number a target, added to all rows; `values` may be empty.
static Value addBase(LocBuilder &b, Value scores, ArrayRef<double> values) {
  if (values.empty())
    return scores;
  Type element = elementOf(scores);
  Value base = constantTensor(b, int64_t(values.size()), element, values);
  return pointwise(b, {scores, base}, tensorType(scores),
                   [](LocBuilder &b, ValueRange s) { return add(b, s[0], s[1]); });
}

static LogicalResult lowerForest(Node &node) {
  LocBuilder &b = node.b;
  if (node.rank(0) != 2 || node.sizes(0).count() == 0 || !isFloat(node.element(0)) ||
      node.element(0).getIntOrFloatBitWidth() < 32)
    return node.fail("the input must be (rows, features) in float32 or float64; cast it in the model");
  Forest forest;
  forest.targets = node.attrInt("n_targets", 1);
  if (failed(readForest(node, forest)))
    return failure();
  Walker walker(node, forest, node.operand(0));
  if (failed(walker.check()))
    return failure();
  static const char *const hows[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  static const char *const transforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  int64_t how = node.attrInt("aggregate_function", 1), transform = node.attrInt("post_transform", 0);
  if (how < 0 || how > 3 || transform < 0 || transform > 4)
    return malformed(node);
  Value result = walker.aggregate(walker.leaves(), hows[how]);
  result = transformScores(b, result, transforms[transform]);
  if (!fits(node, result))
    return node.fail("n_targets does not fit the result; correct the model");
  return node.done(result);
}

static LogicalResult lowerOldRegressor(Node &node) {
  Value x = featureRows(node);
  if (!x)
    return node.fail("the input must be (rows, features); correct the model");
  Forest forest;
  forest.targets = node.attrInt("n_targets", 1);
  std::vector<double> base = numbers(node, "base_values");
  if (failed(readOldForest(node, "target", forest)))
    return failure();
  if (!base.empty() && base.size() != 1 && int64_t(base.size()) != forest.targets)
    return malformed(node);
  Walker walker(node, forest, x);
  if (failed(walker.check()))
    return failure();
  Value result = walker.aggregate(walker.leaves(), node.attrString("aggregate_function", "SUM"));
  result = addBase(node.b, result, base);
  result = transformScores(node.b, result, node.attrString("post_transform", "NONE"));
  if (!fits(node, result))
    return node.fail("n_targets does not fit the result; correct the model");
  return node.done(result);
}

/// Two classes with weights of one alone have one score s: a probability where no weight is negative, so that the classes' are 1 - s and s, or else a margin.
static LogicalResult lowerOldClassifier(Node &node) {
  LocBuilder &b = node.b;
  Value x = featureRows(node);
  ClassLabels labels(node, "classlabels_int64s");
  if (labels.size() == 0)
    return node.fail("there must be a label for each class; correct the model");
  if (!x)
    return node.fail("the input must be (rows, features); correct the model");
  Forest forest;
  std::vector<double> base = numbers(node, "base_values");
  if (failed(readOldForest(node, "class", forest)))
    return failure();
  int64_t classes = labels.size();
  std::set<int64_t> used;
  bool positive = true;
  for (const Weight &weight : forest.weights) {
    used.insert(weight.target);
    positive &= weight.value >= 0;
  }
  std::string transform = node.attrString("post_transform", "NONE");
  bool single = classes == 2 && used.size() == 1;
  if (single)
    for (Weight &weight : forest.weights)
      weight.target = 0;
  forest.targets = single ? 1 : classes;
  if (base.size() > 1 && int64_t(base.size()) != classes)
    return malformed(node);
  if (single && base.size() == 2)
    base = {base[1]};
  if (!single && base.size() == 1 && classes == 2)
    base = {base[0], 0};
  if (!base.empty() && base.size() != 1 && int64_t(base.size()) != forest.targets)
    return malformed(node);
  Walker walker(node, forest, x);
  if (failed(walker.check()))
    return failure();
  Value scores = addBase(b, walker.aggregate(walker.leaves(), "SUM"), base);
  Value best;
  if (single) {
    Extent rows = shapeOf(x)[0];
    double threshold = positive ? 0.5 : 0;
    best = pointwise(b, reshape(b, scores, {rows}), tensorType({rows}, b.getI64Type()),
                     [&](LocBuilder &b, ValueRange s) -> Value {
                       Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, s[0],
                                                           scalar(b, s[0].getType(), threshold));
                       return castScalar(b, above, b.getI64Type(), true, false);
                     });
    if (positive) {
      Value rest = pointwise(b, scores, tensorType(scores), [](LocBuilder &b, ValueRange s) {
        return sub(b, scalar(b, s[0].getType(), 1), s[0]);
      });
      scores = concat(b, {rest, scores}, 1);
      transform = "NONE";
    } else {
      scores = bothSigns(b, scores);
    }
  } else {
    best = bestColumn(b, scores);
  }
  scores = transformScores(b, scores, transform);
  Value names = labels.at(b, best);
  if (!fits(node, names, 0) || !fits(node, scores, 1))
    return node.fail("the results' shapes do not fit the number of classes; correct the model");
  node.set(0, names);
  node.set(1, scores);
  return success();
}

void lower::addTrees(Registry &r) {
  r["onnx.ai_onnx_ml_TreeEnsemble"] = lowerForest;
  r["onnx.ai_onnx_ml_TreeEnsembleRegressor"] = lowerOldRegressor;
  r["onnx.ai_onnx_ml_TreeEnsembleClassifier"] = lowerOldClassifier;
}
