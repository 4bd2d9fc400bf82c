// Gates: what Prometheus answers and what it means, against a server.
#include "mlopsctl/deploy/analysis.hpp"

#include "mlopsctl/drift/statistics.hpp"

#include "deploy/canary/compare_stable.hpp"
#include "support/expect_error.hpp"
#include "support/http_server.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <deque>

namespace mlopsctl {
namespace {

using testing::HttpServer;
using testing::ServedRequest;
using testing::ServedResponse;

std::string vector_of(const std::vector<std::string>& values) {
  nlohmann::json result = nlohmann::json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    result.push_back({{"metric", {{"pod", fmt::format("p{}", i)}}}, {"value", {1.5, values[i]}}});
  }
  return nlohmann::json{{"status", "success"},
                        {"data", {{"resultType", "vector"}, {"result", result}}}}
      .dump();
}

// Answers every query alike; `query` is what came, decoded.
struct Scripted {
  int status = 200;
  std::string body;
  std::string query, authorization;
  HttpServer server{[this](const ServedRequest& request) {
    const auto at = request.target.find("query=");
    query = percent_decode(request.target.substr(at + 6));
    const auto header = request.headers.find("authorization");
    authorization = header == request.headers.end() ? "" : header->second;
    return ServedResponse{.status = status, .headers = {}, .body = body, .pieces = {}};
  }};
  std::unique_ptr<MetricSource> source() {
    return prometheus_source(make_http_client(), server.url("/prometheus/"));
  }
};

QueryAnswer answer_to(const std::string& body, int status = 200) {
  Scripted prometheus;
  prometheus.status = status;
  prometheus.body = body;
  return prometheus.source()->ask("up");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A source whose answers are given in order.
class Given : public MetricSource {
 public:
  explicit Given(std::deque<QueryAnswer> answers) : answers_(std::move(answers)) {}
  QueryAnswer ask(const std::string& query) override {
    queries.push_back(query);
    REQUIRE_FALSE(answers_.empty());
    QueryAnswer next = answers_.front();
    answers_.pop_front();
    next.query = query;
    return next;
  }
  std::vector<std::pair<std::string, double>> series(const std::string& query) override {
    queries.push_back(query);
    return has(query, "chat-canary") ? canary : stable;
  }
  std::vector<std::string> queries;
  std::vector<std::pair<std::string, double>> stable, canary;

 private:
  std::deque<QueryAnswer> answers_;
};

QueryAnswer value(double number) { return {.value = number, .text = {}, .query = {}}; }
QueryAnswer problem(QueryProblem kind) {
  return {.value = {}, .problem = kind, .text = "why", .query = {}};
}

AnalysisSubject subject_of(RouterKind router) {
  return {.name_space = "llm",
          .target = "chat-canary",
          .stable_target = "chat",
          .service = "chat",
          .ingress = "chat",
          .route = "chat",
          .pods = {"chat-canary-77-a", "chat-canary-77-b"},
          .stable_pods = {"chat-11-x"},
          .router = router};
}

MetricGate gate_named(const std::string& name, ThresholdRange range,
                      NoData no_data = NoData::fail) {
  MetricGate gate;
  gate.name = name;
  gate.range = range;
  gate.no_data = no_data;
  return gate;
}

GateResult judged(const MetricGate& gate, const QueryAnswer& answer) {
  Given source({answer});
  CanaryPlan plan;
  plan.metrics = {gate};
  return judge_canary(source, plan, subject_of(RouterKind::replicas)).at(0);
}

}  // namespace

TEST_CASE("case 3: each way of not answering has a text of its own") {
  CHECK(answer_to(vector_of({"99.5"})).value == 99.5);
  CHECK(std::isinf(answer_to(vector_of({"+Inf"})).value.value_or(0)));
  const auto empty = answer_to(vector_of({}));
  CHECK(empty.problem == QueryProblem::no_data);
  CHECK(has(empty.text, "no values found"));
  const auto nan = answer_to(vector_of({"NaN"}));
  CHECK(nan.problem == QueryProblem::not_a_number);
  CHECK(has(nan.text, "NaN"));
  const auto several = answer_to(vector_of({"1", "2", "3"}));
  CHECK(several.problem == QueryProblem::several_series);
  CHECK(has(several.text, "3 series"));
  CHECK(has(several.text, "p0"));
  const auto bad =
      answer_to(R"({"status":"error","errorType":"bad_data","error":"parse error"})", 400);
  CHECK(bad.problem == QueryProblem::refused);
  CHECK(bad.text == "Prometheus refused the query (HTTP 400, bad_data): parse error");
  const auto proxy = answer_to("<html>Bad Gateway</html>", 502);
  CHECK(proxy.problem == QueryProblem::refused);
  CHECK(has(proxy.text, "HTTP 502"));
  const auto other = answer_to("<html>Grafana</html>");
  CHECK(has(other.text, "is not Prometheus"));
  const auto scalar =
      answer_to(R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})");
  CHECK(scalar.problem == QueryProblem::refused);
  CHECK(has(scalar.text, "scalar"));
  auto nobody = prometheus_source(make_http_client(), "http://user:secret@127.0.0.1:9/");
  const auto away = nobody->ask("up");
  CHECK(away.problem == QueryProblem::unreachable);
  CHECK(has(away.text, "does not answer"));
  CHECK_FALSE(has(away.text, "secret"));
}

