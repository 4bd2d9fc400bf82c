// Floats that begin at a cache line: vectors that straddle two lines cost the products a fifth.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace mlopsctl::engine::cpu {

template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), line));
  }
  void deallocate(T* values, std::size_t /*count*/) { ::operator delete(values, line); }
  friend bool operator==(const LineAllocator&, const LineAllocator&) { return true; }
};

using Floats = std::vector<float, LineAllocator<float>>;

}  // namespace mlopsctl::engine::cpu
