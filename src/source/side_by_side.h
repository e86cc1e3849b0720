// Work on many things by a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lochan {

/// Calls `work(i)` for each i below `count`, by as many threads at most. What the first of them throws ends it, and is
/// thrown once all have stopped.
template <typename Work>
void side_by_side(std::size_t count, int threads, Work&& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failed;  // guarded by mutex
  const auto loop = [&] {
    try {
      for (std::size_t i = 0; (i = next++) < count;) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failed) failed = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t wanted = std::min(count, static_cast<std::size_t>(std::max(threads, 1)));
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(loop);
    loop();
  }
  if (failed) std::rethrow_exception(failed);
}

}  // namespace lochan
