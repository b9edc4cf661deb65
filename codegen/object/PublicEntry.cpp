//===- PublicEntry.cpp ----------------------------------------------------===//
#include "codegen/object/PublicEntry.h"
#include "ingot/model.h"
#include "ingot/status.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/MathExtras.h"

using namespace ingot;
using cpp::Interface;
using cpp::ModelList;
using cpp::ModelValue;
using llvm::ArrayRef;
using llvm::Constant;
using llvm::StringRef;
using llvm::Value;

static constexpr uint64_t kAlignment = 64;

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
    buildRun();
    buildDescriptor(buildRunPointers());
  }

private:
  llvm::Function *function(const llvm::Twine &name, ArrayRef<llvm::Type *> arguments,
                           llvm::GlobalValue::LinkageTypes linkage) {
    auto *made = llvm::Function::Create(
        llvm::FunctionType::get(b.getInt32Ty(), arguments, false), linkage, name,
        module);
    made->addFnAttr(llvm::Attribute::NoUnwind);
    // Some machines' calling conventions want 32 bits as the register's 64.
    llvm::Attribute::AttrKind extension =
        llvm::TargetLibraryInfo::getExtAttrForI32Return(module.getTargetTriple());
    if (extension != llvm::Attribute::None)
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

  /// The graph on these values, in the order of the interface.
  Value *callGraph(ArrayRef<Value *> inputs, ArrayRef<Value *> outputs,
                   Value *arena, Value *chosenWeights) {
    std::vector<Value *> arguments(interface.arguments);
    for (auto [value, address] : llvm::zip_equal(interface.inputs, inputs))
      arguments[value.argument] = address;
    for (auto [value, address] : llvm::zip_equal(interface.outputs, outputs))
      arguments[value.argument] = address;
    arguments[interface.arena] = arena;
    arguments[interface.weights] = chosenWeights;
    return b.CreateCall(main, arguments);
  }

  /// `Status NAME::run(const Inputs &, const Outputs &, Context &)`. The structs are laid out as printHeader declares them: Inputs and Outputs
  /// have a pointer for each value that is no state; Context has the arena, the state where there is one, and the weights.
  void buildRun() {
    const std::string &name = interface.name;
    llvm::Function *run = function(
        "_ZN" + llvm::Twine(name.size()) + name +
            "3runERKNS_6InputsERKNS_7OutputsERNS_7ContextE",
        {pointer, pointer, pointer}, llvm::GlobalValue::ExternalLinkage);
    Value *context = run->getArg(2);

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
    Value *status = callGraph(inputs, outputs, arena, chosenWeights);
    if (hasState)
      b.CreateStore(b.CreateTrunc(b.CreateSub(llvm::ConstantInt::get(size, 1),
                                              current),
                                  b.getInt32Ty()),
                    currentAddress);
    b.CreateRet(status);
  }

  /// The descriptor's `run`.
  llvm::Function *buildRunPointers() {
    llvm::Function *run =
        function("ingot.run_pointers", {pointer, pointer, pointer, pointer},
                 llvm::GlobalValue::InternalLinkage);
    Value *arena = run->getArg(2);
    Value *chosenWeights = chooseWeights(run->getArg(3));
    checkMemory(arena, chosenWeights);
    auto readPointers = [&](ArrayRef<ModelValue> values, Value *from) {
      std::vector<Value *> addresses;
      for (unsigned i = 0; i < values.size(); ++i)
        addresses.push_back(loadPointer(from, i));
      return addresses;
    };
    std::vector<Value *> inputs = readPointers(interface.inputs, run->getArg(0));
    std::vector<Value *> outputs = readPointers(interface.outputs, run->getArg(1));
    b.CreateRet(callGraph(inputs, outputs, arena, chosenWeights));
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
      std::vector<uint64_t> shape(value.shape.begin(), value.shape.end());
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

  /// The fields of `struct ingot_model` in their order.
  void buildDescriptor(llvm::Function *run) {
    std::vector<Constant *> fields = {
        int32(INGOT_ABI_VERSION),
        /*struct_size*/ nullptr,
        text(interface.name),
        text(interface.target),
        word(uint64_t(std::max<int64_t>(interface.arenaBytes, kAlignment))),
        word(kAlignment),
        word(uint64_t(interface.weightBytes)),
        weights ? static_cast<Constant *>(weights) : null(),
        int32(int64_t(interface.inputs.size())),
        int32(int64_t(interface.outputs.size())),
        table(interface.inputs, false),
        table(interface.outputs, true),
        run,
        // No size is open.
        int32(0), null(), null(), null(), null(),
        int32(int64_t(interface.lists.size())), lists()};
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
};
} // namespace

void ingot::addPublicEntry(llvm::Module &module, const Interface &interface,
                           llvm::GlobalVariable *weights) {
  EntryBuilder(module, interface, weights).build();
}
