// Weights in lists of backends: HTTPRoute (Gateway API) and VirtualService (Istio). Each list is
// replaced as a whole, by a patch that tests what was read; all else of the object stays.
//
// notes: "route.before", the lists that lead to the app as they were: [{"at": POINTER, "list": …}].
#include "mlopsctl/base/error.hpp"

#include "deploy/canary/canary_objects.hpp"
#include "deploy/canary/routers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace mlopsctl::canary {
namespace {

// What differs between the two kinds of object.
struct Dialect {
  const char* kind;      // for kubectl
  const char* name;      // for people
  const char* rules;     // key of the rules in spec
  const char* backends;  // key of the list in a rule
  bool sum_is_100;       // else weights are relative, 1 where absent
  bool has_status;
};
constexpr Dialect gateway{
    "httproutes.gateway.networking.k8s.io", "HTTPRoute", "rules", "backendRefs", false, true};
constexpr Dialect istio{
    "virtualservices.networking.istio.io", "VirtualService", "http", "route", true, false};

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The Service that a backend leads to; empty if it is something else.
std::string service_name(const Dialect& dialect, const Json& backend, const std::string& space) {
  if (dialect.has_status) {
    const std::string kind = text_at(backend, "kind");
    const std::string elsewhere = text_at(backend, "namespace");
    const bool ours = (kind.empty() || kind == "Service") && text_at(backend, "group").empty() &&
                      (elsewhere.empty() || elsewhere == space);
    return ours ? text_at(backend, "name") : std::string();
  }
  if (!backend.contains("destination")) return {};
  std::string host = text_at(backend["destination"], "host");
  const auto dot = host.find('.');
  if (dot == std::string::npos) return host;
  const std::string rest = host.substr(dot + 1);
  const bool ours = rest == space || rest == space + ".svc" || rest == space + ".svc.cluster.local";
  return ours ? host.substr(0, dot) : std::string();
}

Json backend_for(const Dialect& dialect, const Json& stable, const std::string& service) {
  Json backend = stable;
  if (dialect.has_status) {
    backend["name"] = service;
    return backend;
  }
  Json& destination = backend["destination"];
  const std::string host = text_at(destination, "host");
  const auto dot = host.find('.');
  destination["host"] = service + (dot == std::string::npos ? "" : host.substr(dot));
  destination.erase("subset");
  return backend;
}

class WeightedRoute : public TrafficRouter {
 public:
  WeightedRoute(const Dialect& dialect, const DeployPlan& plan)
      : dialect_(dialect),
        app_(plan.app),
        name_(plan.canary.traffic.object.empty() ? plan.app : plan.canary.traffic.object),
        services_{service_of(plan), service_of(plan) + "-stable", plan.app + "-stable"} {}

  std::string stable_service(Cluster& cluster) override {
    const Json object = require(cluster);
    stable_ = find_stable(object, cluster.name_space());
    if (const std::string why = not_taken(object); !why.empty()) {
      throw Error(ErrorKind::conflict, fmt::format("{} does not route: {}", describe(), why));
    }
    return stable_;
  }

  void prepare(Session& session) override {
    const Json object = require(session.cluster());
    const bool noted = note_originals(session, object);
    const bool saved = ensure_service(session, stable_);
    if (noted && !saved) session.save();
    change(session, object,
           [&](const Json& list) { return has_canary(list) ? list : with_weight(list, 0); });
  }

  Shares set(Session& session, int weight) override {
    if (weight == 0 && !leads_here(session.cluster())) return {};
    const Json object = require(session.cluster());
    remember(session, object);
    const Json now =
        change(session, object, [&](const Json& list) { return with_weight(list, weight); });
    return shares_of(now);
  }

  std::optional<Shares> read(Cluster& cluster) override {
    const Json object = require(cluster);
    if (stable_.empty()) stable_ = find_stable(object, cluster.name_space());
    space_ = cluster.name_space();
    const Shares shares = shares_of(object);
    if (shares.canary < 0) return std::nullopt;
    return shares;
  }

  void tidy(Session& session) override {
    const auto before = session.state().notes.find("route.before");
    if (before == session.state().notes.end()) return;
    if (!leads_here(session.cluster())) {
      for (const std::string& service : services_) remove_service(session, service);
      return;
    }
    const Json object = require(session.cluster());
    remember(session, object);
    const Json lists = Json::parse(before->second);
    change(session, object, [&](const Json& list) { return restored(list, lists); });
    remove_service(session, stable_);
  }

