//===- EmitCpp.cpp - the files of a model ---------------------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "codegen/cpp/Interface.h"
#include "codegen/cpp/Levels.h"
#include "codegen/cpp/Names.h"
#include "codegen/cpp/Passes.h"
#include "codegen/cpp/Prepare.h"
#include "codegen/cpp/Printer.h"
#include "codegen/cpp/WeightData.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <functional>
#include <set>

namespace ingot {
#define GEN_PASS_DEF_EMITCPPPASS
#include "codegen/cpp/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;
using namespace ingot::cpp;

std::optional<WeightsPlace> ingot::weightsPlace(StringRef name) {
  return llvm::StringSwitch<std::optional<WeightsPlace>>(name)
      .Case("auto", WeightsPlace::automatic)
      .Case("array", WeightsPlace::array)
      .Case("linked", WeightsPlace::linked)
      .Case("external", WeightsPlace::external)
      .Default(std::nullopt);
}

std::vector<std::string> ingot::cppCompileFlags() {
  // What preserves bits: nothing is contracted or reassociated, signed integers wrap as the model's do, and nobody looks at errno or at
  // exception flags. Memory is typed by the values that live in it, which follow each other in the arena.
  return {"-std=c++17",
          "-O3",
          "-fno-fast-math",
          "-ffp-contract=off",
          "-fno-math-errno",
          "-fno-trapping-math",
          "-fwrapv",
          "-fno-strict-aliasing",
          "-fno-exceptions",
          "-fno-rtti"};
}


static std::string weightsDeclaration(const Interface &interface);
/// Appends NAME_weights.cpp and NAME.weights.
static void printWeights(const Interface &interface, const CppOptions &options, StringRef bytes, std::vector<CppFile> &files);

namespace {
class ModelPrinter {
public:
  /// `isLevel`: the code for one level of a model, which has an entry for the choice between them alone.
  ModelPrinter(ModuleOp module, const CppOptions &options, Interface interface, bool isLevel = false)
      : module(module), options(options), style(options.style),
        interface(std::move(interface)), isLevel(isLevel), facts(analyse(module, style)),
        symbols(module) {}

  FailureOr<std::vector<CppFile>> print() {
    sortFunctions();
    const std::string &name = interface.name;
    std::vector<CppFile> files;
    std::string text;
    if (failed(printGraph(text)))
      return failure();
    files.push_back({name + ".cpp", std::move(text)});
    for (auto [i, kernels] : llvm::enumerate(kernelFiles)) {
      std::string file = name + "_kernels_" + std::to_string(i) + ".cpp";
      std::string content;
      if (failed(printKernels(file, kernels, content)))
        return failure();
      files.push_back({file, std::move(content)});
    }
    std::string kernelsHeader;
    if (failed(printKernelsHeader(kernelsHeader)))
      return failure();
    files.push_back({name + "_kernels.h", std::move(kernelsHeader)});
    if (isLevel)
      return files;
    files.push_back({name + ".h", printHeader(interface, style)});
    FailureOr<WeightData> data = interface.weightBytes ? WeightData::of(module) : WeightData();
    if (failed(data))
      return failure();
    if (int64_t(data->bytes().size()) != interface.weightBytes)
      return module.emitError("has no ingot.weights of ") << interface.weightBytes << " bytes";
    printWeights(interface, options, data->bytes(), files);
    return files;
  }

private:
  /// Callees stand before callers. Kernels that call each other's parts share a file; the files are filled evenly.
  void sortFunctions() {
    llvm::SetVector<Operation *> done;
    std::function<void(func::FuncOp)> visit = [&](func::FuncOp function) {
      if (done.contains(function))
        return;
      function.walk([&](Operation *op) {
        std::optional<FunctionCall> call = functionCallOf(op);
        auto callee = call ? symbols.lookup<func::FuncOp>(call->callee.getValue()) : nullptr;
        if (!callee || callee == function)
          return;
        visit(callee);
        bool fromGraph = function->hasAttr(kGraphAttr);
        if (fromGraph)
          entries.insert(callee);
        else if (!isMath(callee) && !isMath(function))
          groups.unionSets(function.getOperation(), callee.getOperation());
      });
      done.insert(function);
    };
    for (auto function : module.getOps<func::FuncOp>())
      visit(function);

    struct Group {
      unsigned size = 0;
      SmallVector<func::FuncOp> functions;
    };
    llvm::MapVector<Operation *, Group> kernels;
    for (Operation *op : done) {
      auto function = cast<func::FuncOp>(op);
      if (function->hasAttr(kGraphAttr)) {
        graph.push_back(function);
      } else if (isMath(function)) {
        math.push_back(function);
      } else {
        Group &group = kernels[groups.getOrInsertLeaderValue(op)];
        group.functions.push_back(function);
        function.walk([&](Operation *) { ++group.size; });
      }
    }
    auto sorted = llvm::to_vector(llvm::make_second_range(kernels));
    llvm::stable_sort(sorted, [](const Group &a, const Group &b) {
      return a.size > b.size;
    });
    kernelFiles.resize(style.kernelFiles);
    std::vector<unsigned> sizes(style.kernelFiles);
    for (Group &group : sorted) {
      size_t smallest =
          std::min_element(sizes.begin(), sizes.end()) - sizes.begin();
      sizes[smallest] += group.size;
      llvm::append_range(kernelFiles[smallest], group.functions);
    }
  }

