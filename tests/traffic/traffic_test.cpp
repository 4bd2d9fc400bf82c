// The traffic simulator itself: that it finds failures where there are some, and none where not.
#include "support/cluster/images.hpp"
#include "support/traffic/behaviour.hpp"
#include "support/traffic/counts.hpp"
#include "support/traffic/view.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl::testing;
using Json = nlohmann::json;

namespace {

Json pod(const std::string& name, const std::string& image, bool ready = true) {
  return {
      {"metadata", {{"name", name}, {"ownerReferences", {{{"name", "chat-5d9"}}}}}},
      {"spec",
       {{"containers",
         {{{"image", image}, {"lifecycle", {{"preStop", {{"sleep", {{"seconds", 2}}}}}}}}}}}},
      {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}};
}

Json list(std::vector<Json> items) { return {{"items", std::move(items)}}; }

Json slice(const std::string& service, const std::vector<std::string>& ready,
           const std::vector<std::string>& terminating = {}) {
  Json endpoints = Json::array();
  for (const auto& name : ready)
    endpoints.push_back({{"conditions", {{"ready", true}}}, {"targetRef", {{"name", name}}}});
  for (const auto& name : terminating)
    endpoints.push_back({{"conditions", {{"ready", false}, {"terminating", true}}},
                         {"targetRef", {{"name", name}}}});
  return {{"metadata", {{"labels", {{"kubernetes.io/service-name", service}}}}},
          {"endpoints", endpoints}};
}

// How many of 1000 requests failed, and of the last failure why.
std::pair<int, std::string> failures(const Routes& routes,
                                     const std::map<std::string, SimPod>& pods,
                                     std::int64_t now_ms = 0) {
  Randomness random{7};
  std::pair<int, std::string> result;
  for (int i = 0; i < 1000; ++i)
    if (const Answer answer = send_request(routes, pods, now_ms, random); answer.failed()) {
      ++result.first;
      result.second = answer.reason;
    }
  return result;
}

Routes to(const std::string& service, const Json& slices) {
  return {{{service, 1}}, read_endpoints(slices)};
}

}  // namespace

TEST_CASE("Requests to ready endpoints are served") {
  const auto pods = read_pods(list({pod("a", "chat:1"), pod("b", "chat:1")}));
  const Routes routes = to("chat", list({slice("chat", {"a", "b"})}));
  CHECK(failures(routes, pods).first == 0);
}

