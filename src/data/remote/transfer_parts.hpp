// What push and fetch share.
#pragma once

#include "mlopsctl/data/transfer.hpp"

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

// What the remote has of these keys, in their order. Lists or asks one by one.
std::vector<std::optional<ObjectInfo>> look_up(ObjectStore& remote,
                                               std::span<const std::string> keys, std::size_t jobs,
                                               Progress& progress);

// MD5 of the bytes of an object, if its name says it; else empty.
std::string md5_of_object(const ObjectId& id);

// Each object once, in the order of first mention.
std::vector<TransferItem> unique_items(std::span<const TransferItem> items);

// Bytes or objects told by several threads, shown by one.
class MovedCount {
 public:
  explicit MovedCount(Progress& progress) : progress_(progress) {}
  void add(std::uint64_t amount) { waiting_ += amount; }
  void show() {
    const std::uint64_t amount = waiting_.exchange(0);
    if (amount > 0) progress_.advance(amount);
  }

 private:
  Progress& progress_;
  std::atomic<std::uint64_t> waiting_{0};
};

// Keeps failures as values until it is clear that everything fails.
class FailureCount {
 public:
  void success() { any_success_ = true; }
  // Throws it, if nothing has ever worked and this is not the first.
  void failure(const std::exception_ptr& error);

 private:
  bool any_success_ = false;
  int failures_ = 0;
};

std::string reason_of(const std::exception_ptr& error);

}  // namespace mlopsctl::data
