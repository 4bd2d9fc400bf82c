#include "mlopsctl/formats/jsonl.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

using mlopsctl::KeyValue;
using mlopsctl::MetricLine;
using mlopsctl::MetricLineReader;
using mlopsctl::MetricLineSink;

namespace {

// What a reader said, one text per line of input that was not blank.
struct Told {
  std::vector<std::string> lines;
  std::vector<std::string> bad;
  std::uint64_t count = 0;
  std::uint64_t consumed = 0;
};

MetricLineSink collect(Told& told) {
  return {.line =
              [&told](const MetricLine& line) {
                std::string text = fmt::format("{}", line.number);
                if (line.step) text += fmt::format(" step={}", *line.step);
                if (line.time) text += fmt::format(" time={}", line.time->ms);
                for (const auto& metric : line.metrics) {
                  text += fmt::format(" {}:{}", metric.key, mlopsctl::number_text(metric.value));
                }
                for (const auto& item : line.params) {
                  text += fmt::format(" P:{}={}", item.key, item.value);
                }
                for (const auto& item : line.tags) {
                  text += fmt::format(" T:{}={}", item.key, item.value);
                }
                if (line.skipped > 0) text += fmt::format(" skipped={}", line.skipped);
                told.lines.push_back(text);
              },
          .bad =
              [&told](std::uint64_t number, const std::string& message) {
                told.bad.push_back(fmt::format("{}: {}", number, message));
              }};
}

Told read(std::string_view bytes, std::size_t piece = 100000, std::size_t max_line = 16U << 20U) {
  Told told;
  const MetricLineSink sink = collect(told);
  MetricLineReader reader(max_line);
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
    reader.feed(bytes.substr(begin, piece), sink);
  }
  reader.finish(sink);
  told.count = reader.lines();
  told.consumed = reader.consumed();
  return told;
}

std::string one(std::string_view line) {
  const Told told = read(line);
  REQUIRE(told.lines.size() + told.bad.size() == 1);
  return told.lines.empty() ? "bad " + told.bad[0] : told.lines[0];
}

}  // namespace

TEST_CASE("every number of a line is a metric and nested names are joined with a slash") {
  CHECK(one(R"({"step": 10, "loss": 0.52, "eval": {"acc": 0.9, "top": {"k": 5}}})") ==
        "1 step=10 loss:0.52 eval/acc:0.9 eval/top/k:5");
}

TEST_CASE("MLflow's own shape names one metric") {
  CHECK(one(R"({"key": "loss", "value": 0.52, "step": 10, "timestamp": 1763880000000})") ==
        "1 step=10 time=1763880000000 loss:0.52");
  CHECK(one(R"({"value": "NaN", "key": "loss"})") == "1 loss:NaN");
  SUBCASE("and a value without a key is an ordinary metric") {
    CHECK(one(R"({"value": 3})") == "1 value:3");
    CHECK(one(R"({"key": "text only"})") == "1 skipped=1");
  }
}

TEST_CASE("params and tags keep the text that was written") {
  CHECK(one(R"({"params": {"lr": 1e-05, "one": 1.0, "opt": {"name": "adam"}, "on": true,)"
            R"( "sizes": [1, 2]}, "tags": {"stage": "warm-up"}})") ==
        "1 P:lr=1e-05 P:one=1.0 P:opt/name=adam P:on=true P:sizes=[1, 2] T:stage=warm-up");
  SUBCASE("a number named params is a metric: many programs count parameters") {
    CHECK(one(R"({"params": 1000})") == "1 params:1000");
  }
  SUBCASE("null has no text") { CHECK(one(R"({"params": {"a": null}})") == "1 skipped=1"); }
}

TEST_CASE("numbers that JSON does not have are accepted bare and as strings") {
  CHECK(one(R"({"a": NaN, "b": Infinity, "c":-Infinity , "d": "NaN", "e": "-Infinity"})") ==
        "1 a:NaN b:Infinity c:-Infinity d:NaN e:-Infinity");
  CHECK(one(R"({"a": true, "b": false})") == "1 a:1 b:0");
  CHECK(one(R"({"a": "NaN of the text"})") == "1 skipped=1");
}

TEST_CASE("integers beyond 64 bits become doubles") {
  CHECK(one(R"({"a": 9007199254740993, "b": 123456789012345678901234567890})") ==
        "1 a:9007199254740992 b:1.2345678901234568e+29");
}

