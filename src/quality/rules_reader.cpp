// Rules from YAML or JSON. What a file does not name stays as the default has it.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_value.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/quality/indicators.hpp"
#include "mlopsctl/quality/rules.hpp"

#include "quality/rule_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::quality {

namespace {

class Reader {
 public:
  Reader(const YamlValue& root, std::string source) : root_(root), source_(std::move(source)) {
    if (!root.is_map() && !root.is_null()) refuse(root.span, "rules are a map of sections");
    map_ = &root_;
  }

  void section(const char* name, const char* /*comment*/) {
    sections_.emplace_back(name);
    map_ = root_.find(name);
    where_ = name;
    seen_.clear();
    if (map_ != nullptr && !map_->is_map()) wrong(*map_, name, "a map");
  }
  void end() {
    if (map_ != nullptr) check_names(*map_, seen_);
    map_ = &root_;
    where_.clear();
  }
  void finish() { check_names(root_, sections_); }

  template <class T>
  void key(const char* name, T& value, const char* /*comment*/) {
    (map_ == &root_ ? sections_ : seen_).emplace_back(name);
    const YamlValue* given = map_ == nullptr ? nullptr : map_->find(name);
    if (given != nullptr) read(*given, name, value);
  }

  [[noreturn]] void refuse(const YamlSpan& span, const std::string& message,
                           const std::string& hint = {}) const {
    const std::string place =
        span.line == 0 ? source_ : fmt::format("line {} of {}", span.line, source_);
    throw Error(ErrorKind::config, fmt::format("{}: {}", place, message), hint);
  }

 private:
  std::string named(const std::string& name) const {
    return quote(where_.empty() ? name : where_ + "." + name);
  }
  [[noreturn]] void wrong(const YamlValue& given, const std::string& name,
                          const std::string& wanted) const {
    refuse(given.span, fmt::format("{} is {}, not {}", named(name), yaml_kind_name(given), wanted));
  }

  void check_names(const YamlValue& map, const std::vector<std::string>& known) const {
    for (const YamlEntry& entry : map.entries) {
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      const auto near = closest(entry.key, known);
      refuse(entry.key_span, fmt::format("unknown key {}", named(entry.key)),
             near ? fmt::format("did you mean {}?", quote(*near))
                  : fmt::format("keys are {}", join(known, ", ")));
    }
  }

  void read(const YamlValue& given, const std::string& name, std::string& value) const {
    if (!given.is_text() && !given.is_number()) wrong(given, name, "text");
    value = given.kind == YamlKind::real ? number_text(given.real) : given.text;
    const bool printable_text = printable(value) == value && !value.empty() && value.size() <= 64;
    if (!printable_text || value.find('@') != value.npos) {
      refuse(given.span, fmt::format("{} needs 1 to 64 characters, none of them @", named(name)));
    }
  }
  void read(const YamlValue& given, const std::string& name, bool& value) const {
    if (given.kind != YamlKind::boolean) wrong(given, name, "true or false");
    value = given.boolean;
  }
  void read(const YamlValue& given, const std::string& name, double& value) const {
    if (!given.is_number()) wrong(given, name, "a number");
    value = given.number();
    if (!std::isfinite(value)) refuse(given.span, named(name) + " is not finite");
  }
  void read(const YamlValue& given, const std::string& name, std::uint64_t& value) const {
    const auto number = given.kind == YamlKind::integer ? parse_integer(given.text) : std::nullopt;
    if (!number || *number < 0) wrong(given, name, "a whole number from 0");
    value = static_cast<std::uint64_t>(*number);
  }
  void read(const YamlValue& given, const std::string& name, Folding& value) const {
    const std::string& word = given.text;
    if (word != "exact" && word != "ignore-case" && word != "lookalikes") {
      refuse(given.span, fmt::format("{} is exact, ignore-case or lookalikes", named(name)));
    }
    value = word == "exact"         ? Folding::none
            : word == "ignore-case" ? Folding::letter_case
                                    : Folding::lookalikes;
  }
  void read(const YamlValue& given, const std::string& name, JsonExpected& value) const {
    const std::string& word = given.text;
    if (word != "never" && word != "looks-like" && word != "always") {
      refuse(given.span, fmt::format("{} is never, looks-like or always", named(name)));
    }
    value = word == "never"    ? JsonExpected::never
            : word == "always" ? JsonExpected::always
                               : JsonExpected::looks_like;
  }
  void read(const YamlValue& given, const std::string& name, std::vector<std::string>& list) const {
    if (!given.is_list()) wrong(given, name, "a list of texts");
    list.clear();
    for (const YamlValue& item : given.items) {
      if (!item.is_text()) {
        refuse(item.span,
               fmt::format("{} has {} among its texts", named(name), yaml_kind_name(item)),
               "put it in quotes");
      }
      // What folds to nothing would be everywhere.
      if (folded(item.text, Folding::lookalikes).empty()) {
        refuse(item.span, fmt::format("{} has an empty text", named(name)));
      }
      list.push_back(item.text);
    }
  }
  void read(const YamlValue& given, const std::string& name,
            std::vector<LanguageWords>& languages) const {
    if (!given.is_map()) wrong(given, name, "a map of languages");
    languages.clear();
    for (const YamlEntry& entry : given.entries) {
      LanguageWords language{entry.key, {}};
      read(entry.value, entry.key, language.words);
      languages.push_back(std::move(language));
    }
    if (languages.size() > 64) refuse(given.span, "more than 64 languages");
  }

