//===- PublicEntry.cpp ----------------------------------------------------===//
#include "codegen/object/PublicEntry.h"
#include "ingot/model.h"
#include "ingot/status.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/X86TargetParser.h"
#include <cmath>

using namespace ingot;
using cpp::Interface;
using cpp::ModelList;
using cpp::ModelValue;
using llvm::ArrayRef;
using llvm::Constant;
using llvm::StringRef;
using llvm::Value;

static constexpr uint64_t kAlignment = 64;
/// Gives the number of the last level that the processor runs.
static constexpr const char *kLevelNumber = "ingot.level_number";

namespace {
class EntryBuilder {
public:
  EntryBuilder(llvm::Module &module, const Interface &interface,
               llvm::GlobalVariable *weights)
      : module(module), interface(interface), weights(weights),
        b(module.getContext()), pointer(b.getPtrTy()),
        size(module.getDataLayout().getIntPtrType(module.getContext())),
        main(module.getFunction("main")) {}

  void build() {
    main->setLinkage(llvm::GlobalValue::InternalLinkage);
    main->setName("ingot.graph");
    if (!interface.sizes.empty())
      buildFit();
    buildRun();
    if (!interface.levels.empty())
      buildLevel();
    buildDescriptor(buildRunPointers(/*threaded=*/false));
  }

  /// What code between the interface and the graph computes with.
  using Numbers = std::vector<Value *>;

private:
  /// A function that gives a status, unless another type is told.
  llvm::Function *function(const llvm::Twine &name, ArrayRef<llvm::Type *> arguments,
                           llvm::GlobalValue::LinkageTypes linkage,
                           llvm::Type *gives = nullptr) {
    auto *made = llvm::Function::Create(
        llvm::FunctionType::get(gives ? gives : b.getInt32Ty(), arguments, false),
        linkage, name, module);
    made->addFnAttr(llvm::Attribute::NoUnwind);
    // Some machines' calling conventions want 32 bits as the register's 64.
    llvm::Attribute::AttrKind extension =
        llvm::TargetLibraryInfo::getExtAttrForI32Return(module.getTargetTriple());
    if (extension != llvm::Attribute::None && !gives)
      made->addRetAttr(extension);
    b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", made));
    return made;
  }

  /// The pointer at this index of a struct or array of pointers.
  Value *loadPointer(Value *from, unsigned index) {
    return b.CreateLoad(pointer, b.CreateConstGEP1_32(pointer, from, index));
  }

  Value *isNull(Value *address) { return b.CreateIsNull(address); }
  /// Null or not aligned.
  Value *isBad(Value *address) {
    Value *rest = b.CreateAnd(b.CreatePtrToInt(address, size), kAlignment - 1);
    return b.CreateOr(isNull(address), b.CreateIsNotNull(rest));
  }

  void returnIf(Value *condition, Status status) {
    llvm::Function *parent = b.GetInsertBlock()->getParent();
    auto *leave = llvm::BasicBlock::Create(module.getContext(), "", parent);
    auto *go = llvm::BasicBlock::Create(module.getContext(), "", parent);
    b.CreateCondBr(condition, leave, go);
    b.SetInsertPoint(leave);
    b.CreateRet(b.getInt32(unsigned(status)));
    b.SetInsertPoint(go);
  }

  /// The caller's weights or the linked ones.
  Value *chooseWeights(Value *given) {
    return weights ? b.CreateSelect(isNull(given), weights, given) : given;
  }
  void checkMemory(Value *arena, Value *chosenWeights) {
    Value *bad = isBad(arena);
    if (interface.weightBytes)
      bad = b.CreateOr(bad, isBad(chosenWeights));
    returnIf(bad, Status::bad_memory);
  }

  /// The members of the struct `Sizes`, which are as wide as pointers.
  Numbers readSizes(Value *from) {
    Numbers numbers;
    for (unsigned i = 0; i < interface.sizes.size(); ++i)
      numbers.push_back(b.CreateLoad(size, b.CreateConstGEP1_32(size, from, i)));
    return numbers;
  }

