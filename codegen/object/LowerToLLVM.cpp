//===- LowerToLLVM.cpp - the planned module in MLIR's LLVM dialect --------===//
#include "codegen/object/LowerToLLVM.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Numbers.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace ingot;

namespace {
/// vector.reduction is a tree by definition (docs/ir.md): the upper half is
/// combined with the lower half until one lane is left. LLVM's own lowering is a chain.
struct ReductionTree : OpRewritePattern<vector::ReductionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::ReductionOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value value = op.getVector();
    int64_t lanes = op.getSourceVectorType().getNumElements();
    if (op.getAcc() || !llvm::isPowerOf2_64(lanes))
      return op.emitError() << "a reduction has a start value, or lanes that "
                               "are no power of two";
    while (lanes > 1) {
      lanes /= 2;
      SmallVector<int64_t> lower(lanes), upper(lanes);
      for (int64_t i = 0; i < lanes; ++i) {
        lower[i] = i;
        upper[i] = lanes + i;
      }
      Value low =
          vector::ShuffleOp::create(rewriter, loc, value, value, lower);
      Value high =
          vector::ShuffleOp::create(rewriter, loc, value, value, upper);
      value = vector::makeArithReduction(rewriter, loc, op.getKind(), low, high);
    }
    rewriter.replaceOpWithNewOp<vector::ExtractOp>(op, value, 0);
    return success();
  }
};

/// x, or the bound where x is beyond it or NaN, as processors have it in one instruction; LLVM's maxnum and minnum take three, since they do not know that
/// the bound is a number.
template <typename Op, arith::CmpFPredicate predicate> struct BoundToSelect : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    int number = numberOperand(op);
    if (number < 0)
      return failure();
    Value bound = op->getOperand(number), x = op->getOperand(1 - number);
    Value isWithin = arith::CmpFOp::create(rewriter, op.getLoc(), predicate, x, bound);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isWithin, x, bound);
    return success();
  }
};

/// ingot.dot by the instruction that the target has for it, or by what it stands for.
struct DotToVector : OpRewritePattern<DotOp> {
  DotToVector(MLIRContext *context, const Target &target)
      : OpRewritePattern(context), target(target) {}

  LogicalResult matchAndRewrite(DotOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value a = op.getA(), c = op.getB(), sum = op.getSum();
    auto type = cast<VectorType>(c.getType());
    int64_t terms = op.terms(), lanes = type.getNumElements() / terms;
    if (cast<VectorType>(a.getType()).getNumElements() != type.getNumElements())
      a = repeat(a, type.getNumElements() / terms, rewriter);
    if (op.isOfFloats())
      return sumFloats(op, a, c, rewriter);
    Instruction instruction = instructionFor(op, lanes);
    auto call = [&](ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(rewriter, loc, sum.getType(), rewriter.getStringAttr(instruction.intrinsic), operands).getResult(0);
    };
    switch (instruction.passing) {
    case Passing::words:
      rewriter.replaceOp(op, pairsInRegisters(instruction.intrinsic, a, c, sum, rewriter));
      return success();
    case Passing::sumAndFactors:
      rewriter.replaceOp(op, call({sum, a, c}));
      return success();
    case Passing::factors:
      rewriter.replaceOpWithNewOp<arith::AddIOp>(op, sum, call({a, c}));
      return success();
    case Passing::none:
      break;
    }
    Value products = sumsOfProducts(op, a, c, rewriter);
    if (!isa<VectorType>(sum.getType()))
      products = vector::ExtractOp::create(rewriter, loc, products, 0);
    rewriter.replaceOpWithNewOp<arith::AddIOp>(op, sum, products);
    return success();
  }

private:
  /// What an intrinsic of LLVM takes: the factors; the sum and the factors; two factors and the sum, each in a general register.
  enum class Passing { none, factors, sumAndFactors, words };
  struct Instruction {
    StringRef intrinsic;
    Passing passing = Passing::none;
  };

