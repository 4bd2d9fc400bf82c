#include "eval/metric_catalogue.hpp"

#include <array>

namespace mlopsctl::eval {

namespace {

using enum OutputType;

constexpr std::array catalogue{
    MetricInfo{"acc", multiple_choice, "mean", true, true},
    MetricInfo{"acc_norm", multiple_choice, "mean", true, true},
    MetricInfo{"acc_bytes", multiple_choice, "mean"},
    MetricInfo{"acc_mutual_info", multiple_choice, "mean"},
    MetricInfo{"exact_match", multiple_choice, "mean"},
    MetricInfo{"f1", multiple_choice, "f1", true, false, false},
    MetricInfo{"mcc", multiple_choice, "matthews_corrcoef", true, false, false},
    MetricInfo{"brier_score", multiple_choice, "brier_score", false},
    MetricInfo{"perplexity", loglikelihood, "perplexity", false, true, false},
    MetricInfo{"acc", loglikelihood, "mean", true, true},
    MetricInfo{"token_perplexity", loglikelihood, "token_perplexity", false, false, false},
    MetricInfo{"token_acc", loglikelihood, "token_acc", true, false, false},
    MetricInfo{"word_perplexity", loglikelihood_rolling, "weighted_perplexity", false, true, false},
    MetricInfo{"byte_perplexity", loglikelihood_rolling, "weighted_perplexity", false, true, false},
    MetricInfo{"bits_per_byte", loglikelihood_rolling, "bits_per_byte", false, true, false},
    MetricInfo{"token_perplexity", loglikelihood_rolling, "token_perplexity", false, true, false},
    MetricInfo{"token_acc", loglikelihood_rolling, "token_acc", true, true, false},
    MetricInfo{"exact_match", generate_until, "mean", true, true},
    MetricInfo{"f1", generate_until, "mean"},
    MetricInfo{"rougeL", generate_until, "mean"},
};

}  // namespace

std::span<const MetricInfo> metric_catalogue() { return catalogue; }

const MetricInfo* find_metric(std::string_view name, OutputType type) {
  for (const MetricInfo& info : catalogue) {
    if (info.name == name && info.type == type) return &info;
  }
  return nullptr;
}

std::vector<std::string> metric_names(OutputType type) {
  std::vector<std::string> names;
  for (const MetricInfo& info : catalogue) {
    if (info.type == type) names.emplace_back(info.name);
  }
  return names;
}

std::vector<MetricPlan> default_metrics(OutputType type) {
  std::vector<MetricPlan> plans;
  for (const MetricInfo& info : catalogue) {
    if (info.type != type || !info.by_default) continue;
    plans.push_back({.name = std::string(info.name),
                     .aggregation = std::string(info.aggregation),
                     .higher_is_better = info.higher_is_better});
  }
  return plans;
}

std::string_view to_string(OutputType type) {
  switch (type) {
    case loglikelihood:
      return "loglikelihood";
    case loglikelihood_rolling:
      return "loglikelihood_rolling";
    case multiple_choice:
      return "multiple_choice";
    case generate_until:
      return "generate_until";
  }
  return {};
}

}  // namespace mlopsctl::eval
