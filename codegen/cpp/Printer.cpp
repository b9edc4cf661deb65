//===- Printer.cpp --------------------------------------------------------===//
#include "codegen/cpp/Printer.h"
#include "compiler/support/Numbers.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cpp;
using llvm::itostr;

//===----------------------------------------------------------------------===//
// Types and signatures
//===----------------------------------------------------------------------===//

/// Lanes of a vector; 0 for scalars, and for vectors of one lane, which are printed as scalars.
static int64_t lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getNumElements() > 1 ? vector.getNumElements() : 0;
}

static std::string scalarName(Type type) {
  if (type.isIndex())
    return "ptrdiff_t";
  if (type.isInteger(1))
    return "bool";
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  // Half floats are bits, which arithmetic in float is done on.
  if (type.isF16() || type.isBF16())
    return "int16_t";
  if (type.isInteger(8) || type.isInteger(16) || type.isInteger(32) ||
      type.isInteger(64))
    return "int" + std::to_string(type.getIntOrFloatBitWidth()) + "_t";
  return "";
}

static std::string vectorName(Type element, int64_t lanes) {
  if (element.isIndex())
    return "Vector<ptrdiff_t, " + std::to_string(lanes) + ">";
  std::string bits = std::to_string(element.getIntOrFloatBitWidth());
  bool isFloat = element.isF32() || element.isF64();
  if (llvm::isPowerOf2_64(lanes) && lanes <= 128)
    return (isFloat ? "f" : "i") + bits + "x" + std::to_string(lanes);
  return "Vector<" + scalarName(element) + ", " + std::to_string(lanes) + ">";
}

static std::string maskName(unsigned bits, int64_t lanes) {
  return "i" + std::to_string(bits) + "x" + std::to_string(lanes);
}

std::string cpp::typeName(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return scalarName(type);
  Type element = vector.getElementType();
  if (vector.getRank() != 1 || vector.isScalable() ||
      scalarName(element).empty())
    return "";
  if (!lanesOf(type))
    return scalarName(element);
  if (element.isInteger(1))
    return maskName(32, lanesOf(type));
  return vectorName(element, lanesOf(type));
}

/// Bits of an element; index counts as 64.
static unsigned widthOf(Type type) {
  type = getElementTypeOrSelf(type);
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

static bool isMaskVector(Type type) {
  return lanesOf(type) && getElementTypeOrSelf(type).isInteger(1);
}

std::vector<std::string> cpp::argumentNames(func::FuncOp function,
                                            NameScopes &names,
                                            const CppStyle &style) {
  std::vector<std::string> result;
  for (BlockArgument argument : function.getArguments()) {
    if (isBytes(argument) || isThreads(argument)) {
      result.push_back(names.add(cpp::nameOf(argument.getLoc())));
      continue;
    }
    std::string name =
        identifier(cpp::nameOf(argument.getLoc()), style.longestName);
    if (name.empty())
      name = isa<MemRefType>(argument.getType()) ? "x"
             : argument.getType().isIndex()      ? "i"
             : argument.getType().isInteger(1)   ? "condition"
                                                 : "value";
    result.push_back(names.add(name));
  }
  return result;
}

std::string cpp::signature(func::FuncOp function, const ModuleFacts &facts,
                           ArrayRef<std::string> names) {
  std::string text;
  if (function.getNumResults() == 0)
    text = "void";
  else
    text = typeName(function.getResultTypes()[0]);
  text += " " + facts.nameOf(function) + "(";
  bool graph = function->hasAttr(kGraphAttr);
  for (auto [argument, name] : llvm::zip(function.getArguments(), names)) {
    if (argument.getArgNumber())
      text += ", ";
    auto memory = dyn_cast<MemRefType>(argument.getType());
    // Functions of one family take the same arguments, though not each needs all.
    bool unused = argument.use_empty();
    if (!memory) {
      text += typeName(argument.getType()) + (unused ? " /*" + name + "*/" : " " + name);
      continue;
    }
    if (unused && (isBytes(argument) || isThreads(argument)))
      text += "[[maybe_unused]] ";
    if (!facts.written.contains(argument))
      text += "const ";
    text += isBytes(argument)     ? "std::byte"
            : isThreads(argument) ? "ingot_threads"
                                  : scalarName(memory.getElementType());
    text += graph || facts.overlapping.contains(argument) ? " *"
                                                          : " *__restrict ";
    text += name;
  }
  return text + ")";
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

static bool isLoad(Operation *op) {
  return isa<memref::LoadOp, vector::LoadOp>(op);
}

static Value loadedMemory(Operation *op) { return op->getOperand(0); }

bool FunctionPrinter::blocksLoad(Operation *op, Value memory) {
  bool blocks = false;
  op->walk([&](Operation *inner) {
    Value target;
    if (auto store = dyn_cast<memref::StoreOp>(inner))
      target = store.getMemRef();
    else if (auto store = dyn_cast<vector::StoreOp>(inner))
      target = store.getBase();
    else if (isa<LibraryOp>(inner))
      blocks = true;
    else if (std::optional<FunctionCall> call = functionCallOf(inner))
      blocks |= !isMath(symbols.lookup<func::FuncOp>(call->callee.getValue()));
    if (!target)
      return;
    // Different arguments do not overlap.
    bool apart = target != memory && isa<BlockArgument>(target) &&
                 isa<BlockArgument>(memory) &&
                 !(facts.overlapping.contains(target) &&
                   facts.overlapping.contains(memory));
    blocks |= !apart;
  });
  return blocks;
}

unsigned FunctionPrinter::estimate(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return 6;
  if (isa<arith::ConstantOp>(op))
    return 4;
  if (!folded.contains(op))
    return 8;
  unsigned length = 4;
  if (isa<func::CallOp, vector::LoadOp, vector::BroadcastOp,
          arith::SelectOp, arith::MaximumFOp, arith::MinimumFOp>(op) ||
      isa<math::MathDialect>(op->getDialect()) ||
      op->getNumOperands() == 1)
    length = 10;
  for (Value operand : op->getOperands())
    length += estimate(operand);
  return length;
}

bool FunctionPrinter::mayFold(Operation *op, unsigned length) {
  if (op->getNumResults() != 1 || op->getNumRegions() || !op->getResult(0).hasOneUse())
    return false;
  OpOperand &use = *op->getResult(0).use_begin();
  Operation *user = use.getOwner();
  if (user->getBlock() != op->getBlock())
    return false;
  if (isa<memref::ViewOp>(op))
    return true;
  // What is returned has no use for a name.
  unsigned room = isa<func::ReturnOp>(user) ? 3 : 1;
  if (length > room * style.longestExpression)
    return false;
  // The bounds of a loop are read again and again.
  if (auto loop = dyn_cast<scf::ForOp>(user))
    if (use.getOperandNumber() != 0 &&
        use.getOperandNumber() < loop.getNumControlOperands())
      return false;
  // A comparison is wide or narrow by its operands, a loop's variable is not.
  if (isMaskVector(op->getResult(0).getType()) &&
      user->hasTrait<OpTrait::IsTerminator>())
    return false;
  if (auto call = dyn_cast<func::CallOp>(op))
    return isMath(symbols.lookup<func::FuncOp>(call.getCallee()));
  return isLoad(op) || isMemoryEffectFree(op);
}

Operation *FunctionPrinter::statementOf(Operation *op) {
  while (folded.contains(op))
    op = *op->user_begin();
  return op;
}

/// An offset that is another one, or a constant: no name of its own. What a loop carries may change before it is read.
static bool isAlias(Operation *op) {
  auto apply = dyn_cast<affine::AffineApplyOp>(op);
  if (!apply)
    return false;
  AffineExpr expr = apply.getAffineMap().getResult(0);
  if (isa<AffineConstantExpr>(expr))
    return true;
  auto source = dyn_cast_or_null<BlockArgument>(apply.getMapOperands().empty()
                                            ? Value()
                                            : apply.getMapOperands()[0]);
  bool isCopy = isa<AffineDimExpr, AffineSymbolExpr>(expr) &&
                apply.getMapOperands().size() == 1;
  return isCopy && source &&
         (source.getArgNumber() == 0 ||
          !isa<scf::ForOp>(source.getOwner()->getParentOp()));
}

void FunctionPrinter::plan(Block &block) {
  for (Operation &op : block) {
    if (isa<arith::ConstantOp>(op) || op.getNumResults() != 1)
      continue;
    folded.insert(&op);
    if (!isAlias(&op) && !mayFold(&op, estimate(op.getResult(0))))
      folded.erase(&op);
  }
  planUpdates(block);
  for (Operation &op : block) {
    if (!isLoad(&op) || !folded.contains(&op))
      continue;
    Operation *statement = statementOf(&op);
    for (Operation *between = op.getNextNode(); between != statement;
         between = between->getNextNode())
      if (blocksLoad(between, loadedMemory(&op))) {
        folded.erase(&op);
        break;
      }
  }
}

/// Whether the value lives in a variable that a loop may go on with.
static bool isVariable(Value value, Block *block) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == block && argument.getArgNumber() > 0 &&
           isa<scf::ForOp>(block->getParentOp());
  return isa<scf::ForOp, scf::IfOp>(value.getDefiningOp()) &&
         value.getParentBlock() == block;
}

/// The loop that begins with the value and may keep it in the same variable, since nobody else needs it.
static scf::ForOp continuingLoop(Value value) {
  if (!value.hasOneUse())
    return {};
  OpOperand &use = *value.use_begin();
  auto loop = dyn_cast<scf::ForOp>(use.getOwner());
  if (!loop || use.getOperandNumber() < loop.getNumControlOperands() ||
      !isVariable(value, loop->getBlock()))
    return {};
  return loop;
}

/// A loop-carried value whose old value is not needed once the new one is there is updated where the new one is computed, as one would
/// write it by hand; the others are assigned at the end of the body.
void FunctionPrinter::planUpdates(Block &block) {
  auto loop = dyn_cast<scf::ForOp>(block.getParentOp());
  if (!loop)
    return;
  for (auto [argument, value] :
       llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues())) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != &block || updates.contains(value) ||
        isa<arith::ConstantOp, scf::ForOp>(def) ||
        isMaskVector(value.getType()))
      continue;
    // Loops that go on with the variable read and change it as well.
    SmallVector<Value> lives = {argument};
    while (auto inner = continuingLoop(lives.back()))
      lives.push_back(inner.getTiedLoopResult(&*lives.back().use_begin()));
    SmallVector<Operation *> early;
    bool possible = true;
    for (Value life : lives)
      for (Operation *user : life.getUsers()) {
        Operation *reader = block.findAncestorOpInBlock(*user);
        if (reader == def)
          continue;
        if (def->isBeforeInBlock(reader))
          possible = false;
        else if (def->isBeforeInBlock(statementOf(reader)))
          early.push_back(reader);
      }
    if (!possible)
      continue;
    for (Operation *reader : early)
      folded.erase(reader);
    folded.erase(def);
    updates[value] = argument;
    // Steps on the way to the new value, as an unrolled loop has them, are updates as well.
    SmallVector<Value> steps;
    for (Value step = argument; step.hasOneUse();) {
      Operation *next = *step.user_begin();
      if (next == def) {
        for (Value done : steps)
          updates[done] = argument;
        break;
      }
      if (next->getBlock() != &block || next->getNumResults() != 1 ||
          next->getNumRegions() || folded.contains(next) ||
          next->getResult(0).getType() != argument.getType())
        break;
      step = next->getResult(0);
      steps.push_back(step);
    }
  }
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void FunctionPrinter::fail(Operation *op, const Twine &message) {
  if (!failed)
    op->emitError("cannot be written as C++: ") << message;
  failed = true;
}

