//===- Schedule.cpp - the cost model --------------------------------------===//
#include "compiler/schedule/Schedule.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;

DictionaryAttr Schedule::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> fields;
  auto add = [&](StringRef name, Attribute value) {
    fields.push_back(b.getNamedAttr(name, value));
  };
  add("lane", b.getI64IntegerAttr(lane));
  add("width", b.getI64IntegerAttr(width));
  add("vectors", b.getI64IntegerAttr(vectors));
  add("tile", b.getI64IntegerAttr(tile));
  add("tile_size", b.getI64IntegerAttr(tileSize));
  if (rows != -1)
    add("rows", b.getI64IntegerAttr(rows));
  if (inOrder)
    add("in_order", b.getBoolAttr(true));
  add("unroll", b.getDenseI64ArrayAttr(unroll));
  add("step", b.getI64IntegerAttr(step));
  add("terms", b.getI64IntegerAttr(terms));
  add("split", b.getI64IntegerAttr(split));
  add("split_size", b.getI64IntegerAttr(splitSize));
  add("totals", b.getI64IntegerAttr(totals));
  if (shared != -1) {
    add("shared", b.getI64IntegerAttr(shared));
    add("grain", b.getI64IntegerAttr(grain));
  }
  add("packed", b.getDenseI64ArrayAttr(packed));
  return b.getDictionaryAttr(fields);
}

Schedule Schedule::fromAttr(DictionaryAttr attr) {
  Schedule schedule;
  auto number = [&](StringRef name, int64_t otherwise) {
    auto value = attr.getAs<IntegerAttr>(name);
    return value ? value.getInt() : otherwise;
  };
  auto list = [&](StringRef name) {
    auto value = attr.getAs<DenseI64ArrayAttr>(name);
    return value ? llvm::to_vector(value.asArrayRef()) : SmallVector<int64_t>();
  };
  schedule.lane = number("lane", -1);
  schedule.width = number("width", 1);
  schedule.vectors = number("vectors", 1);
  schedule.tile = number("tile", -1);
  schedule.tileSize = number("tile_size", 1);
  schedule.rows = number("rows", -1);
  auto order = attr.getAs<BoolAttr>("in_order");
  schedule.inOrder = order && order.getValue();
  schedule.unroll = list("unroll");
  schedule.step = number("step", 1);
  schedule.terms = number("terms", 1);
  schedule.split = number("split", -1);
  schedule.splitSize = number("split_size", 1);
  schedule.totals = number("totals", 0);
  schedule.shared = number("shared", -1);
  schedule.grain = number("grain", 1);
  schedule.packed = list("packed");
  return schedule;
}

bool ingot::isWithin(const Nest &nest, const Schedule &schedule) {
  auto isDim = [&](int64_t dim) { return dim >= -1 && dim < int64_t(nest.sizes.size()); };
  auto isSize = [](int64_t size) { return size >= 1 && size <= 64; };
  return isDim(schedule.lane) && isDim(schedule.tile) && isDim(schedule.rows) && isSize(schedule.width) && llvm::isPowerOf2_64(uint64_t(schedule.width)) &&
         isSize(schedule.vectors) && isSize(schedule.tileSize) && isSize(schedule.step);
}

int64_t ingot::countCoveringVectors(int64_t lanes, int64_t width) {
  int64_t count = lanes / width;
  lanes %= width;
  for (int64_t w = width / 2; w >= 4; w /= 2) {
    count += lanes / w;
    lanes %= w;
  }
  return count + lanes;
}

bool ingot::fillsLanes(const Nest &nest, const Schedule &schedule) {
  if (schedule.lane == -1 || nest.reduction[schedule.lane] || schedule.packed.empty())
    return false;
  for (auto [i, access] : llvm::enumerate(nest.root().inputs))
    if (access.kind == Access::Buffer && access.dependsOn(schedule.lane) && !llvm::is_contained(schedule.packed, int64_t(i)))
      return false;
  return true;
}

SmallVector<int64_t> ingot::coverLanes(int64_t lanes, int64_t width) {
  SmallVector<int64_t> widths;
  for (; lanes >= width; lanes -= width)
    widths.push_back(width);
  // Vectors below four lanes cost more than they save.
  for (int64_t w = width / 2; w >= 4; w /= 2)
    for (; lanes >= w; lanes -= w)
      widths.push_back(w);
  widths.append(lanes, 1);
  return widths;
}

bool ingot::isBatch(const Nest &nest, unsigned dim) {
  return llvm::all_of(nest.root().inputs, [&](const Access &access) { return access.kind != Access::Buffer || access.dependsOn(dim); });
}

bool ingot::skipsPadding(const Nest &nest, unsigned dim) {
  bool found = false;
  nest.forEachAccess([&](const Access &access) {
    for (const Bound &bound : access.bounds)
      found |= access.skippable && (*bound.linear)[dim] != 0;
  });
  return found;
}

std::pair<int64_t, int64_t> ingot::interior(const Nest &nest, int64_t dim) {
  int64_t begin = 0, end = nest.sizes[dim];
  nest.forEachAccess([&](const Access &access) {
    if (!access.skippable)
      return;
    for (const Bound &bound : access.bounds) {
      const Linear &linear = *bound.linear;
      int64_t own = linear[dim];
      if (own == 0)
        continue;
      int64_t most = linear.offset;
      bool others = ShapedType::isDynamic(bound.size);
      for (auto [d, coefficient] : llvm::enumerate(linear.coefficients)) {
        others |= coefficient != 0 && nest.isDynamic(d);
        if (nest.reduction[d])
          most += coefficient * (nest.sizes[d] - 1);
        else
          others |= int64_t(d) != dim && coefficient != 0 && nest.sizes[d] != 1;
      }
      if (others) {
        end = 0;
        continue;
      }
      // 0 <= own * x + offset, own * x + most < size
      begin = std::max(begin, llvm::divideCeilSigned(-linear.offset, own));
      end = std::min(end, llvm::divideFloorSigned(bound.size - 1 - most, own) + 1);
    }
  });
  end = std::max<int64_t>(end, 0);
  begin = std::min(begin, nest.sizes[dim]);
  return begin < end ? std::make_pair(begin, end)
                     : std::make_pair(nest.sizes[dim], nest.sizes[dim]);
}

