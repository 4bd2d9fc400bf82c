#include "tracking/exec_supervisor.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/process_tree.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr Milliseconds store_interval{100};
constexpr Milliseconds store_retry{2000};    // while the store cannot be written
constexpr Milliseconds output_interval{10};  // a chatty command wakes us no more often
constexpr Milliseconds idle_interval{500};
constexpr Milliseconds poll_interval{20};  // where the kernel cannot wake us

int poll_timeout(std::chrono::steady_clock::duration left) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, idle_interval.count()));
}

}  // namespace

ExitStatus Supervisor::follow() {
  while (true) {
    wait_for_news();
    pass_signals_on();
    if (Clock::now() >= kill_at_) kill_all();
    const auto ended = parts_.child.poll();
    news_ = !parts_.intake.read_output(parts_.show) || news_;
    if (ended) return *ended;
    if (Clock::now() >= next_store_) store_turn();
  }
}

void Supervisor::wait_for_news() {
  const bool can_watch = parts_.watch.fd() >= 0 && parts_.child.exit_fd() >= 0;
  std::array<pollfd, 3> sources{pollfd{parts_.signals.fd(), POLLIN, 0},
                                pollfd{parts_.child.exit_fd(), POLLIN, 0},
                                pollfd{parts_.watch.fd(), POLLIN, 0}};
  const auto wake_at = std::min(kill_at_, news_ ? next_store_ : Clock::now() + idle_interval);
  int timeout = poll_timeout(wake_at - Clock::now());
  if (!can_watch) timeout = std::min(timeout, static_cast<int>(poll_interval.count()));
  if (::poll(sources.data(), sources.size(), timeout) > 0 && sources[2].revents != 0) {
    ::poll(sources.data(), 2,
           static_cast<int>(output_interval.count()));  // more will follow at once
    parts_.watch.clear();
    news_ = true;
  }
  if (!can_watch) news_ = true;
}

void Supervisor::pass_signals_on() {
  while (const auto arrival = parts_.signals.next()) {
    const int number = arrival->number;
    const bool asks_to_end = number != SIGUSR1 && number != SIGUSR2;
    const bool impatient = number == SIGINT && interrupted_by_ != 0;
    if (asks_to_end && interrupted_by_ == 0) {
      interrupted_by_ = number;
      kill_at_ = Clock::now() + parts_.grace;
    }
    if (impatient) {
      kill_all();
    } else if (parts_.own_group || !arrival->from_terminal) {
      parts_.child.signal(number);
    }
  }
}

void Supervisor::kill_all() {
  killed_ = true;
  kill_at_ = Clock::time_point::max();
  if (!parts_.own_group)  // no group to kill: its processes one by one
    for (const auto& [pid, cpu] : process_tree_usage(parts_.child.pid()).cpu_by_process)
      if (pid != ::getpid()) ::kill(pid, SIGKILL);
  parts_.child.signal(SIGKILL);
}

void Supervisor::store_turn() {
  news_ = false;
  next_store_ = Clock::now() + store_interval;
  try {
    parts_.intake.read_metrics();
    if (parts_.sampler) parts_.intake.add_system(parts_.sampler->take());
    parts_.intake.commit();
    parts_.capture.store_ready(parts_.store, parts_.run_id, parts_.progress);
    store_failing_ = false;
  } catch (const Error& error) {
    if (!store_failing_)
      parts_.progress.warning(
          fmt::format("the run store cannot be written: {}; trying again while the command runs",
                      error.what()));
    store_failing_ = true;
    news_ = true;
    next_store_ = Clock::now() + store_retry;
  }
}

}  // namespace mlopsctl
