// What scipy and numpy answered (tests/golden/gate) is what mlopsctl answers.
#include "support/gate_values.hpp"
#include "support/locations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <string>

using Json = nlohmann::json;

namespace {

bool agrees(double expected, double got) {
  return expected == got || std::abs(expected - got) <= 1e-9 * std::max(std::abs(expected), 1e-6);
}

}  // namespace

TEST_CASE(
    "tests of pairs, quantiles and every digit of the bootstraps agree with scipy and numpy") {
  std::ifstream file(mlopsctl::testing::source_folder() + "/tests/golden/gate/statistics.jsonl");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    const Json one = Json::parse(line);
    const Json got = gate_value(one.at("request"));
    CAPTURE(line);
    for (const auto& [name, expected] : one.at("expected").items()) {
      const Json& answer = got.at(name);
      if (!expected.is_array()) {
        CHECK(agrees(expected, answer));
        continue;
      }
      REQUIRE(answer.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK(agrees(expected[i], answer[i]));
    }
  }
  CHECK(cases > 400);
}
