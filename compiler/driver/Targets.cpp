//===- Targets.cpp - ingot targets ----------------------------------------===//
#include "compiler/driver/Commands.h"
#include "compiler/support/Target.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace ingot;

/// x86-64 levels include each other, and `native` is the highest that this machine runs; targets of another architecture, or without an
/// operating system, never run here.
static bool runsHere(const Target &target) {
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

int ingot::listTargets() {
  llvm::raw_ostream &out = llvm::outs();
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
