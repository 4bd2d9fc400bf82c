#include "mlopsctl/data/add.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "data/discovery.hpp"
#include "data/gitignore.hpp"
#include "data/granular.hpp"
#include "data/pointer_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

bool below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// One target, after everything about it was checked.
struct Plan {
  std::string path;                    // output
  std::string inside;                  // what of it, for a file inside tracked data
  const TrackedOutput* old = nullptr;  // what tracks it already
};

void check_stage(const TrackedOutput& old) {
  if (!old.stage.empty()) {
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' is an output of the stage '{}'", old.path, old.address()),
                "'mlopsctl repro' makes it; 'mlopsctl data commit' records it as it is");
  }
  if (old.import) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' was imported ('{}')", old.path, old.file),
                fmt::format("'mlopsctl data update {}' fetches it again; 'mlopsctl data remove {}' "
                            "makes it yours",
                            old.file, old.file));
  }
}

// DVC follows a link that is the target, and no link to a folder.
void check_links(Repository& repository, const std::string& path) {
  fs::path at = repository.root();
  std::error_code failed;
  for (const auto& name : fs::path(path)) {
    at /= name;
    if (!fs::is_symlink(fs::symlink_status(at, failed))) continue;
    if (at == repository.root() / path && !fs::is_directory(at, failed)) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' leads through the linked folder {}", path, quoted_path(at)),
                "add the folder itself");
  }
}

void check_contents(Repository& repository, const std::string& path) {
  const fs::path whole = repository.root() / path;
  std::error_code failed;
  if (!fs::is_directory(whole, failed)) return;
  for (const auto& output : repository.outputs()) {
    if (output.path == path) continue;
    if (below(output.file, path) || below(output.path, path)) {
      throw Error(
          ErrorKind::conflict,
          fmt::format("'{}' holds '{}', which is tracked by itself", path, output.path),
          fmt::format("'mlopsctl data remove {}' first, or add the rest one by one", output.file));
    }
  }
  for (const char* name : {"dvc.yaml", "dvc.lock"}) {
    if (fs::exists(whole / name, failed)) {
      throw Error(ErrorKind::conflict, fmt::format("'{}/{}' is inside the data", path, name),
                  "a pipeline file belongs outside of it");
    }
  }
}

Plan make_plan(Repository& repository, const std::string& target, const fs::path& base) {
  Plan plan{repository.relative(target, base), "", nullptr};
  if (plan.path.empty()) {
    throw Error(ErrorKind::usage, "the repository itself cannot be added to it",
                "name a file or folder inside");
  }
  if (is_dvc_file(plan.path) || plan.path == ".dvc" || plan.path.starts_with(".dvc/") ||
      plan.path.starts_with(".git/") || plan.path == ".git") {
    throw Error(ErrorKind::usage, fmt::format("'{}' is no data", plan.path),
                "name the data itself, not its pointer file");
  }
  for (const auto& output : repository.outputs()) {
    if (output.path == plan.path) {
      check_stage(output);
      plan.old = &output;
      return plan;
    }
    if (below(plan.path, output.path)) {
      check_stage(output);
      plan.inside = plan.path.substr(output.path.size() + 1);
      plan.path = output.path;
      plan.old = &output;
      return plan;
    }
  }
  std::error_code failed;
  if (!fs::exists(repository.root() / plan.path, failed)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no file or folder '{}'", target));
  }
  check_links(repository, plan.path);
  if (const auto rule = repository.ignore().ignoring(
          plan.path, fs::is_directory(repository.root() / plan.path, failed))) {
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' is ignored by {}", plan.path, quote(rule->origin)),
                "change .dvcignore, or leave it untracked");
  }
  check_contents(repository, plan.path);
  return plan;
}

void require_untracked_by_git(Repository& repository, const std::string& path) {
  GitRepository* git = repository.git();
  if (git == nullptr) return;
  const fs::path base = repository.root().lexically_relative(git->root());
  if (git->tracked((base / path).lexically_normal().string())) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' is tracked by git", path),
                fmt::format("to version it as data: git rm -r --cached '{}'", path));
  }
}

