//===- PlanMemory.cpp - from values between kernels to buffers ------------===//
//
// Three steps. Storages: every tensor value of @main gets a storage (input, output, weights or arena); storages that may be
// one are merged, so that results are computed where they are needed. Emission: @main is written anew on flat buffers, with
// copies where values could not be merged, and each arena buffer's first and last use is noted. Packing: the
// buffers get their offsets.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/memory/Packing.h"
#include "compiler/memory/Passes.h"
#include "compiler/memory/WeightSegment.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "compiler/support/CodeOptions.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/memory/Passes.h.inc"
} // namespace ingot

namespace {

/// A constant that is one value repeated is written by a kernel when it takes
/// more bytes than this, so that it does not swell the weight segment.
constexpr int64_t kLargestStoredSplat = int64_t(1) << 20;

/// What stands at the arena's start where it is needed: the status word, the pool of strings (where it is free and where it ends), then the pool's bytes.
constexpr int64_t kPoolOffset = 16;
/// Bytes of the pool unless the module says how many: so many for each string that a kernel makes, and no fewer; of open sizes nobody knows how many strings there are.
constexpr int64_t kBytesOfString = 128, kLeastPool = 4096, kOpenPool = 65536, kMostPool = int64_t(1) << 40;

/// The flat buffer that holds a tensor, of unknown length where a size is not
/// static; null where its size overflows.
MemRefType bufferType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !elementBytes(tensor.getElementType()))
    return {};
  if (!tensor.hasStaticShape())
    return MemRefType::get({ShapedType::kDynamic}, tensor.getElementType());
  if (!byteSize(tensor))
    return {};
  return MemRefType::get({tensor.getNumElements()}, tensor.getElementType());
}

bool isLargeSplat(arith::ConstantOp op) {
  return splatValue(op.getValue()) &&
         *byteSize(cast<ShapedType>(op.getType())) > kLargestStoredSplat;
}

/// The value that a chain of reshapes shows.
Value viewedValue(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// The steps of the original @main at which a value is needed, from the one
/// that computes it to its last use.
struct Life {
  int64_t first;
  int64_t last;
};

/// What holds the bytes of one or more tensor values.
struct Storage {
  enum Kind { Arena, Input, Output, Weights };
  Kind kind = Arena;
  MemRefType type;
  /// Elements over the module's sizes and those that data give, where the type does not tell.
  AffineExpr count;
  /// Input: argument of @main; output: its result.
  unsigned index = 0;
  arith::ConstantOp constant;
  /// One for each value; they do not overlap. Only the arena's count.
  SmallVector<Life, 2> lives;
};

//===----------------------------------------------------------------------===//
// Storages
//===----------------------------------------------------------------------===//

/// Gives every tensor value of a function a storage and merges those that may be one. Two may when their values do not live at the same
/// time, which holds along every path, since lives are intervals of the text: branches are one behind the other, and what a loop
/// reads from before it lives until the loop's end.
class Storages {
public:
  LogicalResult assign(func::FuncOp main);

  unsigned id(Value value) { return find(ids.lookup(viewedValue(value))); }
  Storage &of(Value value) { return list[id(value)]; }
  Storage &get(unsigned id) { return list[find(id)]; }
  Sizes &getSizes() { return sizes; }

private:
  void count(Block &block);
  LogicalResult check(Operation &op);
  LogicalResult create(Value value, Storage::Kind kind, int64_t step);
  Life lifeOf(Value value, int64_t first);
  unsigned find(unsigned id);
  /// Merges the storages of two values if that is possible. `touching` is a
  /// step at which one may end where the other begins, or -1.
  void tryMerge(Value from, Value into, int64_t touching = -1);
  void mergeInPlace(LaunchOp op);

  Sizes sizes;
  std::vector<Storage> list;
  std::vector<unsigned> parents;
  DenseMap<Value, unsigned> ids;
  /// Step of each operation, and of the end of those with regions.
  DenseMap<Operation *, std::pair<int64_t, int64_t>> steps;
  int64_t step = 0;
};

unsigned Storages::find(unsigned id) {
  while (parents[id] != id)
    id = parents[id] = parents[parents[id]];
  return id;
}

void Storages::tryMerge(Value from, Value into, int64_t touching) {
  unsigned a = id(from), b = id(into);
  if (a == b || list[a].kind != Storage::Arena ||
      list[b].kind != Storage::Arena || list[a].type != list[b].type ||
      list[a].count != list[b].count)
    return;
  for (Life x : list[a].lives)
    for (Life y : list[b].lives) {
      bool touch = (x.last == touching && y.first == touching) ||
                   (y.last == touching && x.first == touching);
      if (!touch && x.first <= y.last && y.first <= x.last)
        return;
    }
  parents[a] = b;
  list[b].lives.append(list[a].lives);
}

/// The last step at which the value or a view of it is used. A use in a loop
/// that the value comes from outside of repeats until the loop ends.
Life Storages::lifeOf(Value value, int64_t first) {
  Life life{first, first};
  SmallVector<Value> views = {value};
  while (!views.empty())
    for (Operation *user : views.pop_back_val().getUsers()) {
      int64_t used = steps[user].first;
      for (Operation *parent = user->getParentOp();
           !parent->isAncestor(value.getParentRegion()->getParentOp()) ;
           parent = parent->getParentOp())
        if (isa<scf::ForOp>(parent))
          used = steps[parent].second;
      life.last = std::max(life.last, used);
      if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user))
        views.push_back(user->getResult(0));
    }
  return life;
}

LogicalResult Storages::create(Value value, Storage::Kind kind, int64_t step) {
  if (!isa<TensorType>(value.getType()))
    return success();
  Storage storage;
  storage.kind = kind;
  storage.type = bufferType(value.getType());
  if (!storage.type)
    return emitError(value.getLoc())
           << "a value of type " << value.getType()
           << " has no size that fits 64 bits; give the model's inputs smaller "
              "shapes";
  if (!isStatic(value.getType())) {
    ArrayRef<AffineExpr> shape = sizes.of(value);
    if (shape.empty())
      return emitError(value.getLoc())
             << "the size of a value depends on data, which is not supported";
    if (canExceed(shape, elementBytes(storage.type.getElementType()), int64_t(1) << 60, value.getDefiningOp() ? value.getDefiningOp() : value.getParentBlock()->getParentOp()))
      return emitError(value.getLoc())
             << "a value of type " << value.getType()
             << " can be larger than any memory; give the model's inputs smaller shapes";
    storage.count = productOf(shape, value.getContext());
  }
  storage.lives.push_back(lifeOf(value, step));
  ids[value] = list.size();
  parents.push_back(list.size());
  list.push_back(storage);
  return success();
}