bool ingot::canWalkAsOne(const Nest &nest, int64_t lane, int64_t rows, int64_t tile) {
  auto isWhole = [&](int64_t dim) {
    return dim >= int64_t(nest.outer) && dim != lane && !nest.reduction[dim] && !nest.isDynamic(dim) && nest.sizes[dim] > 1 && !skipsPadding(nest, dim);
  };
  if (rows == tile || !isWhole(rows) || !isWhole(tile))
    return false;
  return llvm::all_of(nest.root().inputs, [&](const Access &access) {
    bool moves = access.dependsOn(rows) || access.dependsOn(tile);
    return access.kind != Access::Buffer || !moves || (access.linear && access.bounds.empty() && !access.dependsOn(lane));
  });
}

namespace {
/// A factor of a product: an argument of the body, widened to int32 or float32 from `bits`.
struct NarrowFactor {
  BlockArgument argument;
  unsigned bits = 0;
  bool isUnsigned = false;
};
} // namespace

static std::optional<NarrowFactor> narrowFactor(Value factor) {
  Operation *widened = factor.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp, arith::ExtFOp>(widened) || !factor.hasOneUse())
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(widened->getOperand(0));
  NarrowFactor narrow{argument, 0, isa<arith::ExtUIOp>(widened)};
  if (!argument || !(argument.getType().isInteger(8) || (argument.getType().isInteger(16) && !narrow.isUnsigned) || argument.getType().isBF16()))
    return std::nullopt;
  narrow.bits = argument.getType().getIntOrFloatBitWidth();
  return narrow;
}

/// The factors of a sum of products of small integers or of bfloat16, by operand.
static std::optional<std::array<NarrowFactor, 2>> smallFactors(const Nest &nest) {
  linalg::GenericOp op = nest.root().op;
  if (!op || !isContraction(op) || op.getNumDpsInputs() != 2 || nest.root().inputs.size() != 2)
    return std::nullopt;
  for (const Access &access : nest.root().inputs)
    if (access.kind != Access::Buffer || !access.linear || (!access.bounds.empty() && !access.skippable))
      return std::nullopt;
  Operation *sum = combinerOf(op, 0);
  Block &body = op.getRegion().front();
  Type type = sum->getResult(0).getType();
  if (!(type.isInteger(32) || type.isF32()) || body.getOperations().size() != 5)
    return std::nullopt;
  Value acc = body.getArgument(2);
  Operation *product = sum->getOperand(sum->getOperand(0) == acc ? 1 : 0).getDefiningOp();
  if (!product->hasOneUse())
    return std::nullopt;
  auto a = narrowFactor(product->getOperand(0)), c = narrowFactor(product->getOperand(1));
  if (!a || !c || a->argument == c->argument)
    return std::nullopt;
  std::array<NarrowFactor, 2> factors;
  factors[a->argument.getArgNumber()] = *a;
  factors[c->argument.getArgNumber()] = *c;
  return factors;
}

static bool isOfFloats(const std::array<NarrowFactor, 2> &factors) { return isa<FloatType>(factors[0].argument.getType()); }

bool ingot::canSumTerms(const Nest &nest, const Schedule &schedule, int64_t terms, const Target &target) {
  if (schedule.lane == -1 || nest.reduction[schedule.lane] || schedule.packed.size() != 1 || !nest.hasReduction())
    return false;
  auto factors = smallFactors(nest);
  if (!factors || (terms != 2 && terms != 4))
    return false;
  const NarrowFactor &second = (*factors)[schedule.packed[0]];
  // What sums of floats are rounded to is the instruction's own.
  if (isOfFloats(*factors) && (terms != 2 || schedule.width < 4 || !target.dotOf(/*floats=*/true)))
    return false;
  if (terms == 4 && (second.bits != 8 || second.isUnsigned))
    return false;
  unsigned innermost = reductionOrder(nest).back();
  bool bounded = nest.isDynamic(innermost);
  for (const Access &access : nest.root().inputs)
    for (const Bound &bound : access.bounds)
      bounded |= bound.index.isFunctionOfDim(innermost);
  const Access &packed = nest.root().inputs[schedule.packed[0]], &other = nest.root().inputs[1 - schedule.packed[0]];
  return !bounded && packed.dependsOn(schedule.lane) && packed.dependsOn(innermost) && other.dependsOn(innermost) &&
         !other.dependsOn(schedule.lane);
}

bool ingot::isInterleaved(const Nest &nest, const Schedule &schedule) {
  if (schedule.terms != 4)
    return false;
  auto factors = smallFactors(nest);
  return factors && (*factors)[1 - schedule.packed[0]].bits == 16;
}

bool ingot::isUnsignedFactor(const Nest &nest, unsigned input) {
  auto factors = smallFactors(nest);
  return factors && (*factors)[input].isUnsigned;
}

