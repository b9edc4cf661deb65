//===- Target.cpp - reads targets/*.json ----------------------------------===//
#include "compiler/support/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/JSON.h"
#include "llvm/TargetParser/Host.h"

using namespace ingot;

static const struct {
  const char *name;
  const char *text;
} files[] = {
#include "targets/TargetFiles.inc"
};

static DotInstruction parseDot(const llvm::json::Object &object) {
  const llvm::json::Array &factors = *object.getArray("factors");
  DotInstruction dot;
  dot.name = object.getString("instruction").value().str();
  dot.terms = object.getInteger("terms").value();
  dot.isFirstUnsigned = factors[0].getAsString().value().starts_with("u");
  for (int i : {0, 1})
    if (factors[i].getAsString().value().drop_front().getAsInteger(10, dot.bits[i]))
      llvm::report_fatal_error("a factor of a dot instruction is no integer");
  return dot;
}

static Target parse(llvm::StringRef text) {
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(text);
  // The files are compiled in, so a mistake in one is a mistake of the build.
  if (!json)
    llvm::report_fatal_error(json.takeError());
  const llvm::json::Object &object = *json->getAsObject();
  Target target;
  target.name = object.getString("name").value().str();
  target.about = object.getString("about").value().str();
  target.triple = object.getString("triple").value().str();
  target.cpu = object.getString("cpu").value().str();
  target.features = object.getString("features").value_or("").str();
  target.abi = object.getString("abi").value_or("").str();
  target.vectorBytes = object.getInteger("vector_bytes").value();
  target.vectorRegisters = object.getInteger("vector_registers").value();
  target.integerRegisters = object.getInteger("integer_registers").value_or(8);
  target.fma = object.getBoolean("fma").value();
  if (const llvm::json::Array *dots = object.getArray("dots"))
    for (const llvm::json::Value &dot : *dots)
      target.dots.push_back(parseDot(*dot.getAsObject()));
  target.l1Bytes = object.getInteger("l1_bytes").value();
  target.l2Bytes = object.getInteger("l2_bytes").value();
  for (const llvm::json::Value &flag : *object.getArray("compile_flags"))
    target.compileFlags.push_back(flag.getAsString()->str());
  if (const llvm::json::Array *libraries = object.getArray("libraries"))
    for (const llvm::json::Value &library : *libraries)
      target.libraries.push_back(library.getAsString()->str());
  return target;
}

const std::vector<Target> &Target::all() {
  static const std::vector<Target> targets = [] {
    std::vector<Target> list;
    for (const auto &file : files)
      list.push_back(parse(file.text));
    std::sort(list.begin(), list.end(),
              [](const Target &a, const Target &b) { return a.name < b.name; });
    return list;
  }();
  return targets;
}

static llvm::StringRef nativeName() {
#if defined(__riscv)
  return "riscv64";
#else
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
#if defined(__aarch64__)
  return features.lookup("dotprod") ? "aarch64-dotprod" : "aarch64";
#else
  auto has = [&](std::initializer_list<const char *> names) {
    return llvm::all_of(names, [&](const char *n) { return features.lookup(n); });
  };
  if (!has({"avx2", "fma", "bmi2", "f16c", "movbe", "lzcnt"}))
    return "x86-64-v1";
  if (!has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    return features.lookup("avxvnni") ? "x86-64-v3-vnni" : "x86-64-v3";
  return features.lookup("avx512vnni") ? "x86-64-v4-vnni" : "x86-64-v4";
#endif
#endif
}

const Target *Target::find(llvm::StringRef name) {
  if (name == "native")
    name = nativeName();
  for (const Target &target : all())
    if (target.name == name)
      return &target;
  return nullptr;
}

const Target &Target::of(mlir::ModuleOp module) {
  llvm::StringRef name = "x86-64-v3";
  if (auto attr = module->getAttrOfType<mlir::StringAttr>("ingot.target"))
    name = attr.getValue();
  const Target *target = find(name);
  if (!target)
    llvm::report_fatal_error("unknown target in the attribute ingot.target");
  return *target;
}