/// Numbers the operations, so that a branch, a loop's body and its carried
/// values have steps of their own.
void Storages::count(Block &block) {
  for (Operation &op : block) {
    int64_t begin = ++step;
    step += isa<scf::ForOp>(op);
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        count(inner);
    steps[&op] = {begin, op.getNumRegions() ? ++step : begin};
  }
}

/// Creates the storages of the operation's results and carried values.
LogicalResult Storages::check(Operation &op) {
  auto [begin, end] = steps[&op];
  auto createResults = [&](int64_t step) {
    for (Value result : op.getResults())
      if (failed(create(result, Storage::Arena, step)))
        return failure();
    return success();
  };
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    Value result = constant.getResult();
    if (!isa<TensorType>(result.getType()))
      return success();
    if (failed(create(result, Storage::Weights, begin)))
      return failure();
    of(result).constant = constant;
    if (isLargeSplat(constant))
      of(result).kind = Storage::Arena;
    return success();
  }
  if (isa<LaunchOp, tensor::EmptyOp, tensor::FromElementsOp>(op))
    return createResults(begin);
  // Joined and carried values come to be where the operation ends.
  if (isa<scf::IfOp>(op))
    return createResults(end);
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [argument, result] :
         llvm::zip(loop.getRegionIterArgs(), loop.getResults())) {
      if (failed(create(argument, Storage::Arena, begin + 1)))
        return failure();
      if (!isa<TensorType>(argument.getType()))
        continue;
      of(argument).lives.push_back(lifeOf(result, end));
      ids[result] = ids[argument];
    }
    return success();
  }
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractOp,
          scf::YieldOp, func::ReturnOp>(op))
    return success();
  bool scalar = op.getNumRegions() == 0 && isMemoryEffectFree(&op) &&
                llvm::none_of(op.getOperandTypes(), llvm::IsaPred<TensorType>) &&
                llvm::none_of(op.getResultTypes(), llvm::IsaPred<TensorType>);
  if (!scalar)
    return op.emitError()
           << "'" << op.getName()
           << "' between kernels cannot be given memory; form kernels and "
              "schedule them first";
  return success();
}

LogicalResult Storages::assign(func::FuncOp main) {
  Block &block = main.getBody().front();
  count(block);
  for (BlockArgument argument : main.getArguments()) {
    if (!isa<TensorType>(argument.getType()))
      return main.emitError() << "an input of type " << argument.getType()
                              << " is no tensor";
    if (failed(create(argument, Storage::Input, 0)))
      return failure();
    of(argument).index = argument.getArgNumber();
  }
  WalkResult walk = main.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != main && failed(check(*op)))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();

  auto mergeAll = [&](ValueRange from, ValueRange into) {
    for (auto [source, target] : llvm::zip(from, into))
      if (isa<TensorType>(target.getType()))
        tryMerge(source, target);
  };
  main.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto launch = dyn_cast<LaunchOp>(op))
      mergeInPlace(launch);
    if (auto branches = dyn_cast<scf::IfOp>(op))
      for (Region &region : branches->getRegions())
        if (!region.empty())
          mergeAll(region.front().getTerminator()->getOperands(),
                   branches.getResults());
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      mergeAll(loop.getInitArgs(), loop.getRegionIterArgs());
      mergeAll(loop.getBody()->getTerminator()->getOperands(),
               loop.getRegionIterArgs());
    }
  });
  for (OpOperand &operand : block.getTerminator()->getOpOperands()) {
    if (!isa<TensorType>(operand.get().getType()))
      return main.emitError() << "a result of type " << operand.get().getType()
                              << " is no tensor";
    Storage &storage = of(operand.get());
    // Memory for no element cannot be read where an index is out of range.
    bool isEmpty = storage.count && mostOf(storage.count, main) == getAffineConstantExpr(0, main.getContext());
    if (storage.kind != Storage::Arena || isEmpty)
      continue;
    storage.kind = Storage::Output;
    storage.index = operand.getOperandNumber();
  }
  return success();
}

/// `ingot.inplace = [[result, operand], ...]` names pairs that may be one buffer.
void Storages::mergeInPlace(LaunchOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op, op.getCalleeAttr());
  auto pairs = callee->getAttrOfType<ArrayAttr>("ingot.inplace");
  if (!pairs)
    return;
  for (Attribute attribute : pairs) {
    auto pair = dyn_cast<ArrayAttr>(attribute);
    if (!pair || pair.size() != 2 || !isa<IntegerAttr>(pair[0]) ||
        !isa<IntegerAttr>(pair[1]))
      continue;
    uint64_t result = cast<IntegerAttr>(pair[0]).getInt();
    uint64_t operand = cast<IntegerAttr>(pair[1]).getInt();
    if (result >= op.getNumResults() || operand >= op.getInputs().size() ||
        !isa<TensorType>(op.getInputs()[operand].getType()))
      continue;
    // Another operand of the same bytes may be read otherwise.
    Value source = op.getInputs()[operand];
    unsigned passed = llvm::count_if(op.getInputs(), [&](Value input) {
      return isa<TensorType>(input.getType()) && id(input) == id(source);
    });
    if (passed == 1)
      tryMerge(op.getResult(result), source, steps[op].first);
  }
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

/// Writes @main anew on flat buffers.
class Emitter {
public:
  Emitter(ModuleOp module, func::FuncOp main, Storages &storages)
      : module(module), main(main), storages(storages), symbols(module),
        target(Target::of(module)), builder(module.getContext()),
        head(module.getContext()) {}

  LogicalResult run();

  unsigned copies = 0;
  unsigned buffers = 0;

private:
  /// A view of arena or weights whose offset is a placeholder until packing.
  struct ArenaBuffer {
    memref::ViewOp view;
    Interval interval;
    AffineExpr bytes; ///< over the module's sizes, where only a call knows
  };

  void emitBlock(Block &block);
  void emitOp(Operation &op);
  void emitLaunch(LaunchOp op);
  void emitIf(scf::IfOp op);
  void emitFor(scf::ForOp op);
  void emitExtract(tensor::ExtractOp op);
  void emitFromElements(tensor::FromElementsOp op);
  void emitReturn(func::ReturnOp op);
  /// Copies each pair that is not one buffer, as if all were read before any is
  /// written.
  void emitCopies(Location loc,
                  ArrayRef<std::pair<Value, Value>> sourcesAndTargets);
  void emitCopy(Location loc, Value source, Value target);

