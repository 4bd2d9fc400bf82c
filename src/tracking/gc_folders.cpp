#include "tracking/gc_folders.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view removal_prefix = ".removing-";

fs::path artifact_root(const StoreState& state) { return state.home() / "artifacts"; }

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code absent;
  for (fs::directory_iterator entry(folder, absent), end; !absent && entry != end;
       entry.increment(absent)) {
    std::error_code failed;
    if (entry->is_directory(failed) && !entry->is_symlink(failed)) found.push_back(entry->path());
  }
  return found;
}

bool knows_run(StoreState& state, const std::string& id) { return state.find_run(id).has_value(); }

bool knows_model(StoreState& state, const std::string& id) {
  return state.db().value<int>("SELECT 1 FROM logged_models WHERE id = ?", id).has_value();
}

}  // namespace

fs::path run_folder(StoreState& state, const std::string& id) {
  const auto run = state.find_run(id);
  if (!run) return {};
  if (run->artifact_uri.empty()) return fs::path(state.artifact_uri(*run)).parent_path();
  const auto location = state.db().value<std::string>(
      "SELECT artifact_location FROM experiments WHERE id = ?", run->experiment);
  const fs::path made = fs::path(location.value_or("")) / id / "artifacts";
  return made.is_absolute() && made == fs::path(run->artifact_uri) ? made.parent_path()
                                                                   : fs::path();
}

fs::path logged_model_folder(StoreState& state, const std::string& id) {
  auto rows =
      state.db().query("SELECT experiment, artifact_uri FROM logged_models WHERE id = ?", id);
  if (!rows.step() || !rows.get<std::string>(1).empty()) return {};
  return artifact_root(state) / rows.get<std::string>(0) / "models" / id;
}

bool is_orphan_folder(StoreState& state, const fs::path& folder) {
  const fs::path below = folder.lexically_normal().lexically_relative(artifact_root(state));
  std::vector<std::string> parts;
  for (const fs::path& part : below) parts.push_back(part.string());
  if (std::ranges::find(parts, "..") != parts.end()) return false;
  if (parts.size() == 1) return parts[0].starts_with(removal_prefix);  // left by a crash
  if (parts.size() == 2) return parts[1] != "models" && !knows_run(state, parts[1]);
  return parts.size() == 3 && parts[1] == "models" && !knows_model(state, parts[2]);
}

std::vector<std::string> find_orphan_folders(StoreState& state) {
  std::vector<std::string> orphans;
  const auto look = [&](const fs::path& folder) {
    if (is_orphan_folder(state, folder)) orphans.push_back(folder.string());
  };
  for (const fs::path& experiment : folders_in(artifact_root(state))) {
    look(experiment);
    if (experiment.filename().string().starts_with('.')) continue;
    for (const fs::path& run : folders_in(experiment)) {
      look(run);
      if (run.filename() != "models") continue;
      for (const fs::path& model : folders_in(run)) look(model);
    }
  }
  std::ranges::sort(orphans);
  return orphans;
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code absent;
  for (fs::recursive_directory_iterator entry(folder, absent), end; !absent && entry != end;
       entry.increment(absent)) {
    std::error_code failed;
    if (!entry->is_regular_file(failed) || entry->is_symlink(failed)) continue;
    const auto size = entry->file_size(failed);
    if (!failed) bytes += size;
  }
  return bytes;
}

void remove_folder(const StoreState& state, const fs::path& folder) {
  if (folder.empty()) return;
  std::error_code failed;
  fs::path doomed = artifact_root(state) / (std::string(removal_prefix) + new_run_id());
  fs::rename(folder, doomed, failed);
  if (failed == std::errc::no_such_file_or_directory) return;
  if (failed) doomed = folder;  // another file system: remove it where it is
  fs::remove_all(doomed, failed);
  if (failed) {
    throw Error(
        ErrorKind::io,
        fmt::format("cannot remove the folder {}: {}", quoted_path(folder), failed.message()),
        "remove it by hand, or run the command again");
  }
}

}  // namespace mlopsctl