std::string FunctionPrinter::fresh(Value value, StringRef fallback) {
  // In a kernel, a name with an operator as its child is the node that the value was made for, not a name of the value.
  auto named = dyn_cast<NameLoc>(value.getLoc());
  bool isNode = !named || isa<NameLoc>(named.getChildLoc());
  std::string name;
  if (!isNode || function->hasAttr(kGraphAttr))
    name = identifier(cpp::nameOf(value.getLoc()), style.longestName);
  return names.add(name.empty() ? fallback.str() : name);
}

std::string FunctionPrinter::variableType(Value value) {
  if (isMaskVector(value.getType()))
    return maskName(maskBits(value), lanesOf(value.getType()));
  std::string name = typeName(value.getType());
  if (name.empty()) {
    Operation *op = value.getDefiningOp();
    fail(op ? op : function.getOperation(), "a type that has no C++ name");
  }
  return name;
}

/// What to call a value without a name.
static StringRef fallbackName(Value value) {
  Type type = value.getType();
  if (isMaskVector(type))
    return "mask";
  if (lanesOf(type))
    return "v";
  if (type.isIndex())
    return "offset";
  if (type.isInteger(1))
    return "condition";
  return "s";
}

/// Constants that are long to write and stand in several places get names.
void FunctionPrinter::nameConstants() {
  llvm::MapVector<std::pair<Attribute, Type>, std::pair<unsigned, Value>> seen;
  function.walk([&](arith::ConstantOp op) {
    Attribute value = op.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(value))
      if (dense.isSplat() && !dense.getElementType().isInteger(1))
        value = dense.getSplatValue<Attribute>();
    auto &entry = seen[{value, getElementTypeOrSelf(op.getType())}];
    unsigned uses = std::distance(op->use_begin(), op->use_end());
    entry.first += uses;
    if (!entry.second)
      entry.second = op.getResult();
  });
  for (auto &[key, entry] : seen) {
    auto [value, type] = key;
    if (entry.first < 2 || type.isIndex() || isa<DenseElementsAttr>(value))
      continue;
    Expression literal = constant(value, type, true, false);
    if (literal.text.size() <= 8)
      continue;
    std::string name = fresh(entry.second, "c");
    body.declare("constexpr " + typeName(type), name, literal.text);
    constants[key] = name;
  }
}

