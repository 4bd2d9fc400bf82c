// The loop of `repro`: stages whose producers are done are looked at one by one; commands of
// several stages may run at the same time. Everything but the commands happens in this thread.
#include "mlopsctl/data/repro.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/run_cache.hpp"
#include "data/stage_commands.hpp"
#include "data/stage_outputs.hpp"
#include "data/stage_state.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace mlopsctl::data {

namespace {

constexpr int poll_ms = 200;       // between looks at a signal, or at children of old kernels
constexpr int patience_ms = 5000;  // for commands that were asked to end

class Reproduction {
 public:
  Reproduction(Repository& repository, const Pipelines& pipelines, const ReproOptions& options,
               Progress& progress)
      : repository_(repository),
        pipelines_(pipelines),
        options_(options),
        progress_(progress),
        lock_(repository),
        inspector_(repository, options.look),
        order_(plan(pipelines, options.plan)),
        marks_(pipelines.stages().size()) {
    for (std::size_t i = 0; i < order_.size(); ++i) marks_[order_[i]].planned = true;
  }

  ReproResult run() {
    while (true) {
      check_for_interrupt();
      start_what_is_ready();
      if (running_.empty()) break;
      wait_for_running();
    }
    return std::move(result_);
  }

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
    StageRun commands;
    std::optional<PathLocks> paths;
    LockEntry inputs;
    std::string reason;
    Timestamp started;
  };

  const Stage& stage_at(std::size_t index) const { return pipelines_.stages()[index]; }
  std::string name_of(std::size_t index) const {
    return stage_at(index).address(options_.plan.base);
  }

  void finish(std::size_t index, StageOutcome outcome, std::string reason, Milliseconds took = {}) {
    Mark& mark = marks_[index];
    mark.phase = Phase::done;
    mark.changed = outcome != StageOutcome::unchanged;
    mark.failed = outcome == StageOutcome::failed || outcome == StageOutcome::skipped;
    result_.stages.push_back({name_of(index), outcome, std::move(reason), took});
    const bool ran = outcome == StageOutcome::ran || outcome == StageOutcome::restored;
    if (options_.force_downstream && (ran || mark.forced)) {
      for (const auto consumer : pipelines_.consumers(index)) marks_[consumer].forced = true;
    }
  }

  void fail(std::size_t index, const std::string& what) {
    result_.failed = true;
    progress_.warning(fmt::format("stage '{}' failed: {}{}", name_of(index), what,
                                  options_.ignore_errors ? " (ignored)" : ""));
    finish(index, StageOutcome::failed, what);
    if (options_.ignore_errors) {
      marks_[index].failed = false;
    } else if (!options_.keep_going) {
      stopping_ = true;
    }
  }

  // Producers that a stage has to wait for; frozen stages wait for nobody.
  std::optional<bool> ready(std::size_t index) const {
    bool all = true;
    if (stage_at(index).frozen) return true;
    for (const auto producer : pipelines_.producers(index)) {
      if (!marks_[producer].planned) continue;
      if (marks_[producer].failed) return std::nullopt;
      all = all && marks_[producer].phase == Phase::done;
    }
    return all;
  }

  void start_what_is_ready() {
    const unsigned jobs = std::max(1U, options_.jobs);
    for (const auto index : order_) {
      if (stopping_ || running_.size() >= jobs) return;
      if (marks_[index].phase != Phase::waiting) continue;
      const auto state = ready(index);
      if (!state) {
        finish(index, StageOutcome::skipped, "a stage that it depends on failed");
        continue;
      }
      if (!*state) continue;
      check_for_interrupt();
      guarded(index, [&] { begin(index); });
    }
    // A stage that was passed over may be ready now that a later one in the list is done.
    if (running_.empty() && !stopping_ && std::ranges::any_of(order_, [&](std::size_t index) {
          return marks_[index].phase == Phase::waiting;
        })) {
      start_what_is_ready();
    }
  }

