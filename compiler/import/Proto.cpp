//===- Proto.cpp ----------------------------------------------------------===//
#include "compiler/import/Proto.h"
#include "compiler/support/Elements.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::AttributeProto;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

ImportError::ImportError(const llvm::Twine &message,
                         const ::onnx::NodeProto &node)
    : ImportError(message, displayName(node), node.op_type()) {}

StringRef ingot::displayName(const ::onnx::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return node.name();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type ingot::elementTypeOf(MLIRContext *context, int dataType) {
  Builder b(context);
  auto integer = [&](unsigned bits) { return b.getIntegerType(bits); };
  auto unsignedInteger = [&](unsigned bits) {
    return b.getIntegerType(bits, /*isSigned=*/false);
  };
  switch (dataType) {
  case TensorProto::FLOAT:
    return b.getF32Type();
  case TensorProto::DOUBLE:
    return b.getF64Type();
  case TensorProto::FLOAT16:
    return b.getF16Type();
  case TensorProto::BFLOAT16:
    return b.getBF16Type();
  case TensorProto::FLOAT8E4M3FN:
    return b.getType<Float8E4M3FNType>();
  case TensorProto::FLOAT8E4M3FNUZ:
    return b.getType<Float8E4M3FNUZType>();
  case TensorProto::FLOAT8E5M2:
    return b.getType<Float8E5M2Type>();
  case TensorProto::FLOAT8E5M2FNUZ:
    return b.getType<Float8E5M2FNUZType>();
  case TensorProto::FLOAT8E8M0:
    return b.getType<Float8E8M0FNUType>();
  case TensorProto::FLOAT4E2M1:
    return b.getType<Float4E2M1FNType>();
  case TensorProto::COMPLEX64:
    return ComplexType::get(b.getF32Type());
  case TensorProto::COMPLEX128:
    return ComplexType::get(b.getF64Type());
  case TensorProto::BOOL:
    return integer(1);
  case TensorProto::INT2:
    return integer(2);
  case TensorProto::UINT2:
    return unsignedInteger(2);
  case TensorProto::INT4:
    return integer(4);
  case TensorProto::INT8:
    return integer(8);
  case TensorProto::INT16:
    return integer(16);
  case TensorProto::INT32:
    return integer(32);
  case TensorProto::INT64:
    return integer(64);
  case TensorProto::UINT4:
    return unsignedInteger(4);
  case TensorProto::UINT8:
    return unsignedInteger(8);
  case TensorProto::UINT16:
    return unsignedInteger(16);
  case TensorProto::UINT32:
    return unsignedInteger(32);
  case TensorProto::UINT64:
    return unsignedInteger(64);
  case TensorProto::STRING:
    return ops::StringType::get(context);
  default:
    return {};
  }
}

int ingot::dataTypeOf(Type elementType) {
  for (int dataType = 1; dataType <= ::onnx::TensorProto_DataType_DataType_MAX;
       ++dataType)
    if (elementTypeOf(elementType.getContext(), dataType) == elementType)
      return dataType;
  return 0;
}

std::string ingot::elementTypeName(Type elementType) {
  return elementTypeName(dataTypeOf(elementType));
}

std::string ingot::elementTypeName(int dataType) {
  if (!::onnx::TensorProto_DataType_IsValid(dataType))
    return "the unknown element type " + std::to_string(dataType);
  return StringRef(::onnx::TensorProto_DataType_Name(
                       static_cast<::onnx::TensorProto_DataType>(dataType)))
      .lower();
}

static Type checkedElementType(MLIRContext *context, int dataType,
                               const llvm::Twine &what) {
  if (dataType == TensorProto::UNDEFINED)
    throw ImportError(what + " has no element type");
  Type type = elementTypeOf(context, dataType);
  if (type)
    return type;
  if (::onnx::TensorProto_DataType_IsValid(dataType))
    throw ImportError(
        what + " has the element type " +
        ::onnx::TensorProto_DataType_Name(
            static_cast<::onnx::TensorProto_DataType>(dataType)) +
        ", which is not supported");
  throw ImportError(what + " has the unknown element type " +
                    llvm::Twine(dataType));
}

Attribute ingot::declaredShape(MLIRContext *context, const TypeProto &proto) {
  Builder builder(context);
  if (!proto.has_tensor_type() || !proto.tensor_type().has_shape() || !proto.tensor_type().elem_type())
    return builder.getUnitAttr();
  SmallVector<int64_t> shape;
  for (const auto &dim : proto.tensor_type().shape().dim()) {
    if (!dim.has_dim_value() || dim.dim_value() < 0)
      return builder.getUnitAttr();
    shape.push_back(dim.dim_value());
  }
  return builder.getDenseI64ArrayAttr(shape);
}

Type ingot::typeFromProto(MLIRContext *context, const TypeProto &proto) {
  switch (proto.value_case()) {
  case TypeProto::kTensorType: {
    const auto &tensor = proto.tensor_type();
    Type element = checkedElementType(context, tensor.elem_type(), "a tensor");
    if (!tensor.has_shape())
      return UnrankedTensorType::get(element);
    SmallVector<int64_t> shape;
    for (const auto &dim : tensor.shape().dim())
      shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0
                          ? dim.dim_value()
                          : ShapedType::kDynamic);
    return RankedTensorType::get(shape, element);
  }
  case TypeProto::kSequenceType:
    return ops::SequenceType::get(
        context, typeFromProto(context, proto.sequence_type().elem_type()));
  case TypeProto::kOptionalType:
    return ops::OptionalType::get(
        context, typeFromProto(context, proto.optional_type().elem_type()));
  case TypeProto::kMapType:
    return ops::MapType::get(
        context,
        checkedElementType(context, proto.map_type().key_type(), "a map's key"),
        typeFromProto(context, proto.map_type().value_type()));
  default:
    throw ImportError("a value has neither a tensor, sequence, optional nor "
                      "map type");
  }
}

