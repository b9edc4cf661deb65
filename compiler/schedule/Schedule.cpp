//===- Schedule.cpp - the cost model --------------------------------------===//
#include "compiler/schedule/Schedule.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
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
/// Independent accumulators that hide the latency of a multiply-add.
constexpr double kLatency = 4;
/// Register tiles larger than this make functions that nobody wants to read.
constexpr int64_t kMostPoints = 28;
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
      schedule.vectors =
          nest.sizes[schedule.lane] >= 4 * schedule.width ? 4 : 1;
      return schedule;
    }
    if (!nest.hasReduction()) {
      // A test for padding is cheaper the more it decides on.
      auto copied = copiedRange(nest, schedule.lane);
      if (!nest.root().inputs.empty() && !nest.root().inputs.front().bounds.empty())
        while (schedule.vectors < 4 && (copied ? copied->second - copied->first >= 8 * schedule.block() : nest.sizes[schedule.lane] % (2 * schedule.block()) == 0))
          schedule.vectors *= 2;
      chooseLines(schedule);
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

  /// Cycles for one vector of points, loads and stores, were `dim` the lane.
  double laneCost(unsigned dim, int64_t width) {
    double cost = 0;
    bool contraction = nest.root().op && isContraction(nest.root().op);
    for (const Access &access : nest.root().inputs) {
      if (access.kind != Access::Buffer || !access.dependsOn(dim))
        continue;
      if (access.stride(dim) == 1)
        cost += kLoad;
      else if (contraction && !nest.reduction[dim] && packable(access))
        cost += kLoad;
      else
        cost += kLoad * 2 * width;
    }
    double points = 1;
    for (auto [size, reduction] : llvm::zip(nest.sizes, nest.reduction))
      if (reduction)
        points *= size;
    double rest = 0;
    for (auto [i, statement] : llvm::enumerate(nest.statements)) {
      for (const Access &access : statement.stores)
        if (access.kind == Access::Buffer)
          rest += access.stride(dim) == 1 ? 1 : 2 * width;
      if (i > 0)
        for (const Access &access : statement.inputs)
          if (access.kind == Access::Buffer && access.dependsOn(dim))
            rest += access.stride(dim) == 1 ? kLoad : kLoad * 2 * width;
    }
    if (nest.reduction[dim]) // one result is left of all lanes
      rest = (rest + 2 * std::log2(double(width)) + 4) * width;
    return (cost + kMultiplyAdd) / double(termsOfLane(dim, width)) + rest / points;
  }

  /// Steps that are summed at once, were `dim` the lane.
  int64_t termsOfLane(unsigned dim, int64_t width) {
    if (!nest.hasReduction() || nest.reduction[dim])
      return 1;
    Schedule schedule;
    schedule.lane = dim;
    schedule.width = width;
    choosePacking(schedule);
    chooseDot(schedule);
    return schedule.terms;
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
      double cost = laneCost(dim, lanes) *
                    double(countCoveringVectors(nest.sizes[dim], lanes)) / double(nest.sizes[dim]);
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

  /// Cycles for all tiles of `points` x `vectors` along a dimension, within `rows` unless that is -1, for each of its points.
  double tileCost(const Schedule &schedule, int64_t rows, int64_t dim, int64_t points,
                  int64_t vectors) {
    int64_t block = schedule.width * vectors;
    int64_t steps = sharedSteps(schedule, dim, points, vectors);
    // What else lies in a line of the cache is read by another block of lanes, when it may be gone.
    bool partsOfLines = schedule.width > 1 && block * target.vectorBytes / schedule.width < kLine && isBatch(nest, schedule.lane);
    double load = partsOfLines ? kLoad * kPartOfLine : kLoad;
    auto one = [&](double m, double v) {
      double loads = 0;
      for (const Access &access : nest.root().inputs)
        if (access.kind == Access::Buffer)
          loads += loadsOf(schedule, access, dim, m, v, steps);
      double arithmetic = std::max(m * v * kMultiplyAdd, kLatency * kMultiplyAdd);
      // Loads and multiply-adds overlap, but not quite.
      return std::max(arithmetic, loads * load) + 0.15 * loads * load + 0.4;
    };
    int64_t lanes = nest.sizes[schedule.lane];
    int64_t size = dim == -1 ? 1 : nest.sizes[dim] * (rows == -1 ? 1 : nest.sizes[rows]);
    // Windows are short sums, so that the beginning and the end of a tile count.
    auto whole = [&](double m, double v) { return one(m, v) + (isBatch(nest, schedule.lane) ? kTile / double(countSteps()) : 0); };
    auto along = [&](double v) {
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
      cost += along(fillsLanes(nest, schedule) ? llvm::divideCeil(lanes % block, schedule.width) : coverLanes(lanes % block, schedule.width).size());
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

  /// Register tiles that fit the registers: the dimension of rows or -1, a dimension or -1, its points, and the vectors side by side.
  void forEachTile(const Schedule &schedule, function_ref<void(int64_t, int64_t, int64_t, int64_t)> visit) {
    bool isScalarInteger = schedule.width == 1 && nest.root().op && getElementTypeOrSelf(nest.root().op.getResult(0).getType()).isInteger();
    int64_t registers = isScalarInteger ? target.integerRegisters : target.vectorRegisters;
    // A broadcast is an operand of the multiply-add where vectors are 64 bytes
    // wide; elsewhere it takes a register.
    int64_t spare = target.vectorBytes >= 64 ? 1 : 2;
    int64_t blocks = (nest.sizes[schedule.lane] + schedule.width - 1) / schedule.width;
    auto consider = [&](int64_t dim, int64_t points, int64_t vectors) {
      int64_t held = 0;
      for (const Access &access : nest.root().inputs)
        if (access.kind == Access::Buffer && access.dependsOn(schedule.lane))
          held = std::max(held, dim != -1 && access.dependsOn(dim) ? 1 : vectors);
      if (points * vectors <= kMostPoints &&
          (points * vectors == 1 || points * vectors + held + spare <= registers))
        visit(-1, dim, points, vectors);
      for (int64_t rows = nest.outer; dim != -1 && points <= kMostAddresses && rows < dim; ++rows)
        if (nest.sizes[dim] % points && canWalkAsOne(nest, schedule.lane, rows, dim) && !dynamic[rows] && !dynamic[dim] &&
            points * vectors <= kMostPoints && points * vectors + held + spare <= registers)
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

  void chooseTile(Schedule &schedule) {
    double best = 0;
    bool found = false;
    Schedule start = schedule;
    forEachTile(start, [&](int64_t rows, int64_t dim, int64_t points, int64_t vectors) {
      double cost = tileCost(start, rows, dim, points, vectors) * (dim != -1 && isFar(start, dim) ? kFar : 1);
      if (found && cost >= best * 0.999)
        return;
      found = true;
      best = cost;
      schedule.rows = rows;
      schedule.tile = points == 1 ? -1 : dim;
      schedule.tileSize = points;
      schedule.vectors = vectors;
    });
  }

  /// Bytes from the first to the last element that an access touches while the dimensions of which `moves` is true take all their values.
  double span(const Access &access, function_ref<bool(unsigned)> moves) {
    double last = 1;
    for (unsigned dim = nest.outer; dim < nest.sizes.size(); ++dim)
      if (moves(dim))
        last += std::abs(double((*access.linear)[dim])) * double(nest.sizes[dim] - 1);
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

  /// Neighbouring points of a tile read neighbouring elements (a depthwise window): written out, each is loaded once.
  void chooseUnrolling(Schedule &schedule) {
    int64_t innermost = reductionOrder(nest).back();
    if (dynamic[innermost])
      return;
    // Weights that lie packed need registers of their own, so that less can be written out before values are spilled.
    int64_t most = schedule.packed.empty() ? 72 : 48;
    if (isBatch(nest, schedule.lane)) {
      if (sharedSteps(schedule, schedule.tile, schedule.tileSize, schedule.vectors) > 1)
        schedule.unroll = {innermost};
    } else if (schedule.tile != -1 && nest.sizes[innermost] <= 7)
      for (const Access &access : nest.root().inputs)
        if (schedule.terms == 1 && access.dependsOn(schedule.tile) && access.dependsOn(innermost) &&
            schedule.tileSize * schedule.vectors * nest.sizes[innermost] <= most)
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
