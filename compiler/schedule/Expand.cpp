//===- Expand.cpp - the expander ------------------------------------------===//
//
// Loops are built from the outside in. A point is one place in the register tile: offsets of the dimensions from the loops' values, known here, and a
// vector of lanes. Bodies are evaluated once for each point; what several points load alike is loaded once.
//
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Expand.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/schedule/Pack.h"
#include "compiler/schedule/Sharing.h"
#include "compiler/support/CodeOptions.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>
#include <numeric>

using namespace mlir;
using namespace ingot;

/// Register tiles of more points than this are functions of their own.
constexpr int64_t kInlinePoints = 4;

namespace {
/// What changes between the kernel's function and the tiles it calls.
struct Frame {
  SmallVector<Value> buffers;
  SmallVector<Value> indexArguments;
  SmallVector<Value> scalarArguments;
  Value status;
  Value pool;
  /// Of each dimension: the loop's value, or null where there is no loop.
  SmallVector<Value> loops;
};

class Expander {
public:
  Expander(KernelOp kernel, StringRef name, const Target &target,
           KernelNests nests)
      : kernel(kernel), name(name.str()), target(target),
        nests(std::move(nests)), b(kernel.getContext()), loc(b.getUnknownLoc()) {
  }

  FailureOr<ExpandedKernel> run() {
    auto attrs = kernel.getSchedule()->getAs<ArrayAttr>("nests");
    if (!attrs || attrs.size() != nests.nests.size())
      return kernel.emitError("has a schedule of other nests than its own");
    for (auto [nest, attr] : llvm::zip(nests.nests, attrs)) {
      mergeDimensions(nest, nests.indexArguments.size());
      Schedule schedule = Schedule::fromAttr(cast<DictionaryAttr>(attr));
      int64_t dims = nest.sizes.size();
      if (schedule.split >= 0 && schedule.split < dims &&
          schedule.splitSize > 0 && canSplit(nest, schedule.split) &&
          nest.sizes[schedule.split] % schedule.splitSize == 0)
        splitDimension(nest, schedule.split, schedule.splitSize);
      else if (schedule.split != -1)
        return kernel.emitError("has a schedule that splits what can't be split");
      schedules.push_back(schedule);
      if (failed(check(nest, schedules.back())))
        return failure();
    }
    packConstants();

    int64_t shared = schedules.empty() ? -1 : schedules.front().shared;
    if (shared != -1 && (threadsOf(kernel->getParentOfType<ModuleOp>()) < 2 || !canShare(nests, schedules.front(), shared) || schedules.front().grain < 1))
      return kernel.emitError("has a schedule that shares what can't be shared");
    func::FuncOp function = createFunction(name, shared == -1 ? std::vector<std::string>() : std::vector<std::string>{"first", "last"});
    result.functions.emplace_back(function);
    function->setAttr("ingot.kernel", b.getUnitAttr());
    if (shared != -1)
      markShared(function, shared);
    if (nests.checked)
      function->setAttr("ingot.checked", b.getUnitAttr());
    if (nests.makesStrings)
      function->setAttr("ingot.pool", b.getUnitAttr());
    enter(function, {});
    if (shared != -1) {
      firstUnit = function.getArguments().end()[-2];
      lastUnit = function.getArguments().back();
    }

    // Concatenated parts have no rows in common; stages of rows all have them.
    unsigned rows = nests.nests.empty() ? 0 : nests.nests.front().outer;
    if (!nests.nests.empty())
      frame.loops.assign(nests.nests.front().sizes.size(), Value());
    overRows(rows, 0);
    func::ReturnOp::create(b, loc);
    return std::move(result);
  }

private:
  //===--- set-up ---------------------------------------------------------===//

  LogicalResult check(const Nest &nest, const Schedule &schedule) {
    auto valid = [&](int64_t dim) {
      return dim >= -1 && dim < int64_t(nest.sizes.size());
    };
    bool fits = isWithin(nest, schedule);
    bool reduces = nest.root().op && nest.root().op.getNumReductionLoops();
    fits &= schedule.tile == -1 || reduces || schedule.lane != -1;
    fits = fits && (schedule.rows == -1 || (schedule.tile != -1 && reduces && canWalkAsOne(nest, schedule.lane, schedule.rows, schedule.tile)));
    fits &= schedule.totals >= 0 &&
            schedule.totals <= int64_t(reductionOrder(nest).size());
    for (int64_t dim : schedule.unroll)
      fits &= valid(dim) && dim >= 0 && (nest.isDynamic(dim) || nest.sizes[dim] <= 64);
    for (int64_t input : schedule.packed)
      fits &= input >= 0 && input < int64_t(nest.root().inputs.size());
    fits = fits && (schedule.terms == 1 || canSumTerms(nest, schedule, schedule.terms, target));
    if (!fits)
      return kernel.emitError("has a schedule that does not fit its loops");
    if (!nest.root().op)
      return success();
    for (unsigned i = 0; i < nest.root().results.size(); ++i)
      if (nest.root().op.getNumReductionLoops() &&
          !initialValue(nest.root().op, i))
        return kernel.emitError("has a reduction whose start is no constant");
    return success();
  }

  void packConstants() {
    Block &body = kernel.getBody().front();
    for (auto [nest, schedule] : llvm::zip(nests.nests, schedules)) {
      for (int64_t input : schedule.packed) {
        Access &access = nest.root().inputs[input];
        unsigned uses = 0;
        for (Nest &other : nests.nests)
          other.forEachAccess([&](const Access &a) {
            uses += a.buffer == access.buffer;
          });
        if (access.kind != Access::Buffer || uses != 1)
          continue;
        for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
          ElementsAttr elements;
          if (nests.bufferOf.lookup(argument) != access.buffer ||
              !nests.bufferOf.contains(argument) ||
              !matchPattern(kernel.getInputs()[i], m_Constant(&elements)))
            continue;
          ElementsAttr packed = packElements(nest, schedule, access, elements);
          result.packed.push_back({unsigned(i), packed});
          packedSizes[access.buffer] = packed.getNumElements();
          packedAccesses.insert(&access);
        }
      }
    }
  }

  Location named(StringRef text) {
    return NameLoc::get(b.getStringAttr(text));
  }

  static MemRefType flatType(RankedTensorType type) {
    return MemRefType::get({type.hasStaticShape() ? type.getNumElements()
                                                  : ShapedType::kDynamic},
                           type.getElementType());
  }

  /// A private function over the kernel's buffers and further index arguments.
  func::FuncOp createFunction(StringRef functionName,
                              ArrayRef<std::string> indices) {
    SmallVector<Type> types;
    SmallVector<Location> locs;
    Block &body = kernel.getBody().front();
    unsigned operands = 0;
    for (BlockArgument argument : body.getArguments()) {
      if (auto type = dyn_cast<RankedTensorType>(argument.getType())) {
        unsigned buffer = nests.bufferOf.lookup(argument);
        bool weights = packedSizes.contains(buffer);
        types.push_back(weights ? MemRefType::get({packedSizes[buffer]},
                                                  type.getElementType())
                                : flatType(type));
        locs.push_back(named(weights ? "w" : operandName(operands)));
        operands += !weights;
      } else {
        types.push_back(argument.getType());
        Value input = kernel.getInputs()[argument.getArgNumber()];
        auto size = input.getDefiningOp<SizeOp>();
        locs.push_back(named(size ? sizeNames(kernel)[size.getNumber()]
                             : input.getDefiningOp<DataSizeOp>() ? "count"
                             : isa<IndexType>(argument.getType()) ? "at"
                                                                  : "scalar"));
      }
    }
    for (auto [i, type] : llvm::enumerate(kernel.getResultTypes())) {
      types.push_back(flatType(cast<RankedTensorType>(type)));
      locs.push_back(named(kernel.getNumResults() == 1
                               ? std::string("out")
                               : "out" + std::to_string(i)));
    }
    if (nests.checked) {
      types.push_back(MemRefType::get({1}, b.getI32Type()));
      locs.push_back(named("status"));
    }
    if (nests.makesStrings) {
      types.push_back(MemRefType::get({2}, b.getI64Type()));
      locs.push_back(named("pool"));
    }
    for (const std::string &index : indices) {
      types.push_back(b.getIndexType());
      locs.push_back(named(index));
    }
    auto function = func::FuncOp::create(
        kernel.getLoc(), functionName, b.getFunctionType(types, {}));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    for (auto [argument, argumentLoc] : llvm::zip(entry->getArguments(), locs))
      argument.setLoc(argumentLoc);
    return function;
  }

  static std::string operandName(unsigned i) {
    static const char *const names[] = {"x", "y", "z", "u", "v"};
    return i < 5 ? names[i] : "x" + std::to_string(i);
  }

