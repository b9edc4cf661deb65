//===- threads.h - threads to lend to models ------------------------------===//
//
// For programs that have no pool of threads of their own: compiled models never
// make one. Needs the C++ library and the system's threads, unlike all else here.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_THREADS_H
#define INGOT_THREADS_H

#include <atomic>
#include <condition_variable>
#include <ingot/model.h>
#include <mutex>
#include <thread>
#include <vector>

namespace ingot {

/// Some threads that wait for parts of a model's work. One pool serves any number of
/// contexts, one call at a time: a call that finds the pool busy does all of its
/// work itself.
///
///     ingot::ThreadPool pool(4);
///     model::Context context(arena);
///     context.threads = pool.threads();
class ThreadPool {
public:
  /// The caller counts: `count` - 1 threads are made. Throws std::system_error
  /// where the system gives no more.
  explicit ThreadPool(int count) : ThreadPool(ingot_threads{count < 1 ? 1 : count, &ThreadPool::run, this}) {
    // The pool is complete here, so that the destructor stops those that are made, should one throw.
    for (int i = 1; i < count; ++i)
      workers.emplace_back([this, i] { work(i); });
  }
  ~ThreadPool() {
    stopping = true;
    {
      std::lock_guard<std::mutex> lock(mutex);
      round.fetch_add(1);
    }
    wake.notify_all();
    for (std::thread &worker : workers)
      worker.join();
  }
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Lives as long as the pool.
  const ingot_threads *threads() const noexcept { return &lent; }

private:
  explicit ThreadPool(ingot_threads lent) : lent(lent) {}

  using Task = void (*)(void *, std::int32_t, std::int32_t);

  /// Looks at memory so often before it sleeps: some tens of microseconds, the time between two kernels of one call.
  static constexpr int patience = 2000;

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static void run(const ingot_threads *self, Task task, void *data, std::int32_t parts) {
    static_cast<ThreadPool *>(self->host)->share(task, data, parts);
  }

  void share(Task givenTask, void *givenData, std::int32_t givenParts) {
    if (givenParts > lent.count || busy.exchange(true, std::memory_order_acquire)) {
      for (std::int32_t part = 0; part < givenParts; ++part)
        givenTask(givenData, part, givenParts);
      return;
    }
    task = givenTask;
    data = givenData;
    parts = givenParts;
    left.store(int(workers.size()), std::memory_order_relaxed);
    // Sequentially consistent with the workers' look before they sleep: one of the two sees the other.
    round.fetch_add(1);
    if (sleepers.load() != 0) {
      { std::lock_guard<std::mutex> lock(mutex); }
      wake.notify_all();
    }
    givenTask(givenData, 0, givenParts);
    for (int i = 0; left.load(std::memory_order_acquire) != 0; ++i)
      i < patience ? pause() : std::this_thread::yield();
    busy.store(false, std::memory_order_release);
  }

  void work(std::int32_t number) {
    for (unsigned seen = 0;;) {
      for (int i = 0; i < patience && round.load(std::memory_order_acquire) == seen; ++i)
        pause();
      if (round.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex);
        sleepers.fetch_add(1);
        wake.wait(lock, [&] { return round.load() != seen; });
        sleepers.fetch_sub(1);
      }
      ++seen;
      if (stopping)
        return;
      if (number < parts)
        task(data, number, parts);
      left.fetch_sub(1, std::memory_order_release);
    }
  }

  ingot_threads lent;
  // What a round is about; written while all workers wait.
  Task task = nullptr;
  void *data = nullptr;
  std::int32_t parts = 0;
  bool stopping = false;
  std::atomic<bool> busy{false};
  alignas(64) std::atomic<unsigned> round{0};
  alignas(64) std::atomic<int> left{0};
  std::atomic<int> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers; // last: they use the others
};

} // namespace ingot

#endif
