#include "mlopsctl/base/time.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp noon{1'763'899'200'000};  // 2025-11-23T12:00:00Z

}  // namespace

TEST_CASE("times are shown in RFC 3339") {
  CHECK(to_rfc3339(noon) == "2025-11-23T12:00:00Z");
  CHECK(to_rfc3339({noon.ms + 7}) == "2025-11-23T12:00:00.007Z");
  CHECK(to_rfc3339({0}) == "1970-01-01T00:00:00Z");
  CHECK(to_rfc3339({-1}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("times are read in the ways people write them") {
  const auto read = [](std::string_view text) { return parse_time(text, noon).ms; };
  CHECK(read("2025-11-23T12:00:00Z") == noon.ms);
  CHECK(read("2025-11-23 12:00") == noon.ms);
  CHECK(read("2025-11-23T13:00:00+01:00") == noon.ms);
  CHECK(read("2025-11-23T12:00:00.25Z") == noon.ms + 250);
  CHECK(read("2025-11-23") == noon.ms - 12 * 3'600'000);
  CHECK(read("1763899200000") == noon.ms);
  CHECK(read("now") == noon.ms);
  CHECK(read("2h ago") == noon.ms - 7'200'000);
  CHECK(read("15 min ago") == noon.ms - 900'000);
  CHECK(read("1d12h") == noon.ms - 36 * 3'600'000);
}

TEST_CASE("what is no time is refused with a way out") {
  for (const char* text : {"", "yesterday", "2025-13-01", "2025-02-30", "12", "25:00",
                           "2025-11-23T", "2025-11-23T12:00:00Zx", "ago"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_time(text, noon), Error);
  }
}

TEST_CASE("durations") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("10") == 10s);
  CHECK(parse_duration("1.5h") == 90min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("2 weeks") == 336h);
  CHECK(parse_duration("0") == 0ms);
  for (const char* text : {"", "h", "10x", "-5s", "1h30", "1e300d"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_duration(text), Error);
  }
}

TEST_CASE("durations and ages for people") {
  CHECK(human_duration(850ms) == "850ms");
  CHECK(human_duration(12'340ms) == "12.3s");
  CHECK(human_duration(59'999ms) == "59.9s");
  CHECK(human_duration(250s) == "4m 10s");
  CHECK(human_duration(26h) == "1d 2h");
  CHECK(human_duration(-5s) == "-5.0s");
  CHECK(human_age({noon.ms - 3000}, noon) == "just now");
  CHECK(human_age({noon.ms - 5 * 60'000}, noon) == "5 min ago");
  CHECK(human_age({noon.ms - 86'400'000}, noon) == "1 day ago");
  CHECK(human_age({noon.ms + 7'200'000}, noon) == "in 2 h");
}