  /// Continues in `function`, with the dimensions `indices` as its last arguments.
  void enter(func::FuncOp function, ArrayRef<unsigned> indices) {
    Block &entry = function.getBody().front();
    b.setInsertionPointToEnd(&entry);
    frame.buffers.clear();
    frame.indexArguments.clear();
    frame.scalarArguments.clear();
    unsigned next = 0;
    for (BlockArgument argument : kernel.getBody().front().getArguments()) {
      if (isa<RankedTensorType>(argument.getType()))
        frame.buffers.push_back(entry.getArgument(next++));
      else if (isa<IndexType>(argument.getType()))
        frame.indexArguments.push_back(entry.getArgument(next++));
      else
        frame.scalarArguments.push_back(entry.getArgument(next++));
    }
    for (unsigned i = 0; i < kernel.getNumResults(); ++i)
      frame.buffers.push_back(entry.getArgument(next++));
    frame.status = nests.checked ? entry.getArgument(next++) : Value();
    frame.pool = nests.makesStrings ? entry.getArgument(next++) : Value();
    frame.loops.assign(frame.loops.size(), Value());
    for (unsigned dim : indices)
      frame.loops[dim] = entry.getArgument(next++);
  }

  //===--- loops ----------------------------------------------------------===//

  Value indexConstant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  /// An expression over the kernel's index arguments.
  Value sizeValue(AffineExpr size, StringRef text = "") {
    if (auto constant = dyn_cast<AffineConstantExpr>(size))
      return indexConstant(constant.getValue());
    SmallVector<Value> operands(frame.indexArguments);
    AffineMap map = AffineMap::get(0, operands.size(), simplifiedSize(size));
    affine::canonicalizeMapAndOperands(&map, &operands);
    if (map.getNumInputs() == 1 && (map.getResult(0) == b.getAffineSymbolExpr(0) ||
                                    map.getResult(0) == b.getAffineDimExpr(0)))
      return operands.front();
    return affine::AffineApplyOp::create(b, text.empty() ? loc : named(text), map, operands);
  }

  /// The number of the dimension's points.
  Value extent(unsigned dim) { return sizeValue(nest->extents[dim]); }

  /// The greatest multiple of `step` up to the dimension's size.
  Value fullSteps(unsigned dim, int64_t step) {
    return sizeValue(nest->extents[dim].floorDiv(step) * step, dimName(dim) + "_full");
  }

  /// for (name = begin; name < end; name += step) body(name)
  void loop(StringRef loopName, Value begin, Value end, int64_t step,
            llvm::function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, loc, begin, end, indexConstant(step));
    op.getInductionVar().setLoc(named(loopName));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  //===--- parts for threads ----------------------------------------------===//

  void markShared(func::FuncOp function, int64_t dim) {
    const Schedule &first = schedules.front();
    AffineExpr units = unitsOf(nests.nests.front(), first, dim);
    function->setAttr("ingot.shared", AffineMapAttr::get(AffineMap::get(0, nests.indexArguments.size(), simplifiedSize(units))));
    function->setAttr("ingot.grain", b.getI64IntegerAttr(first.grain));
  }

  bool isShared(unsigned dim) const { return nest == &nests.nests.front() && schedule->shared == int64_t(dim); }

  /// The points of the function's part at which a loop over points [begin, end) of the dimension is. `step` divides a unit and end - begin.
  std::pair<Value, Value> part(unsigned dim, Value begin, Value end) {
    if (!isShared(dim))
      return {begin, end};
    int64_t unit = unitOf(*schedule, dim);
    auto clamped = [&](Value units, Value other, bool least, StringRef text) {
      AffineExpr point = b.getAffineDimExpr(0) * unit;
      loc = named((dimName(dim) + text).str());
      AffineMap map = AffineMap::get(2, 0, {point, b.getAffineDimExpr(1)}, b.getContext());
      SmallVector<OpFoldResult> operands = {units, other};
      OpFoldResult result = least ? affine::makeComposedFoldedAffineMin(b, loc, map, operands) : affine::makeComposedFoldedAffineMax(b, loc, map, operands);
      loc = b.getUnknownLoc();
      return getValueOrCreateConstantIndexOp(b, loc, result);
    };
    // The first part begins at 0, whatever follows.
    if (matchPattern(begin, m_Zero()))
      begin = unit == 1 ? firstUnit : affine::AffineApplyOp::create(b, named(dimName(dim) + "_first"), b.getAffineDimExpr(0) * unit, firstUnit).getResult();
    else
      begin = clamped(firstUnit, begin, /*least=*/false, "_first");
    if (unit == 1)
      return {begin, lastUnit};
    return {begin, clamped(lastUnit, end, /*least=*/true, "_last")};
  }

