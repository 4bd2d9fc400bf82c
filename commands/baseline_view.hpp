// What is in a baseline, as tables.
#pragma once

#include "mlopsctl/eval/baseline.hpp"
#include "mlopsctl/ui/report.hpp"

#include <string>

namespace mlopsctl::commands {

Table baseline_metric_table(const gate::Baseline& baseline);
Table baseline_latency_table(const gate::Baseline& baseline);
Table baseline_history_table(const gate::Baseline& baseline);
// "acc 0.8300 of arc, ttft 12.3 ms": the first number of each part.
std::string baseline_headline(const gate::Baseline& baseline);
std::string short_digest(const gate::Baseline& baseline);

}  // namespace mlopsctl::commands
