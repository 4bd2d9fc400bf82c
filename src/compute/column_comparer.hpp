// Both sides of one column: moments, bins, KS. One object a thread; it keeps its buffers.
#pragma once

#include "mlopsctl/compute/backend.hpp"

#include "compute/bins.hpp"
#include "compute/kernels.hpp"
#include "compute/ks.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace mlopsctl::compute {

template <class T>
class ColumnComparer {
 public:
  // The arrays lose what is not finite (their rest is left undefined).
  ColumnComparison compare(T* reference, std::size_t reference_rows, T* current,
                           std::size_t current_rows, const CompareOptions& options);

 private:
  struct Sample {
    T* values = nullptr;
    std::size_t size = 0;
    T min{}, max{};
  };
  // The samples' counts in buckets, and the values in those buckets that have to be looked at.
  struct Bucketed {
    std::vector<std::uint32_t> counts;
    std::vector<T> candidates, scratch;
  };

  Sample look_at(T* values, std::size_t rows, ColumnMoments& moments);
  void ks(const Sample& reference, const Sample& current, ColumnComparison& result);
  Buckets<T> sample_buckets(const Sample& reference, const Sample& current);
  void count(const Sample& sample, const Buckets<T>& buckets, std::vector<std::uint32_t>& counts);
  std::size_t choose_candidates(double n1, double n2);
  void collect(const Sample& sample, const Buckets<T>& buckets, Bucketed& into);
  void settle_single_values(const Buckets<T>& buckets);
  KsExtremes walk_candidates(double n1, double n2);
  void count_bins(const Sample& sample, const std::vector<T>& thresholds,
                  std::vector<std::uint64_t>& counts);

  Bucketed reference_, current_;
  std::array<std::uint8_t, bucket_count> candidate_{};  // 1: look at it; 2: holds one value only
  std::vector<T> lowest_, highest_;                     // of the candidate buckets
  std::vector<T> sampled_;
  std::vector<std::uint16_t> index_;
};

}  // namespace mlopsctl::compute