  /// What is left over behind the last full unit belongs to the last part.
  void inLastPart(unsigned dim, llvm::function_ref<void()> body) {
    if (!isShared(dim))
      return body();
    Value units = sizeValue(unitsOf(*nest, *schedule, dim));
    Value last = arith::CmpIOp::create(b, named("is_last"), arith::CmpIPredicate::eq, lastUnit, units);
    auto branch = scf::IfOp::create(b, loc, last, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  /// A loop over the whole dimension, or the function's part of it; none where it has one point.
  void over(unsigned dim, llvm::function_ref<void()> body) {
    if (nest->sizes[dim] == 1)
      return body();
    if (isCut(dim))
      return inParts(dim, [&](int64_t begin, int64_t end) { segment(dim, begin, end, 1, [&](int64_t) { body(); }); });
    auto [begin, end] = part(dim, indexConstant(0), extent(dim));
    loop(dimName(dim), begin, end, 1, [&](Value value) {
      frame.loops[dim] = value;
      body();
    });
    frame.loops[dim] = Value();
  }

  void over(ArrayRef<unsigned> dims, llvm::function_ref<void()> body) {
    if (dims.empty())
      return body();
    over(dims.front(), [&] { over(dims.drop_front(), body); });
  }

  /// Whether the loop over a dimension of a padded copy falls into parts: padding, what is copied, padding. Where another dimension stands in padding, all is padding.
  bool isCut(unsigned dim) const {
    return !isShared(dim) && copiedRange(*nest, dim) && !llvm::is_contained(llvm::make_second_range(inCopy), false);
  }

  void inParts(unsigned dim, llvm::function_ref<void(int64_t, int64_t)> body) {
    auto [begin, end] = *copiedRange(*nest, dim);
    std::array<int64_t, 4> cuts = {0, begin, end, nest->sizes[dim]};
    for (unsigned part = 0; part < 3; ++part) {
      if (cuts[part] == cuts[part + 1])
        continue;
      inCopy[dim] = part == 1;
      body(cuts[part], cuts[part + 1]);
      inCopy.erase(dim);
    }
  }

  std::string dimName(unsigned dim) {
    if (int64_t(dim) == schedule->lane)
      return nest->reduction[dim] ? "k" : "n";
    if (int64_t(dim) == schedule->tile)
      return "m";
    // Letters by place among the dimensions of the kind.
    unsigned place = 0;
    for (unsigned d = 0; d < dim; ++d)
      place += nest->reduction[d] == nest->reduction[dim] && nest->sizes[d] != 1;
    static const char *const parallel[] = {"i", "j", "h", "g", "f"};
    static const char *const reduction[] = {"r", "s", "t", "q", "p"};
    const auto &names = nest->reduction[dim] ? reduction : parallel;
    return place < 5 ? names[place] : (nest->reduction[dim] ? "r" : "i") + std::to_string(place);
  }

  void overRows(unsigned rows, unsigned dim) {
    if (dim < rows) {
      nest = &nests.nests.front();
      schedule = &schedules.front();
      int64_t size = nest->sizes[dim];
      if (size == 1)
        return overRows(rows, dim + 1);
      auto [begin, end] = part(dim, indexConstant(0), extent(dim));
      loop("row" + (dim ? std::to_string(dim) : std::string()), begin, end, 1,
           [&](Value value) {
             frame.loops[dim] = value;
             overRows(rows, dim + 1);
           });
      return;
    }
    SmallVector<Value> outer(frame.loops.begin(), frame.loops.begin() + rows);
    for (auto [n, s] : llvm::zip(nests.nests, schedules)) {
      nest = &n;
      schedule = &s;
      frame.loops.assign(nest->sizes.size(), Value());
      llvm::copy(outer, frame.loops.begin());
      offsets.assign(nest->sizes.size(), 0);
      expandNest();
    }
  }

  bool laneIsReduction() const {
    return schedule->lane != -1 && nest->reduction[schedule->lane];
  }

  void expandNest() {
    places.clear();
    SmallVector<unsigned> others;
    for (unsigned dim = nest->outer; dim < nest->sizes.size(); ++dim)
      if (!nest->reduction[dim] && int64_t(dim) != schedule->lane &&
          int64_t(dim) != schedule->tile && int64_t(dim) != schedule->rows)
        others.push_back(dim);
    bool reduces = nest->root().op && nest->root().op.getNumReductionLoops();
    auto tiles = [&](ArrayRef<int64_t> widths) {
      overTiles([&](int64_t points, bool inside) {
        reduces ? tile(points, widths, inside) : evaluate(widths);
      });
    };
    if (laneIsReduction())
      return over(others, [&] { acrossLanes(); });
    if (schedule->lane == -1)
      return over(others, [&] { tiles({1}); });
    // A block of packed weights stays in cache while the loops run that it does not depend on;
    // elementwise code walks memory in order.
    if (reduces) {
      SmallVector<unsigned> batch, rest;
      for (unsigned dim : others)
        (isBatch(*nest, dim) ? batch : rest).push_back(dim);
      return over(batch, [&] {
        if (schedule->inOrder)
          return over(rest, [&] {
            overTiles([&](int64_t points, bool inside) { overBlocks([&](ArrayRef<int64_t> widths) { tile(points, widths, inside); }); });
          });
        overBlocks([&](ArrayRef<int64_t> widths) {
          over(rest, [&] { tiles(widths); });
        });
      });
    }
    over(others, [&] {
      if (schedule->tile != -1)
        return overLines();
      overBlocks([&](ArrayRef<int64_t> widths) { tiles(widths); });
    });
  }

  /// Elementwise: so many points of the tiled dimension at each block of lanes, before the next ones.
  void overLines() {
    unsigned dim = schedule->tile;
    auto [begin, end] = part(dim, indexConstant(0), extent(dim));
    bool divides = !nest->isDynamic(dim) && nest->sizes[dim] % schedule->tileSize == 0;
    loop(dimName(dim) + "_first", begin, end, schedule->tileSize, [&, last = end](Value first) {
      AffineExpr next = b.getAffineDimExpr(0) + schedule->tileSize;
      Location where = named(dimName(dim) + "_last");
      AffineMap least = AffineMap::get(2, 0, {next, b.getAffineDimExpr(1)}, b.getContext());
      Value stop = getValueOrCreateConstantIndexOp(b, loc, divides ? affine::makeComposedFoldedAffineApply(b, where, next, {first})
                                                                   : affine::makeComposedFoldedAffineMin(b, where, least, {first, last}));
      overBlocks([&](ArrayRef<int64_t> widths) {
        loop(dimName(dim), first, stop, 1, [&](Value value) {
          frame.loops[dim] = value;
          evaluate(widths);
        });
        frame.loops[dim] = Value();
      });
    });
  }

  /// Full blocks of lanes, then one of what is left.
  void overBlocks(llvm::function_ref<void(ArrayRef<int64_t>)> body) {
    unsigned lane = schedule->lane;
    int64_t size = nest->sizes[lane], block = schedule->block();
    SmallVector<int64_t> widths(schedule->vectors, schedule->width);
    if (nest->isDynamic(lane))
      return overDynamicBlocks(widths, body);
    auto blocks = [&](int64_t begin, int64_t end) {
      segment(lane, begin, end, block, [&](int64_t lanes) { lanes == block ? body(widths) : body(coverLanes(lanes, schedule->width)); });
    };
    isCut(lane) ? inParts(lane, blocks) : blocks(0, size);
  }

  /// Full blocks of lanes, then single vectors, then single lanes.
  void overDynamicBlocks(ArrayRef<int64_t> widths,
                         llvm::function_ref<void(ArrayRef<int64_t>)> body) {
    unsigned lane = schedule->lane;
    Value begin = indexConstant(0);
    auto vectors = [&](Value end, ArrayRef<int64_t> vectors, int64_t step) {
      auto [first, last] = part(lane, begin, end);
      loop(dimName(lane), first, last, step, [&](Value value) {
        frame.loops[lane] = value;
        body(vectors);
      });
      frame.loops[lane] = Value();
      begin = end;
    };
    int64_t block = schedule->block(), width = schedule->width;
    vectors(fullSteps(lane, block), widths, block);
    if (width != block)
      vectors(fullSteps(lane, width), {width}, width);
    if (width != 1)
      vectors(extent(lane), {1}, 1);
  }

  /// Points at the edge, which read padding, one by one; tiles in between.
  void overTiles(llvm::function_ref<void(int64_t, bool)> body) {
    if (schedule->tile == -1)
      return body(1, false);
    unsigned dim = schedule->tile;
    if (nest->isDynamic(dim)) {
      bool inside = !skipsPadding(*nest, dim);
      Value full = indexConstant(0);
      auto run = [&](Value begin, Value end, int64_t points) {
        auto [first, last] = part(dim, begin, end);
        loop(dimName(dim), first, last, points, [&](Value value) {
          frame.loops[dim] = value;
          body(points, inside);
        });
        frame.loops[dim] = Value();
      };
      if (inside && schedule->tileSize > 1) {
        full = fullSteps(dim, schedule->tileSize);
        run(indexConstant(0), full, schedule->tileSize);
      }
      return run(full, extent(dim), 1);
    }
    if (schedule->rows != -1)
      return segment(dim, 0, nest->sizes[schedule->rows] * nest->sizes[dim], schedule->tileSize, [&](int64_t points) { body(points, true); });
    auto [begin, end] = interior(*nest, dim);
    segment(dim, 0, begin, 1, [&](int64_t points) { body(points, false); });
    segment(dim, begin, end, schedule->tileSize,
            [&](int64_t points) { body(points, true); });
    segment(dim, end, nest->sizes[dim], 1,
            [&](int64_t points) { body(points, false); });
  }

  void segment(unsigned dim, int64_t begin, int64_t end, int64_t step,
               llvm::function_ref<void(int64_t)> body) {
    int64_t full = begin + (end - begin) / step * step;
    if (full - begin == step && !isShared(dim)) {
      offsets[dim] = begin;
      body(step);
      offsets[dim] = 0;
    } else if (full > begin) {
      auto [first, last] = part(dim, indexConstant(begin), indexConstant(full));
      loop(dimName(dim), first, last, step, [&](Value value) {
        frame.loops[dim] = value;
        body(step);
      });
      frame.loops[dim] = Value();
    }
    if (full == end)
      return;
    inLastPart(dim, [&] {
      offsets[dim] = full;
      body(end - full);
      offsets[dim] = 0;
    });
  }

  //===--- register tiles -------------------------------------------------===//

  /// `points` of the tiled dimension by the block's vectors, here or in a function.
  void tile(int64_t points, ArrayRef<int64_t> widths, bool inside) {
    int64_t lanes = 0;
    for (int64_t width : widths)
      lanes += width;
    if (nests.nests.size() > 1 ||
        points * int64_t(widths.size()) <= kInlinePoints)
      return reduceTile(points, widths, lanes, inside);

    SmallVector<unsigned> indices;
    SmallVector<std::string> names;
    SmallVector<Value> values;
    for (unsigned dim = 0; dim < nest->sizes.size(); ++dim) {
      bool oneBlock = int64_t(dim) == schedule->lane && !nest->isDynamic(dim) &&
                      nest->sizes[dim] <= schedule->block();
      if (nest->reduction[dim] || nest->sizes[dim] == 1 || oneBlock || int64_t(dim) == schedule->rows)
        continue;
      indices.push_back(dim);
      names.push_back(dimName(dim));
      values.push_back(coordinate(dim));
    }
    std::string tileName = name + "_tile_" + std::to_string(points) + "x" +
                           std::to_string(lanes);
    // A tile of one point at the edge skips padding, one inside does not.
    if (!inside && schedule->tile != -1)
      tileName += "_edge";
    auto [found, isNew] = tiles.try_emplace(tileName);
    if (isNew) {
      OpBuilder::InsertionGuard guard(b);
      Frame callerFrame = frame;
      SmallVector<int64_t> callerOffsets = offsets;
      found->second = createFunction(tileName, names);
      result.functions.emplace_back(found->second);
      // Compilers keep sums and partial sums in registers, as long as nothing else is there.
      if (schedule->totals)
        found->second->setAttr("ingot.apart", b.getUnitAttr());
      enter(found->second, indices);
      offsets.assign(offsets.size(), 0);
      reduceTile(points, widths, lanes, inside);
      func::ReturnOp::create(b, loc);
      frame = callerFrame;
      offsets = callerOffsets;
    }
    auto caller = b.getInsertionBlock()->getParentOp();
    auto function = dyn_cast<func::FuncOp>(caller);
    if (!function)
      function = caller->getParentOfType<func::FuncOp>();
    // Tiles take what the kernel's function takes, but not the part.
    SmallVector<Value> arguments(function.getArguments().drop_back(firstUnit ? 2 : 0));
    arguments.append(values);
    func::CallOp::create(b, loc, tileName, TypeRange(), arguments);
  }

  /// Index value of a dimension: the loop's value plus what is known.
  Value coordinate(unsigned dim) {
    if (!frame.loops[dim])
      return indexConstant(offsets[dim]);
    if (!offsets[dim])
      return frame.loops[dim];
    return affine::AffineApplyOp::create(
        b, loc, b.getAffineDimExpr(0) + offsets[dim], frame.loops[dim]);
  }

  void reduceTile(int64_t points, ArrayRef<int64_t> widths, int64_t lanes,
                  bool inside) {
    blockLanes = llvm::alignTo(lanes, schedule->width);
    ArrayRef<int64_t> stored = widths;
    SmallVector<int64_t> filled(blockLanes / schedule->width, schedule->width);
    bool isFilled = fillsLanes(*nest, *schedule) && llvm::all_of(schedule->packed, [&](int64_t input) { return isPacked(nest->root().inputs[input]); });
    if (isFilled)
      widths = filled;
    findPlaces(points);
    const Statement &root = nest->root();
    unsigned results = root.results.size();
    SmallVector<Value> accumulators;
    accumulatorNames.clear();
    for (int64_t point = 0; point < points; ++point)
      for (auto [v, width] : llvm::enumerate(widths))
        for (unsigned r = 0; r < results; ++r) {
          accumulatorNames.push_back(accumulatorName(points, point, widths.size(), v, results, r));
          accumulators.push_back(
              splat(arith::ConstantOp::create(b, named(accumulatorNames.back()),
                                              initialValue(root.op, r)),
                    width));
        }
    auto sumUp = [&](SmallVector<Value> &sums, int64_t point, unsigned vector) {
      AtPoint at(*this, point);
      MutableArrayRef<Value> mine = MutableArrayRef(sums).slice((point * widths.size() + vector) * results, results);
      int64_t lane = std::accumulate(widths.begin(), widths.begin() + vector, int64_t(0));
      llvm::copy(evaluateBody(root, lane, widths[vector], mine), mine.begin());
    };
    auto step = [&](SmallVector<Value> sums) {
      if (writtenOut == -1) {
        for (int64_t point = 0; point < points; ++point)
          for (unsigned vector = 0; vector < widths.size(); ++vector)
            sumUp(sums, point, vector);
        return sums;
      }
      for (unsigned vector = 0; vector < widths.size(); ++vector)
        for (int64_t point = 0; point < points; ++point)
          for (offsets[writtenOut] = 0; offsets[writtenOut] < nest->sizes[writtenOut]; ++offsets[writtenOut])
            sumUp(sums, point, vector);
      offsets[writtenOut] = 0;
      return sums;
    };
    accumulators = reduceInParts(accumulators, inside, step);
    for (int64_t point = 0; point < points; ++point) {
      ArrayRef<Value> mine = ArrayRef(accumulators).slice(point * widths.size() * results, widths.size() * results);
      int64_t lane = 0;
      for (auto [piece, width] : llvm::enumerate(stored)) {
        AtPoint at(*this, point);
        // A piece of a block that is not full is part of a vector.
        int64_t vector = isFilled ? lane / schedule->width : int64_t(piece);
        ArrayRef<Value> sums = mine.slice(vector * results, results);
        if (isFilled && width != schedule->width)
          finish(lanesOfSums(sums, lane % schedule->width, width), lane, width);
        else
          finish(sums, lane, width);
        lane += width;
      }
    }
  }

  /// `width` lanes of vectors, from `first` on.
  SmallVector<Value> lanesOfSums(ArrayRef<Value> sums, int64_t first, int64_t width) {
    SmallVector<Value> parts;
    for (Value sum : sums)
      if (width == 1)
        parts.push_back(vector::ExtractOp::create(b, sum.getLoc(), sum, ArrayRef<int64_t>{first}));
      else
        parts.push_back(vector::ShuffleOp::create(b, sum.getLoc(), sum, sum, llvm::to_vector(llvm::seq<int64_t>(first, first + width))));
    return parts;
  }

  static std::string accumulatorName(int64_t points, int64_t point,
                                     int64_t vectors, int64_t vector,
                                     unsigned results, unsigned result) {
    std::string text = "acc";
    if (points > 1)
      text += "_" + std::to_string(point);
    if (vectors > 1)
      text += "_" + std::to_string(vector);
    if (results > 1)
      text += "_" + std::to_string(result);
    return text;
  }

  /// Where a dimension stands: the loop's value, or null, and what is added to it.
  struct Place {
    Value loop;
    int64_t offset = 0;
  };

  /// Of a tile that goes on in the next row: the places of each of its points, in the dimension of rows and in that of tiles.
  void findPlaces(int64_t points) {
    places.clear();
    if (schedule->rows == -1)
      return;
    unsigned dim = schedule->tile;
    AffineExpr first = b.getAffineConstantExpr(offsets[dim]);
    SmallVector<OpFoldResult> operands;
    if (frame.loops[dim]) {
      first = first + b.getAffineDimExpr(0);
      operands.push_back(frame.loops[dim]);
    }
    auto place = [&](AffineExpr expr, unsigned of, int64_t point) -> Place {
      AffineMap map = AffineMap::get(operands.size(), 0, expr);
      Location where = named(dimName(of) + "_" + std::to_string(point));
      OpFoldResult found = affine::makeComposedFoldedAffineApply(b, where, map, operands);
      if (std::optional<int64_t> constant = getConstantIntValue(found))
        return {Value(), *constant};
      return {cast<Value>(found), 0};
    };
    for (int64_t point = 0; point < points; ++point) {
      AffineExpr at = first + point;
      places.push_back({place(at.floorDiv(nest->sizes[dim]), schedule->rows, point), place(at % nest->sizes[dim], dim, point)});
    }
  }

  /// Stands at a point of the tile while it lives.
  struct AtPoint {
    AtPoint(Expander &expander, int64_t point) : expander(expander), dims({expander.schedule->rows, expander.schedule->tile}) {
      for (int64_t dim : dims)
        saved.push_back(dim == -1 ? Place() : Place{expander.frame.loops[dim], expander.offsets[dim]});
      if (expander.places.empty()) {
        if (dims[1] != -1)
          expander.offsets[dims[1]] += point;
        return;
      }
      stand(0, expander.places[point].first);
      stand(1, expander.places[point].second);
    }
    ~AtPoint() {
      stand(0, saved[0]);
      stand(1, saved[1]);
    }
    AtPoint(const AtPoint &) = delete;
    AtPoint &operator=(const AtPoint &) = delete;

  private:
    void stand(unsigned i, Place place) {
      if (dims[i] == -1)
        return;
      expander.frame.loops[dims[i]] = place.loop;
      expander.offsets[dims[i]] = place.offset;
    }
    Expander &expander;
    std::array<int64_t, 2> dims;
    SmallVector<Place, 2> saved;
  };

  using Step = llvm::function_ref<SmallVector<Value>(SmallVector<Value>)>;

  /// All reduction loops; the outermost ones add up partial sums where the schedule says so.
  SmallVector<Value> reduceInParts(SmallVector<Value> accumulators, bool inside,
                                   Step step) {
    SmallVector<unsigned> order = reductionOrder(*nest);
    ArrayRef<unsigned> outer = ArrayRef(order).take_front(schedule->totals);
    ArrayRef<unsigned> inner = ArrayRef(order).drop_front(schedule->totals);
    if (outer.empty())
      return reduce(inner, accumulators, inside, schedule->step, step);
    std::vector<std::string> names = accumulatorNames;
    auto part = [&](SmallVector<Value> totals) {
      SmallVector<Value> fresh;
      for (auto [total, text] : llvm::zip(totals, names)) {
        Type type = total.getType();
        fresh.push_back(arith::ConstantOp::create(b, named(text), type,
                                                  b.getZeroAttr(type)));
      }
      std::swap(accumulatorNames, names);
      addingParts = false;
      fresh = reduce(inner, fresh, inside, schedule->step, step);
      addingParts = true;
      std::swap(accumulatorNames, names);
      for (auto [total, sum] : llvm::zip(totals, fresh))
        total = arith::AddFOp::create(b, total.getLoc(), total, sum);
      return totals;
    };
    for (std::string &text : accumulatorNames)
      text.replace(0, 3, "sum");
    addingParts = true;
    accumulators = reduce(outer, accumulators, inside, 1, part);
    addingParts = false;
    return accumulators;
  }

  /// Loops over reduction dimensions that carry the accumulators.
  SmallVector<Value> reduce(ArrayRef<unsigned> dims,
                            SmallVector<Value> accumulators, bool inside,
                            int64_t innermostStep, Step step) {
    if (dims.empty())
      return step(accumulators);
    unsigned dim = dims.front();
    auto [begin, end] = reductionBounds(dim, inside);
    bool whole = !begin;
    bool dynamic = nest->isDynamic(dim);
    if (whole && !dynamic && llvm::is_contained(schedule->unroll, int64_t(dim))) {
      // Where vectors have nothing in common, one point after the other holds the fewest operands in registers.
      if (dims.size() == 1 && !addingParts && !laneIsReduction() && schedule->lane != -1 && isBatch(*nest, schedule->lane)) {
        writtenOut = dim;
        accumulators = step(accumulators);
        writtenOut = -1;
        return accumulators;
      }
      for (int64_t i = 0; i < nest->sizes[dim]; ++i) {
        offsets[dim] = i;
        accumulators = reduce(dims.drop_front(), accumulators, inside,
                              innermostStep, step);
      }
      offsets[dim] = 0;
      return accumulators;
    }
    int64_t terms = dims.size() == 1 && !addingParts ? schedule->terms : 1;
    if (terms > 1)
      return reduceTerms(dim, accumulators, innermostStep, step);
    int64_t stride =
        whole && !dynamic && dims.size() == 1 &&
                nest->sizes[dim] % innermostStep == 0
            ? innermostStep
            : 1;
    if (whole) {
      begin = indexConstant(0);
      end = extent(dim);
    }
    auto op = scf::ForOp::create(b, loc, begin, end, indexConstant(stride),
                                 accumulators);
    if (addingParts)
      op->setAttr("ingot.rolled", b.getUnitAttr());
    op.getInductionVar().setLoc(named(dimName(dim)));
    for (auto [argument, text] :
         llvm::zip(op.getRegionIterArgs(), accumulatorNames))
      argument.setLoc(named(text));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(op.getBody());
      frame.loops[dim] = op.getInductionVar();
      SmallVector<Value> inner(op.getRegionIterArgs());
      for (int64_t i = 0; i < stride; ++i) {
        offsets[dim] = i;
        inner = reduce(dims.drop_front(), inner, inside, innermostStep, step);
      }
      offsets[dim] = 0;
      frame.loops[dim] = Value();
      scf::YieldOp::create(b, loc, inner);
    }
    return SmallVector<Value>(op.getResults());
  }

  /// The innermost reduction loop, whose steps are summed several at once; what is left over comes after the loop.
  SmallVector<Value> reduceTerms(unsigned dim, SmallVector<Value> accumulators, int64_t innermostStep, Step step) {
    int64_t terms = schedule->terms, size = nest->sizes[dim];
    int64_t stride = size / terms % innermostStep == 0 ? innermostStep * terms : terms;
    int64_t full = size / stride * stride;
    auto at = [&](int64_t offset, SmallVector<Value> current, int64_t present) {
      offsets[dim] = offset;
      presentTerms = present;
      current = step(std::move(current));
      offsets[dim] = 0;
      return current;
    };
    if (full > stride) {
      auto op = scf::ForOp::create(b, loc, indexConstant(0), indexConstant(full), indexConstant(stride), accumulators);
      op.getInductionVar().setLoc(named(dimName(dim)));
      for (auto [argument, text] : llvm::zip(op.getRegionIterArgs(), accumulatorNames))
        argument.setLoc(named(text));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(op.getBody());
      frame.loops[dim] = op.getInductionVar();
      SmallVector<Value> inner(op.getRegionIterArgs());
      for (int64_t i = 0; i < stride; i += terms)
        inner = at(i, inner, terms);
      frame.loops[dim] = Value();
      scf::YieldOp::create(b, loc, inner);
      accumulators.assign(op.getResults().begin(), op.getResults().end());
    } else {
      full = 0;
    }
    for (int64_t i = full; i < size; i += terms)
      accumulators = at(i, accumulators, std::min(terms, size - i));
    return accumulators;
  }

  /// First and last steps of a reduction that read no padding, or nulls where
  /// that is all of them.
  std::pair<Value, Value> reductionBounds(unsigned dim, bool inside) {
    SmallVector<AffineExpr> lower, upper;
    SmallVector<Value> operands;
    nest->forEachAccess([&](const Access &access) {
      if (!access.skippable)
        return;
      for (const Bound &bound : access.bounds) {
        const Linear &linear = *bound.linear;
        if (linear[dim] == 0)
          continue;
        // Tiles inside were chosen so that this bound holds.
        if (inside && linear[schedule->tile] != 0)
          continue;
        AffineExpr rest = b.getAffineConstantExpr(linear.offset);
        int64_t least = linear.offset, most = linear.offset;
        bool unknown = ShapedType::isDynamic(bound.size) || nest->isDynamic(dim);
        for (auto [d, coefficient] : llvm::enumerate(linear.coefficients)) {
          if (nest->reduction[d] || coefficient == 0)
            continue;
          rest = rest + coefficient * offsets[d];
          least += coefficient * offsets[d];
          most += coefficient * offsets[d];
          if (!frame.loops[d])
            continue;
          rest = rest + coefficient * b.getAffineDimExpr(operands.size());
          operands.push_back(frame.loops[d]);
          unknown |= nest->isDynamic(d);
          if (!nest->isDynamic(d))
            most += coefficient * (nest->sizes[d] - 1);
        }
        int64_t own = linear[dim];
        if (least < 0)
          lower.push_back((-rest).ceilDiv(own));
        if (unknown || most + own * (nest->sizes[dim] - 1) >= bound.size)
          upper.push_back((bound.extent - 1 - rest).floorDiv(own) + 1);
      }
    });
    if (lower.empty() && upper.empty())
      return {};
    lower.push_back(b.getAffineConstantExpr(0));
    upper.push_back(nest->extents[dim]);
    unsigned loops = operands.size();
    llvm::append_range(operands, frame.indexArguments);
    auto map = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(loops, operands.size() - loops, exprs, b.getContext());
    };
    SmallVector<OpFoldResult> arguments(operands.begin(), operands.end());
    auto value = [&](OpFoldResult bound) {
      return getValueOrCreateConstantIndexOp(b, loc, bound);
    };
    loc = named(dimName(dim) + "_begin");
    Value begin = value(affine::makeComposedFoldedAffineMax(b, loc, map(lower), arguments));
    loc = named(dimName(dim) + "_end");
    Value end = value(affine::makeComposedFoldedAffineMin(b, loc, map(upper), arguments));
    loc = b.getUnknownLoc();
    return {begin, end};
  }

