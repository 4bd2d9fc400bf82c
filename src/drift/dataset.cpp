#include "mlopsctl/drift/dataset.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

std::string_view to_string(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::real:
      return "real";
    case ColumnKind::integer:
      return "integer";
    case ColumnKind::boolean:
      return "boolean";
    case ColumnKind::category:
      return "category";
    case ColumnKind::time:
      return "time";
  }
  return "";
}

std::uint64_t Column::rows() const {
  if (const auto* reals = std::get_if<std::vector<double>>(&values)) return reals->size();
  if (const auto* integers = std::get_if<Integers>(&values)) return integers->values.size();
  return std::get<Categories>(values).codes.size();
}

std::uint64_t Column::missing() const {
  const auto count = [](const auto& range, auto&& is_missing) {
    return static_cast<std::uint64_t>(std::count_if(range.begin(), range.end(), is_missing));
  };
  if (const auto* reals = std::get_if<std::vector<double>>(&values)) {
    return count(*reals, [](double value) { return std::isnan(value); });
  }
  if (const auto* integers = std::get_if<Integers>(&values)) {
    return count(integers->missing, [](bool missing) { return missing; });
  }
  return count(std::get<Categories>(values).codes, [](std::int32_t code) { return code < 0; });
}

std::uint64_t DataSet::rows() const {
  if (matrix) return matrix->rows();
  return columns.empty() ? 0 : columns.front().rows();
}

std::uint64_t DataSet::features() const { return matrix ? matrix->columns() : columns.size(); }

void check_absent(const DataSet& reference, const DataSet& current) {
  if (reference.matrix || current.matrix) return;
  for (const std::string& name : reference.absent) {
    if (std::ranges::find(current.absent, name) == current.absent.end()) continue;
    std::vector<std::string> there;
    for (const DataSet* data : {&reference, &current}) {
      for (const Column& column : data->columns) there.push_back(column.name);
    }
    const auto near = closest(name, there);
    throw Error(ErrorKind::usage,
                fmt::format("there is no column {} in {}", quote(name),
                            reference.source == current.source
                                ? current.source
                                : reference.source + " or " + current.source),
                near ? fmt::format("did you mean {}?", quote(*near)) : "");
  }
}

std::string DataSet::feature_name(std::uint64_t index) const {
  return matrix ? std::to_string(index) : columns.at(index).name;
}

}  // namespace mlopsctl::drift
