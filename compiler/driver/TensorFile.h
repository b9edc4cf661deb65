//===- TensorFile.h - tensors as the standard's test data -----------------===//
#ifndef INGOT_COMPILER_DRIVER_TENSORFILE_H
#define INGOT_COMPILER_DRIVER_TENSORFILE_H

#include "compiler/driver/Tensor.h"

namespace ingot {

/// Reads a file that holds one serialised onnx.TensorProto (`input_0.pb`). The error names the file.
llvm::Expected<Tensor> readTensorProto(llvm::StringRef path);

} // namespace ingot

#endif