  //===--- reductions across the lanes ------------------------------------===//

  void acrossLanes() {
    const Statement &root = nest->root();
    unsigned lane = schedule->lane;
    int64_t size = nest->sizes[lane], block = schedule->block();
    bool dynamic = nest->isDynamic(lane);
    int64_t full = dynamic ? block : size / block * block;
    Operation *combiner = combinerOf(root.op, 0);
    Value start = arith::ConstantOp::create(b, loc, initialValue(root.op, 0));

    SmallVector<unsigned> dims = reductionOrder(*nest);
    dims.pop_back(); // the lanes come last
    // Vectors side by side, and one scalar for what is left over.
    SmallVector<Value> accumulators;
    accumulatorNames.clear();
    int64_t vectors = full ? schedule->vectors : 0;
    for (int64_t v = 0; v < vectors; ++v) {
      accumulators.push_back(splat(start, schedule->width));
      accumulatorNames.push_back("acc_" + std::to_string(v));
    }
    accumulators.push_back(start);
    accumulatorNames.push_back("acc");
    accumulators = reduce(dims, accumulators, false, 1, [&](SmallVector<Value> current) {
      return stepAcrossLanes(std::move(current), vectors, full, combiner);
    });
    Value total = accumulators.pop_back_val();
    if (vectors) {
      Value sum = accumulators.front();
      for (Value other : ArrayRef(accumulators).drop_front())
        sum = combine(combiner, sum, other);
      total = combine(combiner, total, acrossVector(combiner, sum));
    }
    finish(total, 0, 1);
  }

