//===- Interface.cpp ------------------------------------------------------===//
#include "codegen/cpp/Interface.h"
#include "codegen/cpp/Names.h"
#include "codegen/cpp/Prepare.h"
#include "codegen/cpp/Text.h"
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/support/Elements.h"
#include "compiler/support/InterfaceList.h"
#include "compiler/support/Target.h"
#include "compiler/support/CodeOptions.h"
#include "ingot/model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cpp;

namespace {
struct ElementNames {
  const char *onnx, *type, *element;
  ingot_element number;
};
} // namespace

static const ElementNames elementNames[] = {
    {"float", "float", "INGOT_FLOAT", INGOT_FLOAT},
    {"double", "double", "INGOT_DOUBLE", INGOT_DOUBLE},
    {"bool", "bool", "INGOT_BOOL", INGOT_BOOL},
    {"int8", "std::int8_t", "INGOT_INT8", INGOT_INT8},
    {"int16", "std::int16_t", "INGOT_INT16", INGOT_INT16},
    {"int32", "std::int32_t", "INGOT_INT32", INGOT_INT32},
    {"int64", "std::int64_t", "INGOT_INT64", INGOT_INT64},
    {"uint8", "std::uint8_t", "INGOT_UINT8", INGOT_UINT8},
    {"uint16", "std::uint16_t", "INGOT_UINT16", INGOT_UINT16},
    {"uint32", "std::uint32_t", "INGOT_UINT32", INGOT_UINT32},
    {"uint64", "std::uint64_t", "INGOT_UINT64", INGOT_UINT64},
    {"float16", "std::uint16_t", "INGOT_FLOAT16", INGOT_FLOAT16},
    {"bfloat16", "std::uint16_t", "INGOT_BFLOAT16", INGOT_BFLOAT16},
    {"float8e4m3fn", "std::uint8_t", "INGOT_FLOAT8E4M3FN", INGOT_FLOAT8E4M3FN},
    {"float8e4m3fnuz", "std::uint8_t", "INGOT_FLOAT8E4M3FNUZ", INGOT_FLOAT8E4M3FNUZ},
    {"float8e5m2", "std::uint8_t", "INGOT_FLOAT8E5M2", INGOT_FLOAT8E5M2},
    {"float8e5m2fnuz", "std::uint8_t", "INGOT_FLOAT8E5M2FNUZ", INGOT_FLOAT8E5M2FNUZ},
    {"float8e8m0", "std::uint8_t", "INGOT_FLOAT8E8M0", INGOT_FLOAT8E8M0},
    {"float4e2m1", "std::uint8_t", "INGOT_FLOAT4E2M1", INGOT_FLOAT4E2M1},
    {"uint4", "std::uint8_t", "INGOT_UINT4", INGOT_UINT4},
    {"int4", "std::int8_t", "INGOT_INT4", INGOT_INT4},
    {"uint2", "std::uint8_t", "INGOT_UINT2", INGOT_UINT2},
    {"int2", "std::int8_t", "INGOT_INT2", INGOT_INT2},
    {"string", "ingot::String", "INGOT_STRING", INGOT_STRING},
};

static bool isString(const ModelValue &value) { return value.elementNumber == INGOT_STRING; }

bool Interface::hasStrings() const { return llvm::any_of(inputs, isString) || llvm::any_of(outputs, isString); }

bool Interface::hasState() const {
  return llvm::any_of(outputs, [](const ModelValue &v) { return v.state >= 0; });
}

/// The sequences and optionals, checked: printing relies on their places.
static LogicalResult readLists(ModuleOp module, Interface &interface) {
  auto lists = module->getAttrOfType<ArrayAttr>(kInterfaceLists);
  for (Attribute attribute : lists ? lists.getValue() : ArrayRef<Attribute>()) {
    auto list = dyn_cast<DictionaryAttr>(attribute);
    auto text = [&](StringRef name) {
      auto value = list ? list.getAs<StringAttr>(name) : StringAttr();
      return value ? value.getValue() : StringRef();
    };
    auto number = [&](StringRef name) {
      auto value = list ? list.getAs<IntegerAttr>(name) : IntegerAttr();
      return value ? value.getInt() : -1;
    };
    ModelList made{text("name").str(), "", INGOT_SEQUENCE, text("side") == "output", number("first"), number("count")};
    StringRef kind = text("kind");
    made.kindNumber = kind == "sequence" ? INGOT_SEQUENCE : kind == "optional" ? INGOT_OPTIONAL : INGOT_ABSENT;
    made.kind = kind == "sequence" ? "INGOT_SEQUENCE" : kind == "optional" ? "INGOT_OPTIONAL" : "INGOT_ABSENT";
    int64_t size = (made.isOutput ? interface.outputs : interface.inputs).size();
    if (made.first < 0 || made.count < 0 || made.first > size || made.count > size - made.first)
      return module.emitError("has a list in its interface that does not fit its values");
    interface.lists.push_back(made);
  }
  llvm::stable_sort(interface.lists, [](const ModelList &a, const ModelList &b) { return a.isOutput < b.isOutput; });
  return success();
}

bool Interface::hasShapes() const {
  return llvm::any_of(outputs, [](const ModelValue &v) { return v.shapeArgument.has_value(); });
}

/// Where data give sizes, the greatest ones take their place; the argument of @main that the shape goes to.
static void boundShape(ModelValue &value, ModuleOp module, unsigned shapeArgument) {
  value.shapeArgument = shapeArgument;
  int64_t elementSize = value.bytes;
  bool known = true;
  for (auto [size, shape] : llvm::zip_equal(value.sizes, value.shape)) {
    value.fromData.push_back(isFromData(size, module));
    size = mostOf(size, module);
    auto number = dyn_cast<AffineConstantExpr>(size);
    known &= number != nullptr;
    shape = number ? number.getValue() : ShapedType::kDynamic;
  }
  value.elements = productOf(value.sizes, module.getContext());
  if (!known)
    return;
  value.count = cast<AffineConstantExpr>(value.elements).getValue();
  value.bytes = value.count * elementSize;
  value.sizes.clear();
  value.elements = {};
}

