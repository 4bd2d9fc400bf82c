#include "mlopsctl/ui/report.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace mlopsctl;

namespace {

Report sample() {
  Report report("test/1");
  report.field("name", "name", Cell("tab\there"));
  report.group({"params", "Parameters", {{"lr", Cell("0.1")}}});
  report.table({.key = "rows",
                .heading = "Rows",
                .columns = {{.key = "key", .header = "KEY"},
                            {.key = "value", .header = "VALUE", .right = true},
                            {.key = "when", .header = "WHEN", .terminal = false}},
                .rows = {{Cell("a"), Cell(Value(0.1)), Cell(Value(Timestamp{0}))},
                         {Cell("漢字"), Cell(Value(std::nan(""))), Cell()}}});
  return report;
}

Terminal terminal(int width) {
  Terminal result;
  result.out_is_tty = true;
  result.width = width;
  return result;
}

}  // namespace

TEST_CASE("JSON has a schema, objects in lists, null for absent and names for non-finite numbers") {
  const auto json = nlohmann::json::parse(render_json(sample()).out);
  CHECK(json["schema"] == "mlopsctl.test/1");
  CHECK(json["params"]["lr"] == "0.1");
  CHECK(json["rows"][0]["value"] == 0.1);
  CHECK(json["rows"][0]["when"] == "1970-01-01T00:00:00Z");
  CHECK(json["rows"][1]["value"] == "NaN");
  CHECK(json["rows"][1]["when"].is_null());
}

TEST_CASE("JSON survives bytes that are not UTF-8") {
  Report report("test/1");
  report.field("x", "x", Cell(std::string("\xff")));
  CHECK(nlohmann::json::parse(render_json(report).out)["x"] == "\\xff");
}

TEST_CASE("a pipe gets tab-separated lines in which a value cannot break the row") {
  const Rendered rendered = render_pipe(sample(), Terminal{}, false);
  CHECK(rendered.out ==
        "name\ttab\\there\n"
        "params\tlr\t0.1\n"
        "rows\ta\t0.1\t1970-01-01T00:00:00Z\n"
        "rows\t漢字\tNaN\t\n");
}

TEST_CASE("in a pipe an answer stands alone") {
  Report report("test/1");
  report.answer("id", "id", Cell("abc")).field("more", "more", Cell("x"));
  CHECK(render_pipe(report, Terminal{}, false).out == "abc\n");
}

TEST_CASE("a terminal gets aligned columns without borders") {
  const Rendered rendered = render_terminal(sample(), terminal(60), Timestamp{0}, false);
  CHECK(rendered.out.find("KEY   VALUE\n") != std::string::npos);
  CHECK(rendered.out.find("a       0.1\n") != std::string::npos);
  CHECK(rendered.out.find("漢字    NaN\n") != std::string::npos);
  CHECK(rendered.out.find('|') == std::string::npos);
}

TEST_CASE("columns that may shrink are cut to the terminal's width") {
  Report report("test/1");
  report.table(
      {.key = "rows",
       .columns = {{.key = "id", .header = "ID"}, {.key = "t", .header = "TEXT", .shrink = true}},
       .rows = {{Cell("12345678"), Cell(std::string(200, 'x'))}}});
  const std::string out = render_terminal(report, terminal(40), Timestamp{0}, false).out;
  CHECK(out.find("12345678") != std::string::npos);
  std::size_t longest = 0;
  for (std::size_t from = 0; from < out.size();) {
    const auto end = out.find('\n', from);
    longest = std::max(longest, end - from);
    from = end + 1;
  }
  CHECK(longest <= 40);
}

TEST_CASE("errors become one JSON line") {
  const Error error(ErrorKind::not_found, "there is no run 'x'", "look again");
  const auto json = nlohmann::json::parse(render_error_json(error, ExitCode::failed));
  CHECK(json["error"]["kind"] == "not-found");
  CHECK(json["error"]["hint"] == "look again");
  CHECK(json["exit_code"] == 1);
}