  SmallVector<Value> stepAcrossLanes(SmallVector<Value> current,
                                     int64_t vectors, int64_t full,
                                     Operation *combiner) {
    unsigned lane = schedule->lane;
    int64_t size = nest->sizes[lane], width = schedule->width;
    const Statement &root = nest->root();
    auto block = [&](ArrayRef<Value> accumulators) {
      SmallVector<Value> next;
      for (auto [v, accumulator] : llvm::enumerate(accumulators))
        next.push_back(
            evaluateBody(root, v * width, width, accumulator).front());
      return next;
    };
    Value scalar = current.pop_back_val();
    auto overLanes = [&](Value begin, Value end, int64_t step,
                         SmallVector<Value> carried, StringRef name,
                         llvm::function_ref<SmallVector<Value>(ArrayRef<Value>)> body) {
      auto op = scf::ForOp::create(b, loc, begin, end, indexConstant(step), carried);
      op.getInductionVar().setLoc(named(dimName(lane)));
      for (auto [i, argument] : llvm::enumerate(op.getRegionIterArgs()))
        argument.setLoc(named(name.empty() ? StringRef(accumulatorNames[i]) : name));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(op.getBody());
      frame.loops[lane] = op.getInductionVar();
      scf::YieldOp::create(b, loc, body(SmallVector<Value>(op.getRegionIterArgs())));
      frame.loops[lane] = Value();
      return SmallVector<Value>(op.getResults());
    };
    if (nest->isDynamic(lane)) {
      Value blocks = fullSteps(lane, width * vectors);
      current = overLanes(indexConstant(0), blocks, width * vectors, current, "", block);
      scalar = overLanes(blocks, extent(lane), 1, {scalar}, accumulatorNames.back(),
                         [&](ArrayRef<Value> carried) {
                           return evaluateBody(root, 0, 1, carried);
                         })
                   .front();
      current.push_back(scalar);
      return current;
    }
    if (vectors && full == width * vectors)
      current = block(current);
    else if (vectors)
      current = overLanes(indexConstant(0), indexConstant(full), width * vectors,
                          current, "", block);
    offsets[lane] = full;
    int64_t at = 0;
    for (int64_t rest : coverLanes(size - full, width)) {
      if (rest == width && !current.empty()) {
        current[0] = evaluateBody(root, at, rest, current[0]).front();
      } else if (rest == 1) {
        scalar = evaluateBody(root, at, 1, scalar).front();
      } else {
        Value start = splat(
            arith::ConstantOp::create(b, loc, initialValue(root.op, 0)), rest);
        Value part = evaluateBody(root, at, rest, start).front();
        scalar = combine(combiner, scalar, acrossVector(combiner, part));
      }
      at += rest;
    }
    offsets[lane] = 0;
    current.push_back(scalar);
    return current;
  }