TEST_CASE("what is no metric is skipped and counted") {
  CHECK(one(R"({"a": 1, "s": "text", "n": null, "l": [1, {"b": 2}, "x"]})") == "1 a:1 skipped=3");
}

TEST_CASE("the last of equal names wins, also where nesting makes them equal") {
  CHECK(one(R"({"a": 1, "b": 2, "a": 3})") == "1 b:2 a:3");
  CHECK(one(R"({"eval": {"acc": 1}, "eval/acc": 2})") == "1 eval/acc:2");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += fmt::format("\"k{}\":{},", i % 20, i);
  const Told told = read(many + "\"z\":1}");
  REQUIRE(told.lines.size() == 1);
  CHECK(told.lines[0].starts_with("1 k0:20 k1:21 "));
  CHECK(told.lines[0].ends_with(" k19:39 z:1"));
}

TEST_CASE("steps have three names and must be integers") {
  CHECK(one(R"({"_step": 3, "a": 1})") == "1 step=3 a:1");
  CHECK(one(R"({"step": 1, "global_step": 2, "_step": 3})") == "1 step=1");
  CHECK(one(R"({"step": 10.0})") == "1 step=10");
  CHECK(one(R"({"step": "10"})") == "1 step=10");
  CHECK(one(R"({"step": null, "a": 1})") == "1 a:1");
  CHECK(one(R"({"step": -5})") == "1 step=-5");
  for (const char* wrong : {"1.5", "NaN", "\"x\"", "true", "[1]", "{}", "1e300"}) {
    CAPTURE(wrong);
    CHECK(one(fmt::format(R"({{"step": {}}})", wrong)).find("'step' must be an integer") !=
          std::string::npos);
  }
}

TEST_CASE("times are milliseconds, seconds below 1e11, or RFC 3339") {
  CHECK(one(R"({"timestamp": 1763880000000})") == "1 time=1763880000000");
  CHECK(one(R"({"time": 1763880000.25})") == "1 time=1763880000250");
  CHECK(one(R"({"_timestamp": "1763880000"})") == "1 time=1763880000000");
  CHECK(one(R"({"time": "2026-11-23T07:33:52.5Z"})") == "1 time=1795419232500");
  for (const char* wrong : {"\"2h ago\"", "\"now\"", "1e300", "NaN", "{}", "false"}) {
    CAPTURE(wrong);
    CHECK(one(fmt::format(R"({{"time": {}}})", wrong)).starts_with("bad 1: 'time' "));
  }
}

TEST_CASE("a bad line is reported with its number, its column and its beginning") {
  const Told told = read("{\"a\": 1}\n{\"a\" 1}\n\n{\"b\": 2}\n");
  CHECK(told.lines == std::vector<std::string>{"1 a:1", "4 b:2"});
  REQUIRE(told.bad.size() == 1);
  CHECK(told.bad[0].starts_with("2: not JSON"));
  CHECK(told.bad[0].find("column 6") != std::string::npos);
  CHECK(told.bad[0].find("'{\"a\" 1}'") != std::string::npos);
}

TEST_CASE("lines that are no metric lines are bad") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"not json", "expected a JSON object"},
      {"[1, 2]", "expected a JSON object"},
      {"5", "expected a JSON object"},
      {R"({"a": 1)", "does not end with '}'"},
      {R"({"a": 1}})", "expected the end of the line at column 9"},
      {R"({"a": 1} {"b": 2})", "expected the end of the line"},
      {R"({"a": 1,})", "not JSON"},
      {R"({"a": {"b": 1})", "not JSON"},
      {R"({"l": [1 2]})", "not JSON"},
      {R"({"l": [1, }])", "does not end"},
      {R"({"a": tru})", "expected"},
      {R"({"a": nan})", "expected"},
      {R"({"a": 1e400})", "a number that a double can hold"},
      {R"({"a": 01})", "number"},
      {R"({"a": "x)", "string is not closed"},
      {"{\"a\": \"\xff\"}", "UTF-8"},
      {"{\"a\xff\": 1}", "UTF-8"},
      {std::string("{\"a\": \"x\0y\"}", 11), "control character"},
      {std::string("{\"a\": 1\0}", 9), ""},
      {R"({"": 1})", "a name is empty"},
      {R"({"a": {"": 1}})", "is empty"},
      {R"({"a\u001b[31m": 1})", "control character"},
      {R"({"a\u0085": 1})", "control character"},
      {R"({"a\nb": {"c": 1}})", "control character"},
      {R"({"params": {"a\tb": "x"}})", "control character"},
      {R"({"\ud800": 1})", "escape"}};
  for (const auto& [line, reason] : cases) {
    CAPTURE(line);
    const Told told = read(line);
    CHECK(told.lines.empty());
    REQUIRE(told.bad.size() == 1);
    CAPTURE(told.bad[0]);
    CHECK(told.bad[0].find(reason) != std::string::npos);
    CHECK(mlopsctl::printable(told.bad[0]) == told.bad[0]);
  }
}

