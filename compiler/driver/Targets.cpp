//===- Targets.cpp - ingot targets ----------------------------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Commands.h"
#include "compiler/driver/Files.h"
#include "compiler/driver/Libraries.h"
#include "compiler/support/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;

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
    out << (target.here() ? "* " : "  ")
        << llvm::left_justify(target.name, width) << target.about << '\n';
  out << "\n*  runs on this machine";
  if (native)
    out << "; 'native' is " << native->name;
  out << '\n';
  return 0;
}