namespace {
/// Cost of a full load of a vector, in cycles at two loads a cycle; everything else is relative to it.
constexpr double kLoad = 0.5;
constexpr double kMultiplyAdd = 0.5;
constexpr double kShuffle = 0.5;
/// A lane's element of a vector whose elements do not lie side by side.
constexpr double kGather = 1.25 * kLoad;
constexpr double kDivision = 5; ///< or a function
/// What a value that has no register costs in each step: it is stored and loaded again.
constexpr double kSpill = 1 + kLoad;
/// What the innermost reduction loop costs before its first step and after its last one.
constexpr double kShortLoop = 2;
/// Of what follows a tile's steps the share that does not hide behind those of the next tile.
constexpr double kEndOfTile = 0.5;
/// What a line of the cache costs that a step touches, in cycles: some of them come from a farther cache.
constexpr double kNewLine = 0.75;
/// The same of an operand that the second level cache does not hold until the next block of lanes walks it again.
constexpr double kFarLine = 3;
/// A larger tile must be so much better than a smaller one.
constexpr double kLeastGain = 0.99;
constexpr double kLeastGainOfWindow = 0.999;
/// Independent accumulators that hide the latency of a multiply-add.
constexpr double kLatency = 4;
/// Register tiles larger than this make functions that nobody wants to read.
constexpr int64_t kMostPoints = 28;
/// Of a window that is written out: its steps, and the multiply-adds of all of them; more makes functions that nobody wants to read, too.
constexpr int64_t kLongestWindow = 7;
constexpr int64_t kMostWrittenOut = 72;
/// Bytes of a line of the cache.
constexpr int64_t kLine = 64;
/// A load that takes a part of a line, relative to one that takes all of it.
constexpr double kPartOfLine = 1.5;
/// Cycles to begin a tile and to end it.
constexpr double kTile = 12;
/// What it costs a tile that its points are in other rows, as a factor.
constexpr double kFar = 1.02;
/// Tiles over the end of a row need an address for each of their points; registers for these are few.
constexpr int64_t kMostAddresses = 8;
/// What their computation costs a tile, as a share of it.
constexpr double kAddresses = 0.03;
/// Sums of more terms than this are made of partial sums of at least kLeastPart terms.
constexpr int64_t kLongestSum = 384;
constexpr int64_t kLeastPart = 48;
/// The same where a tile has one row: it leaves registers over and waits for memory, so that shorter sums cost nothing.
constexpr int64_t kLongestSumOfRow = 96;
constexpr int64_t kLeastPartOfRow = 32;

/// What a size that only the call knows is taken for when costs are compared, unless it is a multiple of more.
constexpr int64_t kNominalSize = 64;
constexpr int64_t kMostNominal = int64_t(1) << 20;

/// A division or a function of floats.
bool isSlow(Operation &op) { return isa<arith::DivFOp>(op) || isa<math::MathDialect>(op.getDialect()); }

class CostModel {
public:
  CostModel(Nest given, ArrayRef<bool> isConstant, const Target &target)
      : nest(std::move(given)), isConstant(isConstant), target(target) {
    for (unsigned dim = 0; dim < nest.sizes.size(); ++dim) {
      dynamic.push_back(nest.isDynamic(dim));
      skips.push_back(skipsPadding(nest, dim));
    }
    for (auto [size, extent] : llvm::zip(nest.sizes, nest.extents)) {
      bool isOpen = ShapedType::isDynamic(size);
      int64_t least = isOpen ? extent.getLargestKnownDivisor() : size;
      mayBeSingle.push_back(isOpen && least == 1);
      if (isOpen)
        size = std::clamp(least, kNominalSize, kMostNominal);
    }
  }

  Schedule run() {
    Schedule schedule;
    chooseLane(schedule);
    return withLane(schedule);
  }

  std::vector<Schedule> alternatives() {
    // Choosing splits dimensions.
    const Nest whole = nest;
    const SmallVector<bool> wholeDynamic = dynamic;
    auto restore = [&] {
      nest = whole;
      dynamic = wholeDynamic;
    };
    std::vector<Schedule> found = {run()};
    restore();
    for (auto [dim, lanes] : possibleLanes()) {
      Schedule start;
      start.lane = dim;
      start.width = lanes;
      if (nest.reduction[dim] || !nest.hasReduction()) {
        for (int64_t vectors : {1, 2, 4, 8})
          if (vectors * lanes <= nest.sizes[dim]) {
            found.push_back(start);
            found.back().vectors = vectors;
          }
        continue;
      }
      choosePacking(start);
      chooseDot(start);
      forEachTile(start, [&](int64_t rows, int64_t tile, int64_t points, int64_t vectors) {
        Schedule schedule = start;
        schedule.rows = rows;
        schedule.tile = points == 1 ? -1 : tile;
        schedule.tileSize = points;
        schedule.vectors = vectors;
        found.push_back(withTile(schedule));
        restore();
      });
    }
    return found;
  }

private:
  Schedule withLane(Schedule schedule) {
    if (schedule.lane == -1) {
      choosePartialSums(schedule);
      return schedule;
    }
    if (nest.reduction[schedule.lane]) {
      schedule.vectors = vectorsOfRow(schedule);
      return schedule;
    }
    if (!nest.hasReduction()) {
      // A test for padding is cheaper the more it decides on.
      auto copied = copiedRange(nest, schedule.lane);
      if (!nest.root().inputs.empty() && !nest.root().inputs.front().bounds.empty())
        while (schedule.vectors < 4 && (copied ? copied->second - copied->first >= 8 * schedule.block() : nest.sizes[schedule.lane] % (2 * schedule.block()) == 0))
          schedule.vectors *= 2;
      chooseLines(schedule);
      // A loop of few cheap steps is written out.
      if (schedule.tile == -1 && schedule.vectors == 1 && nest.sizes[schedule.lane] < 8 * schedule.width && readsRows(schedule.lane) && isCheap())
        schedule.vectors = vectorsOfRow(schedule);
      return schedule;
    }
    choosePacking(schedule);
    chooseDot(schedule);
    chooseTile(schedule);
    return withTile(schedule);
  }

  Schedule withTile(Schedule schedule) {
    chooseOrder(schedule);
    choosePartialSums(schedule);
    chooseUnrolling(schedule);
    return schedule;
  }

  /// As many as are worth having side by side where nothing is common to them.
  int64_t vectorsOfRow(const Schedule &schedule) { return std::clamp<int64_t>(nest.sizes[schedule.lane] / schedule.width, 1, 4); }

  /// Each operand is read and each result stored in the order of the lanes, or is the same for all of them.
  bool readsRows(int64_t lane) {
    bool found = true;
    nest.forEachAccess([&](const Access &access) { found &= access.kind != Access::Buffer || !access.dependsOn(lane) || access.stride(lane) == 1; });
    return found;
  }