  /// The lanes of a so many times. If they fill a word it is the word that is repeated, which takes processors one instruction; of smaller lanes, most of all of bfloat16,
  /// LLVM does not always see that.
  static Value repeat(Value a, int64_t times, PatternRewriter &rewriter) {
    Location loc = a.getLoc();
    auto type = cast<VectorType>(a.getType());
    int64_t lanes = type.getNumElements();
    if (lanes * type.getElementTypeBitWidth() == 32) {
      Value word = vector::BitCastOp::create(rewriter, loc, VectorType::get({1}, rewriter.getI32Type()), a);
      Value words = vector::ShuffleOp::create(rewriter, loc, word, word, SmallVector<int64_t>(times, 0));
      return vector::BitCastOp::create(rewriter, loc, VectorType::get({times * lanes}, type.getElementType()), words);
    }
    SmallVector<int64_t> places;
    for (int64_t i = 0; i < times * lanes; ++i)
      places.push_back(i % lanes);
    return vector::ShuffleOp::create(rewriter, loc, a, a, places);
  }

  /// Sums of float32 have no other form than the instruction, by its own rounding: fewer lanes than it has are filled up, more go in parts.
  LogicalResult sumFloats(DotOp op, Value a, Value c, PatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    Value sum = op.getSum();
    const DotInstruction *dot = target.dotOf(/*floats=*/true);
    if (!dot)
      return op.emitError() << "the target " << target.name << " has no instruction for products of bfloat16";
    auto vector = dyn_cast<VectorType>(sum.getType());
    int64_t lanes = vector ? vector.getNumElements() : 1, width = std::clamp<int64_t>(llvm::PowerOf2Ceil(lanes), 4, target.lanes(4));
    auto part = [&](Value value, int64_t first, int64_t count, int64_t wanted) -> Value {
      int64_t all = cast<VectorType>(value.getType()).getNumElements();
      if (first == 0 && count == all && count == wanted)
        return value;
      SmallVector<int64_t> places(wanted, 0);
      for (int64_t i = 0; i < count; ++i)
        places[i] = first + i;
      return vector::ShuffleOp::create(rewriter, loc, value, value, places);
    };
    if (!vector)
      sum = vector::BroadcastOp::create(rewriter, loc, VectorType::get({1}, sum.getType()), sum);
    Instruction instruction = named(dot->name, width);
    auto factors = VectorType::get({2 * width}, rewriter.getBF16Type());
    SmallVector<Value> parts;
    for (int64_t first = 0; first < lanes; first += width) {
      int64_t count = std::min(width, lanes - first);
      Value start = part(sum, first, count, width);
      Value x = LLVM::BitcastOp::create(rewriter, loc, factors, part(a, 2 * first, 2 * count, 2 * width));
      Value w = LLVM::BitcastOp::create(rewriter, loc, factors, part(c, 2 * first, 2 * count, 2 * width));
      Value made = LLVM::CallIntrinsicOp::create(rewriter, loc, start.getType(), rewriter.getStringAttr(instruction.intrinsic), ValueRange{start, x, w}).getResult(0);
      for (int64_t i = 0; i < count && lanes != width; ++i)
        parts.push_back(vector::ExtractOp::create(rewriter, loc, made, i));
      if (lanes == width)
        rewriter.replaceOp(op, made);
    }
    if (lanes != width)
      rewriter.replaceOp(op, vector ? vector::FromElementsOp::create(rewriter, loc, vector, parts).getResult() : parts[0]);
    return success();
  }

