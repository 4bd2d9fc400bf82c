// What scipy answered (tests/golden/drift) is what mlopsctl answers.
#include "support/drift_values.hpp"
#include "support/locations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Json = nlohmann::json;

std::vector<Json> lines_of(const std::string& name) {
  std::ifstream file(mlopsctl::testing::source_folder() + "/tests/golden/drift/" + name);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
}

double number(const Json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

// Statistics to 1e-9 relative; p-values to 1e-9 absolute and 1e-6 relative, except where scipy
// takes its p as the rest to 1 and so has no digits of a small one.
bool agrees(const std::string& function, const std::string& name, double expected, double got) {
  if (std::isnan(expected)) return std::isnan(got);
  if (expected == got) return true;
  const double difference = std::abs(expected - got);
  if (name != "p") return difference <= 1e-9 * std::max(std::abs(expected), 1e-3);
  if (difference > 1e-9) return false;
  return function == "cramer_von_mises" || difference <= 1e-6 * expected || expected < 1e-300;
}

void check(const Json& request, const Json& expected) {
  const Json got = drift_value(request);
  for (const auto& [name, value] : expected.items()) {
    const Json& answer = got.at(name);
    if (!value.is_array()) {
      CAPTURE(name);
      CAPTURE(value.dump());
      CAPTURE(answer.dump());
      CHECK(agrees(request.at("function"), name, number(value), number(answer)));
      continue;
    }
    REQUIRE(answer.size() == value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      CHECK(agrees(request.at("function"), name, number(value[i]), number(answer[i])));
    }
  }
}

}  // namespace

TEST_CASE("a thousand random cases agree with scipy") {
  const auto cases = lines_of("random.jsonl");
  REQUIRE(cases.size() >= 1000);
  for (const Json& one : cases) {
    CAPTURE(one.at("request").dump());
    check(one.at("request"), one.at("expected"));
  }
}

TEST_CASE("p-values agree with scipy by sizes and difference") {
  const auto cases = lines_of("p_values.jsonl");
  REQUIRE(cases.size() >= 300);
  for (const Json& one : cases) {
    CAPTURE(one.at("request").dump());
    check(one.at("request"), one.at("expected"));
  }
}

TEST_CASE("columns of real data sets agree with scipy") {
  const auto sets = lines_of("real.jsonl");
  REQUIRE(sets.size() == 13);
  for (const Json& set : sets) {
    CAPTURE(set.at("name").get<std::string>());
    for (const auto& [function, expected] : set.at("expected").items()) {
      CAPTURE(function);
      check({{"function", function},
             {"reference", set.at("reference")},
             {"current", set.at("current")}},
            expected);
    }
  }
}
