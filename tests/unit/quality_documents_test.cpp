#include "commands/quality_documents.hpp"

#include "support/measured.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace mlopsctl;
using namespace mlopsctl::commands;
using quality::QualityResult;
using quality::Verdict;

namespace {

QualityResult result_of(int refusals) {
  const auto& indicators = mlopsctl::testing::default_indicators();
  QualityResult result{.name = "chat", .rules = indicators.id(), .checked_at = {1'700'000'000'000}};
  result.indicators = indicators.all();
  result.labels = indicators.labels();
  result.current.source = "log.jsonl";
  result.current.lines = result.current.responses = 100;
  result.current.totals.resize(indicators.size());
  result.current.labels.resize(result.labels.size());
  for (std::size_t i = 0; i < indicators.size(); ++i) {
    for (int row = 0; row < 100; ++row) {
      result.current.totals[i].add(result.indicators[i].name == "refusal" && row < refusals);
    }
  }
  quality::ShownResponse one{.file = "log.jsonl", .line = 3, .score = 0.3};
  one.flags = {"refusal"};
  one.excerpt = "a|b <!channel>";
  result.current.worst = {one};
  judge(result, {{"refusal", 0.05}});
  return result;
}

const JUnitCase& case_named(const JUnitSuite& suite, const std::string& name) {
  return *std::ranges::find(suite.cases, name, &JUnitCase::name);
}

double value_of(const std::vector<MetricFamily>& families, const std::string& name) {
  const auto family = std::ranges::find(families, name, &MetricFamily::name);
  return family == families.end() ? -1 : family->samples.at(0).value;
}

}  // namespace

TEST_CASE("JUnit fails exactly where the check does") {
  const JUnitSuite bad = quality_junit(result_of(50));
  CHECK(case_named(bad, "verdict").outcome == JUnitOutcome::failed);
  CHECK(case_named(bad, "refusal").outcome == JUnitOutcome::failed);
  CHECK(case_named(bad, "refusal").message.find("limit of 5 %") != std::string::npos);
  CHECK(case_named(bad, "uncertainty").outcome == JUnitOutcome::passed);
  const JUnitSuite good = quality_junit(result_of(1));
  CHECK(std::ranges::none_of(
      good.cases, [](const JUnitCase& one) { return one.outcome == JUnitOutcome::failed; }));
}

TEST_CASE("metrics carry every rate, its limit and the times") {
  const auto families = quality_metrics(result_of(50), std::nullopt);
  CHECK(value_of(families, "mlopsctl_quality_bad") == 1);
  CHECK(value_of(families, "mlopsctl_quality_responses") == 100);
  CHECK(value_of(families, "mlopsctl_quality_limit_ratio") == 0.05);
  CHECK(value_of(families, "mlopsctl_quality_over_limit") == 1);
  CHECK(value_of(families, "mlopsctl_quality_last_success_timestamp_seconds") == 1.7e9);
  const std::string text = prometheus_text(families);
  CHECK(text.find("mlopsctl_quality_rate_ratio{check=\"chat\",indicator=\"refusal\"} 0.5\n") !=
        std::string::npos);
  QualityResult few = result_of(50);
  few.verdict = Verdict::insufficient;
  CHECK(value_of(quality_metrics(few, 5.0), "mlopsctl_quality_last_success_timestamp_seconds") ==
        5);
}

TEST_CASE("an alert fires while the quality is bad and is resolved when it is not") {
  const Timestamp now{1'700'000'000'000};
  const AlertOptions options{.lasts = Milliseconds{3'600'000}, .labels = {{"team", "search"}}};
  const auto firing = quality_alerts(result_of(50), options, now);
  const auto resolved = quality_alerts(result_of(1), options, now);
  REQUIRE(firing.size() == 1);
  CHECK(firing[0].ends == now + Milliseconds{3'600'000});
  CHECK(firing[0].labels == resolved.at(0).labels);  // the same alert
  CHECK(firing[0].labels.at("team") == "search");
  CHECK(resolved[0].ends == now);
  QualityResult few = result_of(50);
  few.verdict = Verdict::no_data;
  CHECK(quality_alerts(few, options, now).empty());
}

TEST_CASE("the page of one log shows rates, limits and the worst responses, its markup inert") {
  QualityResult result = result_of(50);
  result.current.worst[0].excerpt = "<script>alert(1)</script>";
  const std::string html = html_rates(quality_page(result));
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("&lt;script&gt;") != std::string::npos);
  CHECK(html.find("<span class=\"pill bad\">over</span>") != std::string::npos);
  CHECK(html.find("class=\"limit\"") != std::string::npos);
}

TEST_CASE("what people read is inert") {
  const std::string markdown = quality_markdown(result_of(50));
  CHECK(markdown.find("<!channel>") == std::string::npos);
  CHECK(markdown.find("**over**") != std::string::npos);
  CHECK(slack_json(quality_message(result_of(50), "")).find("<!channel>") == std::string::npos);
  const auto json = nlohmann::json::parse(quality_webhook_json(result_of(50), "https://x"));
  CHECK(json["schema"] == "mlopsctl.quality.message/1");
  CHECK(json["verdict"] == "bad");
  CHECK(json["rates"][0]["name"] == "refusal");
  CHECK(json["report"] == "https://x");
}
