//===- ExternalData.cpp - weights in files beside the model ---------------===//
#include "compiler/import/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ingot;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// The file that `location` names, which must lie in the model's folder, after
/// symbolic links are followed.
static std::string resolve(const std::string &folder, StringRef location,
                           StringRef tensor) {
  auto refuse = [&](const llvm::Twine &why) {
    return ImportError("external data of '" + tensor + "' at '" + location +
                       "' " + why);
  };
  if (location.empty() || location.contains('\0'))
    throw refuse("has no usable path");
  if (path::is_absolute(location, path::Style::posix) ||
      path::is_absolute(location, path::Style::windows))
    throw refuse("has an absolute path; it must lie in the model's folder");
  for (StringRef part : llvm::split(location, '/'))
    if (part == "..")
      throw refuse("leaves the model's folder");
  SmallString<256> file(folder.empty() ? "." : folder), real, realFolder;
  if (fs::real_path(file, realFolder))
    throw refuse("cannot be found: the model's folder is not readable");
  path::append(file, location);
  if (fs::real_path(file, real))
    throw refuse("is missing");
  if (!real.str().starts_with(realFolder.str()) ||
      (realFolder != "/" && real.size() > realFolder.size() &&
       real[realFolder.size()] != '/'))
    throw refuse("leaves the model's folder through a symbolic link");
  if (!fs::is_regular_file(real))
    throw refuse("is no file");
  return std::string(real);
}

ReadExternal ingot::externalReader(const std::string &folder,
                                   std::vector<std::string> *filesRead) {
  return [folder, filesRead](const ::onnx::TensorProto &tensor, size_t bytes) {
    StringRef location;
    uint64_t offset = 0, length = bytes;
    auto number = [&](StringRef text, StringRef what) {
      uint64_t value;
      if (text.getAsInteger(10, value))
        throw ImportError("external data of '" + tensor.name() + "' has the " +
                          what + " '" + text + "', which is no number");
      return value;
    };
    for (const auto &entry : tensor.external_data()) {
      if (entry.key() == "location")
        location = entry.value();
      else if (entry.key() == "offset")
        offset = number(entry.value(), "offset");
      else if (entry.key() == "length")
        length = number(entry.value(), "length");
    }
    std::string file = resolve(folder, location, tensor.name());
    if (filesRead && !llvm::is_contained(*filesRead, file))
      filesRead->push_back(file);
    if (length != bytes)
      throw ImportError("external data of '" + tensor.name() + "' has " +
                        llvm::Twine(length) + " bytes, its shape needs " +
                        llvm::Twine(bytes));
    uint64_t size = 0;
    if (fs::file_size(file, size) || offset > size || length > size - offset)
      throw ImportError("external data of '" + tensor.name() + "' ends at byte " +
                        llvm::Twine(offset) + " + " + llvm::Twine(length) +
                        ", the file '" + location + "' has " +
                        llvm::Twine(size));
    if (length == 0)
      return std::vector<char>();
    auto buffer = llvm::MemoryBuffer::getFileSlice(file, length, offset);
    if (!buffer)
      throw ImportError("external data of '" + tensor.name() +
                        "' cannot be read: " + buffer.getError().message());
    StringRef data = (*buffer)->getBuffer();
    return std::vector<char>(data.begin(), data.end());
  };
}
