// The rules on one metric of one task.
#pragma once

#include "mlopsctl/eval/gate.hpp"

#include "eval/gate/pairs.hpp"

#include <string>
#include <vector>

namespace mlopsctl::gate {

class MetricRules {
 public:
  // All must outlive it; checks and flips go to `result`.
  MetricRules(const QualityOptions& options, const TaskResult& before, const TaskResult& now,
              const Joined& joined, GateResult& result);

  void compare(const MetricValue& before, const MetricValue& now) const;
  // The negative log-likelihood of each example: far more sensitive than accuracy, but it only
  // warns.
  void compare_likelihoods() const;

 private:
  Check proportion(const MetricValue& before, const MetricValue& now,
                   const std::optional<PairedValues>& values) const;
  Check number(const MetricValue& before, const MetricValue& now,
               const std::optional<PairedValues>& values) const;
  void add_pairs(Check& check, const std::string& key, const PairedValues& values) const;
  void add_differences(Check& check, const PairedValues& values, bool higher_is_better) const;

  const QualityOptions& options_;
  const TaskResult& before_;
  const TaskResult& now_;
  const Joined& joined_;
  std::vector<std::uint32_t> groups_;
  GateResult& result_;
};

// An accuracy that drops by a tolerance of a proportion: by counts, so that a drop of exactly the
// tolerance passes.
bool keeps_tolerance(std::uint64_t correct_before, std::uint64_t correct_now, std::uint64_t n,
                     double tolerance);

// A smaller change than this never warns: the last digits of another kernel.
double least_change(const Check& check);

void add_threshold_checks(const Measured& now, const QualityOptions& options, GateResult& result);
// Where a side is numbers by name.
void add_plain_checks(const Baseline& baseline, const Measured& now, const QualityOptions& options,
                      GateResult& result);

}  // namespace mlopsctl::gate
