//===- Target.cpp - reads targets/*.json ----------------------------------===//
#include "compiler/support/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/JSON.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <algorithm>

using namespace ingot;

static const struct {
  const char *name;
  const char *text;
} files[] = {
#include "targets/TargetFiles.inc"
};

static std::vector<std::string> texts(const llvm::json::Array *array) {
  std::vector<std::string> list;
  if (array)
    for (const llvm::json::Value &value : *array)
      list.push_back(value.getAsString()->str());
  return list;
}

static DotInstruction parseDot(const llvm::json::Object &object) {
  const llvm::json::Array &factors = *object.getArray("factors");
  DotInstruction dot;
  dot.name = object.getString("instruction").value().str();
  dot.terms = object.getInteger("terms").value();
  dot.isFirstUnsigned = factors[0].getAsString().value().starts_with("u");
  dot.isFloat = factors[0].getAsString().value() == "bf16";
  for (int i : {0, 1}) {
    llvm::StringRef bits = factors[i].getAsString().value();
    if (bits.starts_with("bf") != dot.isFloat || bits.drop_front(dot.isFloat ? 2 : 1).getAsInteger(10, dot.bits[i]))
      llvm::report_fatal_error("a dot instruction has factors that are neither integers nor bfloat16");
  }
  return dot;
}

static Target parse(const llvm::json::Object &object) {
  Target target;
  target.name = object.getString("name").value().str();
  target.about = object.getString("about").value().str();
  target.levels = texts(object.getArray("levels"));
  if (!target.levels.empty())
    return target;
  target.triple = object.getString("triple").value().str();
  target.cpu = object.getString("cpu").value().str();
  target.features = object.getString("features").value_or("").str();
  target.abi = object.getString("abi").value_or("").str();
  target.vectorBytes = object.getInteger("vector_bytes").value();
  target.vectorRegisters = object.getInteger("vector_registers").value();
  target.integerRegisters = object.getInteger("integer_registers").value_or(8);
  target.halfConversions = object.getBoolean("half_conversions").value_or(false);
  target.fma = object.getBoolean("fma").value();
  if (const llvm::json::Array *dots = object.getArray("dots"))
    for (const llvm::json::Value &dot : *dots)
      target.dots.push_back(parseDot(*dot.getAsObject()));
  target.l1Bytes = object.getInteger("l1_bytes").value();
  target.l2Bytes = object.getInteger("l2_bytes").value();
  target.needs = texts(object.getArray("needs"));
  target.compileFlags = texts(object.getArray("compile_flags"));
  target.libraries = texts(object.getArray("libraries"));
  return target;
}

const std::vector<Target> &Target::all() {
  static const std::vector<Target> targets = [] {
    std::vector<Target> list;
    for (const auto &file : files) {
      llvm::Expected<llvm::json::Value> json = llvm::json::parse(file.text);
      // The files are compiled in, so a mistake in one is a mistake of the build.
      if (!json)
        llvm::report_fatal_error(json.takeError());
      list.push_back(parse(*json->getAsObject()));
    }
    for (Target &target : list) {
      if (target.levels.empty())
        continue;
      auto first = llvm::find_if(list, [&](const Target &level) { return level.name == target.levels.front(); });
      if (first == list.end() || !first->levels.empty())
        llvm::report_fatal_error("a target's first level is no target of one instruction set");
      Target known = *first;
      known.name = target.name;
      known.about = target.about;
      known.levels = target.levels;
      target = std::move(known);
    }
    std::sort(list.begin(), list.end(),
              [](const Target &a, const Target &b) { return a.name < b.name; });
    return list;
  }();
  return targets;
}

bool Target::runsHere() const {
  static const llvm::Triple host(llvm::sys::getProcessTriple());
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  llvm::Triple machine(triple);
  return machine.getArch() == host.getArch() && machine.getOS() == host.getOS() &&
         llvm::all_of(needs, [&](const std::string &name) { return features.lookup(name); });
}

std::vector<const Target *> Target::parts() const {
  if (levels.empty())
    return {this};
  std::vector<const Target *> list;
  for (const std::string &level : levels)
    list.push_back(find(level));
  return list;
}

const Target *Target::here() const {
  const Target *best = nullptr;
  for (const Target *part : parts())
    if (part->runsHere())
      best = part;
  return best;
}

std::string Target::identifier() const {
  std::string text = name;
  std::replace_if(text.begin(), text.end(), [](char c) { return !llvm::isAlnum(c); }, '_');
  return text;
}

/// The target of one instruction set that asks the most of this machine.
static llvm::StringRef nativeName() {
  const Target *best = nullptr;
  for (const Target &target : Target::all())
    if (target.levels.empty() && target.runsHere() && (!best || target.needs.size() > best->needs.size()))
      best = &target;
  return best ? best->name : "x86-64-v1";
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
  if (!target->levels.empty())
    llvm::report_fatal_error("the attribute ingot.target names a target of several levels");
  return *target;
}