static std::string aboutText(const Interface &interface, const CppOptions &options) {
  return "made by Ingot from " + commentText(options.source.empty() ? interface.name : options.source) + " for " + interface.target +
         "; do not edit";
}

FailureOr<Interface> cpp::readInterface(ModuleOp module,
                                        const CppOptions &options) {
  Interface result;
  result.name = options.name;
  if (auto attribute = module->getAttrOfType<StringAttr>("ingot.model"))
    if (result.name.empty())
      result.name = attribute.str();
  if (result.name.empty() || identifier(result.name, 1000) != result.name)
    return module.emitError("cannot be a C++ namespace under the name '")
           << result.name << "'; choose another with --name";
  if (failed(checkPlanned(module)))
    return failure();
  result.target = Target::of(module).name;
  result.externalWeights = options.weights == WeightsPlace::external;
  result.about = aboutText(result, options);
  for (SizeList &parts : derivedSizes(module))
    result.derived.push_back(parts);
  result.required = requiredSizes(module);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  NameScopes names;
  result.arguments = main.getNumArguments();
  std::vector<std::pair<unsigned, std::string>> states;
  for (BlockArgument argument : main.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto attribute = [&](StringRef name) { return main.getArgAttr(i, name); };
    if (auto number = dyn_cast_or_null<IntegerAttr>(attribute("ingot.size"))) {
      std::string name = sizeNames(module)[number.getInt()].str();
      std::string member = identifier(name, options.style.longestName);
      result.sizes.push_back({i, name, names.add(member.empty() ? "size" : member)});
      continue;
    }
    auto type = cast<MemRefType>(argument.getType());
    if (attribute("ingot.arena")) {
      result.arena = i;
      auto bytes = module->getAttrOfType<IntegerAttr>("ingot.arena_bytes");
      result.arenaBytes = type.hasStaticShape() ? type.getNumElements() : bytes.getInt();
      if (auto size = module->getAttrOfType<AffineMapAttr>("ingot.arena_size"))
        result.arenaSize = size.getValue().getResult(0);
      continue;
    }
    if (attribute("ingot.weights")) {
      result.weights = i;
      result.weightBytes = type.getNumElements();
      continue;
    }
    if (attribute(kThreads)) {
      result.threads = i;
      continue;
    }
    if (auto output = dyn_cast_or_null<IntegerAttr>(attribute("ingot.shape_of"))) {
      boundShape(result.outputs[output.getInt()], module, i);
      continue;
    }
    ModelValue value;
    value.argument = i;
    value.name = cast<StringAttr>(attribute("ingot.name")).str();
    std::string member = identifier(value.name, options.style.longestName);
    value.member = names.add(member.empty() ? "value" : member);
    auto onnxType = dyn_cast_or_null<StringAttr>(attribute("ingot.type"));
    auto shape = dyn_cast_or_null<DenseI64ArrayAttr>(attribute("ingot.shape"));
    const ElementNames *element =
        llvm::find_if(elementNames, [&](const ElementNames &e) {
          return onnxType && onnxType.getValue() == e.onnx;
        });
    if (element == std::end(elementNames))
      return main.emitError("has an argument '")
             << value.name << "' of an element type without a C++ type";
    value.type = element->type;
    value.element = element->element;
    value.elementNumber = element->number;
    value.onnxType = element->onnx;
    if (shape)
      value.shape = shape.asArrayRef().vec();
    else
      value.shape = {type.getNumElements() / (value.elementNumber == INGOT_STRING ? 2 : 1)};
    // A string is two numbers of @main's.
    int64_t parts = value.elementNumber == INGOT_STRING ? 2 : 1;
    int64_t elementSize = parts * elementBytes(type.getElementType());
    if (auto sizes = dyn_cast_or_null<AffineMapAttr>(attribute("ingot.sizes"))) {
      value.sizes.assign(sizes.getValue().getResults().begin(), sizes.getValue().getResults().end());
      value.elements = productOf(value.sizes, module.getContext());
      value.count = -1;
      value.bytes = elementSize;
    } else {
      value.count = type.getNumElements() / parts;
      value.bytes = value.count * elementSize;
    }
    Type kernel = type.getElementType();
    value.kernelType = kernel.isF32()          ? "float"
                       : kernel.isF64()        ? "double"
                       : kernel.isInteger(1)   ? "bool"
                                               : "std::int" +
                                        std::to_string(kernel.getIntOrFloatBitWidth()) + "_t";
    // Outputs follow the inputs; only plan-memory knows which an argument is, and says so.
    bool isOutput = attribute("ingot.output") != nullptr;
    if (auto state = dyn_cast_or_null<StringAttr>(attribute("ingot.state")))
      states.push_back({unsigned(result.outputs.size()), state.str()});
    (isOutput ? result.outputs : result.inputs).push_back(std::move(value));
  }
  if (failed(readLists(module, result)))
    return failure();
  for (auto &[output, inputName] : states) {
    auto input = llvm::find_if(result.inputs, [&](const ModelValue &v) {
      return v.name == inputName;
    });
    ModelValue &next = result.outputs[output];
    // What a string is a view of is gone by the next call.
    if (isString(next))
      return main.emitError("has the state '") << inputName << "', which is strings; pass them as an input and an output instead";
    if (input == result.inputs.end() || input->bytes != next.bytes ||
        input->elements || next.elements || next.shapeArgument ||
        input->type != next.type || input->state >= 0)
      return main.emitError("has the state '")
             << inputName << "' whose input and output do not match";
    next.state = int(input - result.inputs.begin());
    input->state = int(output);
  }
  return result;
}