LogicalResult FunctionPrinter::print(raw_ostream &os) {
  // No argument hides a function that is called.
  function.walk([&](Operation *op) {
    std::optional<FunctionCall> call = functionCallOf(op);
    auto callee = call ? symbols.lookup<func::FuncOp>(call->callee.getValue()) : nullptr;
    if (callee && !names.contains(facts.nameOf(callee)))
      names.add(facts.nameOf(callee));
  });
  std::vector<std::string> arguments =
      argumentNames(function, names, style);
  for (auto [argument, name] : llvm::zip(function.getArguments(), arguments))
    variables[argument] = name;
  if (function.getNumResults() > 1 || !function.getBody().hasOneBlock()) {
    fail(function, "a function of several results or blocks");
    return failure();
  }
  // No local name hides a function.
  for (auto &[op, name] : facts.names)
    if (!names.contains(name))
      names.add(name);
  nameConstants();
  Block &block = function.getBody().front();
  plan(block);
  printBlock(block);
  if (failed)
    return failure();

  if (auto comments = function->getAttrOfType<ArrayAttr>("ingot.comment"))
    for (Attribute line : comments)
      if (auto text = dyn_cast<StringAttr>(line))
        printComment(os, text.getValue(), style.columns);
  std::string head = signature(function, facts, arguments) + " noexcept {";
  if (isMath(function))
    head = "inline " + head;
  if (function->hasAttr("ingot.apart"))
    head = "[[gnu::noinline]] " + head;
  for (const std::string &line : wrap(head, 0, style.columns))
    os << line << "\n";
  body.print(os);
  os << "}\n";
  return success();
}

void FunctionPrinter::printBlock(Block &block) {
  for (Operation &op : block)
    if (!failed && !folded.contains(&op))
      printOperation(op);
}

void FunctionPrinter::printOperation(Operation &op) {
  if (isa<arith::ConstantOp, scf::YieldOp>(op))
    return;
  if (isa<memref::ViewOp>(op))
    return printView(op);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return printFor(loop);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return printWhile(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return printIf(branch);
  if (auto ret = dyn_cast<func::ReturnOp>(op)) {
    if (ret.getNumOperands())
      body.statement("return " + argument(ret.getOperand(0)).text + ";");
    return;
  }
  if (auto store = dyn_cast<memref::StoreOp>(op)) {
    if (store.getIndices().size() != 1)
      return fail(&op, "a buffer that is not flat");
    body.statement(element(store.getMemRef(), store.getIndices()[0]).text +
                       " = " + expression(store.getValue()).text + ";",
                   "element");
    return;
  }
  if (auto store = dyn_cast<vector::StoreOp>(op)) {
    if (store.getIndices().size() != 1)
      return fail(&op, "a buffer that is not flat");
    Value value = store.getValueToStore();
    Value memory = store.getBase(), index = store.getIndices()[0];
    if (!lanesOf(value.getType()))
      body.statement(element(memory, index).text + " = " +
                         expression(value).text + ";",
                     "element");
    else
      body.statement(
          (isMaskVector(value.getType()) ? "store_mask(" : "store(") +
              address(memory, index).text + ", " + expression(value).text +
              ");",
          "store");
    return;
  }
  if (auto poke = dyn_cast<PokeOp>(op)) {
    body.statement(this->call("poke", {expression(poke.getAddress()), expression(poke.getValue())}).text + ";");
    return;
  }
  if (auto library = dyn_cast<LibraryOp>(op)) {
    SmallVector<Expression> arguments;
    for (Value operand : library->getOperands())
      arguments.push_back(expression(operand));
    body.statement(this->call("::" + library.getFunction().str(), arguments).text + ";");
    return;
  }
  if (auto call = dyn_cast<func::CallOp>(op); call && !op.getNumResults()) {
    SmallVector<Expression> arguments;
    for (Value operand : call.getOperands())
      arguments.push_back(expression(operand));
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee)
      return fail(&op, "a callee that is not there");
    body.statement(this->call(facts.nameOf(callee), arguments).text + ";");
    return;
  }
  if (auto share = dyn_cast<ShareOp>(op)) {
    auto callee = symbols.lookup<func::FuncOp>(share.getCallee());
    SmallVector<Expression> arguments = {expression(share.getThreads()), expression(share.getCount()), {std::to_string(share.getGrain())},
                                         {facts.nameOf(callee)}};
    for (Value input : share.getInputs())
      arguments.push_back(expression(input));
    body.statement(this->call("share", arguments).text + ";");
    return;
  }
  if (op.getNumResults() != 1 || op.getNumRegions())
    return fail(&op, "not an operation of the planned module");

  Value result = op.getResult(0);
  if (result.use_empty() && isMemoryEffectFree(&op))
    return;
  if (BlockArgument target = updates.lookup(result)) {
    std::string variable = variables[target];
    body.statement(assignment(variable, op, operation(&op, false).text),
                   "update");
    variables[result] = variable;
    return;
  }
  std::string text = operation(&op, false).text;
  std::string name = fresh(result, fallbackName(result));
  std::string type =
      isMaskVector(result.getType()) ? "auto" : variableType(result);
  body.declare("const " + type, name, text);
  variables[result] = name;
}

/// `x = x + value;` as one writes it.
std::string FunctionPrinter::assignment(StringRef variable, Operation &op,
                                        const std::string &text) {
  if (isa<arith::AddFOp, arith::AddIOp>(op) &&
      widthOf(op.getResult(0).getType()) >= 32 &&
      variables.lookup(op.getOperand(0)) == variable)
    return (variable + " += " + expression(op.getOperand(1), true).text + ";")
        .str();
  return (variable + " = " + text + ";").str();
}

void FunctionPrinter::printView(Operation &view) {
  Value result = view.getResult(0);
  if (result.use_empty())
    return;
  std::string text = operation(&view, false).text;
  std::string name = fresh(result, "values");
  bool isConst = StringRef(text).starts_with("view<const");
  body.declare((isConst ? "const " : "") +
                   scalarName(getElementTypeOrSelf(result.getType())) + " *",
               "const " + name, text);
  variables[result] = name;
}

void FunctionPrinter::printFor(scf::ForOp loop) {
  if (loop.getUnsignedCmp())
    return fail(loop, "a loop with an unsigned bound");
  SmallVector<std::string> carried;
  // Declarations of one type next to each other share lines; their order does not matter.
  llvm::StringSet<> typeNames;
  llvm::MapVector<StringRef, std::vector<std::pair<std::string, std::string>>>
      declarations;
  for (auto [initial, argument] :
       llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs())) {
    if (continuingLoop(initial) == loop) {
      std::string variable = variables.lookup(initial);
      variables[argument] = variable;
    } else {
      bool isMask = isMaskVector(argument.getType());
      std::string text = (isMask ? mask(initial, 32) : expression(initial)).text;
      std::string name = fresh(argument, "sum");
      // Vectors of zeros are common enough for the short form.
      if (lanesOf(argument.getType()) && matchPattern(initial, m_PosZeroFloat()))
        declarations[typeNames.insert(variableType(argument)).first->getKey()]
            .push_back({name + "{}", ""});
      else
        declarations[typeNames.insert(variableType(argument)).first->getKey()]
            .push_back({name, text});
      variables[argument] = name;
    }
    carried.push_back(variables[argument]);
  }
  for (auto &[type, list] : declarations)
    for (auto &[name, value] : list)
      body.declare(type, name, value);
  names.push();
  Value iv = loop.getInductionVar();
  std::string index = fresh(iv, "i");
  variables[iv] = index;
  std::string step = expression(loop.getStep()).text;
  std::string type = iv.getType().isIndex() ? "ptrdiff_t" : typeName(iv.getType());
  body.open((loop->hasAttr("ingot.rolled") ? "INGOT_ROLLED for (" : "for (") + type + " " + index + " = " +
            expression(loop.getLowerBound()).text + "; " + index + " < " +
            expression(loop.getUpperBound()).in(Binding::sum) + "; " +
            (step == "1" ? "++" + index : index + " += " + step) + ")");
  plan(*loop.getBody());
  printBlock(*loop.getBody());
  assign(carried, loop.getYieldedValues());
  body.close();
  names.pop();
  for (auto [result, variable] : llvm::zip(loop.getResults(), carried))
    variables[result] = variable;
}