  Value combine(Operation *combiner, Value a, Value c) {
    OperationState state(loc, combiner->getName());
    state.addOperands({a, c});
    state.addTypes(a.getType());
    state.addAttributes(combiner->getAttrs());
    return b.create(state)->getResult(0);
  }

  Value acrossVector(Operation *combiner, Value vector) {
    if (!isa<VectorType>(vector.getType()))
      return vector;
    vector::CombiningKind kind =
        llvm::TypeSwitch<Operation *, vector::CombiningKind>(combiner)
            .Case<arith::AddFOp, arith::AddIOp>(
                [](auto) { return vector::CombiningKind::ADD; })
            .Case<arith::MulFOp, arith::MulIOp>(
                [](auto) { return vector::CombiningKind::MUL; })
            .Case([](arith::MaximumFOp) { return vector::CombiningKind::MAXIMUMF; })
            .Case([](arith::MinimumFOp) { return vector::CombiningKind::MINIMUMF; })
            .Case([](arith::MaxNumFOp) { return vector::CombiningKind::MAXNUMF; })
            .Case([](arith::MinNumFOp) { return vector::CombiningKind::MINNUMF; })
            .Case([](arith::MaxSIOp) { return vector::CombiningKind::MAXSI; })
            .Case([](arith::MinSIOp) { return vector::CombiningKind::MINSI; })
            .Case([](arith::MaxUIOp) { return vector::CombiningKind::MAXUI; })
            .Case([](arith::MinUIOp) { return vector::CombiningKind::MINUI; })
            .Case([](arith::AndIOp) { return vector::CombiningKind::AND; })
            .Case([](arith::OrIOp) { return vector::CombiningKind::OR; })
            .Default([](auto) { return vector::CombiningKind::XOR; });
    return vector::ReductionOp::create(b, loc, kind, vector);
  }

  //===--- bodies ---------------------------------------------------------===//

  /// Elementwise nests: every statement at every vector of the block.
  void evaluate(ArrayRef<int64_t> widths) {
    int64_t lane = 0;
    for (int64_t width : widths) {
      registers.clear();
      for (const Statement &statement : nest->statements)
        complete(statement, evaluateBody(statement, lane, width, {}), lane,
                 width);
      lane += width;
    }
  }

  /// Stores the root's results and runs the epilogue.
  void finish(ArrayRef<Value> results, int64_t lane, int64_t width) {
    registers.clear();
    complete(nest->root(), results, lane, width);
    for (const Statement &statement : ArrayRef(nest->statements).drop_front())
      complete(statement, evaluateBody(statement, lane, width, {}), lane, width);
  }

  void complete(const Statement &statement, ArrayRef<Value> values,
                int64_t lane, int64_t width) {
    for (auto [i, value] : llvm::enumerate(values)) {
      registers[statement.results[i]] = value;
      if (statement.stores[i].kind == Access::Buffer)
        store(statement.stores[i], value, lane, width);
      else if (width == 1)
        rowValues[statement.results[i]] = value;
    }
  }

  static int64_t lanesOf(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? vector.getNumElements() : 1;
  }

  Value splat(Value value, int64_t width) {
    if (width == 1 || isa<VectorType>(value.getType()))
      return value;
    auto type = VectorType::get({width}, value.getType());
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      return arith::ConstantOp::create(
          b, constant.getLoc(),
          DenseElementsAttr::get(type, Attribute(constant.getValue())));
    return vector::BroadcastOp::create(b, value.getLoc(), type, value);
  }

  /// Results of the statement's body at the current offsets, `width` lanes from `lane` on; accumulators for a reduction.
  SmallVector<Value> evaluateBody(const Statement &statement, int64_t lane,
                                  int64_t width, ArrayRef<Value> accumulators) {
    if (!statement.op)
      return {splat(load(statement.inputs[0], lane, width), width)};
    if (schedule->terms > 1 && !accumulators.empty())
      return {sumOfTerms(statement, lane, width, accumulators.front())};
    Block &body = statement.op.getRegion().front();
    IRMapping map;
    for (auto [i, access] : llvm::enumerate(statement.inputs))
      if (access.kind != Access::Unused)
        map.map(body.getArgument(i), load(access, lane, width));
    for (auto [i, accumulator] : llvm::enumerate(accumulators))
      map.map(body.getArgument(statement.inputs.size() + i), accumulator);
    for (Operation &op : body.without_terminator())
      evaluateOperation(op, statement, map, lane, width, !accumulators.empty());
    SmallVector<Value> results;
    for (Value value : body.getTerminator()->getOperands())
      results.push_back(splat(lookup(map, value), width));
    return results;
  }

  /// The sum and the products of the steps that are taken at once.
  Value sumOfTerms(const Statement &root, int64_t lane, int64_t width, Value sum) {
    int64_t packed = schedule->packed[0];
    bool isUnsigned = isUnsignedFactor(*nest, 1 - packed);
    Value weights = loadInside(root.inputs[packed], lane, width), others = loadTerms(root.inputs[1 - packed]);
    if (schedule->terms == 4 || isa<FloatType>(root.inputs[packed].element))
      return DotOp::create(b, sum.getLoc(), sum.getType(), others, weights, sum, isUnsigned);
    return DotOp::create(b, sum.getLoc(), sum.getType(), asShorts(others, isUnsigned), asShorts(weights, isUnsignedFactor(*nest, packed)), sum);
  }

  /// `more` elements behind any that the access reads still lie in its buffer.
  bool hasElementsBehind(const Access &access, int64_t more) {
    auto type = cast<MemRefType>(frame.buffers[access.buffer].getType());
    if (!type.hasStaticShape())
      return false;
    int64_t last = access.linear->offset + more;
    for (auto [dim, coefficient] : llvm::enumerate(access.linear->coefficients)) {
      if (coefficient < 0 || (coefficient && nest->isDynamic(dim)))
        return false;
      last += coefficient * (nest->sizes[dim] - 1);
    }
    return access.bounds.empty() && llvm::all_of(access.linear->symbols, [](int64_t s) { return s == 0; }) && last < type.getNumElements();
  }

  /// Neighbouring steps of the innermost reduction. After the last one, whose weights are zeros, zeros or whatever lies there.
  Value loadTerms(const Access &access) {
    unsigned innermost = reductionOrder(*nest).back();
    int64_t terms = schedule->terms;
    Address at = address(access, 0);
    Value buffer = frame.buffers[access.buffer];
    auto type = VectorType::get({terms}, access.element);
    auto key = std::make_tuple(&access, b.getInsertionBlock(), keyOf(at.index), -presentTerms);
    Value &known = loads[key];
    if (known)
      return known;
    // Zero times what lies there is zero only of integers.
    bool isReadable = presentTerms == terms || (!isa<FloatType>(access.element) && hasElementsBehind(access, terms - presentTerms));
    if (access.stride(innermost) == 1 && isReadable)
      return known = vector::LoadOp::create(b, buffer.getLoc(), type, buffer, at.index);
    SmallVector<Value> elements;
    for (int64_t t = 0; t < terms; ++t) {
      offsets[innermost] += t;
      elements.push_back(t < presentTerms
                             ? Value(memref::LoadOp::create(b, buffer.getLoc(), buffer, address(access, 0).index))
                             : arith::ConstantOp::create(b, loc, b.getZeroAttr(access.element)));
      offsets[innermost] -= t;
    }
    return known = vector::FromElementsOp::create(b, buffer.getLoc(), type, elements);
  }

