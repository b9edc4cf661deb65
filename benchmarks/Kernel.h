//===- Kernel.h - what the sweep measures, and who computes it -------------===//
#ifndef INGOT_BENCHMARKS_KERNEL_H
#define INGOT_BENCHMARKS_KERNEL_H

#include <cstdlib>
#include <ingot/model.h>
#include <memory>
#include <string>
#include <vector>

/// One model of kernels.py, compiled.
struct Kernel {
  const char *name;
  double operations; ///< of a call, as the definition counts; 0 where it moves data
  double bytes;      ///< inputs, weights and outputs of a call
  const ingot_model *model;
  const char *onnx;    ///< path of the model
  const char *weights; ///< path of the weights
};

/// Floats at an address that is a multiple of 64.
class Buffer {
public:
  explicit Buffer(size_t count) : count(count), memory(static_cast<float *>(std::aligned_alloc(64, (count * sizeof(float) / 64 + 1) * 64))) {}
  float *data() const { return memory.get(); }
  size_t size() const { return count; }
  float *begin() const { return data(); }
  float *end() const { return data() + count; }

private:
  struct Free {
    void operator()(float *p) const { std::free(p); }
  };
  size_t count;
  std::unique_ptr<float, Free> memory;
};

/// One kernel, ready to be run with some inputs, which outlive it.
class Engine {
public:
  virtual ~Engine() = default;
  /// Computes `output`. Throws where that fails.
  virtual void run() = 0;
  /// Seconds of the calls so far that were spent in the kernel itself, without the engine's reordering of data and other work around it; negative where the
  /// engine does not tell.
  virtual double secondsInside() { return -1; }
  /// The model's only output.
  virtual Buffer &output() = 0;
};

/// The compiled kernel. Threads are shared by all kernels.
std::unique_ptr<Engine> makeIngot(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads);

/// "" where this program was built without a peer.
const char *peerName();
std::string peerVersion();
/// The same model in the peer, or null where that does not take it: `reason` says why in one line.
std::unique_ptr<Engine> makePeer(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads, std::string &reason);

#endif
