// Webhooks as Flagger sends them: POST {name, namespace, phase, checksum, metadata}. 200, 201 and
// 202 are yes; everything else is no (204 and redirects too, as with Flagger).
#pragma once

#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/platform/http.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlopsctl {

struct HookResult {
  std::string name;
  bool yes = false;
  std::string text;  // of a no: status and the beginning of the body, secrets masked
};

// All hooks of a kind, in order, up to the first that decides: a no; of `rollback` a yes; `event`
// and `post_rollout` decide nothing, so all of them are called. No answer and 5xx are tried
// `retries` times more, a second apart (`wait` sleeps; unset: interruptible_wait); before_each is
// called before every try. name and
// namespace are the plan's app and name_space. Never throws for what a receiver does.
std::vector<HookResult> call_hooks(HttpClient& client, const DeployPlan& plan, HookKind kind,
                                   const State& state,
                                   const std::map<std::string, std::string>& more_metadata = {},
                                   const Wait& wait = {},
                                   const std::function<void()>& before_each = {});

// Whether the plan has hooks of a kind.
bool has_hooks(const DeployPlan& plan, HookKind kind);
// As in manifests: "confirm-rollout".
std::string_view to_string(HookKind kind);
// Flagger's word for a phase in the body: "Progressing", "Succeeded", …
std::string_view flagger_phase(const State& state);

}  // namespace mlopsctl
