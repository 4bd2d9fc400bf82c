// Profile against profile. Counts are exact where bins end between buckets, so bins are made of
// whole buckets; a KS statistic lies between what the buckets' ends show and what they could hide.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/analysis.hpp"

#include "drift/examine.hpp"
#include "drift/findings.hpp"
#include "drift/judge.hpp"
#include "drift/profile_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr double moved_share = 0.01;  // of rows in buckets that a bin's edge cuts, to be told

struct JointBucket {
  double low = 0, high = 0;  // [low, high)
  std::uint64_t reference = 0, current = 0;
};

struct Joint {
  std::vector<JointBucket> buckets;
  std::uint64_t reference = 0, current = 0;
  bool exact = false;  // each bucket is one value
};

Joint joint_of(const ProfiledColumn& reference, const ProfiledColumn& current) {
  BucketHistogram left = reference.buckets, right = current.buckets;
  const int dropped = std::max(left.dropped_bits(), right.dropped_bits());
  left.coarsen_to(dropped);
  right.coarsen_to(dropped);
  const auto a = left.buckets(), b = right.buckets();
  Joint joint{.buckets = {},
              .reference = reference.finite,
              .current = current.finite,
              .exact = dropped == 0};
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const bool take_a = j == b.size() || (i < a.size() && a[i].key <= b[j].key);
    const bool take_b = i == a.size() || (j < b.size() && b[j].key <= a[i].key);
    const std::uint64_t key = take_a ? a[i].key : b[j].key;
    JointBucket bucket{.low = BucketHistogram::lower_edge(key, dropped),
                       .high = BucketHistogram::lower_edge(key + 1, dropped)};
    if (take_a) bucket.reference = a[i++].count;
    if (take_b) bucket.current = b[j++].count;
    joint.buckets.push_back(bucket);
  }
  return joint;
}

struct KsRange {
  double least = 0, most = 0;
  int sign = 1;
  double location = 0;
};

KsRange ks_range(const Joint& joint) {
  KsRange range;
  const auto n1 = static_cast<double>(joint.reference), n2 = static_cast<double>(joint.current);
  std::uint64_t i = 0, j = 0;
  for (const auto& bucket : joint.buckets) {
    const double f1 = static_cast<double>(i) / n1, f2 = static_cast<double>(j) / n2;
    i += bucket.reference;
    j += bucket.current;
    const double g1 = static_cast<double>(i) / n1, g2 = static_cast<double>(j) / n2;
    const double difference = g1 - g2;
    if (std::abs(difference) > range.least) {
      range = {.least = std::abs(difference),
               .most = range.most,
               .sign = difference > 0 ? 1 : -1,
               .location = bucket.low};
    }
    // Inside, the one may have come before the other.
    if (!joint.exact) range.most = std::max({range.most, g1 - f2, g2 - f1});
  }
  range.most = std::max(range.most, range.least);
  return range;
}

struct ProfileBins {
  Bins bins;
  double cut_share = 0;  // rows in buckets that an edge cuts
};

ProfileBins bins_of(const Joint& joint, double low, double high, std::size_t count) {
  ProfileBins result;
  Bins& bins = result.bins;
  bins.edges = equal_width_edges(low, high, count);
  bins.reference.resize(count);
  bins.current.resize(count);
  const auto bin_of = [&](double value) {
    const auto above = std::ranges::upper_bound(bins.edges, value) - bins.edges.begin();
    return static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(above - 1, 0, static_cast<std::ptrdiff_t>(count) - 1));
  };
  std::uint64_t cut = 0;
  for (const auto& bucket : joint.buckets) {
    const double first = std::max(bucket.low, low);
    const double last = joint.exact ? first : std::min(bucket.high, high);
    const std::size_t bin = bin_of(first + (last - first) / 2);
    bins.reference[bin] += bucket.reference;
    bins.current[bin] += bucket.current;
    if (!joint.exact && bin_of(first) != bin_of(std::nextafter(last, first))) {
      cut += bucket.reference + bucket.current;
    }
  }
  result.cut_share =
      static_cast<double>(cut) / static_cast<double>(joint.reference + joint.current);
  return result;
}

// Integral of |F1 - F2| with each bucket's rows in its middle.
double wasserstein_of(const Joint& joint) {
  double sum = 0, before = 0;
  std::uint64_t i = 0, j = 0;
  const auto middle = [&](const JointBucket& bucket) {
    return joint.exact ? bucket.low : bucket.low + (bucket.high - bucket.low) / 2;
  };
  for (const auto& bucket : joint.buckets) {
    const double x = middle(bucket);
    const double difference = static_cast<double>(i) / static_cast<double>(joint.reference) -
                              static_cast<double>(j) / static_cast<double>(joint.current);
    if (i + j > 0) sum += std::abs(difference) * (x - before);
    before = x;
    i += bucket.reference;
    j += bucket.current;
  }
  return sum;
}

