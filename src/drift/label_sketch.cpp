#include "drift/label_sketch.hpp"

#include <algorithm>
#include <bit>

namespace mlopsctl::drift {

namespace {

// FNV-1a with a final mix (its low bits alone are weak). Part of the file format.
std::uint64_t hash_of(std::string_view label) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : label) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33U);
}

bool is_kept(std::string_view label, int zeros) {
  return std::countr_zero(hash_of(label)) >= zeros;
}

}  // namespace

void LabelSketch::fit() {
  while (counts_.size() > limit_) thin_to(zeros_ + 1);
}

void LabelSketch::thin_to(int zeros) {
  zeros_ = std::max(zeros_, zeros);
  std::erase_if(counts_, [&](const auto& entry) { return !is_kept(entry.first, zeros_); });
}

void LabelSketch::add(std::string_view label, std::uint64_t count) {
  total_ += count;
  if (const auto known = counts_.find(label); known != counts_.end()) {
    known->second += count;
  } else if (is_kept(label, zeros_)) {
    counts_.emplace(label, count);
    fit();
  }
}

void LabelSketch::merge(const LabelSketch& other) {
  limit_ = std::min(limit_, other.limit_);
  thin_to(other.zeros_);
  fit();
  const std::uint64_t total = total_ + other.total_;
  for (const auto& [label, count] : other.counts_) add(label, count);
  total_ = total;
}

std::uint64_t LabelSketch::rest() const {
  std::uint64_t kept = 0;
  for (const auto& [label, count] : counts_) kept += count;
  return total_ - kept;
}

}  // namespace mlopsctl::drift
