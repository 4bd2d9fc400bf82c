// What bench run measures, and the file that keeps it.
#include "mlopsctl/eval/latency.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl;

namespace {

RequestTiming request(double sent, double first, double last, std::uint64_t tokens) {
  return {.due = sent - 0.5,
          .sent = sent,
          .first = first,
          .last = last,
          .gaps = {0.1, 0.3},
          .prompt_tokens = 10,
          .output_tokens = tokens};
}

LatencyRun small_run() {
  LatencyRun run{.fingerprint = {{"endpoint", "http://h/v1"}},
                 .started = 1234567890123,
                 .load = "closed, 2 at once",
                 .warmups = 3,
                 .wall = 4,
                 .client_cpu = 0.25};
  run.requests = {request(1, 1.5, 2.5, 6), request(1, 1.25, 1.25, 1)};
  run.requests.push_back({.due = 2, .sent = 2, .error = "HTTP 503: \"busy\""});
  return run;
}

}  // namespace

TEST_CASE("latencies are what their definitions say, failures are left out") {
  const LatencyRun run = small_run();
  CHECK(latency_values(run, LatencyMetric::ttft) == std::vector<double>{500, 250});
  CHECK(latency_values(run, LatencyMetric::tpot) == std::vector<double>{200});  // needs two tokens
  CHECK(latency_values(run, LatencyMetric::e2e) == std::vector<double>{1500, 250});
  CHECK(latency_values(run, LatencyMetric::gap).size() == 4);
  CHECK(latency_values(run, LatencyMetric::queue) == std::vector<double>{500, 500});
  const LatencyTotals totals = latency_totals(run);
  CHECK(totals.completed == 2);
  CHECK(totals.failed == 1);
  CHECK(totals.requests_per_second == 0.5);
  CHECK(totals.output_tokens_per_second == 7.0 / 4);
  CHECK(totals.tokens_per_second == 27.0 / 4);
}

TEST_CASE("quantiles are numpy's linear ones") {
  // numpy 2.1: numpy.quantile([1, 2, 4, 8, 16], q)
  const std::vector<double> values{1, 2, 4, 8, 16};
  CHECK(quantile(values, 0.5) == 4);
  CHECK(quantile(values, 0.9) == doctest::Approx(12.8));
  CHECK(quantile(values, 0.99) == doctest::Approx(15.68));
  CHECK(quantile(values, 1) == 16);
  CHECK(std::isnan(quantile({}, 0.5)));
  const LatencySummary summary = summarize(std::vector<double>{16, 1, 8, 2, 4});
  CHECK(summary.mean == doctest::Approx(6.2));
  CHECK(summary.mad == 3);
  CHECK(summary.min == 1);
  CHECK(summary.max == 16);
  CHECK(std::isnan(summarize({}).mean));
}

TEST_CASE("goodput counts the requests that keep every promise") {
  const LatencyRun run = small_run();
  const auto good = [&](std::vector<Slo> slos) { return goodput(run, slos).good; };
  CHECK(good({}) == 2);  // the failed one keeps none
  CHECK(good({parse_slo("ttft:250")}) == 1);
  CHECK(good({parse_slo("tpot:100")}) == 1);  // one token has no time per token: kept
  CHECK(good({parse_slo("ttft:500"), parse_slo("e2e:1000")}) == 1);
  CHECK(goodput(run, std::vector<Slo>{}).per_second == 0.5);
  for (const char* wrong : {"ttft", "ttft:", "ttft:x", "ttft:0", "ttft:inf", "gap:1", "p99:1", ""})
    CHECK_ERROR(parse_slo(wrong), ErrorKind::usage, "ttft:100");
}

TEST_CASE("a result reads back as it was written, every digit of it") {
  LatencyRun run = small_run();
  run.requests[0].gaps = {0.1 + 0.2, 1e-9};
  run.requests[1].counted_chunks = true;
  run.before = {{.name = "GPU", .clock_mhz = 1980, .temperature_celsius = std::nan("")}};
  run.after = {{.name = "GPU", .clock_mhz = 1200, .temperature_celsius = 80, .throttled = "heat"}};
  run.notes = {"it was warm"};
  const std::string text = latency_json(run);
  const LatencyRun back = parse_latency(text, "r.json");
  CHECK(back.fingerprint == run.fingerprint);
  CHECK(back.started == run.started);
  CHECK(back.load == run.load);
  CHECK(back.warmups == 3);
  CHECK(back.wall == 4);
  CHECK(back.client_cpu == 0.25);
  REQUIRE(back.requests.size() == 3);
  CHECK(back.requests[0].gaps == run.requests[0].gaps);
  CHECK(back.requests[0].last == 2.5);
  CHECK(back.requests[1].counted_chunks);
  CHECK(back.requests[2].error == "HTTP 503: \"busy\"");
  CHECK(std::isnan(back.before.at(0).temperature_celsius));
  CHECK(back.after.at(0).throttled == "heat");
  CHECK(back.notes == run.notes);
  CHECK(latency_json(back) == text);
  CHECK(text.find("first non-empty text") != std::string::npos);  // the definitions are named
}

TEST_CASE("a file that is no result is refused with what is wrong") {
  const auto refused = [](const std::string& text, const char* why) {
    CHECK_ERROR(parse_latency(text, "r.json"), ErrorKind::corrupt, why);
  };
  refused("", "'r.json' is no JSON");
  refused("[]", "no object");
  refused("{}", "its schema is '' instead of 'mlopsctl.bench.result/1'");
  const std::string head = R"({"schema":"mlopsctl.bench.result/1","warmups":0,"wall":1,)";
  refused(head + R"("requests":[{"due":0}]})", "request 0: 'sent' is no number");
  refused(head + R"("requests":[{"due":0,"sent":2,"first":1,"last":3,"prompt_tokens":1,)"
                 R"("output_tokens":1}]})",
          "do not follow");
  refused(head + R"("requests":[{"due":0,"sent":1,"first":1,"last":3,"prompt_tokens":-1,)"
                 R"("output_tokens":1}]})",
          "'prompt_tokens' is no whole number");
  refused(head + R"("fingerprint":{"a":1},"requests":[]})", "'a' of the fingerprint");
  CHECK_ERROR(read_latency("/nonexistent/r.json"), ErrorKind::not_found, "r.json");
}
