// A DVC repository on disk: where it is, what it tracks, what is in its working tree.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/cache.hpp"
#include "mlopsctl/data/config.hpp"
#include "mlopsctl/data/dvc_file.hpp"
#include "mlopsctl/data/ignore.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {
class GitRepository;
}

namespace mlopsctl::data {

namespace fs = std::filesystem;

// One output of a .dvc file or of a stage of dvc.yaml, with what was last recorded about it.
struct TrackedOutput {
  std::string file;   // the .dvc or dvc.yaml, relative to the root
  std::string stage;  // name in dvc.yaml; empty for a .dvc file
  std::string path;   // of the output, relative to the root, normalised: "data/train"
  OutEntry entry;
  bool import = false;  // the .dvc has deps

  // "data.dvc", "train" or "sub/dvc.yaml:train": how DVC names the stage.
  std::string address() const;
};

// What a user names: an output, something inside a tracked directory, a .dvc file, a dvc.yaml, a
// stage.
struct SelectedOutput {
  TrackedOutput output;
  std::string inside;  // path inside a directory output; empty: all of it
};

struct SelectOptions {
  bool recursive = false;  // a folder means everything tracked below it
  bool glob = false;       // targets are patterns
};

// Not thread-safe. Opening reads the configuration only; everything else happens at the first use.
class Repository {
 public:
  // The repository that contains `start`. Throws Error{not_found}, Error{config}.
  static Repository open(const fs::path& start);
  // Its root, nothing if there is none.
  static std::optional<fs::path> find_root(const fs::path& start);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  const fs::path& root() const;  // absolute
  fs::path folder() const;       // <root>/.dvc
  fs::path temporary() const;    // <root>/.dvc/tmp, made if necessary
  const DataConfig& config() const;
  ObjectCache& cache();
  IgnoreRules& ignore();
  GitRepository* git();  // null with core.no_scm or outside a git working tree

  // Everything that .dvc and dvc.lock files record, sorted by path. Ignored folders are skipped.
  const std::vector<TrackedOutput>& outputs();
  // Forgets what was read, after files were written.
  void refresh();

  // Empty `targets`: everything. Targets are relative to `base`. Throws Error{not_found} with the
  // nearest name for one that names nothing.
  std::vector<SelectedOutput> select(std::span<const std::string> targets, const fs::path& base,
                                     const SelectOptions& options = {});

  // A path (absolute, or relative to `base`) as the root sees it: "data/x", "" for the root.
  // Throws Error{usage} if it is outside of the repository.
  std::string relative(const fs::path& path, const fs::path& base) const;

 private:
  struct State;
  explicit Repository(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What .dvc and dvc.lock files of a git revision record, sorted by path.
std::vector<TrackedOutput> outputs_at(GitRepository& git, const std::string& revision,
                                      const std::string& root_in_git);

// Reads the outputs of a dvc.lock; `dvc_yaml` says which are not cached or not pushed.
std::vector<TrackedOutput> lock_outputs(std::string_view dvc_lock, std::string_view dvc_yaml,
                                        const std::string& file);

// The objects that an output needs: itself and, for a directory whose ".dir" is in the cache, its
// members. `complete` turns false if the ".dir" is missing. Uncached outputs need nothing.
struct NeededObject {
  ObjectId id;
  std::string path;  // in the working tree, relative to the root
};
std::vector<NeededObject> needed_objects(ObjectCache& cache, const SelectedOutput& output,
                                         bool& complete);

}  // namespace mlopsctl::data
