#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/change.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

namespace {

// DVC's own text.
constexpr std::string_view dvcignore =
    "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n"
    "# https://dvc.org/doc/user-guide/dvcignore\n";
constexpr std::string_view gitignore = "/config.local\n/tmp\n/cache\n";

}  // namespace

InitResult init(const fs::path& folder, const InitOptions& options) {
  InitResult result{.root = fs::weakly_canonical(folder), .made = false, .files = {}};
  const fs::path dvc = result.root / ".dvc";
  if (fs::exists(dvc / "config")) return result;
  const auto git_folder = git_root(result.root);
  if (!options.no_scm) {
    if (!git_folder) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} is in no git working tree", quoted_path(result.root)),
                  "'git init' first, or --no-scm to do without git");
    }
    if (fs::weakly_canonical(*git_folder) != result.root && !options.subdir) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} is not the root of the git working tree {}",
                              quoted_path(result.root), quoted_path(*git_folder)),
                  "go there, or add --subdir to make it here");
    }
  }
  const auto write = [&](const fs::path& file, std::string_view text) {
    if (fs::exists(result.root / file)) return;
    write_file_atomically(result.root / file, text);
    result.files.push_back(file.string());
  };
  if (!options.no_scm) write(".dvc/.gitignore", gitignore);
  write(".dvcignore", dvcignore);
  fs::create_directories(dvc / "tmp");
  write_file_atomically(dvc / "tmp" / "btime", "");
  // Last: its presence says that the rest is there.
  write(".dvc/config", options.no_scm ? "[core]\n    no_scm = True\n" : "");
  if (!options.no_scm) {
    if (auto git = GitRepository::open(result.root)) {
      const fs::path base = result.root.lexically_relative(git->root());
      std::vector<std::string> paths;
      for (const auto& file : result.files) {
        paths.push_back((base / file).lexically_normal().string());
      }
      git->stage(paths);
    }
  }
  result.made = true;
  return result;
}

}  // namespace mlopsctl::data