  /// Arm's instructions on two halves of a general register, of which those for bytes widen every second one.
  static Value pairsInRegisters(StringRef intrinsic, Value a, Value c, Value sum, PatternRewriter &rewriter) {
    Location loc = sum.getLoc();
    Type word = rewriter.getI32Type();
    auto call = [&](StringRef name, ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(rewriter, loc, word, rewriter.getStringAttr(name), operands).getResult(0);
    };
    auto words = [&](Value value) {
      auto type = cast<VectorType>(value.getType());
      int64_t count = type.getNumElements() * type.getElementTypeBitWidth() / 32;
      Value cast = vector::BitCastOp::create(rewriter, loc, VectorType::get({count}, word), value);
      SmallVector<Value> parts;
      for (int64_t i = 0; i < count; ++i)
        parts.push_back(vector::ExtractOp::create(rewriter, loc, cast, i));
      return parts;
    };
    SmallVector<Value> first = words(a), second = words(c);
    if (first.size() != second.size()) {
      Value bytes = second[0], by = arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(8));
      Value turned = LLVM::FshrOp::create(rewriter, loc, bytes, bytes, by);
      second = {call("llvm.arm.sxtb16", bytes), call("llvm.arm.sxtb16", turned)};
    }
    for (auto [x, w] : llvm::zip(first, second))
      sum = call(intrinsic, {x, w, sum});
    return sum;
  }

  static Value sumsOfProducts(DotOp op, Value a, Value c, PatternRewriter &rewriter) {
    Location loc = op.getLoc();
    auto type = cast<VectorType>(c.getType());
    int64_t terms = op.terms();
    auto wide = VectorType::get(type.getShape(), rewriter.getI32Type());
    if (cast<VectorType>(a.getType()).getElementTypeBitWidth() != type.getElementTypeBitWidth()) {
      SmallVector<int64_t> straight;
      for (int64_t i = 0; i < type.getNumElements(); i += 4)
        straight.append({i, i + 2, i + 1, i + 3});
      c = vector::ShuffleOp::create(rewriter, loc, c, c, straight);
    }
    Value left = op.getIsUnsigned() ? Value(arith::ExtUIOp::create(rewriter, loc, wide, a)) : arith::ExtSIOp::create(rewriter, loc, wide, a);
    Value each = arith::MulIOp::create(rewriter, loc, left, arith::ExtSIOp::create(rewriter, loc, wide, c)), total;
    for (int64_t t = 0; t < terms; ++t) {
      SmallVector<int64_t> places;
      for (int64_t i = t; i < type.getNumElements(); i += terms)
        places.push_back(i);
      Value part = vector::ShuffleOp::create(rewriter, loc, each, each, places);
      total = total ? Value(arith::AddIOp::create(rewriter, loc, total, part)) : part;
    }
    return total;
  }

  Instruction instructionFor(DotOp op, int64_t lanes) const {
    auto bits = [](Value value) { return cast<VectorType>(value.getType()).getElementTypeBitWidth(); };
    for (const DotInstruction &dot : target.dots)
      if (!dot.isFloat && dot.bits[0] == bits(op.getA()) && dot.bits[1] == bits(op.getB()) && dot.isFirstUnsigned == op.getIsUnsigned() && 4 * lanes <= target.vectorBytes)
        return named(dot.name, isa<VectorType>(op.getSum().getType()) ? lanes : 0);
    return {};
  }

  /// `lanes` are those of the sum; 0: it is a scalar.
  static Instruction named(StringRef name, int64_t lanes) {
    static const struct {
      const char *name;
      int64_t lanes;
      Instruction instruction;
    } all[] = {
        {"pmaddwd", 4, {"llvm.x86.sse2.pmadd.wd", Passing::factors}},
        {"pmaddwd", 8, {"llvm.x86.avx2.pmadd.wd", Passing::factors}},
        {"pmaddwd", 16, {"llvm.x86.avx512.pmaddw.d.512", Passing::factors}},
        {"vpdpwssd", 4, {"llvm.x86.avx512.vpdpwssd.128", Passing::sumAndFactors}},
        {"vpdpwssd", 8, {"llvm.x86.avx512.vpdpwssd.256", Passing::sumAndFactors}},
        {"vpdpwssd", 16, {"llvm.x86.avx512.vpdpwssd.512", Passing::sumAndFactors}},
        {"vpdpbusd", 4, {"llvm.x86.avx512.vpdpbusd.128", Passing::sumAndFactors}},
        {"vpdpbusd", 8, {"llvm.x86.avx512.vpdpbusd.256", Passing::sumAndFactors}},
        {"vpdpbusd", 16, {"llvm.x86.avx512.vpdpbusd.512", Passing::sumAndFactors}},
        {"sdot", 4, {"llvm.aarch64.neon.sdot.v4i32.v16i8", Passing::sumAndFactors}},
        {"i32x4.dot_i16x8_s", 4, {"llvm.wasm.dot", Passing::factors}},
        {"smlad", 0, {"llvm.arm.smlad", Passing::words}},
        {"vdpbf16ps", 4, {"llvm.x86.avx512bf16.dpbf16ps.128", Passing::sumAndFactors}},
        {"vdpbf16ps", 8, {"llvm.x86.avx512bf16.dpbf16ps.256", Passing::sumAndFactors}},
        {"vdpbf16ps", 16, {"llvm.x86.avx512bf16.dpbf16ps.512", Passing::sumAndFactors}},
        {"bfdot", 4, {"llvm.aarch64.neon.bfdot.v4f32.v8bf16", Passing::sumAndFactors}},
    };
    for (const auto &entry : all)
      if (entry.name == name && entry.lanes == lanes)
        return entry.instruction;
    return {};
  }

  const Target &target;
};