  template <class Action>
  void guarded(std::size_t index, Action&& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::bug) throw;
      fail(index,
           error.hint().empty() ? error.what() : fmt::format("{}; {}", error.what(), error.hint()));
    }
  }

  void begin(std::size_t index) {
    const Stage& stage = stage_at(index);
    const StageState state = inspector_.inspect(stage);
    const bool forced = options_.force || marks_[index].forced;
    const bool changed = options_.allow_missing ? state.changed_beyond_missing() : state.changed();
    std::string reason = forced && !changed ? "it is forced" : state.reason();
    if (options_.dry) return foresee(index, changed || forced, std::move(reason));
    if (!changed && !forced) {
      progress_.note(stage.name.empty()
                         ? fmt::format("'{}' didn't change, skipping", name_of(index))
                         : fmt::format("Stage '{}' didn't change, skipping", name_of(index)));
      return finish(index, StageOutcome::unchanged, "");
    }
    if (options_.confirm &&
        !options_.confirm(fmt::format("Run the stage '{}' ({})?", name_of(index), reason))) {
      stopping_ = true;
      return finish(index, StageOutcome::skipped, "you said no");
    }
    if (stage.name.empty()) return record_data(index, std::move(reason));
    if (stage.frozen) return record_frozen(index, std::move(reason));
    LockEntry inputs = inspector_.inputs(stage);
    if (!forced && restore(index, state, inputs, reason)) return;
    launch(index, std::move(inputs), std::move(reason));
  }

  // With --dry-run a stage also counts if one that it depends on would run.
  void foresee(std::size_t index, bool changed, std::string reason) {
    if (!changed && !stage_at(index).frozen) {
      for (const auto producer : pipelines_.producers(index)) {
        if (!marks_[producer].planned || !marks_[producer].changed) continue;
        changed = true;
        reason = fmt::format("'{}' would run", name_of(producer));
        break;
      }
    }
    finish(index, changed ? StageOutcome::would_run : StageOutcome::unchanged,
           changed ? std::move(reason) : "");
  }

  template <class Action>
  auto unlocked(Action&& action) {
    lock_.release();
    std::optional<decltype(action())> result;
    try {
      result.emplace(action());
    } catch (...) {
      acquire_lock();
      throw;
    }
    acquire_lock();
    return std::move(*result);
  }

  // An import that is not frozen follows its source; one without its data gets them.
  bool renew_import(std::size_t index, const std::string& reason) {
    const Stage& stage = stage_at(index);
    const bool waiting = std::ranges::any_of(repository_.outputs(), [&](const auto& output) {
      return output.file == stage.file && !output.entry.id;
    });
    if (!stage.import || !options_.update_import || (stage.frozen && !waiting)) return false;
    progress_.note(fmt::format("Importing '{}'", name_of(index)));
    unlocked([&] {
      options_.update_import(stage.file);
      return true;
    });
    add_changed({stage.file});
    repository_.refresh();
    inspector_.forget();
    finish(index, StageOutcome::ran, reason);
    return true;
  }

  void record_data(std::size_t index, std::string reason) {
    if (renew_import(index, reason)) return;
    const Stage& stage = stage_at(index);
    for (const auto& out : stage.outs) {
      if (inspector_.item(stage, out.path, HashKind::md5)) continue;
      throw Error(ErrorKind::not_found, fmt::format("the data {} is missing", quote(out.path)),
                  "bring it back with 'mlopsctl data checkout' or 'mlopsctl data pull'");
    }
    if (stage.import) {
      throw Error(
          ErrorKind::conflict,
          fmt::format("{} is imported and was changed here", quote(stage.file)),
          fmt::format(
              "'mlopsctl data checkout {}' restores it, 'mlopsctl data update {}' renews it",
              stage.file, stage.file));
    }
    progress_.note(fmt::format("Verifying data sources in stage: '{}'", name_of(index)));
    std::vector<SelectedOutput> selected;
    for (const auto& output : repository_.outputs()) {
      if (output.file == stage.file && output.stage.empty()) selected.push_back({output, ""});
    }
    const CommitResult committed = unlocked([&] {  // it takes the lock itself
      return commit(repository_, selected, true, progress_);
    });
    add_changed(committed.changed_files);
    repository_.refresh();
    inspector_.forget();
    finish(index, StageOutcome::recorded, std::move(reason));
  }

  void record_frozen(std::size_t index, std::string reason) {
    const Stage& stage = stage_at(index);
    progress_.warning(
        fmt::format("stage '{}' is frozen: its command does not run", name_of(index)));
    LockEntry entry = inspector_.inputs(stage);
    complete(stage, entry);
    finish(index, StageOutcome::recorded, std::move(reason));
  }

  bool restore(std::size_t index, const StageState& state, const LockEntry& inputs,
               const std::string& reason) {
    const Stage& stage = stage_at(index);
    const auto cached = [&](const ObjectId& id) { return inspector_.cached(id); };
    std::optional<LockEntry> found;
    const LockEntry* locked = inspector_.locked(stage);
    if (locked != nullptr && !state.inputs_changed() && !stage.outs.empty() &&
        std::ranges::all_of(stage.outs, [&](const StageOut& out) {
          const LockedItem* item = locked->out(out.path);
          return item != nullptr && item->id && cached(*item->id);
        })) {
      found = *locked;
    } else if (options_.run_cache && run_cache_allows(stage)) {
      found = find_run(repository_, stage, inputs, cached);
    }
    if (!found) return false;
    progress_.note(
        fmt::format("Stage '{}' is cached - skipping run, checking out outputs", name_of(index)));
    restore_outputs(repository_, inspector_, stage, *found, result_.changed_files);
    inspector_.forget();
    LockEntry entry = inputs;
    entry.outs = found->outs;
    write_lock(stage, entry);
    finish(index, StageOutcome::restored, reason);
    return true;
  }

  void launch(std::size_t index, LockEntry inputs, std::string reason) {
    const Stage& stage = stage_at(index);
    std::vector<std::string> reads, writes;
    for (const auto& dep : stage.deps)
      if (!is_url(dep)) reads.push_back(stage.path_of(dep));
    for (const auto& params : stage.params) reads.push_back(stage.path_of(params.file));
    for (const auto& out : stage.outs) writes.push_back(stage.path_of(out.path));
    std::optional<PathLocks> paths;
    paths.emplace(repository_, reads, writes, "mlopsctl repro");
    clear_outputs(repository_, stage);
    inspector_.forget();
    progress_.note(fmt::format("Running stage '{}':", name_of(index)));
    CommandSettings settings{
        .root = repository_.root(), .address = name_of(index), .out = options_.out};
    settings.foreground = options_.jobs <= 1;
    settings.announce = [this](const std::string& text) { progress_.note(text); };
    settings.line = [this, name = name_of(index)](const std::string& text) {
      progress_.note(fmt::format("{} | {}", name, printable(text)));
    };
    running_.push_back(std::unique_ptr<Running>(
        new Running{index, StageRun(stage, std::move(settings)), std::move(paths),
                    std::move(inputs), std::move(reason), now()}));
    marks_[index].phase = Phase::running;
  }

  void wait_for_running() {
    if (!std::ranges::any_of(running_, [](auto& one) { return one->commands.advance(); })) {
      lock_.release();
      while (interrupted_by() == 0 && !poll_running(poll_ms)) {
      }
      acquire_lock();
      check_for_interrupt();
    }
    for (std::size_t i = 0; i < running_.size();) {
      if (!running_[i]->commands.advance()) {
        ++i;
        continue;
      }
      const std::unique_ptr<Running> ended = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      guarded(ended->stage, [&] { end(*ended); });
    }
  }

  // True if a stage has ended.
  bool poll_running(int timeout_ms) {
    std::vector<pollfd> descriptors;
    for (const auto& one : running_) {
      for (const int fd : one->commands.descriptors()) descriptors.push_back({fd, POLLIN, 0});
    }
    ::poll(descriptors.data(), descriptors.size(), timeout_ms);
    bool ended = false;
    for (auto& one : running_) ended = one->commands.advance() || ended;
    return ended;
  }

  // What a command made must not be lost because another process holds the lock for a while.
  void acquire_lock() {
    while (true) {
      try {
        return lock_.acquire();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::conflict || interrupted_by() != 0) throw;
        progress_.note(fmt::format("waiting: {}", error.what()));
      }
    }
  }

  void end(Running& ended) {
    const Stage& stage = stage_at(ended.stage);
    inspector_.forget();
    if (!ended.commands.failure().empty()) {
      throw Error(ErrorKind::unavailable, ended.commands.failure());
    }
    // Dependencies may have been touched by the command; the lock has what it left.
    LockEntry entry = inspector_.inputs(stage);
    complete(stage, entry);
    finish(ended.stage, StageOutcome::ran, std::move(ended.reason), now() - ended.started);
  }

  void complete(const Stage& stage, LockEntry& entry) {
    const bool keep = options_.commit && !stage.frozen && run_cache_allows(stage);
    record_outputs(repository_, inspector_, stage, options_.commit, keep, entry,
                   result_.changed_files, progress_);
    if (keep) save_run(repository_, entry);
    write_lock(stage, entry);
  }

  void write_lock(const Stage& stage, const LockEntry& entry) {
    const std::string path = lock_path(stage.file);
    const fs::path whole = repository_.root() / path;
    const bool exists = fs::exists(whole);
    const std::string before = exists ? read_file(whole) : "";
    const LockFile old = LockFile::parse(path, before);
    const LockEntry* locked = old.find(stage.name);
    inspector_.forget_lock(stage.file);
    if (locked != nullptr && same_entry(*locked, entry)) return;
    if (!exists) progress_.note(fmt::format("Generating lock file '{}'", path));
    progress_.note(fmt::format("Updating lock file '{}'", path));
    write_file_atomically(whole, lock_text_with(before, stage.name, entry));
    add_changed({path});
  }

  static bool same_entry(const LockEntry& a, const LockEntry& b) {
    return python_equal(lock_entry_value(a), lock_entry_value(b));
  }

  void add_changed(const std::vector<std::string>& files) {
    for (const auto& file : files) {
      auto& changed = result_.changed_files;
      if (std::ranges::find(changed, file) == changed.end()) changed.push_back(file);
    }
  }

  // Commands in the foreground got Ctrl-C from the terminal themselves.
  void check_for_interrupt() {
    const int number = interrupted_by();
    if (number == 0) return;
    const auto ended = [&] {
      return std::ranges::all_of(running_, [](auto& one) { return one->commands.advance(); });
    };
    for (const int sent : {number, SIGTERM, SIGKILL}) {
      for (auto& one : running_) one->commands.signal(sent);
      for (int waited = 0; waited < patience_ms && !ended(); waited += poll_ms)
        poll_running(poll_ms);
      if (ended()) break;
    }
    running_.clear();
    check_interrupt();
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

}  // namespace

std::string_view to_string(StageOutcome outcome) {
  switch (outcome) {
    case StageOutcome::unchanged:
      return "unchanged";
    case StageOutcome::ran:
      return "ran";
    case StageOutcome::restored:
      return "restored";
    case StageOutcome::recorded:
      return "recorded";
    case StageOutcome::would_run:
      return "would run";
    case StageOutcome::failed:
      return "failed";
    case StageOutcome::skipped:
      return "skipped";
  }
  return "";
}

ReproResult reproduce(Repository& repository, const ReproOptions& options, Progress& progress) {
  const Pipelines pipelines = Pipelines::load(repository);
  ReproResult result = Reproduction(repository, pipelines, options, progress).run();
  if (!result.changed_files.empty()) autostage(repository, result.changed_files);
  return result;
}

}  // namespace mlopsctl::data