std::string cpp::levelStem(StringRef name, const Target &level) { return (name + "_" + level.identifier()).str(); }

/// What a caller passes at each place is the same.
static bool sameCalls(const Interface &a, const Interface &b) {
  auto sameValues = [](ArrayRef<ModelValue> x, ArrayRef<ModelValue> y) {
    return llvm::equal(x, y, [](const ModelValue &v, const ModelValue &w) {
      return v.argument == w.argument && v.name == w.name && v.kernelType == w.kernelType && v.shape == w.shape && v.bytes == w.bytes &&
             v.state == w.state && v.shapeArgument == w.shapeArgument;
    });
  };
  return sameValues(a.inputs, b.inputs) && sameValues(a.outputs, b.outputs) && a.arena == b.arena && a.weights == b.weights &&
         a.arguments == b.arguments && a.threads == b.threads &&
         llvm::equal(a.sizes, b.sizes, [](const ModelSize &s, const ModelSize &t) { return s.argument == t.argument && s.name == t.name; });
}

namespace {
/// Sizes that follow from those of a call, of several levels in one list.
class SizesOfLevels {
public:
  SizesOfLevels(Interface &result, MLIRContext &context) : result(result), context(context) {}

  /// Adds those of a level; `translated` is about them from then on.
  void take(const Interface &level) {
    symbols.clear();
    for (size_t i = 0; i < level.sizes.size(); ++i)
      symbols.push_back(getAffineSymbolExpr(i, &context));
    for (const SizeList &parts : level.derived) {
      SizeList moved;
      for (AffineExpr part : parts)
        moved.push_back(translated(part));
      symbols.push_back(greatest(moved));
    }
  }

  AffineExpr translated(AffineExpr expr) const { return expr.replaceDimsAndSymbols({}, symbols); }

  /// The greatest of the parts, as one of the derived sizes; equal ones are one.
  AffineExpr greatest(const SizeList &parts) {
    size_t number = llvm::find(result.derived, parts) - result.derived.begin();
    if (number == result.derived.size())
      result.derived.push_back(parts);
    return getAffineSymbolExpr(result.sizes.size() + number, &context);
  }

private:
  Interface &result;
  MLIRContext &context;
  SmallVector<AffineExpr> symbols;
};
} // namespace

FailureOr<Interface> cpp::joinLevels(ArrayRef<Interface> levels, const Target &target, const CppOptions &options, MLIRContext &context) {
  Interface result = levels.front();
  result.name = options.name;
  result.target = target.name;
  result.about = aboutText(result, options);
  result.externalWeights = options.weights == WeightsPlace::external;
  result.derived.clear();
  result.required.clear();
  SizesOfLevels sizes(result, context);
  SizeList arenas;
  auto addOnce = [](SizeList &list, AffineExpr expr) {
    if (!llvm::is_contained(list, expr))
      list.push_back(expr);
  };
  for (auto [level, part] : llvm::zip_equal(levels, target.parts())) {
    if (!sameCalls(level, levels.front()))
      return emitError(UnknownLoc::get(&context)) << "the levels " << part->name << " and " << target.levels.front()
                                                  << " take different arguments; compile for one of them";
    result.arenaBytes = std::max(result.arenaBytes, level.arenaBytes);
    result.levels.push_back({part->name, levelStem(result.name, *part) + "_graph", part->needs});
    sizes.take(level);
    if (result.levels.size() == 1)
      for (auto *values : {&result.inputs, &result.outputs})
        for (ModelValue &value : *values) {
          for (AffineExpr &size : value.sizes)
            size = sizes.translated(size);
          if (value.elements)
            value.elements = sizes.translated(value.elements);
        }
    for (AffineExpr needed : level.required)
      addOnce(result.required, sizes.translated(needed));
    if (!level.sizes.empty())
      addOnce(arenas, level.arenaSize ? sizes.translated(level.arenaSize)
                                      : getAffineConstantExpr(std::max<int64_t>(level.arenaBytes, 64), &context));
  }
  // A single number is what `arenaBytes` says.
  bool isNumber = llvm::all_of(arenas, [](AffineExpr expr) { return isa<AffineConstantExpr>(expr); });
  result.arenaSize = isNumber ? AffineExpr() : arenas.size() == 1 ? arenas.front() : sizes.greatest(arenas);
  return result;
}

std::string cpp::graphParameters(const Interface &interface, bool withTypes) {
  std::vector<std::string> types(interface.arguments), names(interface.arguments);
  NameScopes used;
  auto set = [&](unsigned argument, const Twine &type, StringRef name) {
    types[argument] = type.str();
    names[argument] = used.add(name);
  };
  set(interface.arena, "std::byte *", "arena");
  set(interface.weights, "const std::byte *", "weights");
  if (interface.threads)
    set(*interface.threads, "const ingot_threads *", "threads");
  for (const ModelValue &value : interface.inputs)
    set(value.argument, "const " + Twine(value.kernelType) + " *", value.member);
  for (const ModelValue &value : interface.outputs) {
    set(value.argument, Twine(value.kernelType) + " *", value.member);
    if (value.shapeArgument)
      set(*value.shapeArgument, "std::int64_t *", value.member + "_shape");
  }
  for (const ModelSize &size : interface.sizes)
    set(size.argument, "std::ptrdiff_t ", size.member);
  if (withTypes)
    for (auto [type, name] : llvm::zip_equal(types, names))
      name = type + name;
  return llvm::join(names, ", ");
}