  /// No point takes a division or a function.
  bool isCheap() {
    return llvm::all_of(nest.statements, [](const Statement &statement) {
      return !statement.op || llvm::none_of(statement.op.getRegion().front(), [](Operation &op) { return isSlow(op); });
    });
  }

  /// A transpose reads each lane from another line of the cache: the neighbours in these lines come next.
  void chooseLines(Schedule &schedule) {
    if (nest.sizes[schedule.lane] <= schedule.block())
      return;
    for (unsigned dim = nest.outer; dim < nest.sizes.size(); ++dim) {
      if (int64_t(dim) == schedule.lane || dynamic[dim] || nest.sizes[dim] == 1 || inBounds(dim))
        continue;
      for (const Access &access : nest.root().inputs) {
        if (access.kind != Access::Buffer || !access.linear || !access.bounds.empty() || (*access.linear)[dim] != 1)
          continue;
        int64_t bytes = llvm::divideCeil(access.element.getIntOrFloatBitWidth(), 8);
        if ((*access.linear)[schedule.lane] < kLine / bytes || nest.sizes[dim] <= kLine / bytes)
          continue;
        schedule.tile = dim;
        schedule.tileSize = kLine / bytes;
        return;
      }
    }
  }

  /// Bytes of the widest element that varies along the dimension, or none where it can't lie across lanes: bodies that read by computed indices stay scalar, and so do
  /// those that ask for the number of a point in this dimension, and elements wider than 32 bits. What is the same for all lanes may be of any type.
  std::optional<int64_t> widestAlong(unsigned dim) {
    int64_t widest = 1;
    bool can = true, asks = false;
    auto fit = [&](Type type) {
      can &= type.isF32() || type.isF16() || type.isBF16() || type.isInteger(8) || type.isInteger(16) || type.isInteger(32);
      if (can)
        widest = std::max<int64_t>(widest, type.getIntOrFloatBitWidth() / 8);
    };
    for (const Statement &statement : nest.statements) {
      for (const Access &access : statement.stores)
        if (access.kind == Access::Buffer)
          fit(access.element);
      llvm::SmallDenseSet<Value> varying;
      for (auto [i, access] : llvm::enumerate(statement.inputs)) {
        if (access.kind == Access::Unused || (access.kind == Access::Buffer && !access.dependsOn(dim)))
          continue;
        fit(access.element);
        if (statement.op)
          varying.insert(statement.op.getRegion().front().getArgument(i));
      }
      if (!statement.op)
        continue;
      can &= !hasDataDependentAccess(statement.op) && statement.results.size() == 1;
      Block &body = statement.op.getRegion().front();
      for (BlockArgument argument : body.getArguments().drop_front(statement.inputs.size()))
        varying.insert(argument);
      for (Operation &op : body.without_terminator()) {
        if (auto index = dyn_cast<linalg::IndexOp>(op)) {
          asks = true;
          can &= !statement.dims[index.getDim()].isFunctionOfDim(dim);
          continue;
        }
        can &= op.getNumRegions() == 0;
        if (llvm::none_of(op.getOperands(), [&](Value operand) { return varying.contains(operand); }))
          continue;
        for (Value result : op.getResults()) {
          varying.insert(result);
          if (!result.getType().isInteger(1))
            fit(result.getType());
        }
      }
      for (Value result : body.getTerminator()->getOperands())
        fit(result.getType());
      // Numbers of points are few of what a body does: not worth lanes that lie apart.
      for (const Access &access : statement.stores)
        can &= !asks || access.kind != Access::Buffer || access.stride(dim) == 1;
    }
    return can ? std::make_optional(widest) : std::nullopt;
  }

  bool inBounds(unsigned dim) {
    bool found = false;
    nest.forEachAccess([&](const Access &access) {
      for (const Bound &bound : access.bounds)
        found |= bound.index.isFunctionOfDim(dim);
    });
    return found;
  }

  bool packable(const Access &access) {
    return access.kind == Access::Buffer && access.linear &&
           isConstant[access.buffer] && access.bounds.empty() &&
           llvm::all_of(access.linear->symbols, [](int64_t s) { return s == 0; });
  }

  /// Cycles for a vector of the operand, or for the one element that all lanes have in common.
  double loadCost(const Access &access, int64_t lane, int64_t width, bool isPacked) {
    return isPacked || !access.dependsOn(lane) || access.stride(lane) == 1 ? kLoad : kGather * double(width);
  }

  /// Cycles for each point and step of its reduction, were `dim` the lane: of tiles, where these are what the lane makes.
  double laneCost(int64_t dim, int64_t width) {
    double vectors = double(countCoveringVectors(nest.sizes[dim], width)) / double(nest.sizes[dim]);
    double steps = 1;
    for (auto [size, reduction] : llvm::zip(nest.sizes, nest.reduction))
      if (reduction)
        steps *= double(size);
    double ends = endCost(dim, width);
    if (nest.hasReduction() && !nest.reduction[dim]) {
      Schedule schedule;
      schedule.lane = dim;
      schedule.width = width;
      choosePacking(schedule);
      chooseDot(schedule);
      return chooseTile(schedule) / double(nest.sizes[dim] * schedule.terms) + kEndOfTile * ends / steps * vectors;
    }
    double cost = kMultiplyAdd;
    for (const Access &access : nest.root().inputs)
      if (access.kind == Access::Buffer && access.dependsOn(dim))
        cost += loadCost(access, dim, width, /*isPacked=*/false);
    if (nest.reduction[dim]) // one result is left of all lanes
      return cost * vectors + (ends + std::log2(double(width)) * (kShuffle + kMultiplyAdd)) / steps;
    return (cost + ends / steps) * vectors;
  }