/// What is tested must fit one expression, and the body gets what the loop carries.
void FunctionPrinter::printWhile(scf::WhileOp loop) {
  Block *test = loop.getBeforeBody(), *block = loop.getAfterBody();
  scf::ConditionOp condition = loop.getConditionOp();
  if (!llvm::equal(condition.getArgs(), test->getArguments()))
    return fail(loop, "a loop that changes in its test what it carries");
  SmallVector<std::string> carried;
  names.push();
  for (auto [initial, tested, argument] : llvm::zip(loop.getInits(), test->getArguments(), block->getArguments())) {
    std::string name = fresh(argument, "i");
    body.declare(variableType(argument), name, expression(initial).text);
    variables[tested] = variables[argument] = name;
    carried.push_back(name);
  }
  plan(*test);
  for (Operation &op : test->without_terminator())
    if (!isa<arith::ConstantOp>(op) && !folded.contains(&op))
      return fail(&op, "a test that is no single expression");
  body.open("while (" + expression(condition.getCondition()).text + ")");
  plan(*block);
  printBlock(*block);
  assign(carried, loop.getYieldedValues());
  body.close();
  names.pop();
  for (auto [result, variable] : llvm::zip(loop.getResults(), carried))
    variables[result] = variable;
}

void FunctionPrinter::printIf(scf::IfOp branch) {
  std::string condition = expression(branch.getCondition()).text;
  SmallVector<std::string> results;
  for (Value result : branch.getResults()) {
    std::string variable;
    if (BlockArgument target = updates.lookup(result)) {
      variable = variables[target];
    } else {
      variable = fresh(result, fallbackName(result));
      body.declare(variableType(result), variable, "");
    }
    results.push_back(variable);
  }
  auto printBranch = [&](Block *block) {
    names.push();
    plan(*block);
    printBlock(*block);
    assign(results, block->getTerminator()->getOperands());
    names.pop();
  };
  body.open("if (" + condition + ")");
  printBranch(branch.thenBlock());
  if (branch.elseBlock()) {
    size_t before = body.mark();
    body.orElse();
    printBranch(branch.elseBlock());
    if (body.mark() == before + 1)
      body.rewind(before);
  }
  body.close();
  for (auto [result, variable] : llvm::zip(branch.getResults(), results))
    variables[result] = variable;
}

void FunctionPrinter::readVariables(Value value, llvm::StringSet<> &read) {
  if (auto it = variables.find(value); it != variables.end()) {
    read.insert(it->second);
    return;
  }
  if (Operation *op = value.getDefiningOp())
    for (Value operand : op->getOperands())
      readVariables(operand, read);
}

void FunctionPrinter::assign(ArrayRef<std::string> targets, ValueRange values) {
  struct Assignment {
    std::string variable, text, type, statement;
    llvm::StringSet<> read;
  };
  std::vector<Assignment> pending;
  for (auto [variable, value] : llvm::zip(targets, values)) {
    Assignment assignment;
    assignment.variable = variable;
    assignment.type = variableType(value);
    assignment.text = isMaskVector(value.getType()) ? mask(value, 32).text
                                                    : expression(value).text;
    if (assignment.text == variable)
      continue;
    Operation *op = value.getDefiningOp();
    assignment.statement =
        op && folded.contains(op)
            ? this->assignment(variable, *op, assignment.text)
            : variable + " = " + assignment.text + ";";
    readVariables(value, assignment.read);
    pending.push_back(std::move(assignment));
  }
  while (!pending.empty()) {
    // A variable is overwritten when nobody else reads it any more.
    auto ready = llvm::find_if(pending, [&](const Assignment &candidate) {
      return llvm::none_of(pending, [&](const Assignment &other) {
        return &other != &candidate && other.read.contains(candidate.variable);
      });
    });
    if (ready != pending.end()) {
      body.statement(ready->statement, "assign");
      pending.erase(ready);
      continue;
    }
    Assignment &first = pending.front();
    std::string next = names.add("next_" + first.variable);
    body.declare("const " + first.type, next, first.text);
    first.statement = first.variable + " = " + next + ";";
    first.read.clear();
  }
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Expression FunctionPrinter::call(StringRef name, ArrayRef<Expression> arguments) {
  std::string text = name.str() + "(";
  llvm::interleave(
      arguments, [&](const Expression &e) { text += e.text; },
      [&] { text += ", "; });
  return {text + ")"};
}

static Attribute constantValue(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return {};
  return attribute;
}

/// The value of a constant, the value of every lane of a splat; else null.
static Attribute uniformValue(Value value) {
  Attribute attribute = constantValue(value);
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute))
    return dense.isSplat() ? dense.getSplatValue<Attribute>() : Attribute();
  return attribute;
}

bool FunctionPrinter::printsAsScalar(Value value) {
  if (!lanesOf(value.getType()) || isMaskVector(value.getType()) ||
      widthOf(value.getType()) < 32 || variables.contains(value))
    return false;
  return uniformValue(value) || value.getDefiningOp<vector::BroadcastOp>();
}

void cpp::printTable(llvm::raw_ostream &os, ElementsAttr table, StringRef name, const CppStyle &style) {
  SmallVector<std::string> elements;
  for (Attribute element : table.getValues<Attribute>()) {
    if (auto number = dyn_cast<FloatAttr>(element))
      elements.push_back(floatLiteral(number.getValue()).text);
    else
      elements.push_back(integerLiteral(cast<IntegerAttr>(element).getValue(), /*typed=*/false).text);
  }
  std::string text = "constexpr " + typeName(table.getElementType()) + " " + name.str() + "[" + itostr(table.getNumElements()) + "] = {" +
                     llvm::join(elements, ", ") + "};";
  for (const std::string &line : wrap(text, 0, style.columns))
    os << line << "\n";
}