  /// Buffer of a tensor value; notes the use.
  Value buffer(Value tensor, Location loc);
  Value storageBuffer(unsigned id, Location loc);
  Value newArenaBuffer(MemRefType type, Location loc, AffineExpr count = {});
  void touch(Value buffer);
  Value index(int64_t value);
  /// An expression over the module's sizes, computed at the start of @main; where sizes that data give are in it, here.
  Value sizeValue(AffineExpr size);
  void emitDataSize(DataSizeOp op);
  /// Places the buffers whose sizes only a call knows behind the others. Returns the bytes of all.
  AffineExpr placeDynamicBuffers(int64_t staticBytes);

  func::FuncOp copyFunction(MemRefType type);
  func::FuncOp fillFunction(MemRefType type, TypedAttr value);
  /// A private function over memrefs of one type that runs `body` for each
  /// vector of elements and then for each element that is left.
  func::FuncOp
  elementFunction(StringRef name, StringRef comment, MemRefType type,
                  ArrayRef<StringRef> arguments,
                  function_ref<void(OpBuilder &, func::FuncOp, Value, Type)> body);

  LogicalResult placeBuffers();
  /// Opens the pool of strings, where a kernel takes from it.
  void preparePool();

  ModuleOp module;
  func::FuncOp main;
  Storages &storages;
  SymbolTable symbols;
  const Target &target;
  OpBuilder builder;
  /// Writes at the start of @main: views and the indices they need.
  OpBuilder head;
  func::FuncOp planned;
  Value arena, weights, status, pool, threads;
  int64_t poolBytes = 0;
  /// Offset of views that are not placed yet; the head ends before it.
  Value unplaced;
  unsigned firstOutput = 0;
  SmallVector<Value> sizes; ///< one for each of the module's sizes: arguments, those derived from them, then those that data gave so far
  Operation *afterSizes = nullptr; ///< the last derived one
  unsigned namedSizes = 0;  ///< how many are arguments or derived
  DenseMap<unsigned, Value> shapes; ///< arguments that take the shapes of outputs, by output
  DenseMap<AffineExpr, Value> sizeValues;
  DenseMap<Value, AffineExpr> counts; ///< elements of buffers whose types do not tell
  IRMapping mapping;
  WeightSegment segment;
  std::vector<ArenaBuffer> arenaBuffers;
  DenseMap<unsigned, Value> storageBuffers;
  DenseMap<std::pair<Type, int64_t>, Value> weightViews;
  DenseMap<Value, unsigned> bufferNumbers;
  DenseMap<int64_t, Value> indices;
  llvm::MapVector<Type, func::FuncOp> copyFunctions;
  DenseMap<std::pair<Type, Attribute>, func::FuncOp> fillFunctions;
  int64_t step = 0;
  bool overflow = false;
};

} // namespace

/// Named location for a buffer argument or view, which becomes its name in text.
static Location named(OpBuilder &builder, StringRef name) {
  return NameLoc::get(builder.getStringAttr(name));
}

/// Dimensions that an input or output has in the model: of a string @main has two numbers, which are none.
static int64_t modelRank(Type type, DictionaryAttr attributes) {
  int64_t rank = cast<RankedTensorType>(type).getRank();
  auto element = attributes ? attributes.getAs<StringAttr>("ingot.type") : StringAttr();
  return rank - (element && element.getValue() == "string" && rank > 0);
}