ColumnMoments moments_of(const ProfiledColumn& column) {
  const auto n = static_cast<double>(column.finite);
  return {.finite = column.finite,
          .nan = column.missing,
          .infinite = column.infinite,
          .min = column.min,
          .max = column.max,
          .mean = column.mean,
          .variance = column.finite == 0 ? 0 : column.squares / n};
}

std::vector<EcdfPoint> ecdf_of(const Joint& joint, std::size_t points) {
  std::vector<EcdfPoint> result;
  if (points < 2) return result;
  const std::size_t step = std::max<std::size_t>(1, joint.buckets.size() / points);
  std::uint64_t i = 0, j = 0;
  for (std::size_t k = 0; k < joint.buckets.size(); ++k) {
    i += joint.buckets[k].reference;
    j += joint.buckets[k].current;
    if (k % step != 0 && k + 1 != joint.buckets.size()) continue;
    result.push_back({joint.exact ? joint.buckets[k].low : joint.buckets[k].high,
                      static_cast<double>(i) / static_cast<double>(joint.reference),
                      static_cast<double>(j) / static_cast<double>(joint.current)});
  }
  return result;
}

[[noreturn]] void needs_rows(std::string_view test) {
  throw Error(ErrorKind::usage,
              fmt::format("{} needs the rows of the reference, a profile has counts only", test),
              "of numbers it can have ks, psi, jensen-shannon, kullback-leibler, hellinger, "
              "total-variation, l-infinity and wasserstein");
}

std::optional<TestNumbers> number_test(std::string_view test, const Joint& joint, const KsRange& ks,
                                       const FeatureResult& feature, KsPValues& p_values) {
  if (test == "ks") return TestNumbers{ks.least, p_values(ks.least).p};
  if (test == "psi") return TestNumbers{feature.psi, {}};
  if (test == "wasserstein") return TestNumbers{wasserstein_of(joint), {}};
  if (test == "wasserstein-normed") {
    const double deviation = std::max(std::sqrt(feature.reference.variance), 0.001);
    return TestNumbers{wasserstein_of(joint) / deviation, {}};
  }
  const auto& outer = feature.distribution.edges;
  const Bins bins =
      bins_of(joint, outer.front(), outer.back(), sturges_bins(joint.reference + joint.current))
          .bins;
  const auto& a = bins.reference;
  const auto& b = bins.current;
  if (test == "jensen-shannon") return TestNumbers{jensen_shannon(a, b, std::exp(1.0)), {}};
  if (test == "jensen-shannon-2") return TestNumbers{jensen_shannon(a, b, 2), {}};
  if (test == "kullback-leibler") return TestNumbers{kullback_leibler(a, b), {}};
  if (test == "hellinger") return TestNumbers{hellinger(a, b), {}};
  if (test == "total-variation") return TestNumbers{total_variation(a, b), {}};
  if (test == "l-infinity") return TestNumbers{l_infinity(a, b), {}};
  needs_rows(test);
}

void warn_about_precision(FeatureResult& feature, const KsRange& ks, double cut_share,
                          KsPValues& p_values) {
  if (ks.most > ks.least) {
    std::string text =
        fmt::format("from the profile's buckets: KS between {} and {}, p between {} and {}",
                    human_number(ks.least), human_number(ks.most),
                    human_number(p_values(ks.most).p), human_number(p_values(ks.least).p));
    feature.warnings.push_back(std::move(text));
  }
  if (cut_share > moved_share) {
    feature.warnings.push_back(
        fmt::format("PSI's bins end where the profile's buckets do: {:.1f} % of the rows lie in "
                    "buckets that an edge would cut",
                    100 * cut_share));
  }
}