static std::string sizeText(AffineExpr expr, const Interface &interface, StringRef scope, bool rough = false);

static std::string greatestText(const SizeList &parts, const Interface &interface, StringRef scope, bool rough) {
  std::string text = sizeText(parts.front(), interface, scope, rough);
  for (AffineExpr part : ArrayRef(parts).drop_front())
    text = "greatest(" + text + ", " + sizeText(part, interface, scope, rough) + ")";
  return text;
}

/// An expression over the sizes as C++. In double where `rough`: about the exact value, and without overflow.
static std::string sizeText(AffineExpr expr, const Interface &interface, StringRef scope, bool rough) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return std::to_string(number.getValue()) + (rough ? ".0" : "");
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    unsigned position = symbol.getPosition();
    if (position >= interface.sizes.size()) {
      unsigned derived = position - interface.sizes.size();
      if (rough)
        return greatestText(interface.derived[derived], interface, scope, rough);
      return "derived_" + std::to_string(derived) + (scope.empty() ? "" : "(sizes)");
    }
    std::string text = (scope + interface.sizes[position].member).str();
    return rough ? "double(" + text + ")" : text;
  }
  auto pair = cast<AffineBinaryOpExpr>(expr);
  std::string left = sizeText(pair.getLHS(), interface, scope, rough);
  std::string right = sizeText(pair.getRHS(), interface, scope, rough);
  auto grouped = [](AffineExpr part, const std::string &text) {
    return isa<AffineBinaryOpExpr>(part) ? "(" + text + ")" : text;
  };
  std::string a = grouped(pair.getLHS(), left), c = grouped(pair.getRHS(), right);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return left + " + " + right;
  case AffineExprKind::Mul:
    return a + " * " + c;
  case AffineExprKind::FloorDiv:
    return a + " / " + c;
  case AffineExprKind::CeilDiv:
    return rough ? "(" + a + " / " + c + " + 1.0)" : "(" + left + " + " + c + " - 1) / " + c;
  default: // Mod
    return rough ? c : a + " % " + c;
  }
}

static std::string shapeText(const ModelValue &value, const Interface &interface) {
  std::string text = value.onnxType;
  text += "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(llvm::seq<size_t>(0, value.shape.size()), os, [&](size_t i) {
    // What data give has only a bound.
    os << (value.shapeArgument && value.fromData[i] ? "0 to " : "");
    os << (value.sizes.empty() ? std::to_string(value.shape[i]) : sizeText(value.sizes[i], interface, ""));
  });
  os << "]";
  return text;
}

static void printStatic(llvm::raw_ostream &os, const ModelValue &value,
                        StringRef kind, const Interface &interface, const CppStyle &style) {
  os << "\n";
  printComment(os, (kind + " '" + value.name + "': " + shapeText(value, interface)).str(),
               style.columns);
  std::string prefix = value.member;
  if (prefix.back() != '_')
    prefix += '_';
  if (value.elements) {
    os << "constexpr std::ptrdiff_t " << prefix << "count(const Sizes &sizes) noexcept {\n";
    for (const std::string &line :
         wrap("return std::ptrdiff_t(" + sizeText(value.elements, interface, "sizes.") + ");",
              style.indent, style.columns))
      os << line << "\n";
    os << "}\n";
    return;
  }
  if (!value.shape.empty()) {
    os << "inline constexpr std::ptrdiff_t " << prefix << "shape[] = {";
    llvm::interleaveComma(value.shape, os);
    os << "};\n";
  }
  os << "inline constexpr std::ptrdiff_t " << prefix
     << "count = " << value.count << ";\n";
}

static void printMembers(llvm::raw_ostream &os, ArrayRef<ModelValue> values,
                         bool input, const Interface &interface) {
  for (const ModelValue &value : values)
    if (value.state < 0)
      os << "  " << (input ? "const " : "") << value.type << " *"
         << value.member << ";  // "
         << commentText(shapeText(value, interface)) << "\n";
}

/// The sizes that a call chooses, and what depends on them alone.
static void printSizes(llvm::raw_ostream &os, const Interface &interface, const CppStyle &style) {
  auto statement = [&](const std::string &text) {
    for (const std::string &line : wrap(text, style.indent, style.columns))
      os << line << "\n";
  };
  os << "// Sizes that a call chooses, each at least 1.\nstruct Sizes {\n";
  for (const ModelSize &size : interface.sizes)
    os << "  std::ptrdiff_t " << size.member << ";  // '" << commentText(size.name) << "'\n";
  os << "};\n\n";
  if (!interface.derived.empty()) {
    os << "// Sizes that follow from them.\n";
    for (StringRef type : {"double", "std::ptrdiff_t"})
      os << "constexpr " << type << " greatest(" << type << " a, " << type << " b) noexcept { return a > b ? a : b; }\n";
  }
  for (auto [i, parts] : llvm::enumerate(interface.derived)) {
    os << "constexpr std::ptrdiff_t derived_" << i << "(const Sizes &sizes) noexcept {\n";
    statement("static_cast<void>(sizes);");
    statement("return " + greatestText(parts, interface, "sizes.", /*rough=*/false) + ";");
    os << "}\n";
  }
  os << (interface.derived.empty() ? "" : "\n") << "// Working memory of one call.\n"
     << "constexpr std::size_t arena_bytes(const Sizes &" << (interface.arenaSize ? "sizes" : "")
     << ") noexcept {\n";
  statement("return " +
            (interface.arenaSize
                 ? "std::size_t(" + sizeText(interface.arenaSize, interface, "sizes.") + ")"
                 : std::to_string(std::max<int64_t>(interface.arenaBytes, 64))) +
            ";");
  os << "}\n// Whether memory can hold them, and the model works with them; `run` checks it, too.\n"
     << "constexpr bool fit(const Sizes &sizes) noexcept {\n";
  std::string positive, total = std::to_string(interface.arenaBytes) + ".0";
  for (const ModelSize &size : interface.sizes)
    positive += (positive.empty() ? "" : " && ") + ("sizes." + size.member) + " > 0";
  if (interface.arenaSize)
    total += " + " + sizeText(interface.arenaSize, interface, "sizes.", /*rough=*/true);
  for (const auto *values : {&interface.inputs, &interface.outputs})
    for (const ModelValue &value : *values)
      if (value.elements)
        total += " + " + std::to_string(value.bytes) + ".0 * " +
                 sizeText(value.elements, interface, "sizes.", /*rough=*/true);
  std::string fits = "return " + positive + " && " + total + " < double(PTRDIFF_MAX) / 2";
  for (AffineExpr needed : interface.required)
    fits += " && " + sizeText(needed, interface, "sizes.") + " >= 0";
  statement(fits + ";");
  os << "}\n";
}

