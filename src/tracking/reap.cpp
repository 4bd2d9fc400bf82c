#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/exec.hpp"

#include "tracking/intake.hpp"
#include "tracking/scrape_tags.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

// Of both processes that a run knows. A pid of 0 is one that never was.
Liveness liveness_of(const Run& run) {
  const Liveness tracker = run.tracker.pid > 0 ? liveness(run.tracker) : Liveness::gone;
  const Liveness child = run.child.pid > 0 ? liveness(run.child) : Liveness::gone;
  if (tracker == Liveness::alive || child == Liveness::alive) return Liveness::alive;
  if (tracker == Liveness::unknown || child == Liveness::unknown) return Liveness::unknown;
  return Liveness::gone;
}

bool has_process(const Run& run) { return run.tracker.pid > 0 || run.child.pid > 0; }

std::optional<Timestamp> modified(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  return Timestamp{static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1000 +
                   info.st_mtim.tv_nsec / 1'000'000};
}

// Nothing for a run whose artifacts are somewhere else than in a local folder.
std::optional<RunFiles> local_files(const RunStore& store, const Run& run) {
  if (run.artifact_uri.find("://") != std::string::npos) return std::nullopt;
  return run_files(store, run.id);
}

Timestamp last_sign_of_life(const Run& run, const std::optional<RunFiles>& files) {
  Timestamp last = run.start;
  for (const auto& metric : run.metrics) last = std::max(last, metric.latest.time);
  if (files)
    for (const auto& file : {files->metrics, files->out, files->err})
      if (const auto time = modified(file)) last = std::max(last, *time);
  return std::min(last, now());
}

std::optional<std::string> reason_to_close(const Run& run, Timestamp last,
                                           const ReapRequest& request) {
  if (is_abandoned(run)) return "its processes are gone";
  if (!request.older_than || liveness_of(run) == Liveness::alive) return std::nullopt;
  const auto quiet = now() - last;
  if (quiet < *request.older_than) return std::nullopt;
  return fmt::format("no sign of life for {}", human_duration(quiet));
}

// What the dead run had still written. The time of its points is that of the file, so that two
// reapers at once read the very same points, and repeats are swallowed.
std::uint64_t recover(RunStore& store, const Run& run, const RunFiles& files, Timestamp last,
                      Progress& progress) {
  if (!fs::exists(files.metrics) && !fs::exists(files.out)) return 0;
  Intake intake{store, run.id, scrape_options(run.tags), modified(files.metrics).value_or(last),
                progress};
  intake.finish({});
  for (const auto& [file, name] : {std::pair{files.out, out_name}, std::pair{files.err, err_name}})
    if (fs::exists(file)) store.record_artifact(run.id, name);
  return intake.points();
}

// Metrics files of runs that have ended: their tracker was killed between the last commit and the
// removal.
void remove_stale_files(RunStore& store) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{store.home() / "tmp", failed}) {
    if (entry.path().extension() != ".jsonl") continue;
    bool stale = true;
    try {
      const Run run = store.run(entry.path().stem().string());
      stale = run.status != RunStatus::running && liveness_of(run) == Liveness::gone;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) throw;
    }
    if (stale) fs::remove(entry.path(), failed);
  }
}

}  // namespace

bool is_abandoned(const Run& run) {
  return run.status == RunStatus::running && has_process(run) && liveness_of(run) == Liveness::gone;
}

std::vector<ReapedRun> reap(RunStore& store, const ReapRequest& request, Progress& progress) {
  std::vector<ReapedRun> reaped;
  for (const Run& listed : store.running()) {
    const Run run = store.run(listed.id);
    if (run.status != RunStatus::running) continue;  // ended since the list was made
    const auto files = local_files(store, run);
    const Timestamp last = last_sign_of_life(run, files);
    const auto reason = reason_to_close(run, last, request);
    if (!reason) continue;
    ReapedRun result{.run = run, .status = RunStatus::killed, .points = 0, .reason = *reason};
    if (!request.dry_run) {
      try {
        if (files) result.points = recover(store, run, *files, last, progress);
        store.log(run.id, {.metrics = {}, .params = {}, .tags = {{"mlopsctl.reaped", *reason}}});
        RunUpdate update;
        update.status = result.status;
        update.end = last;
        store.update_run(run.id, update);
      } catch (const Error& error) {
        progress.warning(fmt::format("run {}: {}", run.id, error.what()));
        continue;
      }
    }
    reaped.push_back(std::move(result));
  }
  if (!request.dry_run) remove_stale_files(store);
  return reaped;
}

}  // namespace mlopsctl
