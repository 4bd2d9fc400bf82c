#include "mlopsctl/data/workspace.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "data/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

namespace {

std::vector<LinkType> link_types(const DataConfig& config) {
  const std::string text = config.text("cache", "type", "reflink,copy");
  std::vector<LinkType> types;
  for (const auto& item : config_list(text)) {
    const std::string name = to_lower(item);
    types.push_back(name == "reflink"    ? LinkType::reflink
                    : name == "hardlink" ? LinkType::hardlink
                    : name == "symlink"  ? LinkType::symlink
                                         : LinkType::copy);
  }
  return types;
}

}  // namespace

struct Repository::State {
  fs::path root;
  DataConfig config;
  std::unique_ptr<ObjectCache> cache;
  std::unique_ptr<IgnoreRules> ignore;
  std::optional<std::unique_ptr<GitRepository>> git;  // looked for once
  std::optional<std::vector<TrackedOutput>> outputs;
};

std::string TrackedOutput::address() const {
  if (stage.empty()) return file;
  return file == "dvc.yaml" ? stage : fmt::format("{}:{}", file, stage);
}

std::optional<fs::path> Repository::find_root(const fs::path& start) {
  std::error_code failed;
  fs::path folder = fs::weakly_canonical(fs::absolute(start), failed);
  while (true) {
    if (fs::is_directory(folder / ".dvc", failed)) return folder;
    if (!folder.has_relative_path()) return std::nullopt;
    folder = folder.parent_path();
  }
}

Repository Repository::open(const fs::path& start) {
  const auto root = find_root(start);
  if (!root) {
    throw Error(
        ErrorKind::not_found,
        fmt::format("there is no DVC repository in {} or above", quoted_path(fs::absolute(start))),
        "make one with 'mlopsctl data init'");
  }
  auto state = std::make_unique<State>();
  state->root = *root;
  state->config = DataConfig::load(*root / ".dvc");
  return Repository(std::move(state));
}

Repository::Repository(std::unique_ptr<State> state) : state_(std::move(state)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

const fs::path& Repository::root() const { return state_->root; }
fs::path Repository::folder() const { return state_->root / ".dvc"; }
const DataConfig& Repository::config() const { return state_->config; }

fs::path Repository::temporary() const {
  fs::path path = folder() / "tmp";
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) {
    throw Error(ErrorKind::io,
                fmt::format("cannot make the folder {}: {}", quoted_path(path), failed.message()));
  }
  return path;
}

ObjectCache& Repository::cache() {
  if (!state_->cache) {
    const fs::path place =
        state_->config.path("cache", "dir").value_or(folder() / "cache").lexically_normal();
    state_->cache = std::make_unique<ObjectCache>(
        place.has_filename() ? place : place.parent_path(), link_types(state_->config),
        state_->config.find("cache", "shared") != nullptr, folder() / "tmp" / "staging");
  }
  return *state_->cache;
}

IgnoreRules& Repository::ignore() {
  if (!state_->ignore) state_->ignore = std::make_unique<IgnoreRules>(state_->root);
  return *state_->ignore;
}

GitRepository* Repository::git() {
  if (!state_->git) {
    state_->git.emplace();
    if (!state_->config.boolean("core", "no_scm", false)) {
      if (auto found = GitRepository::open(state_->root)) {
        *state_->git = std::make_unique<GitRepository>(std::move(*found));
      }
    }
  }
  return state_->git->get();
}

const std::vector<TrackedOutput>& Repository::outputs() {
  if (!state_->outputs) state_->outputs = discover(*this);
  return *state_->outputs;
}

void Repository::refresh() {
  state_->outputs.reset();
  state_->ignore.reset();
}

std::string Repository::relative(const fs::path& path, const fs::path& base) const {
  // The folder is resolved, so that the repository may be reached through a link; the last name is
  // not, because it may be a link itself.
  fs::path whole = (path.is_absolute() ? path : fs::absolute(base) / path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  std::error_code failed;
  const fs::path resolved =
      whole == whole.root_path()
          ? whole
          : fs::weakly_canonical(whole.parent_path(), failed) / whole.filename();
  std::string text = resolved.lexically_relative(state_->root).string();
  if (text == "..") {  // the root itself, through its parent
    if (fs::weakly_canonical(whole, failed) == state_->root) return "";
  }
  if (text.empty() || text == ".." || text.starts_with("../")) {
    throw Error(ErrorKind::usage, fmt::format("{} is outside of the repository {}",
                                              quoted_path(path), quoted_path(state_->root)));
  }
  return text == "." ? "" : text;
}

std::vector<NeededObject> needed_objects(ObjectCache& cache, const SelectedOutput& output,
                                         bool& complete) {
  complete = true;
  const OutEntry& entry = output.output.entry;
  std::vector<NeededObject> objects;
  if (!entry.id || !entry.cache || entry.cloud_versioned) return objects;
  objects.push_back({*entry.id, output.output.path});
  if (!entry.id->is_directory()) return objects;
  if (!cache.has(*entry.id)) {
    complete = false;
    return objects;
  }
  for (const auto& member : cache.tree(*entry.id).entries) {
    const bool wanted = output.inside.empty() || member.path == output.inside ||
                        member.path.starts_with(output.inside + "/");
    if (!wanted) continue;
    objects.push_back({{member.md5, entry.id->kind}, output.output.path + "/" + member.path});
  }
  return objects;
}

}  // namespace mlopsctl::data
