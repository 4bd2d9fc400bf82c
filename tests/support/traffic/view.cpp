#include "support/traffic/view.hpp"

#include "mlopsctl/base/time.hpp"

#include "support/traffic/behaviour.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <stdexcept>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;

const Json& items(const Json& list) {
  static const Json none = Json::array();
  const auto found = list.find("items");
  return found == list.end() || !found->is_array() ? none : *found;
}

std::string text_at(const Json& object, const char* pointer) {
  const Pointer at(pointer);
  return object.contains(at) && object[at].is_string() ? object[at].get<std::string>() : "";
}

std::int64_t number_at(const Json& object, const char* pointer, std::int64_t otherwise) {
  const Pointer at(pointer);
  return object.contains(at) && object[at].is_number() ? object[at].get<std::int64_t>() : otherwise;
}

// Of {"sleep": {"seconds": 5}} and {"exec": {"command": ["sh", "-c", "sleep 5"]}}.
std::int64_t pre_stop_ms(const Json& container) {
  if (const auto seconds = number_at(container, "/lifecycle/preStop/sleep/seconds", 0); seconds > 0)
    return seconds * 1000;
  const Pointer at("/lifecycle/preStop/exec/command");
  if (!container.contains(at)) return 0;
  std::string command;
  for (const auto& word : container[at]) command += " " + word.get<std::string>();
  const auto sleep = command.find("sleep ");
  if (sleep == std::string::npos) return 0;
  double seconds = 0;
  std::from_chars(command.data() + sleep + 6, command.data() + command.size(), seconds);
  return static_cast<std::int64_t>(seconds * 1000);
}

bool is_ready(const Json& pod) {
  const Pointer at("/status/conditions");
  if (!pod.contains(at)) return false;
  return std::ranges::any_of(pod[at], [](const Json& condition) {
    return condition.value("type", "") == "Ready" && condition.value("status", "") == "True";
  });
}

// "chat-6f8d9c-x2x4z" of ReplicaSet "chat-6f8d9c" of Deployment "chat".
std::string workload_of(const Json& pod) {
  const std::string owner = text_at(pod, "/metadata/ownerReferences/0/name");
  return owner.substr(0, owner.rfind('-'));
}

std::vector<Backend> of_route(const Json& route) {
  std::vector<Backend> backends;
  const Pointer at("/spec/rules/0/backendRefs");
  if (route.contains(at))
    for (const auto& one : route[at])
      backends.push_back({one.value("name", ""), one.value("weight", 1)});
  return backends;
}

std::vector<Backend> of_virtual_service(const Json& virtual_service) {
  std::vector<Backend> backends;
  const Pointer at("/spec/http/0/route");
  if (!virtual_service.contains(at)) return backends;
  const bool only_one = virtual_service[at].size() == 1;
  for (const auto& one : virtual_service[at]) {
    const std::string host = text_at(one, "/destination/host");
    backends.push_back({host.substr(0, host.find('.')), one.value("weight", only_one ? 100 : 0)});
  }
  return backends;
}

std::vector<Backend> of_ingresses(const std::string& name, const Json& ingresses) {
  static const char* const service = "/spec/rules/0/http/paths/0/backend/service/name";
  static const char* const host = "/spec/rules/0/host";
  const std::string prefix = "nginx.ingress.kubernetes.io/";
  std::vector<Backend> backends;
  std::string main_host;
  for (const auto& one : items(ingresses))
    if (text_at(one, "/metadata/name") == name) {
      backends.push_back({text_at(one, service), 100});
      main_host = text_at(one, host);
    }
  if (backends.empty()) return backends;  // a canary without a main Ingress serves nothing
  for (const auto& one : items(ingresses)) {
    const Json annotations = one.value("/metadata/annotations"_json_pointer, Json::object());
    if (annotations.value(prefix + "canary", "") != "true" || text_at(one, host) != main_host)
      continue;
    int weight = 0;
    const std::string text = annotations.value(prefix + "canary-weight", "0");
    std::from_chars(text.data(), text.data() + text.size(), weight);
    backends.push_back({text_at(one, service), weight, true});
    backends.front().weight = 100 - weight;
  }
  return backends;
}

const Backend* choose(const std::vector<Backend>& backends, Randomness& random) {
  const int total = std::accumulate(backends.begin(), backends.end(), 0,
                                    [](int sum, const Backend& b) { return sum + b.weight; });
  double left = random.next() * total;
  for (const auto& backend : backends) {
    left -= backend.weight;
    if (left < 0) return &backend;
  }
  return nullptr;
}

