// The page of a gate: everything that was decided, in pictures that are drawn, and nothing that
// runs.
#include "mlopsctl/ui/gate_page.hpp"

#include "support/page_text.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl;
using testing::contains;
using testing::count_of;

namespace {

GatePage page() {
  GatePage result{.title = "chat", .verdict = "fail", .reason = "acc is below", .tone = Tone::bad};
  result.rules = {{.name = "arc · acc",
                   .text = "acc of arc is 0.8700",
                   .verdict = "fail",
                   .tone = Tone::bad,
                   .before = "0.9000",
                   .now = "0.8700",
                   .unit = "points",
                   .change = -3,
                   .low = -4.1,
                   .high = -2,
                   .limit = -1}};
  result.pairs = {{"arc · acc", 870, 30, 0, 100}};
  result.samples = {{"e2e", "ms", {3, 1, 2}, {5, 4, 6, 7}}};
  result.notes = {"cpu differs"};
  result.tables = {{.heading = "Answered otherwise (1)", .headers = {"Task"}, .rows = {{"arc"}}}};
  return result;
}

}  // namespace

TEST_CASE("a page shows rules with their intervals, outcomes and both distribution functions") {
  const std::string html = html_gate(page());
  CHECK(contains(html, "<title>fail: chat</title>"));
  CHECK(contains(html, "-3 points"));
  CHECK(contains(html, "-4.1 to -2"));
  CHECK(count_of(html, "<rect class=\"interval\"") == 1);
  CHECK(count_of(html, "<path class=\"limit\"") == 1);
  CHECK(contains(html, "aria-label=\"30 lost, 0 won\""));
  CHECK(count_of(html, "<path class=\"median\"") == 2);
  CHECK(contains(html, "e2e (3 before, 4 now)"));
  CHECK(contains(html, "cpu differs"));
  CHECK_FALSE(contains(html, "<script"));
}

TEST_CASE("what is not there has no section, and numbers that are none break nothing") {
  GatePage empty{.title = "nothing"};
  const std::string html = html_gate(empty);
  for (const char* heading : {"Rules", "The same examples", "Distribution functions", "Notes"}) {
    CHECK_FALSE(contains(html, std::string("<h2>") + heading));
  }
  GatePage odd = page();
  odd.rules[0].change = NAN;
  odd.rules[0].low = -INFINITY;
  odd.samples = {{"e2e", "ms", {}, {NAN}}, {"one", "ms", {5}, {}}};
  CHECK(contains(html_gate(odd), "0.8700"));
}

TEST_CASE("markup in names is inert") {
  GatePage evil = page();
  evil.title = "<script>alert(1)</script>";
  evil.rules[0].name = "<img src=x>";
  evil.rules[0].unit = "<b>";
  evil.pairs[0].name = "\"><svg onload=x>";
  evil.samples[0].unit = "<i>";
  evil.notes = {"<b>\x1b[31m"};
  const std::string html = html_gate(evil);
  for (const char* markup : {"<script", "<img", "<b>", "<svg onload", "<i>"}) {
    CHECK_FALSE(contains(html, markup));
  }
}
