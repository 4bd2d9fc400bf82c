#include "fuzz/quality_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/quality/indicators.hpp"
#include "mlopsctl/quality/rules.hpp"

#include "fuzz/require.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace mlopsctl::fuzz {
namespace {

using quality::Indicators;
using quality::RuleSet;

std::optional<RuleSet> rules_in(std::string_view text) {
  try {
    RuleSet rules = quality::parse_rules(text, "'rules'");
    const std::string written = quality::rules_yaml(rules);
    const RuleSet again = quality::parse_rules(written, "'again'");
    require(quality::rules_yaml(again) == written, "rules change when they are written and read");
    require(quality::rules_id(again) == quality::rules_id(rules), "a digest changes");
    return rules;
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::config, std::string("no config error: ") + error.what());
    require(printable(error.what()) == error.what(), "a message has control characters");
    return std::nullopt;
  }
}

void check_values(const Indicators& indicators, const std::vector<double>& values) {
  const RuleSet& rules = indicators.rules();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& info = indicators.all()[i];
    const double value = values[i];
    if (std::isnan(value)) continue;
    const bool is_flag = info.kind == quality::IndicatorKind::flag;
    require(!is_flag || value == 0 || value == 1, info.name + " is no flag");
    require(
        info.kind != quality::IndicatorKind::count || (value >= 0 && value == std::floor(value)),
        info.name + " is no count");
    require(std::isfinite(value), info.name + " is not finite");
  }
  const auto value = [&](const char* name) { return values[*indicators.find(name)]; };
  require(value("score") >= rules.score.least, "a score is below the least");
  for (const char* share :
       {"toxicity", "distinct_pairs", "duplicate_lines", "commonest_4gram", "prompt_echo"}) {
    const double found = value(share);
    require(std::isnan(found) || (found >= 0 && found <= 1), std::string(share) + " is no share");
  }
  require(value("words") == 0 || value("empty") == 0, "an empty response has words");
}

// Phrases by the plain way: folded text contains folded phrase.
bool contains_any(std::string_view text, const quality::PhraseRule& rule) {
  const std::string whole = folded(text, rule.match);
  return std::ranges::any_of(rule.phrases, [&](const std::string& phrase) {
    return whole.find(folded(phrase, rule.match)) != std::string::npos;
  });
}

void measure(const Indicators& indicators, std::string_view text, std::string_view prompt) {
  std::vector<double> values(indicators.size()), again(indicators.size());
  quality::Measurer measurer(indicators);
  measurer.measure({text, prompt, std::nullopt}, values);
  check_values(indicators, values);
  const RuleSet& rules = indicators.rules();
  if (!rules.uncertainty.whole_words) {
    require((values[*indicators.find("uncertainty")] == 1) == contains_any(text, rules.uncertainty),
            "the automaton and a plain search differ");
  }
  // The scratch of one response must not show in the next.
  measurer.measure({prompt, text, "stop"}, again);
  measurer.measure({text, prompt, std::nullopt}, again);
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(values[i] == again[i] || (std::isnan(values[i]) && std::isnan(again[i])),
            indicators.all()[i].name + " depends on the response before");
  }
}

}  // namespace

void check_quality(std::string_view text) {
  static const Indicators usual(quality::default_rules());
  const std::string_view first = text.substr(0, text.size() / 2);
  measure(usual, text, first);
  measure(usual, text.substr(first.size()), first);
  if (const auto rules = rules_in(text)) measure(Indicators(*rules), text, first);
  JsonDocument document;
  if (document.parse(text).empty()) {
    document.keys();
    document.text_at(JsonPath::parse("choices[0].message.content"));
    document.text_at(JsonPath::parse("messages[role=assistant].content"));
    document.scalar_at(JsonPath::parse("[-1].a"));
  }
  try {
    const JsonPath path = JsonPath::parse(text.substr(0, 40));
    document.text_at(path);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage, "no usage error");
  }
}

}  // namespace mlopsctl::fuzz
