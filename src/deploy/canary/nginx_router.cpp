// Weights of ingress-nginx: a second Ingress for the same hosts and paths, marked as the canary.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/canary/canary_objects.hpp"
#include "deploy/canary/routers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace mlopsctl::canary {
namespace {

constexpr const char* kind = "ingresses.networking.k8s.io";
constexpr std::string_view prefix = "nginx.ingress.kubernetes.io/";
const std::string canary_key = "nginx.ingress.kubernetes.io/canary";
const std::string weight_key = "nginx.ingress.kubernetes.io/canary-weight";

Json annotations_of(const Json& object) {
  return object.at("metadata").value("annotations", Json::object());
}

std::string name_of(const Json& object) {
  return object.at("metadata").at("name").get<std::string>();
}

bool is_canary(const Json& ingress) {
  return annotations_of(ingress).value(canary_key, "") == "true";
}

std::string backend_service(const Json& path) {
  const auto at = Json::json_pointer("/backend/service/name");
  return path.contains(at) ? path.at(at).get<std::string>() : std::string();
}

// "host/path" of everything that an Ingress takes.
std::set<std::string> places(const Json& ingress) {
  std::set<std::string> taken;
  for (const Json& rule : ingress.at("spec").value("rules", Json::array())) {
    const auto at = Json::json_pointer("/http/paths");
    if (!rule.contains(at)) continue;
    for (const Json& path : rule.at(at))
      taken.insert(rule.value("host", "") + path.value("path", "/"));
  }
  return taken;
}

class NginxRouter : public TrafficRouter {
 public:
  explicit NginxRouter(const DeployPlan& plan)
      : app_(plan.app),
        name_(plan.canary.traffic.object.empty() ? plan.app : plan.canary.traffic.object),
        services_{service_of(plan), service_of(plan) + "-stable", plan.app + "-stable"} {}

  std::string stable_service(Cluster& cluster) override {
    const auto all =
        cluster.get(std::vector<ObjectRef>{{.kind = kind, .name = {}, .selector = {}}});
    const Json main = find_main(all, cluster);
    stable_ = find_stable(main);
    const auto ours = places(canary_spec(main));
    for (const Json& other : all) {
      if (!is_canary(other) || name_of(other) == own_name()) continue;
      for (const auto& place : places(other)) {
        if (!ours.contains(place)) continue;
        throw Error(ErrorKind::conflict,
                    fmt::format("Ingress {} is a canary of {} already, and ingress-nginx takes one "
                                "only",
                                quote(name_of(other)), place));
      }
    }
    return stable_;
  }

  void prepare(Session& session) override {
    const Json main = require_main(session.cluster());
    stable_ = find_stable(main);
    ensure_service(session, stable_);
    if (const auto existing = get_one(session.cluster(), own_reference())) {
      if (!is_canary(*existing)) {
        throw Error(ErrorKind::conflict,
                    fmt::format("Ingress {} is there and is no canary", quote(own_name())));
      }
      own(session, own_reference(), *existing);
      update(session, *existing, canary_spec(main).at("spec"));
      return;
    }
    session.state().notes["route.ingress"] = own_name();  // to be removed in the end
    session.save();
    session.create(canary_spec(main));
  }

  Shares set(Session& session, int weight) override {
    const auto ingress = get_one(session.cluster(), own_reference());
    if (!ingress) {
      if (weight == 0) return {};
      throw ClusterError(ClusterFailure::not_found, fmt::format("Ingress {} is gone", own_name()));
    }
    own(session, own_reference(), *ingress);
    const std::string text = std::to_string(weight);
    const std::string before = annotations_of(*ingress).value(weight_key, "");
    Json now = *ingress;
    if (before != text) {
      const std::string pointer =
          "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight";
      now = session.change(
          own_reference(),
          Json::array({{{"op", "test"}, {"path", pointer}, {"value", before}},
                       {{"op", "replace"}, {"path", pointer}, {"value", text}}}),
          [&](const Json& found) { return annotations_of(found).value(weight_key, "") == text; });
    }
    return shares_of(now);
  }

  std::optional<Shares> read(Cluster& cluster) override {
    const auto ingress = get_one(cluster, own_reference());
    if (!ingress || !is_canary(*ingress)) return std::nullopt;
    return shares_of(*ingress);
  }

