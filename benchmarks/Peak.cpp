//===- Peak.cpp - this machine's peak, for the sweep -----------------------===//
//
// usage: ingot-benchmark-peak BYTES...
//
// Prints the GFLOP/s of float32 multiply-adds of one thread, then for each number of bytes the GB/s at which one thread reads a piece of that size. A program of
// its own: the peer and the compiler each bring their copy of the libraries that read models.
//
//===----------------------------------------------------------------------===//
#include "compiler/driver/MachinePeak.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

int main(int argc, char **argv) {
  const ingot::Target *target = ingot::Target::find("native");
  double gigaflops = 0;
  std::vector<double> rates;
  for (int i = 1; i < argc; ++i) {
    int64_t bytes = 0;
    if (llvm::StringRef(argv[i]).getAsInteger(10, bytes)) {
      llvm::errs() << "ingot-benchmark-peak: '" << argv[i] << "' is no number of bytes\n";
      return 2;
    }
    llvm::Expected<ingot::MachinePeak> peak = ingot::measurePeak(*target, bytes);
    if (!peak) {
      llvm::errs() << llvm::toString(peak.takeError()) << '\n';
      return 1;
    }
    gigaflops = std::max(gigaflops, peak->gigaflops);
    rates.push_back(peak->model.gigabytesPerSecond);
  }
  llvm::outs() << gigaflops << '\n';
  for (double rate : rates)
    llvm::outs() << rate << '\n';
  return 0;
}
