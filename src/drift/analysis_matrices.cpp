#include "mlopsctl/base/text.hpp"

#include "drift/analysis_parts.hpp"
#include "drift/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t panel = 32;  // components that are held sorted at a time

Matrix rows_of(const Matrix& matrix, std::uint64_t first, std::uint64_t last) {
  Matrix result;
  std::uint64_t begin = 0;
  for (const auto& part : matrix.parts) {
    const std::uint64_t end = begin + part.rows;
    const std::uint64_t from = std::max(first, begin), to = std::min(last, end);
    if (from < to) {
      MatrixPart one = part;
      one.data += static_cast<std::int64_t>(from - begin) * one.row_stride;
      one.rows = to - from;
      result.parts.push_back(one);
    }
    begin = end;
  }
  return result;
}

std::vector<SortedNumbers> sorted_panel(const Matrix& matrix) {
  std::vector<SortedNumbers> sides(matrix.columns());
  const std::uint64_t rows = matrix.rows();
  if (rows == 0) return sides;
  for_each_sorted_column(matrix, std::max(1U, std::thread::hardware_concurrency()),
                         [&](std::uint64_t column, const std::vector<double>& sorted) {
                           // NaN and infinities are told apart by compare_columns only.
                           sides[column] = from_sorted(sorted, rows - sorted.size(), 0);
                         });
  return sides;
}

// Everything from sorted components.
std::vector<FeatureResult> compare_sorted(const Matrix& reference, const Matrix& current,
                                          const AnalysisOptions& options, const Settings& settings,
                                          Progress& progress) {
  std::vector<FeatureResult> features(reference.columns());
  progress.start("comparing", features.size(), "features");
  for (std::uint64_t first = 0; first < features.size(); first += panel) {
    const std::uint64_t count = std::min<std::uint64_t>(panel, features.size() - first);
    const Matrix left = columns_of(reference, first, count);
    auto references = sorted_panel(left);
    auto currents = sorted_panel(columns_of(current, first, count));
    std::vector<std::vector<SortedNumbers>> chunks;
    if (settings.dialect == Dialect::nannyml) {
      const std::uint64_t rows = left.rows();
      for (std::uint64_t i = 0; i < options.chunks; ++i) {
        const Matrix chunk =
            rows_of(left, rows * i / options.chunks, rows * (i + 1) / options.chunks);
        if (chunk.rows() > 0) chunks.push_back(sorted_panel(chunk));
      }
    }
    parallel_for(count, [&](std::size_t i) {
      FeatureInput input{.name = std::to_string(first + i), .index = first + i};
      input.pair.reference = std::move(references[i]);
      input.pair.current = std::move(currents[i]);
      input.pair.distinct =
          distinct_values(input.pair.reference, input.pair.current, distinct_limit);
      for (auto& chunk : chunks) input.number_chunks.push_back(std::move(chunk[i]));
      features[first + i] = examine(input, options, settings);
    });
    progress.advance(count);
  }
  progress.finish();
  return features;
}

std::uint64_t outside_reference(const FeatureResult& feature) {
  std::uint64_t outside = 0;  // bins that lie beyond altogether
  const auto& bins = feature.distribution;
  for (std::size_t i = 0; i < bins.current.size(); ++i) {
    const bool below = bins.edges[i + 1] <= feature.reference.min;
    const bool above = bins.edges[i] > feature.reference.max;
    if (below || above) outside += bins.current[i];
  }
  return outside;
}

FeatureResult from_comparison(ColumnComparison& compared, std::uint64_t index,
                              const AnalysisOptions& options, const Settings& settings,
                              KsPValues& p_values) {
  FeatureResult feature{.name = std::to_string(index), .index = index};
  feature.reference = compared.reference;
  feature.current = compared.current;
  feature.reference_rows = compared.reference.finite;
  feature.current_rows = compared.current.finite;
  feature.reference_missing = compared.reference.nan + compared.reference.infinite;
  feature.current_missing = compared.current.nan + compared.current.infinite;
  feature.verdict = verdict_by_rows(feature.reference_rows, feature.current_rows, options);
  feature.psi = feature.effect_size = std::nan("");
  if (feature.verdict == Verdict::no_data) {
    feature.warnings.emplace_back(feature.reference_rows == 0 ? "the reference has no value"
                                                              : "the current data have no value");
    return feature;
  }
  feature.distribution = {.edges = std::move(compared.edges),
                          .labels = {},
                          .reference = std::move(compared.reference_counts),
                          .current = std::move(compared.current_counts)};
  feature.psi = psi(feature.distribution.reference, feature.distribution.current);
  feature.ecdf = std::move(compared.ecdf);
  feature.out_of_range = outside_reference(feature);
  const auto ks = p_values(compared.ks_statistic);
  feature.effect_size = ks.statistic;
  feature.direction = ks.statistic > 0 ? compared.ks_sign : 0;
  feature.location = compared.ks_location;
  for (const auto& planned : planned_tests(options, settings, {})) {
    if (planned.definition->name == "ks") {
      add_test(feature, planned, {ks.statistic, ks.p});
    } else {
      add_test(feature, planned, {feature.psi, {}});
    }
  }
  warn_about_counts(feature);
  return feature;
}

std::vector<FeatureResult> compare_fast(const Matrix& reference, const Matrix& current,
                                        const AnalysisOptions& options, const Settings& settings,
                                        ComputeBackend& backend, Progress& progress) {
  auto compared = backend.compare_columns(
      reference, current, {.bins = 10, .ecdf_points = options.ecdf_points}, progress);
  // Columns without missing values share their exact p-values.
  KsPValues shared(reference.rows(), current.rows());
  std::vector<FeatureResult> features(compared.size());
  parallel_for(compared.size(), [&](std::size_t i) {
    const std::uint64_t first = compared[i].reference.finite, second = compared[i].current.finite;
    if (first == reference.rows() && second == current.rows()) {
      features[i] = from_comparison(compared[i], i, options, settings, shared);
    } else {
      KsPValues own(first, second);
      features[i] = from_comparison(compared[i], i, options, settings, own);
    }
  });
  return features;
}

}  // namespace

std::vector<FeatureResult> compare_matrices(const Matrix& reference, const Matrix& current,
                                            const AnalysisOptions& options,
                                            const Settings& settings, ComputeBackend& backend,
                                            Progress& progress) {
  const bool fast = settings.dialect == Dialect::own &&
                    std::ranges::all_of(options.tests, [](const std::string& test) {
                      return test == "ks" || test == "psi";
                    });
  return fast ? compare_fast(reference, current, options, settings, backend, progress)
              : compare_sorted(reference, current, options, settings, progress);
}

}  // namespace mlopsctl::drift
