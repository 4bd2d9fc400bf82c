#include "mlopsctl/data/revision.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

struct RevisionFiles::State {
  Repository& repository;
  std::string revision;
  std::string commit;  // empty: the working tree
  std::string below;   // of the root in git, with its '/'
  std::optional<std::vector<TrackedOutput>> outputs;
  std::optional<Pipelines> pipelines;
  std::optional<std::map<std::string, std::string>> blobs;  // path → id

  GitRepository& git() { return *repository.git(); }

  const std::map<std::string, std::string>& tree() {
    if (!blobs) {
      blobs.emplace();
      for (auto& blob :
           git().files(commit, [&](std::string_view path) { return path.starts_with(below); })) {
        blobs->emplace(blob.path.substr(below.size()), blob.id);
      }
    }
    return *blobs;
  }

  const std::vector<TrackedOutput>& tracked() {
    if (commit.empty()) return repository.outputs();
    if (!outputs)
      outputs = outputs_at(git(), commit, below.empty() ? "" : below.substr(0, below.size() - 1));
    return *outputs;
  }

  // The output that a path is, or lies in.
  std::optional<ObjectId> object_at(const std::string& path) {
    for (const auto& output : tracked()) {
      if (!output.entry.id) continue;
      if (output.path == path) return *output.entry.id;
      if (!path.starts_with(output.path + "/") || !output.entry.id->is_directory()) continue;
      if (!repository.cache().has(*output.entry.id)) return std::nullopt;
      const Tree tree = repository.cache().tree(*output.entry.id);
      const TreeEntry* member = tree.find(path.substr(output.path.size() + 1));
      if (member != nullptr) return ObjectId{member->md5, output.entry.id->kind};
    }
    return std::nullopt;
  }
};

RevisionFiles::RevisionFiles(Repository& repository, const std::string& revision)
    : state_(std::make_unique<State>(State{repository, revision, "", "", {}, {}, {}})) {
  if (revision == "workspace") return;
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::not_found, "there is no git repository here, so there are no revisions");
  }
  const auto commit = git->resolve(revision);
  if (!commit) {
    throw Error(ErrorKind::not_found, fmt::format("there is no revision {}", quote(revision)));
  }
  state_->commit = *commit;
  const std::string below = repository.root().lexically_relative(git->root()).generic_string();
  if (below != ".") state_->below = below + "/";
}

RevisionFiles::RevisionFiles(RevisionFiles&&) noexcept = default;
RevisionFiles::~RevisionFiles() = default;

const std::string& RevisionFiles::name() const { return state_->revision; }

std::optional<std::string> RevisionFiles::read(const std::string& path) {
  if (state_->commit.empty()) {
    const fs::path whole = state_->repository.root() / path;
    std::error_code failed;
    if (fs::is_regular_file(whole, failed)) return read_file(whole);
  } else if (const auto found = state_->tree().find(path); found != state_->tree().end()) {
    return state_->git().blob(found->second);
  }
  const auto id = state_->object_at(path);
  if (!id || id->is_directory() || !state_->repository.cache().has(*id)) return std::nullopt;
  return state_->repository.cache().read(*id);
}

std::vector<std::string> RevisionFiles::files_at(const std::string& path) {
  std::vector<std::string> files;
  const std::string inside = path + "/";
  if (state_->commit.empty()) {
    const fs::path whole = state_->repository.root() / path;
    std::error_code failed;
    if (fs::is_directory(whole, failed)) {
      for (const auto& entry : fs::recursive_directory_iterator(whole)) {
        if (entry.is_regular_file()) {
          files.push_back(inside + entry.path().lexically_relative(whole).generic_string());
        }
      }
    }
  } else {
    for (const auto& [file, id] : state_->tree()) {
      if (file.starts_with(inside)) files.push_back(file);
    }
  }
  if (files.empty()) {
    for (const auto& output : state_->tracked()) {
      const auto& id = output.entry.id;
      if (output.path != path || !id || !id->is_directory()) continue;
      if (!state_->repository.cache().has(*id)) continue;
      for (const auto& member : state_->repository.cache().tree(*id).entries) {
        files.push_back(inside + member.path);
      }
    }
  }
  if (files.empty()) files.push_back(path);
  std::ranges::sort(files);
  return files;
}

const Pipelines& RevisionFiles::pipelines() {
  if (state_->pipelines) return *state_->pipelines;
  if (state_->commit.empty()) {
    state_->pipelines = Pipelines::load(state_->repository);
    return *state_->pipelines;
  }
  std::vector<Stage> stages;
  std::vector<ReportSources> reports;
  const FileReader reader = [this](const std::string& path) { return read(path); };
  for (const auto& [path, id] : state_->tree()) {
    if (path != "dvc.yaml" && !path.ends_with("/dvc.yaml")) continue;
    PipelineFile loaded = load_pipeline_file(path, state_->git().blob(id), reader, {});
    std::ranges::move(loaded.stages, std::back_inserter(stages));
    reports.push_back(std::move(loaded.reports));
  }
  state_->pipelines.emplace(std::move(stages), std::move(reports));
  return *state_->pipelines;
}

}  // namespace mlopsctl::data
