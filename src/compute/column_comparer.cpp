// KS without sorting everything (drift.md §7): count both samples in many narrow buckets. At the
// buckets' ends the distribution functions are known exactly, within a bucket their difference is
// bounded by its ends; only the buckets whose bound reaches the best difference known are sorted.
#include "compute/column_comparer.hpp"

#include "mlopsctl/compute/edges.hpp"

#include "compute/radix_sort.hpp"
#include "compute/values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace mlopsctl::compute {

namespace {

constexpr std::size_t block = 2048;        // values that stay in the first cache between loops
constexpr std::size_t few_rows = 1 << 15;  // of both samples: sorting is faster than counting
constexpr std::size_t many_thresholds = 24;

template <class T>
std::size_t drop_non_finite(T* values, std::size_t rows, ColumnMoments& moments) {
  if constexpr (std::is_floating_point_v<T>) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      if (std::isnan(values[i])) {
        ++moments.nan;
      } else if (std::isinf(values[i])) {
        ++moments.infinite;
      } else {
        values[kept++] = values[i];
      }
    }
    return kept;
  } else {
    return rows;
  }
}

}  // namespace

template <class T>
typename ColumnComparer<T>::Sample ColumnComparer<T>::look_at(T* values, std::size_t rows,
                                                              ColumnMoments& moments) {
  Sample sample{.values = values, .size = rows, .min = {}, .max = {}};
  if (rows == 0) return sample;
  Scan<T> seen = scan(values, rows);
  if (!seen.finite) {
    sample.size = drop_non_finite(values, rows, moments);
    if (sample.size == 0) return sample;
    seen = scan(values, sample.size);
  }
  sample.min = seen.min;
  sample.max = seen.max;
  moments.finite = sample.size;
  moments.min = static_cast<double>(seen.min);
  moments.max = static_cast<double>(seen.max);
  const auto n = static_cast<double>(sample.size);
  moments.mean = seen.sum / n;
  if (!std::isfinite(moments.mean)) {  // the sum left the range of doubles, the mean does not
    moments.mean = 0;
    for (std::size_t i = 0; i < sample.size; ++i)
      moments.mean += static_cast<double>(values[i]) / n;
  }
  return sample;
}

template <class T>
ColumnComparison ColumnComparer<T>::compare(T* reference, std::size_t reference_rows, T* current,
                                            std::size_t current_rows,
                                            const CompareOptions& options) {
  ColumnComparison result;
  const Sample first = look_at(reference, reference_rows, result.reference);
  const Sample second = look_at(current, current_rows, result.current);
  if (first.size + second.size == 0) return result;
  const auto joint = [&](auto pick, T Sample::*member) {
    if (first.size == 0) return second.*member;
    if (second.size == 0) return first.*member;
    return pick(first.*member, second.*member);
  };
  const auto low =
      static_cast<double>(joint([](T a, T b) { return std::min(a, b); }, &Sample::min));
  const auto high =
      static_cast<double>(joint([](T a, T b) { return std::max(a, b); }, &Sample::max));

  result.edges = equal_width_edges(low, high, options.bins);
  const auto thresholds = thresholds_of<T>(result.edges);
  const auto finish_side = [&](const Sample& sample, ColumnMoments& moments,
                               std::vector<std::uint64_t>& counts) {
    counts.assign(options.bins, 0);
    if (sample.size == 0) return;
    double squares = 0;
    for (std::size_t i = 0; i < sample.size; i += block) {
      const std::size_t n = std::min(block, sample.size - i);
      squares += squared_deviations(sample.values + i, n, moments.mean);
    }
    moments.variance = squares / static_cast<double>(sample.size);
    count_bins(sample, thresholds, counts);
  };
  finish_side(first, result.reference, result.reference_counts);
  finish_side(second, result.current, result.current_counts);

  if (first.size != 0 && second.size != 0) ks(first, second, result);

  if (options.ecdf_points >= 2) {
    const std::vector<double> places = ecdf_places(low, high, options.ecdf_points);
    const auto after = thresholds_after<T>(places);
    std::vector<std::uint64_t> left(places.size() + 1), right(places.size() + 1);
    if (first.size != 0) count_bins(first, after, left);
    if (second.size != 0) count_bins(second, after, right);
    result.ecdf = ecdf_from(places, left, right);
  }
  return result;
}