LogicalResult Emitter::run() {
  FunctionType type = main.getFunctionType();
  SmallVector<Type> arguments;
  for (Type input : type.getInputs())
    arguments.push_back(bufferType(input));
  firstOutput = arguments.size();
  for (Type result : type.getResults()) {
    if (!bufferType(result))
      return main.emitError() << "a result of type " << result
                              << " has no static size that fits 64 bits";
    arguments.push_back(bufferType(result));
  }
  // The sizes are set once they are known.
  Type bytes = MemRefType::get({0}, builder.getI8Type());
  arguments.append(2, bytes);
  SmallVector<StringRef> names = sizeNames(module);
  namedSizes = names.size();
  unsigned chosen = countChosenSizes(module);
  arguments.append(chosen, builder.getIndexType());
  // Outputs whose shapes only data tell: the code writes these, too.
  Operation *exit = main.getBody().front().getTerminator();
  SmallVector<unsigned> untold;
  for (OpOperand &operand : exit->getOpOperands())
    if (llvm::any_of(storages.getSizes().of(operand.get()), [&](AffineExpr size) { return isFromData(size, module); }))
      untold.push_back(operand.getOperandNumber());
  for (unsigned output : untold)
    arguments.push_back(MemRefType::get({modelRank(type.getResult(output), main.getResultAttrDict(output))}, builder.getI64Type()));
  bool isShared = threadsOf(module) > 1;
  if (isShared)
    arguments.push_back(bytes);

  builder.setInsertionPoint(main);
  planned = func::FuncOp::create(
      builder, main.getLoc(), main.getName(),
      builder.getFunctionType(arguments, builder.getI32Type()));
  Block *block = planned.addEntryBlock();
  auto describe = [&](unsigned number, DictionaryAttr attributes, Value tensor) {
    NamedAttrList list(attributes);
    auto type = cast<RankedTensorType>(tensor.getType());
    int64_t rank = modelRank(type, attributes);
    ArrayRef<int64_t> shape = type.getShape().take_front(rank);
    list.set("ingot.shape", builder.getDenseI64ArrayAttr(shape));
    list.erase("ingot.dims");
    if (llvm::is_contained(shape, ShapedType::kDynamic))
      list.set("ingot.sizes",
               AffineMapAttr::get(AffineMap::get(
                   0, symbolNames(module).size(), ArrayRef(storages.getSizes().of(tensor)).take_front(rank),
                   module.getContext())));
    planned.setArgAttrs(number, list.getDictionary(builder.getContext()));
  };
  for (unsigned i = 0; i < type.getNumInputs(); ++i) {
    describe(i, main.getArgAttrDict(i), main.getArgument(i));
    block->getArgument(i).setLoc(main.getArgument(i).getLoc());
  }
  for (unsigned i = 0; i < type.getNumResults(); ++i) {
    describe(firstOutput + i, main.getResultAttrDict(i), exit->getOperand(i));
    planned.setArgAttr(firstOutput + i, "ingot.output", builder.getUnitAttr());
  }
  unsigned arenaNumber = firstOutput + type.getNumResults();
  arena = block->getArgument(arenaNumber);
  weights = block->getArgument(arenaNumber + 1);
  arena.setLoc(named(builder, "arena"));
  weights.setLoc(named(builder, "weights"));
  planned.setArgAttr(arenaNumber, "ingot.arena", builder.getUnitAttr());
  planned.setArgAttr(arenaNumber + 1, "ingot.weights", builder.getUnitAttr());
  for (auto [i, name] : llvm::enumerate(ArrayRef(names).take_front(chosen))) {
    sizes.push_back(block->getArgument(arenaNumber + 2 + i));
    sizes.back().setLoc(named(builder, name));
    planned.setArgAttr(arenaNumber + 2 + i, "ingot.size", builder.getI64IntegerAttr(i));
  }
  for (auto [i, output] : llvm::enumerate(untold)) {
    unsigned number = arenaNumber + 2 + chosen + i;
    shapes[output] = block->getArgument(number);
    auto name = main.getResultAttrOfType<StringAttr>(output, "ingot.name");
    shapes[output].setLoc(named(builder, ((name ? name.getValue() : "output") + "_shape").str()));
    planned.setArgAttr(number, "ingot.shape_of", builder.getI64IntegerAttr(output));
  }
  if (isShared) {
    threads = block->getArguments().back();
    threads.setLoc(named(builder, "threads"));
    planned.setArgAttr(planned.getNumArguments() - 1, kThreads, builder.getUnitAttr());
  }

  // The greatest of expressions, each over the sizes before it.
  builder.setInsertionPointToStart(block);
  for (auto [i, parts] : llvm::enumerate(derivedSizes(module))) {
    AffineMap map = AffineMap::get(0, sizes.size(), parts, module.getContext());
    afterSizes = affine::AffineMaxOp::create(
        builder, named(builder, names[chosen + i]), map, ValueRange(SmallVector<Value>(sizes)));
    sizes.push_back(afterSizes->getResult(0));
  }
  sizes.resize(symbolNames(module).size());

  // The status word is live throughout, so it is placed before everything else.
  bool checked = false;
  main.walk([&](LaunchOp op) {
    checked |= symbols.lookup(op.getCallee())->hasAttr("ingot.checked");
  });
  unplaced = arith::ConstantIndexOp::create(builder, planned.getLoc(), 0);
  head.setInsertionPoint(unplaced.getDefiningOp());
  if (checked) {
    status = memref::ViewOp::create(
        head, named(builder, "status"),
        MemRefType::get({1}, builder.getI32Type()), arena, index(0),
        ValueRange());
    Value zero = arith::ConstantOp::create(builder, main.getLoc(),
                                           builder.getI32IntegerAttr(0));
    memref::StoreOp::create(builder, main.getLoc(), zero, status, index(0));
  }
  preparePool();

  emitBlock(main.getBody().front());
  if (overflow)
    return main.emitError() << "the weights take more than 2^62 bytes";
  if (failed(placeBuffers()))
    return failure();
  unplaced.getDefiningOp()->erase();
  main.erase();
  return success();
}

void Emitter::preparePool() {
  bool needed = false;
  int64_t made = 0;
  main.walk([&](LaunchOp op) {
    if (!symbols.lookup(op.getCallee())->hasAttr("ingot.pool"))
      return;
    needed = true;
    for (Type type : op.getResultTypes())
      made = std::min(made + (isStatic(type) ? cast<RankedTensorType>(type).getNumElements() : kOpenPool / kBytesOfString), kMostPool / kBytesOfString);
  });
  if (!needed)
    return;
  poolBytes = std::max(kLeastPool, made * kBytesOfString);
  if (auto given = module->getAttrOfType<IntegerAttr>("ingot.string_bytes"))
    poolBytes = std::clamp<int64_t>(given.getInt(), 0, kMostPool);
  poolBytes = llvm::alignTo(poolBytes, kArenaAlignment);
  Location loc = main.getLoc();
  Value memory = memref::ViewOp::create(head, named(builder, "strings"), MemRefType::get({poolBytes}, builder.getI8Type()), arena,
                                        index(kArenaAlignment), ValueRange());
  pool = memref::ViewOp::create(head, named(builder, "pool"), MemRefType::get({2}, builder.getI64Type()), arena, index(kPoolOffset), ValueRange());
  Value begin = AddressOp::create(builder, named(builder, "strings_begin"), builder.getI64Type(), memory, index(0));
  Value bytes = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(poolBytes));
  Value end = arith::AddIOp::create(builder, loc, begin, bytes);
  memref::StoreOp::create(builder, loc, begin, pool, index(0));
  memref::StoreOp::create(builder, loc, end, pool, index(1));
}

LogicalResult Emitter::placeBuffers() {
  std::vector<Interval> intervals;
  int64_t sum = 0;
  for (ArenaBuffer &buffer : arenaBuffers) {
    if (buffer.bytes)
      continue;
    // The alignment of all buffers together stays far below the slack.
    if (__builtin_add_overflow(sum, buffer.interval.bytes + kArenaAlignment,
                               &sum) ||
        sum > (int64_t(1) << 62))
      return main.emitError() << "the values between kernels take more than "
                                 "2^62 bytes; use smaller shapes";
    intervals.push_back(buffer.interval);
  }
  int64_t statusBytes = (status || pool ? kArenaAlignment : 0) + poolBytes;
  Packing packing = pack(intervals);
  int64_t arenaBytes = packing.bytes + statusBytes;
  unsigned next = 0;
  for (ArenaBuffer &buffer : arenaBuffers)
    if (!buffer.bytes)
      buffer.view.getByteShiftMutable().assign(
          index(statusBytes + packing.offsets[next++]));
  AffineExpr allBytes = placeDynamicBuffers(arenaBytes);
  // Indices were made on demand; views may stand before them.
  Block &block = planned.getBody().front();
  SmallVector<Value> sorted(llvm::make_second_range(indices));
  llvm::sort(sorted, [](Value a, Value b) {
    return cast<arith::ConstantIndexOp>(a.getDefiningOp()).value() >
           cast<arith::ConstantIndexOp>(b.getDefiningOp()).value();
  });
  for (Value value : sorted)
    value.getDefiningOp()->moveBefore(&block, block.begin());

  ElementsAttr blob = segment.build(module.getContext());
  auto resize = [&](Value argument, int64_t bytes) {
    argument.setType(MemRefType::get({bytes}, builder.getI8Type()));
  };
  bool isDynamic = !isa<AffineConstantExpr>(allBytes);
  resize(arena, isDynamic ? ShapedType::kDynamic : arenaBytes);
  if (isDynamic)
    module->setAttr("ingot.arena_size",
                    AffineMapAttr::get(AffineMap::get(0, sizes.size(), allBytes)));
  resize(weights, segment.getBytes());
  planned.setFunctionType(builder.getFunctionType(
      block.getArgumentTypes(), planned.getResultTypes()));
  module->setAttr("ingot.arena_bytes", builder.getI64IntegerAttr(arenaBytes));
  module->setAttr("ingot.live_bytes",
                  builder.getI64IntegerAttr(greatestLiveBytes(intervals) +
                                            (status ? 4 : 0) + (pool ? 16 : 0) + poolBytes));
  module->setAttr("ingot.weights", blob);
  buffers = arenaBuffers.size();
  return success();
}