TEST_CASE("Prometheus is asked with the credentials of the environment") {
  Scripted prometheus;
  prometheus.body = vector_of({"1"});
  CHECK(prometheus.source()->ask("sum(rate(x[1m])) > 0").value == 1);
  CHECK(prometheus.query == "sum(rate(x[1m])) > 0");
  CHECK(prometheus.authorization.empty());
  CHECK(prometheus.server.requests().back().target.starts_with("/prometheus/api/v1/query?"));
  ::setenv("MLOPSCTL_PROMETHEUS_USER", "ann", 1);
  ::setenv("MLOPSCTL_PROMETHEUS_PASSWORD", "pw", 1);
  prometheus.source()->ask("up");
  CHECK(prometheus.authorization == "Basic YW5uOnB3");
  ::setenv("MLOPSCTL_PROMETHEUS_TOKEN", "t0", 1);
  prometheus.source()->ask("up");
  CHECK(prometheus.authorization == "Bearer t0");
  for (const char* name : {"TOKEN", "USER", "PASSWORD"}) {
    ::unsetenv(fmt::format("MLOPSCTL_PROMETHEUS_{}", name).c_str());
  }
}

TEST_CASE("case 4: exactly 99.00 % and exactly 500 ms pass") {
  const MetricGate success = gate_named("request-success-rate", {.min = 99, .max = {}});
  CHECK(judged(success, value(99)).verdict == GateVerdict::pass);
  CHECK(judged(success, value(99.00000000000001)).verdict == GateVerdict::pass);
  CHECK(judged(success, value(98.99999999999999)).verdict ==
        GateVerdict::pass);  // 100 * (99 / 100)
  const GateResult low = judged(success, value(98.7));
  CHECK(low.verdict == GateVerdict::fail);
  CHECK(low.text == "request-success-rate 98.7 % < 99 %");
  CHECK(judged(success, value(98.9999999)).text == "request-success-rate 98.9999999 % < 99 %");
  const MetricGate duration = gate_named("request-duration", {.min = {}, .max = 500});
  CHECK(judged(duration, value(500)).verdict == GateVerdict::pass);
  CHECK(judged(duration, value(500.9)).verdict == GateVerdict::pass);  // cut to whole milliseconds
  CHECK(judged(duration, value(501)).verdict == GateVerdict::fail);
  MetricGate own = gate_named("tokens", {.min = 1, .max = 2});
  own.query = "x";
  CHECK(judged(own, value(2.5)).text == "tokens 2.5 > 2");
  CHECK(judged(own, value(std::numeric_limits<double>::infinity())).verdict == GateVerdict::fail);
}

TEST_CASE("no data is what the gate says, no answer is never a pass") {
  const auto verdict = [](NoData policy, QueryProblem kind) {
    return judged(gate_named("request-duration", {.min = {}, .max = 500}, policy), problem(kind))
        .verdict;
  };
  for (const auto kind : {QueryProblem::no_data, QueryProblem::not_a_number}) {
    CHECK(verdict(NoData::fail, kind) == GateVerdict::fail);
    CHECK(verdict(NoData::hold, kind) == GateVerdict::hold);
    CHECK(verdict(NoData::pass, kind) == GateVerdict::pass);
  }
  CHECK(verdict(NoData::pass, QueryProblem::unreachable) == GateVerdict::fail);
  CHECK(verdict(NoData::hold, QueryProblem::unreachable) == GateVerdict::hold);
  for (const auto policy : {NoData::fail, NoData::hold, NoData::pass}) {
    CHECK(verdict(policy, QueryProblem::several_series) == GateVerdict::fail);
    CHECK(verdict(policy, QueryProblem::refused) == GateVerdict::fail);
  }
}