  /// The descriptor's sizes, of 64 bits; one that a pointer's width cannot hold is none that fits.
  Numbers readNumbers(Value *from) {
    Numbers numbers;
    llvm::Type *i64 = b.getInt64Ty();
    for (unsigned i = 0; i < interface.sizes.size(); ++i) {
      Value *number = b.CreateLoad(i64, b.CreateConstGEP1_32(i64, from, i));
      Value *most = b.getInt64((uint64_t(1) << (size->getBitWidth() - 1)) - 1);
      number = b.CreateSelect(b.CreateICmpSGT(number, most), b.getInt64(0), number);
      numbers.push_back(b.CreateSExtOrTrunc(number, size));
    }
    return numbers;
  }

  /// An expression over sizes that fit.
  Value *number(mlir::AffineExpr expr, const Numbers &sizes) {
    if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expr))
      return llvm::ConstantInt::getSigned(size, constant.getValue());
    if (auto symbol = llvm::dyn_cast<mlir::AffineSymbolExpr>(expr))
      return sizes[symbol.getPosition()];
    auto pair = llvm::cast<mlir::AffineBinaryOpExpr>(expr);
    Value *x = number(pair.getLHS(), sizes), *y = number(pair.getRHS(), sizes);
    switch (expr.getKind()) {
    case mlir::AffineExprKind::Add:
      return b.CreateAdd(x, y);
    case mlir::AffineExprKind::Mul:
      return b.CreateMul(x, y);
    case mlir::AffineExprKind::FloorDiv:
      return b.CreateSDiv(x, y);
    case mlir::AffineExprKind::CeilDiv:
      return b.CreateSDiv(b.CreateSub(b.CreateAdd(x, y), llvm::ConstantInt::get(size, 1)), y);
    default:
      return b.CreateSRem(x, y);
    }
  }

  /// The same in double, at least the exact value and without overflow.
  Value *roughNumber(mlir::AffineExpr expr, const Numbers &sizes) {
    llvm::Type *real = b.getDoubleTy();
    if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expr))
      return llvm::ConstantFP::get(real, double(constant.getValue()));
    if (auto symbol = llvm::dyn_cast<mlir::AffineSymbolExpr>(expr)) {
      unsigned chosen = interface.sizes.size();
      if (symbol.getPosition() >= chosen)
        return greatest(interface.derived[symbol.getPosition() - chosen], sizes, /*rough=*/true);
      return b.CreateSIToFP(sizes[symbol.getPosition()], real);
    }
    auto pair = llvm::cast<mlir::AffineBinaryOpExpr>(expr);
    Value *x = roughNumber(pair.getLHS(), sizes), *y = roughNumber(pair.getRHS(), sizes);
    switch (expr.getKind()) {
    case mlir::AffineExprKind::Add:
      return b.CreateFAdd(x, y);
    case mlir::AffineExprKind::Mul:
      return b.CreateFMul(x, y);
    case mlir::AffineExprKind::FloorDiv:
      return b.CreateFDiv(x, y);
    case mlir::AffineExprKind::CeilDiv:
      return b.CreateFAdd(b.CreateFDiv(x, y), llvm::ConstantFP::get(real, 1));
    default:
      return y;
    }
  }

  Value *greatest(llvm::ArrayRef<mlir::AffineExpr> parts, const Numbers &sizes, bool rough) {
    Value *result = nullptr;
    for (mlir::AffineExpr part : parts) {
      Value *value = rough ? roughNumber(part, sizes) : number(part, sizes);
      if (!result)
        result = value;
      else
        result = b.CreateSelect(rough ? b.CreateFCmpOGT(result, value) : b.CreateICmpSGT(result, value), result, value);
    }
    return result;
  }

  /// Sizes that fit, followed by those derived from them.
  Numbers withDerived(Numbers sizes) {
    for (const SizeList &parts : interface.derived)
      sizes.push_back(greatest(parts, sizes, /*rough=*/false));
    return sizes;
  }

  /// What the header's `fit` says, as a function of the sizes.
  void buildFit() {
    std::vector<llvm::Type *> arguments(interface.sizes.size(), size);
    fitFunction = function("ingot.fit", arguments, llvm::GlobalValue::InternalLinkage, b.getInt1Ty());
    Numbers sizes;
    for (llvm::Argument &argument : fitFunction->args())
      sizes.push_back(&argument);
    auto leaveUnless = [&](Value *holds) {
      auto *leave = llvm::BasicBlock::Create(module.getContext(), "", fitFunction);
      auto *go = llvm::BasicBlock::Create(module.getContext(), "", fitFunction);
      b.CreateCondBr(holds, go, leave);
      b.SetInsertPoint(leave);
      b.CreateRet(b.getFalse());
      b.SetInsertPoint(go);
    };
    llvm::Type *real = b.getDoubleTy();
    for (Value *given : sizes)
      leaveUnless(b.CreateICmpSGT(given, llvm::ConstantInt::get(size, 0)));
    Value *total = llvm::ConstantFP::get(real, double(interface.arenaBytes));
    if (interface.arenaSize)
      total = b.CreateFAdd(total, roughNumber(interface.arenaSize, sizes));
    for (const auto *values : {&interface.inputs, &interface.outputs})
      for (const ModelValue &value : *values)
        if (value.elements)
          total = b.CreateFAdd(total, b.CreateFMul(llvm::ConstantFP::get(real, double(value.bytes)),
                                                   roughNumber(value.elements, sizes)));
    double most = std::ldexp(1.0, int(size->getBitWidth()) - 2);
    leaveUnless(b.CreateFCmpOLT(total, llvm::ConstantFP::get(real, most)));
    // Now nothing overflows.
    sizes = withDerived(sizes);
    for (mlir::AffineExpr needed : interface.required)
      leaveUnless(b.CreateICmpSGE(number(needed, sizes), llvm::ConstantInt::get(size, 0)));
    b.CreateRet(b.getTrue());
  }

  Value *fit(const Numbers &sizes) { return b.CreateCall(fitFunction, sizes); }

  /// The descriptor's functions of sizes.
  llvm::Function *buildArenaBytes() {
    llvm::Function *made = function("ingot.arena_bytes_for", {pointer}, llvm::GlobalValue::InternalLinkage, size);
    Numbers sizes = readNumbers(made->getArg(0));
    Value *none = llvm::ConstantInt::get(size, 0);
    Value *fits = fit(sizes);
    auto *go = llvm::BasicBlock::Create(module.getContext(), "", made);
    auto *leave = llvm::BasicBlock::Create(module.getContext(), "", made);
    b.CreateCondBr(fits, go, leave);
    b.SetInsertPoint(leave);
    b.CreateRet(none);
    b.SetInsertPoint(go);
    b.CreateRet(interface.arenaSize
                    ? number(interface.arenaSize, withDerived(sizes))
                    : word(uint64_t(std::max<int64_t>(interface.arenaBytes, kAlignment))));
    return made;
  }

  llvm::Function *buildOutputShape() {
    llvm::Function *made = function("ingot.output_shape", {pointer, b.getInt32Ty(), pointer},
                                    llvm::GlobalValue::InternalLinkage, b.getVoidTy());
    Numbers sizes = readNumbers(made->getArg(0));
    auto *end = llvm::BasicBlock::Create(module.getContext(), "", made);
    auto *go = llvm::BasicBlock::Create(module.getContext(), "", made, end);
    b.CreateCondBr(fit(sizes), go, end);
    b.SetInsertPoint(go);
    sizes = withDerived(sizes);
    auto *choose = b.CreateSwitch(made->getArg(1), end, interface.outputs.size());
    for (auto [i, value] : llvm::enumerate(interface.outputs)) {
      auto *block = llvm::BasicBlock::Create(module.getContext(), "", made, end);
      choose->addCase(b.getInt32(i), block);
      b.SetInsertPoint(block);
      for (auto [d, known] : llvm::enumerate(value.shape)) {
        Value *one = value.sizes.empty() ? static_cast<Value *>(b.getInt64(uint64_t(known)))
                                         : b.CreateSExtOrTrunc(number(value.sizes[d], sizes), b.getInt64Ty());
        b.CreateStore(one, b.CreateConstGEP1_32(b.getInt64Ty(), made->getArg(2), d));
      }
      b.CreateBr(end);
    }
    b.SetInsertPoint(end);
    b.CreateRetVoid();
    return made;
  }

  /// The graph on these values, in the order of the interface. `shape` gives the address for the shape of an output, by its number, where
  /// data give it.
  Value *callGraph(ArrayRef<Value *> inputs, ArrayRef<Value *> outputs,
                   const Numbers &sizes, Value *arena, Value *chosenWeights, Value *threads,
                   llvm::function_ref<Value *(unsigned)> shape) {
    std::vector<Value *> arguments(interface.arguments);
    for (auto [value, address] : llvm::zip_equal(interface.inputs, inputs))
      arguments[value.argument] = address;
    for (auto [value, address] : llvm::zip_equal(interface.outputs, outputs))
      arguments[value.argument] = address;
    for (auto [given, value] : llvm::zip_equal(interface.sizes, sizes))
      arguments[given.argument] = value;
    for (auto [i, value] : llvm::enumerate(interface.outputs))
      if (value.shapeArgument)
        arguments[*value.shapeArgument] = shape(unsigned(i));
    arguments[interface.arena] = arena;
    arguments[interface.weights] = chosenWeights;
    if (interface.threads)
      arguments[*interface.threads] = threads;
    return b.CreateCall(main, arguments);
  }

  /// `Status NAME::run(const Inputs &, const Outputs &, Context &)`, with `const Sizes &` before the last where a call chooses sizes, then `Shapes &`
  /// where data give some. The structs are laid out as printHeader declares them: Inputs and Outputs have a pointer for each value that is no state; Sizes has
  /// a std::ptrdiff_t for each size; Shapes has the shapes; Context has the arena, the state where there is one, the weights, and
  /// the threads where some are expected.
  void buildRun() {
    const std::string &name = interface.name;
    bool open = !interface.sizes.empty(), shaped = interface.hasShapes();
    std::vector<llvm::Type *> arguments(3 + open + shaped, pointer);
    llvm::Function *run = function(
        "_ZN" + llvm::Twine(name.size()) + name + "3runERKNS_6InputsERKNS_7OutputsE" +
            (open ? "RKNS_5SizesE" : "") + (shaped ? "RNS_6ShapesE" : "") + "RNS_7ContextE",
        arguments, llvm::GlobalValue::ExternalLinkage);
    Value *context = run->getArg(arguments.size() - 1);
    Numbers sizes;
    if (open) {
      sizes = readSizes(run->getArg(2));
      returnIf(b.CreateNot(fit(sizes)), Status::bad_sizes);
    }

    Value *missing = b.getFalse();
    auto readPointers = [&](ArrayRef<ModelValue> values, Value *from) {
      std::vector<Value *> addresses;
      unsigned member = 0;
      for (const ModelValue &value : values) {
        addresses.push_back(value.state < 0 ? loadPointer(from, member++) : nullptr);
        if (addresses.back())
          missing = b.CreateOr(missing, isNull(addresses.back()));
      }
      return addresses;
    };
    std::vector<Value *> inputs = readPointers(interface.inputs, run->getArg(0));
    std::vector<Value *> outputs = readPointers(interface.outputs, run->getArg(1));
    returnIf(missing, Status::null_argument);

    bool hasState = interface.hasState();
    Value *arena = loadPointer(context, 0);
    Value *chosenWeights = chooseWeights(loadPointer(context, hasState ? 2 : 1));
    checkMemory(arena, chosenWeights);

    Value *current = nullptr, *currentAddress = nullptr;
    if (hasState) {
      Value *state = loadPointer(context, 1);
      returnIf(isNull(state), Status::null_argument);
      // struct Values, whose members are aligned, twice; then `current`.
      std::vector<uint64_t> offsets(interface.inputs.size());
      uint64_t bytes = 0;
      for (auto [value, offset] : llvm::zip_equal(interface.inputs, offsets))
        if (value.state >= 0) {
          offset = bytes;
          bytes += llvm::alignTo(uint64_t(value.bytes), kAlignment);
        }
      auto at = [&](Value *base, Value *offset) {
        return b.CreateGEP(b.getInt8Ty(), base, offset);
      };
      auto number = [&](uint64_t n) { return llvm::ConstantInt::get(size, n); };
      currentAddress = at(state, number(2 * bytes));
      current = b.CreateLoad(b.getInt32Ty(), currentAddress);
      current = b.CreateSExtOrTrunc(current, size);
      Value *before = at(state, b.CreateMul(current, number(bytes)));
      Value *after =
          at(state, b.CreateMul(b.CreateSub(number(1), current), number(bytes)));
      for (auto [i, value] : llvm::enumerate(interface.inputs))
        if (value.state >= 0)
          inputs[i] = at(before, number(offsets[i]));
      for (auto [i, value] : llvm::enumerate(interface.outputs))
        if (value.state >= 0)
          outputs[i] = at(after, number(offsets[value.state]));
    }
    auto shape = [&](unsigned output) {
      uint64_t before = 0;
      for (const ModelValue &value : ArrayRef<ModelValue>(interface.outputs).take_front(output))
        before += value.shapeArgument ? value.shape.size() : 0;
      return b.CreateConstGEP1_64(b.getInt64Ty(), run->getArg(arguments.size() - 2), before);
    };
    Value *threads = interface.threads ? loadPointer(context, hasState ? 3 : 2) : nullptr;
    Value *status = callGraph(inputs, outputs, sizes, arena, chosenWeights, threads, shape);
    if (hasState)
      b.CreateStore(b.CreateTrunc(b.CreateSub(llvm::ConstantInt::get(size, 1),
                                              current),
                                  b.getInt32Ty()),
                    currentAddress);
    b.CreateRet(status);
  }

  /// The descriptor's `run`, or `run_sized`, which has the sizes before the arena, or `run_shaped`, which has sizes and shapes there; `run_threaded`,
  /// which has the threads behind them, where `threaded`.
  llvm::Function *buildRunPointers(bool threaded) {
    bool open = !interface.sizes.empty();
    std::vector<llvm::Type *> arguments(threaded ? 7 : interface.hasShapes() ? 6 : open ? 5 : 4, pointer);
    llvm::Function *run = function(threaded ? "ingot.run_threaded" : "ingot.run_pointers", arguments,
                                   llvm::GlobalValue::InternalLinkage);
    size_t memory = arguments.size() - (threaded ? 3 : 2);
    Numbers sizes;
    if (open) {
      sizes = readNumbers(run->getArg(2));
      returnIf(b.CreateNot(fit(sizes)), Status::bad_sizes);
    }
    Value *arena = run->getArg(memory);
    Value *chosenWeights = chooseWeights(run->getArg(memory + 1));
    Value *threads = threaded ? run->getArg(memory + 2) : static_cast<Value *>(null());
    checkMemory(arena, chosenWeights);
    auto readPointers = [&](ArrayRef<ModelValue> values, Value *from) {
      std::vector<Value *> addresses;
      for (unsigned i = 0; i < values.size(); ++i)
        addresses.push_back(loadPointer(from, i));
      return addresses;
    };
    std::vector<Value *> inputs = readPointers(interface.inputs, run->getArg(0));
    std::vector<Value *> outputs = readPointers(interface.outputs, run->getArg(1));
    b.CreateRet(callGraph(inputs, outputs, sizes, arena, chosenWeights, threads,
                          [&](unsigned output) { return loadPointer(run->getArg(3), output); }));
    return run;
  }

  Constant *word(uint64_t value) { return llvm::ConstantInt::get(size, value); }
  Constant *int32(int64_t value) { return b.getInt32(uint32_t(value)); }
  Constant *null() { return llvm::ConstantPointerNull::get(pointer); }

  Constant *constant(Constant *content) {
    auto *variable = new llvm::GlobalVariable(
        module, content->getType(), /*isConstant=*/true,
        llvm::GlobalValue::PrivateLinkage, content);
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }
  Constant *text(StringRef content) {
    return constant(llvm::ConstantDataArray::getString(module.getContext(), content));
  }

  /// An array of `struct ingot_value`.
  Constant *table(ArrayRef<ModelValue> values, bool areOutputs) {
    if (values.empty())
      return null();
    std::vector<Constant *> rows;
    for (const ModelValue &value : values) {
      std::vector<uint64_t> shape;
      for (int64_t number : cpp::tabulatedShape(value, interface))
        shape.push_back(uint64_t(number));
      rows.push_back(llvm::ConstantStruct::getAnon(
          {text(value.name), int32(value.elementNumber),
           int32(int64_t(shape.size())),
           shape.empty() ? null()
                         : constant(llvm::ConstantDataArray::get(
                               module.getContext(), shape)),
           b.getInt64(uint64_t(value.count)), word(uint64_t(value.bytes)),
           int32(areOutputs ? value.state : -1)}));
    }
    return constant(llvm::ConstantArray::get(
        llvm::ArrayType::get(rows.front()->getType(), rows.size()), rows));
  }

  /// An array of `struct ingot_list`.
  Constant *lists() {
    if (interface.lists.empty())
      return null();
    std::vector<Constant *> rows;
    for (const ModelList &list : interface.lists)
      rows.push_back(llvm::ConstantStruct::getAnon(
          {text(list.name), int32(list.kindNumber), int32(list.isOutput), int32(list.first), int32(list.count)}));
    return constant(llvm::ConstantArray::get(llvm::ArrayType::get(rows.front()->getType(), rows.size()), rows));
  }

  /// `const char *NAME::level()`, the name of the level that this processor runs.
  void buildLevel() {
    level = function("_ZN" + llvm::Twine(interface.name.size()) + interface.name + "5levelEv", {}, llvm::GlobalValue::ExternalLinkage, pointer);
    Value *found = b.CreateCall(module.getFunction(kLevelNumber), {});
    Value *name = text(interface.levels.front().target);
    for (auto [i, other] : llvm::enumerate(llvm::drop_begin(interface.levels)))
      name = b.CreateSelect(b.CreateICmpEQ(found, b.getInt32(uint32_t(i + 1))), text(other.target), name);
    b.CreateRet(name);
  }

  /// The fields of `struct ingot_model` in their order.
  void buildDescriptor(llvm::Function *run) {
    std::vector<Constant *> fields = {
        int32(INGOT_ABI_VERSION),
        /*struct_size*/ nullptr,
        text(interface.name),
        text(interface.target),
        word(uint64_t(std::max<int64_t>(interface.arenaBytes, interface.sizes.empty() ? kAlignment : 0))),
        word(kAlignment),
        word(uint64_t(interface.weightBytes)),
        weights ? static_cast<Constant *>(weights) : null(),
        int32(int64_t(interface.inputs.size())),
        int32(int64_t(interface.outputs.size())),
        table(interface.inputs, false),
        table(interface.outputs, true),
        interface.sizes.empty() && !interface.hasShapes() ? static_cast<Constant *>(run) : null(),
        int32(int64_t(interface.sizes.size()))};
    if (interface.sizes.empty()) {
      fields.insert(fields.end(), 4, null());
    } else {
      std::vector<Constant *> names;
      for (const cpp::ModelSize &size : interface.sizes)
        names.push_back(text(size.name));
      fields.push_back(constant(llvm::ConstantArray::get(
          llvm::ArrayType::get(pointer, names.size()), names)));
      fields.push_back(buildArenaBytes());
      fields.push_back(buildOutputShape());
      fields.push_back(interface.hasShapes() ? null() : run);
    }
    fields.push_back(int32(int64_t(interface.lists.size())));
    fields.push_back(lists());
    fields.push_back(interface.hasShapes() ? static_cast<Constant *>(run) : null());
    fields.push_back(interface.threads ? static_cast<Constant *>(buildRunPointers(/*threaded=*/true)) : null());
    fields.push_back(level ? static_cast<Constant *>(level) : null());
    std::vector<llvm::Type *> types;
    for (Constant *field : fields)
      types.push_back(field ? field->getType() : b.getInt32Ty());
    auto *type = llvm::StructType::get(module.getContext(), types);
    fields[1] = int32(int64_t(module.getDataLayout().getTypeAllocSize(type)));
    new llvm::GlobalVariable(module, type, /*isConstant=*/true,
                             llvm::GlobalValue::ExternalLinkage,
                             llvm::ConstantStruct::get(type, fields),
                             interface.name + "_model");
  }

  llvm::Module &module;
  const Interface &interface;
  llvm::GlobalVariable *weights;
  llvm::IRBuilder<> b;
  llvm::PointerType *pointer;
  llvm::IntegerType *size;
  llvm::Function *main;
  llvm::Function *fitFunction = nullptr;
  llvm::Function *level = nullptr;
};
} // namespace