  /// Cycles for all that follows a reduction, for a vector of points: stores, what else is loaded, and what is computed.
  double endCost(int64_t dim, int64_t width) {
    double cost = 0;
    for (auto [i, statement] : llvm::enumerate(nest.statements)) {
      for (const Access &access : statement.stores)
        if (access.kind == Access::Buffer)
          cost += !access.dependsOn(dim) || access.stride(dim) == 1 ? 1 : 2 * double(width);
      if (i == 0)
        continue;
      for (const Access &access : statement.inputs)
        if (access.kind == Access::Buffer && access.dependsOn(dim))
          cost += loadCost(access, dim, width, /*isPacked=*/false);
      if (statement.op)
        for (Operation &op : statement.op.getRegion().front().without_terminator())
          cost += isSlow(op) ? kDivision : kMultiplyAdd;
    }
    return cost;
  }

  /// Dimensions that can lie across lanes, and how many lanes they fill.
  SmallVector<std::pair<int64_t, int64_t>> possibleLanes() {
    SmallVector<std::pair<int64_t, int64_t>> found;
    for (unsigned dim = nest.outer; dim < nest.sizes.size(); ++dim) {
      int64_t size = nest.sizes[dim];
      std::optional<int64_t> widest = widestAlong(dim);
      if (!widest)
        continue;
      if (size == 1 || (inBounds(dim) && !copiedRange(nest, dim)))
        continue;
      if (nest.reduction[dim] && (!combinesLanes() || !isLastReduction(dim)))
        continue;
      int64_t lanes = std::min<int64_t>(target.lanes(*widest), llvm::bit_floor(uint64_t(size)));
      if (lanes < 4)
        lanes = 1;
      if (lanes > 1 || !nest.reduction[dim])
        found.push_back({dim, lanes});
    }
    return found;
  }

  void chooseLane(Schedule &schedule) {
    double best = 0;
    for (auto [dim, lanes] : possibleLanes()) {
      double cost = laneCost(dim, lanes);
      if (schedule.lane == -1 || cost < best) {
        best = cost;
        schedule.lane = dim;
        schedule.width = lanes;
      }
    }
  }

  bool combinesLanes() {
    return nest.root().op && combinerOf(nest.root().op, 0) &&
           initialValue(nest.root().op, 0) &&
           mayRepeat(combinerOf(nest.root().op, 0),
                     initialValue(nest.root().op, 0));
  }

  /// The start value can be combined in as often as there are lanes.
  static bool mayRepeat(Operation *combiner, TypedAttr start) {
    if (combiner->hasTrait<OpTrait::IsIdempotent>() || isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(combiner))
      return true;
    std::optional<TypedAttr> neutral = arith::getNeutralElement(combiner);
    return neutral && (*neutral == start ||
                       (isa<FloatAttr>(start) && isa<FloatAttr>(*neutral) &&
                        cast<FloatAttr>(start).getValue().isZero() &&
                        cast<FloatAttr>(*neutral).getValue().isZero()));
  }

  bool isLastReduction(unsigned dim) { return reductionOrder(nest).back() == dim; }

  void choosePacking(Schedule &schedule) {
    if (!isContraction(nest.root().op))
      return;
    for (auto [i, access] : llvm::enumerate(nest.root().inputs))
      if (packable(access) && access.dependsOn(schedule.lane))
        schedule.packed.push_back(i);
  }

  /// Products of integers or of bfloat16 go several at once, where one factor lies packed and the other is the same for all lanes.
  void chooseDot(Schedule &schedule) {
    if (dynamic[reductionOrder(nest).back()])
      return;
    auto factors = smallFactors(nest);
    for (const DotInstruction &dot : target.dots) {
      if (!canSumTerms(nest, schedule, dot.terms, target) || isOfFloats(*factors) != dot.isFloat)
        continue;
      const NarrowFactor &first = (*factors)[1 - schedule.packed[0]];
      // Of pairs both factors are widened, of four none.
      if (dot.terms == 2 || (first.bits == dot.bits[0] && first.isUnsigned == dot.isFirstUnsigned)) {
        schedule.terms = dot.terms;
        return;
      }
    }
  }

  /// What a tile reads of an operand in the steps of a window that are written out.
  struct Window {
    int64_t elements = 0; ///< that differ: each is loaded once
    int64_t held = 0;     ///< of these, those that stay in registers from one step to the next, at the most
  };
  Window windowOf(const Access &access, int64_t dim, int64_t points, int64_t steps) {
    std::optional<int64_t> along = access.stride(dim), within = access.stride(reductionOrder(nest).back());
    if (!along || !within || *within == 0)
      return {points * steps, 0};
    // First and last step that reads an element.
    llvm::SmallDenseMap<int64_t, std::pair<int64_t, int64_t>> uses;
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t point = 0; point < points; ++point)
        uses.try_emplace(*along * point + *within * step, step, step).first->second.second = step;
    Window window{int64_t(uses.size()), 0};
    for (int64_t step = 0; step + 1 < steps; ++step)
      window.held = std::max<int64_t>(window.held, llvm::count_if(uses, [&](auto &use) { return use.second.first <= step && step < use.second.second; }));
    return window;
  }

  /// Steps of the innermost reduction that a tile writes out: neighbouring points read neighbouring elements (a window), of which each is then loaded once. Not
  /// where registers do not hold what later steps read again.
  int64_t stepsWrittenOut(const Schedule &schedule, int64_t rows, int64_t dim, int64_t points, int64_t vectors) {
    int64_t innermost = reductionOrder(nest).back();
    int64_t steps = nest.sizes[innermost];
    if (dim == -1 || schedule.terms != 1 || dynamic[innermost] || steps > kLongestWindow || points * vectors * steps > kMostWrittenOut)
      return 1;
    bool isWindow = false;
    int64_t held = 0;
    for (const Access &access : nest.root().inputs) {
      if (access.kind != Access::Buffer || !access.dependsOn(dim) || !access.dependsOn(innermost))
        continue;
      isWindow = true;
      // Points that are walked as one have addresses of their own.
      if (rows == -1)
        held += windowOf(access, dim, points, steps).held * (access.dependsOn(schedule.lane) ? vectors : 1);
    }
    // One of those that are loaded for a single point is among them.
    int64_t needed = registersFor(schedule, dim, points, vectors) + std::max<int64_t>(held - (spareRegisters() - 1), 0);
    return isWindow && needed <= registersOf(schedule) ? steps : 1;
  }