/// What a sequence or an optional is in C++.
static std::string listText(const ModelList &list, const Interface &interface) {
  std::string text = std::string(list.isOutput ? "Output" : "Input") + " '" + list.name + "', ";
  if (list.kindNumber == INGOT_ABSENT)
    return text + "an optional, is absent";
  text += list.kindNumber == INGOT_OPTIONAL ? "an optional, is there: " : "a sequence: ";
  if (list.count == 0)
    return text + "no tensors";
  const std::vector<ModelValue> &values = list.isOutput ? interface.outputs : interface.inputs;
  text += values[list.first].member;
  return list.count == 1 ? text : text + " to " + values[list.first + list.count - 1].member;
}

/// The parameters of `run` between the outputs and the context.
static std::string chosenAndFound(const Interface &interface) {
  std::string text = interface.sizes.empty() ? "" : "const Sizes &sizes,";
  if (interface.hasShapes())
    text += text.empty() ? "Shapes &shapes," : " Shapes &shapes,";
  return text.empty() ? text : text + "\n                  ";
}

std::string cpp::printHeader(const Interface &interface, const CppStyle &style) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = interface.name;
  std::string guard = "INGOT_MODEL_" + name + "_H";
  bool state = interface.hasState();
  os << "// " << name << ".h - " << interface.about << "\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <cstddef>\n#include <cstdint>\n"
     << "#include <ingot/model.h>\n#include <ingot/status.h>\n"
     << (interface.hasStrings() ? "#include <ingot/string.h>\n\n" : "\n")
     << "namespace " << name << " {\n\n";
  if (interface.sizes.empty())
    os << "// Working memory of one call.\n"
       << "inline constexpr std::size_t arena_bytes = "
       << std::max<int64_t>(interface.arenaBytes, 64) << ";\n";
  else
    printSizes(os, interface, style);
  os << "inline constexpr std::size_t arena_alignment = 64;\n"
     << (interface.externalWeights
             ? "// Bytes of " + name +
                   ".weights, which the caller maps or loads, aligned to 64.\n"
             : std::string("// Weights, in the program's read-only data.\n"))
     << "inline constexpr std::size_t weight_bytes = " << interface.weightBytes
     << ";\n";
  for (const ModelValue &value : interface.inputs)
    printStatic(os, value, value.state < 0 ? "Input" : "State", interface, style);
  for (const ModelValue &value : interface.outputs)
    if (value.state < 0)
      printStatic(os, value, "Output", interface, style);

  if (!interface.lists.empty())
    os << "\n";
  for (const ModelList &list : interface.lists)
    printComment(os, listText(list, interface), style.columns);

  os << "\n// Row-major tensors, aligned for their elements. No output overlaps an "
        "input.\n";
  if (llvm::any_of(interface.outputs, isString))
    os << "// Bytes of the outputs' strings lie in the inputs, the weights or the arena; they stay until the next call with that arena.\n";
  os << "struct Inputs {\n";
  printMembers(os, interface.inputs, true, interface);
  os << "};\nstruct Outputs {\n";
  printMembers(os, interface.outputs, false, interface);
  os << "};\n";

  if (interface.hasShapes()) {
    os << "\n// Shapes that the data of a call give; `run` fills them in. An output's elements stand at the front of its\n"
          "// buffer, which has room for the greatest shape.\n"
       << "struct Shapes {\n";
    for (const ModelValue &value : interface.outputs)
      if (value.shapeArgument)
        os << "  std::int64_t " << value.member << "[" << value.shape.size() << "];  // of "
           << commentText(shapeText(value, interface)) << "\n";
    os << "};\n";
  }

  if (state) {
    os << "\n// What the model remembers from call to call: zeros at first. A "
          "call reads values[current], writes the\n"
          "// other one and then makes that the current one.\n"
       << "struct State {\n  struct Values {\n";
    for (const ModelValue &value : interface.inputs)
      if (value.state >= 0)
        os << "    alignas(64) " << value.type << " " << value.member << "["
           << value.count << "];  // " << commentText(shapeText(value, interface)) << "\n";
    os << "  };\n  Values values[2] = {};\n  int current = 0;\n\n"
       << "  void reset() noexcept {\n";
    for (const ModelValue &value : interface.inputs)
      if (value.state >= 0)
        os << "    for (" << value.type << " &value : values[current]."
           << value.member << ")\n      value = {};\n";
    os << "  }\n};\n";
  }

  std::string extra = state ? ", State &state" : "";
  std::string pass = state ? ", state" : "";
  std::string weights = interface.externalWeights
                            ? ", const void *weights"
                            : ", const void *weights = nullptr";
  os << "\n// The memory that a call works on; the caller owns it. One Context "
        "serves one call at a time.\n";
  if (interface.externalWeights)
    os << "// `weights`: the content of " << name << ".weights.\n";
  else
    os << "// `weights`: another copy of the weights than the linked one.\n";
  os << "struct Context {\n"
     << "  explicit Context(void *arena" << extra << weights << ") noexcept\n"
     << "      : arena(static_cast<std::byte *>(arena))"
     << (state ? ", state(&state)" : "")
     << ",\n        weights(static_cast<const std::byte *>(weights)) {}\n";
  if (interface.sizes.empty())
    os << "  template <typename Byte, std::size_t N>\n"
       << "  explicit Context(Byte (&arena)[N]" << extra << weights
       << ") noexcept\n"
       << "      : Context(static_cast<void *>(arena)" << pass << ", weights) {\n"
       << "    static_assert(N * sizeof(Byte) >= arena_bytes, \"the arena is too "
          "small\");\n  }\n";
  os << "\n  std::byte *arena;\n"
     << (state ? "  State *state;\n" : "") << "  const std::byte *weights;\n"
     << (interface.threads ? "  // To share the work among, such as ingot::ThreadPool of <ingot/threads.h>; null: the caller's thread does all.\n"
                             "  const ingot_threads *threads = nullptr;\n"
                           : "")
     << "};\n\n"
     << "// Runs the model once. Allocates nothing, keeps nothing, may run on "
        "any number of threads.\n"
     << "ingot::Status run(const Inputs &inputs, const Outputs &outputs, "
     << chosenAndFound(interface) << "Context &context) noexcept;\n\n";
  if (!interface.levels.empty()) {
    os << "// Whose code `run` takes on this processor: ";
    llvm::interleave(
        interface.levels, os, [&](const ModelLevel &level) { os << level.target; }, ", ");
    os << ".\nconst char *level() noexcept;\n\n";
  }
  os
     << "} // namespace " << name << "\n\n"
     << "// The same for hosts that know the model by its descriptor.\n"
     << "extern \"C\" const ingot_model " << name << "_model;\n\n"
     << "#endif\n";
  return text;
}

