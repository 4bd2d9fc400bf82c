// Column comparisons on the GPU: the same buckets and bounds as on the CPU (column_comparer.cpp),
// and the same quotients and differences in double precision, so that the statistics are equal to
// the bit.
#include "mlopsctl/compute/edges.hpp"

#include "compute/bins.hpp"
#include "compute/cuda/column_kernels.cuh"
#include "compute/cuda/loader.cuh"
#include "compute/cuda/work.hpp"
#include "compute/panels.hpp"
#include "compute/values.hpp"
#include "gpu/memory.hpp"

#include <cub/device/device_segmented_radix_sort.cuh>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace mlopsctl::compute::cuda {

using gpu::check;
using gpu::DeviceArray;

namespace {

constexpr unsigned most_columns = 1024;  // of a panel: what grids and the tables of buckets take
constexpr std::uint64_t most_candidates = std::uint64_t{1} << 30;  // sorted at a time

template <class T>
std::vector<T> downloaded(const DeviceArray<T>& array) {
  std::vector<T> host(array.size());
  if (!host.empty()) array.download(host.data(), host.size());
  return host;
}

template <class T>
DeviceArray<T> uploaded(const std::vector<T>& host) {
  DeviceArray<T> array(host.size());
  if (!host.empty()) array.upload(host.data(), host.size());
  return array;
}

// The work on one panel that is already on the GPU. `results` are its columns'.
template <class T>
class PanelWork {
 public:
  PanelWork(Panel<T> panel, const CompareOptions& options, unsigned threads,
            std::uint64_t spare_bytes, ColumnComparison* results)
      : panel_(panel),
        options_(options),
        threads_(threads),
        spare_(spare_bytes),
        results_(results),
        lines_(2 * panel.width),
        chunks_(static_cast<unsigned>(std::max<std::uint64_t>(
            1, (std::max(panel.rows1, panel.rows2) + chunk_rows - 1) / chunk_rows))) {}

  void run() {
    moments();
    bins();
    statistics();
    if (options_.ecdf_points >= 2) distribution_functions();
  }

 private:
  dim3 grid(unsigned lines) const { return {chunks_, lines}; }
  bool empty(unsigned column) const {
    return parts_[column].finite + parts_[panel_.width + column].finite == 0;
  }
  T joint(unsigned column, bool low) const {
    const Part<T>&a = parts_[column], &b = parts_[panel_.width + column];
    if (a.finite == 0) return low ? b.min : b.max;
    if (b.finite == 0) return low ? a.min : a.max;
    return low ? std::min(a.min, b.min) : std::max(a.max, b.max);
  }
  ColumnMoments& moments_of(unsigned line) {
    return line < panel_.width ? results_[line].reference : results_[line - panel_.width].current;
  }

  void moments() {
    DeviceArray<Part<T>> parts(static_cast<std::size_t>(lines_) * chunks_);
    scan_lines<<<grid(lines_), block>>>(panel_, parts.data());
    check(cudaGetLastError(), "start a kernel");
    const auto seen = downloaded(parts);
    for (unsigned line = 0; line < lines_; ++line) {
      Part<T> all{};
      for (unsigned k = 0; k < chunks_; ++k) {
        const Part<T>& part = seen[static_cast<std::size_t>(line) * chunks_ + k];
        if (part.finite != 0) {
          all.min = all.finite == 0 ? part.min : std::min(all.min, part.min);
          all.max = all.finite == 0 ? part.max : std::max(all.max, part.max);
        }
        all.sum += part.sum;
        all.finite += part.finite;
        all.nan += part.nan;
        all.infinite += part.infinite;
      }
      parts_.push_back(all);
      ColumnMoments& moments = moments_of(line);
      moments.finite = all.finite;
      moments.nan = all.nan;
      moments.infinite = all.infinite;
      if (all.finite == 0) continue;
      moments.min = static_cast<double>(all.min);
      moments.max = static_cast<double>(all.max);
      moments.mean = all.sum / static_cast<double>(all.finite);
      // The sum left the range of doubles: half the range's middle is a mean to deviate from.
      if (!std::isfinite(moments.mean)) moments.mean = moments.min / 2 + moments.max / 2;
    }
  }