  /// Lines of the cache that a step of the innermost reduction touches at so many points of a dimension (-1: none) in an operand that all lanes have in common: those of
  /// the whole loop, shared out.
  double linesOf(const Access &access, int64_t dim, int64_t points) {
    int64_t innermost = reductionOrder(nest).back();
    double bytes = double(access.element.getIntOrFloatBitWidth()) / 8, span = 0, apart = 1;
    auto along = [&](int64_t dim, int64_t size) {
      if (dim == -1 || !access.dependsOn(dim))
        return;
      double distance = bytes * double(std::abs(access.stride(dim).value_or(kLine)));
      if (distance < kLine)
        span += distance * double(size - 1);
      else
        apart *= double(size);
    };
    along(dim, points);
    along(innermost, nest.sizes[innermost]);
    return apart * (1 + span / kLine) / double(nest.sizes[innermost]);
  }

  /// Whether what the loops of a block of lanes walk of an operand is more than the second level cache keeps beside all else.
  bool isWalkedFromAfar(const Schedule &schedule, const Access &access) {
    auto isBatch = [&](int64_t dim) {
      return !nest.reduction[dim] && llvm::any_of(schedule.packed, [&](int64_t input) { return nest.root().inputs[input].dependsOn(dim); });
    };
    return span(access, [&](unsigned dim) { return int64_t(dim) != schedule.lane && !isBatch(dim); }) > double(target.l2Bytes) / 2;
  }

  /// Steps of the innermost reduction loop that are written out for a tile whose vectors have nothing in common: neighbouring points read neighbouring elements (a
  /// depthwise window), and each is loaded once where registers are left for those and for the weights. 1: none.
  int64_t sharedSteps(const Schedule &schedule, int64_t dim, int64_t points, int64_t vectors) {
    if (dim == -1 || points == 1 || schedule.terms != 1 || !isBatch(nest, schedule.lane))
      return 1;
    int64_t innermost = reductionOrder(nest).back(), steps = nest.sizes[innermost], held = 1;
    bool shares = false;
    for (const Access &access : nest.root().inputs)
      if (access.kind == Access::Buffer && access.dependsOn(innermost)) {
        shares |= access.dependsOn(dim);
        held += access.dependsOn(dim) ? 0 : steps;
      }
    bool fits = !dynamic[innermost] && steps <= 7 && points * vectors + held <= target.vectorRegisters;
    return shares && fits ? steps : 1;
  }

  /// Loads of an access for one step of the innermost reduction loop of a tile, of which `steps` are written out.
  double loadsOf(const Schedule &schedule, const Access &access, int64_t dim, double points, double vectors, int64_t steps) {
    double lanes = access.dependsOn(schedule.lane) ? vectors : 1;
    if (dim == -1 || !access.dependsOn(dim))
      return lanes;
    if (steps > 1) {
      int64_t own = access.stride(dim).value_or(0), step = access.stride(reductionOrder(nest).back()).value_or(0);
      if (step && own % step == 0 && own / step < steps)
        return lanes * ((points - 1) * double(own / step) + double(steps)) / double(steps);
    }
    return lanes * points;
  }

  int64_t countSteps() {
    int64_t steps = 1;
    for (unsigned dim : reductionOrder(nest))
      steps *= nest.sizes[dim];
    return steps;
  }

  /// Cycles of a step of the innermost reduction for a tile of m x v, of which so many steps are written out.
  double stepCost(const Schedule &schedule, int64_t rows, int64_t dim, int64_t m, int64_t v, int64_t steps) {
    const double entry = steps == 1 ? kShortLoop / double(nest.sizes[reductionOrder(nest).back()]) : 0;
    double loads = 0, lines = 0;
    for (auto [i, access] : llvm::enumerate(nest.root().inputs)) {
      if (access.kind != Access::Buffer)
        continue;
      bool isPacked = llvm::is_contained(schedule.packed, int64_t(i));
      double load = loadCost(access, schedule.lane, schedule.width, isPacked);
      double n = access.dependsOn(schedule.lane) ? v : 1;
      if (dim != -1 && access.dependsOn(dim))
        n *= steps == 1 || rows != -1 ? double(m) : double(windowOf(access, dim, m, steps).elements) / double(steps);
      loads += n * load;
      // Lanes that are gathered wait for their loads anyway.
      if (access.dependsOn(schedule.lane) && load == kLoad)
        lines += n * double(schedule.width * access.element.getIntOrFloatBitWidth()) / (8 * kLine);
      else if (load == kLoad)
        lines += linesOf(access, dim, m) * (isWalkedFromAfar(schedule, access) ? kFarLine / kNewLine : 1);
    }
    double arithmetic = std::max(double(m * v) * kMultiplyAdd, kLatency * kMultiplyAdd);
    // Loads and multiply-adds overlap, but not quite.
    double cost = std::max(arithmetic, loads) + 0.15 * loads + 0.4;
    cost += kNewLine * lines;
    // Tails of many narrow vectors may not fit the registers.
    cost += kSpill * double(std::max<int64_t>(registersFor(schedule, dim, m, v) - registersOf(schedule), 0));
    return cost + entry;
  }

  /// The same where the vectors of a tile have nothing in common (a depthwise window, a pool).
  double windowCost(const Schedule &schedule, int64_t dim, int64_t m, int64_t v, int64_t steps, int64_t block) {
    // What else lies in a line of the cache is read by another block of lanes, when it may be gone.
    bool partsOfLines = schedule.width > 1 && block * target.vectorBytes / schedule.width < kLine;
    double loads = 0;
    for (auto [i, access] : llvm::enumerate(nest.root().inputs))
      if (access.kind == Access::Buffer)
        loads += loadsOf(schedule, access, dim, double(m), double(v), steps) *
                 loadCost(access, schedule.lane, schedule.width, llvm::is_contained(schedule.packed, int64_t(i)));
    loads *= partsOfLines ? kPartOfLine : 1;
    double arithmetic = std::max(double(m * v) * kMultiplyAdd, kLatency * kMultiplyAdd);
    // Loads and multiply-adds overlap, but not quite.
    return std::max(arithmetic, loads) + 0.15 * loads + 0.4;
  }

