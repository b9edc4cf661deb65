//===- Roofline.cpp - kernels under the roofs of a machine ----------------===//
#include "compiler/driver/Roofline.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace ingot;
using llvm::StringRef;

double ingot::operationsOf(const KernelTime &kernel) { return kernel.operations + kernel.integerOperations; }

Attained ingot::attained(const KernelTime &kernel, const MachinePeak &peak) {
  Attained result;
  if (kernel.milliseconds <= 0)
    return result;
  result.gigaflops = operationsOf(kernel) / kernel.milliseconds * 1e-6;
  result.flopShare = (kernel.operations / peak.gigaflops + kernel.integerOperations / peak.integer) / kernel.milliseconds * 1e-6;
  result.gigabytesPerSecond = kernel.bytes / kernel.milliseconds * 1e-6;
  result.byteShare = result.gigabytesPerSecond / peak.model.gigabytesPerSecond;
  if (std::max(result.flopShare, result.byteShare) >= kLeastShare)
    result.bound = result.flopShare >= result.byteShare ? "compute" : "memory";
  return result;
}

Floor ingot::floorOf(llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak, int64_t touched, unsigned threads) {
  Floor floor;
  for (const KernelTime &kernel : kernels)
    floor.arithmetic += (kernel.operations / peak.gigaflops + kernel.integerOperations / peak.integer) * 1e-6 / threads;
  floor.memory = double(touched) / peak.model.gigabytesPerSecond * 1e-6;
  return floor;
}

std::string ingot::figure(double value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (value == 0)
    os << '0';
  else if (std::abs(value) < 1e-4 || std::abs(value) >= 1e6)
    os << llvm::format("%.2e", value);
  else
    os << llvm::format("%.*f", std::max(0, 2 - int(std::floor(std::log10(std::abs(value))))), value);
  return text;
}

static std::string percent(double share) { return llvm::formatv("{0:f1} %", 100 * share); }

std::string ingot::sizeText(int64_t bytes) {
  return bytes < (1 << 20) ? figure(double(bytes) / (1 << 10)) + " KiB" : figure(double(bytes) / (1 << 20)) + " MiB";
}

/// Text for XML: names in a model's file hold anything.
static std::string escaped(StringRef text) {
  std::string out;
  for (char c : llvm::json::fixUTF8(text))
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: out += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
    }
  // The two characters that are valid UTF-8 and no XML.
  for (StringRef none : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
    for (size_t at; (at = out.find(none.str())) != std::string::npos;)
      out.replace(at, none.size(), "?");
  return out;
}

static std::string shortened(StringRef name, size_t most) {
  return name.size() <= most ? name.str() : name.take_front(most - 1).str() + "\xe2\x80\xa6";
}

namespace {
/// A logarithmic axis from `low`, a power of ten, to `high`, over pixels.
struct Axis {
  double low, high, from, to;
  double at(double value) const {
    double part = (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low));
    return from + (to - from) * std::clamp(part, 0.0, 1.0);
  }
};
} // namespace

static double powerBelow(double value) { return std::pow(10, std::floor(std::log10(value) + 1e-9)); }
static double powerAbove(double value) { return std::pow(10, std::ceil(std::log10(value) - 1e-9)); }

/// Kernels in the list; more cannot be told apart in the picture.
constexpr size_t kMostListed = 24;
constexpr int kPlotLeft = 70, kPlotRight = 640, kPlotTop = 60, kPlotBottom = 500, kListLeft = 670, kWidth = 1060, kHeight = 560;

static void drawGrid(llvm::raw_ostream &os, const Axis &x, const Axis &y) {
  auto line = [&](double x1, double y1, double x2, double y2, bool strong) {
    os << llvm::format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, strong ? "#ccc" : "#f0f0f0");
  };
  auto each = [](const Axis &axis, llvm::function_ref<void(double, bool)> visit) {
    for (double power = axis.low; power < axis.high * 1.001; power *= 10)
      for (int digit = 1; digit != 10 && power * digit < axis.high * 1.001; ++digit)
        visit(power * digit, digit == 1);
  };
  each(x, [&](double value, bool power) {
    line(x.at(value), kPlotTop, x.at(value), kPlotBottom, power);
    if (power)
      os << llvm::format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x.at(value), kPlotBottom + 18) << llvm::format("%g", value) << "</text>\n";
  });
  each(y, [&](double value, bool power) {
    line(kPlotLeft, y.at(value), kPlotRight, y.at(value), power);
    if (power)
      os << llvm::format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", kPlotLeft - 8, y.at(value) + 4) << llvm::format("%g", value) << "</text>\n";
  });
  os << "<text x=\"" << (kPlotLeft + kPlotRight) / 2 << "\" y=\"" << kPlotBottom + 42
     << "\" text-anchor=\"middle\">operations per byte of memory (FLOP/byte)</text>\n"
     << "<text transform=\"translate(20 " << (kPlotTop + kPlotBottom) / 2 << ") rotate(-90)\" text-anchor=\"middle\">rate (GFLOP/s)</text>\n";
}

/// The roof of one bandwidth, from the left edge up to the peak, with its name along it: `dy` below its left end.
static void drawSlope(llvm::raw_ostream &os, const Axis &x, const Axis &y, const Bandwidth &bandwidth, double peak, const char *color, int dy,
                      const std::string &name) {
  double rate = bandwidth.gigabytesPerSecond;
  double first = std::max(x.low, y.low / rate), last = std::min(x.high, peak / rate);
  os << llvm::format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"2\"/>\n", x.at(first), y.at(first * rate),
                     x.at(last), y.at(last * rate), color);
  double middle = std::pow(10, std::log10(first) + 0.05 * (std::log10(last) - std::log10(first)));
  double angle = std::atan2(y.at(last * rate) - y.at(first * rate), x.at(last) - x.at(first)) * 180 / M_PI;
  os << llvm::format("<text transform=\"translate(%.1f %.1f) rotate(%.1f)\" dy=\"%d\" fill=\"%s\">", x.at(middle), y.at(middle * rate), angle, dy, color)
     << escaped(name) << "</text>\n";
}

