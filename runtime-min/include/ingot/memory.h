//===- memory.h - memory for arenas and weights ---------------------------===//
//
// For programs on an operating system; others give an array of their own.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_MEMORY_H
#define INGOT_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ingot {

/// Memory as models want it: aligned to 64 bytes, and where it is large and the
/// system has them, in huge pages. The first call takes a fault for each page that
/// it touches, and one for each 4 KB takes longer than many models' arithmetic.
///
///     ingot::Memory memory(model::arena_bytes);
///     model::Context context(memory.data());
///
/// Comes from the C library's malloc, with up to 3 MB more where it is 1 MB or larger.
/// Nothing is thrown: without memory data() is null, and a call with it ends in
/// Status::bad_memory.
class Memory {
public:
  explicit Memory(std::size_t bytes) noexcept {
    if (bytes > SIZE_MAX / 2)
      return;
    // A last page of which less than half would be used stays small pages.
    const std::size_t huge = (bytes + hugePage / 2) / hugePage * hugePage;
    const std::size_t alignment = huge ? hugePage : 64;
    block = std::malloc((huge > bytes ? huge : bytes) + alignment);
    if (!block)
      return;
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    begin = static_cast<std::byte *>(block) + (alignment - address % alignment);
#if defined(__linux__)
    // That the system has none, or refuses, changes times alone.
    if (huge)
      static_cast<void>(madvise(begin, huge, MADV_HUGEPAGE));
#endif
  }
  ~Memory() { std::free(block); }
  Memory(Memory &&other) noexcept : block(other.block), begin(other.begin) { other.block = other.begin = nullptr; }
  Memory &operator=(Memory &&) = delete;

  std::byte *data() const noexcept { return begin; }

private:
  static constexpr std::size_t hugePage = std::size_t(2) << 20;

  void *block = nullptr;
  std::byte *begin = nullptr;
};

} // namespace ingot

#endif