Value Emitter::sizeValue(AffineExpr size) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return index(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return sizes[symbol.getPosition()];
  auto apply = [&](OpBuilder &b) {
    // Sizes that are not there yet are not in the expression.
    SmallVector<Value> operands;
    for (Value known : sizes)
      operands.push_back(known ? known : index(0));
    AffineMap map = AffineMap::get(0, operands.size(), size);
    affine::canonicalizeMapAndOperands(&map, &operands);
    return affine::AffineApplyOp::create(b, planned.getLoc(), map, operands);
  };
  if (isFromData(size, module))
    return apply(builder);
  Value &value = sizeValues[size];
  if (!value) {
    OpBuilder front = OpBuilder::atBlockBegin(&planned.getBody().front());
    if (afterSizes)
      front.setInsertionPointAfter(afterSizes);
    value = apply(front);
  }
  return value;
}

/// Sums of as many bytes do not overflow, for any number of buffers that a model has.
constexpr int64_t kMostFactor = int64_t(1) << 40;

AffineExpr Emitter::placeDynamicBuffers(int64_t staticBytes) {
  MLIRContext *context = module.getContext();
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  // Sizes that are multiples of one expression compare as their factors do: such buffers are packed as static ones are, in units of the expression. Which of
  // two other sizes is greater nobody knows, so that the groups lie one behind the other. Factors are multiples of the alignment where that costs little.
  struct Group {
    AffineExpr unit;
    std::vector<Interval> taken;
    SmallVector<memref::ViewOp> views;
  };
  std::vector<Group> groups;
  for (ArenaBuffer &buffer : arenaBuffers) {
    if (!buffer.bytes)
      continue;
    int64_t factor = buffer.bytes.getLargestKnownDivisor();
    AffineExpr unit = factor >= kArenaAlignment && factor < kMostFactor ? exactQuotient(buffer.bytes, constant(factor)) : AffineExpr();
    if (unit)
      factor = llvm::divideCeil(factor, kArenaAlignment);
    else
      factor = 1;
    unit = unit ? unit * kArenaAlignment : buffer.bytes.ceilDiv(kArenaAlignment) * kArenaAlignment;
    unit = simplifiedSize(unit);
    auto group = llvm::find_if(groups, [&](const Group &known) { return known.unit == unit; });
    if (group == groups.end())
      group = groups.insert(group, Group{unit, {}, {}});
    group->taken.push_back({factor * kArenaAlignment, buffer.interval.first, buffer.interval.last});
    group->views.push_back(buffer.view);
  }
  AffineExpr offset = constant(llvm::alignTo(staticBytes, kArenaAlignment));
  for (Group &group : groups) {
    Packing packing = pack(group.taken);
    for (auto [view, place] : llvm::zip(group.views, packing.offsets))
      view.getByteShiftMutable().assign(sizeValue(simplifiedSize(offset + group.unit * (place / kArenaAlignment))));
    offset = simplifiedSize(offset + group.unit * (packing.bytes / kArenaAlignment));
  }
  return groups.empty() ? constant(staticBytes) : offset;
}

Value Emitter::index(int64_t value) {
  Value &constant = indices[value];
  if (!constant)
    constant = arith::ConstantIndexOp::create(head, planned.getLoc(), value);
  return constant;
}

void Emitter::touch(Value buffer) {
  auto number = bufferNumbers.find(buffer);
  if (number == bufferNumbers.end())
    return;
  Interval &interval = arenaBuffers[number->second].interval;
  interval.first = std::min(interval.first, step);
  interval.last = std::max(interval.last, step);
}

Value Emitter::newArenaBuffer(MemRefType type, Location loc, AffineExpr count) {
  SmallVector<Value> length;
  AffineExpr bytes;
  int64_t known = count ? 0 : *byteSize(type);
  if (count) {
    AffineExpr most = mostOf(count, module);
    // Where there may be no element, what was out of range reads the first all the same.
    if (auto number = dyn_cast<AffineConstantExpr>(most))
      most = builder.getAffineConstantExpr(std::max<int64_t>(number.getValue(), 1));
    length.push_back(sizeValue(most));
    bytes = simplifiedSize(most * elementBytes(type.getElementType()));
    if (auto number = dyn_cast<AffineConstantExpr>(bytes)) {
      known = number.getValue();
      bytes = {};
    }
  }
  auto view = memref::ViewOp::create(head, loc, type, arena, unplaced, length);
  bufferNumbers[view] = arenaBuffers.size();
  arenaBuffers.push_back({view, {known, step, step}, bytes});
  if (count)
    counts[view] = count;
  return view;
}

Value Emitter::storageBuffer(unsigned id, Location loc) {
  Value &known = storageBuffers[id];
  if (known)
    return known;
  Storage &storage = storages.get(id);
  switch (storage.kind) {
  case Storage::Input:
  case Storage::Output:
    known = planned.getArgument(
        storage.index + (storage.kind == Storage::Output ? firstOutput : 0));
    if (storage.count)
      counts[known] = storage.count;
    return known;
  case Storage::Weights: {
    std::optional<int64_t> offset =
        segment.add(cast<ElementsAttr>(storage.constant.getValue()));
    overflow |= !offset;
    Value &view = weightViews[{storage.type, offset.value_or(0)}];
    if (!view)
      view = memref::ViewOp::create(head, storage.constant.getLoc(),
                                    storage.type, weights,
                                    index(offset.value_or(0)), ValueRange());
    return known = view;
  }
  case Storage::Arena:
    return known = newArenaBuffer(storage.type, loc, storage.count);
  }
  llvm_unreachable("unknown storage");
}