  // {indicator: toxicity, above: 0.5}, and `more` that the caller reads.
  Condition condition(const YamlValue& given, const std::string& name,
                      std::vector<std::string> more) const {
    if (!given.is_map()) wrong(given, name, "a map with indicator, above, below");
    more.insert(more.end(), {"indicator", "above", "below"});
    check_names(given, more);
    Condition when;
    const YamlValue* indicator = given.find("indicator");
    if (indicator == nullptr || !indicator->is_text()) {
      refuse(given.span, named(name) + " names no indicator");
    }
    when.indicator = indicator->text;
    const IndicatorInfo& info = known_indicator(*indicator);
    if (const YamlValue* above = given.find("above")) read(*above, "above", when.above.emplace());
    if (const YamlValue* below = given.find("below")) read(*below, "below", when.below.emplace());
    if (info.kind == IndicatorKind::category) {
      refuse(indicator->span, fmt::format("{} is no number", quote(info.name)));
    }
    if (info.kind != IndicatorKind::flag && !when.above && !when.below) {
      refuse(given.span, fmt::format("{} is a number", quote(info.name)),
             "say from where on with above or below");
    }
    return when;
  }
  const IndicatorInfo& known_indicator(const YamlValue& given) const {
    const auto all = fixed_indicators();
    const auto found = std::ranges::find(all, given.text, &IndicatorInfo::name);
    if (found != all.end()) return *found;
    std::vector<std::string> names;
    for (const IndicatorInfo& info : all) names.push_back(info.name);
    const auto near = closest(given.text, names);
    refuse(given.span, fmt::format("there is no indicator {}", quote(given.text)),
           near ? fmt::format("did you mean {}?", quote(*near))
                : fmt::format("indicators are {}", join(names, ", ")));
  }

  void read(const YamlValue& given, const std::string& name,
            std::vector<Penalty>& penalties) const {
    if (!given.is_list()) wrong(given, name, "a list of penalties");
    penalties.clear();
    for (const YamlValue& item : given.items) {
      Penalty penalty{condition(item, name, {"subtract"}), 0};
      const YamlValue* subtract = item.find("subtract");
      if (subtract == nullptr) refuse(item.span, "a penalty says how much to subtract");
      read(*subtract, "subtract", penalty.subtract);
      if (penalty.when.indicator == "score") {
        refuse(item.span, "the score cannot depend on the score");
      }
      penalties.push_back(std::move(penalty));
    }
  }
  void read(const YamlValue& given, const std::string& name, std::vector<AlertRule>& alerts) const {
    if (!given.is_map()) wrong(given, name, "a map of alerts");
    for (const YamlEntry& entry : given.entries) {
      AlertRule alert{entry.key, condition(entry.value, entry.key, {})};
      check_alert_name(entry);
      const auto known = std::ranges::find(alerts, entry.key, &AlertRule::name);
      if (known != alerts.end()) {
        *known = std::move(alert);
      } else {
        alerts.push_back(std::move(alert));
      }
    }
  }
  // Names become columns, metrics and options.
  void check_alert_name(const YamlEntry& entry) const {
    const bool form = !entry.key.empty() && entry.key.size() <= 64 && entry.key.front() >= 'a' &&
                      entry.key.front() <= 'z' && std::ranges::all_of(entry.key, [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                      });
    if (!form) {
      refuse(entry.key_span, fmt::format("{} is no name of an alert", quote(entry.key)),
             "names are lower-case letters, digits and _");
    }
    const auto all = fixed_indicators();
    const std::vector<std::string> columns{"id", "time", "file", "line", "rules"};
    if (std::ranges::find(all, entry.key, &IndicatorInfo::name) != all.end() ||
        std::ranges::find(columns, entry.key) != columns.end()) {
      refuse(entry.key_span, fmt::format("{} is a column already", quote(entry.key)),
             "choose another name for the alert");
    }
  }
  void read(const YamlValue& given, const std::string& name, std::vector<RateLimit>& limits) const {
    if (!given.is_map()) wrong(given, name, "a map of rates");
    limits.clear();
    for (const YamlEntry& entry : given.entries) {
      RateLimit limit{entry.key, 0};
      read(entry.value, entry.key, limit.most);
      limits.push_back(limit);
    }
  }

