// Making a repository, and what happens to outputs besides add and checkout.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct InitOptions {
  bool no_scm = false;  // without git
  bool subdir = false;  // in a folder of a git working tree
};
struct InitResult {
  fs::path root;
  bool made = false;               // false: it was there
  std::vector<std::string> files;  // written, relative to the root; added to git unless no_scm
};
// Throws Error{conflict} if `folder` is not the root of a git working tree and no option says that
// this is meant.
InitResult init(const fs::path& folder, const InitOptions& options);

struct ChangeResult {
  std::vector<std::string> outputs;        // relative to the root
  std::vector<std::string> changed_files;  // pointer and ignore files, written or removed
  bool staged = false;
};

// Stops tracking: removes pointer files and .gitignore lines. The data stay, as plain files, or go
// with `with_data`. Throws Error{conflict} for outputs of stages.
ChangeResult remove_outputs(Repository& repository, std::span<const SelectedOutput> outputs,
                            bool with_data);

// Renames a tracked file or folder with its pointer file. Throws Error{conflict} if the new name is
// taken.
ChangeResult move_output(Repository& repository, const std::string& from, const std::string& to,
                         const fs::path& base);

// Replaces links to the cache by writable copies. Returns the paths that changed.
std::vector<std::string> unprotect(Repository& repository, std::span<const SelectedOutput> outputs,
                                   Progress& progress);

// Moves DVC 2 objects to where DVC 3 looks for them, and with pointer_files renews the entries that
// name them. Returns how many objects and pointer files changed.
struct MigrateResult {
  std::size_t objects = 0;
  std::vector<std::string> changed_files;
};
MigrateResult migrate_cache(Repository& repository, bool pointer_files, Progress& progress);

}  // namespace mlopsctl::data
