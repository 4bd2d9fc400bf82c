#include "support/cluster/kubernetes.hpp"

#include <algorithm>

namespace mlopsctl::testing {

Kubernetes::Kubernetes(KubernetesOptions options) : options_(std::move(options)) {
  plane_.now = options_.start;
  plane_.timings = options_.timings;
  for (const auto& name : {std::string("default"), options_.name_space})
    if (!plane_.store.find(type("namespaces"), {}, name))
      plane_.create(
          type("namespaces"),
          {{"apiVersion", "v1"},
           {"kind", "Namespace"},
           {"metadata", {{"name", name}, {"labels", {{"kubernetes.io/metadata.name", name}}}}},
           {"spec", {{"finalizers", {"kubernetes"}}}},
           {"status", {{"phase", "Active"}}}});
  seen_ = plane_.store.version();
}

void Kubernetes::at_time(Timestamp time, std::function<void()> what) {
  events_.emplace(time, std::move(what));
}

// The controllers notice a change a little later.
void Kubernetes::changed() {
  if (plane_.store.version() == seen_) return;
  const auto due = plane_.now + plane_.timings.controller;
  if (!next_pass_ || due < *next_pass_) next_pass_ = due;
}

// Each sees what the ones below it did a pass before.
void Kubernetes::run_controllers() {
  next_pass_.reset();
  plane_.wake.reset();
  seen_ = plane_.store.version();
  run_garbage_collection(plane_);
  run_routes(plane_);
  run_endpoints(plane_);
  run_disruption_budgets(plane_);
  run_autoscalers(plane_);
  run_deployments(plane_);
  run_replica_sets(plane_);
  run_pods(plane_);
  changed();
  seen_ = plane_.store.version();
}

void Kubernetes::advance(Milliseconds time) {
  const auto end = plane_.now + time;
  for (;;) {
    auto next = end;
    if (next_pass_) next = std::min(next, *next_pass_);
    if (plane_.wake) next = std::min(next, *plane_.wake);
    if (!events_.empty()) next = std::min(next, events_.begin()->first);
    plane_.now = std::max(plane_.now, next);
    if (!events_.empty() && events_.begin()->first <= plane_.now) {
      const auto what = events_.begin()->second;
      events_.erase(events_.begin());
      what();
      changed();
    } else if ((next_pass_ && *next_pass_ <= plane_.now) ||
               (plane_.wake && *plane_.wake <= plane_.now)) {
      run_controllers();
    } else {
      return;
    }
  }
}

bool Kubernetes::advance_until(const std::function<bool()>& holds, Milliseconds limit) {
  for (Milliseconds passed{0}; passed < limit; passed += Milliseconds(100)) {
    if (holds()) return true;
    advance(Milliseconds(100));
  }
  return holds();
}

const ResourceType* Kubernetes::installed(const ResourceType* type) const {
  if (!type) return nullptr;
  if (type->group == "networking.istio.io" && !options_.istio) return nullptr;
  if (type->group == "gateway.networking.k8s.io" && !options_.gateway_api) return nullptr;
  return type;
}

void Kubernetes::restrict_user(const std::string& user, std::vector<Rule> rules) {
  rules_[user] = std::move(rules);
}

const std::vector<Rule>* Kubernetes::rules_of(const std::string& user) const {
  const auto found = rules_.find(user);
  return found == rules_.end() ? nullptr : &found->second;
}

bool Kubernetes::allows(const Caller& caller, const std::string& verb, std::string_view group,
                        const std::string& resource, const std::string& name) const {
  const auto* rules = rules_of(caller.user);
  if (!rules) return true;
  const auto has = [](const std::vector<std::string>& list, std::string_view value) {
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& one) { return one == "*" || one == value; });
  };
  return std::any_of(rules->begin(), rules->end(), [&](const Rule& rule) {
    return has(rule.verbs, verb) && has(rule.groups, group) && has(rule.resources, resource) &&
           (rule.names.empty() || has(rule.names, name));
  });
}

namespace {

Place place_of(const Kubernetes& world, std::string_view type_name, const std::string& name) {
  return {type_of_name(type_name), world.options().name_space, name, {}};
}

}  // namespace

Json Kubernetes::make(Json manifest) {
  const auto* type = type_of_kind(manifest.value("apiVersion", ""), manifest.value("kind", ""));
  return create({}, {type, options_.name_space, {}, {}}, std::move(manifest));
}

Json Kubernetes::object(std::string_view type_name, const std::string& name) {
  const auto found = stored(place_of(*this, type_name, name));
  return found ? *found : Json();
}

std::vector<Json> Kubernetes::objects(std::string_view type_name, const std::string& selector) {
  std::vector<Json> found;
  for (const auto& object : list({}, place_of(*this, type_name, {}), {selector, {}}))
    found.push_back(*object);
  return found;
}

Json Kubernetes::edit(std::string_view type_name, const std::string& name, const Json& merge_patch,
                      const std::string& manager) {
  return patch({"admin", manager}, place_of(*this, type_name, name), PatchType::merge, merge_patch);
}

void Kubernetes::destroy(std::string_view type_name, const std::string& name) {
  remove({}, place_of(*this, type_name, name));
}

void Kubernetes::make_sick(const std::string& selector, const std::string& name_space) {
  const Place pods{&type("pods"), name_space.empty() ? options_.name_space : name_space, {}, {}};
  for (const auto& pod : list({}, pods, {selector, {}})) plane_.sick.insert(uid_of(*pod));
  next_pass_ = plane_.now;
}

void Kubernetes::make_well(const std::string& selector, const std::string& name_space) {
  const Place pods{&type("pods"), name_space.empty() ? options_.name_space : name_space, {}, {}};
  for (const auto& pod : list({}, pods, {selector, {}})) plane_.sick.erase(uid_of(*pod));
  next_pass_ = plane_.now;
}

std::vector<std::string> Kubernetes::ready_endpoints(const std::string& service) {
  std::vector<std::string> ready;
  for (const auto& slice : objects("endpointslices", "kubernetes.io/service-name=" + service))
    for (const auto& endpoint : at(slice, {"endpoints"}))
      if (endpoint.at("conditions").at("ready").get<bool>())
        ready.push_back(text_at(endpoint, {"targetRef", "name"}));
  return ready;
}

}  // namespace mlopsctl::testing
