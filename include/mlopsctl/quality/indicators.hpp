// What is measured of one response. Each indicator is a number, so a log of responses becomes a
// table whose columns can be averaged, judged, and tested for drift.
#pragma once

#include "mlopsctl/quality/rules.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::quality {

// flag: 0 or 1. category: an index of Indicators::labels(). NaN: it does not apply.
enum class IndicatorKind { flag, count, number, category };

struct IndicatorInfo {
  std::string name;
  IndicatorKind kind = IndicatorKind::flag;
  bool bad = false;  // a flag that one wants to see rarely
  std::string help;  // one sentence, no full stop
};

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

struct Response {
  std::string_view text;  // UTF-8; other bytes count as replacement characters
  std::optional<std::string_view> prompt;
  std::optional<std::string_view> finish_reason;
};

// The indicators of a rule set, in the order of their columns: §17, descriptors, the rules' alerts.
// Shared by threads; each measures with a Measurer of its own.
class Indicators {
 public:
  explicit Indicators(const RuleSet& rules);
  ~Indicators();
  Indicators(const Indicators&) = delete;
  Indicators& operator=(const Indicators&) = delete;

  const RuleSet& rules() const;
  const std::string& id() const;  // rules_id
  const std::vector<IndicatorInfo>& all() const;
  std::size_t size() const { return all().size(); }
  std::optional<std::size_t> find(std::string_view name) const;
  const std::vector<std::string>& labels() const;  // languages

 private:
  friend class Measurer;
  struct State;
  std::unique_ptr<State> state_;
};

class Measurer {
 public:
  explicit Measurer(const Indicators& indicators);
  ~Measurer();
  Measurer(Measurer&&) noexcept;

  // One value an indicator; `values` has as many.
  void measure(const Response& response, std::span<double> values);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Indicators that every rule set has, for checking names in rules before there are Indicators.
std::span<const IndicatorInfo> fixed_indicators();

}  // namespace mlopsctl::quality
