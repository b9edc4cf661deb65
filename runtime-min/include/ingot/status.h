//===- status.h - what a call of a model returns --------------------------===//
#ifndef INGOT_STATUS_H
#define INGOT_STATUS_H

namespace ingot {

enum class Status : int {
  ok = 0,
  /// An index computed from the inputs (Gather, Slice, ...) lies outside its
  /// tensor, or sizes computed from them do not give the shapes that the model
  /// declares. The outputs are complete, but hold values for clamped indices.
  index_out_of_range = 1,
  /// A pointer of Inputs or Outputs is null. Nothing was written.
  null_argument = 2,
  /// The arena or the weights are null or not aligned to 64 bytes. Nothing was
  /// written.
  bad_memory = 3,
  /// A size is less than 1, or the sizes make tensors that no memory can hold.
  /// Nothing was written.
  bad_sizes = 4,
  /// The strings that the model made take more bytes than its arena has for
  /// them; compile it with a larger --string-bytes. Some of the outputs' strings
  /// are empty instead.
  strings_too_long = 5,
};

/// One line in English; the string lives for ever.
constexpr const char *text(Status status) noexcept {
  switch (status) {
  case Status::ok:
    return "ok";
  case Status::index_out_of_range:
    return "an index or size computed from the inputs is out of range";
  case Status::null_argument:
    return "a pointer to an input or output is null";
  case Status::bad_memory:
    return "the arena or the weights are null or not aligned to 64 bytes";
  case Status::bad_sizes:
    return "a size is less than 1, or the sizes are too large for memory";
  case Status::strings_too_long:
    return "the strings that the model made take more bytes than the arena has "
           "for them";
  }
  return "unknown status";
}

} // namespace ingot

#endif
