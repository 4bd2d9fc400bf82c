#include "drift/bucket_histogram.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t sign = std::uint64_t{1} << 63U;

constexpr std::size_t first_slots = 64;  // most columns of hundreds have few values

// Neighbouring keys are common: Fibonacci hashing spreads them.
std::size_t slot_of(std::uint64_t key, std::size_t slots) {
  return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32U) & (slots - 1);
}

}  // namespace

BucketHistogram::BucketHistogram(std::size_t limit) : limit_(limit), table_(first_slots) {}

BucketHistogram::BucketHistogram(std::size_t limit, int dropped_bits,
                                 std::span<const Bucket> buckets)
    : BucketHistogram(limit) {
  dropped_ = dropped_bits;
  for (const auto& bucket : buckets) insert(bucket.key, bucket.count);
}

std::uint64_t BucketHistogram::order(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double BucketHistogram::lower_edge(std::uint64_t key, int dropped_bits) {
  const std::uint64_t ordered = key << static_cast<unsigned>(dropped_bits);
  const double value = std::bit_cast<double>((ordered & sign) != 0 ? ordered & ~sign : ~ordered);
  // The ends of the order are NaNs; a bucket there begins at the largest double.
  if (value != value) {
    return (ordered & sign) != 0 ? std::numeric_limits<double>::max()
                                 : std::numeric_limits<double>::lowest();
  }
  return std::clamp(value, std::numeric_limits<double>::lowest(),
                    std::numeric_limits<double>::max());
}

void BucketHistogram::insert(std::uint64_t key, std::uint64_t count) {
  std::size_t slot = slot_of(key, table_.size());
  while (table_[slot].count != 0 && table_[slot].key != key)
    slot = (slot + 1) & (table_.size() - 1);
  Bucket& bucket = table_[slot];
  const bool fresh = bucket.count == 0;
  bucket.key = key;
  bucket.count += count;
  if (!fresh) return;
  if (++used_ > limit_) {
    rebuild(dropped_ + 1);
  } else if (2 * used_ > table_.size()) {
    grow();
  }
}

void BucketHistogram::grow() {
  const std::vector<Bucket> old = std::exchange(table_, std::vector<Bucket>(2 * table_.size()));
  for (const auto& bucket : old) {
    if (bucket.count == 0) continue;
    std::size_t slot = slot_of(bucket.key, table_.size());
    while (table_[slot].count != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = bucket;
  }
}

// Drops bits until the buckets fit. Only what must be dropped is, so the result is that of counting
// at this many bits from the start.
void BucketHistogram::rebuild(int dropped_bits) {
  const std::vector<Bucket> old = buckets();
  const auto shift = static_cast<unsigned>(dropped_bits - dropped_);
  dropped_ = dropped_bits;
  used_ = 0;
  std::ranges::fill(table_, Bucket{});
  std::vector<Bucket> merged;
  for (const auto& bucket : old) {
    const std::uint64_t key = shift > 63 ? 0 : bucket.key >> shift;
    if (!merged.empty() && merged.back().key == key) {
      merged.back().count += bucket.count;
    } else {
      merged.push_back({key, bucket.count});
    }
  }
  if (merged.size() > limit_) {
    // As one who has these buckets: the table is refilled once, at the end.
    for (int more = 1;; ++more) {
      std::size_t left = 0;
      std::uint64_t last = 0;
      for (const auto& bucket : merged) {
        const std::uint64_t key = bucket.key >> static_cast<unsigned>(more);
        if (left == 0 || key != last) ++left;
        last = key;
      }
      if (left > limit_) continue;
      for (auto& bucket : merged) bucket.key >>= static_cast<unsigned>(more);
      dropped_ += more;
      break;
    }
  }
  for (const auto& bucket : merged) insert(bucket.key, bucket.count);
}

void BucketHistogram::coarsen_to(int dropped_bits) {
  if (dropped_bits > dropped_) rebuild(dropped_bits);
}

void BucketHistogram::merge(const BucketHistogram& other) {
  limit_ = std::min(limit_, other.limit_);
  coarsen_to(other.dropped_);
  if (used_ > limit_) rebuild(dropped_ + 1);
  for (const auto& bucket : other.buckets()) {
    insert(bucket.key >> static_cast<unsigned>(dropped_ - other.dropped_), bucket.count);
  }
}

std::vector<Bucket> BucketHistogram::buckets() const {
  std::vector<Bucket> result;
  result.reserve(used_);
  for (const auto& bucket : table_) {
    if (bucket.count != 0) result.push_back(bucket);
  }
  std::ranges::sort(result, {}, &Bucket::key);
  return result;
}

}  // namespace mlopsctl::drift
