// What a run was made from: code, packages, machine, variables. Collected by threads while the
// command starts and runs; stored by the caller's thread.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/platform/git.hpp"
#include "mlopsctl/platform/gpu.hpp"
#include "mlopsctl/tracking/exec.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/python_command.hpp"

#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

// Tags that are known at once: command line (masked), folder, host, source.
std::vector<KeyValue> source_tags(const ExecRequest& request);

class Capture {
 public:
  // Begins to look at the git working tree.
  explicit Capture(const ExecRequest& request);

  // The command may change the tree, so it is better begun after the look at it is over; on a huge
  // tree it is not kept waiting longer than `patience`.
  void wait_for_git(Milliseconds patience) const;

  // Begins with packages and GPUs, which take longer than a short command.
  void start_machine();

  // Stores what has arrived since the last call. Failures to look are warnings, failures to store
  // throw.
  void store_ready(RunStore& store, const std::string& run_id, Progress& progress);
  void wait_and_store(RunStore& store, const std::string& run_id, Progress& progress);

 private:
  struct Machine {
    GpuInventory gpus;
    std::optional<std::string> python;
    PythonPackages packages;
    std::string problem;
  };
  void take_git(Progress& progress);
  void take_machine(Progress& progress);
  void store_git(RunStore& store, const std::string& run_id);
  void store_machine(RunStore& store, const std::string& run_id);

  std::vector<std::string> command_;
  bool packages_;
  std::future<std::optional<GitState>> git_;
  std::future<Machine> machine_;
  std::optional<GitState> git_state_;  // arrived and not yet stored
  std::optional<Machine> machine_state_;
};

}  // namespace mlopsctl
