#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/stage_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

void add_once(std::vector<std::string>& files, std::string file) {
  if (std::ranges::find(files, file) == files.end()) files.push_back(std::move(file));
}

class StageCommit {
 public:
  StageCommit(Repository& repository, const CommitStagesOptions& options, Progress& progress)
      : repository_(repository),
        options_(options),
        progress_(progress),
        inspector_(repository, options.look) {}

  CommitResult run(std::span<const SelectedOutput> outputs) {
    const Pipelines pipelines = Pipelines::load(repository_);
    std::vector<const Stage*> stages;
    for (const auto& stage : pipelines.stages()) {
      if (!stage.name.empty() && wanted(stage, outputs)) stages.push_back(&stage);
    }
    // Everything is asked before the first lock is written.
    std::vector<std::pair<const Stage*, StageState>> changed;
    for (const Stage* stage : stages) {
      StageState state = inspector_.inspect(*stage);
      if (!state.changed() || stage->callback()) continue;
      agree(*stage, state);
      changed.emplace_back(stage, std::move(state));
    }
    for (const auto& [stage, state] : changed) record(*stage);
    repository_.refresh();
    result_.staged = autostage(repository_, result_.changed_files);
    return std::move(result_);
  }

 private:
  bool wanted(const Stage& stage, std::span<const SelectedOutput> outputs) {
    const bool named = std::ranges::any_of(outputs, [&](const SelectedOutput& one) {
      return one.output.file == stage.file && one.output.stage == stage.name;
    });
    if (named || !options_.everything || inspector_.locked(stage) != nullptr) return named;
    // It never ran here, but somebody has made what it would make.
    return !stage.outs.empty() && std::ranges::all_of(stage.outs, [&](const StageOut& out) {
      return inspector_.item(stage, out.path, HashKind::md5).has_value();
    });
  }

  // Outputs are what was asked for; that they were made of the inputs of this moment is not said.
  void agree(const Stage& stage, const StageState& state) {
    if (!state.inputs_changed() || options_.force) return;
    const std::string reason = state.reason();
    if (options_.confirm && options_.confirm(fmt::format("record '{}' as if it had run now ({})?",
                                                         stage.address(), reason))) {
      return;
    }
    throw Error(
        ErrorKind::conflict,
        fmt::format("the stage '{}' would not make this again: {}", stage.address(), reason),
        "'mlopsctl repro' runs it; --force records what is there as its result");
  }

  void record(const Stage& stage) {
    std::vector<std::optional<ObjectId>> before;
    const LockEntry* old = inspector_.locked(stage);
    for (const auto& out : stage.outs) {
      const LockedItem* item = old == nullptr ? nullptr : old->out(out.path);
      before.push_back(item == nullptr ? std::nullopt : item->id);
    }
    LockEntry entry = inspector_.inputs(stage);
    std::vector<std::string> ignored;
    record_outputs(repository_, inspector_, stage, true, false, entry, ignored, progress_);
    for (auto& file : ignored) add_once(result_.changed_files, std::move(file));
    for (std::size_t i = 0; i < stage.outs.size(); ++i) {
      const LockedItem& item = entry.outs[i];
      OutEntry shown{.path = item.path, .id = item.id, .size = item.size, .nfiles = item.nfiles};
      result_.outputs.push_back({stage.path_of(item.path), stage.file, std::move(shown),
                                 before[i] == item.id ? Change::unchanged : Change::updated});
    }
    const std::string path = lock_path(stage.file);
    const fs::path whole = repository_.root() / path;
    const std::string text = fs::exists(whole) ? read_file(whole) : "";
    const std::string now = lock_text_with(text, stage.name, entry);
    inspector_.forget_lock(stage.file);
    if (now == text) return;
    write_file_atomically(whole, now);
    add_once(result_.changed_files, path);
  }

  Repository& repository_;
  const CommitStagesOptions& options_;
  Progress& progress_;
  StageInspector inspector_;
  CommitResult result_;
};

}  // namespace

CommitResult commit_stages(Repository& repository, std::span<const SelectedOutput> outputs,
                           const CommitStagesOptions& options, Progress& progress) {
  const RepositoryLock lock(repository);
  return StageCommit(repository, options, progress).run(outputs);
}

}  // namespace mlopsctl::data
