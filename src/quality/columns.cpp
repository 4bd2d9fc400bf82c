// Measured responses as columns for the tests of drift.
#include "mlopsctl/quality/log.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::quality {

namespace {

bool applies(const IndicatorInfo& info, const RuleSet& rules) {
  if (info.name == "other_language") return !rules.language.expected.empty();
  if (info.name == "json" || info.name == "invalid_json") {
    return rules.json.expected != JsonExpected::never;
  }
  return true;
}

drift::Column integers(const IndicatorInfo& info, const std::vector<double>& values) {
  drift::Integers column;
  column.values.reserve(values.size());
  for (std::size_t row = 0; row < values.size(); ++row) {
    const bool missing = std::isnan(values[row]);
    if (missing && column.missing.empty()) column.missing.resize(values.size());
    if (missing) column.missing[row] = true;
    column.values.push_back(missing ? 0 : std::llround(values[row]));
  }
  const auto kind =
      info.kind == IndicatorKind::flag ? drift::ColumnKind::boolean : drift::ColumnKind::integer;
  return {info.name, kind, std::move(column)};
}

drift::Column categories(const IndicatorInfo& info, const std::vector<double>& values,
                         const std::vector<std::string>& labels) {
  drift::Categories column{{}, labels};
  column.codes.reserve(values.size());
  for (const double value : values) {
    column.codes.push_back(std::isnan(value) ? -1 : static_cast<std::int32_t>(value));
  }
  return {info.name, drift::ColumnKind::category, std::move(column)};
}

}  // namespace

drift::DataSet columns_of(const LogBlock& block, const Indicators& indicators) {
  drift::DataSet data;
  const std::size_t width = indicators.size();
  std::vector<double> values(block.rows());
  for (std::size_t i = 0; i < width; ++i) {
    const IndicatorInfo& info = indicators.all()[i];
    if (!applies(info, indicators.rules())) continue;
    for (std::size_t row = 0; row < values.size(); ++row)
      values[row] = block.values[row * width + i];
    switch (info.kind) {
      case IndicatorKind::flag:
      case IndicatorKind::count:
        data.columns.push_back(integers(info, values));
        break;
      case IndicatorKind::number:
        data.columns.push_back({info.name, drift::ColumnKind::real, values});
        break;
      case IndicatorKind::category:
        data.columns.push_back(categories(info, values, indicators.labels()));
        break;
    }
  }
  return data;
}

}  // namespace mlopsctl::quality
