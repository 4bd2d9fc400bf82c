// Follows a running command to its end: passes signals on, shows output, stores what it says.
#pragma once

#include "mlopsctl/platform/file_watch.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/tracking/exec.hpp"

#include "tracking/capture.hpp"
#include "tracking/intake.hpp"
#include "tracking/sampler.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace mlopsctl {

struct Supervised {
  RunStore& store;
  const std::string& run_id;
  Milliseconds grace;
  const Intake::Show& show;
  Progress& progress;
  SignalQueue& signals;
  ChildProcess& child;
  bool own_group;  // of the child; else it shares ours and the terminal reaches it by itself
  Intake& intake;
  Capture& capture;
  FileWatch& watch;
  std::optional<Sampler>& sampler;
};

class Supervisor {
 public:
  explicit Supervisor(Supervised parts) : parts_(parts) {}

  // Returns when the command has ended. A store that cannot be written for a while is only a
  // warning: the command's files keep what it says.
  ExitStatus follow();

  int interrupted_by() const {
    return interrupted_by_;
  }                                        // first signal that asked us to end, 0 if none
  bool killed() const { return killed_; }  // we sent SIGKILL

 private:
  using Clock = std::chrono::steady_clock;
  void wait_for_news();
  void pass_signals_on();
  void kill_all();
  void store_turn();

  Supervised parts_;
  int interrupted_by_ = 0;
  bool killed_ = false;
  bool news_ = true;  // something may wait for the next store turn
  bool store_failing_ = false;
  Clock::time_point kill_at_ = Clock::time_point::max();
  Clock::time_point next_store_ = Clock::now();
};

}  // namespace mlopsctl
