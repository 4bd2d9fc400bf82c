// The CUDA backend: the GPU's share of the work is in compare.cu and mmd.cu.
#include "compute/cpu_backend.hpp"
#include "compute/cuda/work.hpp"
#include "compute/parallel.hpp"
#include "compute/values.hpp"
#include "gpu/device.hpp"

#include <string>

namespace mlopsctl {

namespace compute::cuda {

namespace {

constexpr std::size_t most_bins = 1024;  // what the kernels have room for

class CudaBackend final : public ComputeBackend {
 public:
  CudaBackend() : device_(gpu::require_device().name) {}

  std::string name() const override { return "cuda, " + device_; }

  std::vector<ColumnComparison> compare_columns(const Matrix& reference, const Matrix& current,
                                                const CompareOptions& options,
                                                Progress& progress) override {
    require_comparable(reference, current);
    if (options.bins > most_bins || options.ecdf_points > most_bins)
      return cpu_.compare_columns(reference, current, options, progress);
    progress.start("comparing features", reference.columns(), "features");
    auto results = with_value_type(common_value_type({&reference, &current}), [&]<class T>(T) {
      return cuda::compare_columns<T>(reference, current, options, threads_, progress);
    });
    progress.finish();
    return results;
  }

  MmdResult mmd(const Matrix& reference, const Matrix& current, const MmdOptions& options,
                Progress& progress) override {
    require_comparable(reference, current);
    const JointRows rows = joint_rows(reference, current, threads_);
    const double bandwidth = choose_bandwidth(rows, options, threads_);
    if (rows.reference < 2 || rows.current < 2)
      return {.statistic = 0, .p = 1, .bandwidth = bandwidth};
    progress.start("kernel sums", rows.rows(), "rows");
    const KernelSums sums =
        cuda::kernel_sums(rows, permuted_labels(rows, options, threads_), bandwidth, progress);
    progress.finish();
    return mmd_result(rows, sums, bandwidth);
  }

 private:
  std::string device_;
  unsigned threads_ = thread_count(0);
  CpuBackend cpu_{0};
};

}  // namespace

}  // namespace compute::cuda

std::unique_ptr<ComputeBackend> make_cuda_backend() {
  return std::make_unique<compute::cuda::CudaBackend>();
}

}  // namespace mlopsctl
