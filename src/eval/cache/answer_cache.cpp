#include "mlopsctl/eval/answer_cache.hpp"

#include "mlopsctl/base/error.hpp"

#include "eval/cache/answer_file.hpp"
#include "eval/cache/answer_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;

// An answer is in the file this soon, or when so many are there: each transaction costs as much as
// dozens of answers of a small model.
constexpr std::chrono::milliseconds longest_wait{250};
constexpr std::size_t most_waiting = 64;
constexpr std::size_t keys_at_once = 256;
constexpr const char* redis_prefix = "mlopsctl:answer:1:";

}  // namespace

struct AnswerCache::State {
  State(const AnswerCacheOptions& options, Progress& p)
      : progress(p), memory(options.memory_limit) {
    if (!options.file.empty()) file.emplace(options.file, options.file_limit);
    if (options.redis) try_redis([&] { redis.emplace(*options.redis); });
  }

  template <class Action>
  void try_redis(Action action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      redis.reset();
      progress.warning(fmt::format("the shared cache is left out from now on: {}", error.what()));
    }
  }

  void find_in_redis(std::span<const std::string> keys,
                     std::vector<std::optional<std::string>>& values) {
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (!values[i]) missing.push_back(i);
    for (std::size_t at = 0; at < missing.size() && redis; at += keys_at_once) {
      const auto places =
          std::span(missing).subspan(at, std::min(keys_at_once, missing.size() - at));
      std::vector<std::string> names;
      for (const std::size_t i : places) names.push_back(redis_prefix + keys[i]);
      try_redis([&] {
        auto found = redis->get(names);
        for (std::size_t i = 0; i < places.size(); ++i) {
          if (!found[i]) continue;
          ++counts.redis;
          values[places[i]] = std::move(found[i]);
        }
      });
    }
  }

  void write_file(std::span<const KeptAnswer> answers) {
    if (!file) return;
    try {
      file->write(answers);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::io) throw;
      // Answers that cannot be kept (the disk is full) are no reason to lose them here as well.
      file.reset();
      progress.warning(fmt::format("answers are not kept from now on: {}", error.what()));
    }
  }

  void write() {
    written = Clock::now();
    write_file(waiting);
    if (redis && !waiting.empty()) {
      std::vector<RedisClient::Entry> entries;
      for (const KeptAnswer& one : waiting) entries.push_back({redis_prefix + one.key, one.value});
      try_redis([&] { redis->set(entries); });
    }
    waiting.clear();
  }

  Progress& progress;
  AnswerMemory memory;
  std::optional<AnswerFile> file;
  std::optional<RedisClient> redis;
  std::vector<KeptAnswer> waiting;
  Clock::time_point written = Clock::now();
  AnswerCacheCounts counts;
};

AnswerCache::AnswerCache(const AnswerCacheOptions& options, Progress& progress)
    : state_(std::make_unique<State>(options, progress)) {}

AnswerCache::~AnswerCache() {
  try {
    flush();
  } catch (const std::exception& error) {
    state_->progress.warning(error.what());
  }
}

std::vector<std::optional<std::string>> AnswerCache::find(std::span<const std::string> keys,
                                                          const std::string& target) {
  State& state = *state_;
  std::vector<std::optional<std::string>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values[i] = state.memory.find(keys[i]);
    if (values[i]) {
      ++state.counts.memory;
      continue;
    }
    if (!state.file) continue;
    values[i] = state.file->find(keys[i]);
    if (values[i]) ++state.counts.file;
    if (values[i]) state.memory.add(keys[i], *values[i]);
  }
  if (!state.redis) return values;
  std::vector<bool> here;
  for (const auto& value : values) here.push_back(value.has_value());
  state.find_in_redis(keys, values);
  std::vector<KeptAnswer> fetched;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (here[i] || !values[i]) continue;
    state.memory.add(keys[i], *values[i]);
    fetched.push_back({keys[i], target, *values[i]});
  }
  state.write_file(fetched);
  return values;
}

void AnswerCache::keep(const std::string& key, const std::string& target, std::string value) {
  State& state = *state_;
  state.memory.add(key, value);
  if (!state.file && !state.redis) return;
  state.waiting.push_back({key, target, std::move(value)});
  if (state.waiting.size() >= most_waiting || Clock::now() - state.written >= longest_wait)
    state.write();
}

void AnswerCache::flush() { state_->write(); }

AnswerCacheCounts& AnswerCache::counts() { return state_->counts; }

std::uint64_t count_answers(RedisClient& redis) { return redis.count(redis_prefix); }
std::uint64_t clear_answers(RedisClient& redis) { return redis.remove(redis_prefix); }

}  // namespace mlopsctl