  // Counts of every line between the thresholds of its column; squares are those of the first call.
  std::vector<std::vector<std::uint64_t>> count(const std::vector<std::vector<T>>& thresholds,
                                                std::size_t bins, bool want_squares) {
    std::size_t most = 1;
    for (const auto& one : thresholds) most = std::max(most, one.size());
    std::vector<T> flat(panel_.width * most);
    std::vector<unsigned> counts;
    for (unsigned c = 0; c < panel_.width; ++c) {
      std::copy(thresholds[c].begin(), thresholds[c].end(), flat.begin() + c * most);
      counts.push_back(static_cast<unsigned>(thresholds[c].size()));
    }
    std::vector<double> means;
    for (unsigned line = 0; line < lines_; ++line) means.push_back(moments_of(line).mean);
    const auto flat_there = uploaded(flat);
    const auto counts_there = uploaded(counts);
    const auto means_there = uploaded(means);
    DeviceArray<unsigned long long> found(lines_ * (most + 1));
    found.clear();
    DeviceArray<double> squares(static_cast<std::size_t>(lines_) * chunks_);
    const std::size_t shared = most * sizeof(T) + (most + 1) * sizeof(unsigned);
    count_bins<<<grid(lines_), block, shared>>>(panel_, flat_there.data(), counts_there.data(),
                                                static_cast<unsigned>(most), means_there.data(),
                                                found.data(), squares.data());
    check(cudaGetLastError(), "start a kernel");
    const auto all = downloaded(found);
    std::vector<std::vector<std::uint64_t>> result;
    for (unsigned line = 0; line < lines_; ++line) {
      std::vector<std::uint64_t> one(bins);
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(line * (most + 1));
      std::copy_n(from, std::min(bins, most + 1), one.begin());
      result.push_back(std::move(one));
    }
    if (want_squares) {
      const auto parts = downloaded(squares);
      for (unsigned line = 0; line < lines_; ++line) {
        const auto from = parts.begin() + static_cast<std::ptrdiff_t>(line) * chunks_;
        const double sum = std::accumulate(from, from + chunks_, 0.0);
        ColumnMoments& moments = moments_of(line);
        if (moments.finite != 0) moments.variance = sum / static_cast<double>(moments.finite);
      }
    }
    return result;
  }

  void bins() {
    std::vector<std::vector<T>> thresholds(panel_.width);
    for (unsigned c = 0; c < panel_.width; ++c) {
      if (empty(c)) continue;
      results_[c].edges = equal_width_edges(static_cast<double>(joint(c, true)),
                                            static_cast<double>(joint(c, false)), options_.bins);
      thresholds[c] = thresholds_of<T>(results_[c].edges);
    }
    const auto counts = count(thresholds, options_.bins, true);
    for (unsigned c = 0; c < panel_.width; ++c) {
      if (empty(c)) continue;
      results_[c].reference_counts = counts[c];
      results_[c].current_counts = counts[panel_.width + c];
    }
  }

  void distribution_functions() {
    std::vector<std::vector<double>> places(panel_.width);
    std::vector<std::vector<T>> thresholds(panel_.width);
    for (unsigned c = 0; c < panel_.width; ++c) {
      if (empty(c)) continue;
      places[c] = ecdf_places(static_cast<double>(joint(c, true)),
                              static_cast<double>(joint(c, false)), options_.ecdf_points);
      thresholds[c] = thresholds_after<T>(places[c]);
    }
    const auto counts = count(thresholds, options_.ecdf_points + 1, false);
    for (unsigned c = 0; c < panel_.width; ++c) {
      if (!empty(c))
        results_[c].ecdf = ecdf_from(places[c], counts[c], counts[panel_.width + c]);
    }
  }