  const YamlValue& root_;
  std::string source_;
  const YamlValue* map_ = nullptr;  // of the section; null if the file has none
  std::string where_;
  std::vector<std::string> sections_, seen_;
};

const YamlSpan& span_of(const YamlValue& root, const char* section, const std::string& key) {
  const YamlValue* map = root.find(section);
  const YamlValue* value = map == nullptr ? nullptr : map->find(key);
  return value == nullptr ? root.span : value->span;
}

void check_ranges(const RuleSet& rules, const YamlValue& root, const Reader& reader) {
  const auto share = [&](double value, const char* section, const char* key) {
    if (value >= 0 && value <= 1) return;
    reader.refuse(span_of(root, section, key),
                  fmt::format("'{}.{}' is a share from 0 to 1", section, key));
  };
  share(rules.repetition.commonest_4gram, "repetition", "commonest_4gram");
  share(rules.repetition.duplicate_lines, "repetition", "duplicate_lines");
  share(rules.repetition.distinct_pairs, "repetition", "distinct_pairs");
  share(rules.echo.share, "prompt_echo", "share");
  share(rules.judging.least_rise, "judging", "least_rise");
  if (rules.judging.confidence <= 0 || rules.judging.confidence >= 1) {
    reader.refuse(span_of(root, "judging", "confidence"),
                  "'judging.confidence' is between 0 and 1, such as 0.95");
  }
  if (rules.judging.least_responses < 1) {
    reader.refuse(span_of(root, "judging", "least_responses"),
                  "'judging.least_responses' is at least 1");
  }
  for (const RateLimit& limit : rules.limits) {
    const YamlSpan& span = span_of(root, "limits", limit.indicator);
    if (limit.most < 0 || limit.most > 1) {
      reader.refuse(span,
                    fmt::format("the limit of {} is a share from 0 to 1", quote(limit.indicator)));
    }
    if (const std::string problem = rate_problem(rules, limit.indicator); !problem.empty()) {
      reader.refuse(span, problem);
    }
  }
}

}  // namespace

std::string rate_problem(const RuleSet& rules, const std::string& indicator) {
  std::vector<std::string> flags;
  for (const IndicatorInfo& info : fixed_indicators()) {
    if (info.kind == IndicatorKind::flag) flags.push_back(info.name);
  }
  for (const AlertRule& alert : rules.alerts) flags.push_back(alert.name);
  if (std::ranges::find(flags, indicator) != flags.end()) return {};
  const auto all = fixed_indicators();
  if (std::ranges::find(all, indicator, &IndicatorInfo::name) != all.end()) {
    return fmt::format("{} has no rate: rates are of {}", quote(indicator), join(flags, ", "));
  }
  const auto near = closest(indicator, flags);
  return fmt::format("there is no rate of {}: {}", quote(indicator),
                     near ? fmt::format("did you mean {}?", quote(*near))
                          : fmt::format("rates are of {}", join(flags, ", ")));
}

RuleSet parse_rules(std::string_view text, const std::string& source) {
  YamlValue root;
  try {
    root = trim(text).starts_with('{') ? parse_json(text) : parse_yaml(text);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", source, error.what()), error.hint());
  }
  RuleSet rules = default_rules();
  Reader reader(root, source);
  reader.key("version", rules.version, "");
  visit_measuring(rules, reader);
  visit_judging(rules, reader);
  reader.finish();
  // Rules of one's own are not the specification's.
  if (root.find("version") == nullptr && rules_id(rules) != rules_id(default_rules())) {
    rules.version = "custom";
  }
  check_ranges(rules, root, reader);
  return rules;
}

RuleSet read_rules(const std::string& file) {
  return parse_rules(read_input(file), file == "-" ? "standard input" : quoted_path(file));
}

}  // namespace mlopsctl::quality