TypeProto ingot::protoFromType(Type type, bool withShape) {
  TypeProto proto;
  if (auto sequence = dyn_cast<ops::SequenceType>(type)) {
    *proto.mutable_sequence_type()->mutable_elem_type() =
        protoFromType(sequence.getElementType(), withShape);
    return proto;
  }
  if (auto optional = dyn_cast<ops::OptionalType>(type)) {
    *proto.mutable_optional_type()->mutable_elem_type() =
        protoFromType(optional.getElementType(), withShape);
    return proto;
  }
  if (auto map = dyn_cast<ops::MapType>(type)) {
    proto.mutable_map_type()->set_key_type(dataTypeOf(map.getKeyType()));
    *proto.mutable_map_type()->mutable_value_type() =
        protoFromType(map.getValueType(), withShape);
    return proto;
  }
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return proto;
  auto *tensorProto = proto.mutable_tensor_type();
  tensorProto->set_elem_type(dataTypeOf(tensor.getElementType()));
  if (!withShape || !tensor.hasRank())
    return proto;
  auto *shape = tensorProto->mutable_shape();
  for (int64_t size : tensor.getShape()) {
    auto *dim = shape->add_dim();
    if (!ShapedType::isDynamic(size))
      dim->set_dim_value(size);
  }
  return proto;
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Bits that an element takes in a tensor's packed data; 0 where elements take whole bytes.
static unsigned packedBits(Type element) {
  bool packs = element.isIntOrFloat() && !element.isInteger(1) && element.getIntOrFloatBitWidth() < 8;
  return packs ? element.getIntOrFloatBitWidth() : 0;
}

/// Elements of four or two bits come several to a byte, the first in the lowest bits. In memory each takes a byte.
static std::vector<char> unpack(StringRef packed, size_t count, unsigned bits, bool isSigned) {
  std::vector<char> data(count);
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
  for (size_t i = 0; i < count; ++i) {
    int value = (uint8_t(packed[i / perByte]) >> (i % perByte * bits)) & mask;
    data[i] = isSigned && value > int(mask / 2) ? value - int(mask) - 1 : value;
  }
  return data;
}

static std::vector<char> pack(ArrayRef<char> data, unsigned bits) {
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
  std::vector<char> packed((data.size() + perByte - 1) / perByte);
  for (auto [i, value] : llvm::enumerate(data))
    packed[i / perByte] |= (value & mask) << (i % perByte * bits);
  return packed;
}

/// Copies a typed field of the message into elements of `T`.
template <typename T, typename Field>
static std::vector<char> copyField(const Field &field) {
  std::vector<char> data(field.size() * sizeof(T));
  for (int i = 0; i < field.size(); ++i) {
    T value = static_cast<T>(field.Get(i));
    std::memcpy(data.data() + i * sizeof(T), &value, sizeof(T));
  }
  return data;
}

static std::vector<char> typedData(const TensorProto &proto) {
  switch (proto.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    return copyField<float>(proto.float_data());
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    return copyField<double>(proto.double_data());
  case TensorProto::INT64:
    return copyField<int64_t>(proto.int64_data());
  case TensorProto::UINT64:
    return copyField<uint64_t>(proto.uint64_data());
  case TensorProto::UINT32:
    return copyField<uint32_t>(proto.uint64_data());
  case TensorProto::INT32:
    return copyField<int32_t>(proto.int32_data());
  case TensorProto::INT16:
  case TensorProto::UINT16:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    return copyField<uint16_t>(proto.int32_data());
  default:
    return copyField<uint8_t>(proto.int32_data());
  }
}

static std::string describe(const TensorProto &proto) {
  return proto.name().empty() ? "a tensor"
                              : "the tensor '" + proto.name() + "'";
}

ElementsAttr ingot::elementsFromProto(MLIRContext *context,
                                      const TensorProto &proto,
                                      const ReadExternal &readExternal) {
  std::string what = describe(proto);
  Type element = checkedElementType(context, proto.data_type(), what);
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  int64_t count = 1;
  bool empty = llvm::is_contained(shape, 0);
  for (int64_t size : shape) {
    if (size < 0)
      throw ImportError(what + " has a negative dimension");
    if (!empty && (__builtin_mul_overflow(count, size, &count) ||
                   count > (int64_t(1) << 48)))
      throw ImportError(what + " has more elements than can be addressed");
  }
  if (empty)
    count = 0;
  auto type = RankedTensorType::get(shape, element);

  if (proto.data_type() == TensorProto::STRING) {
    if (proto.string_data_size() != count)
      throw ImportError(what + " has " + llvm::Twine(proto.string_data_size()) +
                        " strings, its shape needs " + llvm::Twine(count));
    SmallVector<StringRef> strings(proto.string_data().begin(),
                                   proto.string_data().end());
    return DenseStringElementsAttr::get(type, strings);
  }

  unsigned bits = packedBits(element);
  size_t expected = bits ? (size_t(count) * bits + 7) / 8
                         : size_t(count) * elementBytes(element);
  std::vector<char> data;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    if (!readExternal)
      throw ImportError(what + " has external data where none can be read");
    data = readExternal(proto, expected);
  } else if (proto.has_raw_data()) {
    data.assign(proto.raw_data().begin(), proto.raw_data().end());
  } else {
    data = typedData(proto);
  }
  if (data.size() != expected)
    throw ImportError(what + " has " + llvm::Twine(data.size()) +
                      " bytes of data, its shape needs " +
                      llvm::Twine(expected));
  if (bits)
    data = unpack(StringRef(data.data(), data.size()), count, bits,
                  element.isSignlessInteger());
  if (element.isInteger(1))
    for (char &byte : data)
      byte = byte != 0;
  return makeElements(type, data, proto.name().empty() ? "weight" : proto.name());
}