  static Value extended(OpBuilder &b, Location loc, Type type, Value value, bool isUnsigned) {
    if (isUnsigned)
      return arith::ExtUIOp::create(b, loc, type, value);
    return arith::ExtSIOp::create(b, loc, type, value);
  }

  Value asShorts(Value value, bool isUnsigned) {
    auto type = cast<VectorType>(value.getType());
    if (type.getElementType().isInteger(16))
      return value;
    Value &wide = shorts[value];
    if (!wide)
      wide = extended(b, value.getLoc(), VectorType::get(type.getShape(), b.getI16Type()), value, isUnsigned);
    return wide;
  }

  /// Values from outside of the body are constants, operands of the kernel, or sizes over these.
  Value lookup(IRMapping &map, Value value) {
    if (Value mapped = map.lookupOrNull(value))
      return mapped;
    // Operations are cloned by the map, which must know what stands for each operand.
    Value found;
    for (auto [scalar, mapped] : llvm::zip(nests.scalarArguments, frame.scalarArguments))
      if (scalar == value)
        found = mapped;
    Operation *constant = value.getDefiningOp<arith::ConstantOp>();
    if (!found && !constant && isa<IndexType>(value.getType()))
      if (AffineExpr size = Sizes().of(OpFoldResult(value), kernel.getContext()))
        found = sizeValue(size);
    assert((found || constant) && "a body uses what is neither its own nor constant");
    if (!found)
      found = b.clone(*constant)->getResult(0);
    map.map(value, found);
    return found;
  }

  /// The product of `acc + a * b` where the target adds and multiplies at once.
  static Operation *fusedProduct(Operation &op, Value accumulator) {
    auto add = dyn_cast<arith::AddFOp>(op);
    if (!add || (add.getLhs() != accumulator && add.getRhs() != accumulator))
      return nullptr;
    Value term = add.getLhs() == accumulator ? add.getRhs() : add.getLhs();
    auto product = term.getDefiningOp<arith::MulFOp>();
    return product && product->hasOneUse() ? product.getOperation() : nullptr;
  }

  bool fuses(const Statement &statement, Operation &op, bool reducing) {
    return reducing && target.fma && op.getNumResults() == 1 &&
           op.getResult(0).getType().isF32();
  }

