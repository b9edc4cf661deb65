//===- Tensor.cpp - a tensor in memory, and as an NPY file ----------------===//
//
// The NPY format: six magic bytes, two of version, a little-endian header length (2 bytes in version 1, else 4), a Python
// dictionary literal with `descr`, `fortran_order` and `shape`, then the data. The files come from users: every size is
// checked before it is used.
//
//===----------------------------------------------------------------------===//
#include "compiler/driver/Tensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace ingot;
using llvm::StringRef;

namespace {
struct ElementType {
  StringRef onnx;
  StringRef npy;
  int64_t bytes;
  /// Of floats.
  const llvm::fltSemantics *format = nullptr;
  /// Bits of elements that leave a part of their byte empty.
  unsigned narrowBits = 0;
  /// NumPy has no such type: the file says how many bytes an element has, not what they are.
  bool isNameless() const { return npy.starts_with("|V") || npy == "<V2"; }
};
} // namespace

/// The types without a name in NumPy are ml_dtypes' there, which numpy.save stores as plain bytes.
static llvm::ArrayRef<ElementType> elementTypes() {
  using llvm::APFloat;
  static const ElementType types[] = {
      {"float", "<f4", 4, &APFloat::IEEEsingle()},
      {"double", "<f8", 8, &APFloat::IEEEdouble()},
      {"float16", "<f2", 2, &APFloat::IEEEhalf()},
      {"bfloat16", "<V2", 2, &APFloat::BFloat()},
      {"int8", "|i1", 1},
      {"int16", "<i2", 2},
      {"int32", "<i4", 4},
      {"int64", "<i8", 8},
      {"uint8", "|u1", 1},
      {"uint16", "<u2", 2},
      {"uint32", "<u4", 4},
      {"uint64", "<u8", 8},
      {"bool", "|b1", 1},
      {"float8e4m3fn", "|V1", 1, &APFloat::Float8E4M3FN()},
      {"float8e4m3fnuz", "|V1", 1, &APFloat::Float8E4M3FNUZ()},
      {"float8e5m2", "|V1", 1, &APFloat::Float8E5M2()},
      {"float8e5m2fnuz", "|V1", 1, &APFloat::Float8E5M2FNUZ()},
      {"float8e8m0", "|V1", 1, &APFloat::Float8E8M0FNU()},
      {"float4e2m1", "|V1", 1, &APFloat::Float4E2M1FN(), 4},
      {"int4", "|V1", 1, nullptr, 4},
      {"uint4", "|V1", 1, nullptr, 4},
      {"int2", "|V1", 1, nullptr, 2},
      {"uint2", "|V1", 1, nullptr, 2},
      // What a file of one of the types above has before the model says which it is.
      {kBytes1, "|V1", 1},
      {kBytes2, "<V2", 2},
  };
  return types;
}

static const ElementType *findType(StringRef onnx) {
  for (const ElementType &type : elementTypes())
    if (type.onnx == onnx)
      return &type;
  return nullptr;
}

int64_t ingot::bytesOfType(StringRef type) {
  const ElementType *known = findType(type);
  return known ? known->bytes : 0;
}

unsigned ingot::packedBits(StringRef type) {
  const ElementType *known = findType(type);
  return known ? known->narrowBits : 0;
}

const llvm::fltSemantics *ingot::floatFormat(StringRef type) {
  const ElementType *known = findType(type);
  return known ? known->format : nullptr;
}

std::optional<int64_t> ingot::elementCount(llvm::ArrayRef<int64_t> shape) {
  // An empty tensor is empty whatever its other dimensions are.
  for (int64_t dim : shape)
    if (dim < 0)
      return std::nullopt;
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim > (int64_t(1) << 56) / count)
      return std::nullopt;
    count *= dim;
  }
  return count;
}

std::string ingot::shapeText(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : shape) {
    if (!text.empty())
      text += 'x';
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text;
}

