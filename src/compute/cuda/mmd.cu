// Kernel sums on the GPU: K in tiles, in double precision, which Hopper's and Ampere's tensor cores
// have; K times all labellings at once.
#include "compute/cuda/cublas.hpp"
#include "compute/cuda/work.hpp"
#include "gpu/memory.hpp"

#include <algorithm>

namespace mlopsctl::compute::cuda {

using gpu::check;
using gpu::DeviceArray;
using gpu::Stream;

namespace {

constexpr std::int64_t tile = 8192;
constexpr unsigned block = 256;

// Products to kernel values, in place; columns first.
__global__ void to_kernel(double* values, std::int64_t height, std::int64_t width,
                          std::int64_t i0, std::int64_t j0, const double* squares,
                          double exponent) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= height * width) return;
  const std::int64_t i = i0 + at % height, j = j0 + at / height;
  const double square = fmax(0.0, squares[i] + squares[j] - 2 * values[at]);
  values[at] = i == j ? 0.0 : exp(square * exponent);
}

__global__ void widen(const std::int8_t* from, double* to, std::int64_t count) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at < count) to[at] = from[at];
}

__global__ void fill_ones(double* to, std::int64_t count) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at < count) to[at] = 1;
}

// One block a labelling: adds z'(Kz) and z'(K1) of a strip of rows. The last column of `products`
// belongs to the labelling of ones.
__global__ void add_sums(const double* labels, std::int64_t rows, std::int64_t i0,
                         const double* products, std::int64_t height, unsigned labellings,
                         double* linear, double* quadratic) {
  __shared__ double shared[2][block];
  const unsigned p = blockIdx.x;
  const double* z = labels + p * rows + i0;
  const double* kz = products + p * height;
  const double* k1 = products + static_cast<std::int64_t>(labellings) * height;
  double sums[2] = {0, 0};
  for (std::int64_t i = threadIdx.x; i < height; i += block) {
    sums[0] += z[i] * k1[i];
    sums[1] += z[i] * kz[i];
  }
  for (int k = 0; k < 2; ++k) shared[k][threadIdx.x] = sums[k];
  for (unsigned half = block / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      for (int k = 0; k < 2; ++k) shared[k][threadIdx.x] += shared[k][threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    linear[p] += shared[0][0];
    quadratic[p] += shared[1][0];
  }
}

unsigned blocks_for(std::int64_t count) {
  return static_cast<unsigned>((count + block - 1) / block);
}

}  // namespace

KernelSums kernel_sums(const JointRows& rows, const std::vector<std::int8_t>& labels,
                       double bandwidth, Progress& progress) {
  const auto n = static_cast<std::int64_t>(rows.rows());
  const auto columns = static_cast<std::int64_t>(rows.columns);
  const auto labellings = static_cast<unsigned>(labels.size() / rows.rows());
  const Stream stream;
  Products products(stream);
  const std::int64_t high = std::min(tile, n);
  DeviceArray<double> values(rows.values.size()), squares(rows.squares.size());
  DeviceArray<double> signs(labels.size() + rows.rows());  // and a labelling of ones
  DeviceArray<double> kernel(static_cast<std::size_t>(high * high));
  DeviceArray<double> applied(static_cast<std::size_t>(high) * (labellings + 1));
  DeviceArray<double> linear(labellings + 1), quadratic(labellings + 1);
  linear.clear();
  quadratic.clear();
  values.upload(rows.values.data(), rows.values.size());
  squares.upload(rows.squares.data(), rows.squares.size());
  DeviceArray<std::int8_t> narrow(labels.size());
  narrow.upload(labels.data(), labels.size());
  const auto count = static_cast<std::int64_t>(labels.size());
  check(cudaDeviceSynchronize(), "take the rows");
  widen<<<blocks_for(count), block, 0, stream>>>(narrow.data(), signs.data(), count);
  fill_ones<<<blocks_for(n), block, 0, stream>>>(signs.data() + count, n);

  for (std::int64_t i0 = 0; i0 < n; i0 += tile) {
    const std::int64_t height = std::min(tile, n - i0);
    for (std::int64_t j0 = 0; j0 < n; j0 += tile) {
      const std::int64_t width = std::min(tile, n - j0);
      products.multiply(height, width, columns, {values.data() + i0 * columns, columns, true},
                        {values.data() + j0 * columns, columns, false}, 0, kernel.data(), height);
      to_kernel<<<blocks_for(height * width), block, 0, stream>>>(
          kernel.data(), height, width, i0, j0, squares.data(), -1 / (2 * bandwidth * bandwidth));
      products.multiply(height, labellings + 1, width, {kernel.data(), height, false},
                        {signs.data() + j0, n, false}, j0 == 0 ? 0 : 1, applied.data(), height);
    }
    add_sums<<<labellings + 1, block, 0, stream>>>(signs.data(), n, i0, applied.data(), height,
                                                   labellings, linear.data(), quadratic.data());
    check(cudaGetLastError(), "start a kernel");
    stream.wait();
    progress.advance(static_cast<std::uint64_t>(height));
  }
  KernelSums sums;
  sums.linear.resize(labellings + 1);
  sums.quadratic.resize(labellings + 1);
  linear.download(sums.linear.data(), labellings + 1);
  quadratic.download(sums.quadratic.data(), labellings + 1);
  sums.total = sums.linear.back();
  sums.linear.pop_back();
  sums.quadratic.pop_back();
  return sums;
}

}  // namespace mlopsctl::compute::cuda