  /// Cycles for all tiles of `points` x `vectors` along a dimension, within `rows` unless that is -1, for each of its points.
  double tileCost(const Schedule &schedule, int64_t rows, int64_t dim, int64_t points,
                  int64_t vectors) {
    int64_t block = schedule.width * vectors;
    bool isWindow = isBatch(nest, schedule.lane);
    int64_t steps = isWindow ? sharedSteps(schedule, dim, points, vectors) : stepsWrittenOut(schedule, rows, dim, points, vectors);
    auto one = [&](int64_t m, int64_t v) {
      return isWindow ? windowCost(schedule, dim, m, v, steps, block) : stepCost(schedule, rows, dim, m, v, steps);
    };
    int64_t lanes = nest.sizes[schedule.lane];
    int64_t size = dim == -1 ? 1 : nest.sizes[dim] * (rows == -1 ? 1 : nest.sizes[rows]);
    // Windows are short sums, so that the beginning and the end of a tile count.
    auto whole = [&](int64_t m, int64_t v) { return one(m, v) + (isWindow ? kTile / double(countSteps()) : 0); };
    auto along = [&](int64_t v) {
      if (dim == -1)
        return whole(1, v);
      if (rows != -1)
        return (1 + kAddresses) * (double(size / points) * one(points, v) + (size % points ? one(size % points, v) : 0));
      auto [begin, end] = interior(nest, dim);
      int64_t inner = end - begin;
      double cost = double(size - inner) * (one(1, v) + 1);
      cost += double(inner / points) * whole(points, v);
      return cost + (inner % points ? whole(inner % points, v) : 0);
    };
    double cost = double(lanes / block) * along(vectors);
    if (lanes % block)
      cost += along(fillsLanes(nest, schedule) ? llvm::divideCeil(lanes % block, schedule.width) : int64_t(coverLanes(lanes % block, schedule.width).size()));
    return cost / double(size);
  }

  /// Whether a tile along a static dimension would share as many loads: a size that only the call knows may be 1, as a batch is.
  bool hasStaticLike(const Schedule &schedule, unsigned open) {
    for (unsigned dim = nest.outer; dim < nest.sizes.size(); ++dim) {
      auto [begin, end] = interior(nest, dim);
      if (int64_t(dim) == schedule.lane || nest.reduction[dim] || dynamic[dim] || end - begin < 2)
        continue;
      if (llvm::all_of(nest.root().inputs, [&](const Access &access) {
            return access.kind != Access::Buffer || access.dependsOn(dim) == access.dependsOn(open);
          }))
        return true;
    }
    return false;
  }

  /// For what is loaded for a single point. A broadcast is an operand of the multiply-add where vectors are 64 bytes wide; elsewhere it takes a register.
  int64_t spareRegisters() { return target.vectorBytes >= 64 ? 1 : 2; }

  int64_t registersOf(const Schedule &schedule) {
    bool isScalarInteger = schedule.width == 1 && nest.root().op && getElementTypeOrSelf(nest.root().op.getResult(0).getType()).isInteger();
    return isScalarInteger ? target.integerRegisters : target.vectorRegisters;
  }

  /// Registers of a tile: its sums, the vectors that its points have in common, and what is loaded for a single one.
  int64_t registersFor(const Schedule &schedule, int64_t dim, int64_t points, int64_t vectors) {
    int64_t common = 0;
    for (const Access &access : nest.root().inputs)
      if (access.kind == Access::Buffer && access.dependsOn(schedule.lane))
        common = std::max(common, dim != -1 && access.dependsOn(dim) ? 1 : vectors);
    return points * vectors + common + spareRegisters();
  }

  /// Register tiles that fit the registers: the dimension of rows or -1, a dimension or -1, its points, and the vectors side by side.
  void forEachTile(const Schedule &schedule, function_ref<void(int64_t, int64_t, int64_t, int64_t)> visit) {
    int64_t blocks = (nest.sizes[schedule.lane] + schedule.width - 1) / schedule.width;
    auto consider = [&](int64_t dim, int64_t points, int64_t vectors) {
      bool fits = points * vectors <= kMostPoints && registersFor(schedule, dim, points, vectors) <= registersOf(schedule);
      if (points * vectors == 1 || fits)
        visit(-1, dim, points, vectors);
      for (int64_t rows = nest.outer; dim != -1 && points <= kMostAddresses && rows < dim; ++rows)
        if (fits && nest.sizes[dim] % points && canWalkAsOne(nest, schedule.lane, rows, dim) && !dynamic[rows] && !dynamic[dim])
          visit(rows, dim, points, vectors);
    };
    for (int64_t vectors = 1; vectors <= std::min<int64_t>(blocks, 8); ++vectors) {
      consider(-1, 1, vectors);
      // Innermost first: among equals, neighbours in memory.
      for (unsigned dim = nest.sizes.size(); dim-- > nest.outer;) {
        if (nest.reduction[dim] || int64_t(dim) == schedule.lane ||
            nest.sizes[dim] == 1)
          continue;
        if ((dynamic[dim] && skips[dim]) || (mayBeSingle[dim] && hasStaticLike(schedule, dim)))
          continue;
        auto [begin, end] = interior(nest, dim);
        for (int64_t points = 2; points <= std::min<int64_t>(end - begin, 14);
             ++points)
          consider(dim, points, vectors);
      }
    }
  }

  /// Points of another dimension lie nearer to each other than those of this one.
  bool isFar(const Schedule &schedule, int64_t dim) {
    auto distance = [&](int64_t d) {
      int64_t least = std::numeric_limits<int64_t>::max();
      for (const Statement &statement : nest.statements)
        for (const Access &access : statement.stores)
          if (access.kind == Access::Buffer && access.dependsOn(d))
            least = std::min(least, std::abs(access.stride(d).value_or(least)));
      return least;
    };
    for (int64_t d = nest.outer; d < int64_t(nest.sizes.size()); ++d)
      if (d != dim && d != schedule.lane && !nest.reduction[d] && nest.sizes[d] != 1 && distance(d) < distance(dim))
        return true;
    return false;
  }