  std::vector<Buckets<T>> buckets() {
    DeviceArray<T> sample(static_cast<std::size_t>(lines_) * sampled_rows);
    sample.clear();
    take_sample<<<lines_, block>>>(panel_, static_cast<unsigned>(sampled_rows), sample.data());
    check(cudaGetLastError(), "start a kernel");
    const auto values = downloaded(sample);
    std::vector<Buckets<T>> buckets(panel_.width);
    parallel_for(panel_.width, threads_, [&](std::size_t c) {
      std::vector<T> finite;
      const std::size_t pair[] = {c, panel_.width + c};
      for (const std::size_t line : pair) {
        const std::uint64_t rows = line < panel_.width ? panel_.rows1 : panel_.rows2;
        for (std::size_t k = 0; k < std::min<std::uint64_t>(rows, sampled_rows); ++k) {
          const T value = values[line * sampled_rows + k];
          if (is_finite(value)) finite.push_back(value);
        }
      }
      const auto column = static_cast<unsigned>(c);
      if (!finite.empty())
        buckets[c] = choose_buckets(finite, joint(column, true), joint(column, false));
    });
    return buckets;
  }

  void statistics() {
    const auto buckets = uploaded(this->buckets());
    const std::size_t cells = static_cast<std::size_t>(lines_) * bucket_count;
    DeviceArray<unsigned> counts(cells), before(cells), totals(lines_);
    DeviceArray<unsigned char> flags(static_cast<std::size_t>(panel_.width) * bucket_count);
    counts.clear();
    count_buckets<<<grid(lines_), block>>>(panel_, buckets.data(), counts.data());
    std::vector<double> sizes;
    for (const Part<T>& part : parts_) sizes.push_back(static_cast<double>(part.finite));
    const auto sizes_there = uploaded(sizes);
    choose_candidates<<<panel_.width, choose_threads>>>(counts.data(), before.data(), flags.data(),
                                                        sizes_there.data(), panel_.width,
                                                        totals.data());
    check(cudaGetLastError(), "start a kernel");
    const auto candidates = downloaded(totals);
    DeviceArray<Extreme<T>> extremes(lines_);
    const std::uint64_t fit =
        std::clamp<std::uint64_t>(spare_ / (3 * sizeof(T)), 1, most_candidates);
    for (unsigned first = 0; first < panel_.width;) {
      unsigned group = 0;
      std::uint64_t total = 0;
      for (; first + group < panel_.width; ++group) {
        const std::uint64_t more = static_cast<std::uint64_t>(candidates[first + group]) +
                                   candidates[panel_.width + first + group];
        if (group > 0 && total + more > fit) break;
        total += more;
      }
      std::vector<std::int64_t> offsets{0};
      const unsigned sides[] = {0, panel_.width};
      for (const unsigned side : sides) {
        for (unsigned c = first; c < first + group; ++c)
          offsets.push_back(offsets.back() + candidates[side + c]);
      }
      const auto offsets_there = uploaded(offsets);
      DeviceArray<T> collected(std::max<std::uint64_t>(1, total)),
          sorted(std::max<std::uint64_t>(1, total));
      DeviceArray<unsigned> cursors(2 * group);
      cursors.clear();
      collect<<<grid(2 * group), block>>>(panel_, buckets.data(), flags.data(), first, group,
                                          offsets_there.data(), cursors.data(), collected.data());
      check(cudaGetLastError(), "start a kernel");
      std::size_t bytes = 0;
      const auto sort = [&](void* room) {
        check(cub::DeviceSegmentedRadixSort::SortKeys(
                  room, bytes, collected.data(), sorted.data(), static_cast<int>(total),
                  static_cast<int>(2 * group), offsets_there.data(), offsets_there.data() + 1),
              "sort");
      };
      sort(nullptr);
      DeviceArray<std::byte> room(bytes + 1);
      sort(room.data());
      walk_candidates<<<group, block>>>(sorted.data(), offsets_there.data(), buckets.data(),
                                        counts.data(), before.data(), sizes_there.data(),
                                        panel_.width, first, group, extremes.data());
      check(cudaGetLastError(), "start a kernel");
      check(cudaDeviceSynchronize(), "compare columns");
      first += group;
    }
    const auto found = downloaded(extremes);
    for (unsigned c = 0; c < panel_.width; ++c) {
      if (parts_[c].finite == 0 || parts_[panel_.width + c].finite == 0) continue;
      const bool negative = found[2 * c + 1].difference > found[2 * c].difference;
      const Extreme<T>& extreme = found[2 * c + (negative ? 1 : 0)];
      results_[c].ks_statistic = extreme.difference;
      results_[c].ks_sign = negative ? -1 : 1;
      results_[c].ks_location = static_cast<double>(extreme.value);
    }
  }

