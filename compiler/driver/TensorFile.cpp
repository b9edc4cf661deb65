//===- TensorFile.cpp - tensors as the standard's test data ---------------===//
#include "compiler/driver/TensorFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include <onnx/onnx_pb.h>

using namespace ingot;
using llvm::StringRef;

static llvm::Error failure(StringRef path, const llvm::Twine &what) {
  return llvm::createStringError(path + ": " + what);
}

/// Copies a typed field, whose elements may be wider than the tensor's, into the tensor; false where their number is wrong.
template <typename Field> static bool copy(const Field &field, Tensor &tensor, int64_t bytes) {
  int64_t count = tensor.data.size() / bytes;
  if (field.size() != count)
    return false;
  for (int64_t i = 0; i != count; ++i) {
    auto value = field.Get(i);
    // Little-endian: the low bytes come first.
    std::memcpy(tensor.data.data() + i * bytes, &value, bytes);
  }
  return true;
}

llvm::Expected<Tensor> ingot::readTensorProto(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return failure(path, buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  onnx::TensorProto proto;
  if (bytes.size() > INT32_MAX || !proto.ParseFromArray(bytes.data(), int(bytes.size())))
    return failure(path, "not a serialised TensorProto");

  Tensor tensor;
  tensor.type = StringRef(onnx::TensorProto_DataType_Name(onnx::TensorProto_DataType(proto.data_type()))).lower();
  if (tensor.type == "string") {
    tensor.shape.assign(proto.dims().begin(), proto.dims().end());
    tensor.strings.assign(proto.string_data().begin(), proto.string_data().end());
    if (elementCount(tensor.shape) != int64_t(tensor.strings.size()))
      return failure(path, "the shape " + shapeText(tensor.shape) + " does not agree with the data");
    return tensor;
  }
  int64_t element = bytesOfType(tensor.type);
  if (element == 0)
    return failure(path, "tensors of type " + tensor.type + " are not supported");
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  std::optional<int64_t> count = elementCount(tensor.shape);
  // The file spends at least a byte on as many elements as a byte can hold.
  unsigned bits = packedBits(tensor.type);
  if (!count || uint64_t(*count) > bytes.size() * (bits ? 8 / bits : 1))
    return failure(path, "the shape " + shapeText(tensor.shape) + " does not agree with the data");
  tensor.data.resize(bits ? (*count * bits + 7) / 8 : *count * element);

  bool good;
  if (proto.has_raw_data()) {
    good = proto.raw_data().size() == tensor.data.size();
    if (good)
      std::memcpy(tensor.data.data(), proto.raw_data().data(), tensor.data.size());
  } else if (tensor.type == "float") {
    good = copy(proto.float_data(), tensor, element);
  } else if (tensor.type == "double") {
    good = copy(proto.double_data(), tensor, element);
  } else if (tensor.type == "int64") {
    good = copy(proto.int64_data(), tensor, element);
  } else if (tensor.type == "uint32" || tensor.type == "uint64") {
    good = copy(proto.uint64_data(), tensor, element);
  } else {
    good = copy(proto.int32_data(), tensor, element);
  }
  if (!good)
    return failure(path, "the shape " + shapeText(tensor.shape) + " does not agree with the data");
  if (!bits)
    return tensor;
  // The first element is in the lowest bits of a byte.
  Tensor unpacked{kBytes1, tensor.shape, std::vector<char>(*count), {}};
  for (int64_t i = 0; i != *count; ++i)
    unpacked.data[i] = char(uint8_t(tensor.data[i * bits / 8]) >> (i * bits % 8));
  giveType(unpacked, tensor.type);
  return unpacked;
}