struct LowerAddress : ConvertOpToLLVMPattern<AddressOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(AddressOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<MemRefType>(op.getMemory().getType());
    if (!type)
      return op.emitError("needs a flat buffer");
    Value element = getStridedElementPtr(rewriter, op.getLoc(), type, adaptor.getMemory(), adaptor.getIndices());
    rewriter.replaceOpWithNewOp<LLVM::PtrToIntOp>(op, rewriter.getI64Type(), element);
    return success();
  }
};

/// Addresses of strings are integers, so that LLVM knows nothing of what they point to, and nothing of their alignment.
static Value pointerTo(Value address, OpBuilder &builder) {
  return LLVM::IntToPtrOp::create(builder, address.getLoc(), LLVM::LLVMPointerType::get(builder.getContext()), address);
}

/// Conversions of float16, the only ones that expand-math leaves: by then it is an integer of its bits.
struct LowerDecode : ConvertOpToLLVMPattern<DecodeOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(DecodeOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Type type = op.getValue().getType();
    Value half = LLVM::BitcastOp::create(rewriter, op.getLoc(), halfLike(type), adaptor.getCode());
    rewriter.replaceOpWithNewOp<LLVM::FPExtOp>(op, type, half);
    return success();
  }

  static Type halfLike(Type type) {
    Type half = Float16Type::get(type.getContext());
    if (auto vector = dyn_cast<VectorType>(type))
      return VectorType::get(vector.getShape(), half);
    return half;
  }
};

struct LowerEncode : ConvertOpToLLVMPattern<EncodeOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(EncodeOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Type type = op.getCode().getType();
    Value half = LLVM::FPTruncOp::create(rewriter, op.getLoc(), LowerDecode::halfLike(type), adaptor.getValue());
    rewriter.replaceOpWithNewOp<LLVM::BitcastOp>(op, type, half);
    return success();
  }
};

/// ingot.lookup: loads from a constant of the module, one for each lane.
struct LowerLookup : ConvertOpToLLVMPattern<LookupOp> {
  LowerLookup(const LLVMTypeConverter &converter, const llvm::MapVector<Attribute, std::string> &tables)
      : ConvertOpToLLVMPattern(converter), tables(tables) {}

  LogicalResult matchAndRewrite(LookupOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type type = op.getValue().getType(), element = getElementTypeOrSelf(type), index = getTypeConverter()->getIndexType();
    Type pointer = LLVM::LLVMPointerType::get(getContext());
    Value table = LLVM::AddressOfOp::create(rewriter, loc, pointer, tables.lookup(op.getTable()));
    auto load = [&](Value code) -> Value {
      Value number = LLVM::ZExtOp::create(rewriter, loc, index, code);
      Value place = LLVM::GEPOp::create(rewriter, loc, pointer, element, table, ValueRange(number));
      return LLVM::LoadOp::create(rewriter, loc, element, place);
    };
    auto vector = dyn_cast<VectorType>(type);
    if (!vector) {
      rewriter.replaceOp(op, load(adaptor.getCode()));
      return success();
    }
    Value result = LLVM::PoisonOp::create(rewriter, loc, type);
    for (int64_t i = 0; i < vector.getNumElements(); ++i) {
      Value lane = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64IntegerAttr(i));
      Value value = load(LLVM::ExtractElementOp::create(rewriter, loc, adaptor.getCode(), lane));
      result = LLVM::InsertElementOp::create(rewriter, loc, result, value, lane);
    }
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  const llvm::MapVector<Attribute, std::string> &tables;
};

struct LowerPeek : ConvertOpToLLVMPattern<PeekOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(PeekOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Value from = pointerTo(adaptor.getAddress(), rewriter);
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, op.getValue().getType(), from, /*alignment=*/1);
    return success();
  }
};

struct LowerPoke : ConvertOpToLLVMPattern<PokeOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(PokeOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Value to = pointerTo(adaptor.getAddress(), rewriter);
    rewriter.replaceOpWithNewOp<LLVM::StoreOp>(op, adaptor.getValue(), to, /*alignment=*/1);
    return success();
  }
};

