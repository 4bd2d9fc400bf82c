// What every backend does alike for the maximum mean discrepancy: rows, bandwidth, permutations and
// the step from sums to the result. A. Gretton et al., "A kernel two-sample test", JMLR 13, 2012.
#pragma once

#include "mlopsctl/compute/backend.hpp"

#include <cstdint>
#include <vector>

namespace mlopsctl::compute {

// Rows of both samples below each other, row-major, the column means taken off (distances stay, and
// lose less to rounding when they are expanded into products).
struct JointRows {
  std::uint64_t reference = 0, current = 0;  // rows
  std::uint64_t columns = 0;
  std::vector<double> values;
  std::vector<double> squares;  // |x|² of each row

  std::uint64_t rows() const { return reference + current; }
};
JointRows joint_rows(const Matrix& reference, const Matrix& current, unsigned threads);

// sigma of exp(-d²/(2σ²)): what was asked for, else the median distance of at most 2000 rows; 1 if
// that is 0.
double choose_bandwidth(const JointRows& rows, const MmdOptions& options, unsigned threads);

// labels[p*rows + i] is +1 where permutation p takes row i for the reference, else -1. Number 0 is
// the truth, the others are drawn; the same seed gives the same on every machine.
std::vector<std::int8_t> permuted_labels(const JointRows& rows, const MmdOptions& options,
                                         unsigned threads);

// Sums over the kernel matrix K without its diagonal, for each labelling z: Σ K, z'K1, z'Kz.
struct KernelSums {
  double total = 0;
  std::vector<double> linear, quadratic;
};
MmdResult mmd_result(const JointRows& rows, const KernelSums& sums, double bandwidth);

// The sums on this machine's cores, tile by tile.
KernelSums kernel_sums(const JointRows& rows, const std::vector<std::int8_t>& labels,
                       double bandwidth, unsigned threads, Progress& progress);

}  // namespace mlopsctl::compute
