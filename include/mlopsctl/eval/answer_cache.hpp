// Answers of targets that need not be asked for again. The key is a digest over everything that
// decides an answer: the target's whole fingerprint, the kind of the request, its texts and
// parameters. Errors are not kept.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/target.hpp"
#include "mlopsctl/platform/redis.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl {

struct AnswerCacheOptions {
  std::filesystem::path file;                          // SQLite; empty: memory (and Redis) only
  std::uint64_t file_limit = std::uint64_t{1} << 30U;  // bytes; the longest unused answers go first
  std::uint64_t memory_limit = std::uint64_t{64} << 20U;
  std::optional<RedisAddress> redis;  // looked at behind the file; shared with other machines
};

// $XDG_CACHE_HOME/mlopsctl/answers.db or ~/.cache/mlopsctl/answers.db.
std::filesystem::path user_answer_file();

struct AnswerCacheCounts {
  std::uint64_t memory = 0, file = 0, redis = 0;  // answers that were found there
  std::uint64_t merged = 0;                       // requests that another one in flight answered
  std::uint64_t asked = 0;                        // of the target
};

// Three levels: memory, a file that many processes use at once, Redis. Belongs to one thread.
class AnswerCache {
 public:
  // Throws Error{io, corrupt, conflict} for the file. A Redis that is not there, now or later, is a
  // warning, and the work goes on without it.
  AnswerCache(const AnswerCacheOptions& options, Progress& progress);
  ~AnswerCache();  // flushes
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  // What is known under each key. `target`: its name, for what comes into the file from Redis.
  std::vector<std::optional<std::string>> find(std::span<const std::string> keys,
                                               const std::string& target);
  // Is in the file after a moment, or when flush() has returned.
  void keep(const std::string& key, const std::string& target, std::string value);
  void flush();
  AnswerCacheCounts& counts();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The target with a cache in front of it. What is asked several times in one call is asked once.
// `program`: what computes or asks; another version of it may get other answers.
std::unique_ptr<Target> with_cache(std::unique_ptr<Target> target,
                                   std::shared_ptr<AnswerCache> cache,
                                   const std::string& program = {});

// What a file holds.
struct AnswerFileStatus {
  std::uint64_t answers = 0, bytes = 0;
  struct Group {
    std::string target;
    std::uint64_t answers = 0, bytes = 0;
    Timestamp last_used;
  };
  std::vector<Group> targets;  // the latest first
};
// Throws Error{not_found} if there is no such file.
AnswerFileStatus answer_file_status(const std::filesystem::path& file);
// Removes the answers not used since then; of one target only, if one is named. Returns how many;
// with `only_count` how many these are, and nothing is removed.
std::uint64_t clear_answers(const std::filesystem::path& file,
                            std::optional<Timestamp> unused_since,
                            const std::optional<std::string>& target, bool only_count = false);

// Of Redis, all that this program put there.
std::uint64_t count_answers(RedisClient& redis);
std::uint64_t clear_answers(RedisClient& redis);

}  // namespace mlopsctl
