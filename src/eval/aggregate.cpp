#include "eval/aggregate.hpp"

#include "eval/class_counts.hpp"
#include "eval/python_random.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>
#include <thread>

namespace mlopsctl::eval {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr unsigned chunk = 1000;  // resamples of one seed

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? none : sum / static_cast<double>(values.size());
}

double sample_deviation(std::span<const double> values) {
  if (values.size() < 2) return none;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double upper_median(std::vector<double> values) {
  if (values.empty()) return none;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Everything that examples have in common, summed.
struct Sums {
  double nll = 0;
  std::uint64_t words = 0, bytes = 0, tokens = 0, matched = 0;
};

double ratio(double a, std::uint64_t b) { return b == 0 ? none : a / static_cast<double>(b); }

// What is a quotient of sums over all examples; nothing for other metrics.
std::optional<double> of_sums(const MetricPlan& metric, const Sums& sums) {
  if (metric.name == "word_perplexity") return std::exp(ratio(sums.nll, sums.words));
  if (metric.name == "byte_perplexity") return std::exp(ratio(sums.nll, sums.bytes));
  if (metric.name == "bits_per_byte") return ratio(sums.nll, sums.bytes) / std::numbers::ln2;
  if (metric.name == "token_perplexity") return std::exp(ratio(sums.nll, sums.tokens));
  if (metric.name == "token_acc") return ratio(static_cast<double>(sums.matched), sums.tokens);
  return std::nullopt;
}

using Statistic = std::function<double(std::span<const std::uint32_t>)>;

std::vector<double> taken(const std::vector<double>& values, std::span<const std::uint32_t> which) {
  std::vector<double> out;
  out.reserve(which.size());
  for (const std::uint32_t i : which) out.push_back(values[i]);
  return out;
}

class Aggregator {
 public:
  Aggregator(unsigned bootstrap, TaskResult& result) : bootstrap_(bootstrap), result_(result) {
    for (const ExampleRecord& example : result.examples) {
      if (!example.error.empty()) continue;
      counted_.push_back(&example);
      sums_.nll += example.nll.value_or(0);
      sums_.words += example.words;
      sums_.bytes += example.bytes;
      sums_.tokens += example.tokens;
      sums_.matched += example.matched;
    }
  }

  void add(const MetricPlan& plan, const std::string& filter) {
    MetricValue metric{.name = plan.name,
                       .filter = filter,
                       .value = none,
                       .higher_is_better = plan.higher_is_better,
                       .n = counted_.size()};
    if (const auto value = of_sums(plan, sums_)) {
      metric.value = *value;
      if (plan.name == "token_acc") {
        metric.correct = sums_.matched;
        metric.n = sums_.tokens;
      }
    } else if (plan.aggregation == "f1" || plan.aggregation == "matthews_corrcoef") {
      of_classes(plan, metric);
    } else {
      of_values(plan, metric);
    }
    result_.metrics.push_back(std::move(metric));
  }

 private:
  void bootstrap(MetricValue& metric, const Statistic& statistic) const {
    if (bootstrap_ == 0 || counted_.size() < 2) return;
    metric.stderr_ = bootstrap_error(counted_.size(), bootstrap_, statistic);
  }

  void of_values(const MetricPlan& plan, MetricValue& metric) const {
    const std::string key = metric.key();
    std::vector<double> values;
    for (const ExampleRecord* example : counted_) {
      const auto found = example->metrics.find(key);
      values.push_back(found == example->metrics.end() ? none : found->second);
    }
    if (plan.aggregation == "perplexity") {
      metric.value = std::exp(-mean_of(values));
      bootstrap(metric, [&](std::span<const std::uint32_t> which) {
        double sum = 0;
        for (const std::uint32_t i : which) sum += values[i];
        return std::exp(-sum / static_cast<double>(which.size()));
      });
    } else if (plan.aggregation == "median") {
      metric.value = upper_median(values);
      bootstrap(metric, [&](std::span<const std::uint32_t> which) {
        return upper_median(taken(values, which));
      });
    } else {
      of_mean(plan, values, metric);
    }
  }
  void of_mean(const MetricPlan& plan, std::vector<double>& values, MetricValue& metric) const {
    if (plan.aggregation == "nanmean")
      std::erase_if(values, [](double v) { return std::isnan(v); });
    metric.n = values.size();
    metric.value = mean_of(values);
    const bool proportion =
        std::ranges::all_of(values, [](double value) { return value == 0 || value == 1; });
    if (proportion && !values.empty()) {
      metric.correct = static_cast<std::uint64_t>(std::ranges::count(values, 1.0));
      metric.value = ratio(static_cast<double>(*metric.correct), metric.n);
    }
    const double deviation = sample_deviation(values);
    if (bootstrap_ > 0 && plan.aggregation != "brier_score" && !std::isnan(deviation)) {
      metric.stderr_ = deviation / std::sqrt(static_cast<double>(values.size()));
    }
  }

  void of_classes(const MetricPlan& plan, MetricValue& metric) const {
    std::vector<ClassPair> pairs;
    for (const ExampleRecord* example : counted_) {
      pairs.push_back({example->gold.value_or(-1), example->predicted.value_or(-1)});
    }
    const ClassNumbers numbers(pairs);
    const bool f1 = plan.aggregation == "f1";
    const Statistic statistic = [&](std::span<const std::uint32_t> which) {
      const ClassCounts counts = numbers.count(which);
      return f1 ? counts.task_f1(numbers) : counts.mcc();
    };
    std::vector<std::uint32_t> all(pairs.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    metric.value = all.empty() ? none : statistic(all);
    bootstrap(metric, statistic);
  }

  unsigned bootstrap_;
  TaskResult& result_;
  std::vector<const ExampleRecord*> counted_;
  Sums sums_;
};

const MetricValue* find_metric(const TaskResult& task, const std::string& name,
                               const std::string& filter) {
  for (const MetricValue& metric : task.metrics) {
    if (metric.name == name && metric.filter == filter) return &metric;
  }
  return nullptr;
}

// Pooled by size, or of the plain mean of means (lm_eval/api/metrics.py).
std::optional<double> group_error(const std::vector<const MetricValue*>& values, bool by_size) {
  double sum = 0, size = 0;
  for (const MetricValue* value : values) {
    if (!value->stderr_) return std::nullopt;
    const double n = static_cast<double>(value->n), error = *value->stderr_;
    sum += by_size ? (n - 1) * error * error * n : error * error;
    size += n;
  }
  const auto count = static_cast<double>(values.size());
  if (!by_size) return std::sqrt(sum) / count;
  return size > count ? std::optional(std::sqrt(sum / (size - count) / size)) : std::nullopt;
}

MetricValue group_metric(const GroupMetric& plan, const std::string& filter,
                         const std::vector<const MetricValue*>& values) {
  MetricValue metric{
      .name = plan.metric, .filter = filter, .higher_is_better = values.front()->higher_is_better};
  double sum = 0, weights = 0;
  std::optional<std::uint64_t> correct = 0;
  for (const MetricValue* value : values) {
    const double weight = plan.weight_by_size ? static_cast<double>(value->n) : 1;
    sum += value->value * weight;
    weights += weight;
    metric.n += value->n;
    correct = correct && value->correct ? std::optional(*correct + *value->correct) : std::nullopt;
  }
  metric.value = sum / weights;
  if (plan.weight_by_size) metric.correct = correct;
  metric.stderr_ = group_error(values, plan.weight_by_size);
  return metric;
}

}  // namespace

double bootstrap_error(std::size_t n, unsigned resamples, const Statistic& statistic) {
  const unsigned of_chunk = std::min(chunk, resamples);
  const std::size_t chunks = resamples / of_chunk;
  std::vector<double> values(chunks * of_chunk);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    std::vector<std::uint32_t> which(n);
    for (std::size_t i = next++; i < chunks; i = next++) {
      PythonRandom random(i);
      for (unsigned j = 0; j < of_chunk; ++j) {
        for (std::uint32_t& one : which) one = static_cast<std::uint32_t>(random.choice(n));
        values[i * of_chunk + j] = statistic(which);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    const unsigned count = std::min(16U, std::max(1U, std::thread::hardware_concurrency()));
    for (unsigned i = 1; i < count && i < chunks; ++i) threads.emplace_back(work);
    work();
  }
  return sample_deviation(values);
}

void aggregate(const Task& task, unsigned bootstrap, TaskResult& result) {
  result.metrics.clear();
  result.failed = result.truncated = result.near_ties = 0;
  for (const ExampleRecord& example : result.examples) {
    if (!example.error.empty()) ++result.failed;
    if (example.truncated) ++result.truncated;
    if (example.near_tie) ++result.near_ties;
  }
  Aggregator aggregator(bootstrap, result);
  for (const std::string& filter : task.filters) {
    for (const MetricPlan& plan : task.metrics) aggregator.add(plan, filter);
  }
}

GroupResult aggregate(const TaskGroup& group, std::span<const TaskResult> tasks) {
  GroupResult result{.name = group.name, .alias = group.alias, .tasks = group.tasks};
  const auto is_member = [&](const TaskResult& task) {
    return std::ranges::find(group.tasks, task.name) != group.tasks.end();
  };
  for (const GroupMetric& plan : group.metrics) {
    std::vector<std::string> filters = plan.filters;
    for (const TaskResult& task : tasks) {
      if (!plan.filters.empty() || !is_member(task)) continue;
      for (const MetricValue& metric : task.metrics) {
        if (metric.name == plan.metric) filters.push_back(metric.filter);
      }
    }
    std::ranges::sort(filters);
    filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
    for (const std::string& filter : filters) {
      std::vector<const MetricValue*> values;
      for (const TaskResult& task : tasks) {
        const MetricValue* metric =
            is_member(task) ? find_metric(task, plan.metric, filter) : nullptr;
        if (metric != nullptr) values.push_back(metric);
      }
      if (!values.empty()) result.metrics.push_back(group_metric(plan, filter, values));
    }
  }
  return result;
}

}  // namespace mlopsctl::eval