  std::vector<std::string> manual_steps(const State& state) const override {
    const auto before = state.notes.find("route.before");
    if (before == state.notes.end()) return {};
    Json patch = Json::array();
    for (const Json& entry : Json::parse(before->second)) {
      patch.push_back({{"op", "replace"}, {"path", entry.at("at")}, {"value", entry.at("list")}});
    }
    return {fmt::format("patch {} {} --type=json -p '{}'", dialect_.kind, name_, patch.dump())};
  }

  std::string describe() const override { return fmt::format("{} {}", dialect_.name, name_); }

 private:
  ObjectRef reference() const { return {.kind = dialect_.kind, .name = name_, .selector = {}}; }

  Json require(Cluster& cluster) {
    space_ = cluster.name_space();
    auto found = get_one(cluster, reference());
    if (found) return std::move(*found);
    throw Error(ErrorKind::not_found,
                fmt::format("there is no {} in {}", describe(), cluster.describe()),
                "traffic.object names the one that leads to the app");
  }

  // False when somebody removed the route, or took the app out of it: nothing is left to put back.
  bool leads_here(Cluster& cluster) {
    const auto object = get_one(cluster, reference());
    if (!object) return false;
    for (const auto& [pointer, list] : all_lists(*object)) {
      for (const Json& backend : list) {
        const std::string name = service_name(dialect_, backend, cluster.name_space());
        for (const std::string& service : services_) {
          if (name == service || name == canary_name(service)) return true;
        }
      }
    }
    return false;
  }

  std::string find_stable(const Json& object, const std::string& space) const {
    for (const std::string& service : services_) {
      for (const auto& [pointer, list] : all_lists(object)) {
        for (const Json& backend : list) {
          if (service_name(dialect_, backend, space) == service) return service;
        }
      }
    }
    throw Error(ErrorKind::config,
                fmt::format("{} does not lead to Service '{}'", describe(), services_[0]),
                "traffic.object names the one that does");
  }

  std::vector<std::pair<std::string, Json>> all_lists(const Json& object) const {
    std::vector<std::pair<std::string, Json>> lists;
    const auto at = Json::json_pointer(fmt::format("/spec/{}", dialect_.rules));
    if (!object.contains(at) || !object.at(at).is_array()) return lists;
    for (std::size_t i = 0; i < object.at(at).size(); ++i) {
      const Json& rule = object.at(at)[i];
      if (!rule.contains(dialect_.backends) || !rule[dialect_.backends].is_array()) continue;
      lists.emplace_back(fmt::format("/spec/{}/{}/{}", dialect_.rules, i, dialect_.backends),
                         rule[dialect_.backends]);
    }
    return lists;
  }

  // Those that lead to the app.
  std::vector<std::pair<std::string, Json>> lists_of(const Json& object) const {
    auto lists = all_lists(object);
    std::erase_if(lists, [&](const auto& entry) { return !find(entry.second, stable_); });
    return lists;
  }

  std::optional<std::size_t> find(const Json& list, const std::string& service) const {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (service_name(dialect_, list[i], space_) == service) return i;
    }
    return std::nullopt;
  }
  bool has_canary(const Json& list) const { return find(list, canary_name(stable_)).has_value(); }

  int weight_of(const Json& backend, std::size_t backends) const {
    const auto found = backend.find("weight");
    if (found != backend.end() && found->is_number_integer()) return found->get<int>();
    if (!dialect_.sum_is_100) return 1;
    return backends == 1 ? 100 : 0;
  }

  // Originals are noted before the first change, so that whoever ends this can put them back.
  void remember(Session& session, const Json& object) {
    if (note_originals(session, object)) session.save();
  }
  // False: they were noted before.
  bool note_originals(Session& session, const Json& object) {
    stable_ = find_stable(object, session.cluster().name_space());
    auto& notes = session.state().notes;
    if (notes.contains("route.before")) return false;
    Json before = Json::array();
    for (const auto& [pointer, list] : lists_of(object)) {
      before.push_back({{"at", pointer}, {"list", list}});
    }
    notes["route.before"] = before.dump();
    return true;
  }

