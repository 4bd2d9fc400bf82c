#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace mlopsctl {
namespace {

int stopped_by = 0;

class SystemClock final : public Clock {
 public:
  Timestamp wall() override { return now(); }

  // Goes on while the machine is suspended, so that a laptop that wakes knows its lock is old.
  Milliseconds monotonic() override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::duration_cast<Milliseconds>(std::chrono::seconds{time.tv_sec} +
                                                    std::chrono::nanoseconds{time.tv_nsec});
  }

  // Each signal ends one sleep, also one that arrived between two of them.
  bool sleep(Milliseconds time) override {
    if (!signals_) {
      signals_.emplace();
      if (interrupted_by() != 0) return stop(interrupted_by());
    }
    const Milliseconds end = monotonic() + time;
    for (;;) {
      while (const auto signal = signals_->next())
        if (asks_to_stop(signal->number)) return stop(signal->number);
      const Milliseconds left = end - monotonic();
      if (left <= Milliseconds{0}) return false;
      pollfd watched{signals_->fd(), POLLIN, 0};
      constexpr std::int64_t longest = std::numeric_limits<int>::max();
      ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left.count(), longest)));
    }
  }

 private:
  static bool stop(int signal) {
    stopped_by = signal;
    return true;
  }
  static bool asks_to_stop(int signal) { return signal != SIGUSR1 && signal != SIGUSR2; }

  std::optional<SignalQueue> signals_;  // from the first sleep on, to the end of the program
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

int stop_signal() { return stopped_by; }

}  // namespace mlopsctl