  Panel<T> panel_;
  const CompareOptions& options_;
  unsigned threads_;
  std::uint64_t spare_;
  ColumnComparison* results_;
  unsigned lines_, chunks_;
  std::vector<Part<T>> parts_;
};

}  // namespace

template <class T>
std::vector<ColumnComparison> compare_columns(const Matrix& reference, const Matrix& current,
                                              const CompareOptions& options, unsigned threads,
                                              Progress& progress) {
  using Clock = std::chrono::steady_clock;
  const std::uint64_t columns = reference.columns();
  std::vector<ColumnComparison> results(columns);
  if (columns == 0) return results;
  const auto began = Clock::now();
  Loader<T> loader(threads);
  const std::uint64_t rows1 = reference.rows(), rows2 = current.rows();
  const std::uint64_t stride1 = column_stride(rows1), stride2 = column_stride(rows2);
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "tell its memory");
  const std::uint64_t column_bytes = std::max<std::uint64_t>(1, (stride1 + stride2) * sizeof(T));
  const std::uint64_t width = std::clamp<std::uint64_t>(
      free / 2 / column_bytes, 1, std::min<std::uint64_t>(columns, most_columns));
  DeviceArray<T> panel(std::max<std::uint64_t>(1, width * (stride1 + stride2)));
  std::chrono::duration<double, std::milli> copying{}, computing{}, starting = Clock::now() - began;
  for (std::uint64_t first = 0; first < columns; first += width) {
    const auto count = static_cast<unsigned>(std::min(width, columns - first));
    T* const right = panel.data() + width * stride1;
    const auto start = Clock::now();
    loader.load(reference, first, count, panel.data(), stride1);
    loader.load(current, first, count, right, stride2);
    const auto loaded = Clock::now();
    PanelWork<T>({.left = panel.data(),
                  .right = right,
                  .stride1 = stride1,
                  .stride2 = stride2,
                  .rows1 = rows1,
                  .rows2 = rows2,
                  .width = count},
                 options, threads, (free - width * column_bytes) / 2, results.data() + first)
        .run();
    copying += loaded - start;
    computing += Clock::now() - loaded;
    progress.advance(count);
  }
  char line[160];
  std::snprintf(line, sizeof line, "the GPU was ready after %.1f ms, copied for %.1f ms and computed for %.1f ms",
                starting.count(), copying.count(), computing.count());
  progress.detail(line);
  return results;
}

template std::vector<ColumnComparison> compare_columns<float>(const Matrix&, const Matrix&,
                                                              const CompareOptions&, unsigned,
                                                              Progress&);
template std::vector<ColumnComparison> compare_columns<double>(const Matrix&, const Matrix&,
                                                               const CompareOptions&, unsigned,
                                                               Progress&);
template std::vector<ColumnComparison> compare_columns<std::int64_t>(const Matrix&, const Matrix&,
                                                                     const CompareOptions&,
                                                                     unsigned, Progress&);
template std::vector<ColumnComparison> compare_columns<std::uint64_t>(const Matrix&, const Matrix&,
                                                                      const CompareOptions&,
                                                                      unsigned, Progress&);

}  // namespace mlopsctl::compute::cuda
