#include "ui/comparison_picture.hpp"

#include "mlopsctl/base/text.hpp"

#include "ui/page_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace mlopsctl {

namespace {

constexpr std::size_t most_labels = 24;
constexpr std::size_t label_width = 48;  // code points

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return !(low <= high); }
  // Halves first: the width of the whole double range is no double.
  double share(double value) const {
    const double width = high / 2 - low / 2;
    return width > 0 ? std::clamp((value / 2 - low / 2) / width, 0.0, 1.0) : 0;
  }
};

void pack(std::string& text, double share, int digits) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto top = (std::uint64_t{1} << (6U * static_cast<unsigned>(digits))) - 1;
  const auto level = static_cast<std::uint64_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(top)));
  for (int digit = digits - 1; digit >= 0; --digit) {
    text += alphabet[(level >> (6U * static_cast<unsigned>(digit))) & 63U];
  }
}

std::string counts_json(const std::vector<std::uint64_t>& counts) {
  return fmt::format("[{}]", fmt::join(counts, ","));
}

std::string edges_json(const std::vector<double>& edges) {
  if (edges.empty()) return "0";
  const double width =
      (edges.back() / 2 - edges.front() / 2) / static_cast<double>(edges.size() - 1);
  bool even = true;
  for (std::size_t i = 1; i < edges.size() && even; ++i) {
    even = std::abs((edges[i] / 2 - edges[i - 1] / 2) - width) <= 1e-6 * width;
  }
  if (even) {
    return fmt::format("[{},{}]", json_short_number(edges.front()),
                       json_short_number(edges.back()));
  }
  std::string text = "[";
  for (double edge : edges) text += (text.size() > 1 ? "," : "") + json_short_number(edge);
  return text + ']';
}

// The categories that hold most rows, the rest in one.
std::string categories_json(const ComparedFeature& feature) {
  std::vector<std::size_t> order(feature.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto share = [](const std::vector<std::uint64_t>& counts) {
    const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    return [&counts, total](std::size_t i) {
      return total > 0 ? static_cast<double>(counts[i]) / static_cast<double>(total) : 0.0;
    };
  };
  const auto a = share(feature.reference_counts), b = share(feature.current_counts);
  std::ranges::stable_sort(order,
                           [&](std::size_t x, std::size_t y) { return a(x) + b(x) > a(y) + b(y); });
  std::string labels;
  std::vector<std::uint64_t> reference, current;
  const std::size_t shown = order.size() > most_labels ? most_labels - 1 : order.size();
  for (std::size_t i = 0; i < shown; ++i) {
    labels += (i > 0 ? "," : "") + json_string(shortened(feature.labels[order[i]], label_width));
    reference.push_back(feature.reference_counts[order[i]]);
    current.push_back(feature.current_counts[order[i]]);
  }
  if (shown < order.size()) {
    labels += "," + json_string(fmt::format("{} others", order.size() - shown));
    reference.push_back(0);
    current.push_back(0);
    for (std::size_t i = shown; i < order.size(); ++i) {
      reference.back() += feature.reference_counts[order[i]];
      current.back() += feature.current_counts[order[i]];
    }
  }
  return fmt::format("[0,[{}],{},{}]", labels, counts_json(reference), counts_json(current));
}

std::string histogram_json(const ComparedFeature& feature) {
  if (feature.reference_counts.empty()) return "0";
  if (!feature.labels.empty()) return categories_json(feature);
  return fmt::format("[{},0,{},{}]", edges_json(feature.edges),
                     counts_json(feature.reference_counts), counts_json(feature.current_counts));
}

std::string steps_json(const ComparedFeature& feature, std::size_t points) {
  const auto steps = thinned(feature.steps, points);
  Extent range;
  for (const auto& step : steps) range.take(step.x);
  if (range.empty()) return "0";
  std::string x, reference, current;
  for (const auto& step : steps) {
    pack(x, range.share(step.x), 3);
    pack(reference, step.reference, 2);
    pack(current, step.current, 2);
  }
  return fmt::format(R"([{},{},"{}","{}","{}",{},{}])", json_short_number(range.low),
                     json_short_number(range.high), x, reference, current,
                     feature.distance ? json_short_number(*feature.distance) : "null",
                     json_short_number(feature.distance_at));
}

std::string slices_json(std::vector<ComparedSlice> slices, std::size_t points,
                        SharedSlices& shared) {
  slices = merged(slices, points);
  Extent range;
  for (const auto& slice : slices) range.take(slice.mean);
  if (range.empty()) return {};
  std::string times, rows, means;
  for (const auto& slice : slices) {
    times += (times.empty() ? "[" : ",") + std::to_string(slice.from.ms);
    rows += (rows.empty() ? "[" : ",") + std::to_string(slice.rows);
    pack(means, range.share(slice.mean), 2);
  }
  return fmt::format(R"([{:d},{},{},{},{},"{}"])", slices.front().reference,
                     shared.times.index(times + "]"), shared.rows.index(rows + "]"),
                     json_short_number(range.low), json_short_number(range.high), means);
}

std::string time_json(const ComparedFeature& feature, std::size_t points, SharedSlices& shared) {
  std::array<std::vector<ComparedSlice>, 2> sides;
  for (const auto& slice : feature.over_time) sides.at(slice.reference ? 0 : 1).push_back(slice);
  std::string text;
  for (auto& side : sides) {
    const std::string series = slices_json(std::move(side), points / 2, shared);
    if (!series.empty()) text += (text.empty() ? "[" : ",") + series;
  }
  return text.empty() ? "0" : text + ']';
}

}  // namespace

