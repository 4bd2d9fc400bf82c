// Work on a sequence with several threads, results taken in order by the caller's thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace mlopsctl::drift {

// `next` gives items until it gives none; it is never called twice at once. `work` runs on
// `threads` threads, `take` on this one, in the order of the items. No more than 2 * threads
// results wait, so memory is bounded. The first exception of any of them, in order, ends it and is
// thrown.
template <class Next, class Work, class Take>
void work_in_order(unsigned threads, Next next, Work work, Take take) {
  using Item = typename decltype(next())::value_type;
  using Result = decltype(work(std::declval<Item&>()));
  if (threads <= 1) {
    while (std::optional<Item> item = next()) {
      Result result = work(*item);
      take(std::move(*item), std::move(result));
    }
    return;
  }
  struct Done {
    std::optional<Item> item;
    std::optional<Result> result;
    std::exception_ptr failed;
  };
  std::mutex source;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::size_t, Done> done;
  std::size_t given = 0;
  std::size_t taken = 0;
  bool stop = false;
  const std::size_t window = std::size_t{threads} * 2;

  const auto run = [&] {
    for (;;) {
      std::size_t index = 0;
      Done one;
      {
        const std::lock_guard<std::mutex> in_turn(source);
        {
          std::unique_lock<std::mutex> lock(mutex);
          changed.wait(lock, [&] { return stop || given < taken + window; });
          if (stop) return;
          index = given++;
        }
        try {
          one.item = next();
        } catch (...) {
          one.failed = std::current_exception();
        }
      }
      if (one.item) {
        try {
          one.result.emplace(work(*one.item));
        } catch (...) {
          one.failed = std::current_exception();
        }
      }
      const bool last = !one.item;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        done.emplace(index, std::move(one));
      }
      changed.notify_all();
      if (last) return;
    }
  };
  std::vector<std::thread> pool;
  const auto finish = [&] {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stop = true;
    }
    changed.notify_all();
    for (std::thread& thread : pool) thread.join();
  };
  try {
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(run);
    for (;;) {
      Done one;
      {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&] { return done.count(taken) > 0; });
        one = std::move(done.extract(taken).mapped());
        ++taken;
      }
      changed.notify_all();
      if (one.failed) std::rethrow_exception(one.failed);
      if (!one.item) break;
      take(std::move(*one.item), std::move(*one.result));
    }
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace mlopsctl::drift