  void tidy(Session& session) override {
    if (session.state().notes.contains("route.ingress")) {
      session.keep();
      session.cluster().remove(own_reference());
    } else if (get_one(session.cluster(), own_reference())) {
      set(session, 0);
    }
    if (stable_.empty()) {
      const auto main = get_one(session.cluster(), reference());
      if (!main) return;
      stable_ = find_stable(*main);
    }
    remove_service(session, stable_);
  }

  std::vector<std::string> manual_steps(const State& /*state*/) const override {
    return {fmt::format("delete ingress {} --ignore-not-found", own_name())};
  }

  std::string describe() const override { return fmt::format("Ingress {}", own_name()); }

 private:
  std::string own_name() const { return canary_name(name_); }
  ObjectRef reference() const { return {.kind = kind, .name = name_, .selector = {}}; }
  ObjectRef own_reference() const { return {.kind = kind, .name = own_name(), .selector = {}}; }

  Error missing(Cluster& cluster) const {
    return {ErrorKind::not_found,
            fmt::format("there is no Ingress {} in {}", quote(name_), cluster.describe()),
            "traffic.object names the one that leads to the app"};
  }
  Json find_main(const std::vector<Json>& all, Cluster& cluster) const {
    for (const Json& ingress : all) {
      if (name_of(ingress) == name_) return ingress;
    }
    throw missing(cluster);
  }
  Json require_main(Cluster& cluster) const {
    auto main = get_one(cluster, reference());
    if (!main) throw missing(cluster);
    return std::move(*main);
  }

  std::string find_stable(const Json& main) const {
    for (const std::string& service : services_) {
      for (const Json& rule : main.at("spec").value("rules", Json::array())) {
        for (const Json& path : rule.value("http", Json::object()).value("paths", Json::array())) {
          if (backend_service(path) == service) return service;
        }
      }
    }
    throw Error(
        ErrorKind::config,
        fmt::format("no path of Ingress {} leads to Service {}", quote(name_), quote(services_[0])),
        "a default backend can have no canary; traffic.object names another Ingress");
  }

  // The paths of the main Ingress that lead to the app, to the canary's Service.
  Json canary_spec(const Json& main) const {
    Json annotations = Json::object();
    const Json theirs = annotations_of(main);
    for (const auto& [key, value] : theirs.items()) {
      if (key.starts_with(prefix) || key == "kubernetes.io/ingress.class") annotations[key] = value;
    }
    annotations[canary_key] = "true";
    annotations[weight_key] = "0";
    Json rules = Json::array();
    for (Json rule : main.at("spec").value("rules", Json::array())) {
      Json paths = Json::array();
      for (Json path : rule.value("http", Json::object()).value("paths", Json::array())) {
        if (backend_service(path) != stable_) continue;
        path["backend"]["service"]["name"] = canary_name(stable_);
        paths.push_back(std::move(path));
      }
      if (paths.empty()) continue;
      rule["http"]["paths"] = std::move(paths);
      rules.push_back(std::move(rule));
    }
    Json spec{{"rules", std::move(rules)}};
    if (main.at("spec").contains("ingressClassName"))
      spec["ingressClassName"] = main.at("spec").at("ingressClassName");
    return {{"apiVersion", "networking.k8s.io/v1"},
            {"kind", "Ingress"},
            {"metadata",
             {{"name", own_name()},
              {"labels", {{"mlopsctl.dev/app", app_}, {"mlopsctl.dev/track", "canary"}}},
              {"annotations", annotations}}},
            {"spec", std::move(spec)}};
  }

  void update(Session& session, const Json& existing, const Json& spec) {
    if (existing.at("spec") == spec) return;
    session.change(own_reference(),
                   Json::array({{{"op", "replace"}, {"path", "/spec"}, {"value", spec}}}),
                   [&](const Json& now) { return now.at("spec") == spec; });
  }

  static Shares shares_of(const Json& ingress) {
    const std::string text = annotations_of(ingress).value(weight_key, "0");
    const auto weight = parse_integer(text).value_or(-1);
    if (weight < 0 || weight > 100) return {.canary = -1, .actual = -1, .pending = {}};
    return {
        .canary = static_cast<int>(weight), .actual = static_cast<double>(weight), .pending = {}};
  }

  std::string app_, name_, stable_;
  std::vector<std::string> services_;  // that may be the stable one
};

}  // namespace

std::unique_ptr<TrafficRouter> nginx_router(const DeployPlan& plan) {
  return std::make_unique<NginxRouter>(plan);
}

}  // namespace mlopsctl::canary
