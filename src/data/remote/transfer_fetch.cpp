#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/transfer.hpp"

#include "data/remote/download.hpp"
#include "data/remote/transfer_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds fetch_turn_time{250};
constexpr std::size_t downloads_ahead = 512;  // downloads that are queued
constexpr std::size_t most_finishing = 256;   // small objects in memory that wait for a thread

class Fetch {
 public:
  Fetch(ObjectStore& remote, ObjectCache& cache, const TransferOptions& options, Progress& progress)
      : remote_(remote),
        cache_(cache),
        options_(options),
        progress_(progress),
        moved_(progress),
        workers_(std::clamp(std::thread::hardware_concurrency(), 2U, 8U)),
        queue_(remote.queue({.jobs = options.jobs,
                             .bandwidth = options.bandwidth,
                             .moved = [this](std::uint64_t bytes) { moved_.add(bytes); }})),
        context_{*queue_, cache, workers_} {}

  TransferResult run(std::span<const TransferItem> wanted) {
    std::vector<TransferItem> needed;
    for (auto& item : unique_items(wanted)) {
      if (cache_.has(item.id)) {
        ++result_.already_there;
      } else {
        needed.push_back(std::move(item));
      }
    }
    if (options_.dry_run) return plan(needed);
    if (needed.empty()) return std::move(result_);
    progress_.start(fmt::format("fetching {} objects", needed.size()), 0, "bytes");
    try {
      get(needed);
    } catch (...) {
      finish_what_arrived();
      throw;
    }
    cache_.sync();
    progress_.finish();
    return std::move(result_);
  }

 private:
  TransferResult plan(const std::vector<TransferItem>& needed) {
    std::vector<std::string> keys;
    for (const auto& item : needed) keys.push_back(object_path(item.id));
    const auto found = look_up(remote_, keys, options_.jobs, progress_);
    for (std::size_t i = 0; i < needed.size(); ++i) {
      (found[i] ? result_.moved : result_.missing).push_back(needed[i]);
      if (found[i]) result_.bytes += found[i]->size;
    }
    return std::move(result_);
  }

  void get(const std::vector<TransferItem>& needed) {
    for (const auto& item : needed) {
      while (queue_->pending() >= downloads_ahead || workers_.under_way() >= most_finishing) turn();
      download_object(context_, item.id,
                      [this, &item](Outcome<std::uint64_t> outcome) { settle(item, outcome); });
    }
    while (queue_->pending() > 0 || workers_.under_way() > 0) turn();
  }

  void turn() {
    // While only threads are at work, wait for them; else for the network, and look at them.
    workers_.drain(queue_->pending() == 0 || workers_.under_way() >= most_finishing);
    if (queue_->pending() > 0)
      queue_->turn(workers_.under_way() > 0 ? Milliseconds{10} : fetch_turn_time);
    moved_.show();
  }

  void settle(const TransferItem& item, Outcome<std::uint64_t>& outcome) {
    if (outcome.ok()) {
      failures_.success();
      result_.bytes += outcome.value();
      result_.moved.push_back(item);
      return;
    }
    try {
      outcome.value();
    } catch (const Error& error) {
      const std::string text = error.what();
      const bool absent =
          error.kind() == ErrorKind::not_found && text.find("NoSuchBucket") == std::string::npos;
      if (absent) {
        failures_.success();  // the remote answers
        result_.missing.push_back(item);
        return;
      }
      result_.failed.push_back({item, text});
    }
    failures_.failure(outcome.error());
  }

  // After Ctrl-C: what is whole stays, nothing new begins.
  void finish_what_arrived() {
    try {
      while (workers_.under_way() > 0) workers_.drain(true);
      cache_.sync();
    } catch (const Error& error) {
      progress_.detail(error.what());
    }
  }

  ObjectStore& remote_;
  ObjectCache& cache_;
  const TransferOptions& options_;
  Progress& progress_;
  MovedCount moved_;
  FailureCount failures_;
  TransferResult result_;
  WorkerPool workers_;
  std::unique_ptr<ObjectQueue> queue_;
  DownloadContext context_;
};

}  // namespace

TransferResult fetch_objects(ObjectStore& remote, ObjectCache& cache,
                             std::span<const TransferItem> items, const TransferOptions& options,
                             Progress& progress) {
  return Fetch(remote, cache, options, progress).run(items);
}

}  // namespace mlopsctl::data