/// Types of what ingot.share's helper functions take: bare pointers, and numbers as wide as an index.
struct ShareTypes {
  explicit ShareTypes(const LLVMTypeConverter &converter)
      : pointer(LLVM::LLVMPointerType::get(&converter.getContext())), index(converter.getIndexType()), i32(IntegerType::get(&converter.getContext(), 32)) {}
  LLVM::LLVMFunctionType function(ArrayRef<Type> arguments) const { return LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(pointer.getContext()), arguments); }

  Type pointer, index, i32;
};

/// ingot.share: what the callee takes is put into a struct on the stack, behind the number of units, from which a function of its own calls the
/// callee for one part; the function kShareFunction hands both to the host.
struct LowerShare : ConvertOpToLLVMPattern<ShareOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(ShareOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ShareTypes types(*getTypeConverter());
    auto module = op->getParentOfType<ModuleOp>();
    auto bare = [&](Value original, Value converted) {
      return isa<MemRefType>(original.getType()) ? MemRefDescriptor(converted).alignedPtr(rewriter, loc) : converted;
    };
    SmallVector<Value> fields = {adaptor.getCount()};
    for (auto [original, converted] : llvm::zip_equal(op.getInputs(), adaptor.getInputs()))
      fields.push_back(bare(original, converted));
    SmallVector<Type> fieldTypes(ValueRange(fields).getTypes());
    auto call = LLVM::LLVMStructType::getLiteral(getContext(), fieldTypes);

    Value data;
    {
      // In a loop, the stack must not grow.
      OpBuilder::InsertionGuard guard(rewriter);
      Block &entry = op->getParentOfType<FunctionOpInterface>()->getRegion(0).front();
      rewriter.setInsertionPointToStart(&entry);
      Value one = LLVM::ConstantOp::create(rewriter, loc, types.index, rewriter.getIntegerAttr(types.index, 1));
      data = LLVM::AllocaOp::create(rewriter, loc, types.pointer, call, one);
    }
    for (auto [i, field] : llvm::enumerate(fields)) {
      Value at = LLVM::GEPOp::create(rewriter, loc, types.pointer, call, data, ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
      LLVM::StoreOp::create(rewriter, loc, field, at);
    }
    LLVM::LLVMFuncOp share = declareShare(module, types, rewriter);
    LLVM::LLVMFuncOp part = partOf(module, op.getCallee(), call, types, rewriter);
    Value grain = LLVM::ConstantOp::create(rewriter, loc, types.index, rewriter.getIntegerAttr(types.index, op.getGrain()));
    Value function = LLVM::AddressOfOp::create(rewriter, loc, types.pointer, part.getName());
    Value threads = bare(op.getThreads(), adaptor.getThreads());
    LLVM::CallOp::create(rewriter, loc, share, ValueRange{threads, function, data, adaptor.getCount(), grain});
    rewriter.eraseOp(op);
    return success();
  }

private:
  static LLVM::LLVMFuncOp declareShare(ModuleOp module, const ShareTypes &types, OpBuilder &builder) {
    if (auto found = module.lookupSymbol<LLVM::LLVMFuncOp>(kShareFunction))
      return found;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    return LLVM::LLVMFuncOp::create(builder, module.getLoc(), kShareFunction,
                                    types.function({types.pointer, types.pointer, types.pointer, types.index, types.index}));
  }

  /// void (void *data, int32_t part, int32_t parts)
  static LLVM::LLVMFuncOp partOf(ModuleOp module, StringRef callee, LLVM::LLVMStructType call, const ShareTypes &types, OpBuilder &builder) {
    // No kernel's name has a dot.
    std::string name = (callee + ".part").str();
    if (auto found = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return found;
    OpBuilder::InsertionGuard guard(builder);
    Location loc = module.getLoc();
    builder.setInsertionPointToEnd(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(builder, loc, name, types.function({types.pointer, types.i32, types.i32}), LLVM::Linkage::Internal);
    Block *block = function.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    SmallVector<Value> fields;
    for (auto [i, type] : llvm::enumerate(call.getBody())) {
      Value at = LLVM::GEPOp::create(builder, loc, types.pointer, call, block->getArgument(0), ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
      fields.push_back(LLVM::LoadOp::create(builder, loc, type, at));
    }
    // count * part / parts, as share.h has it; the product needs more bits than a narrow index has.
    Type i64 = builder.getI64Type();
    auto widened = [&](Value value) { return value.getType() == i64 ? value : LLVM::SExtOp::create(builder, loc, i64, value).getResult(); };
    Value count = widened(fields.front()), parts = widened(block->getArgument(2));
    auto border = [&](Value part) {
      Value product = LLVM::MulOp::create(builder, loc, count, part);
      Value value = LLVM::SDivOp::create(builder, loc, product, parts);
      return types.index == i64 ? value : LLVM::TruncOp::create(builder, loc, types.index, value).getResult();
    };
    Value part = widened(block->getArgument(1));
    Value next = LLVM::AddOp::create(builder, loc, part, LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(1)));
    SmallVector<Value> arguments(llvm::drop_begin(fields));
    arguments.append({border(part), border(next)});
    LLVM::CallOp::create(builder, loc, TypeRange(), callee, arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return function;
  }
};

struct LowerLibrary : ConvertOpToLLVMPattern<LibraryOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(LibraryOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<Value> arguments;
    for (auto [operand, value] : llvm::zip_equal(op->getOperands(), adaptor.getOperands())) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      arguments.push_back(type ? getStridedElementPtr(rewriter, loc, type, value, createIndexAttrConstant(rewriter, loc, getIndexType(), 0)) : value);
    }
    FailureOr<LLVM::LLVMFuncOp> callee =
        LLVM::lookupOrCreateFn(rewriter, op->getParentOfType<ModuleOp>(), op.getFunction(), SmallVector<Type>(ValueRange(arguments).getTypes()),
                               LLVM::LLVMVoidType::get(op.getContext()));
    if (failed(callee))
      return op.emitError("calls a function that is called with other types elsewhere");
    rewriter.replaceOpWithNewOp<LLVM::CallOp>(op, *callee, arguments);
    return success();
  }
};
} // namespace

