#include "ui/gate_pictures.hpp"

#include "mlopsctl/base/text.hpp"

#include "ui/axis.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

namespace {

constexpr double interval_width = 260, pairs_width = 420;
constexpr double plot_width = 520, plot_height = 210, left = 34, right = 10, top = 8, bottom = 34;

std::string escaped(const std::string& text) {
  return kainjow::mustache::html_escape(printable(text));
}

double median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

// Steps of the shares of values <= x; at most two points a pixel.
std::string steps(const std::vector<double>& sorted, const Axis& x) {
  const double n = static_cast<double>(sorted.size());
  const auto x_of = [&](double value) {
    return left + std::clamp(x.position(value), 0.0, 1.0) * (plot_width - left - right);
  };
  const auto y_of = [](double share) { return top + (1 - share) * (plot_height - top - bottom); };
  std::string path = fmt::format("M{:.1f} {:.1f}", left, y_of(0));
  double drawn = left;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double at = x_of(sorted[i]);
    if (at - drawn < 0.5 && i + 1 < sorted.size()) continue;
    path += fmt::format("H{:.1f}V{:.1f}", at, y_of(static_cast<double>(i + 1) / n));
    drawn = at;
  }
  return path + fmt::format("H{:.1f}", plot_width - right);
}

std::string curve(const char* kind, std::vector<double> values, const Axis& x) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return {};
  std::ranges::sort(values);
  const double middle =
      left + std::clamp(x.position(median(values)), 0.0, 1.0) * (plot_width - left - right);
  return fmt::format(
      R"(<g class="{}"><path class="line" d="{}"/><path class="median" d="M{:.1f} {:.1f}V{:.1f}"/></g>)",
      kind, steps(values, x), middle, top, plot_height - bottom);
}

}  // namespace

std::string interval_picture(const PageRule& rule, double most) {
  if (!rule.change || !std::isfinite(*rule.change)) return {};
  const auto x = [&](double value) {
    return std::clamp((value / most + 1) / 2, 0.0, 1.0) * (interval_width - 4) + 2;
  };
  const double low = x(rule.low.value_or(*rule.change)), high = x(rule.high.value_or(*rule.change));
  std::string svg = fmt::format(
      R"(<svg width="260" height="20" viewBox="0 0 260 20" role="img" aria-label="{:.4g} {}">)"
      R"(<rect class="track" y="6" width="260" height="8"/><path class="zero" d="M130 1V19"/>)",
      *rule.change, rule.unit == "%" ? "per cent" : escaped(rule.unit));
  if (rule.low && rule.high && std::isfinite(low) && std::isfinite(high)) {
    svg += fmt::format(R"(<rect class="interval" x="{:.1f}" y="6" width="{:.1f}" height="8"/>)",
                       low, std::max(high - low, 1.0));
  }
  if (rule.limit) svg += fmt::format(R"(<path class="limit" d="M{:.1f} 1V19"/>)", x(*rule.limit));
  svg += fmt::format(R"(<rect class="point" x="{:.1f}" y="3" width="4" height="14" rx="1"/></svg>)",
                     std::clamp(x(*rule.change) - 2, 0.0, interval_width - 4));
  return svg;
}

std::string pairs_picture(const PagePairs& pairs) {
  const double all = static_cast<double>(pairs.both + pairs.lost + pairs.won + pairs.neither);
  if (all == 0) return {};
  std::string svg = fmt::format(
      R"(<svg width="420" height="20" viewBox="0 0 420 20" role="img" aria-label="{} lost, {} won">)",
      pairs.lost, pairs.won);
  double at = 0;
  const std::array<std::pair<const char*, std::uint64_t>, 4> parts{
      {{"both", pairs.both}, {"lost", pairs.lost}, {"won", pairs.won}, {"neither", pairs.neither}}};
  for (const auto& [kind, count] : parts) {
    const double width = static_cast<double>(count) / all * pairs_width;
    if (count > 0) {
      svg += fmt::format(R"(<rect class="{}" x="{:.2f}" y="3" width="{:.2f}" height="14"/>)", kind,
                         at, std::max(width, 0.8));
    }
    at += width;
  }
  return svg + "</svg>";
}

std::string samples_picture(const PageSamples& samples) {
  Range range;
  for (const auto* values : {&samples.before, &samples.now}) {
    for (const double value : *values) range.include(value, false);
  }
  if (range.empty()) return {};
  const Axis x = make_axis(range, {.wanted = 6, .margin = 0.02});
  std::string svg = fmt::format(
      R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="distribution functions">)",
      plot_width, plot_height);
  const double floor = plot_height - bottom;
  for (const double share : {0.0, 0.5, 0.9, 1.0}) {
    const double y = top + (1 - share) * (floor - top);
    svg += fmt::format(R"(<path class="grid" d="M{} {:.1f}H{}"/>)"
                       R"(<text x="{}" y="{:.1f}" text-anchor="end">{:g}</text>)",
                       left, y, plot_width - right, left - 5, y + 4, share);
  }
  for (std::size_t i = 0; i < x.ticks.size(); ++i) {
    const double at = left + x.position(x.ticks[i]) * (plot_width - left - right);
    svg += fmt::format(R"(<path class="axis" d="M{0:.1f} {1}v4"/>)"
                       R"(<text x="{0:.1f}" y="{2}" text-anchor="middle">{3}</text>)",
                       at, floor, floor + 17, x.labels[i]);
  }
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{}</text>)", plot_width - right,
                     plot_height - 4, escaped(samples.unit));
  return svg + curve("reference", samples.before, x) + curve("current", samples.now, x) + "</svg>";
}

}  // namespace mlopsctl