  void printTop(raw_ostream &os, StringRef file, StringRef include) {
    os << "// " << file << " - " << interface.about << "\n#include \""
       << interface.name << include << "\"\n\nnamespace " << interface.name
       << "::detail {\n";
  }

  LogicalResult printFunction(raw_ostream &os, func::FuncOp function) {
    os << "\n";
    return FunctionPrinter(function, facts, symbols, style).print(os);
  }

  /// The tables that the functions look up, in a part of their file that nobody else sees.
  void printTables(raw_ostream &os, ArrayRef<func::FuncOp> functions) {
    llvm::DenseSet<Attribute> printed;
    for (func::FuncOp function : functions)
      function.walk([&](LookupOp lookup) {
        if (printed.insert(lookup.getTable()).second)
          printTable(os << "\n", lookup.getTable(), facts.tables.lookup(lookup.getTable()), style);
      });
  }

  LogicalResult printGraph(std::string &text) {
    llvm::raw_string_ostream os(text);
    const std::string &name = interface.name;
    os << "// " << name << ".cpp - " << interface.about << "\n";
    if (!isLevel)
      os << "#include \"" << name << ".h\"\n";
    os << "#include \"" << name << "_kernels.h\"\n" << (interface.threads ? "#include <ingot/share.h>\n" : "") << "\nnamespace "
       << name << " {\nnamespace detail {\nnamespace {\n";
    for (func::FuncOp function : graph)
      if (failed(printFunction(os, function)))
        return failure();
    if (!isLevel) {
      os << printEntry(interface, style);
      return success();
    }
    os << "\n} // namespace\n} // namespace detail\n\n";
    std::string entry = "extern \"C\" [[gnu::visibility(\"hidden\")]] std::int32_t " + name + "_graph(" +
                        graphParameters(interface, /*withTypes=*/true) + ") noexcept {";
    std::string call = "return detail::graph(" + graphParameters(interface, /*withTypes=*/false) + ");";
    for (const std::string &line : wrap(entry, 0, style.columns))
      os << line << "\n";
    for (const std::string &line : wrap(call, style.indent, style.columns))
      os << line << "\n";
    os << "}\n\n} // namespace " << name << "\n";
    return success();
  }

  LogicalResult printKernels(StringRef file, ArrayRef<func::FuncOp> kernels,
                             std::string &text) {
    llvm::raw_string_ostream os(text);
    printTop(os, file, "_kernels.h");
    printTables(os, kernels);
    bool inside = false;
    for (func::FuncOp function : kernels) {
      // Parts of a kernel are private to its file.
      bool isPart = !entries.contains(function);
      if (isPart != inside)
        os << (isPart ? "namespace {\n" : "\n} // namespace\n");
      inside = isPart;
      if (failed(printFunction(os, function)))
        return failure();
    }
    if (inside)
      os << "\n} // namespace\n";
    os << "\n} // namespace " << interface.name << "::detail\n";
    return success();
  }