template <typename T> static T load(const Tensor &tensor, int64_t i) {
  T value;
  std::memcpy(&value, tensor.data.data() + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
static void store(Tensor &tensor, int64_t i, T value) {
  std::memcpy(tensor.data.data() + i * sizeof(T), &value, sizeof(T));
}

static double widen(const ElementType &type, uint64_t bits) {
  unsigned width = llvm::APFloat::semanticsSizeInBits(*type.format);
  llvm::APFloat value(*type.format, llvm::APInt(width, bits, false, /*implicitTrunc=*/true));
  bool loses;
  value.convert(llvm::APFloat::IEEEdouble(),
                llvm::APFloat::rmNearestTiesToEven, &loses);
  return value.convertToDouble();
}

static uint64_t narrow(const ElementType &type, double number) {
  // Powers of two have neither a sign nor a zero.
  if (type.format == &llvm::APFloat::Float8E8M0FNU() && !std::isnan(number))
    number = std::clamp(std::fabs(number), 0x1p-127, 0x1p127);
  llvm::APFloat value(number);
  bool loses;
  value.convert(*type.format, llvm::APFloat::rmNearestTiesToEven, &loses);
  return value.bitcastToAPInt().getZExtValue();
}

/// The low bits of a byte, extended as model.h says.
static uint8_t extendNarrow(const ElementType &type, uint8_t byte) {
  unsigned unused = 8 - type.narrowBits;
  byte <<= unused;
  return type.onnx.starts_with("int") ? uint8_t(int8_t(byte) >> unused) : uint8_t(byte >> unused);
}

bool ingot::giveType(Tensor &tensor, StringRef type) {
  if (tensor.type == type)
    return true;
  const ElementType *from = findType(tensor.type), *to = findType(type);
  bool isNameless = tensor.type == kBytes1 || tensor.type == kBytes2;
  if (!isNameless || !from || !to || !to->isNameless() || from->bytes != to->bytes)
    return false;
  tensor.type = type.str();
  if (to->narrowBits)
    for (char &byte : tensor.data)
      byte = char(extendNarrow(*to, uint8_t(byte)));
  return true;
}

bool ingot::sameElements(const Tensor &a, const Tensor &b) { return a.data == b.data && a.strings == b.strings; }

double ingot::elementAsDouble(const Tensor &tensor, int64_t i) {
  StringRef type = tensor.type;
  if (type == "float")
    return load<float>(tensor, i);
  if (type == "double")
    return load<double>(tensor, i);
  if (const ElementType *known = findType(type); known && known->format)
    return widen(*known, known->bytes == 2 ? load<uint16_t>(tensor, i) : load<uint8_t>(tensor, i));
  if (type == "int8" || type == "int4" || type == "int2")
    return load<int8_t>(tensor, i);
  if (type == "int16")
    return load<int16_t>(tensor, i);
  if (type == "int32")
    return load<int32_t>(tensor, i);
  if (type == "int64")
    return double(load<int64_t>(tensor, i));
  if (type == "uint16")
    return load<uint16_t>(tensor, i);
  if (type == "uint32")
    return load<uint32_t>(tensor, i);
  if (type == "uint64")
    return double(load<uint64_t>(tensor, i));
  return load<uint8_t>(tensor, i);
}

void ingot::setElement(Tensor &tensor, int64_t i, double value) {
  StringRef type = tensor.type;
  if (type == "float")
    return store(tensor, i, float(value));
  if (type == "double")
    return store(tensor, i, value);
  const ElementType *known = findType(type);
  if (known && known->format && known->bytes == 2)
    return store(tensor, i, uint16_t(narrow(*known, value)));
  if (known && known->format)
    return store(tensor, i, uint8_t(narrow(*known, value)));
  // Through int64_t: a negative double converted straight to an unsigned type is undefined.
  int64_t integer = int64_t(value);
  if (known && known->narrowBits)
    return store(tensor, i, extendNarrow(*known, uint8_t(integer)));
  switch (bytesOfType(type)) {
  case 1:
    return store(tensor, i, uint8_t(integer));
  case 2:
    return store(tensor, i, uint16_t(integer));
  case 4:
    return store(tensor, i, uint32_t(integer));
  default:
    return store(tensor, i, uint64_t(integer));
  }
}

static llvm::Error failure(StringRef path, const llvm::Twine &what) {
  return llvm::createStringError(path + ": " + what);
}

namespace {
/// Reads the dictionary of an NPY header; each function consumes what it recognises and returns false otherwise.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text) {}

  bool symbol(StringRef text) {
    rest = rest.ltrim(" \t\n");
    return rest.consume_front(text);
  }

  bool string(StringRef &value) {
    rest = rest.ltrim(" \t\n");
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return false;
    value = rest.slice(1, end);
    rest = rest.drop_front(end + 1);
    return true;
  }

  bool shape(std::vector<int64_t> &dims) {
    if (!symbol("("))
      return false;
    while (!symbol(")")) {
      rest = rest.ltrim(" \t\n");
      int64_t dim;
      if (rest.consumeInteger(10, dim) || dim < 0 || dims.size() == 64)
        return false;
      dims.push_back(dim);
      if (!symbol(",") && !rest.ltrim(" \t\n").starts_with(")"))
        return false;
    }
    return true;
  }

private:
  StringRef rest;
};
} // namespace

/// How an NPY file holds strings: each in as many units as the longest has, zeros behind it.
struct TextFormat {
  uint64_t units = 0;
  int64_t unitBytes = 0; ///< 4: UTF-32 ('<U'), 1: bytes ('|S'); 0 where there are no strings
};

static std::optional<TextFormat> textFormat(StringRef descr) {
  TextFormat format;
  if (descr.consume_front("<U"))
    format.unitBytes = 4;
  else if (descr.consume_front("|S") || descr.consume_front("S"))
    format.unitBytes = 1;
  else
    return std::nullopt;
  if (descr.getAsInteger(10, format.units) || format.units > uint64_t(1) << 32)
    return std::nullopt;
  return format;
}

/// The strings of an NPY file, in UTF-8; false where there are too few bytes.
static bool readStrings(Tensor &tensor, const TextFormat &format, StringRef bytes) {
  uint64_t count = *elementCount(tensor.shape), each = format.units * format.unitBytes;
  if (each == 0 ? !bytes.empty() : bytes.size() % each || bytes.size() / each != count)
    return false;
  // A file of empty strings has no bytes, whatever its shape says.
  if (count > (uint64_t(1) << 28))
    return false;
  for (uint64_t i = 0; i < count; ++i) {
    StringRef unit = bytes.substr(i * each, each);
    std::string text;
    if (format.unitBytes == 1)
      text = unit.rtrim('\0').str();
    for (uint64_t k = 0; format.unitBytes == 4 && k < format.units; ++k) {
      uint32_t character = llvm::support::endian::read32le(unit.data() + 4 * k);
      char buffer[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *end = buffer;
      if (!llvm::ConvertCodePointToUTF8(character, end))
        return false;
      text.append(buffer, end);
    }
    while (!text.empty() && text.back() == 0)
      text.pop_back();
    tensor.strings.push_back(std::move(text));
  }
  return true;
}

/// The strings as UTF-32, all of one length; what is no UTF-8 becomes U+FFFD.
static std::vector<std::vector<llvm::UTF32>> wideStrings(const Tensor &tensor) {
  std::vector<std::vector<llvm::UTF32>> wide;
  for (const std::string &text : tensor.strings) {
    std::vector<llvm::UTF32> characters(text.size());
    const llvm::UTF8 *from = reinterpret_cast<const llvm::UTF8 *>(text.data());
    llvm::UTF32 *to = characters.data();
    llvm::ConvertUTF8toUTF32(&from, from + text.size(), &to, to + characters.size(), llvm::lenientConversion);
    characters.resize(to - characters.data());
    wide.push_back(std::move(characters));
  }
  size_t longest = 1;
  for (const auto &characters : wide)
    longest = std::max(longest, characters.size());
  for (auto &characters : wide)
    characters.resize(longest);
  return wide;
}

/// Reads the header from the front of `bytes` and drops it.
static llvm::Expected<Tensor> parseHeader(StringRef path, StringRef &bytes, TextFormat &text) {
  if (!bytes.consume_front("\x93NUMPY") || bytes.size() < 4)
    return failure(path, "not an NPY file; write one with numpy.save");
  uint8_t version = bytes[0];
  if (version < 1 || version > 3)
    return failure(path, "unknown version of the NPY format");
  size_t lengthBytes = version == 1 ? 2 : 4;
  bytes = bytes.drop_front(2);
  if (bytes.size() < lengthBytes)
    return failure(path, "the NPY header is cut short");
  uint64_t length = version == 1
                        ? llvm::support::endian::read16le(bytes.data())
                        : llvm::support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(lengthBytes);
  if (length > bytes.size())
    return failure(path, "the NPY header is cut short");
  HeaderParser parser(bytes.take_front(length));
  bytes = bytes.drop_front(length);

  Tensor tensor;
  bool fortran = false, good = parser.symbol("{");
  bool hasType = false, hasShape = false;
  while (good && !parser.symbol("}")) {
    StringRef key, descr;
    good = parser.string(key) && parser.symbol(":");
    if (!good)
      break;
    if (key == "descr" && (good = parser.string(descr))) {
      // ml_dtypes calls one of its types a float, and has a byte order for them.
      if (descr == "<V1" || descr == "|V1" || descr == "<f1")
        tensor.type = kBytes1;
      else if (descr == "<V2" || descr == "|V2")
        tensor.type = kBytes2;
      else if (auto format = textFormat(descr)) {
        tensor.type = "string";
        text = *format;
      } else
        for (const ElementType &type : elementTypes())
          if (type.npy == descr)
            tensor.type = type.onnx.str();
      if (tensor.type.empty())
        return failure(path, "the element type '" + descr +
                                 "' is not supported; store little-endian "
                                 "numbers, booleans or strings of a fixed length (astype(str))");
      hasType = true;
    } else if (key == "fortran_order") {
      fortran = parser.symbol("True");
      good = fortran || parser.symbol("False");
    } else if (key == "shape") {
      good = hasShape = parser.shape(tensor.shape);
    } else {
      good = false;
    }
    parser.symbol(",");
  }
  if (!good || !hasType || !hasShape)
    return failure(path, "the NPY header is malformed");
  if (fortran && tensor.shape.size() > 1)
    return failure(path, "the array is in Fortran order; store "
                         "numpy.ascontiguousarray of it");
  return tensor;
}

llvm::Expected<Tensor> ingot::readNpy(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return failure(path, buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  TextFormat text;
  llvm::Expected<Tensor> tensor = parseHeader(path, bytes, text);
  if (!tensor)
    return tensor.takeError();
  std::optional<int64_t> count = elementCount(tensor->shape);
  if (count && text.unitBytes) {
    if (!readStrings(*tensor, text, bytes))
      return failure(path, "the strings do not agree with the " + llvm::Twine(bytes.size()) + " bytes of data");
    return tensor;
  }
  if (!count || uint64_t(*count) * bytesOfType(tensor->type) != bytes.size())
    return failure(path, "the shape " + shapeText(tensor->shape) +
                             " does not agree with the " +
                             llvm::Twine(bytes.size()) + " bytes of data");
  tensor->data.assign(bytes.begin(), bytes.end());
  return tensor;
}

llvm::Expected<Tensor> ingot::readNpyHeader(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return failure(path, buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  TextFormat text;
  return parseHeader(path, bytes, text);
}

llvm::Error ingot::writeNpy(StringRef path, const Tensor &tensor) {
  const ElementType *type = findType(tensor.type);
  bool isText = tensor.type == "string";
  if (!type && !isText)
    return failure(path, "values of type " + tensor.type +
                             " cannot be stored as NPY");
  std::vector<std::vector<llvm::UTF32>> wide = wideStrings(tensor);
  std::string text = "<U" + std::to_string(wide.empty() ? 1 : wide.front().size());
  std::string header = ("{'descr': '" + (isText ? StringRef(text) : type->npy) +
                        "', 'fortran_order': False, 'shape': (")
                           .str();
  for (int64_t dim : tensor.shape)
    header += std::to_string(dim) + ",";
  header += "), }";
  // The format asks for data aligned to 64 bytes and a newline at the header's end.
  size_t total = llvm::alignTo(10 + header.size() + 1, 64);
  header.resize(total - 11, ' ');
  header += '\n';
  if (header.size() > 65535)
    return failure(path, "too many dimensions for an NPY file");

  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return failure(path, error.message());
  file << StringRef("\x93NUMPY\x01\x00", 8) << char(header.size() & 255)
       << char(header.size() >> 8) << header;
  file.write(tensor.data.data(), tensor.data.size());
  for (const auto &characters : wide)
    for (llvm::UTF32 character : characters) {
      char unit[4];
      llvm::support::endian::write32le(unit, character);
      file.write(unit, 4);
    }
  file.close();
  if (file.has_error()) {
    std::string message = file.error().message();
    file.clear_error();
    return failure(path, message);
  }
  return llvm::Error::success();
}