Value Emitter::buffer(Value tensor, Location loc) {
  Value value = storageBuffer(storages.id(tensor), loc);
  touch(value);
  return value;
}

void Emitter::emitBlock(Block &block) {
  for (Operation &op : block)
    emitOp(op);
}

void Emitter::emitOp(Operation &op) {
  ++step;
  TypeSwitch<Operation *>(&op)
      .Case([&](arith::ConstantOp constant) {
        if (!isa<TensorType>(constant.getType())) {
          builder.clone(op, mapping);
          return;
        }
        if (storages.of(constant.getResult()).kind == Storage::Weights)
          return;
        Value filled = buffer(constant.getResult(), constant.getLoc());
        auto value = cast<TypedAttr>(splatValue(constant.getValue()));
        func::CallOp::create(
            builder, op.getLoc(),
            fillFunction(cast<MemRefType>(filled.getType()), value), filled);
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::EmptyOp,
            scf::YieldOp>([](Operation *) {})
      .Case([&](DataSizeOp size) { emitDataSize(size); })
      .Case([&](SizeOp size) { mapping.map(size.getResult(), sizes[size.getNumber()]); })
      .Case([&](LaunchOp launch) { emitLaunch(launch); })
      .Case([&](scf::IfOp branches) { emitIf(branches); })
      .Case([&](scf::ForOp loop) { emitFor(loop); })
      .Case([&](tensor::ExtractOp extract) { emitExtract(extract); })
      .Case([&](tensor::FromElementsOp from) { emitFromElements(from); })
      .Case([&](func::ReturnOp exit) { emitReturn(exit); })
      .Default([&](Operation *scalar) { builder.clone(*scalar, mapping); });
}

void Emitter::emitDataSize(DataSizeOp op) {
  AffineExpr most = mostOf(builder.getAffineSymbolExpr(op.getNumber()), module);
  Value size = arith::MaxSIOp::create(builder, op.getLoc(), mapping.lookup(op.getCount()), index(0));
  StringRef name = dataSizes(module)[op.getNumber() - namedSizes].name;
  size = arith::MinSIOp::create(builder, named(builder, (name + "_count").str()), size, sizeValue(most));
  mapping.map(op.getResult(), size);
  sizes[op.getNumber()] = size;
}

void Emitter::emitLaunch(LaunchOp op) {
  auto callee = symbols.lookup<func::FuncOp>(op.getCallee());
  SmallVector<Value> operands;
  for (Value input : op.getInputs())
    operands.push_back(isa<TensorType>(input.getType())
                           ? buffer(input, op.getLoc())
                           : mapping.lookup(input));
  for (Value result : op.getResults())
    operands.push_back(buffer(result, op.getLoc()));
  if (auto scratch = callee->getAttrOfType<IntegerAttr>("ingot.scratch"))
    operands.push_back(newArenaBuffer(
        MemRefType::get({scratch.getInt()}, builder.getI8Type()),
        named(builder, "scratch")));
  if (callee->hasAttr("ingot.checked"))
    operands.push_back(status);
  if (callee->hasAttr("ingot.pool"))
    operands.push_back(pool);
  auto shared = callee->getAttrOfType<AffineMapAttr>("ingot.shared");
  if (!shared) {
    func::CallOp::create(builder, op.getLoc(), callee, operands);
    return;
  }
  SmallVector<OpFoldResult> kernelSizes;
  for (Value input : op.getInputs())
    if (isa<IndexType>(input.getType()))
      kernelSizes.push_back(mapping.lookup(input));
  OpFoldResult folded = affine::makeComposedFoldedAffineApply(builder, op.getLoc(), shared.getValue(), kernelSizes);
  auto constant = getConstantIntValue(folded);
  Value count = constant ? index(*constant) : cast<Value>(folded);
  ShareOp::create(builder, op.getLoc(), callee.getSymName(), operands, count, threads,
                  callee->getAttrOfType<IntegerAttr>("ingot.grain").getInt());
}

void Emitter::emitIf(scf::IfOp op) {
  SmallVector<Type> scalars;
  for (Type type : op.getResultTypes())
    if (!isa<TensorType>(type))
      scalars.push_back(type);
  bool hasElse = !op.getElseRegion().empty();
  auto branches =
      scf::IfOp::create(builder, op.getLoc(), scalars,
                        mapping.lookup(op.getCondition()), true, hasElse);
  for (auto [from, to] : llvm::zip(op->getRegions(), branches->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&to.front());
    emitBlock(from.front());
    SmallVector<Value> yielded;
    SmallVector<std::pair<Value, Value>> copied;
    for (auto [value, result] : llvm::zip(
             from.front().getTerminator()->getOperands(), op.getResults())) {
      if (isa<TensorType>(value.getType()))
        copied.push_back({buffer(value, op.getLoc()),
                          buffer(result, op.getLoc())});
      else
        yielded.push_back(mapping.lookup(value));
    }
    emitCopies(op.getLoc(), copied);
    scf::YieldOp::create(builder, op.getLoc(), yielded);
  }
  ++step;
  unsigned number = 0;
  for (Value result : op.getResults())
    if (!isa<TensorType>(result.getType()))
      mapping.map(result, branches.getResult(number++));
}

/// What a loop carries and tests before each step, where a step changes nothing once that is false: then no later one does, and the loop may end.
static BlockArgument testedFlag(scf::ForOp loop) {
  Block &body = *loop.getBody();
  auto found = body.getOps<scf::IfOp>();
  if (!llvm::hasSingleElement(found))
    return {};
  scf::IfOp step = *found.begin();
  auto tested = step.getCondition().getDefiningOp<tensor::ExtractOp>();
  if (!tested || step.getElseRegion().empty())
    return {};
  Value flag = tested.getTensor();
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(flag.getDefiningOp()))
    flag = flag.getDefiningOp()->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(flag);
  if (!argument || !llvm::is_contained(loop.getRegionIterArgs(), argument))
    return {};
  OperandRange otherwise = step.elseBlock()->getTerminator()->getOperands();
  for (auto [before, after] : llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues())) {
    auto result = dyn_cast<OpResult>(after);
    if (result && result.getOwner() == step)
      after = otherwise[result.getResultNumber()];
    if (after != before)
      return {};
  }
  return argument;
}

