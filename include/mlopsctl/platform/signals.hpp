// Turns SIGINT and SIGTERM into a flag that loops look at.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

namespace mlopsctl {

// From now on the first SIGINT or SIGTERM only sets the flag; a second SIGINT ends the program at
// once.
void catch_interrupts();

// The signal that arrived, or 0.
int interrupted_by();

// Throws Error{interrupted} if a signal arrived.
void check_interrupt();

// From now on writing to a pipe without a reader fails with EPIPE instead of ending the program.
void ignore_broken_pipes();

// While one lives, the signals that people and schedulers send to a program arrive here instead of
// having their effect: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2. Signals that were
// ignored (nohup) stay ignored. At most one lives at a time.
class SignalQueue {
 public:
  struct Arrival {
    int number = 0;
    bool from_terminal = false;  // the whole foreground process group got it as well
  };
  SignalQueue();
  ~SignalQueue();  // restores what was before
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  int fd() const { return read_; }  // readable when a signal has arrived
  std::optional<Arrival> next();    // does not block

 private:
  struct Saved {
    int number;
    struct sigaction action;
  };
  int read_ = -1;
  std::vector<Saved> saved_;
};

}  // namespace mlopsctl
