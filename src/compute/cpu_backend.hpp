// The CPU backend, of which others use single steps.
#pragma once

#include "mlopsctl/compute/backend.hpp"

namespace mlopsctl::compute {

// Throws Error{usage} if the matrices differ in columns.
void require_comparable(const Matrix& reference, const Matrix& current);

class CpuBackend final : public ComputeBackend {
 public:
  explicit CpuBackend(unsigned threads);

  std::string name() const override;
  std::vector<ColumnComparison> compare_columns(const Matrix& reference, const Matrix& current,
                                                const CompareOptions& options,
                                                Progress& progress) override;
  MmdResult mmd(const Matrix& reference, const Matrix& current, const MmdOptions& options,
                Progress& progress) override;

 private:
  unsigned threads_;
};

}  // namespace mlopsctl::compute