// What keeps a pod from answering at all; empty: nothing.
std::string obstacle(const SimPod& pod, std::int64_t now_ms) {
  if (pod.deleted_ms == 0) return pod.ready ? "" : "pod is not ready";
  const std::int64_t since = now_ms - pod.deleted_ms;
  return since < std::min(pod.pre_stop_ms, pod.grace_ms) ? "" : "pod has stopped";
}

}  // namespace

Entry parse_entry(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view kind = text.substr(0, slash);
  if (slash == std::string_view::npos || slash + 1 == text.size())
    throw std::invalid_argument("an entry is KIND/NAME, not '" + std::string(text) + "'");
  Entry entry{.name = std::string(text.substr(slash + 1))};
  if (kind == "httproute") {
    entry.kind = EntryKind::httproute;
  } else if (kind == "virtualservice") {
    entry.kind = EntryKind::virtualservice;
  } else if (kind == "ingress") {
    entry.kind = EntryKind::ingress;
  } else if (kind != "service") {
    throw std::invalid_argument("no such kind of entry: '" + std::string(kind) + "'");
  }
  return entry;
}

std::map<std::string, SimPod> read_pods(const Json& pod_list) {
  std::map<std::string, SimPod> pods;
  for (const auto& one : items(pod_list)) {
    SimPod pod{.name = text_at(one, "/metadata/name"),
               .image = text_at(one, "/spec/containers/0/image"),
               .workload = workload_of(one),
               .ready = is_ready(one)};
    pod.grace_ms = number_at(one, "/metadata/deletionGracePeriodSeconds",
                             number_at(one, "/spec/terminationGracePeriodSeconds", 30)) *
                   1000;
    // The timestamp is the time at which the grace ends.
    if (const std::string deleted = text_at(one, "/metadata/deletionTimestamp"); !deleted.empty())
      pod.deleted_ms = parse_time(deleted, now()).ms - pod.grace_ms;
    for (const auto& container : one.value("/spec/containers"_json_pointer, Json::array()))
      pod.pre_stop_ms = std::max(pod.pre_stop_ms, pre_stop_ms(container));
    pods.emplace(pod.name, std::move(pod));
  }
  return pods;
}

std::vector<Backend> read_backends(const Entry& entry, const Json& objects) {
  switch (entry.kind) {
    case EntryKind::httproute:
      return of_route(objects);
    case EntryKind::virtualservice:
      return of_virtual_service(objects);
    case EntryKind::ingress:
      return of_ingresses(entry.name, objects);
    case EntryKind::service:
      break;
  }
  return {{entry.name, 1}};
}

std::map<std::string, std::vector<std::string>> read_endpoints(const Json& slice_list) {
  std::map<std::string, std::vector<std::string>> pods;
  for (const auto& slice : items(slice_list)) {
    auto& of_service = pods[text_at(slice, "/metadata/labels/kubernetes.io~1service-name")];
    const auto endpoints = slice.find("endpoints");
    if (endpoints == slice.end() || !endpoints->is_array()) continue;
    for (const auto& endpoint : *endpoints) {
      const Json conditions = endpoint.value("conditions", Json::object());
      if (conditions.value("ready", true) && !conditions.value("terminating", false))
        of_service.push_back(text_at(endpoint, "/targetRef/name"));
    }
  }
  return pods;
}

double Randomness::next() {
  // SplitMix64: https://prng.di.unimi.it/splitmix64.c
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1p-53;
}

Answer send_request(const Routes& routes, const std::map<std::string, SimPod>& pods,
                    std::int64_t now_ms, Randomness& random) {
  Answer answer{.status = 503};
  const Backend* backend = choose(routes.backends, random);
  if (backend == nullptr) {
    answer.reason = "no backend with a weight";
    return answer;
  }
  answer.canary = backend->canary;
  const auto endpoints = routes.endpoints.find(backend->service);
  if (endpoints == routes.endpoints.end() || endpoints->second.empty()) {
    answer.reason = "no endpoints of Service " + backend->service;
    return answer;
  }
  const auto& names = endpoints->second;
  const auto& name = names[static_cast<std::size_t>(random.next() * double(names.size()))];
  const auto found = pods.find(name);
  answer.status = 0;
  answer.pod = name;
  if (found == pods.end()) {
    answer.reason = "pod is gone";
    return answer;
  }
  const SimPod& pod = found->second;
  answer.image = pod.image;
  answer.workload = pod.workload;
  answer.reason = obstacle(pod, now_ms);
  if (!answer.reason.empty()) return answer;
  const ServerBehaviour behaviour = server_behaviour(pod.image);
  answer.seconds = double(behaviour.latency.count()) / 1000 * (0.5 + random.next());
  answer.status = random.next() < behaviour.failing ? 500 : 200;
  if (answer.status == 500) answer.reason = "answered 500";
  return answer;
}

}  // namespace mlopsctl::testing
