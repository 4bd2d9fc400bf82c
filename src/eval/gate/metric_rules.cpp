#include "eval/gate/metric_rules.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::gate {

namespace {

// For sums of decimal fractions; a count differs by far more.
constexpr double rounding = 1e-9;
constexpr double least_nll_change = 1e-4;  // of a nat a token: the 4th digit

// 0.05 - 0.01 is not 0.04 in binary, and 7 of 100 less 0.01 is above 6 of 100.
bool is_at_least(double value, double limit) { return value >= limit - rounding; }

std::string of_text(const MetricValue& metric) {
  return metric.correct ? fmt::format(" ({} of {})", *metric.correct, metric.n) : std::string();
}

std::vector<double> sums_of_groups(const std::vector<double>& values,
                                   const std::vector<std::uint32_t>& groups) {
  std::vector<double> sums;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (groups[i] >= sums.size()) sums.resize(groups[i] + std::size_t{1});
    sums[groups[i]] += values[i];
  }
  return sums;
}

MetricValue counted(const MetricValue& metric, const std::vector<double>& outcomes) {
  MetricValue result = metric;
  result.n = outcomes.size();
  result.correct = static_cast<std::uint64_t>(std::ranges::count(outcomes, 1.0));
  result.value = static_cast<double>(*result.correct) / static_cast<double>(result.n);
  return result;
}

MetricValue averaged(const MetricValue& metric, const std::vector<double>& values) {
  MetricValue result = metric;
  result.n = values.size();
  result.value = mean_of(values);
  return result;
}

}  // namespace

bool keeps_tolerance(std::uint64_t correct_before, std::uint64_t correct_now, std::uint64_t n,
                     double tolerance) {
  if (correct_now >= correct_before) return true;
  const double lost = static_cast<double>(correct_before - correct_now);
  return lost <= tolerance * static_cast<double>(n) + rounding;
}

double least_change(const Check& check) {
  return check.name == "nll per token" ? least_nll_change : rounding;
}

MetricRules::MetricRules(const QualityOptions& options, const TaskResult& before,
                         const TaskResult& now, const Joined& joined, GateResult& result)
    : options_(options),
      before_(before),
      now_(now),
      joined_(joined),
      groups_(groups_of(joined.pairs)),
      result_(result) {}

void MetricRules::compare(const MetricValue& before, const MetricValue& now) const {
  const auto values = values_of(joined_.pairs, before.key());
  const bool binary = values && values->is_binary() && before.higher_is_better;
  const bool proportions = before.correct.has_value() && now.correct.has_value();
  // On the intersection the numbers are those of the pairs, not of all examples.
  if (binary) {
    result_.checks.push_back(
        proportion(counted(before, values->before), counted(now, values->now), values));
  } else if (proportions && before.n != now.n) {
    result_.checks.push_back(
        {.subject = before_.name,
         .name = before.key(),
         .verdict = Verdict::no_answer,
         .text = fmt::format("{} of {}: {} examples now, {} in the baseline, and no records to "
                             "pair them",
                             before.key(), before_.name, now.n, before.n)});
  } else if (proportions) {
    result_.checks.push_back(proportion(before, now, std::nullopt));
  } else if (values && options_.on_intersection && !joined_.is_whole()) {
    result_.checks.push_back(
        number(averaged(before, values->before), averaged(now, values->now), values));
  } else {
    result_.checks.push_back(number(before, now, values));
  }
}

Check MetricRules::proportion(const MetricValue& before, const MetricValue& now,
                              const std::optional<PairedValues>& values) const {
  Check check{.subject = before_.name,
              .name = before.key(),
              .before = before.value,
              .now = now.value,
              .limit = before.value - options_.tolerance,
              .n = now.n};
  check.change = now.value - before.value;
  if (now.n == 0) {
    check.verdict = Verdict::no_answer;
    check.text = fmt::format("{} of {}: no example was answered", check.name, check.subject);
    return check;
  }
  const bool kept = keeps_tolerance(*before.correct, *now.correct, now.n, options_.tolerance);
  check.verdict = kept ? Verdict::pass : Verdict::fail;
  check.text =
      fmt::format("{} of {} is {:.4f}{}, {} {:.4f} - {:.4f}", check.name, check.subject, now.value,
                  of_text(now), kept ? "not below the baseline" : "below the baseline",
                  before.value, options_.tolerance);
  if (values) add_pairs(check, before.key(), *values);
  return check;
}

void MetricRules::add_pairs(Check& check, const std::string& key,
                            const PairedValues& values) const {
  PairCounts counts;
  std::vector<double> change(values.before.size());
  for (std::size_t i = 0; i < change.size(); ++i) {
    const bool was = values.before[i] == 1, is = values.now[i] == 1;
    ++(was && is ? counts.both : was ? counts.lost : is ? counts.won : counts.neither);
    change[i] = values.now[i] - values.before[i];
    if (was == is) continue;
    const auto& [before, now] = joined_.pairs[i];
    Flip flip{.task = before_.name, .metric = key, .id = before->id, .lost = was};
    flip.margin_before = before->margin;
    flip.margin_now = now->margin;
    if (before->nll && now->nll) flip.nll_change = *now->nll - *before->nll;
    result_.flips.push_back(std::move(flip));
  }
  check.pairs = counts;
  if (groups_.empty()) {
    check.p = mcnemar(counts.lost, counts.won).worse;
  } else {
    std::vector<double> worse;
    for (const double sum : sums_of_groups(change, groups_)) worse.push_back(-sum);
    check.p = wilcoxon(worse).greater;
  }
  check.interval =
      bootstrap_mean(change, groups_, {.resamples = options_.resamples, .seed = options_.seed});
  const double discordance =
      static_cast<double>(counts.lost + counts.won) / static_cast<double>(counts.all());
  check.detectable = detectable_drop(counts.all(), discordance, options_.alpha);
}