Expression FunctionPrinter::constant(Attribute value, Type type, bool scalar,
                                     bool typed) {
  Type element = getElementTypeOrSelf(type);
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (dense && !dense.isSplat()) {
    SmallVector<std::string> lanes;
    for (Attribute lane : dense.getValues<Attribute>())
      lanes.push_back(constant(lane, element, true, true).text);
    if (element.isInteger(1)) {
      for (std::string &lane : lanes)
        lane = lane == "true" ? "-1" : "0";
      return {maskName(32, lanesOf(type)) + "{" + llvm::join(lanes, ", ") + "}"};
    }
    return {typeName(type) + "{" + llvm::join(lanes, ", ") + "}"};
  }
  if (dense)
    value = dense.getSplatValue<Attribute>();
  Expression literal;
  if (std::string name = constants.lookup({value, element}); !name.empty())
    literal = {name};
  else if (auto number = dyn_cast<FloatAttr>(value))
    literal = widthOf(element) < 32
                  ? integerLiteral(number.getValue().bitcastToAPInt(), true)
                  : floatLiteral(number.getValue());
  else if (auto number = dyn_cast<IntegerAttr>(value))
    literal = element.isIndex()
                  ? Expression{itostr(number.getInt()),
                               number.getInt() < 0 ? Binding::unary
                                                   : Binding::primary}
                  : integerLiteral(number.getValue(), typed);
  else
    fail(function, "a constant that is no number");
  if (scalar || !lanesOf(type))
    return literal;
  if (isMaskVector(type))
    return {"splat<" + maskName(32, lanesOf(type)) + ">(" +
            (literal.text == "true" ? "-1" : "0") + ")"};
  return {"splat<" + typeName(type) + ">(" + literal.text + ")"};
}

Expression FunctionPrinter::expression(Value value, bool scalar) {
  if (auto it = variables.find(value); it != variables.end())
    return {it->second};
  Operation *op = value.getDefiningOp();
  if (!op) {
    fail(function, "a value without a definition");
    return {};
  }
  return operation(op, scalar);
}

Expression FunctionPrinter::argument(Value value, bool scalar) {
  if (Attribute known = constantValue(value); known && !variables.contains(value)) {
    if (value.getType().isIndex())
      return {"ptrdiff_t(" + constant(known, value.getType(), true, true).text + ")"};
    return constant(known, value.getType(), scalar, /*typed=*/true);
  }
  return expression(value, scalar);
}

Expression FunctionPrinter::element(Value memory, Value index) {
  return {expression(memory).in(Binding::primary) + "[" +
          expression(index).text + "]"};
}

Expression FunctionPrinter::address(Value memory, Value index) {
  Expression base = expression(memory);
  if (matchPattern(index, m_Zero()))
    return base;
  Expression offset = expression(index);
  // A sum that never leaves the buffer on its way needs no parentheses.
  if (offset.binding == Binding::sum && !StringRef(offset.text).contains('-'))
    return {base.in(Binding::sum) + " + " + offset.text, Binding::sum};
  return binary(base, "+", offset);
}

/// Call of a function that takes scalars for vectors with equal lanes, as long as one argument is a vector.
Expression FunctionPrinter::common(StringRef name, ValueRange operands) {
  SmallVector<Expression> arguments;
  bool haveVector = llvm::any_of(operands, [&](Value operand) {
    return lanesOf(operand.getType()) && !printsAsScalar(operand);
  });
  for (Value operand : operands) {
    arguments.push_back(argument(operand, haveVector));
    haveVector |= lanesOf(operand.getType()) > 0;
  }
  return call(name, arguments);
}

/// Result of arithmetic that C++ does in int, brought back to a narrow type.
static Expression narrowed(Expression value, Type type) {
  if (lanesOf(type) || !getElementTypeOrSelf(type).isInteger() ||
      widthOf(type) >= 32)
    return value;
  return {typeName(type) + "(" + value.text + ")"};
}

Expression FunctionPrinter::operators(Operation *op, StringRef name) {
  Value left = op->getOperand(0), right = op->getOperand(1);
  Type type = left.getType();
  if (isMaskVector(type)) {
    unsigned bits = maskBits(op->getResult(0));
    if (name == "^" && matchPattern(right, m_One()))
      return {"~" + mask(left, bits).in(Binding::primary), Binding::unary};
    return binary(mask(left, bits), name, mask(right, bits));
  }
  if (widthOf(type) == 1) {
    if (name == "^" && matchPattern(right, m_One()))
      return {"!" + expression(left).in(Binding::primary), Binding::unary};
    StringRef logical = name == "&" ? "&&" : name == "|" ? "||" : "!=";
    return binary(expression(left), logical, expression(right));
  }
  bool rightIsScalar = printsAsScalar(right);
  // The type of a shift is that of its left operand alone.
  bool shifts = name == "<<" || name == ">>";
  Expression a = shifts ? argument(left, /*scalar=*/!rightIsScalar)
                        : expression(left, /*scalar=*/!rightIsScalar);
  // x - -1 and the like.
  Expression b = expression(right, /*scalar=*/true);
  if (b.binding == Binding::unary && StringRef(b.text).starts_with("-") &&
      name == "-")
    b = {"(" + b.text + ")"};
  return narrowed(binary(a, name, b), op->getResult(0).getType());
}

Expression FunctionPrinter::compareFloats(Operation *op) {
  using P = arith::CmpFPredicate;
  auto compare = cast<arith::CmpFOp>(op);
  Value left = compare.getLhs(), right = compare.getRhs();
  bool isVector = lanesOf(left.getType());
  Expression a = expression(left, !printsAsScalar(right));
  Expression b = expression(right, true);
  auto negated = [&](StringRef name) {
    return Expression{(isVector ? "~(" : "!(") + binary(a, name, b).text + ")",
                      Binding::unary};
  };
  StringRef both = isVector ? "&" : "&&", either = isVector ? "|" : "||";
  switch (compare.getPredicate()) {
  case P::OEQ:
    return binary(a, "==", b);
  case P::OGT:
    return binary(a, ">", b);
  case P::OGE:
    return binary(a, ">=", b);
  case P::OLT:
    return binary(a, "<", b);
  case P::OLE:
    return binary(a, "<=", b);
  case P::UNE:
    return binary(a, "!=", b);
  case P::ONE:
    return binary(binary(a, "<", b), either, binary(a, ">", b));
  case P::UEQ: {
    Expression differs = binary(binary(a, "<", b), either, binary(a, ">", b));
    return {(isVector ? "~(" : "!(") + differs.text + ")", Binding::unary};
  }
  case P::UGT:
    return negated("<=");
  case P::UGE:
    return negated("<");
  case P::ULT:
    return negated(">=");
  case P::ULE:
    return negated(">");
  case P::ORD:
    return binary(binary(a, "==", a), both, binary(b, "==", b));
  case P::UNO:
    return binary(binary(a, "!=", a), either, binary(b, "!=", b));
  case P::AlwaysFalse:
  case P::AlwaysTrue:
    break;
  }
  fail(op, "a comparison that does not compare");
  return {};
}

Expression FunctionPrinter::compareIntegers(Operation *op) {
  using P = arith::CmpIPredicate;
  auto compare = cast<arith::CmpIOp>(op);
  Value left = compare.getLhs(), right = compare.getRhs();
  if (isMaskVector(left.getType())) {
    unsigned bits = maskBits(left);
    Expression differs = binary(mask(left, bits), "^", mask(right, bits));
    if (compare.getPredicate() == P::ne)
      return differs;
    if (compare.getPredicate() == P::eq)
      return {"~(" + differs.text + ")", Binding::unary};
    fail(op, "an order of masks");
  }
  Expression a = expression(left, !printsAsScalar(right));
  Expression b = expression(right, true);
  auto asUnsigned = [&](StringRef name) {
    return binary(call("as_unsigned", argument(left)), name,
                  call("as_unsigned", argument(right)));
  };
  switch (compare.getPredicate()) {
  case P::eq:
    return binary(a, "==", b);
  case P::ne:
    return binary(a, "!=", b);
  case P::slt:
    return binary(a, "<", b);
  case P::sle:
    return binary(a, "<=", b);
  case P::sgt:
    return binary(a, ">", b);
  case P::sge:
    return binary(a, ">=", b);
  case P::ult:
    return asUnsigned("<");
  case P::ule:
    return asUnsigned("<=");
  case P::ugt:
    return asUnsigned(">");
  case P::uge:
    return asUnsigned(">=");
  }
  llvm_unreachable("all predicates are handled");
}

