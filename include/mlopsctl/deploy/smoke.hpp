// HTTP checks of a server: status, JSON fields, time, an OpenAI completion.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/http.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl {

struct SmokeResult {
  std::string name, url;
  bool passed = false;
  int status = 0;        // 0: there was no answer
  Milliseconds took{0};  // from the request to the last byte, of the last attempt
  int attempts = 0;
  std::string text;  // what was wrong, with the beginning of the answer; else what was seen
};
// base: "http://127.0.0.1:8000", a path behind it is kept. Stops at nothing: all checks are done.
// A check that fails is repeated after a second, `attempts` times in all; `wait` does the waiting
// (unset: interruptible_wait) and may throw to end everything.
//
// completion_model: a POST of `body`, or a short prompt, to `path`: a chat if the path ends so
// (/v1/chat/completions), else a completion (/v1/completions is the default path then); "auto"
// takes the first model that the server lists. Some text has to come back.
std::vector<SmokeResult> run_smoke(HttpClient& client, const std::string& base,
                                   const std::vector<SmokeCheck>& checks, const Wait& wait = {});

bool all_passed(const std::vector<SmokeResult>& results);
// "2 of 3 checks failed: health (status 503 …); chat (…)"
std::string describe_failures(const std::vector<SmokeResult>& results);

// How pods are reached that no public address leads to: `kubectl port-forward` to a pod, on a free
// loopback port.
class PodDoor {
 public:
  virtual ~PodDoor() = default;
  virtual std::string url() const = 0;  // "http://127.0.0.1:41234"
};
class PodAccess {
 public:
  virtual ~PodAccess() = default;
  // The door is closed when it is destroyed. Throws Error{unavailable} with kubectl's reason.
  virtual std::unique_ptr<PodDoor> open(const std::string& pod, int port) = 0;
};
// name_space of the options must be set unless kubectl's own choice is right.
std::unique_ptr<PodAccess> kubectl_pods(const KubectlOptions& options);

}  // namespace mlopsctl