TEST_CASE("nesting is read to 31 levels and refused beyond 32") {
  const auto nested = [](int levels, std::string_view open, std::string_view close) {
    std::string line;
    for (int i = 0; i < levels; ++i) line += open;
    line += '1';
    for (int i = 0; i < levels; ++i) line += close;
    return "{\"a\":" + line + "}";
  };
  CHECK(one(nested(30, "{\"b\":", "}")).starts_with("1 a/b/b/"));
  CHECK(one(nested(40, "{\"b\":", "}")).find("levels deep") != std::string::npos);
  CHECK(one(nested(100000, "{\"b\":", "}")).find("levels deep") != std::string::npos);
  CHECK(one(nested(20, "[", "]")) == "1 skipped=1");
  CHECK(one(nested(100000, "[", "]")).find("levels deep") != std::string::npos);
}

TEST_CASE("names cannot be blown up by nesting") {
  std::string line = "{\"" + std::string(4000, 'p') + "\":{";
  for (int i = 0; i < 20000; ++i) line += fmt::format("\"{}\":1,", i);
  CHECK(one(line + "\"z\":1}}").find("64 MiB") != std::string::npos);
  CHECK(one("{\"" + std::string(5000, 'k') + "\":1}").find("longer than") != std::string::npos);
}

TEST_CASE("line ends of all systems, blank lines and a byte order mark are accepted") {
  const Told told = read("\xef\xbb\xbf{\"a\":1}\r\n\n  \t\r\n{\"b\":2}");
  CHECK(told.lines == std::vector<std::string>{"1 a:1", "4 b:2"});
  CHECK(told.bad.empty());
  CHECK(told.count == 4);
  CHECK(told.consumed == 25);
}

TEST_CASE("the position after complete lines is where a later reader goes on") {
  Told told;
  const MetricLineSink sink = collect(told);
  MetricLineReader reader;
  reader.feed("{\"a\":1}\n{\"a\":", sink);
  CHECK(reader.consumed() == 8);
  CHECK(reader.lines() == 1);
  reader.feed("2}\n", sink);
  CHECK(reader.consumed() == 16);
  CHECK(told.lines == std::vector<std::string>{"1 a:1", "2 a:2"});
  SUBCASE("and it already covers the line that is being told") {
    std::uint64_t seen = 0;
    reader.feed("{\"a\":3}\n",
                {.line = [&](const MetricLine&) { seen = reader.consumed(); }, .bad = {}});
    CHECK(seen == 24);
  }
}

TEST_CASE("a line that is too long is reported and skipped, the next one is read") {
  const std::string fits = "{\"a\":1}";
  const std::string text = fits + "\n{\"long\":\"" + std::string(1000, 'x') + "\"}\n" + fits;
  for (const std::size_t piece : {1U, 5U, 100000U}) {
    const Told told = read(text, piece, fits.size());
    CHECK(told.lines == std::vector<std::string>{"1 a:1", "3 a:1"});
    REQUIRE(told.bad.size() == 1);
    CHECK(told.bad[0].starts_with("2: longer than 7 B: "));
    CHECK(told.consumed == text.size());
  }
}

TEST_CASE("where the bytes are cut makes no difference") {
  const std::string text =
      "{\"step\":1,\"loss\":0.5}\r\n\n{\"a\":{\"b\":1,\"c\":[1,2]},\"t\":\"\xc3\xa9\"}\nbad\n"
      "{\"params\":{\"lr\":1e-05},\"tags\":{\"x\":\"y\"}}\n{\"n\":NaN,\"i\":-Infinity}";
  const Told whole = read(text);
  CHECK(whole.lines.size() == 4);
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    const Told cut = read(text, piece);
    CHECK(cut.lines == whole.lines);
    CHECK(cut.bad == whole.bad);
    CHECK(cut.consumed == text.size());
  }
}