std::string ingot::drawRoofline(StringRef title, llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak) {
  double total = 0, lowX = 0.1, highX = 100, lowY = peak.gigaflops / 100;
  for (const KernelTime &kernel : kernels) {
    total += kernel.milliseconds;
    if (operationsOf(kernel) == 0 || kernel.bytes == 0 || kernel.milliseconds == 0)
      continue;
    lowX = std::min(lowX, operationsOf(kernel) / kernel.bytes);
    highX = std::max(highX, operationsOf(kernel) / kernel.bytes);
    lowY = std::min(lowY, attained(kernel, peak).gigaflops);
  }
  // Room above the roof for its name.
  double highY = std::max(peak.gigaflops * 2, peak.integer * 1.2);
  for (const KernelTime &kernel : kernels)
    highY = std::max(highY, attained(kernel, peak).gigaflops * 1.2);
  Axis x{powerBelow(lowX), powerAbove(highX), kPlotLeft, kPlotRight};
  Axis y{powerBelow(lowY), highY, kPlotBottom, kPlotTop};

  std::string text;
  llvm::raw_string_ostream os(text);
  os << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << kWidth << "\" height=\"" << kHeight << "\" viewBox=\"0 0 " << kWidth << ' '
     << kHeight << "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
     << "<text x=\"" << kPlotLeft << "\" y=\"30\" font-size=\"16\">" << escaped(title) << "</text>\n";
  drawGrid(os, x, y);
  drawSlope(os, x, y, peak.memory, peak.gigaflops, "#a33", 16, "memory, " + figure(peak.memory.gigabytesPerSecond) + " GB/s");
  if (peak.model.bytes != peak.memory.bytes)
    drawSlope(os, x, y, peak.model, peak.gigaflops, "#36a", -6,
              sizeText(peak.model.bytes) + (peak.model.bytes > kLeastPiece ? " that the model touches, " : ", ") + figure(peak.model.gigabytesPerSecond) + " GB/s");
  os << llvm::format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#222\" stroke-width=\"2\"/>\n",
                     x.at(peak.gigaflops / std::max(peak.model.gigabytesPerSecond, peak.memory.gigabytesPerSecond)), y.at(peak.gigaflops),
                     kPlotRight, y.at(peak.gigaflops))
     << llvm::format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", kPlotRight - 4, y.at(peak.gigaflops) - 24) << "multiply-adds, "
     << figure(peak.gigaflops) << " GFLOP/s</text>\n";

  // The roof of integers, where they do most of the work.
  double floats = 0, integers = 0;
  for (const KernelTime &kernel : kernels) {
    floats += kernel.operations;
    integers += kernel.integerOperations;
  }
  if (integers > floats)
    os << llvm::format("<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#222\" stroke-dasharray=\"6 4\"/>\n", kPlotLeft, y.at(peak.integer),
                       kPlotRight, y.at(peak.integer))
       << llvm::format("<text x=\"%d\" y=\"%.1f\">", kPlotLeft + 4, y.at(peak.integer) - 6) << "multiply-adds of integers, " << figure(peak.integer)
       << " G/s</text>\n";

  os << "<text x=\"" << kListLeft << "\" y=\"" << kPlotTop - 8 << "\" font-weight=\"bold\">kernel: share of the time, ms</text>\n";
  // Large dots first, so that small ones lie on them.
  for (const auto &[i, kernel] : llvm::enumerate(kernels)) {
    double share = total > 0 ? kernel.milliseconds / total : 0;
    std::string about = kernel.name + ": " + percent(share) + ", " + figure(kernel.milliseconds) + " ms";
    bool listed = i < kMostListed;
    if (listed)
      os << llvm::format("<text x=\"%d\" y=\"%d\">%zu  ", kListLeft, int(kPlotTop + 12 + 18 * i), i + 1)
         << escaped(shortened(kernel.name, 32)) << ": " << percent(share) << ", " << figure(kernel.milliseconds) << " ms"
         << (operationsOf(kernel) == 0 ? " (moves data)" : "") << "</text>\n";
    if (operationsOf(kernel) == 0 || kernel.bytes == 0 || kernel.milliseconds == 0)
      continue;
    double cx = x.at(operationsOf(kernel) / kernel.bytes), cy = y.at(attained(kernel, peak).gigaflops), radius = 3 + 17 * std::sqrt(share);
    os << llvm::format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#2a7\" fill-opacity=\"0.45\" stroke=\"#152\"><title>", cx, cy, radius)
       << escaped(about);
    for (const std::string &node : kernel.nodes)
      os << '\n' << escaped(node);
    os << "</title></circle>\n";
    // In the dot, or beside one that is too small.
    bool inside = radius >= 8;
    if (listed)
      os << llvm::format("<text x=\"%.1f\" y=\"%.1f\" font-size=\"10\" text-anchor=\"%s\" pointer-events=\"none\">%zu</text>\n",
                         inside ? cx : cx + radius + 2, cy + 3.5, inside ? "middle" : "start", i + 1);
  }
  if (kernels.size() > kMostListed)
    os << "<text x=\"" << kListLeft << "\" y=\"" << kPlotTop + 12 + 18 * kMostListed << "\">and " << kernels.size() - kMostListed << " more</text>\n";
  os << "</svg>\n";
  return text;
}
