// HTTP checks of a server: status, JSON fields, time, an OpenAI completion.
#pragma once

#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/http.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

struct SmokeResult {
  std::string name, url;
  bool passed = false;
  int status = 0;
  Milliseconds took{0};
  std::string text;  // what was wrong, with the beginning of the answer
};
// base: "http://127.0.0.1:8000". Stops at nothing: all checks are done.
std::vector<SmokeResult> run_smoke(HttpClient& client, const std::string& base,
                                   const std::vector<SmokeCheck>& checks);

// How pods are reached that no public address leads to: `kubectl port-forward` to a pod, on a free
// loopback port.
class PodDoor {
 public:
  virtual ~PodDoor() = default;
  virtual std::string url() const = 0;
};
class PodAccess {
 public:
  virtual ~PodAccess() = default;
  virtual std::unique_ptr<PodDoor> open(const std::string& pod, int port) = 0;
};

}  // namespace mlopsctl
