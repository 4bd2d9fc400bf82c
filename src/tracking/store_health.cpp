// RunStore: is the file sound?
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/schema.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <system_error>

namespace mlopsctl {

namespace {

constexpr int most_problems = 20;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code absent;
  const auto bytes = std::filesystem::file_size(file, absent);
  return absent ? 0 : bytes;
}

std::int64_t count_of(Database& db, std::string_view table) {
  return db.value<std::int64_t>(fmt::format("SELECT count(*) FROM {}", table)).value_or(0);
}

void look_for_damage(Database& db, std::vector<std::string>& problems) {
  auto damage = db.query(fmt::format("PRAGMA quick_check({})", most_problems));
  while (damage.step()) {
    if (const auto text = damage.get<std::string>(0); text != "ok") problems.push_back(text);
  }
  if (!problems.empty()) return;
  auto dangling = db.query("PRAGMA foreign_key_check");
  for (int i = 0; i < most_problems && dangling.step(); ++i) {
    problems.push_back(fmt::format("a row of '{}' refers to a missing row of '{}'",
                                   dangling.get<std::string>(0), dangling.get<std::string>(2)));
  }
  // Points have no foreign key, and summaries are kept beside them: check both here.
  auto series = db.query(
      "SELECT s.id, s.count, (SELECT count(*) FROM points p WHERE p.series = s.id) AS stored "
      "FROM series s WHERE s.count <> stored LIMIT 20");
  while (series.step()) {
    problems.push_back(fmt::format("series {} has {} points, but its summary says {}",
                                   series.get<std::int64_t>(0), series.get<std::int64_t>(2),
                                   series.get<std::int64_t>(1)));
  }
  const auto heads = db.value<std::int64_t>(
      "SELECT count(*) FROM (SELECT 1 FROM series GROUP BY run, key HAVING sum(head) <> 1)");
  if (heads.value_or(0) != 0) {
    problems.push_back(fmt::format("{} metrics have no single current series", *heads));
  }
}

}  // namespace

StoreHealth RunStore::health(bool thorough) const {
  Database& db = state_->db();
  StoreHealth health;
  health.file_bytes = size_of(home() / "runs.db");
  health.wal_bytes = size_of(home() / "runs.db-wal");
  if (thorough) {
    try {
      look_for_damage(db, health.problems);
    } catch (const Error& error) {  // too damaged for a look: that is the answer, not a failure
      if (error.kind() != ErrorKind::corrupt) throw;
      health.problems.emplace_back(error.what());
    }
  }
  if (!health.problems.empty())
    return health;  // what can be counted in a damaged file means nothing
  {
    Snapshot snapshot(db);
    health.schema_version = db.value<int>("PRAGMA user_version").value_or(0);
    health.experiments = count_of(db, "experiments");
    health.runs = count_of(db, "runs");
    health.series = count_of(db, "series");
    health.points = db.value<std::int64_t>("SELECT sum(count) FROM series").value_or(0);
  }
  return health;
}

}  // namespace mlopsctl