// -o: a copy of something, often from outside, becomes a file of the repository.
std::string copy_to_output(Repository& repository, const std::string& target, const fs::path& base,
                           const AddOptions& options) {
  std::string path = repository.relative(options.output, base);
  const fs::path to = repository.root() / path;
  const fs::path from = fs::absolute(base) / target;
  if (!fs::exists(from)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no file or folder '{}'", target));
  }
  if (fs::exists(to) && !options.force) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' exists", path), "replace it with --force");
  }
  const fs::path staging = repository.temporary() / "copy";
  fs::remove_all(staging);
  fs::create_directories(to.parent_path());
  fs::copy(from, staging, fs::copy_options::recursive);
  fs::remove_all(to);
  fs::rename(staging, to);
  return path;
}

}  // namespace

bool autostage(Repository& repository, const std::vector<std::string>& files) {
  GitRepository* git = repository.git();
  if (files.empty() || git == nullptr || !repository.config().boolean("core", "autostage", false)) {
    return false;
  }
  const fs::path base = repository.root().lexically_relative(git->root());
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back((base / file).lexically_normal().string());
  git->stage(paths);
  return true;
}

AddResult add(Repository& repository, std::span<const std::string> targets, const fs::path& base,
              const AddOptions& options, Progress& progress) {
  const RepositoryLock lock(repository);
  Digests digests(repository);
  std::vector<Plan> plans;
  if (!options.output.empty()) {
    if (targets.size() != 1) {
      throw Error(ErrorKind::usage, "--output takes exactly one target");
    }
    const std::string path = copy_to_output(repository, targets.front(), base, options);
    plans.push_back(make_plan(repository, (repository.root() / path).string(), base));
  } else {
    for (const auto& target : targets) plans.push_back(make_plan(repository, target, base));
  }
  for (const auto& plan : plans) {
    for (const auto& other : plans) {
      if (below(other.path, plan.path) && other.inside.empty() && plan.inside.empty()) {
        throw Error(ErrorKind::usage, fmt::format("'{}' is inside '{}'", other.path, plan.path),
                    "add one of them");
      }
    }
    require_untracked_by_git(repository, plan.path);
  }
  std::vector<std::string> writes;
  for (const auto& plan : plans) writes.push_back(plan.path);
  const PathLocks paths(repository, {}, writes, "mlopsctl data add");
  AddResult result;
  for (const auto& plan : plans) {
    AddedOutput added{
        plan.path, plan.old != nullptr ? plan.old->file : plan.path + ".dvc", {}, Change::added};
    const OutEntry* before = plan.old != nullptr ? &plan.old->entry : nullptr;
    if (!plan.inside.empty()) {
      added.entry =
          add_inside(repository, digests, *plan.old, plan.inside, options.commit, progress);
    } else if (options.commit) {
      added.entry = entry_of(store_path(repository, digests, plan.path,
                                        {.relink = options.relink, .before = before}, progress));
    } else {
      const auto digest = digests.of(plan.path);
      if (!digest) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no file or folder '{}'", plan.path));
      }
      added.entry = entry_of(*digest);
    }
    const std::string ignored = ignore_in_git(repository, plan.path);
    digests.manage(plan.path);
    const bool written = write_pointer(repository, added.file, added.entry, options.annotations);
    if (before != nullptr) added.change = written ? Change::updated : Change::unchanged;
    if (written) result.changed_files.push_back(added.file);
    if (!ignored.empty()) result.changed_files.push_back(ignored);
    result.outputs.push_back(std::move(added));
  }
  std::ranges::sort(result.changed_files);
  auto& changed = result.changed_files;
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  repository.refresh();
  result.staged = autostage(repository, result.changed_files);
  return result;
}

}  // namespace mlopsctl::data
