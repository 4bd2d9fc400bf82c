#include "mlopsctl/platform/signals.hpp"

#include "mlopsctl/base/error.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>

namespace mlopsctl {

namespace {

std::atomic<int> arrived{0};

void remember(int number) {
  if (arrived.exchange(number) != 0 && number == SIGINT) ::_exit(128 + SIGINT);
}

// Write end of the queue's pipe; the handler may run in any thread.
std::atomic<int> queue_end{-1};

void enqueue(int number, siginfo_t* info, void*) {
  const int saved = errno;
  const SignalQueue::Arrival arrival{number, info->si_code == SI_KERNEL};
  const int fd = queue_end.load();
  if (fd >= 0) [[maybe_unused]]
    const auto written = ::write(fd, &arrival, sizeof arrival);
  errno = saved;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember;
  ::sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
  }
}

int interrupted_by() { return arrived.load(); }

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void check_interrupt() {
  if (const int number = interrupted_by(); number != 0)
    throw Error{ErrorKind::interrupted, number == SIGTERM ? "terminated" : "interrupted"};
}

SignalQueue::SignalQueue() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error{ErrorKind::io, "cannot make a pipe for signals"};
  int none = -1;
  if (!queue_end.compare_exchange_strong(none, ends[1])) {
    ::close(ends[0]);
    ::close(ends[1]);
    throw Error{ErrorKind::bug, "two signal queues at the same time"};
  }
  read_ = ends[0];
  struct sigaction action {};
  action.sa_sigaction = enqueue;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    ::sigaction(number, &action, nullptr);
    saved_.push_back({number, before});
  }
}

SignalQueue::~SignalQueue() {
  for (const auto& saved : saved_) ::sigaction(saved.number, &saved.action, nullptr);
  ::close(queue_end.exchange(-1));
  ::close(read_);
}

std::optional<SignalQueue::Arrival> SignalQueue::next() {
  Arrival arrival;
  if (::read(read_, &arrival, sizeof arrival) != sizeof arrival) return std::nullopt;
  return arrival;
}

}  // namespace mlopsctl
