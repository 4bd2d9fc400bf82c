#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/transfer.hpp"

#include "data/remote/transfer_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds push_turn_time{250};
constexpr std::size_t uploads_ahead = 1024;  // uploads that are queued

struct Upload {
  TransferItem item;
  std::uint64_t size = 0;
};

class Push {
 public:
  Push(ObjectStore& remote, ObjectCache& cache, const TransferOptions& options, Progress& progress)
      : remote_(remote), cache_(cache), options_(options), progress_(progress), moved_(progress) {}

  TransferResult run(std::span<const TransferItem> wanted) {
    const std::vector<TransferItem> items = unique_items(wanted);
    sort_out(items);
    if (options_.dry_run) {
      for (const auto& one : files_) plan(one);
      for (const auto& one : folders_) plan(one);
      return std::move(result_);
    }
    std::uint64_t bytes = 0;
    for (const auto* list : {&files_, &folders_})
      for (const auto& one : *list) bytes += one.size;
    progress_.start("pushing", bytes, "bytes");
    send(files_);
    send(ready_folders());
    progress_.finish();
    if (options_.verify) verify(items);
    return std::move(result_);
  }

 private:
  void plan(const Upload& one) {
    result_.bytes += one.size;
    result_.moved.push_back(one.item);
  }

  // What is there, what must be sent, what is nowhere.
  void sort_out(const std::vector<TransferItem>& items) {
    std::vector<std::string> keys;
    keys.reserve(items.size());
    for (const auto& item : items) keys.push_back(object_path(item.id));
    const auto found = look_up(remote_, keys, options_.jobs, progress_);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (found[i]) {
        ++result_.already_there;
        there_[items[i].id] = true;
        continue;
      }
      if (!cache_.has(items[i].id)) {
        result_.missing.push_back(items[i]);
        continue;
      }
      std::error_code failed;
      const std::uint64_t size = fs::file_size(cache_.path_of(items[i].id), failed);
      (items[i].id.is_directory() ? folders_ : files_).push_back({items[i], failed ? 0 : size});
    }
  }

  // A ".dir" says that its members are there, so it goes only when they are.
  std::vector<Upload> ready_folders() {
    std::vector<Upload> ready;
    for (const auto& folder : folders_) {
      const bool complete = std::ranges::all_of(
          folder.item.members, [&](const ObjectId& member) { return there_.contains(member); });
      if (complete) {
        ready.push_back(folder);
      } else {
        result_.blocked.push_back(folder.item);
      }
    }
    return ready;
  }

  void send(const std::vector<Upload>& uploads) {
    if (uploads.empty()) return;
    const auto queue = remote_.queue({.jobs = options_.jobs,
                                      .bandwidth = options_.bandwidth,
                                      .moved = [this](std::uint64_t bytes) { moved_.add(bytes); }});
    for (const auto& one : uploads) {
      while (queue->pending() >= uploads_ahead) turn(*queue);
      queue->put(object_path(one.item.id), cache_.path_of(one.item.id),
                 {.md5 = md5_of_object(one.item.id)},
                 [this, &one](const Outcome<PutResult>& outcome) { settle(one, outcome); });
    }
    while (queue->pending() > 0) turn(*queue);
  }

  void turn(ObjectQueue& queue) {
    queue.turn(push_turn_time);
    moved_.show();
  }

  void settle(const Upload& one, const Outcome<PutResult>& outcome) {
    if (outcome.ok()) {
      failures_.success();
      there_[one.item.id] = true;
      result_.bytes += one.size;
      result_.moved.push_back(one.item);
      return;
    }
    result_.failed.push_back({one.item, reason_of(outcome.error())});
    failures_.failure(outcome.error());
  }

  // Looks again, and compares what the remote tells with what is here.
  void verify(const std::vector<TransferItem>& items) {
    std::vector<TransferItem> expected;
    std::vector<std::string> keys;
    for (const auto& item : items) {
      if (!there_.contains(item.id)) continue;
      expected.push_back(item);
      keys.push_back(object_path(item.id));
    }
    const auto found = look_up(remote_, keys, options_.jobs, progress_);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string wrong = difference(expected[i].id, found[i]);
      if (!wrong.empty())
        result_.failed.push_back({expected[i], remote_.url(keys[i]) + " " + wrong});
    }
  }

  std::string difference(const ObjectId& id, const std::optional<ObjectInfo>& info) {
    if (!info) return "is not there after all";
    const std::string md5 = md5_of_object(id);
    if (!info->md5.empty() && !md5.empty() && info->md5 != md5)
      return fmt::format("has other content (MD5 {})", info->md5);
    if (!cache_.has(id)) return "";
    std::error_code failed;
    const std::uint64_t size = fs::file_size(cache_.path_of(id), failed);
    if (!failed && size != info->size)
      return fmt::format("has {} bytes instead of {}", info->size, size);
    return "";
  }

  ObjectStore& remote_;
  ObjectCache& cache_;
  const TransferOptions& options_;
  Progress& progress_;
  MovedCount moved_;
  FailureCount failures_;
  TransferResult result_;
  std::vector<Upload> files_;
  std::vector<Upload> folders_;
  std::map<ObjectId, bool> there_;
};

}  // namespace

TransferResult push_objects(ObjectStore& remote, ObjectCache& cache,
                            std::span<const TransferItem> items, const TransferOptions& options,
                            Progress& progress) {
  return Push(remote, cache, options, progress).run(items);
}

}  // namespace mlopsctl::data
