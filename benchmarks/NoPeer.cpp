//===- NoPeer.cpp - the sweep where no peer is installed -------------------===//
#include "benchmarks/Kernel.h"

const char *peerName() { return ""; }
std::string peerVersion() { return ""; }
std::unique_ptr<Engine> makePeer(const Kernel &, const std::vector<Buffer> &, int, std::string &) { return nullptr; }
