#include "tracking/store_state.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace mlopsctl {

namespace {

// A log longer than this (1 MB) is copied into the file when nobody uses the store any more, so
// that the next process need not read it to find its way; a shorter one is cheaper to read than to
// copy.
constexpr int log_pages_worth_copying = 128;

}  // namespace

StoreState::StoreState(std::filesystem::path home, OpenMode mode, Database database)
    : home_(std::move(home)), mode_(mode), database_(std::move(database)) {}

StoreState::~StoreState() {
  if (database_.log_pages() >= log_pages_worth_copying) database_.set_checkpoint_at_close();
}

std::optional<std::int64_t> StoreState::find_key(std::string_view name) {
  return database_.value<std::int64_t>("SELECT id FROM keys WHERE name = ?", name);
}

std::int64_t StoreState::intern_key(std::string_view name) {
  if (const auto known = find_key(name)) return *known;
  database_.run("INSERT INTO keys(name) VALUES (?)", name);
  return database_.last_insert_rowid();
}

std::optional<RunRow> StoreState::find_run(std::string_view id) {
  auto rows = database_.query(
      "SELECT n, id, experiment, deleted IS NOT NULL, artifact_uri FROM runs WHERE id = ?", id);
  if (!rows.step()) return std::nullopt;
  return RunRow{.n = rows.get<std::int64_t>(0),
                .id = rows.get<std::string>(1),
                .experiment = rows.get<std::int64_t>(2),
                .deleted = rows.get<bool>(3),
                .artifact_uri = rows.get<std::string>(4)};
}

RunRow StoreState::run_row(std::string_view id) {
  if (auto run = find_run(id)) return *std::move(run);
  throw unknown_run(id);
}

RunRow StoreState::writable_run(std::string_view id) {
  RunRow run = run_row(id);
  if (run.deleted) {
    throw Error(ErrorKind::conflict, fmt::format("run {} is deleted", quote(id)),
                fmt::format("bring it back with \"mlopsctl run restore {}\"", run.id));
  }
  return run;
}

Error StoreState::unknown_run(std::string_view reference) {
  std::vector<std::string> names;
  auto rows = database_.query("SELECT id, name FROM runs ORDER BY start DESC LIMIT 1000");
  while (rows.step()) {
    names.push_back(rows.get<std::string>(0));
    names.push_back(rows.get<std::string>(1));
  }
  const auto near = closest(reference, names);
  return Error(ErrorKind::not_found, fmt::format("no run {}", quote(reference)),
               near ? fmt::format("did you mean {}?", quote(*near))
                    : "\"mlopsctl run list\" shows the runs");
}

std::string StoreState::artifact_uri(const RunRow& run) const {
  if (!run.artifact_uri.empty()) return run.artifact_uri;
  return (home_ / "artifacts" / std::to_string(run.experiment) / run.id / "artifacts").string();
}

std::filesystem::path StoreState::artifact_folder(const RunRow& run) const {
  const std::string uri = artifact_uri(run);
  if (uri.starts_with("file://")) return uri.substr(7);
  if (uri.starts_with("file:")) return uri.substr(5);
  if (uri.starts_with("/")) return uri;
  throw Error(ErrorKind::usage,
              fmt::format("the artifacts of run {} are at {}, which is not a local folder",
                          quote(run.id), quote(uri)),
              "use the tool that put them there");
}

StoreWrite::StoreWrite(StoreState& state)
    : transaction_([&]() -> Database& {
        if (state.mode() == OpenMode::read_only) {
          throw Error(ErrorKind::bug, "the store was opened for reading only");
        }
        return state.db();
      }()) {}

}  // namespace mlopsctl