std::vector<int64_t> cpp::tabulatedShape(const ModelValue &value, const Interface &interface) {
  std::vector<int64_t> shape = value.shape;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      continue;
    // Of a computed size there is no number; any negative one will do.
    auto symbol = dyn_cast<AffineSymbolExpr>(value.sizes[i]);
    bool isChosen = symbol && symbol.getPosition() < interface.sizes.size();
    size = -1 - int64_t(isChosen ? symbol.getPosition() : 0);
  }
  return shape;
}

/// The descriptor's table of inputs or outputs.
static void printTable(llvm::raw_ostream &os, StringRef table,
                       ArrayRef<ModelValue> values, bool outputs,
                       const Interface &interface, const CppStyle &style) {
  if (values.empty())
    return;
  for (const ModelValue &value : values) {
    if (value.shape.empty())
      continue;
    std::string sizes;
    llvm::raw_string_ostream list(sizes);
    llvm::interleaveComma(tabulatedShape(value, interface), list);
    os << "constexpr std::int64_t sizes_of_" << value.member << "[] = {" << sizes
       << "};\n";
  }
  os << "const ingot_value " << table << "[] = {\n";
  for (const ModelValue &value : values) {
    std::string row = "{" + stringLiteral(value.name) + ", " + value.element +
                      ", " + std::to_string(value.shape.size()) + ", " +
                      (value.shape.empty() ? std::string("nullptr")
                                           : "sizes_of_" + value.member) +
                      ", " + std::to_string(value.count) + ", " +
                      std::to_string(value.bytes) + ", " +
                      std::to_string(outputs ? value.state : -1) + "},";
    for (const std::string &line : wrap(row, 2 * style.indent, style.columns))
      os << line << "\n";
  }
  os << "};\n";
}

/// `graph` of a model with several levels, which calls that of one of them.
static void printChoice(llvm::raw_ostream &os, const Interface &interface, const CppStyle &style) {
  auto lines = [&](unsigned indent, const std::string &text) {
    for (const std::string &line : wrap(text, indent, style.columns))
      os << line << "\n";
  };
  std::string parameters = graphParameters(interface, /*withTypes=*/true), names = graphParameters(interface, /*withTypes=*/false);
  for (const ModelLevel &level : interface.levels) {
    os << "// The model in code for " << level.target << ".\n";
    lines(0, "extern \"C\" [[gnu::visibility(\"hidden\")]] std::int32_t " + level.function + "(" + parameters + ") noexcept;");
  }
  os << "\nnamespace {\n\n"
     << "// The number of the last level that the processor runs.\n"
     << "int level_number() noexcept {\n";
  for (size_t i = interface.levels.size() - 1; i > 0; --i) {
    std::vector<std::string> features;
    for (const std::string &name : interface.levels[i].needs)
      features.push_back("ingot::feature::" + name);
    lines(style.indent, "if (ingot::processor_has(" + llvm::join(features, " | ") + "))");
    os << std::string(2 * style.indent, ' ') << "return " << i << ";\n";
  }
  os << "  return 0;\n}\n\n"
     << "// Code for more than every processor has is called from here alone.\n";
  lines(0, "std::int32_t graph(" + parameters + ") noexcept {");
  os << "  switch (detail::level_number()) {\n";
  for (size_t i = interface.levels.size(); i-- > 0;) {
    os << (i ? "  case " + std::to_string(i) : std::string("  default")) << ":\n";
    lines(2 * style.indent, "return detail::" + interface.levels[i].function + "(" + names + ");");
  }
  os << "  }\n}\n\n";
}

