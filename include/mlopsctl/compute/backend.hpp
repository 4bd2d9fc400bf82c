// The heavy arithmetic over whole matrices, on the CPU or on a GPU. The CPU backend is always there
// and defines correctness: statistics and counts of a GPU are bit-equal to its, sums agree to 1e-12
// relative.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/compute/matrix.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// What is known of the finite values of one column of one side.
struct ColumnMoments {
  std::uint64_t finite = 0;
  std::uint64_t nan = 0;
  std::uint64_t infinite = 0;
  double min = 0, max = 0;        // of the finite values; 0 if there is none
  double mean = 0, variance = 0;  // population variance (ddof 0)
};

// Points of both empirical distribution functions for a picture: at most `ecdf_points` of the joint
// range.
struct EcdfPoint {
  double x = 0;
  double reference = 0;  // share of values <= x
  double current = 0;
};

// Both sides of one column: what the default tests need, from one read of each side.
struct ColumnComparison {
  ColumnMoments reference, current;
  // Two-sample Kolmogorov–Smirnov statistic with scipy's sign and location rules (drift.md §1.1),
  // over the finite values; 0 if a side has none.
  double ks_statistic = 0;
  int ks_sign = 1;
  double ks_location = 0;
  // Equal-width bins over the joint range as numpy.histogram on float64 (drift.md §1.5).
  std::vector<double> edges;  // bins + 1
  std::vector<std::uint64_t> reference_counts, current_counts;
  std::vector<EcdfPoint> ecdf;
};

struct CompareOptions {
  std::size_t bins = 10;
  std::size_t ecdf_points = 0;  // 0: none
};

struct MmdOptions {
  std::size_t permutations = 1000;
  std::uint64_t seed = 42;
  double bandwidth = 0;  // sigma of exp(-d²/(2σ²)); 0: the median distance of at most 2000 rows of
                         // the joint sample
};
struct MmdResult {
  double statistic = 0;  // unbiased MMD²
  double p = 1;          // (1 + permutations at least as large) / (1 + permutations)
  double bandwidth = 0;
};

class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;
  virtual std::string name() const = 0;  // "cpu, 2 threads", "cuda, NVIDIA H100 …"

  // Both matrices have the same number of columns. Works panel by panel: memory stays near one
  // panel, whatever the size of the matrices. Result i belongs to column i.
  virtual std::vector<ColumnComparison> compare_columns(const Matrix& reference,
                                                        const Matrix& current,
                                                        const CompareOptions& options,
                                                        Progress& progress) = 0;

  // Maximum mean discrepancy with a Gaussian kernel and a permutation test; rows with a non-finite
  // value are left out. Never holds the whole kernel matrix.
  virtual MmdResult mmd(const Matrix& reference, const Matrix& current, const MmdOptions& options,
                        Progress& progress) = 0;
};

// threads 0: as many as the machine has.
std::unique_ptr<ComputeBackend> make_cpu_backend(unsigned threads = 0);
// Throws Error{unavailable} that says what is missing (driver, device, cuBLAS, a build without
// CUDA).
std::unique_ptr<ComputeBackend> make_cuda_backend();
// "auto" (a GPU if there is one and the work is worth it, else the CPU), "cpu", "cuda".
std::unique_ptr<ComputeBackend> make_backend(std::string_view device);

// Calls `take` for each column, ascending, with its finite values as doubles, sorted ascending; a
// panel of columns is held at a time and columns of a panel are worked on in parallel, so `take`
// must be thread-safe.
void for_each_sorted_column(
    const Matrix& matrix, unsigned threads,
    const std::function<void(std::uint64_t column, const std::vector<double>& sorted)>& take);

}  // namespace mlopsctl
