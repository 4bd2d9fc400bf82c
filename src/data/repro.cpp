#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/reproduction.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <signal.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr int poll_ms = 200;       // between looks at a signal, or at children of old kernels
constexpr int patience_ms = 5000;  // for commands that were asked to end

}  // namespace

Reproduction::Reproduction(Repository& repository, const Pipelines& pipelines,
                           const ReproOptions& options, Progress& progress)
    : repository_(repository),
      pipelines_(pipelines),
      options_(options),
      progress_(progress),
      lock_(repository),
      inspector_(repository, options.look),
      order_(plan(pipelines, options.plan)),
      marks_(pipelines.stages().size()) {
  for (const auto index : order_) marks_[index].planned = true;
}

ReproResult Reproduction::run() {
  while (true) {
    check_for_interrupt();
    start_what_is_ready();
    if (running_.empty()) break;
    wait_for_running();
  }
  return std::move(result_);
}

void Reproduction::finish(std::size_t index, StageOutcome outcome, std::string reason,
                          Milliseconds took, std::optional<LockEntry> entry) {
  Mark& mark = marks_[index];
  mark.phase = Phase::done;
  mark.changed = outcome != StageOutcome::unchanged;
  mark.failed = outcome == StageOutcome::failed || outcome == StageOutcome::skipped;
  result_.stages.push_back(
      {name_of(index), outcome, std::move(reason), took, std::move(entry), stage_at(index).wdir});
  const bool ran = outcome == StageOutcome::ran || outcome == StageOutcome::restored;
  if (options_.force_downstream && (ran || mark.forced)) {
    for (const auto consumer : pipelines_.consumers(index)) marks_[consumer].forced = true;
  }
}

void Reproduction::fail(std::size_t index, const std::string& what) {
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
std::optional<bool> Reproduction::ready(std::size_t index) const {
  bool all = true;
  if (stage_at(index).frozen) return true;
  for (const auto producer : pipelines_.producers(index)) {
    if (!marks_[producer].planned) continue;
    if (marks_[producer].failed) return std::nullopt;
    all = all && marks_[producer].phase == Phase::done;
  }
  return all;
}

void Reproduction::start_what_is_ready() {
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

void Reproduction::wait_for_running() {
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
bool Reproduction::poll_running(int timeout_ms) {
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
void Reproduction::acquire_lock() {
  while (true) {
    try {
      return lock_.acquire();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::conflict || interrupted_by() != 0) throw;
      progress_.note(fmt::format("waiting: {}", error.what()));
    }
  }
}

// Commands in the foreground got Ctrl-C from the terminal themselves.
void Reproduction::check_for_interrupt() {
  const int number = interrupted_by();
  if (number == 0) return;
  const auto ended = [&] {
    return std::ranges::all_of(running_, [](auto& one) { return one->commands.advance(); });
  };
  for (const int sent : {number, SIGTERM, SIGKILL}) {
    for (auto& one : running_) one->commands.signal(sent);
    for (int waited = 0; waited < patience_ms && !ended(); waited += poll_ms) poll_running(poll_ms);
    if (ended()) break;
  }
  running_.clear();
  check_interrupt();
}

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