  // Shares what stable and canary have together; other backends keep theirs.
  Json with_weight(Json list, int weight) const {
    const std::size_t others = list.size() - 1 - (has_canary(list) ? 1 : 0);
    const auto stable = *find(list, stable_);
    if (!has_canary(list)) {
      Json added = backend_for(dialect_, list[stable], canary_name(stable_));
      const int whole = weight_of(list[stable], list.size());
      list[stable]["weight"] = whole;
      added["weight"] = 0;
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(stable) + 1, std::move(added));
    }
    const auto canary = *find(list, canary_name(stable_));
    int together = weight_of(list[stable], 2) + weight_of(list[canary], 2);
    if (others == 0) {
      together = 100;
    } else if (!dialect_.sum_is_100 && together < 100) {
      // Relative weights are made fine enough for per cents.
      for (Json& backend : list) backend["weight"] = 100 * weight_of(backend, list.size());
      together *= 100;
    }
    const int part = static_cast<int>(std::lround(together * weight / 100.0));
    list[canary]["weight"] = part;
    list[stable]["weight"] = together - part;
    return list;
  }

  // As it was before, if we know it; else without the canary.
  Json restored(const Json& list, const Json& before) const {
    for (const Json& entry : before) {
      const Json& original = entry.at("list");
      if (without_weights(original) == without_weights(list)) return quiet(original);
    }
    Json rest = list;
    if (const auto canary = find(rest, canary_name(stable_))) rest.erase(*canary);
    if (const auto stable = find(rest, stable_); stable && rest.size() == 1) {
      rest[*stable].erase("weight");
    } else if (stable) {
      rest[*stable]["weight"] =
          weight_of(list[*find(list, stable_)], list.size()) + canary_part(list);
    }
    return rest;
  }
  int canary_part(const Json& list) const {
    const auto canary = find(list, canary_name(stable_));
    return canary ? weight_of(list[*canary], list.size()) : 0;
  }
  // What the backends are, the canary left aside.
  Json without_weights(Json list) const {
    if (const auto canary = find(list, canary_name(stable_))) list.erase(*canary);
    for (Json& backend : list) backend.erase("weight");
    return list;
  }
  // A route that named the canary itself keeps it, without traffic.
  Json quiet(Json list) const {
    const auto canary = find(list, canary_name(stable_));
    if (!canary || weight_of(list[*canary], list.size()) == 0) return list;
    return with_weight(std::move(list), 0);
  }

  Json change(Session& session, const Json& object,
              const std::function<Json(const Json&)>& changed) {
    Json operations = Json::array();
    std::vector<std::pair<std::string, Json>> wanted;
    for (const auto& [pointer, list] : lists_of(object)) {
      Json next = changed(list);
      if (next == list) continue;
      operations.push_back({{"op", "test"}, {"path", pointer}, {"value", list}});
      operations.push_back({{"op", "replace"}, {"path", pointer}, {"value", next}});
      wanted.emplace_back(pointer, std::move(next));
    }
    if (operations.empty()) return object;
    own(session, reference(), object);
    return session.change(reference(), operations, [&](const Json& now) {
      return std::ranges::all_of(wanted, [&](const auto& entry) {
        const auto at = Json::json_pointer(entry.first);
        return now.contains(at) && now.at(at) == entry.second;
      });
    });
  }

  // canary -1: a rule has no canary, or rules differ.
  Shares shares_of(const Json& object) const {
    std::optional<double> actual;
    Shares shares{.canary = -1, .actual = 0, .pending = not_taken(object)};
    for (const auto& [pointer, list] : lists_of(object)) {
      if (!has_canary(list)) return shares;
      const double stable = weight_of(list[*find(list, stable_)], list.size());
      const double canary = canary_part(list);
      const double part = stable + canary > 0 ? 100 * canary / (stable + canary) : 0;
      if (actual && std::abs(*actual - part) > 1) return shares;
      actual = part;
    }
    if (!actual) return shares;
    shares.actual = *actual;
    shares.canary = static_cast<int>(std::lround(*actual));
    return shares;
  }

  // Why the gateways do not route by this generation; empty: they do.
  std::string not_taken(const Json& object) const {
    if (!dialect_.has_status) return {};
    const auto at = Json::json_pointer("/status/parents");
    if (!object.contains(at) || object.at(at).empty()) return "no gateway has taken it yet";
    const int generation = object.at("metadata").value("generation", 0);
    for (const Json& parent : object.at(at)) {
      for (const char* type : {"Accepted", "ResolvedRefs"}) {
        const Json conditions = parent.value("conditions", Json::array());
        const auto found = std::ranges::find_if(
            conditions, [&](const Json& condition) { return text_at(condition, "type") == type; });
        if (found == conditions.end() || found->value("observedGeneration", 0) < generation)
          return fmt::format("a gateway has not taken its last change yet ({})", type);
        if (text_at(*found, "status") != "True")
          return fmt::format("{} is {}: {}", type, text_at(*found, "status"),
                             text_at(*found, "message"));
      }
    }
    return {};
  }

  const Dialect& dialect_;
  std::string app_, name_, stable_, space_;
  std::vector<std::string> services_;  // that may be the stable one
};

}  // namespace

std::unique_ptr<TrafficRouter> gateway_router(const DeployPlan& plan) {
  return std::make_unique<WeightedRoute>(gateway, plan);
}

std::unique_ptr<TrafficRouter> istio_router(const DeployPlan& plan) {
  return std::make_unique<WeightedRoute>(istio, plan);
}

}  // namespace mlopsctl::canary
