// The cache's file: SQLite in WAL mode, used by many processes at once.
#pragma once

#include "mlopsctl/eval/answer_cache.hpp"
#include "mlopsctl/platform/sqlite.hpp"

#include <set>

namespace mlopsctl {

struct KeptAnswer {
  std::string key, target, value;
};

class AnswerFile {
 public:
  // Makes it if need be. Throws Error{corrupt} for a file of something else, Error{conflict} for
  // one of a newer version.
  AnswerFile(const std::filesystem::path& path, std::uint64_t limit);

  std::optional<std::string> find(const std::string& key);
  // Writes these and that others were used, in one transaction; makes room if there is too much.
  void write(std::span<const KeptAnswer> answers);
  Database& database() { return database_; }

 private:
  void make_room();

  Database database_;
  std::uint64_t limit_;
  std::set<std::string> used_;  // found since the last write
};

}  // namespace mlopsctl
