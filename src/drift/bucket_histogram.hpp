// Counts of doubles in buckets of equal leading bits, at most `limit` of them: see profile.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mlopsctl::drift {

struct Bucket {
  std::uint64_t key = 0;  // the leading bits, in the order of the values
  std::uint64_t count = 0;
  friend bool operator==(const Bucket&, const Bucket&) = default;
};

class BucketHistogram {
 public:
  explicit BucketHistogram(std::size_t limit = 1024);
  // Buckets as buckets() gives them.
  BucketHistogram(std::size_t limit, int dropped_bits, std::span<const Bucket> buckets);

  void add(double finite) { insert(order(finite) >> dropped_, 1); }
  void merge(const BucketHistogram& other);
  // The same counts with so many bits dropped; never fewer than now.
  void coarsen_to(int dropped_bits);

  int dropped_bits() const { return dropped_; }
  std::size_t limit() const { return limit_; }
  std::vector<Bucket> buckets() const;  // ascending

  // The smallest double of the bucket with this key, and whether a bucket is one value only.
  static double lower_edge(std::uint64_t key, int dropped_bits);
  bool exact() const { return dropped_ == 0; }

  // Unsigned numbers in the order of the doubles; -0 is 0.
  static std::uint64_t order(double value);

 private:
  void insert(std::uint64_t key, std::uint64_t count);
  void grow();
  void rebuild(int dropped_bits);

  std::size_t limit_;
  int dropped_ = 0;
  std::size_t used_ = 0;
  std::vector<Bucket> table_;  // open addressing; a count of 0 is an empty slot
};

}  // namespace mlopsctl::drift
