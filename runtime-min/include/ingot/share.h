//===- share.h - generated code shares its work among threads -------------===//
#ifndef INGOT_SHARE_H
#define INGOT_SHARE_H

#include <cstddef>
#include <ingot/model.h>

namespace ingot {

/// Calls function(arguments..., first, last) for parts [first, last) of `count`
/// units of work, one part for each of the host's threads, and returns when all
/// are done. Parts have at least `grain` units; where that leaves one part, or
/// `threads` is null, the caller does all. Static, so that each unit has its
/// own: they may be compiled for different instruction sets.
template <typename Function, typename... Arguments>
static void share(const ingot_threads *threads, std::ptrdiff_t count,
                  std::ptrdiff_t grain, Function *function,
                  Arguments... arguments) noexcept {
  const std::ptrdiff_t most = threads == nullptr ? 1 : threads->count;
  const std::ptrdiff_t parts = count / grain < most ? count / grain : most;
  if (parts <= 1) {
    function(arguments..., 0, count);
    return;
  }
  const auto call = [=](std::ptrdiff_t first, std::ptrdiff_t last) noexcept {
    function(arguments..., first, last);
  };
  struct Shared {
    decltype(call) *part;
    std::int64_t count;
  } shared{&call, count};
  threads->run(
      threads,
      [](void *data, std::int32_t part, std::int32_t all) noexcept {
        const Shared &work = *static_cast<const Shared *>(data);
        (*work.part)(std::ptrdiff_t(work.count * part / all),
                     std::ptrdiff_t(work.count * (part + 1) / all));
      },
      &shared, std::int32_t(parts));
}

} // namespace ingot

#endif
