#include "data/discovery.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "data/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlopsctl::data {

namespace {

// Runs `read` and names the file in what goes wrong.
template <class Read>
std::vector<TrackedOutput> named(const std::string& file, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::config, fmt::format("'{}': {}", file, error.what()), error.hint());
  }
}

void sort_by_path(std::vector<TrackedOutput>& outputs) {
  std::ranges::sort(outputs, {},
                    [](const TrackedOutput& one) -> const std::string& { return one.path; });
}

class Walk {
 public:
  explicit Walk(Repository& repository) : repository_(repository), git_(repository.git()) {
    if (git_ != nullptr) {
      below_git_ = repository.root().lexically_relative(git_->root()).string();
      if (below_git_ == ".") below_git_.clear();
    }
  }

  std::vector<TrackedOutput> run() {
    std::vector<std::string> folders{""};
    while (!folders.empty()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      if (!tracked_.contains(folder)) visit(folder, folders);
    }
    sort_by_path(outputs_);
    return std::move(outputs_);
  }

  std::vector<std::string> pipelines;  // the dvc.yaml files on the way

 private:
  bool skipped(const std::string& path, bool is_directory) {
    if (repository_.ignore().ignored_here(path, is_directory)) return true;
    return git_ != nullptr && git_->ignored(joined(below_git_, path) + (is_directory ? "/" : ""));
  }

  void visit(const std::string& folder, std::vector<std::string>& folders) {
    std::vector<std::string> below;
    std::error_code failed;
    for (fs::directory_iterator at(repository_.root() / folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      const std::string name = at->path().filename().string();
      const std::string path = joined(folder, name);
      std::error_code unknown;
      if (at->is_symlink(unknown) && at->is_directory(unknown)) continue;
      if (at->is_directory(unknown)) {
        if (name != ".git" && name != ".dvc") below.push_back(path);
      } else if (is_dvc_file(name)) {
        if (!skipped(path, false)) keep(dvc_file_outputs(read_file(at->path()), path));
      } else if (name == "dvc.yaml") {
        if (skipped(path, false)) continue;
        pipelines.push_back(path);
        keep(stage_outputs(path));
      }
    }
    for (const auto& one : below) {
      if (tracked_.contains(one) || skipped(one, true)) continue;
      if (fs::is_directory(repository_.root() / one / ".dvc", failed)) continue;
      folders.push_back(one);
    }
  }

  std::vector<TrackedOutput> stage_outputs(const std::string& path) const {
    const fs::path yaml = repository_.root() / path;
    const fs::path lock = yaml.parent_path() / "dvc.lock";
    return named(path, [&] {
      return lock_outputs(fs::exists(lock) ? read_file(lock) : "", read_file(yaml), path);
    });
  }

  void keep(std::vector<TrackedOutput> found) {
    for (auto& one : found) {
      tracked_.insert(one.path);
      outputs_.push_back(std::move(one));
    }
  }

  Repository& repository_;
  GitRepository* git_;
  std::string below_git_;
  std::set<std::string, std::less<>> tracked_;
  std::vector<TrackedOutput> outputs_;
};

}  // namespace

bool is_dvc_file(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return (name.ends_with(".dvc") && name.size() > 4) || name == "Dvcfile";
}

std::vector<TrackedOutput> dvc_file_outputs(std::string_view text, const std::string& file) {
  return named(file, [&] {
    const DvcFile parsed = parse_dvc_file(text);
    std::vector<TrackedOutput> outputs;
    for (const auto& out : parsed.outs) {
      const fs::path path = fs::path(file).parent_path() / parsed.wdir / out.path;
      std::string normal = path.lexically_normal().string();
      if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
      outputs.push_back({file, "", std::move(normal), out, !parsed.deps.empty()});
    }
    return outputs;
  });
}

std::vector<TrackedOutput> discover(Repository& repository) { return Walk(repository).run(); }

std::vector<std::string> pipeline_files(Repository& repository) {
  Walk walk(repository);
  walk.run();
  std::ranges::sort(walk.pipelines);
  return std::move(walk.pipelines);
}

std::vector<TrackedOutput> outputs_at(GitRepository& git, const std::string& revision,
                                      const std::string& root_in_git) {
  const std::string prefix = root_in_git.empty() ? "" : root_in_git + "/";
  std::map<std::string, std::string> yamls, locks;  // path: blob
  std::vector<TrackedOutput> outputs;
  const auto files = git.files(revision, [&](std::string_view path) {
    if (!path.starts_with(prefix)) return false;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return is_dvc_file(name) || name == "dvc.yaml" || name == "dvc.lock";
  });
  const auto add = [&](std::vector<TrackedOutput> found) {
    outputs.insert(outputs.end(), std::make_move_iterator(found.begin()),
                   std::make_move_iterator(found.end()));
  };
  for (const auto& file : files) {
    const std::string path = file.path.substr(prefix.size());
    if (path.ends_with("dvc.yaml")) {
      yamls[path] = file.id;
    } else if (path.ends_with("dvc.lock")) {
      locks[path] = file.id;
    } else {
      add(dvc_file_outputs(git.blob(file.id), path));
    }
  }
  for (const auto& yaml : yamls) {
    const std::string& path = yaml.first;
    const auto lock = locks.find((fs::path(path).parent_path() / "dvc.lock").string());
    const std::string lock_text = lock != locks.end() ? git.blob(lock->second) : "";
    add(named(path, [&] { return lock_outputs(lock_text, git.blob(yaml.second), path); }));
  }
  sort_by_path(outputs);
  return outputs;
}

}  // namespace mlopsctl::data
