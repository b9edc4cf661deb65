//===- OpenVINO.cpp - the peer ---------------------------------------------===//
#include "benchmarks/Kernel.h"
#include <openvino/openvino.hpp>

namespace {
class OpenVINO : public Engine {
public:
  OpenVINO(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads) : result(kernel.model->outputs[0].count) {
    static ov::Core core;
    compiled = core.compile_model(std::string(kernel.onnx), "CPU", ov::hint::inference_precision(ov::element::f32), ov::num_streams(1),
                                  ov::inference_num_threads(threads), ov::hint::enable_cpu_pinning(false), ov::enable_profiling(true));
    request = compiled.create_infer_request();
    for (size_t i = 0; i != inputs.size(); ++i)
      request.set_input_tensor(i, ov::Tensor(ov::element::f32, compiled.input(i).get_shape(), inputs[i].data()));
    request.set_output_tensor(ov::Tensor(ov::element::f32, compiled.output().get_shape(), result.data()));
  }
  void run() override {
    request.infer();
    ++runs;
  }
  double secondsInside() override;
  Buffer &output() override { return result; }

private:
  Buffer result;
  ov::CompiledModel compiled;
  ov::InferRequest request;
  size_t runs = 0;
};
} // namespace

/// OpenVINO tells the mean time of each node over all calls, in whole microseconds.
double OpenVINO::secondsInside() {
  double kernels = 0, reorders = 0;
  for (const ov::ProfilingInfo &node : request.get_profiling_info())
    if (node.status == ov::ProfilingInfo::Status::EXECUTED)
      (node.node_type == "Reorder" || node.node_type == "Transpose" ? reorders : kernels) += double(node.real_time.count());
  // A kernel that does nothing else than reorder is one.
  return (kernels > 0 ? kernels : reorders) * double(runs) * 1e-6;
}

const char *peerName() { return "openvino"; }

std::string peerVersion() { return ov::get_openvino_version().buildNumber; }

std::unique_ptr<Engine> makePeer(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads, std::string &reason) try {
  return std::make_unique<OpenVINO>(kernel, inputs, threads);
} catch (const std::exception &error) {
  reason = error.what();
  for (char &c : reason)
    c = c == '\n' ? ' ' : c;
  return nullptr;
}