/// maximum and minimum; with a constant bound they are cheaper.
Expression FunctionPrinter::bound(Operation *op, StringRef name) {
  bool larger = name == "maximum";
  for (unsigned i : {1u, 0u}) {
    auto limit = dyn_cast_or_null<FloatAttr>(uniformValue(op->getOperand(i)));
    if (!limit || variables.contains(op->getOperand(i)))
      continue;
    APFloat value = limit.getValue();
    Value other = op->getOperand(1 - i);
    if (value.isNaN() || (!larger && value.isNegZero()))
      break;
    if (larger && value.isPosZero())
      return call("relu", argument(other));
    return call(larger ? "at_least" : "at_most",
                {argument(other),
                 constant(limit, limit.getType(), true, true)});
  }
  return common(name, op->getOperands());
}

/// The larger or smaller number, where NaN counts for none; with an operand that is a number it is cheaper.
Expression FunctionPrinter::numberBound(Operation *op, StringRef name) {
  int number = numberOperand(op);
  if (number < 0)
    return common(name, op->getOperands());
  Value bound = op->getOperand(number);
  auto limit = dyn_cast_or_null<FloatAttr>(uniformValue(bound));
  bool isNamed = !limit || variables.contains(bound);
  return call(name == "max_number" ? "number_at_least" : "number_at_most",
              {argument(op->getOperand(1 - number)), isNamed ? argument(bound) : constant(limit, limit.getType(), true, true)});
}

unsigned FunctionPrinter::maskBits(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return 32;
  if (isa<arith::CmpFOp, arith::CmpIOp, arith::TruncIOp>(op)) {
    if (isMaskVector(op->getOperand(0).getType()))
      return maskBits(op->getOperand(0));
    return widthOf(op->getOperand(0).getType());
  }
  if (isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op))
    return maskBits(op->getOperand(constantValue(op->getOperand(0)) ? 1 : 0));
  if (isa<arith::SelectOp>(op))
    return maskBits(op->getOperand(1));
  return 32;
}

Expression FunctionPrinter::mask(Value value, unsigned bits) {
  Expression text = expression(value);
  if (maskBits(value) == bits)
    return text;
  return call("convert_mask<" + maskName(bits, lanesOf(value.getType())) + ">",
              text);
}

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

bool FunctionPrinter::isNonNegative(Value value) {
  APInt known;
  if (matchPattern(value, m_ConstantInt(&known)))
    return known.isNonNegative();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument.getArgNumber() == 0 &&
           isNonNegative(loop.getLowerBound()) && isNonNegative(loop.getStep());
  }
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  return apply && isNonNegative(apply.getAffineMap().getResult(0),
                                apply.getMapOperands(),
                                apply.getAffineMap().getNumDims());
}

bool FunctionPrinter::isNonNegative(AffineExpr expr, ValueRange operands,
                                    unsigned dims) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return number.getValue() >= 0;
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return isNonNegative(operands[dim.getPosition()]);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return isNonNegative(operands[dims + symbol.getPosition()]);
  auto pair = cast<AffineBinaryOpExpr>(expr);
  return (expr.getKind() == AffineExprKind::Mod ||
          isNonNegative(pair.getLHS(), operands, dims)) &&
         isNonNegative(pair.getRHS(), operands, dims);
}

Expression FunctionPrinter::affine(AffineExpr expr, ValueRange operands) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return {itostr(number.getValue()),
            number.getValue() < 0 ? Binding::unary : Binding::primary};
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return expression(operands[dim.getPosition()]);
  auto pair = cast<AffineBinaryOpExpr>(expr);
  AffineExpr left = pair.getLHS(), right = pair.getRHS();
  auto text = [&](AffineExpr e) { return affine(e, operands); };
  bool positive = isNonNegative(left, operands, operands.size()) &&
                  isNonNegative(right, operands, operands.size());
  switch (expr.getKind()) {
  case AffineExprKind::Add: {
    if (auto number = dyn_cast<AffineConstantExpr>(right);
        number && number.getValue() < 0)
      return binary(text(left), "-", {itostr(-number.getValue())});
    // 14 - j rather than -j + 14.
    if (auto product = dyn_cast<AffineBinaryOpExpr>(left);
        product && product.getKind() == AffineExprKind::Mul)
      if (auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
          factor && factor.getValue() < 0)
        return binary(text(right), "-",
                      text(product.getLHS() * -factor.getValue()));
    if (auto product = dyn_cast<AffineBinaryOpExpr>(right);
        product && product.getKind() == AffineExprKind::Mul)
      if (auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
          factor && factor.getValue() < 0)
        return binary(text(left), "-",
                      text(product.getLHS() * -factor.getValue()));
    Expression a = text(left), b = text(right);
    // Offsets do not overflow, so sums need no parentheses.
    if (b.binding == Binding::sum)
      return {a.in(Binding::sum) + " + " + b.text, Binding::sum};
    return binary(a, "+", b);
  }
  case AffineExprKind::Mul:
    if (auto factor = dyn_cast<AffineConstantExpr>(right);
        factor && factor.getValue() == -1)
      return {"-" + text(left).in(Binding::primary), Binding::unary};
    return binary(text(left), "*", text(right));
  case AffineExprKind::FloorDiv:
    return positive ? binary(text(left), "/", text(right))
                    : call("floor_div", {text(left), text(right)});
  case AffineExprKind::CeilDiv:
    return call("ceil_div", {text(left), text(right)});
  case AffineExprKind::Mod:
    return positive ? binary(text(left), "%", text(right))
                    : call("floor_mod", {text(left), text(right)});
  default:
    llvm_unreachable("the other kinds are handled above");
  }
}

AffineExpr FunctionPrinter::composed(AffineExpr expr, unsigned dims,
                                     ValueRange operands,
                                     SmallVectorImpl<Value> &values) {
  SmallVector<AffineExpr> replacements;
  for (Value operand : operands) {
    auto apply = operand.getDefiningOp<affine::AffineApplyOp>();
    if (apply && folded.contains(apply)) {
      replacements.push_back(composed(apply.getAffineMap().getResult(0),
                                      apply.getAffineMap().getNumDims(),
                                      apply.getMapOperands(), values));
      continue;
    }
    auto *known = llvm::find(values, operand);
    replacements.push_back(getAffineDimExpr(unsigned(known - values.begin()),
                                            expr.getContext()));
    if (known == values.end())
      values.push_back(operand);
  }
  ArrayRef<AffineExpr> all(replacements);
  return expr.replaceDimsAndSymbols(all.take_front(dims), all.drop_front(dims));
}

