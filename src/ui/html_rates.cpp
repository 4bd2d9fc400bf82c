#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/rate_page.hpp"

#include "ui/page_assets.hpp"
#include "ui/page_tables.hpp"
#include "ui/page_values.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

namespace mustache = kainjow::mustache;

constexpr double width = 240;  // of a bar; the template has it too

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

// A round share that no rate and no limit goes beyond.
double scale_of(const std::vector<PageRate>& rates) {
  double most = 0.01;
  for (const PageRate& rate : rates) {
    if (rate.of == 0) continue;
    most = std::max({most, rate.value, rate.limit.value_or(0)});
    if (rate.of >= 30) most = std::max(most, rate.high);  // the interval of a few is wide
  }
  for (const double round : std::array{0.01, 0.02, 0.05, 0.1, 0.2, 0.5}) {
    if (most <= round) return round;
  }
  return 1;
}

mustache::data rate_of(const PageRate& rate, double scale) {
  const auto place = [&](double share) { return std::min(share / scale, 1.0) * width; };
  const auto text = [](double x) { return fmt::format("{:.1f}", x); };
  mustache::data entry;
  entry.set("name", printable(rate.name));
  entry.set("help", printable(rate.help));
  entry.set("tone", std::string(tone_class(rate.tone)));
  entry.set("rate", percent(rate.value));
  entry.set("low", percent(rate.low));
  entry.set("high", percent(rate.high));
  entry.set("hits", std::to_string(rate.hits));
  entry.set("of", std::to_string(rate.of));
  entry.set("low_x", text(place(rate.low)));
  entry.set("interval", text(std::max(place(rate.high) - place(rate.low), 0.0)));
  entry.set("value_x", text(std::clamp(place(rate.value) - 1.5, 0.0, width - 3)));
  entry.set("limit_text", rate.limit ? percent(*rate.limit) : "–");
  mustache::data limits{mustache::data::type::list};
  if (rate.limit) {
    mustache::data limit;
    limit.set("x", text(std::clamp(place(*rate.limit), 1.0, width - 1)));
    limits.push_back(limit);
  }
  entry.set("limit", limits);
  mustache::data judged{mustache::data::type::list};
  if (!rate.verdict.empty()) {
    mustache::data verdict;
    verdict.set("verdict", printable(rate.verdict));
    judged.push_back(verdict);
  }
  entry.set("judged", judged);
  return entry;
}

}  // namespace

std::string html_rates(const RatePage& page) {
  mustache::data values;
  const double scale = scale_of(page.rates);
  values.set("title", printable(page.title));
  values.set("verdict", printable(page.verdict));
  values.set("tone", std::string(tone_class(page.tone)));
  values.set("reason", printable(page.reason));
  values.set("scale", percent(scale));
  values.set("tiles", facts_of(page.tiles));
  values.set("facts", facts_of(page.facts));
  mustache::data rates{mustache::data::type::list};
  for (const PageRate& rate : page.rates) {
    if (rate.of > 0) rates.push_back(rate_of(rate, scale));
  }
  values.set("rates", rates);
  values.set("tables", tables_of(page.tables));
  values.set("style", std::string(assets::comparison_style));
  values.set("style_sha256", std::string(assets::comparison_style_sha256));
  values.set("rates_style", std::string(assets::rates_style));
  values.set("rates_sha256", std::string(assets::rates_style_sha256));
  mustache::mustache document{std::string(assets::rates_page)};
  return document.render(values);
}

}  // namespace mlopsctl
