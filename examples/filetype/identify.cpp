//===- identify.cpp -------------------------------------------------------===//
#include "identify.h"
#include "file_blocks.h"
#include "file_types.h"

#include "filetype_model.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <system_error>

using namespace filetype;

alignas(64) static std::byte arena[filetype_model::arena_bytes];

static Result withType(const ContentType &type) {
  Result result;
  result.type = type;
  return result;
}

static Result withSystemError(int number) {
  Result result;
  result.error = std::generic_category().message(number) + " (os error " +
                 std::to_string(number) + ")";
  return result;
}

Result filetype::identify(const std::string &path) {
  std::error_code error;
  std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    return withSystemError(error ? error.value() : ENOENT);
  if (std::filesystem::is_directory(status))
    return withType(directoryType);
  if (!std::filesystem::is_regular_file(status))
    return withType(unknownType); // a device or a pipe has no two ends to read

  Blocks blocks;
  if (int number = readBlocks(path, blocks); number != 0)
    return withSystemError(number);
  if (blocks.first.empty())
    return withType(emptyType);

  std::int32_t features[beginSize + endSize];
  if (!extractFeatures(blocks, features))
    return withType(isUtf8(blocks.first) ? textType : unknownType);

  float scores[std::size(classes)];
  filetype_model::Context context{arena};
  ingot::Status run = filetype_model::run({features}, {scores}, context);
  if (run != ingot::Status::ok) {
    Result result;
    result.error = ingot::text(run);
    return result;
  }
  const float *best = std::max_element(scores, std::end(scores));
  return judge(classes[best - scores], *best);
}
