// Metric families of one check: every series carries its name.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/formats/prometheus.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

class CheckMetrics {
 public:
  explicit CheckMetrics(const std::string& check) : check_{"check", check} {}

  void add(const std::string& name, const std::string& help, double value,
           std::vector<MetricLabel> labels = {});
  // The last success is when a verdict was last reached: now if it was `answered`, else `before`.
  struct TimeNames {
    std::string last_run, last_success;
  };
  void add_times(const TimeNames& names, Timestamp checked_at, bool answered,
                 std::optional<double> before);
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  MetricLabel check_;
  std::vector<MetricFamily> families_;
};

}  // namespace mlopsctl::commands
