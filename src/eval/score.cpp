#include "eval/score.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/example_detail.hpp"
#include "eval/hashes.hpp"
#include "eval/python_text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::eval {

namespace {

// numpy's argmax: the first of equals.
std::size_t best_of(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
}

// How far the best is above the next one; infinite if there is no other.
double margin_of(const std::vector<double>& values) {
  const std::size_t best = best_of(values);
  double next = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != best) next = std::max(next, values[i]);
  }
  return values[best] == next ? 0 : values[best] - next;
}

std::vector<double> divided(std::vector<double> values, const std::vector<std::size_t>& by) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] /= static_cast<double>(by[i]);
  return values;
}

// Sum of squared distances of the softmax from what is right.
double brier(const std::vector<double>& logs, std::size_t gold) {
  const double most = *std::ranges::max_element(logs);
  double total = 0;
  for (const double log : logs) total += std::exp(log - most);
  double sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double distance = std::exp(logs[i] - most) / total - (i == gold ? 1 : 0);
    sum += distance * distance;
  }
  return sum;
}

bool has_error(ExampleRecord& record, const std::string& error) {
  if (record.error.empty()) record.error = error;
  return !record.error.empty();
}

}  // namespace

Scorer::Scorer(const Task& task, bool details) : task_(task), details_(details) {
  for (const FilterPlan& plan : task.plan->filters) filters_.emplace_back(plan);
  for (const MetricPlan& plan : task.metrics) {
    const bool is_exact = plan.name == "exact_match" && task.type == OutputType::generate_until;
    exact_.push_back(is_exact ? std::make_unique<ExactMatch>(plan) : nullptr);
  }
}

bool Scorer::wants(std::string_view metric) const {
  return std::ranges::any_of(task_.metrics,
                             [&](const MetricPlan& plan) { return plan.name == metric; });
}

// Under every filter: only generated answers differ by it.
void Scorer::put(ExampleRecord& record, const std::string& metric, double value) const {
  if (!wants(metric)) return;
  for (const std::string& filter : task_.filters) {
    record.metrics[MetricValue{.name = metric, .filter = filter}.key()] = value;
  }
}

ExampleRecord Scorer::begin(const ExampleRequests& example) const {
  return {.id = example.id,
          .prompt_hash = prompt_hash(example.texts()),
          .target_hash = sha256_hex(example.target),
          .group = example.group,
          .error = example.error};
}

ExampleRecord Scorer::score(const ExampleRequests& example,
                            std::span<const LikelihoodResult> results) const {
  ExampleRecord record = begin(example);
  for (const LikelihoodResult& result : results) {
    if (has_error(record, result.error)) return record;
    record.truncated = record.truncated || result.truncated;
  }
  if (task_.type == OutputType::multiple_choice) {
    score_choices(record, example, results);
  } else {
    const LikelihoodResult& result = results.front();
    record.nll = -result.sum;
    record.tokens = result.tokens;
    record.matched = result.matched;
    put(record, "acc", result.greedy ? 1 : 0);
    put(record, "perplexity", result.sum);
  }
  if (details_) record.detail = detail_of(task_.plan->rows[example.row], example, results);
  return record;
}

void Scorer::score_choices(ExampleRecord& record, const ExampleRequests& example,
                           std::span<const LikelihoodResult> results) const {
  const std::size_t count = example.choices.size();
  std::vector<double> logs(count), mutual;
  std::vector<std::size_t> characters(count), bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    logs[i] = results[i].sum;
    characters[i] = length(example.choices[i]);
    bytes[i] = example.choices[i].size();
  }
  const auto is_right = [&](const std::vector<double>& scores) {
    return std::ranges::find(example.gold, static_cast<std::int64_t>(best_of(scores))) !=
           example.gold.end();
  };
  const std::vector<double> by_characters = divided(logs, characters);
  const std::vector<double> by_bytes = divided(logs, bytes);
  if (results.size() == 2 * count) {
    for (std::size_t i = 0; i < count; ++i) mutual.push_back(logs[i] - results[count + i].sum);
    put(record, "acc_mutual_info", is_right(mutual) ? 1 : 0);
  }
  put(record, "acc", is_right(logs) ? 1 : 0);
  put(record, "acc_norm", is_right(by_characters) ? 1 : 0);
  put(record, "acc_bytes", is_right(by_bytes) ? 1 : 0);
  const auto gold = static_cast<std::size_t>(example.gold.front());
  put(record, "exact_match",
      std::ranges::any_of(
          example.gold, [&](std::int64_t i) { return results[static_cast<std::size_t>(i)].greedy; })
          ? 1
          : 0);
  put(record, "brier_score", brier(logs, gold));
  record.gold = example.gold.front();
  record.predicted = static_cast<std::int64_t>(best_of(logs));
  record.nll = -logs[gold];
  record.tokens = results[gold].tokens;
  record.matched = results[gold].matched;
  if (count < 2) return;
  const std::string& first = task_.metrics.front().name;
  record.margin = margin_of(first == "acc_norm"                             ? by_characters
                            : first == "acc_bytes"                          ? by_bytes
                            : first == "acc_mutual_info" && !mutual.empty() ? mutual
                                                                            : logs);
  record.near_tie = margin_of(logs) < 1e-4 * std::abs(logs[best_of(logs)]);
}

ExampleRecord Scorer::score(const ExampleRequests& example, const RollingResult& result) const {
  ExampleRecord record = begin(example);
  if (has_error(record, result.error)) return record;
  record.nll = -result.sum;
  record.tokens = result.tokens;
  record.matched = result.matched;
  record.words = count_words(example.counted);
  record.bytes = example.counted.size();
  if (details_) record.detail = detail_of(task_.plan->rows[example.row], example, result);
  return record;
}

ExampleRecord Scorer::score(const ExampleRequests& example,
                            std::span<const GenerationResult> results) const {
  ExampleRecord record = begin(example);
  std::vector<std::string> answers;
  for (const GenerationResult& result : results) {
    if (has_error(record, result.error)) return record;
    record.tokens += result.completion_tokens;
    answers.push_back(result.text);
  }
  std::vector<std::string> filtered;
  for (std::size_t f = 0; f < filters_.size(); ++f) {
    const std::string answer = filters_[f].apply(answers);
    filtered.push_back(answer);
    for (std::size_t m = 0; m < task_.metrics.size(); ++m) {
      double best = 0;
      for (const std::string& reference : example.references) {
        best = std::max(best, exact_[m] != nullptr
                                  ? (exact_[m]->is_same(answer, reference) ? 1.0 : 0.0)
                              : task_.metrics[m].name == "f1" ? token_f1(answer, reference)
                                                              : rouge_l(answer, reference));
      }
      const MetricValue metric{.name = task_.metrics[m].name, .filter = task_.filters[f]};
      record.metrics[metric.key()] = best;
    }
  }
  if (details_)
    record.detail =
        detail_of(task_.plan->rows[example.row], example, answers, filtered, task_.filters);
  return record;
}

}  // namespace mlopsctl::eval
