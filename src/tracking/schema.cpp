#include "tracking/schema.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include "tracking/schema_text.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace mlopsctl {

namespace {

// The switch to write-ahead logging needs the file for itself for a moment; where two processes
// try at the same time, SQLite refuses one of them without asking the busy handler.
void use_write_ahead_log(Database& database) {
  for (int tries = 0;; ++tries) {
    try {
      database.execute_script("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
      return;
    } catch (const Error& error) {
      if (tries == 20 || error.kind() != ErrorKind::io) throw;
    }
    Transaction wait_for_the_other(database);
  }
}

bool is_empty(Database& database) {
  return database.value<std::int64_t>("SELECT count(*) FROM sqlite_schema").value_or(0) == 0;
}

}  // namespace

std::span<const std::string_view> schema_steps() {
  static const std::array steps{schema_version_1};
  return steps;
}

int checked_schema_version(Database& database, int known_version) {
  Snapshot snapshot(database);  // another process may be making the store at this moment
  const int version = database.value<int>("PRAGMA user_version").value_or(0);
  const int owner = database.value<int>("PRAGMA application_id").value_or(0);
  const std::string name = quoted_path(database.path());
  if (owner != store_application_id && (owner != 0 || version != 0 || !is_empty(database))) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is a database, but not a run store", name),
                "move the file away; a new store is made when it is missing");
  }
  if (version > known_version) {
    throw Error(ErrorKind::conflict,
                fmt::format("store {} has schema version {}; this mlopsctl knows {}", name, version,
                            known_version),
                "upgrade mlopsctl, or choose another store with MLOPSCTL_HOME");
  }
  return version;
}

void migrate(Database& database, std::span<const std::string_view> steps) {
  const int goal = static_cast<int>(steps.size());
  int version = checked_schema_version(database, goal);
  if (version == goal) return;
  if (version == 0) use_write_ahead_log(database);
  Transaction transaction(database);
  version = checked_schema_version(database, goal);  // another process may have been faster
  for (int step = version; step < goal; ++step) {
    database.execute_script(steps[static_cast<std::size_t>(step)]);
  }
  database.execute_script(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                      store_application_id, goal));
  transaction.commit();
}

}  // namespace mlopsctl
