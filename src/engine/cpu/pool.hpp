// Threads that stay: a layer of a small model takes microseconds, which starting threads would
// double.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace mlopsctl::engine::cpu {

class Pool {
 public:
  // The caller of run() is one of `threads`.
  explicit Pool(unsigned threads);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  unsigned threads() const { return static_cast<unsigned>(workers_.size()) + 1; }

  // work(i, worker) for each i below `count`, in any order, on all threads; workers have numbers
  // below threads(). Returns when all are done. Work must not throw.
  template <class Work>
  void run(std::size_t count, const Work& work) {
    const auto call = [](const void* context, std::size_t i, unsigned worker) {
      (*static_cast<const Work*>(context))(i, worker);
    };
    if (count < 2 || workers_.empty()) {
      for (std::size_t i = 0; i < count; ++i) work(i, 0);
    } else {
      run_on_all(count, call, &work);
    }
  }

 private:
  using Call = void (*)(const void*, std::size_t, unsigned);

  void run_on_all(std::size_t count, Call call, const void* context);
  void take(unsigned worker);
  void serve(unsigned worker);

  std::vector<std::thread> workers_;
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::size_t count_ = 0;
  alignas(64) std::atomic<std::uint32_t> round_{0};
  alignas(64) std::atomic<std::size_t> next_{0};
  alignas(64) std::atomic<unsigned> busy_{0};
  std::atomic<bool> ending_{false};
};

}  // namespace mlopsctl::engine::cpu