template <class T>
void ColumnComparer<T>::count_bins(const Sample& sample, const std::vector<T>& thresholds,
                                   std::vector<std::uint64_t>& counts) {
  if (thresholds.size() > many_thresholds) {
    const auto low = static_cast<double>(thresholds.front());
    const auto high = static_cast<double>(thresholds.back());
    const double scale = static_cast<double>(thresholds.size() - 1) / (high - low);
    const auto last = static_cast<double>(thresholds.size());
    for (std::size_t i = 0; i < sample.size; ++i) {
      const T value = sample.values[i];
      // A guess, corrected by the thresholds themselves.
      const double guess = (static_cast<double>(value) - low) * scale + 1;
      auto bin = static_cast<std::size_t>(guess > 0 ? std::min(guess, last) : 0.0);
      while (bin > 0 && value < thresholds[bin - 1]) --bin;
      while (bin < thresholds.size() && value >= thresholds[bin]) ++bin;
      ++counts[bin];
    }
    return;
  }
  std::vector<std::uint64_t> reached(thresholds.size());
  for (std::size_t i = 0; i < sample.size; i += block) {
    count_at_least(sample.values + i, std::min(block, sample.size - i), thresholds.data(),
                   thresholds.size(), reached.data());
  }
  std::uint64_t above = sample.size;
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    counts[k] += above - reached[k];
    above = reached[k];
  }
  counts[thresholds.size()] += above;
}

template <class T>
void ColumnComparer<T>::ks(const Sample& reference, const Sample& current,
                           ColumnComparison& result) {
  const auto n1 = static_cast<double>(reference.size), n2 = static_cast<double>(current.size);
  KsExtremes extremes;
  if (reference.size == current.size &&
      std::memcmp(reference.values, current.values, reference.size * sizeof(T)) == 0) {
    extremes.see(0, true, static_cast<double>(reference.min));
  } else if (reference.size + current.size < few_rows) {
    reference_.candidates.assign(reference.values, reference.values + reference.size);
    current_.candidates.assign(current.values, current.values + current.size);
    radix_sort(reference_.candidates, reference_.scratch);
    radix_sort(current_.candidates, current_.scratch);
    walk(reference_.candidates.data(), reference.size, current_.candidates.data(), current.size, {},
         n1, n2, extremes);
  } else {
    const Buckets<T> buckets = sample_buckets(reference, current);
    count(reference, buckets, reference_.counts);
    count(current, buckets, current_.counts);
    const std::size_t left = choose_candidates(n1, n2);
    collect(reference, buckets, reference_);
    collect(current, buckets, current_);
    if (left > (reference.size + current.size) / 16) settle_single_values(buckets);
    radix_sort(reference_.candidates, reference_.scratch);
    radix_sort(current_.candidates, current_.scratch);
    extremes = walk_candidates(n1, n2);
  }
  result.ks_statistic = extremes.best();
  result.ks_sign = extremes.sign();
  result.ks_location = extremes.location();
}

template <class T>
Buckets<T> ColumnComparer<T>::sample_buckets(const Sample& reference, const Sample& current) {
  sampled_.clear();
  for (const Sample* sample : {&reference, &current}) {
    const std::size_t step = std::max<std::size_t>(1, sample->size / sampled_rows);
    for (std::size_t i = step / 2; i < sample->size; i += step)
      sampled_.push_back(sample->values[i]);
  }
  return choose_buckets(sampled_, std::min(reference.min, current.min),
                        std::max(reference.max, current.max));
}

template <class T>
void ColumnComparer<T>::count(const Sample& sample, const Buckets<T>& buckets,
                              std::vector<std::uint32_t>& counts) {
  counts.assign(bucket_count, 0);
  index_.resize(block);
  for (std::size_t i = 0; i < sample.size; i += block) {
    const std::size_t n = std::min(block, sample.size - i);
    bucket_indices(sample.values + i, n, buckets, index_.data());
    for (std::size_t k = 0; k < n; ++k) ++counts[index_[k]];
  }
}

