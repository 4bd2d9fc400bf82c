// Which backend does the work.
#include "mlopsctl/compute/backend.hpp"

#include "mlopsctl/base/error.hpp"

#include "compute/cpu_backend.hpp"

#include <fmt/format.h>

#include <optional>

namespace mlopsctl {

namespace compute {

void require_comparable(const Matrix& reference, const Matrix& current) {
  if (reference.columns() != current.columns())
    throw Error(ErrorKind::usage,
                fmt::format("the reference has {} columns, the current data {}",
                            reference.columns(), current.columns()),
                "both matrices need the same features in the same order");
}

namespace {

// Takes the GPU for work that repays its start, which is half a second, and falls back on the CPU
// where there is none.
class AutomaticBackend final : public ComputeBackend {
 public:
  std::string name() const override { return last_->name(); }

  std::vector<ColumnComparison> compare_columns(const Matrix& reference, const Matrix& current,
                                                const CompareOptions& options,
                                                Progress& progress) override {
    const double values = static_cast<double>(reference.rows() + current.rows()) *
                          static_cast<double>(reference.columns());
    constexpr double worth = 2e8;  // values: about half a second on two cores
    return choose(values > worth, progress).compare_columns(reference, current, options, progress);
  }

  MmdResult mmd(const Matrix& reference, const Matrix& current, const MmdOptions& options,
                Progress& progress) override {
    const auto rows = static_cast<double>(reference.rows() + current.rows());
    const double multiplications =
        rows * rows * static_cast<double>(reference.columns() + options.permutations) / 2;
    constexpr double worth = 1e10;
    return choose(multiplications > worth, progress).mmd(reference, current, options, progress);
  }

 private:
  ComputeBackend& choose(bool worth, Progress& progress) {
    if (worth && !gpu_ && why_not_.empty()) {
      try {
        gpu_ = make_cuda_backend();
      } catch (const Error& error) {
        why_not_ = error.what();
        progress.detail(fmt::format("working on the CPU: {}", why_not_));
      }
    }
    last_ = worth && gpu_ ? gpu_.get() : cpu_.get();
    return *last_;
  }

  std::unique_ptr<ComputeBackend> cpu_ = make_cpu_backend(), gpu_;
  std::string why_not_;
  ComputeBackend* last_ = cpu_.get();
};

}  // namespace

}  // namespace compute

std::unique_ptr<ComputeBackend> make_backend(std::string_view device) {
  if (device == "cpu") return make_cpu_backend();
  if (device == "cuda") return make_cuda_backend();
  if (device == "auto") return std::make_unique<compute::AutomaticBackend>();
  throw Error(ErrorKind::usage, fmt::format("there is no device '{}'", device),
              "devices are auto, cpu and cuda");
}

}  // namespace mlopsctl
