//===- EmitCpp.cpp - the files of a model ---------------------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "codegen/cpp/Interface.h"
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

std::vector<std::string> ingot::cppFileNames(StringRef name,
                                             const CppStyle &style) {
  std::string stem = name.str();
  std::vector<std::string> files = {stem + ".cpp"};
  for (unsigned i = 0; i < style.kernelFiles; ++i)
    files.push_back(stem + "_kernels_" + std::to_string(i) + ".cpp");
  files.insert(files.end(), {stem + "_weights.cpp", stem + ".h",
                             stem + "_kernels.h", stem + ".weights"});
  return files;
}

namespace {
class ModelPrinter {
public:
  ModelPrinter(ModuleOp module, const CppOptions &options, Interface interface)
      : module(module), options(options), style(options.style),
        interface(std::move(interface)), facts(analyse(module, style)),
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
    std::string weightsText, weights;
    if (failed(printWeights(weightsText, weights)))
      return failure();
    files.push_back({name + "_weights.cpp", std::move(weightsText)});
    files.push_back({name + ".h", printHeader(interface, style)});
    std::string kernelsHeader;
    if (failed(printKernelsHeader(kernelsHeader)))
      return failure();
    files.push_back({name + "_kernels.h", std::move(kernelsHeader)});
    files.push_back({name + ".weights", std::move(weights)});
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

  LogicalResult printGraph(std::string &text) {
    llvm::raw_string_ostream os(text);
    const std::string &name = interface.name;
    os << "// " << name << ".cpp - " << interface.about << "\n#include \""
       << name << ".h\"\n#include \"" << name << "_kernels.h\"\n" << (interface.threads ? "#include <ingot/share.h>\n" : "") << "\nnamespace "
       << name << " {\nnamespace detail {\nnamespace {\n";
    for (func::FuncOp function : graph)
      if (failed(printFunction(os, function)))
        return failure();
    os << "\n" << printEntry(interface, style);
    return success();
  }

  LogicalResult printKernels(StringRef file, ArrayRef<func::FuncOp> kernels,
                             std::string &text) {
    llvm::raw_string_ostream os(text);
    printTop(os, file, "_kernels.h");
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
    if (interface.weightBytes && !interface.externalWeights)
      os << "\nextern \"C\" [[gnu::visibility(\"hidden\")]] const unsigned char "
         << name << "_weights[" << interface.weightBytes << "];\n";
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

  LogicalResult printWeights(std::string &text, std::string &weights) {
    int64_t bytes = interface.weightBytes;
    if (bytes) {
      FailureOr<WeightData> data = WeightData::of(module);
      if (failed(data))
        return failure();
      weights = data->bytes().str();
      if (int64_t(weights.size()) != bytes)
        return module.emitError("has no ingot.weights of ") << bytes << " bytes";
    }
    const std::string &name = interface.name;
    llvm::raw_string_ostream os(text);
    os << "// " << name << "_weights.cpp - " << interface.about << "\n";
    if (!bytes || interface.externalWeights) {
      os << "// The weights are " << (bytes ? "read by the caller" : "none")
         << ".\n";
      return success();
    }
    bool array = options.weights == WeightsPlace::array ||
                 (options.weights == WeightsPlace::automatic &&
                  bytes <= style.largestArray);
    if (!array) {
      os << "//\n";
      printComment(os,
                   "The assembler takes " + name +
                       ".weights, which stands beside this file, into read-only "
                       "data; compile with -I for this folder.",
                   style.columns);
      // The formats of objects differ in how a section is opened and what a type is marked with.
      bool isWasm = llvm::Triple(Target::of(module).triple).isWasm();
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
      return success();
    }
    os << "#include \"" << name << "_kernels.h\"\n\nnamespace " << name
       << "::detail {\n\nalignas(64) const unsigned char " << name << "_weights["
       << bytes << "] = {";
    for (auto [i, byte] : llvm::enumerate(weights))
      os << (i % 20 ? " " : "\n    ") << unsigned(static_cast<unsigned char>(byte))
         << ",";
    os << "\n};\n\n} // namespace " << name << "::detail\n";
    return success();
  }

  ModuleOp module;
  const CppOptions &options;
  const CppStyle &style;
  Interface interface;
  ModuleFacts facts;
  SymbolTable symbols;
  llvm::EquivalenceClasses<Operation *> groups;
  llvm::DenseSet<Operation *> entries;
  std::vector<func::FuncOp> graph, math;
  std::vector<std::vector<func::FuncOp>> kernelFiles;
};
} // namespace

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

LogicalResult ingot::emitCpp(ModuleOp planned, const CppOptions &options) {
  FailureOr<std::vector<CppFile>> files = printCpp(planned, options);
  if (failed(files))
    return failure();
  auto error = [&](StringRef path, std::error_code code) {
    return emitError(UnknownLoc::get(planned.getContext()))
           << path << ": cannot be written: " << code.message();
  };
  if (std::error_code code = llvm::sys::fs::create_directories(options.outDir))
    return error(options.outDir, code);
  // All are written beside their places before any is moved there, so that a failure leaves nothing half done.
  std::vector<std::pair<std::string, std::string>> moves;
  llvm::scope_exit removeAll([&] {
    for (auto &[from, to] : moves)
      llvm::sys::fs::remove(from);
  });
  for (const CppFile &file : *files) {
    SmallString<128> path(options.outDir);
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
