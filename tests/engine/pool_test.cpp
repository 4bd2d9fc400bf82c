#include "engine/cpu/pool.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

using mlopsctl::engine::cpu::Pool;

TEST_CASE("a pool does each piece of work once and waits for all, awake or asleep before it") {
  for (const unsigned threads : {1U, 2U, 3U}) {
    Pool pool(threads);
    CHECK(pool.threads() == threads);
    std::vector<std::size_t> done(97);  // written without locks: each by one thread, read after all
    for (std::size_t round = 1; round <= 300; ++round) {
      if (round % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      pool.run(done.size(), [&](std::size_t i, unsigned worker) {
        if (worker < threads) done[i] += i;
      });
      pool.run(0, [](std::size_t, unsigned) {});
    }
    for (std::size_t i = 0; i < done.size(); ++i) REQUIRE(done[i] == 300 * i);
  }
}
