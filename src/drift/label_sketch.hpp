// Counts of labels, at most `limit` of them: see profile.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mlopsctl::drift {

class LabelSketch {
 public:
  explicit LabelSketch(std::size_t limit = 1000) : limit_(limit) {}

  void add(std::string_view label, std::uint64_t count);
  void merge(const LabelSketch& other);
  // Keeps only labels whose hash ends in so many zero bits; never fewer than now.
  void thin_to(int zeros);

  std::size_t limit() const { return limit_; }
  int zeros() const { return zeros_; }
  std::uint64_t total() const { return total_; }  // of all labels, kept or not
  std::uint64_t rest() const;                     // of those that are not kept
  const std::map<std::string, std::uint64_t, std::less<>>& counts() const { return counts_; }

  // From a file.
  void restore(int zeros, std::uint64_t total) {
    zeros_ = zeros;
    total_ = total;
  }
  void restore(std::string label, std::uint64_t count) { counts_[std::move(label)] = count; }

 private:
  void fit();

  std::size_t limit_;
  int zeros_ = 0;
  std::uint64_t total_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace mlopsctl::drift