/// A loop as it is planned: its body and its variable. `flag`, where there is one, is the buffer of what is tested before each step.
static std::pair<Block *, Value> makeLoop(OpBuilder &b, Location loc, ArrayRef<Value> bounds, Value flag) {
  auto loop = scf::WhileOp::create(b, loc, bounds[0].getType(), bounds[0]);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, bounds[0].getType(), loc);
  Value count = before->getArgument(0);
  Value isMore = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, count, bounds[1]);
  Value goesOn = memref::LoadOp::create(b, loc, flag, arith::ConstantIndexOp::create(b, loc, 0).getResult());
  scf::ConditionOp::create(b, loc, arith::AndIOp::create(b, loc, isMore, goesOn), count);
  Block *body = b.createBlock(&loop.getAfter(), {}, bounds[0].getType(), loc);
  return {body, body->getArgument(0)};
}

void Emitter::emitFor(scf::ForOp op) {
  SmallVector<Value> scalars;
  SmallVector<std::pair<Value, Value>> copied;
  SmallVector<Value> carried;
  for (auto [init, argument] :
       llvm::zip(op.getInitArgs(), op.getRegionIterArgs())) {
    if (!isa<TensorType>(init.getType())) {
      scalars.push_back(mapping.lookup(init));
      continue;
    }
    carried.push_back(buffer(argument, op.getLoc()));
    // What an empty tensor holds does not matter.
    if (!init.getDefiningOp<tensor::EmptyOp>())
      copied.push_back({buffer(init, op.getLoc()), carried.back()});
  }
  emitCopies(op.getLoc(), copied);
  ++step;
  for (Value value : carried)
    touch(value);
  int64_t begin = step;

  BlockArgument flag = scalars.empty() && !op.getUnsignedCmp() ? testedFlag(op) : BlockArgument();
  Value bounds[] = {mapping.lookup(op.getLowerBound()), mapping.lookup(op.getUpperBound()), mapping.lookup(op.getStep())};
  Block *body;
  if (flag) {
    auto [block, count] = makeLoop(builder, op.getLoc(), bounds, buffer(flag, op.getLoc()));
    body = block;
    mapping.map(op.getInductionVar(), count);
  } else {
    auto loop = scf::ForOp::create(builder, op.getLoc(), bounds[0], bounds[1], bounds[2], scalars);
    loop.setUnsignedCmp(op.getUnsignedCmp());
    body = loop.getBody();
    mapping.map(op.getInductionVar(), loop.getInductionVar());
    unsigned number = 0;
    for (auto [argument, result] :
         llvm::zip(op.getRegionIterArgs(), op.getResults())) {
      if (isa<TensorType>(argument.getType()))
        continue;
      mapping.map(argument, loop.getRegionIterArg(number));
      mapping.map(result, loop.getResult(number++));
    }
  }
  // A loop without carried scalars is made with its terminator.
  if (!body->empty())
    body->back().erase();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(body);
  emitBlock(*op.getBody());
  SmallVector<Value> yielded;
  copied.clear();
  for (auto [next, argument] : llvm::zip(
           op.getBody()->getTerminator()->getOperands(),
           op.getRegionIterArgs())) {
    if (isa<TensorType>(next.getType()))
      copied.push_back(
          {buffer(next, op.getLoc()), buffer(argument, op.getLoc())});
    else
      yielded.push_back(mapping.lookup(next));
  }
  emitCopies(op.getLoc(), copied);
  if (flag)
    yielded.push_back(arith::AddIOp::create(builder, op.getLoc(), mapping.lookup(op.getInductionVar()), bounds[2]));
  scf::YieldOp::create(builder, op.getLoc(), yielded);

  // What the body reads from before the loop is needed in every iteration.
  ++step;
  for (ArenaBuffer &buffer : arenaBuffers)
    if (buffer.interval.first <= begin && buffer.interval.last >= begin)
      buffer.interval.last = step;
}

void Emitter::emitExtract(tensor::ExtractOp op) {
  // Horner's scheme over the row-major index.
  Value flat = index(0);
  for (auto [position, size] :
       llvm::zip(op.getIndices(), storages.getSizes().of(op.getTensor()))) {
    Value scaled =
        flat == index(0)
            ? flat
            : arith::MulIOp::create(builder, op.getLoc(), flat, sizeValue(size))
                  .getResult();
    Value mapped = mapping.lookup(position);
    flat = scaled == index(0)
               ? mapped
               : arith::AddIOp::create(builder, op.getLoc(), scaled, mapped)
                     .getResult();
  }
  mapping.map(op.getResult(),
              memref::LoadOp::create(builder, op.getLoc(),
                                     buffer(op.getTensor(), op.getLoc()), flat)
                  .getResult());
}

void Emitter::emitFromElements(tensor::FromElementsOp op) {
  Value target = buffer(op.getResult(), op.getLoc());
  for (auto [i, element] : llvm::enumerate(op.getElements()))
    memref::StoreOp::create(builder, op.getLoc(), mapping.lookup(element),
                            target, index(i));
}

void Emitter::emitReturn(func::ReturnOp op) {
  SmallVector<std::pair<Value, Value>> copied;
  for (auto [i, value] : llvm::enumerate(op.getOperands()))
    copied.push_back({buffer(value, op.getLoc()),
                      planned.getArgument(firstOutput + i)});
  emitCopies(op.getLoc(), copied);
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    Value shape = shapes.lookup(i);
    if (!shape)
      continue;
    int64_t rank = cast<MemRefType>(shape.getType()).getDimSize(0);
    for (auto [axis, size] : llvm::enumerate(ArrayRef(storages.getSizes().of(value)).take_front(rank)))
      memref::StoreOp::create(
          builder, op.getLoc(),
          arith::IndexCastOp::create(builder, op.getLoc(), builder.getI64Type(), sizeValue(size)),
          shape, index(axis));
  }
  Value code =
      status ? memref::LoadOp::create(builder, op.getLoc(), status, index(0))
                   .getResult()
             : arith::ConstantOp::create(builder, op.getLoc(),
                                         builder.getI32IntegerAttr(0))
                   .getResult();
  if (pool) {
    Value free = memref::LoadOp::create(builder, op.getLoc(), pool, index(0));
    Value end = memref::LoadOp::create(builder, op.getLoc(), pool, index(1));
    Value overflows = arith::CmpIOp::create(builder, op.getLoc(), arith::CmpIPredicate::sgt, free, end);
    Value full = arith::ConstantOp::create(builder, op.getLoc(), builder.getI32IntegerAttr(5));
    code = arith::SelectOp::create(builder, op.getLoc(), overflows, full, code);
  }
  func::ReturnOp::create(builder, op.getLoc(), code);
}

