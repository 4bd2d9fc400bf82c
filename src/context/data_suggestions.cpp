#include "context/data_suggestions.hpp"

#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/plots.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl {

namespace {

namespace fs = std::filesystem;

std::string seen_from(const fs::path& here, const data::Repository& repository,
                      const std::string& path) {
  return (repository.root() / path).lexically_proximate(here).generic_string();
}

std::vector<Suggestion> revisions(data::Repository& repository) {
  std::vector<Suggestion> result{{"HEAD", "the last commit"}, {"workspace", "the working tree"}};
  GitRepository* git = repository.git();
  if (git == nullptr) return result;
  for (auto& name : git->branches()) result.push_back({std::move(name), "branch"});
  for (auto& name : git->tags()) result.push_back({std::move(name), "tag"});
  return result;
}

std::vector<Suggestion> remotes(const data::Repository& repository) {
  std::vector<Suggestion> result;
  const auto& config = repository.config();
  for (auto& name : config.remotes()) {
    std::string url = config.text(data::remote_section(name), "url");
    result.push_back({std::move(name), std::move(url)});
  }
  return result;
}

// Outputs, the .dvc files that track them, stages, and what is in the folder that is being typed.
std::vector<Suggestion> targets(data::Repository& repository, const fs::path& here,
                                std::string_view prefix) {
  std::vector<Suggestion> result;
  std::set<std::string> files;
  for (const auto& output : repository.outputs()) {
    const bool folder = output.entry.id && output.entry.id->is_directory();
    const std::string path = seen_from(here, repository, output.path) + (folder ? "/" : "");
    result.push_back({path, output.stage.empty() ? "data" : "of stage " + output.stage});
    if (output.stage.empty()) files.insert(seen_from(here, repository, output.file));
    if (!folder || !prefix.starts_with(path) || !repository.cache().has(*output.entry.id)) continue;
    // One level at a time, as for files.
    std::set<std::string> members;
    for (const auto& member : repository.cache().tree(*output.entry.id).entries) {
      const std::string whole = path + member.path;
      if (!whole.starts_with(prefix)) continue;
      const auto slash = whole.find('/', prefix.size());
      members.insert(slash == std::string::npos ? whole : whole.substr(0, slash + 1));
    }
    for (const auto& member : members) result.push_back({member, ""});
  }
  for (const auto& file : files) result.push_back({file, ""});
  for (auto& name : data::Pipelines::load(repository).names(repository.relative(here, here))) {
    if (!files.contains(name)) result.push_back({std::move(name), "stage"});
  }
  return result;
}

}  // namespace

std::vector<Suggestion> data_suggestions(Complete kind, const fs::path& here,
                                         std::string_view prefix) {
  std::vector<Suggestion> result;
  if (kind == Complete::plot_template) {
    for (auto& name : data::plot_templates()) result.push_back({std::move(name), ""});
  } else if (data::Repository::find_root(here)) {
    data::Repository repository = data::Repository::open(here);
    if (kind == Complete::revision) result = revisions(repository);
    if (kind == Complete::remote) result = remotes(repository);
    if (kind == Complete::data_target) result = targets(repository, here, prefix);
    if (kind == Complete::stage) {
      for (auto& name : data::Pipelines::load(repository).names(repository.relative(here, here)))
        result.push_back({std::move(name), ""});
    }
  }
  std::erase_if(result, [&](const Suggestion& one) { return !one.value.starts_with(prefix); });
  return result;
}

}  // namespace mlopsctl