Check MetricRules::number(const MetricValue& before, const MetricValue& now,
                          const std::optional<PairedValues>& values) const {
  Check check{.subject = before_.name,
              .name = before.key(),
              .before = before.value,
              .now = now.value,
              .n = now.n};
  check.change = now.value - before.value;
  if (!std::isfinite(before.value)) {
    check.verdict = Verdict::no_answer;
    check.text = fmt::format("{} of {} is {} in the baseline", check.name, check.subject,
                             number_text(before.value));
    return check;
  }
  const bool higher = before.higher_is_better;
  const double slack =
      higher ? options_.tolerance : options_.relative_tolerance * std::abs(before.value);
  check.limit = higher ? before.value - slack : before.value + slack;
  const bool kept = std::isfinite(now.value) && (higher ? is_at_least(now.value, *check.limit)
                                                        : is_at_least(*check.limit, now.value));
  check.verdict = kept ? Verdict::pass : Verdict::fail;
  const std::string place =
      higher ? (kept ? "not below" : "below") : (kept ? "not above" : "above");
  const std::string now_text =
      std::isfinite(now.value) ? fmt::format("{:.4f}", now.value) : number_text(now.value);
  check.text =
      fmt::format("{} of {} is {}, {} the baseline {:.4f} {} {:.4f}", check.name, check.subject,
                  now_text, std::isfinite(now.value) ? place : "no number beside", before.value,
                  higher ? "-" : "+", slack);
  if (values && before.n == now.n) add_differences(check, *values, higher);
  return check;
}

// Of the mean of the examples' own values, which need not be the metric itself: exp of it, say.
void MetricRules::add_differences(Check& check, const PairedValues& values,
                                  bool higher_is_better) const {
  std::vector<double> change(values.before.size()), worse(values.before.size());
  for (std::size_t i = 0; i < change.size(); ++i) {
    change[i] = values.now[i] - values.before[i];
    if (!std::isfinite(change[i])) return;
    worse[i] = higher_is_better ? -change[i] : change[i];
  }
  const bool is_the_mean = std::abs(mean_of(values.now) - *check.now) <= 1e-6;
  if (!is_the_mean) return;
  check.p = wilcoxon(groups_.empty() ? worse : sums_of_groups(worse, groups_)).greater;
  check.interval =
      bootstrap_mean(change, groups_, {.resamples = options_.resamples, .seed = options_.seed});
}

void MetricRules::compare_likelihoods() const {
  std::vector<double> change;
  double before = 0, now = 0, tokens = 0, tokens_now = 0;
  std::uint64_t endless = 0;
  for (const Pair& pair : joined_.pairs) {
    if (!pair.before->nll || !pair.now->nll) return;
    if (!std::isfinite(*pair.before->nll)) continue;
    if (!std::isfinite(*pair.now->nll)) {
      ++endless;
      continue;
    }
    change.push_back(*pair.now->nll - *pair.before->nll);
    before += *pair.before->nll;
    now += *pair.now->nll;
    tokens += static_cast<double>(pair.before->tokens);
    tokens_now += static_cast<double>(pair.now->tokens);
  }
  if (tokens == 0 || tokens_now == 0 || (change.empty() && endless == 0)) return;
  Check check{.subject = before_.name, .name = "nll per token", .n = change.size()};
  check.before = before / tokens;
  check.now = now / tokens_now;
  check.change = *check.now - *check.before;
  check.text = fmt::format("negative log-likelihood of {} per token is {:.4f}, was {:.4f}",
                           check.subject, *check.now, *check.before);
  if (endless > 0) {
    check.verdict = Verdict::fail;
    check.text += fmt::format("; {} examples have become impossible (infinite)", endless);
  }
  check.p = wilcoxon(groups_.empty() ? change : sums_of_groups(change, groups_)).greater;
  if (tokens == tokens_now) {
    const double per_token = static_cast<double>(change.size()) / tokens;
    const Range range =
        bootstrap_mean(change,
                       groups_.size() == change.size() ? std::span<const std::uint32_t>(groups_)
                                                       : std::span<const std::uint32_t>(),
                       {.resamples = options_.resamples, .seed = options_.seed});
    check.interval = Range{range.low * per_token, range.high * per_token};
  } else {
    check.p.reset();  // another tokenizer: nats per token mean something else
    check.text += "; not tested: the numbers of tokens differ";
  }
  result_.checks.push_back(std::move(check));
}

}  // namespace mlopsctl::gate