FeatureResult compare_numbers(const ProfiledColumn& reference, const ProfiledColumn& current,
                              std::uint64_t index, const AnalysisOptions& options,
                              const Settings& settings) {
  FeatureResult feature{.name = reference.name,
                        .index = index,
                        .kind = reference.kind == current.kind ? reference.kind : ColumnKind::real};
  feature.reference = moments_of(reference);
  feature.current = moments_of(current);
  feature.reference_rows = reference.finite;
  feature.current_rows = current.finite;
  feature.reference_missing = reference.missing + reference.infinite;
  feature.current_missing = current.missing + current.infinite;
  feature.psi = feature.effect_size = std::nan("");
  feature.verdict = verdict_by_rows(feature.reference_rows, feature.current_rows, options);
  if (feature.verdict == Verdict::no_data) {
    feature.warnings.emplace_back(feature.reference_rows == 0 ? "the reference has no value"
                                                              : "the current data have no value");
    return feature;
  }
  const Joint joint = joint_of(reference, current);
  auto [bins, cut_share] = bins_of(joint, std::min(reference.min, current.min),
                                   std::max(reference.max, current.max), 10);
  feature.psi = psi(bins.reference, bins.current);
  feature.distribution = {.edges = std::move(bins.edges),
                          .labels = {},
                          .reference = std::move(bins.reference),
                          .current = std::move(bins.current)};
  for (const auto& bucket : joint.buckets) {
    const bool outside = bucket.low > reference.max ||
                         (!joint.exact ? bucket.high <= reference.min : bucket.low < reference.min);
    if (outside) feature.out_of_range += bucket.current;
  }
  const KsRange ks = ks_range(joint);
  feature.effect_size = ks.least;
  feature.direction = ks.least > 0 ? ks.sign : 0;
  feature.location = ks.location;
  feature.ecdf = ecdf_of(joint, options.ecdf_points);
  KsPValues p_values(feature.reference_rows, feature.current_rows);
  for (const auto& planned : planned_tests(options, settings, {})) {
    if (const auto numbers = number_test(planned.definition->name, joint, ks, feature, p_values)) {
      add_test(feature, planned, *numbers);
    }
  }
  check_tested(feature);
  warn_about_counts(feature);
  warn_about_precision(feature, ks, cut_share, p_values);
  return feature;
}

FeatureResult compare_labels(const ProfiledColumn& reference, const ProfiledColumn& current,
                             std::uint64_t index, const AnalysisOptions& options,
                             const Settings& settings) {
  FeatureInput input{.name = reference.name, .index = index, .kind = reference.kind};
  LabelSketch left = reference.labels, right = current.labels;
  const int zeros = std::max(left.zeros(), right.zeros());
  left.thin_to(zeros);
  right.thin_to(zeros);
  auto& labels = input.pair.labels;
  input.pair.categorical = true;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> joined;
  for (const auto& [label, count] : left.counts()) joined[label].first = count;
  for (const auto& [label, count] : right.counts()) joined[label].second = count;
  if (left.rest() + right.rest() > 0) joined["(others)"] = {left.rest(), right.rest()};
  for (const auto& [label, pair] : joined) {
    labels.labels.push_back(label);
    labels.reference.push_back(pair.first);
    labels.current.push_back(pair.second);
  }
  input.pair.distinct = labels.labels.size();
  input.reference_missing = reference.missing;
  input.current_missing = current.missing;
  return examine(input, options, settings);
}

void find_profile_schema(DriftResult& result, const ProfileState& reference,
                         const ProfileState& current, const Settings& settings) {
  const auto header = [](const ProfileState& state) {
    DataSet data;
    for (const auto& column : state.columns) {
      // One present value of the column's kind: only names, kinds and emptiness are compared.
      const bool empty = column.is_categorical() ? column.labels.total() == 0 : column.finite == 0;
      data.columns.push_back({.name = column.name,
                              .kind = column.kind,
                              .values = std::vector<double>{empty ? std::nan("") : 0.0}});
    }
    return data;
  };
  find_schema_changes(result, header(reference), header(current), settings);
}

}  // namespace

DriftResult analyse(const Profile& reference, const Profile& current,
                    const AnalysisOptions& options) {
  const ProfileState& left = reference.state();
  const ProfileState& right = current.state();
  if (left.matrix != right.matrix) {
    throw Error(ErrorKind::usage, "a matrix cannot be compared with a table");
  }
  if (left.matrix && left.columns.size() != right.columns.size()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} has {} features, {} has {}", quote(left.source),
                            left.columns.size(), quote(right.source), right.columns.size()),
                "matrices are compared feature by feature, by position");
  }
  const Settings settings = settings_of(options, left.matrix);
  if (settings.dialect != Dialect::own) needs_rows("the preset " + settings.preset);
  if (!options.data_set_tests.empty()) needs_rows(options.data_set_tests.front());
  DriftResult result;
  result.reference_source = left.source;
  result.current_source = right.source;
  result.reference_rows = left.rows;
  result.current_rows = right.rows;
  result.checked_at = now();
  result.backend = "profile";
  if (!left.matrix) find_profile_schema(result, left, right, settings);
  for (std::size_t i = 0; i < left.columns.size(); ++i) {
    const ProfiledColumn& column = left.columns[i];
    const auto other = left.matrix
                           ? right.columns.begin() + static_cast<std::ptrdiff_t>(i)
                           : std::ranges::find(right.columns, column.name, &ProfiledColumn::name);
    if (other == right.columns.end() || column.kind == ColumnKind::time ||
        column.name == options.time_column) {
      continue;
    }
    if (!comparable(column.kind, other->kind)) continue;  // a finding says so
    result.features.push_back(column.is_categorical()
                                  ? compare_labels(column, *other, i, options, settings)
                                  : compare_numbers(column, *other, i, options, settings));
  }
  find_changes(result, options, settings);
  judge(result, options, settings);
  return result;
}

}  // namespace mlopsctl::drift
