//===- Table.cpp - the sweep's results as a table --------------------------===//
#include "benchmarks/Table.h"
#include <algorithm>
#include <cstdio>
#include <stdexcept>

Peak Peak::measure() {
  Peak peak;
  std::string command = INGOT_BENCHMARK_PEAK;
  for (double bytes = 1 << 14; bytes <= 1 << 28; bytes *= 4) {
    peak.pieces.push_back({bytes, 0});
    command += ' ' + std::to_string(int64_t(bytes));
  }
  FILE *program = popen(command.c_str(), "r");
  bool complete = program && std::fscanf(program, "%lf", &peak.operations) == 1;
  for (auto &piece : peak.pieces)
    complete = complete && std::fscanf(program, "%lf", &piece.second) == 1;
  if (!program || pclose(program) != 0 || !complete)
    throw std::runtime_error("the machine's peak could not be measured");
  peak.operations *= 1e9;
  for (auto &piece : peak.pieces)
    piece.second *= 1e9;
  return peak;
}

double Peak::bandwidth(double bytes) const {
  for (auto [size, rate] : pieces)
    if (bytes <= size)
      return rate;
  return pieces.back().second;
}

void TableReporter::ReportRuns(const std::vector<Run> &runs) {
  for (const Run &run : runs) {
    std::string name = run.run_name.function_name;
    size_t slash = name.find('/');
    if (run.error_occurred) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), run.error_message.c_str());
      // What a peer does not take is told, and left out.
      anyFailed |= name.substr(slash) == "/ingot";
      continue;
    }
    if (run.run_type != Run::RT_Iteration || run.iterations == 0)
      continue;
    Times &entry = times[name.substr(0, slash)];
    auto keep = [](double &least, double value) { least = least == 0 ? value : std::min(least, value); };
    double seconds = run.real_accumulated_time / double(run.iterations);
    if (name.substr(slash) == "/ingot") {
      keep(entry.own, seconds);
      continue;
    }
    keep(entry.call, seconds);
    auto inside = run.counters.find("inside");
    if (inside != run.counters.end())
      keep(entry.inside, inside->second);
  }
}

static std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 1 ? "%.4f" : value < 10 ? "%.3f" : value < 100 ? "%.2f" : "%.1f", value);
  return text;
}

void TableReporter::Finalize() {
  std::string peer = peerName();
  std::printf("%-40s %10s %12s %10s %7s %9s %8s %8s\n", "kernel", "ingot ms", (peer.empty() ? "peer ms" : peer + " ms").c_str(), "its call", "ratio", "GFLOP/s",
              "GB/s", "of peak");
  for (const Kernel &kernel : kernels) {
    auto found = times.find(kernel.name);
    if (found == times.end() || found->second.own == 0)
      continue;
    const Times &entry = found->second;
    double other = entry.inside > 0 ? entry.inside : entry.call;
    double compute = kernel.operations / entry.own, memory = kernel.bytes / entry.own;
    std::string share = "-";
    if (peak.operations > 0) {
      double computeShare = compute / (threads * peak.operations), memoryShare = memory / peak.bandwidth(kernel.bytes);
      bool computes = computeShare > memoryShare;
      share = std::to_string(int(100 * std::max(computeShare, memoryShare) + 0.5)) + (computes ? " % c" : " % m");
    }
    std::printf("%-40s %10s %12s %10s %7s %9s %8s %8s\n", kernel.name, figure(entry.own * 1e3).c_str(), other > 0 ? figure(other * 1e3).c_str() : "-",
                entry.call > 0 ? figure(entry.call * 1e3).c_str() : "-", other > 0 ? figure(entry.own / other).c_str() : "-",
                kernel.operations > 0 ? figure(compute * 1e-9).c_str() : "-", figure(memory * 1e-9).c_str(), share.c_str());
  }
  if (peak.operations > 0) {
    std::printf("peak of a thread: %.1f GFLOP/s (c); GB/s read (m)", peak.operations * 1e-9);
    for (auto [bytes, rate] : peak.pieces)
      std::printf(", %.0f from %.0f KiB", rate * 1e-9, bytes / 1024);
    std::printf("\n");
  }
  std::fflush(stdout);
}