  void evaluateOperation(Operation &op, const Statement &statement,
                         IRMapping &map, int64_t lane, int64_t width,
                         bool reducing) {
    Block &body = *op.getBlock();
    Value accumulator =
        reducing ? body.getArgument(statement.inputs.size()) : Value();
    if (fuses(statement, op, reducing)) {
      if (op.hasOneUse() && fusedProduct(**op.user_begin(), accumulator) == &op)
        return;
      if (Operation *product = fusedProduct(op, accumulator)) {
        Value a = splat(lookup(map, product->getOperand(0)), width);
        Value c = splat(lookup(map, product->getOperand(1)), width);
        map.map(op.getResult(0),
                math::FmaOp::create(b, map.lookup(accumulator).getLoc(), a, c,
                                    map.lookup(accumulator)));
        return;
      }
    }
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      map.map(index.getResult(), indexValue(statement.dims[index.getDim()]));
      return;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      auto [buffer, at] = elementPlace(extract.getTensor(), extract.getIndices(), map);
      map.map(extract.getResult(), memref::LoadOp::create(b, extract.getLoc(), buffer, at).getResult());
      return;
    }
    if (auto address = dyn_cast<AddressOp>(op)) {
      auto [buffer, at] = elementPlace(address.getMemory(), address.getIndices(), map);
      map.map(address.getResult(), AddressOp::create(b, address.getLoc(), b.getI64Type(), buffer, at).getResult());
      return;
    }
    if (auto string = dyn_cast<StringOp>(op); string && string.getMakes()) {
      SmallVector<Value> operands;
      for (Value operand : string.getOperands())
        operands.push_back(lookup(map, operand));
      operands.push_back(frame.pool);
      map.map(string.getResult(), StringOp::create(b, string.getLoc(), string.getType(), string.getName(), operands, true).getResult());
      return;
    }
    if (auto assertion = dyn_cast<cf::AssertOp>(op)) {
      Value bad = arith::XOrIOp::create(
          b, op.getLoc(), lookup(map, assertion.getArg()),
          arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
      auto branch = scf::IfOp::create(b, op.getLoc(), bad, /*withElse=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Value one = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
      memref::StoreOp::create(b, op.getLoc(), one, frame.status, indexConstant(0));
      return;
    }
    // One conversion for all points that want the same element.
    Value *converted = nullptr;
    if (isa<arith::ExtFOp>(op) && isa<BlockArgument>(op.getOperand(0))) {
      converted = &conversions[{lookup(map, op.getOperand(0)), b.getInsertionBlock()}];
      if (*converted) {
        map.map(op.getResult(0), *converted);
        return;
      }
    }
    SmallVector<Value> operands;
    int64_t lanes = 1;
    for (Value operand : op.getOperands()) {
      operands.push_back(lookup(map, operand));
      lanes = std::max(lanes, lanesOf(operands.back().getType()));
    }
    if (op.getNumRegions() || lanes == 1) {
      map.map(op.getResults(), b.clone(op, map)->getResults());
      if (converted)
        *converted = map.lookup(op.getResult(0));
      return;
    }
    OperationState state(op.getLoc(), op.getName());
    for (auto [i, operand] : llvm::enumerate(operands)) {
      // One condition for all lanes stays one.
      bool condition = i == 0 && isa<arith::SelectOp>(op);
      state.operands.push_back(condition ? operand : splat(operand, lanes));
    }
    for (Type type : op.getResultTypes())
      state.types.push_back(VectorType::get({lanes}, type));
    state.addAttributes(op.getAttrs());
    map.map(op.getResults(), b.create(state)->getResults());
    if (converted)
      *converted = map.lookup(op.getResult(0));
  }

  /// An expression over the nest's dimensions at the current offsets.
  Value indexValue(AffineExpr expr, int64_t lane = 0) {
    SmallVector<AffineExpr> dims;
    SmallVector<Value> operands;
    for (unsigned dim = 0; dim < nest->sizes.size(); ++dim) {
      int64_t offset =
          offsets[dim] + (int64_t(dim) == schedule->lane ? lane : 0);
      AffineExpr value = b.getAffineConstantExpr(offset);
      if (frame.loops[dim] && expr.isFunctionOfDim(dim)) {
        value = b.getAffineDimExpr(operands.size()) + offset;
        operands.push_back(frame.loops[dim]);
      }
      dims.push_back(value);
    }
    unsigned numDims = operands.size(), numSymbols = frame.indexArguments.size();
    llvm::append_range(operands, frame.indexArguments);
    expr = expr.replaceDims(dims);
    expr = expr.isPureAffine() ? simplifyAffineExpr(expr, numDims, numSymbols) : simplifiedSize(expr);
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return indexConstant(constant.getValue());
    AffineMap affine = AffineMap::get(numDims, numSymbols, expr);
    affine::canonicalizeMapAndOperands(&affine, &operands);
    return affine::AffineApplyOp::create(b, loc, affine, operands);
  }

  /// The buffer of a tensor that lies in memory as it is, and the flat index of an element at computed indices.
  std::pair<Value, Value> elementPlace(Value tensor, ValueRange indices, IRMapping &map) {
    Sizes shapes;
    AffineExpr flat = b.getAffineConstantExpr(0);
    SmallVector<Value> operands;
    for (auto [index, size] : llvm::zip(indices, shapes.of(tensor))) {
      flat = flat * size + b.getAffineDimExpr(operands.size());
      operands.push_back(lookup(map, index));
    }
    while (isReshape(tensor.getDefiningOp()))
      tensor = viewSource(tensor.getDefiningOp());
    Value buffer = frame.buffers[nests.bufferOf.lookup(tensor)];
    unsigned dims = operands.size();
    llvm::append_range(operands, frame.indexArguments);
    AffineMap affine = AffineMap::get(dims, operands.size() - dims, flat);
    affine::canonicalizeMapAndOperands(&affine, &operands);
    if (auto constant = dyn_cast<AffineConstantExpr>(affine.getResult(0)))
      return {buffer, indexConstant(constant.getValue())};
    return {buffer, affine::AffineApplyOp::create(b, loc, affine, operands)};
  }

  //===--- memory ---------------------------------------------------------===//

  struct Address {
    Value index;
    int64_t laneStride; ///< 0: the same for all lanes
  };
  /// Lanes are no constant distance apart.
  static constexpr int64_t kUneven = INT64_MIN;

  bool isPacked(const Access &access) const {
    return packedAccesses.contains(&access);
  }

  Address address(const Access &access, int64_t lane) {
    if (!access.linear) {
      std::optional<int64_t> stride =
          schedule->lane == -1 ? 0 : access.stride(schedule->lane);
      return {indexValue(access.index, lane), stride.value_or(kUneven)};
    }
    Linear linear = isPacked(access)
                        ? packedIndex(*nest, *schedule, access, blockLanes)
                        : *access.linear;
    int64_t laneStride = schedule->lane == -1 ? 0
                         : isPacked(access)   ? schedule->terms
                                              : linear[schedule->lane];
    int64_t offset = linear.offset + laneStride * lane;
    AffineExpr expr = b.getAffineConstantExpr(0);
    SmallVector<Value> operands;
    for (auto [dim, coefficient] : llvm::enumerate(linear.coefficients)) {
      offset += coefficient * offsets[dim];
      if (!coefficient || !frame.loops[dim])
        continue;
      expr = expr + b.getAffineDimExpr(operands.size()) * coefficient;
      operands.push_back(frame.loops[dim]);
    }
    for (auto [i, coefficient] : llvm::enumerate(linear.symbols)) {
      if (!coefficient)
        continue;
      expr = expr + b.getAffineDimExpr(operands.size()) * coefficient;
      operands.push_back(frame.indexArguments[i]);
    }
    if (operands.empty())
      return {indexConstant(offset), laneStride};
    Block *block = b.getInsertionBlock();
    Value &base = bases[{&access, block}];
    // Another loop's value in the same block means another base.
    auto before = base ? base.getDefiningOp<affine::AffineApplyOp>() : nullptr;
    if (!before || before.getMap().getResult(0) != expr ||
        !llvm::equal(before.getOperands(), operands))
      base = affine::AffineApplyOp::create(
          b, named("at"), AffineMap::get(operands.size(), 0, expr), operands);
    if (!offset)
      return {base, laneStride};
    return {affine::AffineApplyOp::create(b, loc, b.getAffineDimExpr(0) + offset,
                                          base),
            laneStride};
  }

  Value load(const Access &access, int64_t lane, int64_t width) {
    if (access.kind == Access::Constant)
      return arith::ConstantOp::create(b, loc, access.constant);
    if (access.kind == Access::Value) {
      auto found = registers.find(access.value);
      return found != registers.end() ? found->second
                                      : rowValues.lookup(access.value);
    }
    if (access.bounds.empty() || access.skippable)
      return loadInside(access, lane, width);
    bool varies = schedule->lane != -1 && access.dependsOn(schedule->lane);
    int64_t lanes = varies ? width : 1;
    Value inside;
    for (const Bound &bound : access.bounds) {
      auto known = llvm::find_if(inCopy, [&](auto &part) { return bound.index.isFunctionOfDim(part.first); });
      if (known != inCopy.end() && known->second)
        continue;
      if (known != inCopy.end())
        return splat(arith::ConstantOp::create(b, loc, access.padding), lanes);
      Value index = indexValue(bound.index, lane);
      Value low = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, index,
                                        indexConstant(0));
      Value high = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                         index, sizeValue(bound.extent));
      Value both = arith::AndIOp::create(b, loc, low, high);
      inside = inside ? arith::AndIOp::create(b, loc, inside, both).getResult()
                      : both;
    }
    if (!inside)
      return loadInside(access, lane, width);
    Type type = lanes == 1 ? access.element
                           : Type(VectorType::get({lanes}, access.element));
    auto branch = scf::IfOp::create(b, loc, TypeRange(type), inside,
                                    /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(b, loc, loadInside(access, lane, width));
    b.setInsertionPointToStart(branch.elseBlock());
    Value padding = arith::ConstantOp::create(b, loc, access.padding);
    scf::YieldOp::create(b, loc, splat(padding, lanes));
    return branch.getResult(0);
  }

  Value loadInside(const Access &access, int64_t lane, int64_t width) {
    Address at = address(access, lane);
    Value buffer = frame.buffers[access.buffer];
    // One load for all points that want the same element.
    auto key = std::make_tuple(&access, b.getInsertionBlock(),
                               at.index.getDefiningOp()
                                   ? keyOf(at.index)
                                   : std::make_pair(at.index.getAsOpaquePointer(), int64_t(0)),
                               at.laneStride ? width : 1);
    if (auto found = loads.find(key); found != loads.end())
      return found->second;
    Location where = buffer.getLoc();
    Value value;
    if (isPacked(access) && schedule->terms > 1) {
      value = vector::LoadOp::create(
          b, where, VectorType::get({width * schedule->terms}, access.element), buffer, at.index);
    } else if (at.laneStride == 0 || width == 1) {
      value = memref::LoadOp::create(b, where, buffer, at.index);
    } else if (at.laneStride == 1) {
      value = vector::LoadOp::create(
          b, where, VectorType::get({width}, access.element), buffer, at.index);
    } else {
      SmallVector<Value> elements;
      for (int64_t l = 0; l < width; ++l)
        elements.push_back(memref::LoadOp::create(b, where, buffer,
                                                  address(access, lane + l).index));
      value = vector::FromElementsOp::create(
          b, where, VectorType::get({width}, access.element), elements);
    }
    loads[key] = value;
    return value;
  }

  /// An index as base and constant.
  static std::pair<void *, int64_t> keyOf(Value index) {
    if (auto constant = index.getDefiningOp<arith::ConstantIndexOp>())
      return {nullptr, constant.value()};
    auto apply = index.getDefiningOp<affine::AffineApplyOp>();
    if (apply && apply.getNumOperands() == 1)
      if (auto sum = dyn_cast<AffineBinaryOpExpr>(apply.getMap().getResult(0)))
        if (sum.getKind() == AffineExprKind::Add &&
            isa<AffineDimExpr>(sum.getLHS()) &&
            isa<AffineConstantExpr>(sum.getRHS()))
          return {apply.getOperand(0).getAsOpaquePointer(),
                  cast<AffineConstantExpr>(sum.getRHS()).getValue()};
    return {index.getAsOpaquePointer(), 0};
  }

  void store(const Access &access, Value value, int64_t lane, int64_t width) {
    Address at = address(access, lane);
    Value buffer = frame.buffers[access.buffer];
    if (width == 1) {
      memref::StoreOp::create(b, loc, value, buffer, at.index);
      return;
    }
    if (at.laneStride == 1) {
      vector::StoreOp::create(b, loc, value, buffer, at.index);
      return;
    }
    for (int64_t l = 0; l < width; ++l) {
      Value element =
          vector::ExtractOp::create(b, value.getLoc(), value, ArrayRef<int64_t>{l});
      memref::StoreOp::create(b, loc, element, buffer,
                              address(access, lane + l).index);
    }
  }

  KernelOp kernel;
  std::string name;
  const Target &target;
  KernelNests nests;
  std::vector<Schedule> schedules;
  OpBuilder b;
  Location loc;
  ExpandedKernel result;

  llvm::SmallPtrSet<const Access *, 4> packedAccesses;
  llvm::DenseMap<unsigned, int64_t> packedSizes; ///< by buffer
  std::map<std::string, func::FuncOp> tiles;

  // Where the expander stands.
  Frame frame;
  Nest *nest = nullptr;
  Schedule *schedule = nullptr;
  Value firstUnit, lastUnit; ///< the function's part of the shared dimension; null: all
  SmallVector<int64_t> offsets;
  std::vector<std::pair<Place, Place>> places; ///< of the tile's points, where they are in more than one row
  std::map<unsigned, bool> inCopy; ///< of dimensions of a padded copy: whether the current part of the loop is copied, not padding
  int64_t blockLanes = 0;
  std::vector<std::string> accumulatorNames;
  bool addingParts = false; ///< in the loops that add up partial sums
  int64_t writtenOut = -1; ///< the innermost reduction dimension, where a step of the tile takes all of its points
  int64_t presentTerms = 1; ///< of the schedule's terms, at the current step
  DenseMap<Value, Value> shorts; ///< int8 vectors as int16
  DenseMap<std::pair<Value, Block *>, Value> conversions; ///< of loaded halves
  DenseMap<Value, Value> registers; ///< of the current point
  DenseMap<Value, Value> rowValues; ///< of the current row
  std::map<std::pair<const Access *, Block *>, Value> bases;
  std::map<std::tuple<const Access *, Block *, std::pair<void *, int64_t>, int64_t>,
           Value>
      loads;
};
} // namespace

FailureOr<ExpandedKernel> ingot::expandKernel(KernelOp kernel, StringRef name,
                                              const Target &target) {
  if (!kernel.getSchedule())
    return kernel.emitError("has no schedule");
  FailureOr<KernelNests> nests = buildNests(kernel);
  if (failed(nests))
    return failure();
  return Expander(kernel, name, target, std::move(*nests)).run();
}
