#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/http.hpp"

#include "support/traffic/simulator.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::json;

// Null when there is no such object; throws Error when the server gives no answer.
Json get_json(HttpClient& client, const std::string& url) {
  HttpRequest request{.url = url};
  request.connect_timeout = Milliseconds(1000);
  request.total_timeout = Milliseconds(2000);
  request.proxy = "none";
  const HttpResponse response = client.send(request);
  if (response.status == 404) return {};
  require_ok(response, "the API server");
  return Json::parse(response.body);
}

// Where the entry's object is; empty for a Service, whose name is all there is to know.
std::string entry_path(const Entry& entry, const std::string& name_space) {
  const std::string in = "/namespaces/" + name_space + "/";
  switch (entry.kind) {
    case EntryKind::httproute:
      return "/apis/gateway.networking.k8s.io/v1" + in + "httproutes/" + entry.name;
    case EntryKind::virtualservice:
      return "/apis/networking.istio.io/v1beta1" + in + "virtualservices/" + entry.name;
    case EntryKind::ingress:
      return "/apis/networking.k8s.io/v1" + in + "ingresses";
    case EntryKind::service:
      break;
  }
  return "";
}

}  // namespace

AppSimulator::AppSimulator(AppTraffic traffic, std::uint64_t seed)
    : traffic_(std::move(traffic)), random_{seed} {
  watcher_ = std::thread([this] { watch(); });
  generator_ = std::thread([this] { generate(); });
}

AppSimulator::~AppSimulator() {
  stopping_ = true;
  watcher_.join();
  generator_.join();
}

void AppSimulator::watch() {
  const auto client = make_http_client();
  const std::string api = traffic_.server + "/api/v1/namespaces/" + traffic_.name_space + "/pods";
  const std::string slices = traffic_.server + "/apis/discovery.k8s.io/v1/namespaces/" +
                             traffic_.name_space + "/endpointslices";
  const std::string entry = entry_path(traffic_.entry, traffic_.name_space);
  while (!stopping_) {
    try {
      // The endpoints before the pods: a pod that began to stop in between is seen as it is.
      Known known;
      known.routes.endpoints = read_endpoints(get_json(*client, slices));
      known.routes.backends = read_backends(
          traffic_.entry, entry.empty() ? Json() : get_json(*client, traffic_.server + entry));
      auto pods = read_pods(get_json(*client, api));
      known.at_ms = now().ms;
      const std::scoped_lock lock(mutex_);
      for (auto& [name, pod] : pods) tell_deletion(pod);
      read_ms_ = known.at_ms;
      known_.push_back(std::move(known));
      pods_ = std::move(pods);
      ++reads_;
    } catch (const std::exception&) {
      const std::scoped_lock lock(mutex_);
      ++missed_reads_;
    }
    std::this_thread::sleep_for(traffic_.poll);
  }
}

// Timestamps have whole seconds; when a pod was last seen without one is known better.
void AppSimulator::tell_deletion(SimPod& pod) const {
  const auto before = pods_.find(pod.name);
  if (pod.deleted_ms == 0 || before == pods_.end()) return;
  const std::int64_t known = before->second.deleted_ms;
  pod.deleted_ms = known == 0 ? std::max(pod.deleted_ms, read_ms_) : known;
}

void AppSimulator::generate() {
  while (!stopping_) {
    std::this_thread::sleep_for(Milliseconds(5));
    const std::scoped_lock lock(mutex_);
    send_due(now().ms);
  }
}

// Users come when there is something to come to: the first one with the first endpoint.
void AppSimulator::send_due(std::int64_t now_ms) {
  const Routes routes = current(now_ms);
  if (started_ms_ == 0) {
    const bool some = std::ranges::any_of(
        routes.endpoints, [&](const auto& of_service) { return !of_service.second.empty(); });
    if (!some) return;
    started_ms_ = now_ms;
  }
  const auto due = static_cast<std::uint64_t>((now_ms - started_ms_) * traffic_.rate / 1000);
  for (; sent_ < due; ++sent_) {
    const Answer answer = send_request(routes, pods_, now_ms, random_);
    counts_.add(answer, now_ms);
    since_reset_.add(answer, now_ms);
  }
}

Routes AppSimulator::current(std::int64_t now_ms) {
  const std::int64_t until = now_ms - traffic_.lag.count();
  while (known_.size() > 1 && known_[1].at_ms <= until) known_.pop_front();
  return known_.empty() || known_.front().at_ms > until ? Routes{} : known_.front().routes;
}

Answer AppSimulator::ask() {
  const std::scoped_lock lock(mutex_);
  return send_request(current(now().ms), pods_, now().ms, random_);
}

Answer AppSimulator::ask_pod(const std::string& pod) {
  const std::scoped_lock lock(mutex_);
  return send_request({{{"", 1}}, {{"", {pod}}}}, pods_, now().ms, random_);
}

Json AppSimulator::report() const {
  const std::scoped_lock lock(mutex_);
  Json report = since_reset_.report();
  report["reads"] = reads_;
  report["missed_reads"] = missed_reads_;
  return report;
}

void AppSimulator::reset() {
  const std::scoped_lock lock(mutex_);
  since_reset_ = {};
}

void AppSimulator::add_metrics(std::vector<Exposed>& to) const {
  to.push_back({traffic_.name_space, traffic_.entry, &counts_, &pods_});
}

}  // namespace mlopsctl::testing
