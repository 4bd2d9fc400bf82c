// The loop of `repro`: stages whose producers are done are looked at one by one; commands of
// several stages may run at the same time. Everything but the commands happens in one thread.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/data/repro.hpp"
#include "mlopsctl/platform/file_lock.hpp"

#include "data/stage_commands.hpp"
#include "data/stage_state.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

class Reproduction {
 public:
  Reproduction(Repository& repository, const Pipelines& pipelines, const ReproOptions& options,
               Progress& progress);
  ReproResult run();

 private:
  enum class Phase { waiting, running, done };
  struct Mark {
    bool planned = false;
    Phase phase = Phase::waiting;
    bool forced = false;
    bool changed = false;  // it ran, or would
    bool failed = false;   // or was skipped
  };
  struct Running {
    std::size_t stage;
    FileLock lock;
    StageRun commands;
    std::optional<PathLocks> paths;
    std::string reason;
    Timestamp started;
  };

  const Stage& stage_at(std::size_t index) const { return pipelines_.stages()[index]; }
  std::string name_of(std::size_t index) const {
    return stage_at(index).address(options_.plan.base);
  }

  // The loop: repro.cpp.
  std::optional<bool> ready(std::size_t index) const;
  void start_what_is_ready();
  void wait_for_running();
  bool poll_running(int timeout_ms);
  void acquire_lock();
  void check_for_interrupt();
  void fail(std::size_t index, const std::string& what);
  void finish(std::size_t index, StageOutcome outcome, std::string reason, Milliseconds took = {},
              std::optional<LockEntry> entry = {});

  // One stage: repro_stage.cpp.
  void begin(std::size_t index);
  void foresee(std::size_t index, bool changed, std::string reason);
  bool renew_import(std::size_t index, const std::string& reason);
  void record_data(std::size_t index, std::string reason);
  void record_frozen(std::size_t index, std::string reason);
  bool restore(std::size_t index, const StageState& state, const LockEntry& inputs,
               const std::string& reason);
  void launch(std::size_t index, std::string reason);
  FileLock lock_stage(std::size_t index);
  void end(Running& ended);
  void complete(const Stage& stage, LockEntry& entry);
  void write_lock(const Stage& stage, const LockEntry& entry);
  void add_changed(const std::vector<std::string>& files);

  // From the remote, where --pull asks for it: repro_pull.cpp.
  bool available(const ObjectId& id, const std::string& remote = {});
  void pull_missing(const Stage& stage, const StageState& state);
  void bring_back(const std::vector<std::string>& paths);

  template <class Action>
  void guarded(std::size_t index, Action&& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::bug) throw;
      const std::string& hint = error.hint();
      fail(index, hint.empty() ? error.what() : std::string(error.what()) + "; " + hint);
    }
  }

  // For what takes the repository's lock itself.
  template <class Action>
  void unlocked(Action&& action) {
    lock_.release();
    try {
      action();
    } catch (...) {
      acquire_lock();
      throw;
    }
    acquire_lock();
  }

  Repository& repository_;
  const Pipelines& pipelines_;
  const ReproOptions& options_;
  Progress& progress_;
  RepositoryLock lock_;
  StageInspector inspector_;
  std::vector<std::size_t> order_;
  std::vector<Mark> marks_;
  std::vector<std::unique_ptr<Running>> running_;
  bool stopping_ = false;
  ReproResult result_;
};

}  // namespace mlopsctl::data
