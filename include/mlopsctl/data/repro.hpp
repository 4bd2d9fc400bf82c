// Bringing a pipeline up to date: stages whose command, dependencies, parameters or outputs differ
// from their dvc.lock are run again, or taken from the run cache.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/source.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

// Which stages a call is about, in the order in which they may run.
struct PlanOptions {
  std::vector<std::string> targets;  // empty: the dvc.yaml in `base`
  std::string base;                  // folder that targets are relative to, relative to the root
  bool all_pipelines = false;        // every stage of the repository
  bool pipeline = false;             // with everything that is connected to the targets
  bool recursive = false;            // targets are folders
  bool downstream = false;           // targets and what depends on them
  bool single = false;               // only the targets themselves
  bool glob = false;                 // targets are patterns
};
// Indexes into pipelines.stages(), producers before consumers. Frozen stages cut their
// dependencies off. Throws Error{not_found}.
std::vector<std::size_t> plan(const Pipelines& pipelines, const PlanOptions& options);

enum class StageOutcome {
  unchanged,
  ran,
  restored,  // from the run cache, or only checked out
  recorded,  // no command: data or outputs of a frozen stage were recorded as they are
  would_run,
  failed,
  skipped,  // because a stage that it depends on failed
};
std::string_view to_string(StageOutcome outcome);

struct StageResult {
  std::string stage;  // address as seen from `base`
  StageOutcome outcome = StageOutcome::unchanged;
  std::string reason;  // why it ran, or what failed: "params.yaml: lr changed"
  Milliseconds duration{0};
  std::optional<LockEntry> entry{};  // what it used and made, if it ran, was restored or recorded
  std::string folder{};              // that the paths in it are relative to, relative to the root
};

struct ReproOptions {
  PlanOptions plan;
  unsigned jobs = 1;  // stages that run at the same time
  bool force = false;
  bool force_downstream = false;  // also what depends on a stage that ran
  bool allow_missing = false;     // data that is only missing does not count as changed
  bool keep_going = false;        // after a failure, go on with what does not depend on it
  bool ignore_errors = false;     // go on with everything
  bool dry = false;               // only say what would run
  bool commit = true;             // false: outputs are hashed but not put into the cache
  bool run_cache = true;
  std::function<bool(const std::string& question)>
      confirm;      // asked before each stage; may be empty
  int out = 1;      // where the commands' standard output goes
  SourceLook look;  // at URLs that stages depend on
  // Fetches the data of an import (the .dvc, relative to the root) again. Takes the lock itself.
  std::function<void(const std::string& file)> update_import;
  // --pull: fetches an object, and the members of a ".dir", into the cache; quiet if the remote
  // does not have them. remote: of the output; empty: the usual one.
  std::function<void(const ObjectId& id, const std::string& remote)> fetch;
};

struct ReproResult {
  std::vector<StageResult> stages;         // in the order in which they ended
  std::vector<std::string> changed_files;  // dvc.lock, .gitignore, .dvc; relative to the root
  bool failed = false;
};

// Runs while it holds the repository's lock, except while commands run. dvc.lock is written after
// each stage, so an interrupted call loses the running stages only. Throws Error{interrupted} after
// the commands have ended.
ReproResult reproduce(Repository& repository, const ReproOptions& options, Progress& progress);

}  // namespace mlopsctl::data
