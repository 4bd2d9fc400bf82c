#include "compute/cpu_backend.hpp"
#include "compute/mmd.hpp"
#include "compute/parallel.hpp"
#include "compute/product.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace mlopsctl::compute {

namespace {

constexpr std::size_t tile = 256;  // rows and columns of K at a time

// Sums of one row of tiles, from the diagonal to the right: K is symmetric.
struct Strip {
  double total = 0;
  std::vector<double> linear, quadratic;
};

class StripSummer {
 public:
  StripSummer(const JointRows& rows, const std::vector<std::int8_t>& labels, double bandwidth)
      : rows_(rows),
        labels_(labels),
        labellings_(labels.size() / rows.rows()),
        exponent_(-1 / (2 * bandwidth * bandwidth)) {}

  Strip sum(std::size_t i0) {
    Strip strip{.total = 0,
                .linear = std::vector<double>(labellings_),
                .quadratic = std::vector<double>(labellings_)};
    const std::size_t n = rows_.rows(), height = std::min(tile, n - i0);
    const std::vector<double> left = signs(i0, height);
    for (std::size_t j0 = i0; j0 < n; j0 += tile) {
      const std::size_t width = std::min(tile, n - j0);
      fill_kernel(i0, height, j0, width);
      add(strip, left, height, j0 == i0 ? left : signs(j0, width), width, j0 == i0);
    }
    return strip;
  }

 private:
  // +1 and -1 of some rows under all labellings: row i's at [i*labellings].
  std::vector<double> signs(std::size_t begin, std::size_t count) const {
    std::vector<double> result(count * labellings_);
    for (std::size_t p = 0; p < labellings_; ++p) {
      const std::int8_t* from = labels_.data() + p * rows_.rows() + begin;
      for (std::size_t i = 0; i < count; ++i) result[i * labellings_ + p] = from[i];
    }
    return result;
  }

  void fill_kernel(std::size_t i0, std::size_t height, std::size_t j0, std::size_t width) {
    const std::size_t columns = rows_.columns;
    kernel_.resize(tile * tile);
    multiply({height, width, columns}, {rows_.values.data() + i0 * columns, columns, 1},
             {rows_.values.data() + j0 * columns, 1, columns}, kernel_.data(), width);
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        double& value = kernel_[i * width + j];
        const double square =
            std::max(0.0, rows_.squares[i0 + i] + rows_.squares[j0 + j] - 2 * value);
        value = i0 + i == j0 + j ? 0.0 : std::exp(square * exponent_);
      }
    }
  }

  void add(Strip& strip, const std::vector<double>& left, std::size_t height,
           const std::vector<double>& right, std::size_t width, bool diagonal) {
    const double times = diagonal ? 1 : 2;  // the mirrored tile
    row_sums_.assign(height, 0);
    column_sums_.assign(width, 0);
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        row_sums_[i] += kernel_[i * width + j];
        column_sums_[j] += kernel_[i * width + j];
      }
      strip.total += times * row_sums_[i];
    }
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t p = 0; p < labellings_; ++p)
        strip.linear[p] += left[i * labellings_ + p] * row_sums_[i];
    }
    if (!diagonal) {
      for (std::size_t j = 0; j < width; ++j) {
        for (std::size_t p = 0; p < labellings_; ++p)
          strip.linear[p] += right[j * labellings_ + p] * column_sums_[j];
      }
    }
    product_.resize(tile * labellings_);
    multiply({height, labellings_, width}, {kernel_.data(), width, 1},
             {right.data(), labellings_, 1}, product_.data(), labellings_);
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t p = 0; p < labellings_; ++p)
        strip.quadratic[p] += times * left[i * labellings_ + p] * product_[i * labellings_ + p];
    }
  }

  const JointRows& rows_;
  const std::vector<std::int8_t>& labels_;
  std::size_t labellings_;
  double exponent_;
  std::vector<double> kernel_, product_, row_sums_, column_sums_;
};

}  // namespace

KernelSums kernel_sums(const JointRows& rows, const std::vector<std::int8_t>& labels,
                       double bandwidth, unsigned threads, Progress& progress) {
  const std::size_t strips = (rows.rows() + tile - 1) / tile;
  std::vector<Strip> parts(strips);
  std::mutex mutex;
  parallel_for(strips, threads, [&](std::size_t i) {
    parts[i] = StripSummer(rows, labels, bandwidth).sum(i * tile);
    const std::lock_guard lock(mutex);
    progress.advance(1);
  });
  // In order, so that the number of threads does not change a bit.
  KernelSums sums;
  const std::size_t labellings = labels.size() / rows.rows();
  sums.linear.resize(labellings);
  sums.quadratic.resize(labellings);
  for (const Strip& part : parts) {
    sums.total += part.total;
    for (std::size_t p = 0; p < labellings; ++p) {
      sums.linear[p] += part.linear[p];
      sums.quadratic[p] += part.quadratic[p];
    }
  }
  return sums;
}

MmdResult CpuBackend::mmd(const Matrix& reference, const Matrix& current, const MmdOptions& options,
                          Progress& progress) {
  require_comparable(reference, current);
  const JointRows rows = joint_rows(reference, current, threads_);
  const double bandwidth = choose_bandwidth(rows, options, threads_);
  if (rows.reference < 2 || rows.current < 2)
    return {.statistic = 0, .p = 1, .bandwidth = bandwidth};
  progress.start("kernel sums", (rows.rows() + tile - 1) / tile, "strips");
  const KernelSums sums =
      kernel_sums(rows, permuted_labels(rows, options, threads_), bandwidth, threads_, progress);
  progress.finish();
  return mmd_result(rows, sums, bandwidth);
}

}  // namespace mlopsctl::compute
