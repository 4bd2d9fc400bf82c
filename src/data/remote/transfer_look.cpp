// What a remote has: by lists or by single questions, whichever needs fewer requests.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "data/remote/transfer_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace mlopsctl::data {

namespace {

constexpr std::string_view fan_out = "files/md5/";
constexpr std::size_t page_size = 1000;
constexpr std::size_t few = 4;          // are asked for without a look at the whole
constexpr double list_cost = 4;         // of a page, in single questions
constexpr double pages_for_finer = 64;  // from here on 256 lists at once, else 16
constexpr Milliseconds look_turn_time{1000};
constexpr std::size_t looks_ahead = 512;  // operations that are started before others are complete

class LookUp {
 public:
  LookUp(ObjectStore& remote, std::span<const std::string> keys, std::size_t jobs,
         Progress& progress)
      : keys_(keys),
        found_(keys.size()),
        queue_(remote.queue({.jobs = jobs})),
        progress_(progress) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].starts_with(fan_out)) listed_.emplace(keys[i], i);
    }
  }

  std::vector<std::optional<ObjectInfo>> run() {
    progress_.start("looking at the remote", 0, "requests");
    const bool complete = listed_.size() > few && by_list();
    ask(complete);
    progress_.finish();
    return std::move(found_);
  }

 private:
  void wait_all() {
    while (queue_->pending() > 0) {
      queue_->turn(look_turn_time);
      progress_.advance(std::exchange(answers_, 0));
      if (error_) std::rethrow_exception(error_);
    }
  }

  void take(const ObjectPage& page) {
    for (const auto& object : page.objects) {
      const auto wanted = listed_.find(object.key);
      if (wanted != listed_.end()) found_[wanted->second] = object;
    }
  }

  // Pages of one prefix, one after the other.
  void list(const std::string& prefix, const std::string& after) {
    queue_->list({.prefix = prefix, .start_after = after, .limit = page_size},
                 [this, prefix](Outcome<ObjectPage> page) {
                   ++answers_;
                   if (!page.ok()) {
                     error_ = page.error();
                     return;
                   }
                   take(page.value());
                   if (!page.value().next.empty()) list(prefix, page.value().next);
                 });
  }

  // True if everything below the fan-out was seen.
  bool by_list() {
    std::optional<ObjectPage> first;
    queue_->list({.prefix = std::string(fan_out), .limit = page_size},
                 [&](Outcome<ObjectPage> page) {
                   ++answers_;
                   page.ok() ? void(first = std::move(page.value())) : void(error_ = page.error());
                 });
    wait_all();
    take(*first);
    if (first->next.empty()) return true;
    const double pages = pages_after(*first);
    if (static_cast<double>(listed_.size()) < pages * list_cost) return false;
    const std::size_t digits = pages < pages_for_finer ? 1 : 2;
    std::vector<std::string> prefixes;
    for (const auto& [key, index] : listed_) prefixes.push_back(prefix_of(key, digits));
    std::ranges::sort(prefixes);
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    for (const auto& prefix : prefixes) list(prefix, "");
    wait_all();
    return true;
  }

  static std::string prefix_of(const std::string& key, std::size_t digits) {
    return key.substr(0, fan_out.size() + digits);
  }

  // Digests are spread evenly, so the last key of the first page tells how much follows.
  static double pages_after(const ObjectPage& first) {
    std::string digits;
    for (const char c : first.next.substr(std::min(fan_out.size(), first.next.size()))) {
      if (c != '/' && digits.size() < 6) digits += c;
    }
    const double share =
        (static_cast<double>(std::strtoul(digits.c_str(), nullptr, 16)) + 1) / std::pow(16.0, 6);
    return 1 / std::clamp(share, 1e-6, 1.0);
  }

  // One by one what lists did not answer.
  void ask(bool listed_complete) {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (found_[i] || (listed_complete && keys_[i].starts_with(fan_out))) continue;
      while (queue_->pending() > looks_ahead) step();
      queue_->head(keys_[i], [this, i](Outcome<std::optional<ObjectInfo>> info) {
        ++answers_;
        if (info.ok()) {
          found_[i] = std::move(info.value());
        } else {
          error_ = info.error();
        }
      });
    }
    wait_all();
  }
  void step() {
    queue_->turn(look_turn_time);
    progress_.advance(std::exchange(answers_, 0));
    if (error_) std::rethrow_exception(error_);
  }

  std::span<const std::string> keys_;
  std::unordered_map<std::string, std::size_t> listed_;  // keys that a list may answer
  std::vector<std::optional<ObjectInfo>> found_;
  std::unique_ptr<ObjectQueue> queue_;
  Progress& progress_;
  std::uint64_t answers_ = 0;
  std::exception_ptr error_;
};

}  // namespace

std::vector<std::optional<ObjectInfo>> look_up(ObjectStore& remote,
                                               std::span<const std::string> keys, std::size_t jobs,
                                               Progress& progress) {
  if (keys.empty()) return {};
  return LookUp(remote, keys, jobs, progress).run();
}

std::vector<bool> present_objects(ObjectStore& remote, std::span<const ObjectId> ids,
                                  std::size_t jobs, Progress& progress) {
  // An id may repeat; it is asked for once.
  std::map<std::string, std::size_t> places;
  std::vector<std::string> keys;
  for (const auto& id : ids) {
    if (places.try_emplace(object_path(id), keys.size()).second) keys.push_back(object_path(id));
  }
  const auto found = look_up(remote, keys, jobs, progress);
  std::vector<bool> present;
  present.reserve(ids.size());
  for (const auto& id : ids) present.push_back(found[places.at(object_path(id))].has_value());
  return present;
}

std::vector<Presence> compare_objects(ObjectStore& remote, ObjectCache& cache,
                                      std::span<const ObjectId> ids, std::size_t jobs,
                                      Progress& progress) {
  const std::vector<bool> there = present_objects(remote, ids, jobs, progress);
  std::vector<Presence> presence;
  presence.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    presence.push_back({.local = cache.has(ids[i]), .remote = there[i]});
  return presence;
}

std::string md5_of_object(const ObjectId& id) {
  // A directory of DVC 2 is named after its own bytes, too.
  if (id.kind == HashKind::legacy && !id.is_directory()) return "";
  return id.hex.substr(0, 32);
}

std::vector<TransferItem> unique_items(std::span<const TransferItem> items) {
  std::map<ObjectId, std::size_t> seen;
  std::vector<TransferItem> unique;
  for (const auto& item : items) {
    if (seen.try_emplace(item.id, unique.size()).second) unique.push_back(item);
  }
  return unique;
}

void FailureCount::failure(const std::exception_ptr& error) {
  constexpr int enough = 16;
  if (++failures_ >= enough && !any_success_) std::rethrow_exception(error);
}

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    return failure.what();
  }
}

}  // namespace mlopsctl::data
