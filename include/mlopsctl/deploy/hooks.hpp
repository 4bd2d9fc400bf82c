// Webhooks as Flagger sends them: POST {name, namespace, phase, checksum, metadata}. 200, 201 and
// 202 are yes; everything else is no (204 too, as with Flagger).
#pragma once

#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/platform/http.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

struct HookResult {
  std::string name;
  bool yes = false;
  std::string text;  // of a no: status and the beginning of the body, secrets masked
};
// All hooks of a kind, in order, up to the first no.
std::vector<HookResult> call_hooks(HttpClient& client, const DeployPlan& plan, HookKind kind,
                                   const State& state,
                                   const std::map<std::string, std::string>& more_metadata = {});

}  // namespace mlopsctl
