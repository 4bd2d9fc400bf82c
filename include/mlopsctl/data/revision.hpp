// The files of a repository at one moment: as they are in the working tree, or in a commit. Files
// that only the cache has are read from there.
#pragma once

#include "mlopsctl/data/pipeline.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

class RevisionFiles {
 public:
  // revision: what git understands, or "workspace". Throws Error{not_found} for an unknown one.
  RevisionFiles(Repository& repository, const std::string& revision);
  RevisionFiles(RevisionFiles&&) noexcept;
  ~RevisionFiles();

  const std::string& name() const;  // as given
  // Paths are relative to the root.
  std::optional<std::string> read(const std::string& path);
  // The file itself, or the files below a folder, sorted.
  std::vector<std::string> files_at(const std::string& path);
  // Every stage and what the dvc.yaml files name beside them; errors in them are thrown.
  const Pipelines& pipelines();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::data
