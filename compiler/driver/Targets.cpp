//===- Targets.cpp - ingot targets ----------------------------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Commands.h"
#include "compiler/driver/Files.h"
#include "compiler/driver/Libraries.h"
#include "compiler/support/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace ingot;

/// x86-64 levels include each other, and `native` is the highest that this machine runs; targets of another architecture, or without an
/// operating system, never run here.
bool ingot::runsHere(const Target &target) {
  const Target *native = Target::find("native");
  if (!native)
    return false;
  if (target.name == native->name)
    return true;
  llvm::Triple triple(target.triple), nativeTriple(native->triple);
  return triple.getArch() == nativeTriple.getArch() &&
         triple.getOS() == nativeTriple.getOS() && triple.isX86() &&
         target.name <= native->name;
}

/// What a compiler needs for C++ that was emitted for the target, but for the folder of the sources.
static void printFlags(const Target &target, llvm::raw_ostream &out) {
  out << "-I" << runtimeInclude();
  for (const std::vector<std::string> &flags : {cppCompileFlags(), target.compileFlags})
    for (const std::string &flag : flags)
      out << ' ' << flag;
  out << '\n';
}

int ingot::listTargets(const TargetsOptions &options) {
  llvm::raw_ostream &out = llvm::outs();
  if (!options.flagsOf.empty()) {
    printFlags(*Target::find(options.flagsOf), out);
    return 0;
  }
  if (!options.linksOf.empty()) {
    out << llvm::join(linkArguments(Target::find(options.linksOf)->libraries), " ") << '\n';
    return 0;
  }
  size_t width = 8;
  for (const Target &target : Target::all())
    width = std::max(width, target.name.size() + 2);
  const Target *native = Target::find("native");
  for (const Target &target : Target::all())
    out << (runsHere(target) ? "* " : "  ")
        << llvm::left_justify(target.name, width) << target.about << '\n';
  out << "\n*  runs on this machine";
  if (native)
    out << "; 'native' is " << native->name;
  out << '\n';
  return 0;
}
