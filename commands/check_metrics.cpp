#include "commands/check_metrics.hpp"

#include <algorithm>
#include <utility>

namespace mlopsctl::commands {

void CheckMetrics::add(const std::string& name, const std::string& help, double value,
                       std::vector<MetricLabel> labels) {
  const auto known = std::ranges::find(families_, name, &MetricFamily::name);
  auto& family = known == families_.end()
                     ? families_.emplace_back(MetricFamily{.name = name, .help = help})
                     : *known;
  labels.insert(labels.begin(), check_);
  family.samples.push_back({std::move(labels), value});
}

void CheckMetrics::add_times(const TimeNames& names, Timestamp checked_at, bool answered,
                             std::optional<double> before) {
  const double now = static_cast<double>(checked_at.ms) / 1000;
  add(names.last_run, "When the last check ran.", now);
  const std::optional<double> success = answered ? std::optional(now) : before;
  if (success) {
    add(names.last_success, "When a check last reached a verdict.", *success);
  }
}

}  // namespace mlopsctl::commands
