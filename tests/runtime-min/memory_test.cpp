// Memory of small and large sizes: aligned, there, moved, and null where there is none.
#include <ingot/memory.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

static void check(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "FAILED: %s\n", what);
  std::exit(1);
}

int main() {
  const std::size_t huge = std::size_t(2) << 20;
  for (std::size_t bytes : {std::size_t(0), std::size_t(1), std::size_t(100), huge / 2 - 1, huge - 1, huge, huge + 1, 5 * huge - 3}) {
    ingot::Memory memory(bytes);
    check(memory.data() != nullptr, "memory is there");
    check(reinterpret_cast<std::uintptr_t>(memory.data()) % (bytes < huge / 2 ? 64 : huge) == 0, "it is aligned");
    std::memset(memory.data(), 0x5a, bytes); // AddressSanitizer and the C library look for what lies outside
    ingot::Memory moved(std::move(memory));
    check(memory.data() == nullptr && moved.data() != nullptr, "it moves");
    check(bytes == 0 || moved.data()[bytes - 1] == std::byte{0x5a}, "it keeps its content");
  }
  for (std::size_t bytes : {SIZE_MAX, SIZE_MAX - 100, SIZE_MAX / 2 + 1, SIZE_MAX / 2})
    check(ingot::Memory(bytes).data() == nullptr, "no memory is null");
}
