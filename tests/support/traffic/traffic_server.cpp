#include "support/cluster/images.hpp"
#include "support/traffic/simulator.hpp"

#include <nlohmann/json.hpp>

#include <exception>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::json;

// What the model server behind a pod says; a pod that is not there closes the connection.
ServedResponse as_http(const Answer& answer, const std::string& path) {
  ServedResponse response;
  if (answer.status == 0) {
    response.drop = true;
    return response;
  }
  response.status = answer.status;
  response.delay = std::chrono::milliseconds(static_cast<int>(answer.seconds * 1000));
  response.headers = {
      {"Content-Type", "application/json"}, {"X-Pod", answer.pod}, {"X-Image", answer.image}};
  Json body{
      {"status", answer.failed() ? "error" : "ok"}, {"pod", answer.pod}, {"image", answer.image}};
  if (answer.failed()) body["error"] = answer.reason;
  if (!answer.failed() && path.ends_with("/completions"))
    body["choices"] = {{{"index", 0},
                        {"text", "hello"},
                        {"message", {{"role", "assistant"}, {"content", "hello"}}},
                        {"finish_reason", "stop"}}};
  response.body = body.dump();
  return response;
}

ServedResponse json(const Json& value) {
  return {.headers = {{"Content-Type", "application/json"}}, .body = value.dump(1) + "\n"};
}

// A registry that has every image: /v2/NAME/manifests/TAG.
ServedResponse manifest(const ServedRequest& request) {
  const auto at = request.target.find("/manifests/");
  const auto host = request.headers.find("host");
  if (at == std::string::npos || host == request.headers.end()) return {.status = 404};
  const std::string image =
      host->second + "/" + request.target.substr(4, at - 4) + ":" + request.target.substr(at + 11);
  return {.headers = {{"Docker-Content-Digest", digest_of(image)},
                      {"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}};
}

}  // namespace

TrafficServer::TrafficServer(std::uint64_t seed)
    : seed_(seed), server_([this](const ServedRequest& request) {
        try {
          return answer(request);
        } catch (const std::exception& error) {
          return ServedResponse{.status = 400, .body = std::string(error.what()) + "\n"};
        }
      }) {}

ServedResponse TrafficServer::answer(const ServedRequest& request) {
  const std::string& path = request.target;
  if (path == "/metrics")
    return {.headers = {{"Content-Type", "text/plain; version=0.0.4"}}, .body = metrics()};
  if (path == "/apps" && request.method == "POST") return add_app(request.body);
  if (path.starts_with("/v2/")) return manifest(request);
  if (path.starts_with("/apps/")) return of_app(request.method, path.substr(6));
  return hooks_.answer(request);
}

ServedResponse TrafficServer::add_app(const std::string& body) {
  const Json asked = Json::parse(body);
  AppTraffic traffic{.server = asked.at("server"),
                     .name_space = asked.at("namespace"),
                     .entry = parse_entry(asked.at("entry").get<std::string>()),
                     .rate = asked.value("rate", 200)};
  traffic.poll = std::chrono::milliseconds(asked.value("poll_ms", 50));
  traffic.lag = std::chrono::milliseconds(asked.value("lag_ms", 100));
  const std::string name = traffic.name_space;
  auto app = std::make_shared<AppSimulator>(std::move(traffic), seed_++);
  const std::scoped_lock lock(mutex_);
  apps_[name] = std::move(app);
  return {};
}

// NAMESPACE: the report, or DELETE; NAMESPACE/reset; NAMESPACE/in/PATH as a user from outside;
// NAMESPACE/pods/POD/PATH.
ServedResponse TrafficServer::of_app(const std::string& method, const std::string& path) {
  const std::string name = path.substr(0, path.find('/'));
  const std::string rest = name.size() < path.size() ? path.substr(name.size() + 1) : "";
  const auto simulator = app(name);
  if (simulator == nullptr) return {.status = 404, .body = "no app in namespace " + name + "\n"};
  if (rest.empty() && method == "DELETE") {
    std::shared_ptr<AppSimulator> last;
    const std::scoped_lock lock(mutex_);
    std::swap(last, apps_[name]);
    apps_.erase(name);
    return {};
  }
  if (rest.empty()) return json(simulator->report());
  if (rest == "reset") {
    simulator->reset();
    return {};
  }
  if (rest.starts_with("in/")) return as_http(simulator->ask(), rest);
  if (rest.starts_with("pods/")) {
    const std::string pod = rest.substr(5, rest.find('/', 5) - 5);
    if (rest == "pods/" + pod + "/port")
      return {.body = std::to_string(pod_port(name, pod)) + "\n"};
    return as_http(simulator->ask_pod(pod), rest);
  }
  return {.status = 404};
}

// A port at which the pod's server is, for port-forwards to it.
int TrafficServer::pod_port(const std::string& name_space, const std::string& pod) {
  const std::scoped_lock lock(mutex_);
  auto& server = pods_[name_space + "/" + pod];
  if (server == nullptr)
    server = std::make_unique<HttpServer>([this, name_space, pod](const ServedRequest& request) {
      const auto simulator = app(name_space);
      return simulator == nullptr ? ServedResponse{.drop = true}
                                  : as_http(simulator->ask_pod(pod), request.target);
    });
  return server->port();
}

std::string TrafficServer::metrics() {
  std::vector<std::shared_ptr<AppSimulator>> apps;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, one] : apps_) apps.push_back(one);
  }
  std::vector<std::unique_lock<std::mutex>> locks;
  std::vector<Exposed> exposed;
  for (const auto& one : apps) {
    locks.push_back(one->lock());
    one->add_metrics(exposed);
  }
  return metrics_text(exposed);
}

std::shared_ptr<AppSimulator> TrafficServer::app(const std::string& name_space) {
  const std::scoped_lock lock(mutex_);
  const auto found = apps_.find(name_space);
  return found == apps_.end() ? nullptr : found->second;
}

}  // namespace mlopsctl::testing
