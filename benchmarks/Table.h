//===- Table.h - the sweep's results as a table ----------------------------===//
#ifndef INGOT_BENCHMARKS_TABLE_H
#define INGOT_BENCHMARKS_TABLE_H

#include "benchmarks/Kernel.h"
#include <benchmark/benchmark.h>
#include <map>

/// What one thread of this machine can do at the most.
struct Peak {
  /// Asks the program beside this one. Throws where that fails.
  static Peak measure();
  /// Bytes a second at which it reads a piece of memory of that size again and again.
  double bandwidth(double bytes) const;

  double operations = 0; ///< float32 multiply-adds a second, two each; 0 where nothing was measured
  std::vector<std::pair<double, double>> pieces; ///< bytes, bytes a second; the smallest first
};

/// Takes the least time of each engine on each kernel, and prints a row for each kernel at the end.
class TableReporter : public benchmark::BenchmarkReporter {
public:
  TableReporter(const std::vector<Kernel> &kernels, const Peak &peak, int threads) : kernels(kernels), peak(peak), threads(threads) {}
  bool ReportContext(const Context &) override { return true; }
  void ReportRuns(const std::vector<Run> &runs) override;
  void Finalize() override;
  bool failed() const { return anyFailed; }

private:
  struct Times {
    double own = 0, call = 0, inside = 0; ///< seconds; 0: there is none
  };
  const std::vector<Kernel> &kernels;
  const Peak &peak;
  int threads;
  std::map<std::string, Times> times;
  bool anyFailed = false;
};

#endif
