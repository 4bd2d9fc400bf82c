// Webhooks: Flagger's contract, against a server.
#include "mlopsctl/deploy/hooks.hpp"

#include "support/http_server.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <atomic>

namespace mlopsctl {
namespace {

using testing::HttpServer;
using testing::ServedRequest;
using testing::ServedResponse;

DeployPlan plan_with(HookKind kind, const std::string& url) {
  DeployPlan plan;
  plan.app = "chat";
  plan.name_space = "llm";
  Webhook hook;
  hook.kind = kind;
  hook.name = "load-test";
  hook.url = url;
  hook.timeout = Milliseconds{300};
  hook.metadata = {{"cmd", "hey -z 1m http://chat-canary:8000/"}};
  plan.canary.webhooks.push_back(hook);
  return plan;
}

State state_of(Phase phase) {
  State state;
  state.phase = phase;
  state.to.template_hash = "77aa";
  return state;
}

HookResult answer_to(const ServedResponse& response, int retries = 0) {
  HttpServer server([&](const ServedRequest&) { return response; });
  auto client = make_http_client();
  DeployPlan plan = plan_with(HookKind::rollout, server.url("/gate"));
  plan.canary.webhooks[0].retries = retries;
  return call_hooks(*client, plan, HookKind::rollout, state_of(Phase::progressing), {},
                    [](Milliseconds) {})
      .at(0);
}

ServedResponse status(int code, const std::string& body = {}) {
  return {.status = code, .headers = {}, .body = body, .pieces = {}};
}

}  // namespace

TEST_CASE("a webhook gets name, namespace, phase, checksum and metadata") {
  HttpServer server([&](const ServedRequest&) { return status(202); });
  auto client = make_http_client();
  const auto results =
      call_hooks(*client, plan_with(HookKind::rollout, server.url("/")), HookKind::rollout,
                 state_of(Phase::waiting_promotion), {{"eventType", "Normal"}});
  REQUIRE(results.size() == 1);
  CHECK(results[0].yes);
  const auto request = server.requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.headers.at("content-type") == "application/json");
  CHECK(nlohmann::json::parse(request.body) ==
        nlohmann::json{{"name", "chat"},
                       {"namespace", "llm"},
                       {"phase", "WaitingPromotion"},
                       {"checksum", "77aa"},
                       {"metadata",
                        {{"cmd", "hey -z 1m http://chat-canary:8000/"}, {"eventType", "Normal"}}}});
}

TEST_CASE("case 18: only 200, 201 and 202 are yes") {
  for (const int code : {200, 201, 202}) CHECK(answer_to(status(code)).yes);
  for (const int code : {203, 204, 206, 301, 302, 400, 403, 404, 500}) {
    const HookResult result = answer_to(status(code));
    CHECK_FALSE(result.yes);
    CHECK(result.text.find("HTTP " + std::to_string(code)) != std::string::npos);
  }
  CHECK(answer_to(status(204)).text == "HTTP 204 (200, 201 and 202 are yes)");
}

TEST_CASE("case 18: the body of a no is shown, cut and without secrets") {
  const HookResult result = answer_to(
      status(500, "token hf_abcdefghijklmnopqrstuvwxyz012345 " + std::string(1'000'000, 'x')));
  CHECK_FALSE(result.yes);
  CHECK(result.text.size() < 500);
  CHECK(result.text.find("HTTP 500: token ***") == 0);
  CHECK(answer_to(status(200, std::string(3'000'000, 'x'))).yes);
}

TEST_CASE("case 18: a receiver that hangs is a no after the timeout") {
  const HookResult result = answer_to({.status = 200,
                                       .headers = {},
                                       .body = {},
                                       .delay = std::chrono::milliseconds{1500},
                                       .pieces = {}});
  CHECK_FALSE(result.yes);
  CHECK_FALSE(result.text.empty());
}

TEST_CASE("retries are for lost connections and 5xx only") {
  std::atomic<int> calls = 0;
  int first = 503;
  HttpServer server([&](const ServedRequest&) {
    const int call = ++calls;
    ServedResponse response = status(call < 3 ? first : 200);
    response.drop = call == 1 && first == 503;  // of a fresh connection: curl repeats on others
    return response;
  });
  auto client = make_http_client();
  DeployPlan plan = plan_with(HookKind::pre_rollout, server.url("/"));
  plan.canary.webhooks[0].retries = 2;
  std::vector<Milliseconds> waits;
  const auto call = [&] {
    return call_hooks(*client, plan, HookKind::pre_rollout, state_of(Phase::progressing), {},
                      [&](Milliseconds time) { waits.push_back(time); })
        .at(0);
  };
  CHECK(call().yes);
  CHECK(calls == 3);
  CHECK(waits == std::vector<Milliseconds>{Milliseconds{1000}, Milliseconds{1000}});
  calls = 0;
  first = 403;
  CHECK_FALSE(call().yes);
  CHECK(calls == 1);
}

TEST_CASE("hooks of a kind are called up to the one that decides") {
  HttpServer server(
      [&](const ServedRequest& request) { return status(request.target == "/no" ? 403 : 200); });
  auto client = make_http_client();
  const auto calls = [&](HookKind kind) {
    DeployPlan plan = plan_with(kind, server.url("/no"));
    plan.canary.webhooks.push_back(plan.canary.webhooks[0]);
    plan.canary.webhooks[1].url = server.url("/yes");
    plan.canary.webhooks.push_back(plan.canary.webhooks[1]);
    plan.canary.webhooks.push_back(plan.canary.webhooks[1]);
    plan.canary.webhooks[3].kind =
        kind == HookKind::event ? HookKind::rollout : HookKind::event;  // of another kind
    return call_hooks(*client, plan, kind, state_of(Phase::progressing)).size();
  };
  CHECK(calls(HookKind::confirm_promotion) == 1);  // the first no
  CHECK(calls(HookKind::rollback) == 2);           // the first yes
  CHECK(calls(HookKind::event) == 3);
  CHECK(calls(HookKind::post_rollout) == 3);
}

TEST_CASE("phases have Flagger's names in the body") {
  State state = state_of(Phase::starting);
  CHECK(flagger_phase(state) == "Progressing");
  state.phase = Phase::done;
  state.outcome = ReleaseOutcome::succeeded;
  CHECK(flagger_phase(state) == "Succeeded");
  state.outcome = ReleaseOutcome::aborted;
  CHECK(flagger_phase(state) == "Failed");
}

}  // namespace mlopsctl
