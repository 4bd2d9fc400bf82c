// One stage: what to do about it, and what to record when it is done.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/process_tree.hpp"

#include "data/reproduction.hpp"
#include "data/run_cache.hpp"
#include "data/stage_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

bool same_entry(const LockEntry& a, const LockEntry& b) {
  return python_equal(lock_entry_value(a), lock_entry_value(b));
}

}  // namespace

void Reproduction::begin(std::size_t index) {
  const Stage& stage = stage_at(index);
  StageState state = inspector_.inspect(stage);
  if (options_.fetch && !options_.dry && state.missing()) {
    pull_missing(stage, state);
    state = inspector_.inspect(stage);
  }
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
  const LockEntry inputs = inspector_.inputs(stage);
  if (!forced && restore(index, state, inputs, reason)) return;
  launch(index, std::move(reason));
}

// With --dry-run a stage also counts if one that it depends on would run.
void Reproduction::foresee(std::size_t index, bool changed, std::string reason) {
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

// An import that is not frozen follows its source; one without its data gets them.
bool Reproduction::renew_import(std::size_t index, const std::string& reason) {
  const Stage& stage = stage_at(index);
  const bool waiting = std::ranges::any_of(repository_.outputs(), [&](const auto& output) {
    return output.file == stage.file && !output.entry.id;
  });
  if (!stage.import || !options_.update_import || (stage.frozen && !waiting)) return false;
  progress_.note(fmt::format("Importing '{}'", name_of(index)));
  unlocked([&] { options_.update_import(stage.file); });
  add_changed({stage.file});
  repository_.refresh();
  inspector_.forget();
  finish(index, StageOutcome::ran, reason);
  return true;
}

void Reproduction::record_data(std::size_t index, std::string reason) {
  if (renew_import(index, reason)) return;
  const Stage& stage = stage_at(index);
  for (const auto& out : stage.outs) {
    if (inspector_.item(stage, out.path, HashKind::md5)) continue;
    throw Error(ErrorKind::not_found, fmt::format("the data {} is missing", quote(out.path)),
                "bring it back with 'mlopsctl data checkout' or 'mlopsctl data pull'");
  }
  if (stage.import) {
    throw Error(
        ErrorKind::conflict, fmt::format("{} is imported and was changed here", quote(stage.file)),
        fmt::format("'mlopsctl data checkout {}' restores it, 'mlopsctl data update {}' renews it",
                    stage.file, stage.file));
  }
  progress_.note(fmt::format("Verifying data sources in stage: '{}'", name_of(index)));
  std::vector<SelectedOutput> selected;
  for (const auto& output : repository_.outputs()) {
    if (output.file == stage.file && output.stage.empty()) selected.push_back({output, ""});
  }
  CommitResult committed;
  unlocked([&] { committed = commit(repository_, selected, true, progress_); });
  add_changed(committed.changed_files);
  repository_.refresh();
  inspector_.forget();
  finish(index, StageOutcome::recorded, std::move(reason));
}

void Reproduction::record_frozen(std::size_t index, std::string reason) {
  const Stage& stage = stage_at(index);
  progress_.warning(fmt::format("stage '{}' is frozen: its command does not run", name_of(index)));
  LockEntry entry = inspector_.inputs(stage);
  complete(stage, entry);
  finish(index, StageOutcome::recorded, std::move(reason), {}, std::move(entry));
}

bool Reproduction::restore(std::size_t index, const StageState& state, const LockEntry& inputs,
                           const std::string& reason) {
  const Stage& stage = stage_at(index);
  const auto cached = [&](const ObjectId& id) { return available(id); };
  std::optional<LockEntry> found;
  // What git keeps and nobody has touched need not be in the cache.
  const auto there = [&](const StageOut& out, const LockedItem& item) {
    if (!out.cache && !inspector_.cached(*item.id)) {
      const auto here = inspector_.item(stage, out.path, item.id->kind);
      if (here && here->id == item.id) return true;
    }
    return available(*item.id, out.remote);
  };
  const LockEntry* locked = inspector_.locked(stage);
  if (locked != nullptr && !state.inputs_changed() && !stage.outs.empty() &&
      std::ranges::all_of(stage.outs, [&](const StageOut& out) {
        const LockedItem* item = locked->out(out.path);
        return item != nullptr && item->id && there(out, *item);
      })) {
    found = *locked;
  } else if (options_.run_cache && run_cache_allows(stage)) {
    found = find_run(repository_, stage, inputs, cached);
  }
  if (!found) return false;
  const FileLock running = lock_stage(index);
  progress_.note(
      fmt::format("Stage '{}' is cached - skipping run, checking out outputs", name_of(index)));
  restore_outputs(repository_, inspector_, stage, *found, result_.changed_files);
  inspector_.forget();
  LockEntry entry = inputs;
  entry.outs = found->outs;
  write_lock(stage, entry);
  finish(index, StageOutcome::restored, reason, {}, std::move(entry));
  return true;
}

// Commands of a repro that was killed may still be at work on the outputs: they hold the lock that
// they were started with.
FileLock Reproduction::lock_stage(std::size_t index) {
  const fs::path folder = repository_.temporary() / "mlopsctl-stages";
  fs::create_directories(folder);
  const fs::path file = folder / (md5_of(stage_at(index).address()) + ".lock");
  auto lock = FileLock::try_lock(file);
  if (lock) return std::move(*lock);
  const auto processes = processes_with(fs::weakly_canonical(file));
  throw Error(
      ErrorKind::conflict,
      fmt::format("the commands of an earlier repro, which was killed, still run: {}",
                  processes.empty() ? "of another user" : "process " + join(processes, ", ")),
      "wait until they have ended, or end them");
}

void Reproduction::launch(std::size_t index, std::string reason) {
  const Stage& stage = stage_at(index);
  FileLock running = lock_stage(index);
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
  settings.keep_open = running.descriptor();
  settings.foreground = options_.jobs <= 1;
  settings.announce = [this](const std::string& text) { progress_.note(text); };
  settings.line = [this, name = name_of(index)](const std::string& text) {
    progress_.note(fmt::format("{} | {}", name, printable(text)));
  };
  running_.push_back(std::unique_ptr<Running>(
      new Running{index, std::move(running), StageRun(stage, std::move(settings)), std::move(paths),
                  std::move(reason), now()}));
  marks_[index].phase = Phase::running;
}

void Reproduction::end(Running& ended) {
  const Stage& stage = stage_at(ended.stage);
  inspector_.forget();
  if (!ended.commands.failure().empty()) {
    throw Error(ErrorKind::unavailable, ended.commands.failure());
  }
  // Dependencies may have been touched by the command; the lock has what it left.
  LockEntry entry = inspector_.inputs(stage);
  complete(stage, entry);
  finish(ended.stage, StageOutcome::ran, std::move(ended.reason), now() - ended.started,
         std::move(entry));
}

void Reproduction::complete(const Stage& stage, LockEntry& entry) {
  const bool keep = options_.commit && !stage.frozen && run_cache_allows(stage);
  record_outputs(repository_, inspector_, stage, options_.commit, keep, entry,
                 result_.changed_files, progress_);
  if (keep) save_run(repository_, entry);
  write_lock(stage, entry);
}

void Reproduction::write_lock(const Stage& stage, const LockEntry& entry) {
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

void Reproduction::add_changed(const std::vector<std::string>& files) {
  for (const auto& file : files) {
    auto& changed = result_.changed_files;
    if (std::ranges::find(changed, file) == changed.end()) changed.push_back(file);
  }
}

}  // namespace mlopsctl::data
