// The GPU's side of the backend, for files that the CUDA compiler does not see.
#pragma once

#include "mlopsctl/compute/backend.hpp"

#include "compute/mmd.hpp"

#include <vector>

namespace mlopsctl::compute::cuda {

template <class T>
std::vector<ColumnComparison> compare_columns(const Matrix& reference, const Matrix& current,
                                              const CompareOptions& options, unsigned threads,
                                              Progress& progress);

KernelSums kernel_sums(const JointRows& rows, const std::vector<std::int8_t>& labels,
                       double bandwidth, Progress& progress);

}  // namespace mlopsctl::compute::cuda
