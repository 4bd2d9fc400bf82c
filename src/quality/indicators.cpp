#include "mlopsctl/quality/indicators.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "quality/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::quality {

namespace {

// A condition on a column.
struct Test {
  std::size_t column = 0;
  double above = not_measured;  // strictly; NaN: no bound
  double below = not_measured;

  bool holds(std::span<const double> values) const {
    const double value = values[column];
    if (std::isnan(value)) return false;
    if (std::isnan(above) && std::isnan(below)) return value != 0;
    return (std::isnan(above) || value > above) && (std::isnan(below) || value < below);
  }
};

std::size_t find_name(const std::vector<IndicatorInfo>& all, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(all, name, &IndicatorInfo::name) - all.begin());
}

Test test_of(const Condition& when, const std::vector<IndicatorInfo>& all) {
  const std::size_t column = find_name(all, when.indicator);
  if (column == all.size()) {
    throw Error(ErrorKind::bug, fmt::format("no indicator {}", quote(when.indicator)));
  }
  return {column, when.above.value_or(not_measured), when.below.value_or(not_measured)};
}

std::string meaning(const AlertRule& alert) {
  std::string text = alert.when.indicator;
  if (alert.when.above) text += fmt::format(" above {}", number_text(*alert.when.above));
  if (alert.when.above && alert.when.below) text += " and";
  if (alert.when.below) text += fmt::format(" below {}", number_text(*alert.when.below));
  return "Alert: " + text;
}

enum class List : std::size_t { uncertainty, toxicity, code, links, refusal, tokens };
constexpr std::size_t lists = 6;

}  // namespace

struct Indicators::State {
  explicit State(const RuleSet& from) : rules(from), language(from.language) {
    id = rules_id(rules);
    const auto fixed = fixed_indicators();
    all.assign(fixed.begin(), fixed.end());
    phrases.add(rules.uncertainty);
    phrases.add(rules.toxicity);
    phrases.add(rules.code);
    phrases.add(rules.links);
    phrases.add(rules.refusal.wording, rules.refusal.within);
    phrases.add(rules.template_tokens);
    phrases.build();
    for (const Penalty& penalty : rules.score.penalties) {
      penalties.push_back(test_of(penalty.when, all));
    }
    for (const AlertRule& alert : rules.alerts) alerts.push_back(test_of(alert.when, all));
    for (const AlertRule& alert : rules.alerts) {
      all.push_back({alert.name, IndicatorKind::flag, true, meaning(alert)});
    }
  }

  RuleSet rules;
  std::string id;
  std::vector<IndicatorInfo> all;
  PhraseLists phrases;
  LanguageIndex language;
  std::vector<Test> penalties;
  std::vector<Test> alerts;
};

Indicators::Indicators(const RuleSet& rules) : state_(std::make_unique<State>(rules)) {}
Indicators::~Indicators() = default;
const RuleSet& Indicators::rules() const { return state_->rules; }
const std::string& Indicators::id() const { return state_->id; }
const std::vector<IndicatorInfo>& Indicators::all() const { return state_->all; }
const std::vector<std::string>& Indicators::labels() const { return state_->language.labels(); }

std::optional<std::size_t> Indicators::find(std::string_view name) const {
  const std::size_t place = find_name(state_->all, name);
  if (place == state_->all.size()) return std::nullopt;
  return place;
}

struct Measurer::State {
  const Indicators::State* indicators = nullptr;
  Prepared response;
  std::array<std::uint32_t, lists> found{};
  std::vector<std::uint64_t> stamps;

  void prepare(std::string_view text);
  void phrases(Values values);
  void language(Values values);
  void score(std::span<double> values) const;
};

Measurer::Measurer(const Indicators& indicators) : state_(std::make_unique<State>()) {
  state_->indicators = indicators.state_.get();
}
Measurer::~Measurer() = default;
Measurer::Measurer(Measurer&&) noexcept = default;

void Measurer::State::prepare(std::string_view text) {
  response.text = text;
  response.trimmed = trim(text);
  response.folded.set(text);
  response.prose = prose_of(text, response.scratch);
  if (response.prose.data() == text.data()) {
    response.folded_prose = response.folded.get(Folding::letter_case);
  } else {
    fold(response.prose, Folding::letter_case, response.folded_prose);
  }
  tokenise(response.folded_prose, response.tokens);
  response.description = drift::describe(text);
}

void Measurer::State::phrases(Values values) {
  indicators->phrases.count(response.folded, found, stamps);
  const auto count = [&](List list) { return found.at(static_cast<std::size_t>(list)); };
  values.flag(Id::uncertainty, count(List::uncertainty) > 0);
  const std::size_t listed = indicators->phrases.size(static_cast<std::size_t>(List::toxicity));
  const double share =
      listed == 0 ? 0.0 : static_cast<double>(count(List::toxicity)) / static_cast<double>(listed);
  values.set(Id::toxicity, std::min(share, 1.0));
  values.flag(Id::has_code, count(List::code) > 0);
  values.flag(Id::has_links, count(List::links) > 0);
  values.flag(Id::refusal, count(List::refusal) > 0);
  values.flag(Id::template_tokens, count(List::tokens) > 0);
}

void Measurer::State::language(Values values) {
  const LanguageIndex& index = indicators->language;
  const int label = index.detect(response.tokens);
  values.set(Id::language, label < 0 ? not_measured : label);
  const bool judged = label >= 0 && index.any_expected();
  values.set(Id::other_language, judged ? (index.expected(label) ? 0.0 : 1.0) : not_measured);
  const bool english =
      label >= 0 ? index.labels().at(static_cast<std::size_t>(label)) == "en" : true;
  measure_readability(english, response, values);
}

// One after the other, as the specification does: 1 - 0.2 - 0.5 is 0.30000000000000004.
void Measurer::State::score(std::span<double> values) const {
  const ScoreRule& rule = indicators->rules.score;
  double score = rule.start;
  for (std::size_t i = 0; i < rule.penalties.size(); ++i) {
    if (indicators->penalties[i].holds(values)) score -= rule.penalties[i].subtract;
  }
  Values(values).set(Id::score, std::max(score, rule.least));
  for (std::size_t i = 0; i < indicators->alerts.size(); ++i) {
    values[fixed_count + i] = indicators->alerts[i].holds(values) ? 1 : 0;
  }
}

void Measurer::measure(const Response& response, std::span<double> values) {
  State& state = *state_;
  const RuleSet& rules = state.indicators->rules;
  if (values.size() != state.indicators->all.size()) {
    throw Error(ErrorKind::bug, "there is not one value for each indicator");
  }
  const Values named(values);
  state.prepare(response.text);
  measure_shape(rules, state.response, named);
  state.phrases(named);
  measure_truncation(rules, state.response, response.finish_reason, named);
  measure_json(rules, state.response, named);
  measure_repetition(rules, state.response, named);
  measure_personal_data(rules, state.response, named);
  state.language(named);
  measure_echo(rules, state.response, response.prompt, named);
  state.score(values);
}

}  // namespace mlopsctl::quality