TEST_CASE("A request to a pod that is gone, not ready or has stopped fails") {
  const Routes routes = to("chat", list({slice("chat", {"a"})}));
  CHECK(failures(routes, {}) == std::pair(1000, std::string("pod is gone")));
  CHECK(failures(routes, read_pods(list({pod("a", "chat:1", false)}))) ==
        std::pair(1000, std::string("pod is not ready")));

  Json stopping = pod("a", "chat:1");
  stopping["metadata"]["deletionTimestamp"] = "1970-01-01T00:00:40Z";  // asked for at 10 s
  stopping["metadata"]["deletionGracePeriodSeconds"] = 30;
  const auto pods = read_pods(list({stopping}));
  CHECK(failures(routes, pods, 11'900).first == 0);  // its hook sleeps two seconds
  CHECK(failures(routes, pods, 12'000) == std::pair(1000, std::string("pod has stopped")));
}

TEST_CASE("A Service without endpoints, and endpoints that are terminating, serve nothing") {
  const auto pods = read_pods(list({pod("a", "chat:1")}));
  CHECK(failures(to("chat", list({slice("chat", {}, {"a"})})), pods) ==
        std::pair(1000, std::string("no endpoints of Service chat")));
  CHECK(failures(to("chat", list({})), pods).first == 1000);
}

TEST_CASE("Weights of HTTPRoutes, VirtualServices and nginx Ingresses share the traffic") {
  const auto pods = read_pods(list({pod("old", "chat:1"), pod("new", "chat:2-errors100")}));
  const auto endpoints =
      read_endpoints(list({slice("chat-stable", {"old"}), slice("chat-canary", {"new"})}));
  const auto share = [&](const std::vector<Backend>& backends) {
    return failures({backends, endpoints}, pods).first;
  };

  const Json route = Json::parse(R"({"spec": {"rules": [{"backendRefs": [
    {"name": "chat-stable", "weight": 80}, {"name": "chat-canary", "weight": 20}]}]}})");
  CHECK(share(read_backends(parse_entry("httproute/chat"), route)) ==
        doctest::Approx(200).epsilon(0.2));

  const Json istio = Json::parse(R"({"spec": {"http": [{"route": [
    {"destination": {"host": "chat-stable.ns.svc.cluster.local"}, "weight": 60},
    {"destination": {"host": "chat-canary"}, "weight": 40}]}]}})");
  CHECK(share(read_backends(parse_entry("virtualservice/chat"), istio)) ==
        doctest::Approx(400).epsilon(0.2));

  Json nginx = Json::parse(R"({"items": [
    {"metadata": {"name": "chat"}, "spec": {"rules": [{"host": "chat.example", "http": {"paths": [
      {"backend": {"service": {"name": "chat-stable"}}}]}}]}},
    {"metadata": {"name": "chat-canary", "annotations": {
       "nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "10"}},
     "spec": {"rules": [{"host": "chat.example", "http": {"paths": [
      {"backend": {"service": {"name": "chat-canary"}}}]}}]}}]})");
  CHECK(share(read_backends(parse_entry("ingress/chat"), nginx)) ==
        doctest::Approx(100).epsilon(0.3));
  nginx["items"].erase(0);
  CHECK(share(read_backends(parse_entry("ingress/chat"), nginx)) == 1000);
}

TEST_CASE("Images are named for how they answer, in their name or tag, pinned or not") {
  CHECK(server_behaviour("r/chat:1").failing == 0);
  CHECK(server_behaviour("r/chat-errors@sha256:00").failing == doctest::Approx(0.3));
  CHECK(server_behaviour("r/chat:2-errors5").failing == doctest::Approx(0.05));
  CHECK(server_behaviour(pinned("r/chat:2-errors5")).failing == doctest::Approx(0.05));
  CHECK(server_behaviour("r/chat:2-laggy").latency.count() == 900);
  CHECK(server_behaviour("r/chat-laggy700:3").latency.count() == 700);
}

TEST_CASE("Counts tell of each image and pod, and Prometheus of the pods that exist") {
  const auto pods =
      read_pods(list({pod("chat-5d9-a", "chat:1"), pod("chat-5d9-b", "chat:2-errors100")}));
  const Routes routes = to("chat", list({slice("chat", {"chat-5d9-a", "chat-5d9-b"})}));
  Counts counts;
  Randomness random{3};
  for (int i = 0; i < 1000; ++i) counts.add(send_request(routes, pods, 0, random), 0);

  const Json report = counts.report();
  CHECK(report["sent"] == 1000);
  CHECK(report["by_image"]["chat:1"]["failed"] == 0);
  CHECK(report["by_image"]["chat:2-errors100"]["served"] == 0);
  CHECK(report["reasons"]["answered 500"] == report["failed"]);
  CHECK(report["first"].size() == 20);

  const std::string both =
      metrics_text({{"ns", parse_entry("virtualservice/chat"), &counts, &pods}});
  CHECK(both.find("http_request_duration_seconds_count{kubernetes_namespace=\"ns\",kubernetes_pod_"
                  "name=\"chat-5d9-b\",status=\"500\"} " +
                  report["failed"].dump() + "\n") != std::string::npos);
  CHECK(both.find("istio_requests_total{reporter=\"destination\",destination_workload_namespace="
                  "\"ns\",destination_workload=\"chat\"") != std::string::npos);
  const std::map<std::string, SimPod> left{*pods.begin()};
  const std::string one = metrics_text({{"ns", parse_entry("service/chat"), &counts, &left}});
  CHECK(one.find("chat-5d9-b") == std::string::npos);
  CHECK(one.find("istio") == one.find("istio_requests_total counter"));
}
