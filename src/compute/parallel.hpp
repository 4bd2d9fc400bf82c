// Work spread over the cores of this machine.
#pragma once

#include <cstddef>
#include <functional>

namespace mlopsctl::compute {

// 0 becomes the number of cores.
unsigned thread_count(unsigned asked);

// Calls `work(i)` once for each i below `count`, on up to `threads` threads, the caller's among
// them. Threads take the next i when they are done with one, so uneven work spreads. If calls
// throw, the rest is left out and the first exception is thrown again here.
void parallel_for(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t)>& work);

}  // namespace mlopsctl::compute