/// What LLVM may know of each function: that only @main is called from outside,
/// and that a kernel's buffers do not overlap.
static void setLinkage(ModuleOp module) {
  OpBuilder builder(module.getContext());
  for (auto function : module.getOps<func::FuncOp>()) {
    bool isKernel = function->hasAttr("ingot.kernel") &&
                    !function->hasAttr("ingot.inplace");
    for (BlockArgument argument : function.getArguments())
      if (isKernel && isa<MemRefType>(argument.getType()))
        function.setArgAttr(argument.getArgNumber(),
                            LLVM::LLVMDialect::getNoAliasAttrName(),
                            builder.getUnitAttr());
    SmallVector<StringAttr> own;
    for (NamedAttribute attribute : function->getDiscardableAttrs())
      if (attribute.getName().getValue().starts_with("ingot."))
        own.push_back(attribute.getName());
    bool isMath = function->hasAttr("ingot.math"), isApart = function->hasAttr("ingot.apart");
    for (StringAttr name : own)
      function->removeAttr(name);
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      NamedAttrList kept;
      if (DictionaryAttr attributes = function.getArgAttrDict(i))
        for (NamedAttribute attribute : attributes)
          if (!attribute.getName().getValue().starts_with("ingot."))
            kept.append(attribute);
      function.setArgAttrs(i, kept.getDictionary(builder.getContext()));
    }
    if (isMath || isApart)
      function->setAttr("passthrough", builder.getStrArrayAttr({isMath ? "alwaysinline" : "noinline"}));
    if (function.getName() != "main" && !function.isExternal())
      function->setAttr("llvm.linkage",
                        LLVM::LinkageAttr::get(builder.getContext(),
                                               LLVM::Linkage::Internal));
  }
}

