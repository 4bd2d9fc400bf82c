// Time as a deployment sees it; tests put a clock of their own in its place.
#pragma once

#include "mlopsctl/base/time.hpp"

namespace mlopsctl {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() = 0;          // for people and for the cluster
  virtual Milliseconds monotonic() = 0;  // for budgets: never set back, goes on while suspended
  // Returns early, and true, when the user asked to stop (Ctrl-C, SIGTERM).
  virtual bool sleep(Milliseconds time) = 0;
};

// From its first sleep on it takes SIGINT, SIGTERM, SIGHUP and SIGQUIT for the rest of the program:
// each of them, whenever it arrives, ends one sleep.
Clock& system_clock();
// The signal that last ended a sleep of system_clock() early; 0: none did.
int stop_signal();

}  // namespace mlopsctl