void Emitter::emitCopies(
    Location loc, ArrayRef<std::pair<Value, Value>> sourcesAndTargets) {
  SmallVector<std::pair<Value, Value>> pending;
  for (auto [source, target] : sourcesAndTargets)
    if (source != target)
      pending.push_back({source, target});
  // A source that is also a target is saved first.
  for (auto &[source, target] : pending)
    if (llvm::is_contained(llvm::make_second_range(pending), source)) {
      Value saved =
          newArenaBuffer(cast<MemRefType>(source.getType()), loc, counts.lookup(source));
      emitCopy(loc, source, saved);
      source = saved;
    }
  for (auto [source, target] : pending)
    emitCopy(loc, source, target);
}

void Emitter::emitCopy(Location loc, Value source, Value target) {
  ++step;
  touch(source);
  touch(target);
  auto type = cast<MemRefType>(source.getType());
  if (type.hasStaticShape() && type.getNumElements() == 0)
    return;
  ++copies;
  SmallVector<Value> operands{source, target};
  if (!type.hasStaticShape())
    operands.push_back(sizeValue(counts.lookup(source)));
  func::CallOp::create(builder, loc, copyFunction(type), operands);
}

//===----------------------------------------------------------------------===//
// Copy and fill kernels
//===----------------------------------------------------------------------===//

func::FuncOp Emitter::elementFunction(
    StringRef name, StringRef comment, MemRefType type,
    ArrayRef<StringRef> arguments,
    function_ref<void(OpBuilder &, func::FuncOp, Value, Type)> body) {
  OpBuilder outer(module.getContext());
  SmallVector<Type> types(arguments.size(), type);
  SmallVector<StringRef> texts(arguments);
  bool isDynamic = !type.hasStaticShape();
  if (isDynamic) {
    types.push_back(outer.getIndexType());
    texts.push_back("count");
  }
  Location loc = module.getLoc();
  auto function = func::FuncOp::create(
      loc, name, outer.getFunctionType(types, TypeRange()));
  function.setPrivate();
  function->setAttr("ingot.kernel", outer.getUnitAttr());
  function->setAttr("ingot.comment", outer.getStrArrayAttr(comment));
  symbols.insert(function);
  Block *block = function.addEntryBlock();
  for (auto [argument, name] : llvm::zip(block->getArguments(), texts))
    argument.setLoc(named(outer, name));

  outer.setInsertionPointToStart(block);
  Type element = type.getElementType();
  int64_t lanes = 1;
  // Vectors of i1 are packed bits to some back ends; in memory each is a byte.
  if (element.isIntOrFloat() && element.getIntOrFloatBitWidth() >= 8)
    lanes = target.lanes(elementBytes(element));
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(outer, loc, value);
  };
  auto loop = [&](Value from, Value to, int64_t step, Type unit) {
    auto op = scf::ForOp::create(outer, loc, from, to, constant(step));
    op.getInductionVar().setLoc(named(outer, "i"));
    OpBuilder inner = OpBuilder::atBlockTerminator(op.getBody());
    body(inner, function, op.getInductionVar(), unit);
  };
  if (isDynamic) {
    Value count = block->getArguments().back(), begin = constant(0);
    if (lanes > 1) {
      AffineExpr symbol = outer.getAffineSymbolExpr(0);
      Value end = affine::AffineApplyOp::create(
          outer, loc, AffineMap::get(0, 1, symbol.floorDiv(lanes) * lanes), count);
      loop(begin, end, lanes, VectorType::get({lanes}, element));
      begin = end;
    }
    loop(begin, count, 1, element);
  } else {
    int64_t count = type.getNumElements();
    int64_t vectorEnd = lanes > 1 ? count - count % lanes : 0;
    if (vectorEnd)
      loop(constant(0), constant(vectorEnd), lanes, VectorType::get({lanes}, element));
    if (vectorEnd != count)
      loop(constant(vectorEnd), constant(count), 1, element);
  }
  func::ReturnOp::create(outer, loc);
  return function;
}

/// Part of a function's name that says what it works on, as `1000xf32`.
static std::string typeName(MemRefType type) {
  std::string text = type.hasStaticShape() ? std::to_string(type.getNumElements()) + "x" : "";
  llvm::raw_string_ostream(text) << type.getElementType();
  return text;
}

func::FuncOp Emitter::copyFunction(MemRefType type) {
  func::FuncOp &function = copyFunctions[type];
  if (function)
    return function;
  return function = elementFunction(
             "copy_" + typeName(type), "copy of a value", type,
             {"source", "result"},
             [](OpBuilder &inner, func::FuncOp f, Value i, Type unit) {
               Location loc = named(inner, "value");
               Value source = f.getArgument(0), result = f.getArgument(1);
               if (auto vector = dyn_cast<VectorType>(unit)) {
                 Value value =
                     vector::LoadOp::create(inner, loc, vector, source, i);
                 vector::StoreOp::create(inner, loc, value, result, i);
                 return;
               }
               Value value = memref::LoadOp::create(inner, loc, source, i);
               memref::StoreOp::create(inner, loc, value, result, i);
             });
}

func::FuncOp Emitter::fillFunction(MemRefType type, TypedAttr value) {
  func::FuncOp &function = fillFunctions[{type, value}];
  if (function)
    return function;
  return function = elementFunction(
             "fill_" + typeName(type), "constant of one value", type,
             {"result"},
             [&](OpBuilder &inner, func::FuncOp f, Value i, Type unit) {
               Location loc = named(inner, "value");
               Value result = f.getArgument(0);
               Value scalar = arith::ConstantOp::create(inner, loc, value);
               if (auto vector = dyn_cast<VectorType>(unit)) {
                 Value lanes =
                     vector::BroadcastOp::create(inner, loc, vector, scalar);
                 vector::StoreOp::create(inner, loc, lanes, result, i);
                 return;
               }
               memref::StoreOp::create(inner, loc, scalar, result, i);
             });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct PlanMemoryPass : ingot::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal()) {
      module.emitError() << "the module has no function @main";
      return signalPassFailure();
    }
    Storages storages;
    if (failed(storages.assign(main)))
      return signalPassFailure();
    Emitter emitter(module, main, storages);
    if (failed(emitter.run()))
      return signalPassFailure();
    copies += emitter.copies;
    buffers += emitter.buffers;
  }
};
} // namespace