// Marks the buckets that can hold the statistic or its location; returns how many values they hold.
template <class T>
std::size_t ColumnComparer<T>::choose_candidates(double n1, double n2) {
  double best = 0;
  std::uint64_t i = 0, j = 0;
  for (std::size_t b = 0; b < bucket_count; ++b) {
    i += reference_.counts[b];
    j += current_.counts[b];
    best = std::max(best, std::abs(static_cast<double>(i) / n1 - static_cast<double>(j) / n2));
  }
  std::size_t values = 0;
  i = j = 0;
  for (std::size_t b = 0; b < bucket_count; ++b) {
    const std::uint64_t i_end = i + reference_.counts[b], j_end = j + current_.counts[b];
    // Rounded quotients and differences keep the order, so these bounds hold for them too.
    const double largest = static_cast<double>(i_end) / n1 - static_cast<double>(j) / n2;
    const double smallest = static_cast<double>(i) / n1 - static_cast<double>(j_end) / n2;
    const std::uint64_t in_bucket = i_end - i + j_end - j;
    candidate_[b] = in_bucket > 0 && (largest >= best || -smallest >= best) ? 1 : 0;
    if (candidate_[b] != 0) values += in_bucket;
    i = i_end;
    j = j_end;
  }
  return values;
}

template <class T>
void ColumnComparer<T>::collect(const Sample& sample, const Buckets<T>& buckets, Bucketed& into) {
  std::size_t total = 0;
  for (std::size_t b = 0; b < bucket_count; ++b) total += candidate_[b] != 0 ? into.counts[b] : 0;
  into.candidates.resize(total + 1);  // one place more: every value is written, not all are kept
  T* out = into.candidates.data();
  for (std::size_t i = 0; i < sample.size; i += block) {
    const std::size_t n = std::min(block, sample.size - i);
    bucket_indices(sample.values + i, n, buckets, index_.data());
    for (std::size_t k = 0; k < n; ++k) {
      *out = sample.values[i + k];
      out += candidate_[index_[k]];
    }
  }
  into.candidates.resize(total);
}

// Where values repeat much, many candidates are buckets of one value: nothing lies within them, so
// their values need no sorting.
template <class T>
void ColumnComparer<T>::settle_single_values(const Buckets<T>& buckets) {
  lowest_.assign(bucket_count, std::numeric_limits<T>::max());
  highest_.assign(bucket_count, std::numeric_limits<T>::lowest());
  for (const Bucketed* side : {&reference_, &current_}) {
    for (std::size_t i = 0; i < side->candidates.size(); i += block) {
      const std::size_t n = std::min(block, side->candidates.size() - i);
      bucket_indices(side->candidates.data() + i, n, buckets, index_.data());
      for (std::size_t k = 0; k < n; ++k) {
        const T value = side->candidates[i + k];
        lowest_[index_[k]] = std::min(lowest_[index_[k]], value);
        highest_[index_[k]] = std::max(highest_[index_[k]], value);
      }
    }
  }
  for (std::size_t b = 0; b < bucket_count; ++b) {
    if (candidate_[b] != 0 && lowest_[b] == highest_[b]) candidate_[b] = 2;
  }
  for (Bucketed* side : {&reference_, &current_}) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < side->candidates.size(); i += block) {
      const std::size_t n = std::min(block, side->candidates.size() - i);
      bucket_indices(side->candidates.data() + i, n, buckets, index_.data());
      for (std::size_t k = 0; k < n; ++k) {
        const T value = side->candidates[i + k];
        side->candidates[kept] = value;
        kept += candidate_[index_[k]] == 1 ? 1U : 0U;
      }
    }
    side->candidates.resize(kept);
  }
}

template <class T>
KsExtremes ColumnComparer<T>::walk_candidates(double n1, double n2) {
  KsExtremes extremes;
  KsStart start;
  const T* reference = reference_.candidates.data();
  const T* current = current_.candidates.data();
  for (std::size_t b = 0; b < bucket_count; ++b) {
    const std::uint32_t i = reference_.counts[b], j = current_.counts[b];
    if (candidate_[b] == 1) {
      walk(reference, i, current, j, start, n1, n2, extremes);
      reference += i;
      current += j;
    } else if (candidate_[b] == 2) {
      const double f1 = static_cast<double>(start.reference + i) / n1;
      const double f2 = static_cast<double>(start.current + j) / n2;
      extremes.see(f1 - f2, i > 0, static_cast<double>(lowest_[b]));
    }
    start.reference += i;
    start.current += j;
  }
  return extremes;
}

template class ColumnComparer<float>;
template class ColumnComparer<double>;
template class ColumnComparer<std::int64_t>;
template class ColumnComparer<std::uint64_t>;

}  // namespace mlopsctl::compute