std::string InternedTexts::json_array() const { return "[" + join(texts_, ",") + "]"; }

std::vector<ComparedStep> thinned(const std::vector<ComparedStep>& steps, std::size_t most) {
  if (steps.size() <= most || most < 2) return steps;
  Extent range;
  for (const auto& step : steps) range.take(step.x);
  const auto length = [&](std::size_t i) {
    return std::abs(range.share(steps[i].x) - range.share(steps[i - 1].x)) +
           std::abs(steps[i].reference - steps[i - 1].reference) +
           std::abs(steps[i].current - steps[i - 1].current);
  };
  double total = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) total += length(i);
  std::vector<ComparedStep> kept{steps.front()};
  double walked = 0, next = total / static_cast<double>(most - 1);
  for (std::size_t i = 1; i + 1 < steps.size(); ++i) {
    walked += length(i);
    if (walked < next || kept.size() + 1 >= most) continue;
    kept.push_back(steps[i]);
    while (next <= walked) next += total / static_cast<double>(most - 1);
  }
  kept.push_back(steps.back());
  return kept;
}

std::vector<ComparedSlice> merged(const std::vector<ComparedSlice>& slices, std::size_t most) {
  std::vector<ComparedSlice> known;
  for (const auto& slice : slices) {
    if (slice.rows > 0 && std::isfinite(slice.mean)) known.push_back(slice);
  }
  if (known.size() <= most || most == 0) return known;
  const std::size_t together = (known.size() + most - 1) / most;
  std::vector<ComparedSlice> result;
  for (std::size_t i = 0; i < known.size(); i += together) {
    ComparedSlice sum{.reference = known[i].reference, .from = known[i].from};
    for (std::size_t j = i; j < std::min(i + together, known.size()); ++j) {
      sum.rows += known[j].rows;
      sum.mean += (known[j].mean - sum.mean) * static_cast<double>(known[j].rows) /
                  static_cast<double>(sum.rows);
    }
    result.push_back(sum);
  }
  return result;
}

std::string picture_json(const ComparedFeature& feature, std::size_t points, SharedSlices& shared) {
  return fmt::format("[{},{},{}]", histogram_json(feature), steps_json(feature, points),
                     time_json(feature, points, shared));
}

std::size_t picture_size(const ComparedFeature& feature, std::size_t points) {
  std::size_t size = 120;
  size += 7 * std::min(points, feature.steps.size());
  size += 2 * std::min(points, feature.over_time.size());
  const bool categories = !feature.labels.empty();
  const std::size_t bins =
      categories ? std::min(most_labels, feature.labels.size()) : feature.reference_counts.size();
  size += bins * 2 * 7;
  for (std::size_t i = 0; categories && i < bins; ++i) {
    size += std::min(label_width, feature.labels[i].size()) + 3;
  }
  return size;
}

}  // namespace mlopsctl