void ingot::addPublicEntry(llvm::Module &module, const Interface &interface,
                           llvm::GlobalVariable *weights) {
  EntryBuilder(module, interface, weights).build();
}

void ingot::exportLevel(llvm::Module &module, const llvm::Twine &name) {
  llvm::Function *main = module.getFunction("main");
  main->setName(name);
  main->setLinkage(llvm::GlobalValue::ExternalLinkage);
  main->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

/// What `ingot::processor_has` does, for each level but the first, the last one first.
static llvm::Function *addLevelNumber(llvm::Module &module, const Interface &interface) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> b(context);
  llvm::IntegerType *i32 = b.getInt32Ty();
  auto *number = llvm::Function::Create(llvm::FunctionType::get(i32, false), llvm::GlobalValue::InternalLinkage, kLevelNumber, module);
  number->addFnAttr(llvm::Attribute::NoUnwind);
  b.SetInsertPoint(llvm::BasicBlock::Create(context, "", number));
  auto hidden = [](Constant *symbol) {
    llvm::cast<llvm::GlobalValue>(symbol)->setDSOLocal(true);
    return symbol;
  };
  llvm::FunctionCallee fill = module.getOrInsertFunction("__cpu_indicator_init", llvm::FunctionType::get(i32, false));
  hidden(llvm::cast<Constant>(fill.getCallee()));
  b.CreateCall(fill, {});
  auto *words = llvm::ArrayType::get(i32, 4);
  Value *model = hidden(module.getOrInsertGlobal("__cpu_model", words));
  Value *more = hidden(module.getOrInsertGlobal("__cpu_features2", llvm::ArrayType::get(i32, 1)));
  Value *found[] = {b.CreateLoad(i32, b.CreateConstInBoundsGEP2_32(words, model, 0, 3)), b.CreateLoad(i32, more)};
  Value *result = b.getInt32(0);
  for (auto [i, level] : llvm::enumerate(llvm::drop_begin(interface.levels))) {
    auto needed = llvm::X86::getCpuSupportsMask(llvm::to_vector_of<StringRef>(level.needs));
    if (needed[2] || needed[3])
      llvm::report_fatal_error("a target needs what the support library of compilers does not tell");
    Value *lacks = b.getInt32(0);
    for (unsigned word : {0, 1})
      lacks = b.CreateOr(lacks, b.CreateAnd(b.CreateNot(found[word]), b.getInt32(needed[word])));
    result = b.CreateSelect(b.CreateIsNull(lacks), b.getInt32(uint32_t(i + 1)), result);
  }
  b.CreateRet(result);
  return number;
}