/// The results of a map, with what is folded into them; several are combined by the function.
Expression FunctionPrinter::affineResults(AffineMap map, ValueRange operands,
                                          StringRef name) {
  Expression result;
  for (AffineExpr expr : map.getResults()) {
    SmallVector<Value> values;
    AffineExpr whole = composed(expr, map.getNumDims(), operands, values);
    // Sums get shorter; divisions would be taken apart.
    bool divides = !whole.isPureAffine();
    whole.walk([&](AffineExpr part) {
      divides |= part.getKind() == AffineExprKind::Mod ||
                 part.getKind() == AffineExprKind::FloorDiv ||
                 part.getKind() == AffineExprKind::CeilDiv;
    });
    if (!divides)
      whole = simplifyAffineExpr(whole, values.size(), 0);
    Expression text = affine(whole, values);
    result = result.text.empty() ? text : call(name, {result, text});
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static StringRef reductionName(vector::CombiningKind kind) {
  using K = vector::CombiningKind;
  switch (kind) {
  case K::ADD:
    return "reduce_add";
  case K::MUL:
    return "reduce_mul";
  case K::AND:
    return "reduce_and";
  case K::OR:
    return "reduce_or";
  case K::XOR:
    return "reduce_xor";
  case K::MAXIMUMF:
    return "reduce_maximum";
  case K::MINIMUMF:
    return "reduce_minimum";
  case K::MAXNUMF:
    return "reduce_max_number";
  case K::MINNUMF:
    return "reduce_min_number";
  case K::MAXSI:
    return "reduce_max_signed";
  case K::MINSI:
    return "reduce_min_signed";
  case K::MAXUI:
    return "reduce_max_unsigned";
  case K::MINUI:
    return "reduce_min_unsigned";
  }
  llvm_unreachable("all kinds are handled");
}

/// Operations that are a C++ operator, and those that are a function of vector.h of the same operands.
static StringRef operatorOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return "+"; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return "-"; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return "*"; })
      .Case<arith::DivFOp, arith::DivSIOp>([](auto) { return "/"; })
      .Case<arith::RemSIOp>([](auto) { return "%"; })
      .Case<arith::AndIOp>([](auto) { return "&"; })
      .Case<arith::OrIOp>([](auto) { return "|"; })
      .Case<arith::XOrIOp>([](auto) { return "^"; })
      .Case<arith::ShLIOp>([](auto) { return "<<"; })
      .Case<arith::ShRSIOp>([](auto) { return ">>"; })
      .Default([](Operation *) { return ""; });
}

static StringRef functionOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<math::FmaOp>([](auto) { return "fma"; })
      .Case<math::SqrtOp>([](auto) { return "sqrt"; })
      .Case<math::AbsFOp, math::AbsIOp>([](auto) { return "abs"; })
      .Case<math::FloorOp>([](auto) { return "floor"; })
      .Case<math::CeilOp>([](auto) { return "ceil"; })
      .Case<math::TruncOp>([](auto) { return "trunc"; })
      .Case<math::RoundEvenOp>([](auto) { return "roundeven"; })
      .Case<math::CopySignOp>([](auto) { return "copysign"; })
      .Case<arith::MaxSIOp>([](auto) { return "max_signed"; })
      .Case<arith::MinSIOp>([](auto) { return "min_signed"; })
      .Case<arith::MaxUIOp>([](auto) { return "max_unsigned"; })
      .Case<arith::MinUIOp>([](auto) { return "min_unsigned"; })
      .Case<arith::DivUIOp>([](auto) { return "div_unsigned"; })
      .Case<arith::RemUIOp>([](auto) { return "rem_unsigned"; })
      .Case<arith::ShRUIOp>([](auto) { return "shift_right_unsigned"; })
      .Default([](Operation *) { return ""; });
}