  LogicalResult printKernelsHeader(std::string &text) {
    llvm::raw_string_ostream os(text);
    const std::string &name = interface.name;
    std::string guard = "INGOT_MODEL_" + name + "_KERNELS_H";
    os << "// " << name << "_kernels.h - " << interface.about << "\n#ifndef "
       << guard << "\n#define " << guard << "\n\n#include <ingot/vector.h>\n";
    std::set<StringRef> libraries;
    module.walk([&](LibraryOp library) { libraries.insert(library.getLibrary()); });
    for (StringRef library : libraries)
      os << "#include <ingot/" << library << ".h>\n";
    os << "\n"
       << "namespace " << name << "::detail {\n\nusing namespace ingot;\n";
    // Flags for more would make the level die on the processors that it is for, flags for less make it slow.
    if (isLevel)
      os << "\nstatic_assert(vector_bytes == " << Target::of(module).vectorBytes << ",\n              \"compile "
         << name << "*.cpp with what `ingot targets --flags " << interface.target << "` prints\");\n";
    if (interface.weightBytes && !interface.externalWeights && !isLevel)
      os << "\n" << weightsDeclaration(interface);
    for (func::FuncOp function : math)
      if (failed(printFunction(os, function)))
        return failure();
    os << "\n";
    for (ArrayRef<func::FuncOp> kernels : kernelFiles)
      for (func::FuncOp function : kernels) {
        if (!entries.contains(function))
          continue;
        NameScopes names;
        auto arguments = argumentNames(function, names, style);
        for (const std::string &line :
             wrap(signature(function, facts, arguments) + " noexcept;", 0,
                  style.columns))
          os << line << "\n";
      }
    os << "\n} // namespace " << name << "::detail\n\n#endif\n";
    return success();
  }

  ModuleOp module;
  const CppOptions &options;
  const CppStyle &style;
  Interface interface;
  bool isLevel;
  ModuleFacts facts;
  SymbolTable symbols;
  llvm::EquivalenceClasses<Operation *> groups;
  llvm::DenseSet<Operation *> entries;
  std::vector<func::FuncOp> graph, math;
  std::vector<std::vector<func::FuncOp>> kernelFiles;
};
} // namespace

/// The assembler's words for NAME_weights with the content of NAME.weights.
static void printIncbin(llvm::raw_ostream &os, const std::string &name, bool isWasm) {
  // The formats of objects differ in how a section is opened and what a type is marked with.
  std::string lines[] = {
      isWasm ? ".section .rodata." + name + "_weights,\\\"\\\",@"
             : ".pushsection .rodata." + name + "_weights,\\\"a\\\",%progbits",
      ".balign 64",
      ".globl " + name + "_weights",
      ".hidden " + name + "_weights",
      ".type " + name + "_weights, " + (isWasm ? "@object" : "%object"),
      name + "_weights:",
      ".incbin \\\"" + name + ".weights\\\"",
      ".size " + name + "_weights, . - " + name + "_weights",
      isWasm ? "" : ".popsection"};
  StringRef before = "__asm__(";
  for (const std::string &line : lines) {
    if (line.empty())
      continue;
    os << before << "\"" << line << "\\n\"";
    before = "\n        ";
  }
  os << ");\n";
}

static std::string weightsDeclaration(const Interface &interface) {
  return "extern \"C\" [[gnu::visibility(\"hidden\")]] const unsigned char " + interface.name + "_weights[" +
         std::to_string(interface.weightBytes) + "];\n";
}

static std::string weightsText(const Interface &interface, const CppOptions &options, StringRef bytes) {
  const std::string &name = interface.name;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// " << name << "_weights.cpp - " << interface.about << "\n";
  if (bytes.empty() || interface.externalWeights) {
    os << "// The weights are " << (bytes.empty() ? "none" : "read by the caller") << ".\n";
    return text;
  }
  bool array = options.weights == WeightsPlace::array ||
               (options.weights == WeightsPlace::automatic && int64_t(bytes.size()) <= options.style.largestArray);
  if (!array) {
    os << "//\n";
    printComment(os,
                 "The assembler takes " + name +
                     ".weights, which stands beside this file, into read-only "
                     "data; compile with -I for this folder.",
                 options.style.columns);
    printIncbin(os, name, llvm::Triple(Target::find(interface.target)->triple).isWasm());
    return text;
  }
  // A model of several levels has no header of kernels, which declares them.
  if (interface.levels.empty())
    os << "#include \"" << name << "_kernels.h\"\n\nnamespace " << name << "::detail {\n\n";
  else
    os << "\nnamespace " << name << "::detail {\n\n" << weightsDeclaration(interface);
  os << "alignas(64) const unsigned char " << name << "_weights[" << bytes.size() << "] = {";
  for (auto [i, byte] : llvm::enumerate(bytes))
    os << (i % 20 ? " " : "\n    ") << unsigned(static_cast<unsigned char>(byte))
       << ",";
  os << "\n};\n\n} // namespace " << name << "::detail\n";
  return text;
}

static void printWeights(const Interface &interface, const CppOptions &options, StringRef bytes, std::vector<CppFile> &files) {
  files.push_back({interface.name + "_weights.cpp", weightsText(interface, options, bytes)});
  files.push_back({interface.name + ".weights", bytes.str()});
}

FailureOr<std::vector<CppFile>> ingot::printCpp(ModuleOp planned,
                                                const CppOptions &options) {
  FailureOr<Interface> interface = readInterface(planned, options);
  if (failed(interface))
    return failure();
  OwningOpRef<ModuleOp> copy = planned.clone();
  if (failed(prepare(*copy, options.style)))
    return failure();
  return ModelPrinter(*copy, options, *interface).print();
}

/// Writes the files into the folder, each beside its place and then renamed.
static LogicalResult writeFiles(ArrayRef<CppFile> files, StringRef folder, MLIRContext *context) {
  auto error = [&](StringRef path, std::error_code code) {
    return emitError(UnknownLoc::get(context))
           << path << ": cannot be written: " << code.message();
  };
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return error(folder, code);
  // All are written beside their places before any is moved there, so that a failure leaves nothing half done.
  std::vector<std::pair<std::string, std::string>> moves;
  llvm::scope_exit removeAll([&] {
    for (auto &[from, to] : moves)
      llvm::sys::fs::remove(from);
  });
  for (const CppFile &file : files) {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, file.name);
    SmallString<128> beside;
    int descriptor;
    if (std::error_code code = llvm::sys::fs::createUniqueFile(
            path + ".%%%%%%", descriptor, beside))
      return error(path, code);
    moves.push_back({std::string(beside), std::string(path)});
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os << file.content;
    os.close();
    if (std::error_code code = os.error()) {
      os.clear_error();
      return error(path, code);
    }
  }
  for (auto &[from, to] : moves)
    if (std::error_code code = llvm::sys::fs::rename(from, to))
      return error(to, code);
  moves.clear();
  return success();
}

