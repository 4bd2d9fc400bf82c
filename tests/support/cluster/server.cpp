#include "support/cluster/server.hpp"

#include "mlopsctl/base/text.hpp"

#include "support/cluster/discovery.hpp"
#include "support/cluster/http_api.hpp"
#include "support/cluster/pod_ports.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace mlopsctl::testing {

namespace {

using SteadyClock = std::chrono::steady_clock;

// kubectl's default manager is its name with the verb; the first word of the agent otherwise.
std::string manager_of(const ApiRequest& request) {
  if (const auto named = request.parameter("fieldManager"); !named.empty()) return named;
  const auto agent = request.headers.find("user-agent");
  return agent == request.headers.end() ? "unknown"
                                        : agent->second.substr(0, agent->second.find('/'));
}

std::string user_of(const ApiRequest& request) {
  if (const auto as = request.headers.find("impersonate-user"); as != request.headers.end())
    return as->second;
  const auto token = request.headers.find("authorization");
  constexpr std::string_view bearer = "Bearer ";
  if (token != request.headers.end() && token->second.starts_with(bearer))
    return token->second.substr(bearer.size());
  return "admin";
}

std::string header_of(const ApiRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

ServedResponse failure(const ApiError& error) { return answer(error.code(), error.status()); }

ServedResponse dropped() {
  ServedResponse response;
  response.drop = true;
  return response;
}

}  // namespace

ClusterServer::ClusterServer(const ClusterServerOptions& options)
    : world_([&] {
        auto kubernetes = options.kubernetes;
        kubernetes.start = mlopsctl::now();
        return kubernetes;
      }()),
      speed_(options.speed),
      clock_([this] { run_clock(); }),
      http_(std::make_unique<HttpServer>(
          [this](const ServedRequest& request) { return handle(request); }, options.port, false)) {}

ClusterServer::~ClusterServer() {
  stopping_ = true;
  changed_.notify_all();
  http_.reset();
  clock_.join();
}

std::string ClusterServer::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void ClusterServer::write_kubeconfig(const std::filesystem::path& file,
                                     const std::string& name_space, const std::string& user) const {
  const Json config{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "simulated"},
      {"clusters", {{{"name", "simulated"}, {"cluster", {{"server", url()}}}}}},
      {"users", {{{"name", "user"}, {"user", user.empty() ? Json::object() : Json{{"as", user}}}}}},
      {"contexts",
       {{{"name", "simulated"},
         {"context", {{"cluster", "simulated"}, {"user", "user"}, {"namespace", name_space}}}}}}};
  std::ofstream(file) << config.dump(2) << "\n";
}

void ClusterServer::run_clock() {
  auto last = SteadyClock::now();
  while (!stopping_) {
    std::this_thread::sleep_for(Milliseconds(10));
    const auto now = SteadyClock::now();
    const auto passed = Milliseconds(static_cast<std::int64_t>(
        std::chrono::duration<double, std::milli>(now - last).count() * speed_));
    if (passed.count() == 0) continue;
    last = now;
    const std::scoped_lock lock(mutex_);
    const auto version = world_.store().version();
    world_.advance(passed);
    if (world_.store().version() != version) changed_.notify_all();
  }
}

void ClusterServer::reject_user(const std::string& user) {
  const std::scoped_lock lock(mutex_);
  rejected_.insert(user);
}
void ClusterServer::add_fault(const RequestFault& fault) {
  const std::scoped_lock lock(mutex_);
  faults_.push_back(fault);
}
void ClusterServer::outage(Milliseconds time) {
  const std::scoped_lock lock(mutex_);
  outage_end_ = SteadyClock::now() + time;
  changed_.notify_all();
}
void ClusterServer::forward_pods_to(const std::string& url) {
  const std::scoped_lock lock(mutex_);
  pods_url_ = url;
}
std::vector<std::string> ClusterServer::requests() {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

bool ClusterServer::is_out() {
  const std::scoped_lock lock(mutex_);
  return SteadyClock::now() < outage_end_;
}

std::unique_ptr<RequestFault> ClusterServer::take_fault(const std::string& method,
                                                        const std::string& path) {
  const std::scoped_lock lock(mutex_);
  requests_.push_back(method + " " + path);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if ((!fault->method.empty() && fault->method != method) ||
        path.find(fault->path) == std::string::npos)
      continue;
    auto taken = std::make_unique<RequestFault>(*fault);
    if (--fault->times <= 0) faults_.erase(fault);
    return taken;
  }
  return nullptr;
}

ServedResponse ClusterServer::handle(const ServedRequest& served) {
  const auto request = read_request(served);
  try {
    if (request.path.starts_with("/sim/")) return control(request);
    if (is_out()) return dropped();
    const auto fault = take_fault(request.method, request.path);
    if (fault && fault->kind == RequestFault::Kind::busy)
      throw ApiError(
          429, "TooManyRequests",
          "the server has received too many requests and has asked us to try again later");
    if (fault && fault->kind == RequestFault::Kind::drop) return dropped();
    if (fault && fault->kind == RequestFault::Kind::hang) std::this_thread::sleep_for(fault->hang);
    const Caller caller{user_of(request), manager_of(request)};
    const std::scoped_lock lock(mutex_);
    if (rejected_.contains(caller.user)) throw ApiError(401, "Unauthorized", "Unauthorized");
    if (auto found = discovery(world_, request)) return std::move(*found);
    if (request.flag("watch") && request.method == "GET") {
      auto place = find_target(world_, read_path(request.path)).place;
      if (!place.name.empty())
        throw not_implemented("watches of one object by its path (use a field selector)");
      world_.list(
          caller, place,
          {request.parameter("labelSelector"), request.parameter("fieldSelector")});  // its errors
      ServedResponse response;
      response.take_over = [this, request, caller, place](int connection, const std::string&) {
        watch(connection, request, caller, place);
      };
      return response;
    }
    if (request.path.ends_with("/portforward")) return forward(request, caller);
    auto response = serve_api(world_, request, caller);
    changed_.notify_all();
    if (fault && fault->kind == RequestFault::Kind::drop_done) return dropped();
    return response;
  } catch (const ApiError& error) {
    return failure(error);
  } catch (const std::exception& error) {
    return failure(ApiError(500, "InternalError",
                            std::string("the simulated API server failed: ") + error.what()));
  }
}

ServedResponse ClusterServer::forward(const ApiRequest& request, const Caller& caller) {
  auto place = find_target(world_, read_path(request.path)).place;
  if (!world_.allows(caller, "create", "", "pods/portforward"))
    throw ApiError(403, "Forbidden",
                   fmt::format("pods \"{}\" is forbidden: User \"{}\" cannot create resource "
                               "\"pods/portforward\" in API group \"\" in the namespace \"{}\"",
                               place.name, caller.user, place.name_space));
  place.subresource.clear();
  const Json pod = world_.get({}, place);
  if (at(pod, {"status", "phase"}) != "Running") throw bad_request("pod is not running");
  if (pods_url_.empty())
    throw not_implemented("port-forwards to pods without servers (POST /sim/pods)");
  ServedResponse response;
  response.take_over = [url = pods_url_, place, upgrade = header_of(request, "upgrade")](
                           int connection, const std::string& read) {
    try {
      forward_ports(connection, upgrade, read, real_port_of_pod(url, place.name_space, place.name));
    } catch (const std::exception&) {
      // The connection is closed: kubectl tells that it was lost.
    }
  };
  return response;
}

}  // namespace mlopsctl::testing