Expression FunctionPrinter::operation(Operation *op, bool scalar) {
  if (StringRef name = operatorOf(op); !name.empty())
    return operators(op, name);
  if (StringRef name = functionOf(op); !name.empty())
    return narrowed(common(name, op->getOperands()), op->getResult(0).getType());

  Type type = op->getNumResults() ? op->getResult(0).getType() : Type();
  int64_t lanes = type ? lanesOf(type) : 0;
  auto operand = [&](unsigned i) { return op->getOperand(i); };
  // f32(x), or convert<f32x8>(x).
  auto convert = [&](StringRef vectorFunction) {
    std::string name = typeName(type);
    return call(lanes ? vectorFunction.str() + "<" + name + ">" : name,
                expression(operand(0)));
  };
  auto fromBool = [&] {
    return getElementTypeOrSelf(operand(0).getType()).isInteger(1);
  };

  if (auto constantOp = dyn_cast<arith::ConstantOp>(op))
    return constant(constantOp.getValue(), type, scalar, false);
  if (isa<arith::NegFOp>(op))
    return {"-" + expression(operand(0)).in(Binding::primary), Binding::unary};
  if (isa<arith::CmpFOp>(op))
    return compareFloats(op);
  if (isa<arith::CmpIOp>(op))
    return compareIntegers(op);
  if (isa<arith::MaximumFOp>(op))
    return bound(op, "maximum");
  if (isa<arith::MinimumFOp>(op))
    return bound(op, "minimum");
  if (isa<arith::MaxNumFOp>(op))
    return numberBound(op, "max_number");
  if (isa<arith::MinNumFOp>(op))
    return numberBound(op, "min_number");
  // Of float16 alone: expand-math writes out the others.
  if (isa<DecodeOp>(op))
    return call("half_to_float", {expression(operand(0))});
  if (isa<EncodeOp>(op))
    return call("float_to_half", {expression(operand(0))});
  if (auto dot = dyn_cast<DotOp>(op))
    return call(dot.getIsUnsigned() ? "dot_unsigned" : "dot", {expression(operand(0)), expression(operand(1)), expression(operand(2))});
  if (auto lookup = dyn_cast<LookupOp>(op))
    return call("lookup<" + typeName(type) + ">", {{facts.tables.lookup(lookup.getTable())}, expression(operand(0))});
  if (isa<arith::FloorDivSIOp>(op) && type.isIndex())
    return call("floor_div", {expression(operand(0)), expression(operand(1))});
  if (isa<arith::CeilDivSIOp>(op) && type.isIndex())
    return call("ceil_div", {expression(operand(0)), expression(operand(1))});

  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Value condition = operand(0), a = operand(1), b = operand(2);
    if (!lanes)
      return {expression(condition).in(Binding::logicalOr) + " ? " +
                  argument(a).in(Binding::logicalOr) + " : " +
                  argument(b).in(Binding::logicalOr),
              Binding::conditional};
    if (isMaskVector(type)) {
      unsigned bits = maskBits(op->getResult(0));
      return call("select", {expression(condition), mask(a, bits), mask(b, bits)});
    }
    bool bScalar = printsAsScalar(b);
    return call("select", {expression(condition), argument(a, !bScalar),
                           argument(b, true)});
  }

  // Conversions.
  if (isa<arith::ExtUIOp, arith::UIToFPOp, arith::IndexCastUIOp>(op)) {
    if (fromBool() && lanes) {
      std::string bits =
          maskName(isa<arith::UIToFPOp>(op) ? 32 : widthOf(type), lanes);
      Expression ones = call("mask_bits<" + bits + ">", expression(operand(0)));
      return isa<arith::UIToFPOp>(op)
                 ? call("convert<" + typeName(type) + ">", ones)
                 : ones;
    }
    if (lanes)
      return convert("convert_unsigned");
    if (fromBool())
      return convert("");
    return call(typeName(type),
                call("u" + typeName(operand(0).getType()), expression(operand(0))));
  }
  if (isa<arith::ExtSIOp, arith::SIToFPOp>(op) && fromBool()) {
    if (lanes)
      return call("convert_mask<" + typeName(type) + ">", expression(operand(0)));
    return {"-" + convert("").text, Binding::unary};
  }
  if (isa<arith::TruncIOp>(op) && getElementTypeOrSelf(type).isInteger(1)) {
    if (lanes)
      return call("bits_mask<" + maskName(widthOf(operand(0).getType()), lanes) +
                      ">",
                  expression(operand(0)));
    return binary(binary(expression(operand(0)), "&", {"1"}), "!=", {"0"});
  }
  if (isa<arith::FPToUIOp>(op)) {
    if (lanes)
      return convert("convert_to_unsigned");
    return call(typeName(type), call("u" + typeName(type), expression(operand(0))));
  }
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
      (widthOf(type) < 32 || widthOf(operand(0).getType()) < 32)) {
    fail(op, "half floats are converted by expand-math");
    return {};
  }
  if (isa<arith::ExtSIOp, arith::TruncIOp, arith::SIToFPOp, arith::FPToSIOp,
          arith::ExtFOp, arith::TruncFOp, arith::IndexCastOp>(op))
    return convert("convert");
  if (isa<arith::BitcastOp>(op)) {
    // Half floats are kept as their bits.
    if (typeName(type) == typeName(operand(0).getType()))
      return expression(operand(0));
    return call("bitcast<" + typeName(type) + ">", argument(operand(0)));
  }

  // Memory.
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    if (load.getIndices().size() == 1)
      return element(load.getMemRef(), load.getIndices()[0]);
    fail(op, "a buffer that is not flat");
    return {};
  }
  if (auto load = dyn_cast<vector::LoadOp>(op)) {
    if (load.getIndices().size() != 1) {
      fail(op, "a buffer that is not flat");
      return {};
    }
    if (!lanes)
      return element(load.getBase(), load.getIndices()[0]);
    return call((isMaskVector(type) ? "load_mask<" : "load<") + typeName(type) +
                    ">",
                address(load.getBase(), load.getIndices()[0]));
  }
  if (auto view = dyn_cast<memref::ViewOp>(op)) {
    Value root = view.getSource();
    bool isConst = isa<BlockArgument>(root) && !facts.written.contains(root);
    return call(std::string("view<") + (isConst ? "const " : "") +
                    scalarName(getElementTypeOrSelf(type)) + ">",
                {expression(root), expression(view.getByteShift())});
  }

  // Addresses of strings.
  if (auto address = dyn_cast<AddressOp>(op)) {
    if (address.getIndices().size() == 1)
      return call("address_of", this->address(address.getMemory(), address.getIndices()[0]));
    fail(op, "a buffer that is not flat");
    return {};
  }
  if (isa<PeekOp>(op))
    return call("peek<" + typeName(type) + ">", expression(operand(0)));

  // Vectors.
  if (isa<vector::BroadcastOp>(op)) {
    if (lanesOf(operand(0).getType()))
      return expression(operand(0));
    if (scalar || !lanes)
      return expression(operand(0));
    if (isMaskVector(type))
      return call("splat<" + typeName(type) + ">",
                  Expression{"-int32_t(" + expression(operand(0)).text + ")"});
    return call("splat<" + typeName(type) + ">", expression(operand(0)));
  }
  if (auto elements = dyn_cast<vector::FromElementsOp>(op)) {
    if (!lanes)
      return expression(operand(0));
    std::string text = typeName(type) + "{";
    llvm::interleave(
        op->getOperands(), [&](Value e) { text += argument(e).text; },
        [&] { text += ", "; });
    return {text + "}"};
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    if (!lanesOf(operand(0).getType()))
      return expression(operand(0));
    if (extract.getStaticPosition().size() != 1 || op->getNumOperands() != 1) {
      fail(op, "an element at a position that is not constant");
      return {};
    }
    Expression lane{expression(operand(0)).in(Binding::primary) + "[" +
                    itostr(extract.getStaticPosition()[0]) + "]"};
    if (isMaskVector(operand(0).getType()))
      return binary(lane, "!=", {"0"});
    return lane;
  }
  if (auto insert = dyn_cast<vector::InsertOp>(op)) {
    if (!lanes)
      return expression(operand(0));
    if (insert.getStaticPosition().size() != 1 || op->getNumOperands() != 2 ||
        isMaskVector(type)) {
      fail(op, "an element at a position that is not constant");
      return {};
    }
    return call("insert<" + itostr(insert.getStaticPosition()[0]) + ">",
                {expression(operand(1)), argument(operand(0))});
  }
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
    int64_t first = lanesOf(operand(0).getType());
    int64_t count = std::max<int64_t>(first, 1);
    bool alike = operand(0).getType() == operand(1).getType();
    ArrayRef<int64_t> positions = shuffle.getMask();
    bool one = llvm::all_of(positions, [&](int64_t p) { return p < count; });
    std::string text;
    if (first && lanes && (alike || one)) {
      llvm::interleave(
          positions, [&](int64_t p) { text += itostr(p); },
          [&] { text += ", "; });
      SmallVector<Expression> sources = {expression(operand(0))};
      if (!one)
        sources.push_back(expression(operand(1)));
      return call("shuffle<" + text + ">", sources);
    }
    // Vectors of different length, lane by lane.
    llvm::interleave(
        positions,
        [&](int64_t p) {
          Value source = operand(p < count ? 0 : 1);
          text += expression(source).in(Binding::primary);
          if (lanesOf(source.getType()))
            text += "[" + itostr(p < count ? p : p - count) + "]";
        },
        [&] { text += ", "; });
    return {lanes ? typeName(type) + "{" + text + "}" : text};
  }
  if (auto reduction = dyn_cast<vector::ReductionOp>(op)) {
    if (op->getNumOperands() != 1) {
      fail(op, "a reduction with a start value");
      return {};
    }
    if (!lanesOf(operand(0).getType()))
      return expression(operand(0));
    if (isMaskVector(operand(0).getType())) {
      StringRef name = reductionName(reduction.getKind());
      return binary(call(name, expression(operand(0))), "!=", {"0"});
    }
    return call(reductionName(reduction.getKind()), argument(operand(0)));
  }

  // Index arithmetic and calls.
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return affineResults(apply.getAffineMap(), apply.getMapOperands(), "");
  if (auto min = dyn_cast<affine::AffineMinOp>(op))
    return affineResults(min.getMap(), op->getOperands(), "min_index");
  if (auto max = dyn_cast<affine::AffineMaxOp>(op))
    return affineResults(max.getMap(), op->getOperands(), "max_index");
  if (auto callOp = dyn_cast<func::CallOp>(op)) {
    auto callee = symbols.lookup<func::FuncOp>(callOp.getCallee());
    SmallVector<Expression> arguments;
    for (Value value : op->getOperands())
      arguments.push_back(expression(value));
    if (callee)
      return call(facts.nameOf(callee), arguments);
  }
  fail(op, "not an operation of the planned module");
  return {};
}
