// One response, measured: for tests of single indicators.
#pragma once

#include "mlopsctl/quality/indicators.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

class Measured {
 public:
  explicit Measured(const quality::Indicators& indicators, const quality::Response& response)
      : indicators_(indicators), values_(indicators.size()) {
    quality::Measurer(indicators).measure(response, values_);
  }
  double operator[](std::string_view name) const {
    const auto place = indicators_.find(name);
    if (!place) throw std::out_of_range(std::string(name));
    return values_[*place];
  }
  // "" if it cannot be told.
  std::string language() const {
    const double label = (*this)["language"];
    return label >= 0 ? indicators_.labels()[static_cast<std::size_t>(label)] : std::string();
  }

 private:
  const quality::Indicators& indicators_;
  std::vector<double> values_;
};

// By the default rules.
inline const quality::Indicators& default_indicators() {
  static const quality::Indicators indicators(quality::default_rules());
  return indicators;
}
inline Measured measured(std::string_view text, std::optional<std::string_view> prompt = {},
                         std::optional<std::string_view> finish_reason = {}) {
  return Measured(default_indicators(), {text, prompt, finish_reason});
}

}  // namespace mlopsctl::testing
