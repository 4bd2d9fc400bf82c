// The clock of a real deployment: time that is never set back, and sleeps that Ctrl-C ends.
#include "mlopsctl/deploy/clock.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace mlopsctl;

TEST_CASE("each request to stop ends one sleep, also one that came between two of them") {
  Clock& clock = system_clock();
  CHECK_FALSE(clock.sleep(Milliseconds{1}));  // from now on signals are taken
  std::raise(SIGHUP);                         // SIGINT and SIGTERM are the test program's own
  std::raise(SIGQUIT);
  CHECK(clock.sleep(Milliseconds{60'000}));
  CHECK(clock.sleep(Milliseconds{60'000}));
  CHECK_FALSE(clock.sleep(Milliseconds{1}));
  std::raise(SIGUSR1);  // asks for nothing
  CHECK_FALSE(clock.sleep(Milliseconds{1}));
}

TEST_CASE("a sleep lasts as long as it says") {
  Clock& clock = system_clock();
  const Milliseconds before = clock.monotonic();
  CHECK_FALSE(clock.sleep(Milliseconds{20}));
  CHECK(clock.monotonic() - before >= Milliseconds{20});
}
