// Putting data under version control: into the cache, and a pointer file beside it.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

// Puts every file of a path into the cache and returns what it is. Nothing in the working tree
// changes except that files become links where cache.type asks for it (relink), which happens after
// the cached copies are complete and on disk. Throws Error{conflict} if a file changes meanwhile.
struct StoreOptions {
  bool relink = true;
  // What was recorded before: spares copying a file that is probably in the cache.
  const OutEntry* before = nullptr;
};
PathDigest store_path(Repository& repository, Digests& digests, const std::string& path,
                      const StoreOptions& options, Progress& progress);

enum class Change { added, updated, unchanged };

struct AddOptions {
  bool commit = true;  // false: only hash, as --no-commit
  bool relink = true;
  bool force = false;  // replace an output that exists
  std::string output;  // -o: where a copy of the one target goes, relative to base
  Annotations annotations;
};

struct AddedOutput {
  std::string path;  // relative to the root
  std::string file;  // its .dvc
  OutEntry entry;
  Change change = Change::added;
};

struct AddResult {
  std::vector<AddedOutput> outputs;
  std::vector<std::string> changed_files;  // .dvc and .gitignore, relative to the root
  bool staged = false;                     // core.autostage has added them to git
};

// Targets are relative to `base`. All are checked before the first is touched. Throws
// Error{not_found} for a target that is not there, Error{conflict} for what git or another output
// holds.
AddResult add(Repository& repository, std::span<const std::string> targets, const fs::path& base,
              const AddOptions& options, Progress& progress);

// Records what is in the working tree now for outputs that differ from their .dvc files; outputs of
// stages are left to commit_stages.
struct CommitResult {
  std::vector<AddedOutput> outputs;  // those that were looked at
  std::vector<std::string> changed_files;
  bool staged = false;
};
CommitResult commit(Repository& repository, std::span<const SelectedOutput> outputs, bool relink,
                    Progress& progress);

// Writes the stages of the named outputs into dvc.lock as if they had run now: command,
// dependencies, parameters and outputs as they are. Throws Error{conflict} for a stage whose
// command or inputs changed unless that is agreed to, and Error{not_found} for an output that is
// not there; either before anything is written.
struct CommitStagesOptions {
  bool everything = false;  // also stages that never ran here and whose outputs are all there
  bool force = false;
  std::function<bool(const std::string& question)> confirm;  // may be empty: no
  SourceLook look;                                           // at URLs that stages depend on
};
CommitResult commit_stages(Repository& repository, std::span<const SelectedOutput> outputs,
                           const CommitStagesOptions& options, Progress& progress);

// Adds files to git's index if core.autostage asks for it; true if it did.
bool autostage(Repository& repository, const std::vector<std::string>& files);

}  // namespace mlopsctl::data