/// f16 and bf16 become integers of their bits. They are only moved (docs/ir.md), and LLVM would move some of them through float32,
/// by calls of a runtime library.
static void replaceHalves(ModuleOp module) {
  auto isHalf = [](Type type) { return type.isF16() || type.isBF16(); };
  Type bits = IntegerType::get(module.getContext(), 16);
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](FloatType type) -> std::optional<Type> {
    return isHalf(type) ? std::optional<Type>(bits) : std::nullopt;
  });
  replacer.addReplacement([=](FloatAttr number) -> std::optional<Attribute> {
    if (!isHalf(number.getType()))
      return std::nullopt;
    return IntegerAttr::get(bits, number.getValue().bitcastToAPInt());
  });
  replacer.addReplacement([=](DenseElementsAttr elements) -> std::optional<Attribute> {
    if (!isHalf(elements.getElementType()))
      return std::nullopt;
    return elements.bitcast(bits);
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
}

/// Buffers whose length only a call knows become buffers of one element: nothing here looks at lengths, and only types without open
/// ones can be bare pointers.
static void closeBuffers(ModuleOp module) {
  SmallVector<memref::ViewOp> views;
  module.walk([&](memref::ViewOp view) {
    if (!view.getSizes().empty())
      views.push_back(view);
  });
  auto closed = [](MemRefType type) {
    return type.hasStaticShape() ? type : MemRefType::get({1}, type.getElementType());
  };
  for (memref::ViewOp view : views) {
    OpBuilder builder(view);
    Value made = memref::ViewOp::create(builder, view.getLoc(), closed(view.getType()), view.getSource(),
                                        view.getByteShift(), ValueRange());
    view.replaceAllUsesWith(made);
    view.erase();
  }
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](MemRefType type) -> std::optional<Type> {
    return type.hasStaticShape() ? std::nullopt : std::optional<Type>(closed(type));
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
}

/// A private constant for each table that ingot.lookup reads; their names by table.
static llvm::MapVector<Attribute, std::string> makeTables(ModuleOp module) {
  llvm::MapVector<Attribute, std::string> tables;
  SymbolTable symbols(module);
  module.walk([&](LookupOp lookup) {
    std::string &name = tables[lookup.getTable()];
    if (!name.empty())
      return;
    auto builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(lookup.getTable().getElementType(), lookup.getTable().getNumElements());
    auto global = LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private, "table", lookup.getTable());
    name = symbols.insert(global).str();
  });
  return tables;
}

/// A bound of a loop may be more than the machine can count to, which is as good as none.
static void limitIndices(ModuleOp module, unsigned indexBits) {
  int64_t most = int64_t(~uint64_t(0) >> (65 - indexBits));
  module.walk([&](arith::ConstantIndexOp number) {
    if (number.value() > most)
      number.setValueAttr(IntegerAttr::get(number.getType(), most));
  });
}

LogicalResult ingot::lowerToLLVM(ModuleOp module, unsigned indexBits) {
  MLIRContext *context = module.getContext();
  context->loadDialect<LLVM::LLVMDialect>();
  const Target &machine = Target::of(module);
  setLinkage(module);
  SmallVector<StringAttr> own;
  for (NamedAttribute attribute : module->getDiscardableAttrs())
    if (attribute.getName().getValue().starts_with("ingot."))
      own.push_back(attribute.getName());
  for (StringAttr name : own)
    module->removeAttr(name);

  replaceHalves(module);
  closeBuffers(module);
  limitIndices(module, indexBits);
  RewritePatternSet patterns(context);
  patterns.add<ReductionTree>(context);
  patterns.add<DotToVector>(context, machine);
  patterns.add<BoundToSelect<arith::MaxNumFOp, arith::CmpFPredicate::OGT>, BoundToSelect<arith::MinNumFOp, arith::CmpFPredicate::OLT>>(context);
  GreedyRewriteConfig config;
  config.enableFolding(false);
  if (failed(applyPatternsGreedily(module, std::move(patterns), config)))
    return failure();

  PassManager passes(context, ModuleOp::getOperationName());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  if (failed(passes.run(module)))
    return failure();

  // One conversion with one type converter: the upstream passes do not agree on
  // the width of an index where it is not 64.
  LowerToLLVMOptions options(context);
  options.useBarePtrCallConv = true;
  options.overrideIndexBitwidth(indexBits);
  LLVMTypeConverter converter(context, options);
  RewritePatternSet lowering(context);
  arith::populateArithToLLVMConversionPatterns(converter, lowering);
  cf::populateControlFlowToLLVMConversionPatterns(converter, lowering);
  populateMathToLLVMConversionPatterns(converter, lowering);
  populateVectorToLLVMConversionPatterns(converter, lowering);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, lowering);
  populateFuncToLLVMConversionPatterns(converter, lowering);
  llvm::MapVector<Attribute, std::string> tables = makeTables(module);
  lowering.add<LowerLookup>(converter, tables);
  lowering.add<LowerAddress, LowerDecode, LowerEncode, LowerPeek, LowerPoke, LowerShare, LowerLibrary>(converter);
  LLVMConversionTarget target(*context);
  target.addLegalOp<ModuleOp>();
  return applyFullConversion(module, target, std::move(lowering));
}