TEST_CASE("fewer requests than the minimum are no data") {
  MetricGate gate = gate_named("request-success-rate", {.min = 99, .max = {}}, NoData::hold);
  gate.minimum_requests = 50;
  CanaryPlan plan;
  plan.metrics = {gate};
  Given few({value(49)});
  const auto held = judge_canary(few, plan, subject_of(RouterKind::replicas));
  CHECK(held.at(0).verdict == GateVerdict::hold);
  CHECK(has(held.at(0).text, "49 requests within 1m, 50 are needed"));
  Given enough({value(50), value(98)});
  CHECK(judge_canary(enough, plan, subject_of(RouterKind::replicas)).at(0).verdict ==
        GateVerdict::fail);
}

TEST_CASE("gates are asked in order up to the first that fails") {
  CanaryPlan plan;
  plan.metrics = {gate_named("request-success-rate", {.min = 99, .max = {}}, NoData::hold),
                  gate_named("request-duration", {.min = {}, .max = 500}),
                  gate_named("request-success-rate", {.min = 99, .max = {}})};
  Given source({problem(QueryProblem::no_data), value(900)});
  const auto results = judge_canary(source, plan, subject_of(RouterKind::replicas));
  REQUIRE(results.size() == 2);  // what holds does not hide what fails
  CHECK(results[1].verdict == GateVerdict::fail);
}

TEST_CASE("built-in queries count exact pods, Istio's and nginx' series") {
  const MetricGate success = gate_named("request-success-rate", {});
  const MetricGate duration = gate_named("request-duration", {});
  const auto plain = gate_query(success, subject_of(RouterKind::gateway_api));
  CHECK(
      plain ==
      R"(100 * (sum(rate(http_request_duration_seconds_count{kubernetes_namespace="llm",kubernetes_pod_name=~"chat-canary-77-a|chat-canary-77-b",status!~"5.*"}[1m]) or rate(http_request_duration_seconds_count{namespace="llm",pod=~"chat-canary-77-a|chat-canary-77-b",status!~"5.*"}[1m])) or on() vector(0)) / sum(rate(http_request_duration_seconds_count{kubernetes_namespace="llm",kubernetes_pod_name=~"chat-canary-77-a|chat-canary-77-b"}[1m]) or rate(http_request_duration_seconds_count{namespace="llm",pod=~"chat-canary-77-a|chat-canary-77-b"}[1m])))");
  CHECK(gate_query(duration, subject_of(RouterKind::replicas))
            .starts_with("1000 * histogram_quantile(0.99, sum by (le) (rate("));
  CHECK(
      gate_query(success, subject_of(RouterKind::istio)) ==
      R"(100 * (sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="llm",destination_workload="chat-canary",response_code!~"5.*"}[1m])) or on() vector(0)) / sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="llm",destination_workload="chat-canary"}[1m])))");
  CHECK(gate_query(duration, subject_of(RouterKind::istio)).starts_with("1 * histogram_quantile"));
  CHECK(
      gate_query(success, subject_of(RouterKind::nginx)) ==
      R"(100 * (sum(rate(nginx_ingress_controller_requests{namespace="llm",ingress="chat",canary!="",status!~"5.*"}[1m])) or on() vector(0)) / sum(rate(nginx_ingress_controller_requests{namespace="llm",ingress="chat",canary!=""}[1m])))");
  CHECK(has(gate_query(duration, subject_of(RouterKind::nginx)), "response_duration_seconds_sum"));
}

