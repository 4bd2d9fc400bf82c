// The labelled responses of examples/quality: what somebody who read them wrote down is found, and
// nothing else.
#include "mlopsctl/quality/log.hpp"

#include "support/locations.hpp"
#include "support/measured.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

using namespace mlopsctl;
using namespace mlopsctl::quality;

TEST_CASE("the bad flags of the example's responses are their labels") {
  const Indicators& indicators = mlopsctl::testing::default_indicators();
  for (const char* name : {"before.jsonl", "today.jsonl"}) {
    const std::string path = mlopsctl::testing::source_folder() + "/examples/quality/" + name;
    std::ifstream stream(path);
    std::string line;
    mlopsctl::testing::NoProgress progress;
    std::size_t rows = 0;
    read_log({path}, {}, indicators, progress, [&](const LogBlock& block) {
      for (std::size_t row = 0; row < block.rows(); ++row) {
        REQUIRE(std::getline(stream, line));
        const auto record = nlohmann::json::parse(line);
        std::set<std::string> found;
        for (std::size_t i = 0; i < indicators.size(); ++i) {
          const bool flag = indicators.all()[i].bad;
          if (flag && block.values[row * indicators.size() + i] > 0) {
            found.insert(indicators.all()[i].name);
          }
        }
        CAPTURE(line);
        CHECK(found == record["labels"].get<std::set<std::string>>());
        ++rows;
      }
    });
    CHECK(rows > 100);
  }
}
