// RunStore: files of a run.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/artifact_path.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace mlopsctl {

namespace {

struct Source {
  fs::path file;
  std::string path;  // of the artifact
};

Error unreadable(const fs::path& source, const std::error_code& why) {
  return Error(why == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::io,
               fmt::format("cannot read {}: {}", quoted_path(source), why.message()));
}

std::string base_name(const fs::path& source) {
  std::error_code failed;
  fs::path full = fs::weakly_canonical(source, failed);
  if (failed) full = fs::absolute(source).lexically_normal();
  // The name the user wrote wins over what a symbolic link points to.
  const fs::path written = source.lexically_normal();
  const std::string name = written.filename().string();
  return name.empty() || name == "." || name == ".." ? full.filename().string() : name;
}

// The files below a folder, in the order of their names; symbolic links to files are followed,
// those to folders are not: they could lead in circles.
std::vector<Source> sources_below(const fs::path& folder, const std::string& path) {
  std::vector<Source> sources;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  if (failed) throw unreadable(folder, failed);
  for (const fs::recursive_directory_iterator end; entry != end; entry.increment(failed)) {
    if (failed) throw unreadable(folder, failed);
    if (!entry->is_regular_file(failed)) continue;
    const std::string below = entry->path().lexically_relative(folder).generic_string();
    sources.push_back({entry->path(), clean_artifact_path(path + "/" + below)});
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

std::vector<Source> sources_of(const fs::path& source, const std::string& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(source, failed);
  if (!fs::exists(status)) {
    throw unreadable(source, std::make_error_code(std::errc::no_such_file_or_directory));
  }
  const std::string name = clean_artifact_path(path.empty() ? base_name(source) : path);
  if (fs::is_directory(status)) return sources_below(source, name);
  return {{source, name}};
}

void write_artifact(Database& db, const RunRow& run, const Artifact& artifact) {
  db.run("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)", run.n, artifact.path,
         static_cast<std::int64_t>(artifact.size), artifact.sha256, artifact.added.ms);
}

}  // namespace

fs::path RunStore::artifact_folder(std::string_view id) const {
  return state_->artifact_folder(state_->run_row(id));
}

std::vector<Artifact> RunStore::add_artifact(std::string_view id, const fs::path& source,
                                             const std::string& path) {
  const RunRow run = state_->writable_run(id);
  const fs::path folder = state_->artifact_folder(run);
  std::vector<Artifact> added;
  for (const Source& file : sources_of(source, path)) {
    const StoredFile stored = copy_file_atomically(file.file, folder / file.path);
    added.push_back({file.path, stored.size, stored.sha256, now()});
  }
  StoreWrite write(*state_);
  const RunRow still = state_->writable_run(id);
  for (const Artifact& artifact : added) write_artifact(state_->db(), still, artifact);
  write.commit();
  return added;
}

Artifact RunStore::record_artifact(std::string_view id, const std::string& path) {
  const RunRow run = state_->writable_run(id);
  const std::string name = clean_artifact_path(path);
  const StoredFile stored = digest_file(state_->artifact_folder(run) / name);
  Artifact artifact{name, stored.size, stored.sha256, now()};
  StoreWrite write(*state_);
  write_artifact(state_->db(), state_->writable_run(id), artifact);
  write.commit();
  return artifact;
}

std::vector<Artifact> RunStore::artifacts(std::string_view id) const {
  Snapshot snapshot(state_->db());
  const RunRow run = state_->run_row(id);
  auto rows = state_->db().query(
      "SELECT path, size, sha256, added FROM artifacts WHERE run = ? ORDER BY path", run.n);
  std::vector<Artifact> artifacts;
  while (rows.step()) {
    artifacts.push_back({rows.get<std::string>(0), rows.get<std::uint64_t>(1),
                         rows.get<std::string>(2), Timestamp{rows.get<std::int64_t>(3)}});
  }
  return artifacts;
}

}  // namespace mlopsctl
