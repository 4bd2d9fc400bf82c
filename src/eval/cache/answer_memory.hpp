// The answers used last, up to a number of bytes.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace mlopsctl {

class AnswerMemory {
 public:
  explicit AnswerMemory(std::uint64_t limit) : limit_(limit) {}

  std::optional<std::string> find(const std::string& key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, place->second);
    return place->second->second;
  }

  void add(const std::string& key, const std::string& value) {
    if (places_.contains(key)) return;
    entries_.emplace_front(key, value);
    places_.emplace(key, entries_.begin());
    bytes_ += size_of(entries_.front());
    while (bytes_ > limit_ && !entries_.empty()) {
      bytes_ -= size_of(entries_.back());
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
  }

 private:
  using Entry = std::pair<std::string, std::string>;
  static constexpr std::uint64_t overhead = 128;  // of the list and the table
  static std::uint64_t size_of(const Entry& entry) {
    return 2 * entry.first.size() + entry.second.size() + overhead;
  }

  std::uint64_t limit_;
  std::uint64_t bytes_ = 0;
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace mlopsctl