LogicalResult ingot::emitCpp(ModuleOp planned, const CppOptions &options) {
  FailureOr<std::vector<CppFile>> files = printCpp(planned, options);
  return success(succeeded(files) && succeeded(writeFiles(*files, options.outDir, planned.getContext())));
}

FailureOr<Interface> ingot::emitCppLevel(ModuleOp planned, const CppOptions &options) {
  CppOptions level = options;
  level.name = levelStem(options.name, Target::of(planned));
  FailureOr<Interface> interface = readInterface(planned, level);
  if (failed(interface) || failed(prepare(planned, options.style)))
    return failure();
  FailureOr<std::vector<CppFile>> files = ModelPrinter(planned, level, *interface, /*isLevel=*/true).print();
  if (failed(files) || failed(writeFiles(*files, options.outDir, planned.getContext())))
    return failure();
  return interface;
}

LogicalResult ingot::emitCppChoice(const Interface &interface, StringRef weights, const CppOptions &options, MLIRContext *context) {
  const std::string &name = interface.name;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// " << name << ".cpp - " << interface.about << "\n#include \"" << name << ".h\"\n#include <ingot/processor.h>\n\nnamespace "
     << name << " {\nnamespace detail {\n\n";
  if (!weights.empty() && !interface.externalWeights)
    os << weightsDeclaration(interface) << "\n";
  os << printEntry(interface, options.style);
  std::vector<CppFile> files = {{name + ".cpp", text}, {name + ".h", printHeader(interface, options.style)}};
  printWeights(interface, options, weights, files);
  return writeFiles(files, options.outDir, context);
}

namespace {
struct EmitCppPass : ingot::impl::EmitCppPassBase<EmitCppPass> {
  using EmitCppPassBase::EmitCppPassBase;

  void runOnOperation() override {
    CppOptions options;
    options.outDir = dir;
    std::optional<WeightsPlace> place = weightsPlace(weights);
    if (!place) {
      getOperation().emitError("no place for weights has the name '")
          << weights << "'";
      return signalPassFailure();
    }
    options.weights = *place;
    if (failed(emitCpp(getOperation(), options)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