TensorProto ingot::protoFromElements(ElementsAttr elements, StringRef name) {
  TensorProto proto;
  ShapedType type = elements.getShapedType();
  proto.set_name(name.str());
  proto.set_data_type(dataTypeOf(type.getElementType()));
  for (int64_t size : type.getShape())
    proto.add_dims(size);
  if (auto strings = dyn_cast<DenseStringElementsAttr>(elements)) {
    for (StringRef text : strings.getValues<StringRef>())
      proto.add_string_data(text.str());
    return proto;
  }
  std::vector<char> data = elementData(elements);
  Type element = type.getElementType();
  if (unsigned bits = packedBits(element))
    data = pack(data, bits);
  proto.set_raw_data(data.data(), data.size());
  return proto;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

Attribute ingot::attributeFromProto(MLIRContext *context,
                                    const AttributeProto &proto,
                                    const ReadExternal &readExternal) {
  Builder b(context);
  switch (proto.type()) {
  case AttributeProto::INT:
    return b.getI64IntegerAttr(proto.i());
  case AttributeProto::FLOAT:
    return b.getF32FloatAttr(proto.f());
  case AttributeProto::STRING:
    return b.getStringAttr(proto.s());
  case AttributeProto::INTS:
    return b.getDenseI64ArrayAttr(
        SmallVector<int64_t>(proto.ints().begin(), proto.ints().end()));
  case AttributeProto::FLOATS:
    return b.getDenseF32ArrayAttr(
        SmallVector<float>(proto.floats().begin(), proto.floats().end()));
  case AttributeProto::STRINGS: {
    SmallVector<StringRef> strings(proto.strings().begin(),
                                   proto.strings().end());
    return b.getStrArrayAttr(strings);
  }
  case AttributeProto::TENSOR:
    return elementsFromProto(context, proto.t(), readExternal);
  case AttributeProto::TYPE_PROTO:
    return TypeAttr::get(typeFromProto(context, proto.tp()));
  default:
    return {};
  }
}

AttributeProto ingot::protoFromAttribute(StringRef name, Attribute attribute) {
  AttributeProto proto;
  proto.set_name(name.str());
  if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(integer.getInt());
  } else if (auto real = dyn_cast<FloatAttr>(attribute)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(real.getValueAsDouble());
  } else if (auto text = dyn_cast<StringAttr>(attribute)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(text.getValue().str());
  } else if (auto integers = dyn_cast<DenseI64ArrayAttr>(attribute)) {
    proto.set_type(AttributeProto::INTS);
    for (int64_t value : integers.asArrayRef())
      proto.add_ints(value);
  } else if (auto reals = dyn_cast<DenseF32ArrayAttr>(attribute)) {
    proto.set_type(AttributeProto::FLOATS);
    for (float value : reals.asArrayRef())
      proto.add_floats(value);
  } else if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    proto.set_type(AttributeProto::STRINGS);
    for (auto value : array.getAsRange<StringAttr>())
      proto.add_strings(value.getValue().str());
  } else if (auto elements = dyn_cast<ElementsAttr>(attribute)) {
    proto.set_type(AttributeProto::TENSOR);
    *proto.mutable_t() = protoFromElements(elements);
  } else if (auto type = dyn_cast<TypeAttr>(attribute)) {
    proto.set_type(AttributeProto::TYPE_PROTO);
    *proto.mutable_tp() = protoFromType(type.getValue());
  }
  return proto;
}
