#include "mlopsctl/ui/gate_page.hpp"

#include "ui/gate_pictures.hpp"
#include "ui/page_assets.hpp"
#include "ui/page_tables.hpp"
#include "ui/page_values.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl {

namespace {

namespace mustache = kainjow::mustache;

// The largest change, bound or limit of each unit.
std::map<std::string, double> scales_of(const std::vector<PageRule>& rules) {
  std::map<std::string, double> scales;
  for (const PageRule& rule : rules) {
    double& most = scales[rule.unit];
    for (const auto& value : {rule.change, rule.low, rule.high, rule.limit}) {
      if (value && std::isfinite(*value)) most = std::max(most, 1.05 * std::abs(*value));
    }
  }
  for (auto& [unit, most] : scales) {
    if (most == 0) most = 1;
  }
  return scales;
}

std::string signed_text(double value) { return fmt::format("{:+.3g}", value); }

mustache::data rule_of(const PageRule& rule, double most) {
  mustache::data entry;
  entry.set("name", printable(rule.name));
  entry.set("text", printable(rule.text));
  entry.set("verdict", printable(rule.verdict));
  entry.set("tone", std::string(tone_class(rule.tone)));
  entry.set("before", rule.before.empty() ? "–" : printable(rule.before));
  entry.set("now", rule.now.empty() ? "–" : printable(rule.now));
  entry.set("change", rule.change ? fmt::format("{} {}", signed_text(*rule.change), rule.unit)
                                  : std::string());
  entry.set("range", rule.low && rule.high
                         ? fmt::format("{} to {}", signed_text(*rule.low), signed_text(*rule.high))
                         : std::string());
  entry.set("picture", interval_picture(rule, most));
  return entry;
}

mustache::data pairs_of(const PagePairs& pairs) {
  mustache::data entry;
  entry.set("name", printable(pairs.name));
  entry.set("picture", pairs_picture(pairs));
  entry.set("both", std::to_string(pairs.both));
  entry.set("lost", std::to_string(pairs.lost));
  entry.set("won", std::to_string(pairs.won));
  entry.set("neither", std::to_string(pairs.neither));
  return entry;
}

mustache::data samples_of(const PageSamples& samples) {
  mustache::data entry;
  entry.set("name", printable(samples.name));
  entry.set("before", std::to_string(samples.before.size()));
  entry.set("now", std::to_string(samples.now.size()));
  entry.set("picture", samples_picture(samples));
  return entry;
}

// A section with a heading exists only if it has something to show.
template <class Item, class Make>
void set_section(mustache::data& values, const std::string& name, const std::vector<Item>& items,
                 const Make& make) {
  mustache::data list{mustache::data::type::list};
  for (const Item& item : items) list.push_back(make(item));
  mustache::data section;
  section.set("items", list);
  mustache::data sections{mustache::data::type::list};
  if (!items.empty()) sections.push_back(section);
  values.set(name, sections);
}

}  // namespace

std::string html_gate(const GatePage& page) {
  mustache::data values;
  values.set("title", printable(page.title));
  values.set("verdict", printable(page.verdict));
  values.set("tone", std::string(tone_class(page.tone)));
  values.set("reason", printable(page.reason));
  values.set("tiles", facts_of(page.tiles));
  values.set("facts", facts_of(page.facts));
  auto scales = scales_of(page.rules);
  set_section(values, "rules", page.rules,
              [&](const PageRule& rule) { return rule_of(rule, scales[rule.unit]); });
  set_section(values, "pairs", page.pairs, pairs_of);
  set_section(values, "samples", page.samples, samples_of);
  set_section(values, "notes", page.notes, [](const std::string& note) {
    mustache::data entry;
    entry.set("text", printable(note));
    return entry;
  });
  values.set("tables", tables_of(page.tables));
  values.set("style", std::string(assets::comparison_style));
  values.set("style_sha256", std::string(assets::comparison_style_sha256));
  values.set("rates_style", std::string(assets::rates_style));
  values.set("rates_sha256", std::string(assets::rates_style_sha256));
  values.set("gate_style", std::string(assets::gate_style));
  values.set("gate_sha256", std::string(assets::gate_style_sha256));
  mustache::mustache document{std::string(assets::gate_page)};
  return document.render(values);
}

}  // namespace mlopsctl