void ingot::addChoice(llvm::Module &module, const Interface &interface) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> b(context);
  llvm::Function *number = addLevelNumber(module, interface);
  std::vector<llvm::Type *> arguments(interface.arguments, b.getPtrTy());
  for (const cpp::ModelSize &size : interface.sizes)
    arguments[size.argument] = module.getDataLayout().getIntPtrType(context);
  auto *type = llvm::FunctionType::get(b.getInt32Ty(), arguments, false);
  auto declare = [&](StringRef name) {
    auto *made = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
    made->addFnAttr(llvm::Attribute::NoUnwind);
    return made;
  };
  llvm::Function *main = declare("main");
  b.SetInsertPoint(llvm::BasicBlock::Create(context, "", main));
  auto given = llvm::to_vector_of<Value *>(llvm::make_pointer_range(main->args()));
  llvm::SwitchInst *choose = nullptr;
  Value *level = b.CreateCall(number, {});
  for (auto [i, each] : llvm::enumerate(interface.levels)) {
    llvm::Function *entry = declare(each.function);
    entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
    auto *block = llvm::BasicBlock::Create(context, "", main);
    if (choose)
      choose->addCase(b.getInt32(uint32_t(i)), block);
    else
      choose = b.CreateSwitch(level, block, interface.levels.size() - 1);
    b.SetInsertPoint(block);
    llvm::CallInst *call = b.CreateCall(entry, given);
    call->setTailCall();
    b.CreateRet(call);
  }
}
