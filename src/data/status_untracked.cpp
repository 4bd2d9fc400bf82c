#include "data/status_untracked.hpp"

#include "mlopsctl/platform/git_repository.hpp"

namespace mlopsctl::data {

std::vector<std::string> untracked_files(Repository& repository) {
  std::string base = repository.root().lexically_relative(repository.git()->root()).string();
  base = base == "." ? "" : base + "/";
  std::vector<std::string> paths;
  for (auto& path : repository.git()->untracked()) {
    if (path.starts_with(base)) paths.push_back(path.substr(base.size()));
  }
  return paths;
}

}  // namespace mlopsctl::data