  /// Returns its tileCost.
  double chooseTile(Schedule &schedule) {
    double best = 0;
    bool found = false;
    Schedule start = schedule;
    forEachTile(start, [&](int64_t rows, int64_t dim, int64_t points, int64_t vectors) {
      bool isWindow = isBatch(nest, schedule.lane);
      double cost = tileCost(start, rows, dim, points, vectors) * (isWindow && dim != -1 && isFar(start, dim) ? kFar : 1);
      if (found && cost >= best * (isWindow ? kLeastGainOfWindow : kLeastGain))
        return;
      found = true;
      best = cost;
      schedule.rows = rows;
      schedule.tile = points == 1 ? -1 : dim;
      schedule.tileSize = points;
      schedule.vectors = vectors;
    });
    return best;
  }

  /// Bytes from the first to the last element that an access touches while the dimensions of which `moves` is true take all their values.
  double span(const Access &access, function_ref<bool(unsigned)> moves) {
    double last = 1;
    for (unsigned dim = nest.outer; dim < nest.sizes.size(); ++dim)
      if (moves(dim) && access.dependsOn(dim))
        last += double(std::abs(access.stride(dim).value_or(1))) * double(nest.sizes[dim] - 1);
    return last * double(access.element.getIntOrFloatBitWidth()) / 8;
  }

  /// Blocks of lanes that have nothing in common (a depthwise window, a pool) can follow each other at each tile, as they lie in memory. What comes from beyond the
  /// second cache comes faster so, where that still holds the rows of a window, and the first one all weights.
  void chooseOrder(Schedule &schedule) {
    // Neighbours along a row of windows: a tile's points, or those of the innermost loop.
    int64_t neighbour = schedule.tile;
    for (unsigned dim = nest.sizes.size(); neighbour == -1 && dim-- > nest.outer;)
      if (!nest.reduction[dim] && int64_t(dim) != schedule.lane && nest.sizes[dim] != 1)
        neighbour = dim;
    if (neighbour == -1 || !isBatch(nest, schedule.lane))
      return;
    double all = 0, rows = 0, weights = 0;
    bool known = true;
    nest.forEachAccess([&](const Access &access) {
      if (access.kind != Access::Buffer || !(known = known && access.linear))
        return;
      double bytes = span(access, [](unsigned) { return true; });
      all += bytes;
      if (!access.dependsOn(neighbour))
        weights += bytes;
      else
        rows += span(access, [&](unsigned dim) { return nest.reduction[dim] || int64_t(dim) == schedule.lane || int64_t(dim) == neighbour; });
    });
    double first = double(target.l1Bytes), second = double(std::max(target.l1Bytes, target.l2Bytes));
    schedule.inOrder = known && all > second && rows <= second * 3 / 4 && weights <= first / 4;
  }

  void choosePartialSums(Schedule &schedule) {
    if (!nest.hasReduction() ||
        !isa_and_nonnull<arith::AddFOp>(combinerOf(nest.root().op, 0)))
      return;
    int64_t terms = countSteps();
    SmallVector<unsigned> reductions = reductionOrder(nest);
    bool oneRow = schedule.tileSize == 1;
    int64_t longest = oneRow ? kLongestSumOfRow : kLongestSum;
    int64_t leastPart = oneRow ? kLeastPartOfRow : kLeastPart;
    if (terms <= longest)
      return;
    // The loop at which the steps become too many is made two.
    int64_t within = 1;
    for (unsigned dim : llvm::reverse(reductions)) {
      if (nest.sizes[dim] <= longest / within) {
        within *= nest.sizes[dim];
        continue;
      }
      int64_t part = dynamic[dim] || !canSplit(nest, dim) ? 0 : longest * 2 / 3 / within;
      while (part > 1 && part * within >= longest / 6 && nest.sizes[dim] % part)
        --part;
      if (part > 1 && part * within >= longest / 6) {
        schedule.split = dim;
        schedule.splitSize = part;
        splitDimension(nest, dim, part);
        dynamic.push_back(false);
      }
      break;
    }
    SmallVector<unsigned> order = reductionOrder(nest);
    schedule.totals = order.size();
    for (int64_t part = 1; schedule.totals && part < leastPart;)
      part *= nest.sizes[order[--schedule.totals]];
  }

  void chooseUnrolling(Schedule &schedule) {
    int64_t innermost = reductionOrder(nest).back();
    if (dynamic[innermost])
      return;
    int64_t written = isBatch(nest, schedule.lane) ? sharedSteps(schedule, schedule.tile, schedule.tileSize, schedule.vectors)
                                                   : stepsWrittenOut(schedule, schedule.rows, schedule.tile, schedule.tileSize, schedule.vectors);
    if (written > 1)
      schedule.unroll = {innermost};
    if (!schedule.unroll.empty() || inBounds(innermost))
      return;
    int64_t points = schedule.tileSize * schedule.vectors;
    for (int64_t step : {4, 2})
      if (points * step <= 16 && nest.sizes[innermost] / schedule.terms % step == 0) {
        schedule.step = step;
        return;
      }
  }

  Nest nest; ///< with nominal sizes in place of dynamic ones
  SmallVector<bool> dynamic, skips, mayBeSingle; ///< of each dimension
  ArrayRef<bool> isConstant;
  const Target &target;
};
} // namespace

Schedule ingot::chooseSchedule(const Nest &nest, ArrayRef<bool> isConstant,
                               const Target &target) {
  return CostModel(nest, isConstant, target).run();
}

std::vector<Schedule> ingot::alternativeSchedules(const Nest &nest, ArrayRef<bool> isConstant, const Target &target) {
  return CostModel(nest, isConstant, target).alternatives();
}