std::string cpp::printEntry(const Interface &interface, const CppStyle &style) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = interface.name;
  bool levelled = !interface.levels.empty();
  if (levelled)
    printChoice(os, interface, style);
  else
    os << "\n";
  bool linked = interface.weightBytes && !interface.externalWeights;

  // graph(...) with each argument from an expression.
  auto callGraph = [&](unsigned indent, StringRef before,
                       llvm::function_ref<std::string(const ModelValue &, bool,
                                                      unsigned)>
                           pointer,
                       StringRef arena, StringRef weights, StringRef threads, llvm::function_ref<std::string(const ModelValue &, unsigned)> shape,
                       StringRef after) {
    std::vector<std::string> arguments(interface.arguments);
    for (auto [i, value] : llvm::enumerate(interface.inputs))
      arguments[value.argument] = pointer(value, true, unsigned(i));
    for (auto [i, value] : llvm::enumerate(interface.outputs))
      arguments[value.argument] = pointer(value, false, unsigned(i));
    for (auto [i, value] : llvm::enumerate(interface.outputs))
      if (value.shapeArgument)
        arguments[*value.shapeArgument] = shape(value, unsigned(i));
    arguments[interface.arena] = arena.str();
    arguments[interface.weights] = weights.str();
    if (interface.threads)
      arguments[*interface.threads] = threads.str();
    for (const ModelSize &size : interface.sizes)
      arguments[size.argument] = "sizes." + size.member;
    std::string call =
        (before + "graph(" + llvm::join(arguments, ", ") + ")" + after).str();
    for (const std::string &line : wrap(call, indent, style.columns))
      os << line << "\n";
  };

  os << "bool is_aligned(const void *memory) noexcept {\n"
     << "  return memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) "
        "% 64 == 0;\n}\n\n";

  bool open = !interface.sizes.empty(), shaped = interface.hasShapes();
  if (open) {
    os << "Sizes sizes_of(const std::int64_t *numbers) noexcept {\n  Sizes sizes = {};\n";
    // A number that the type cannot hold is none that fits.
    for (auto [i, size] : llvm::enumerate(interface.sizes))
      os << "  sizes." << size.member << " = numbers[" << i << "] > PTRDIFF_MAX ? 0 : std::ptrdiff_t(numbers["
         << i << "]);\n";
    os << "  return sizes;\n}\n\n"
       << "std::size_t arena_bytes_for(const std::int64_t *numbers) noexcept {\n"
       << "  const Sizes sizes = sizes_of(numbers);\n"
       << "  return fit(sizes) ? arena_bytes(sizes) : 0;\n}\n\n"
       << "void output_shape(const std::int64_t *numbers, std::int32_t output, std::int64_t *shape) noexcept {\n"
       << "  const Sizes sizes = sizes_of(numbers);\n  if (!fit(sizes))\n    return;\n  switch (output) {\n";
    for (auto [i, value] : llvm::enumerate(interface.outputs)) {
      os << "  case " << i << ":\n";
      for (auto [d, size] : llvm::enumerate(value.shape))
        os << "    shape[" << d << "] = "
           << (value.sizes.empty() ? std::to_string(size)
                                   : sizeText(value.sizes[d], interface, "sizes."))
           << ";\n";
      os << "    break;\n";
    }
    os << "  default:\n    break;\n  }\n}\n\n"
       << "const char *const size_names[] = {";
    llvm::interleaveComma(interface.sizes, os, [&](const ModelSize &size) { os << stringLiteral(size.name); });
    os << "};\n\n";
  }

  // The C entry. With threads it takes all that the others do, and these call it.
  bool threaded = interface.threads.has_value();
  os << "std::int32_t " << (threaded ? "run_threaded" : "run_pointers") << "(const void *const *"
     << (interface.inputs.empty() ? "" : "inputs") << ", void *const *"
     << (interface.outputs.empty() ? "" : "outputs") << ",\n                          "
     << (open ? "const std::int64_t *numbers, " : shaped || threaded ? "const std::int64_t *, " : "")
     << (shaped ? "std::int64_t *const *shapes,\n                          " : threaded ? "std::int64_t *const *,\n                          " : "")
     << "void *arena, const void *weights" << (threaded ? ",\n                          const ingot_threads *threads" : "") << ") noexcept {\n";
  if (open)
    os << "  const Sizes sizes = sizes_of(numbers);\n  if (!fit(sizes))\n"
          "    return std::int32_t(ingot::Status::bad_sizes);\n";
  auto printMemoryCheck = [&](StringRef scope, StringRef weights,
                              StringRef arena, StringRef result) {
    std::string aligned = ("!" + scope + "is_aligned(").str();
    os << "  if (" << aligned << arena << ")"
       << (interface.weightBytes ? (" || " + aligned + weights + ")").str() : "")
       << ")\n    return " << result << ";\n";
  };
  if (linked)
    os << "  if (weights == nullptr)\n    weights = " << name << "_weights;\n";
  printMemoryCheck("", "weights", "arena", "std::int32_t(ingot::Status::bad_memory)");
  callGraph(
      style.indent, "return ",
      [](const ModelValue &value, bool input, unsigned i) {
        return (input ? "static_cast<const " : "static_cast<") +
               value.kernelType + " *>(" + (input ? "inputs[" : "outputs[") +
               std::to_string(i) + "])";
      },
      "static_cast<std::byte *>(arena)", "static_cast<const std::byte *>(weights)", "threads",
      [](const ModelValue &, unsigned i) { return "shapes[" + std::to_string(i) + "]"; }, ";");
  os << "}\n\n";
  if (threaded)
    os << "std::int32_t run_pointers(const void *const *inputs, void *const *outputs,\n                          "
       << (open || shaped ? "const std::int64_t *numbers, " : "") << (shaped ? "std::int64_t *const *shapes,\n                          " : "")
       << "void *arena, const void *weights) noexcept {\n  return run_threaded(inputs, outputs, " << (open || shaped ? "numbers" : "nullptr") << ", "
       << (shaped ? "shapes" : "nullptr") << ", arena, weights, nullptr);\n}\n\n";
  printTable(os, "input_values", interface.inputs, false, interface, style);
  printTable(os, "output_values", interface.outputs, true, interface, style);
  if (!interface.lists.empty()) {
    os << "const ingot_list lists[] = {\n";
    for (const ModelList &list : interface.lists)
      for (const std::string &line : wrap("{" + stringLiteral(list.name) + ", " + list.kind + ", " + std::to_string(list.isOutput) + ", " +
                                              std::to_string(list.first) + ", " + std::to_string(list.count) + "},",
                                          2 * style.indent, style.columns))
        os << line << "\n";
    os << "};\n";
  }
  os << "\n} // namespace\n} // namespace detail\n\n";

  // The C++ entry.
  os << "ingot::Status run(const Inputs &inputs, const Outputs &outputs, "
     << chosenAndFound(interface) << "Context &context) noexcept {\n";
  if (open)
    os << "  if (!fit(sizes))\n    return ingot::Status::bad_sizes;\n";
  SmallVector<std::string> nulls;
  for (const ModelValue &value : interface.inputs)
    if (value.state < 0)
      nulls.push_back("inputs." + value.member + " == nullptr");
  bool usesInputs = !nulls.empty();
  size_t inputChecks = nulls.size();
  for (const ModelValue &value : interface.outputs)
    if (value.state < 0)
      nulls.push_back("outputs." + value.member + " == nullptr");
  if (!usesInputs)
    os << "  static_cast<void>(inputs);\n";
  if (nulls.size() == inputChecks)
    os << "  static_cast<void>(outputs);\n";
  if (!nulls.empty()) {
    for (const std::string &line :
         wrap("if (" + llvm::join(nulls, " || ") + ")", style.indent,
              style.columns))
      os << line << "\n";
    os << "    return ingot::Status::null_argument;\n";
  }
  std::string weights = "context.weights";
  if (linked) {
    os << "  const std::byte *weights = context.weights;\n"
       << "  if (weights == nullptr)\n"
       << "    weights = reinterpret_cast<const std::byte *>(detail::"
       << name << "_weights);\n";
    weights = "weights";
  }
  printMemoryCheck("detail::", weights, "context.arena", "ingot::Status::bad_memory");
  if (interface.hasState())
    os << "  if (context.state == nullptr)\n"
          "    return ingot::Status::null_argument;\n"
          "  State::Values &before = context.state->values[context.state->current];\n"
          "  State::Values &after = context.state->values[1 - "
          "context.state->current];\n";
  callGraph(
      style.indent, "const std::int32_t status = detail::",
      [&](const ModelValue &value, bool input, unsigned) {
        std::string member =
            value.state < 0 ? (input ? "inputs." : "outputs.") + value.member
            : input         ? "before." + value.member
                            : "after." + interface.inputs[value.state].member;
        if (value.type == value.kernelType)
          return member;
        return (input ? "reinterpret_cast<const " : "reinterpret_cast<") +
               value.kernelType + " *>(" + member + ")";
      },
      "context.arena", weights, "context.threads", [](const ModelValue &value, unsigned) { return "shapes." + value.member; }, ";");
  if (interface.hasState())
    os << "  context.state->current = 1 - context.state->current;\n";
  os << "  return static_cast<ingot::Status>(status);\n}\n\n"
     << "} // namespace " << name << "\n\n";

  if (levelled) {
    os << "namespace " << name << " {\n\nconst char *level() noexcept {\n  static constexpr const char *names[] = {";
    llvm::interleaveComma(interface.levels, os, [&](const ModelLevel &level) { os << stringLiteral(level.target); });
    os << "};\n  return names[detail::level_number()];\n}\n\n} // namespace " << name << "\n\n";
  }
  std::string space = name + "::detail::";
  os << "const ingot_model " << name << "_model = {\n    INGOT_ABI_VERSION,\n"
     << "    sizeof(ingot_model),\n    " << stringLiteral(name) << ",\n    "
     << stringLiteral(interface.target) << ",\n    "
     << (open ? std::to_string(interface.arenaBytes) : name + "::arena_bytes")
     << ",\n    " << name << "::arena_alignment,\n    " << name
     << "::weight_bytes,\n    "
     << (linked ? name + "::detail::" + name + "_weights" : "nullptr") << ",\n    "
     << interface.inputs.size() << ",\n    " << interface.outputs.size()
     << ",\n    "
     << (interface.inputs.empty() ? "nullptr" : space + "input_values")
     << ",\n    "
     << (interface.outputs.empty() ? "nullptr" : space + "output_values")
     << ",\n    ";
  auto field = [&](bool present, StringRef function) {
    os << (present ? space + function.str() : std::string("nullptr")) << ",\n    ";
  };
  field(!open && !shaped, "run_pointers");
  os << interface.sizes.size() << ",\n    ";
  field(open, "size_names");
  field(open, "arena_bytes_for");
  field(open, "output_shape");
  field(open && !shaped, "run_pointers");
  os << interface.lists.size() << ",\n    ";
  field(!interface.lists.empty(), "lists");
  field(shaped, "run_pointers");
  field(threaded, "run_threaded");
  os << (levelled ? name + "::level" : std::string("nullptr")) << ",\n};\n";
  return text;
}
