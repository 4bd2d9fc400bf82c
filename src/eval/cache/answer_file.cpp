#include "eval/cache/answer_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/cache_folder.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <limits>

namespace mlopsctl {

namespace {

constexpr int application_id = 0x6d6c6f61;  // "mloa"
constexpr int version = 1;
constexpr std::int64_t use_counts_after_ms = 3'600'000;  // a use is written down once an hour

constexpr const char* schema = R"(
CREATE TABLE answers (
  key TEXT PRIMARY KEY,     -- sha256 over target and request
  target TEXT NOT NULL,     -- its name, for people
  value TEXT NOT NULL,      -- JSON
  bytes INTEGER NOT NULL,
  created INTEGER NOT NULL, -- milliseconds since 1970
  used INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX answers_used ON answers (used);
CREATE TABLE totals (answers INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER answer_added AFTER INSERT ON answers BEGIN
  UPDATE totals SET answers = answers + 1, bytes = bytes + NEW.bytes;
END;
CREATE TRIGGER answer_removed AFTER DELETE ON answers BEGIN
  UPDATE totals SET answers = answers - 1, bytes = bytes - OLD.bytes;
END;
)";

Database opened(const std::filesystem::path& path, bool create) {
  std::error_code failed;
  if (!create && !fs::exists(path, failed)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no cache {}", quoted_path(path)),
                "'eval run --cache' makes one");
  }
  if (create && path.has_parent_path()) fs::create_directories(path.parent_path(), failed);
  Database database(path, create ? Database::Mode::create : Database::Mode::read_write);
  const auto number = [&](const char* pragma) { return database.value<int>(pragma).value_or(0); };
  if (number("PRAGMA application_id") == 0 && number("PRAGMA schema_version") == 0) {
    database.execute_script("PRAGMA journal_mode = WAL");
    Transaction transaction(database);
    if (number("PRAGMA user_version") == 0) {  // nobody was faster
      database.execute_script(schema);
      database.execute_script(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                          application_id, version));
    }
    transaction.commit();
  }
  if (number("PRAGMA application_id") != application_id) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is no cache of answers", quoted_path(path)),
                "name another file");
  }
  if (number("PRAGMA user_version") != version) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} was made by a newer version of this program", quoted_path(path)),
                "name another file, or remove this one: it holds nothing that cannot be had again");
  }
  // A crash of the program loses nothing that was committed, one of the machine a moment's answers.
  database.execute_script("PRAGMA synchronous = NORMAL");
  return database;
}

std::uint64_t as_count(std::int64_t value) {
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

}  // namespace

std::filesystem::path user_answer_file() {
  if (const auto folder = user_cache_folder()) return *folder / "answers.db";
  throw Error(ErrorKind::config, "neither HOME nor XDG_CACHE_HOME is set",
              "name a file for the cache");
}

AnswerFile::AnswerFile(const std::filesystem::path& path, std::uint64_t limit)
    : database_(opened(path, true)), limit_(limit) {}

std::optional<std::string> AnswerFile::find(const std::string& key) {
  auto row = database_.query("SELECT value, used FROM answers WHERE key = ?", key);
  if (!row.step()) return std::nullopt;
  if (row.get<std::int64_t>(1) + use_counts_after_ms < now().ms) used_.insert(key);
  return row.get<std::string>(0);
}

void AnswerFile::write(std::span<const KeptAnswer> answers) {
  if (answers.empty() && used_.empty()) return;
  const std::int64_t time = now().ms;
  Transaction transaction(database_);
  for (const KeptAnswer& answer : answers) {
    const auto bytes =
        static_cast<std::int64_t>(answer.key.size() + answer.target.size() + answer.value.size());
    database_.run("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                  answer.key, answer.target, answer.value, bytes, time, time);
  }
  for (const std::string& key : used_)
    database_.run("UPDATE answers SET used = ? WHERE key = ?", time, key);
  used_.clear();
  make_room();
  transaction.commit();
}

// A tenth more than has to go, so that not every write has to.
void AnswerFile::make_room() {
  const auto bytes = [&] {
    return as_count(database_.value<std::int64_t>("SELECT bytes FROM totals").value_or(0));
  };
  if (bytes() <= limit_) return;
  while (bytes() > limit_ - limit_ / 10) {
    const auto removed = database_.run(
        "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY used, key LIMIT 256)");
    if (removed == 0) return;
  }
}

AnswerFileStatus answer_file_status(const std::filesystem::path& file) {
  Database database = opened(file, false);
  AnswerFileStatus status;
  auto rows = database.query(
      "SELECT target, count(*), sum(bytes), max(used) FROM answers GROUP BY target "
      "ORDER BY max(used) DESC");
  while (rows.step()) {
    status.targets.push_back({.target = rows.get<std::string>(0),
                              .answers = as_count(rows.get<std::int64_t>(1)),
                              .bytes = as_count(rows.get<std::int64_t>(2)),
                              .last_used = {rows.get<std::int64_t>(3)}});
    status.answers += status.targets.back().answers;
    status.bytes += status.targets.back().bytes;
  }
  return status;
}

std::uint64_t clear_answers(const std::filesystem::path& file,
                            std::optional<Timestamp> unused_since,
                            const std::optional<std::string>& target, bool only_count) {
  Database database = opened(file, false);
  const std::string which = " FROM answers WHERE used < ?1 AND (?2 IS NULL OR target = ?2)";
  const std::int64_t since =
      unused_since ? unused_since->ms : std::numeric_limits<std::int64_t>::max();
  if (only_count) {
    return as_count(
        database.value<std::int64_t>("SELECT count(*)" + which, since, target).value_or(0));
  }
  std::int64_t removed = 0;
  {
    Transaction transaction(database);
    removed = database.run("DELETE" + which, since, target);
    transaction.commit();
  }
  database.execute_script("VACUUM");
  database.checkpoint();
  return as_count(removed);
}

}  // namespace mlopsctl
