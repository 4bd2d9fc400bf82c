#include "engine/cpu/pool.hpp"

#include <immintrin.h>

namespace mlopsctl::engine::cpu {

namespace {

// About 50 µs: longer than what lies between two layers, shorter than what anybody would notice.
constexpr unsigned patience = 2000;

}  // namespace

Pool::Pool(unsigned threads) {
  for (unsigned i = 1; i < threads; ++i) workers_.emplace_back([this, i] { serve(i); });
}

Pool::~Pool() {
  ending_ = true;
  ++round_;
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::take(unsigned worker) {
  for (std::size_t i = next_++; i < count_; i = next_++) call_(context_, i, worker);
}

void Pool::run_on_all(std::size_t count, Call call, const void* context) {
  call_ = call;
  context_ = context;
  count_ = count;
  next_ = 0;
  busy_ = static_cast<unsigned>(workers_.size());
  ++round_;
  round_.notify_all();
  take(0);
  for (unsigned i = 0; busy_ != 0; ++i) {
    if (i < patience) {
      _mm_pause();
    } else {
      std::this_thread::yield();  // a worker has lost its core
    }
  }
}

void Pool::serve(unsigned worker) {
  std::uint32_t seen = 0;
  while (true) {
    for (unsigned i = 0; round_ == seen && i < patience; ++i) _mm_pause();
    round_.wait(seen);
    ++seen;
    if (ending_) return;
    take(worker);
    --busy_;
  }
}

}  // namespace mlopsctl::engine::cpu
