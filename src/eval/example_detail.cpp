#include "eval/example_detail.hpp"

#include "mlopsctl/base/text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl::eval {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  if (std::isfinite(value)) return value;
  return number_text(value);
}

Json json_of(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::null:
      return nullptr;
    case YamlKind::boolean:
      return value.boolean;
    case YamlKind::integer:
      if (const auto integer = parse_integer(value.text)) return *integer;
      return value.text;
    case YamlKind::real:
      return number(value.real);
    case YamlKind::text:
      return value.text;
    case YamlKind::list: {
      Json list = Json::array();
      for (const YamlValue& item : value.items) list.push_back(json_of(item));
      return list;
    }
    case YamlKind::map: {
      Json map = Json::object();
      for (const YamlEntry& entry : value.entries) map[entry.key] = json_of(entry.value);
      return map;
    }
  }
  return nullptr;
}

Json head(const YamlValue& row, const ExampleRequests& example) {
  return {{"doc", json_of(row)},
          {"target", example.target},
          {"arguments", example.texts()},
          {"resps", Json::array()}};
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      std::span<const LikelihoodResult> results) {
  Json detail = head(row, example);
  for (const LikelihoodResult& result : results) {
    detail["resps"].push_back(Json::array({number(result.sum), result.greedy}));
  }
  return text_of(detail);
}

std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      const RollingResult& result) {
  Json detail = head(row, example);
  detail["resps"].push_back(number(result.sum));
  return text_of(detail);
}

std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      const std::vector<std::string>& answers,
                      const std::vector<std::string>& filtered,
                      const std::vector<std::string>& filters) {
  Json detail = head(row, example);
  detail["resps"] = answers;
  for (std::size_t i = 0; i < filters.size(); ++i) detail["filtered"][filters[i]] = filtered[i];
  return text_of(detail);
}

}  // namespace mlopsctl::eval
