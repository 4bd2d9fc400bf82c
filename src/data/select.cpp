// What a user means by a target.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/workspace.hpp"

#include "data/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

using Found = std::vector<SelectedOutput>;

bool below(std::string_view path, std::string_view folder) {
  if (folder.empty()) return true;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// "train", "train@1" of the group, in one dvc.yaml.
void find_stage(const std::vector<TrackedOutput>& outputs, const std::string& file,
                const std::string& name, Found& found) {
  for (const auto& one : outputs) {
    if (one.file != file || one.stage.empty()) continue;
    if (one.stage == name || one.stage.starts_with(name + "@")) found.push_back({one, ""});
  }
}

Found find_target(const std::vector<TrackedOutput>& outputs, const std::string& target,
                  const std::string& path, const std::string& base, const SelectOptions& options) {
  Found found;
  if (options.glob) {
    for (const auto& one : outputs) {
      if (glob_match(path, one.path) || glob_match(path, one.file)) found.push_back({one, ""});
    }
    return found;
  }
  for (const auto& one : outputs) {
    if (one.path == path) found.push_back({one, ""});
  }
  if (!found.empty()) return found;
  for (const auto& one : outputs) {
    if (one.file == path) found.push_back({one, ""});
  }
  if (!found.empty()) return found;
  for (const auto& one : outputs) {
    if (below(path, one.path)) found.push_back({one, path.substr(one.path.size() + 1)});
  }
  if (!found.empty()) return found;
  if (const std::size_t colon = target.rfind(':'); colon != std::string::npos) {
    const std::size_t cut = path.rfind(':');
    std::string file = path.substr(0, cut);
    if (colon == 0) file = base.empty() ? "dvc.yaml" : base + "/dvc.yaml";
    find_stage(outputs, file, target.substr(colon + 1), found);
  } else {
    find_stage(outputs, base.empty() ? "dvc.yaml" : base + "/dvc.yaml", target, found);
  }
  if (found.empty() && options.recursive) {
    for (const auto& one : outputs) {
      if (below(one.path, path)) found.push_back({one, ""});
    }
  }
  return found;
}

[[noreturn]] void not_found(const std::vector<TrackedOutput>& outputs, const std::string& target,
                            const std::string& path) {
  std::vector<std::string> names;
  bool folder = false;
  for (const auto& one : outputs) {
    folder = folder || below(one.path, path);
    names.push_back(one.path);
    names.push_back(one.stage.empty() ? one.file : one.stage);
  }
  const auto near = closest(path, names);
  throw Error(ErrorKind::not_found, fmt::format("nothing that is called '{}' is tracked", target),
              folder ? "it holds tracked things: add --recursive to mean all of them"
              : near
                  ? fmt::format("did you mean '{}'?", *near)
                  : fmt::format("'mlopsctl data add {}' tracks it; 'mlopsctl data ls' shows what "
                                "is tracked",
                                target));
}

}  // namespace

std::vector<SelectedOutput> Repository::select(std::span<const std::string> targets,
                                               const fs::path& base, const SelectOptions& options) {
  const auto& all = outputs();
  Found selected;
  if (targets.empty()) {
    for (const auto& one : all) selected.push_back({one, ""});
    return selected;
  }
  const std::string here = relative(fs::absolute(base), base);
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& target : targets) {
    const std::string path = relative(target, base);
    const Found found = find_target(all, target, path, here, options);
    if (found.empty()) not_found(all, target, path);
    for (const auto& one : found) {
      if (seen.emplace(one.output.path, one.inside).second) selected.push_back(one);
    }
  }
  return selected;
}

}  // namespace mlopsctl::data
