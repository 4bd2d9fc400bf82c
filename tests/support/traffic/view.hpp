// What a data plane knows of a namespace: which pods an entry leads to, with which weights, and how
// those pods really are. Pure: from the documents of the API server.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

enum class EntryKind { service, httproute, virtualservice, ingress };

// Where users come in: "service/chat", "httproute/chat", "virtualservice/chat", "ingress/chat".
struct Entry {
  EntryKind kind = EntryKind::service;
  std::string name;
};
Entry parse_entry(std::string_view text);  // throws std::invalid_argument

struct SimPod {
  std::string name, image, workload;  // the Deployment's name
  bool ready = false;
  std::int64_t deleted_ms = 0;    // when its deletion was asked for; 0: it was not
  std::int64_t pre_stop_ms = 0;   // serves so long after that: its preStop hook sleeps
  std::int64_t grace_ms = 30000;  // killed after that, whatever the hook
};
std::map<std::string, SimPod> read_pods(const nlohmann::json& pod_list);

struct Backend {
  std::string service;
  int weight = 1;
  bool canary = false;  // of an nginx canary Ingress
};
// The backends of an entry with their weights. `objects`: the entry's object; of an Ingress the
// list of all Ingresses. Null or an empty list: none.
std::vector<Backend> read_backends(const Entry& entry, const nlohmann::json& objects);

// Service → pods that take traffic: ready and not terminating in its EndpointSlices.
std::map<std::string, std::vector<std::string>> read_endpoints(const nlohmann::json& slice_list);

struct Routes {
  std::vector<Backend> backends;
  std::map<std::string, std::vector<std::string>> endpoints;
};

struct Answer {
  std::string pod, image, workload;  // empty when no pod was reached
  std::string reason;                // of a failure: "no endpoints", "pod is gone", …
  int status = 200;
  double seconds = 0;
  bool canary = false;
  bool failed() const { return status >= 500 || status == 0; }
};
// One request at `now_ms` along the routes that the data plane knows, to the pods as they are.
// random(): 0 ≤ x < 1.
struct Randomness {
  std::uint64_t state;
  double next();
};
Answer send_request(const Routes& routes, const std::map<std::string, SimPod>& pods,
                    std::int64_t now_ms, Randomness& random);

}  // namespace mlopsctl::testing