TEST_CASE("queries of the user's own are templates") {
  MetricGate gate = gate_named("mine", {});
  gate.interval = Milliseconds{90'000};
  gate.variables = {{"path", "/v1"}};
  gate.query =
      R"(sum(rate(x{ns="{{ namespace }}",w=~"{{target}}-.*",s="{{ service }}",i="{{ ingress }}",r="{{ route }}",p="{{ variables.path }}"}[{{ interval }}])))";
  CHECK(gate_query(gate, subject_of(RouterKind::istio)) ==
        R"(sum(rate(x{ns="llm",w=~"chat-canary-.*",s="chat",i="chat",r="chat",p="/v1"}[90s])))");
  gate.query = "x{{ nmespace }}";
  CHECK_ERROR(gate_query(gate, subject_of(RouterKind::istio)), ErrorKind::config, "namespace");
  gate.query = "x{{ variables.other }}";
  CHECK_ERROR(gate_query(gate, subject_of(RouterKind::istio)), ErrorKind::config,
              "variables.other");
  gate.query = "x{{ namespace";
  CHECK_ERROR(gate_query(gate, subject_of(RouterKind::istio)), ErrorKind::config, "without }}");
  gate.query.clear();
  CHECK_ERROR(gate_query(gate, subject_of(RouterKind::istio)), ErrorKind::config, "no built-in");
}

TEST_CASE("the comparison with the stable version waits for enough requests, then tests") {
  CanaryPlan plan;
  plan.compare_to_stable = ComparisonGate{};
  plan.compare_to_stable->latency = false;
  const auto compare = [&](double canary, double stable, double canary_failed,
                           double stable_failed) {
    Given source({value(canary), value(stable), value(canary_failed), value(stable_failed)});
    return judge_canary(source, plan, subject_of(RouterKind::istio)).at(0);
  };
  CHECK(compare(99, 5000, 50, 0).verdict == GateVerdict::hold);
  CHECK(compare(5000, 99, 50, 0).verdict == GateVerdict::hold);
  CHECK(compare(1000, 9000, 30, 90).verdict == GateVerdict::fail);  // 3 % against 1 %
  CHECK(compare(1000, 9000, 12, 90).verdict == GateVerdict::pass);  // 1.2 % against 1 %: chance
  CHECK(compare(1000, 9000, 0, 900).verdict == GateVerdict::pass);  // better
  CHECK(has(compare(1000, 9000, 30, 90).text, "3.00 % of 1000 requests failed"));
}

TEST_CASE("the comparison of latencies takes the classes of both histograms") {
  CanaryPlan plan;
  plan.compare_to_stable = ComparisonGate{};
  plan.compare_to_stable->success_rate = false;
  const auto histogram = [](const std::vector<double>& cumulative) {
    const std::vector<std::string> bounds{"0.1", "0.5", "1", "+Inf"};
    std::vector<std::pair<std::string, double>> series;
    for (std::size_t i = cumulative.size(); i > 0; --i) {  // in no order
      series.emplace_back(fmt::format(R"({{"le":"{}"}})", bounds[i - 1]), cumulative[i - 1]);
    }
    return series;
  };
  const auto compare = [&](const std::vector<double>& canary) {
    Given source({value(1000), value(1000), value(0), value(0)});
    source.stable = histogram({500, 900, 990, 1000});
    source.canary = histogram(canary);
    return judge_canary(source, plan, subject_of(RouterKind::istio)).at(0);
  };
  CHECK(compare({500, 900, 990, 1000}).verdict == GateVerdict::pass);
  CHECK(compare({300, 700, 900, 1000}).verdict == GateVerdict::fail);
  CHECK(compare({450, 880, 985, 1000}).verdict == GateVerdict::pass);   // significant, but small
  CHECK(compare({700, 950, 1000, 1000}).verdict == GateVerdict::pass);  // faster
  CHECK(compare({30, 70, 80, 90}).verdict == GateVerdict::hold);
}

TEST_CASE("Mann-Whitney of counts is that of the values") {
  const std::vector<std::uint64_t> a{3, 0, 4, 1};
  const std::vector<std::uint64_t> b{1, 2, 5, 4};
  const auto expanded = [](const std::vector<std::uint64_t>& counts) {
    std::vector<double> values;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      values.insert(values.end(), counts[i], static_cast<double>(i));
    }
    return values;
  };
  for (const auto alternative : {drift::Alternative::less, drift::Alternative::two_sided}) {
    const auto counts = drift::mann_whitney_counts(a, b, alternative);
    const auto values = drift::mann_whitney(expanded(a), expanded(b), alternative);
    CHECK(counts.statistic == values.statistic);
    CHECK(counts.p == values.p);
  }
}

}  // namespace mlopsctl
