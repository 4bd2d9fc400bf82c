// After pkg/controller/deployment of Kubernetes 1.32: sync.go, rolling.go, recreate.go.
#include "support/cluster/deployments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::testing {

namespace {

const ResourceType& sets_type() { return type("replicasets"); }

int resolve(const Json& value, int total, bool up) {
  if (value.is_number()) return value.get<int>();
  const auto text = value.is_string() ? value.get<std::string>() : std::string("0%");
  const double share = std::atoi(text.c_str()) * total / 100.0;
  return static_cast<int>(up ? std::ceil(share) : std::floor(share));
}

Json template_without_hash(const Json& object) {
  Json made = object.at("spec").at("template");
  if (made.contains("metadata") && made["metadata"].contains("labels"))
    made["metadata"]["labels"].erase("pod-template-hash");
  return made;
}

// Of ten letters and digits, as `rand.SafeEncodeString` writes them.
std::string hash_of(const Json& pod_template) {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  auto number = static_cast<std::uint64_t>(std::hash<std::string>{}(pod_template.dump()));
  std::string hash;
  for (int i = 0; i < 10; ++i, number /= letters.size()) hash += letters[number % letters.size()];
  return hash;
}

class DeploymentSync {
 public:
  DeploymentSync(ControlPlane& plane, const Json& deployment)
      : plane_(plane), deployment_(deployment) {
    for (const auto& set : plane.owned(sets_type(), deployment)) sets_.push_back(*set);
    std::sort(sets_.begin(), sets_.end(), [&](const Json& a, const Json& b) {
      return plane.born[uid_of(a)] < plane.born[uid_of(b)];
    });
  }

  void run() {
    const bool paused = deployment_["spec"].value("paused", false);
    find_newest(!paused);
    if (paused || is_scaling()) {
      scale();
      if (paused) clean_up();
    } else if (text_at(deployment_, {"spec", "strategy", "type"}) == "Recreate") {
      recreate();
    } else {
      roll();
    }
    for (const auto& set : sets_) plane_.write(sets_type(), set);
    std::vector<Json> stored;
    for (const auto& set : sets_)
      if (const auto now = plane_.store.find(sets_type(), namespace_of(set), name_of(set)))
        stored.push_back(*now);
    const Json* newest = nullptr;
    for (const auto& set : stored)
      if (name_of(set) == newest_) newest = &set;
    tell_deployment_status(plane_, deployment_, stored, newest);
    plane_.write(type("deployments"), deployment_);
  }

 private:
  Json* newest() {
    for (auto& set : sets_)
      if (name_of(set) == newest_) return &set;
    return nullptr;
  }
  std::vector<Json*> old_sets() {
    std::vector<Json*> old;
    for (auto& set : sets_)
      if (name_of(set) != newest_) old.push_back(&set);
    return old;
  }
  int total(int (*count)(const Json&)) const {
    int sum = 0;
    for (const auto& set : sets_) sum += count(set);
    return sum;
  }
  int wanted() const { return replicas_of(deployment_); }

  void find_newest(bool make) {
    const Json pod_template = template_without_hash(deployment_);
    int last = 0;
    Json* found = nullptr;
    for (auto& set : sets_)
      if (!found && template_without_hash(set) == pod_template) found = &set;
    for (const auto& set : sets_)
      if (!found || &set != found) last = std::max(last, revision_of(set));
    if (found) {
      newest_ = name_of(*found);
      annotate(*found, std::to_string(last + 1));
      if (number_at(deployment_, {"spec", "minReadySeconds"}) != 0)
        (*found)["spec"]["minReadySeconds"] = deployment_["spec"]["minReadySeconds"];
      deployment_["metadata"]["annotations"][revision_annotation] =
          annotation(*found, revision_annotation);
      if (!find_condition(conditions(), "Progressing"))
        progressing("True", "FoundNewReplicaSet",
                    fmt::format("Found new replica set \"{}\"", newest_));
    } else if (make) {
      make_newest(pod_template, last + 1);
    }
  }

  // The annotations of the Deployment, and a revision that only grows: a template that comes back
  // is renumbered.
  void annotate(Json& set, const std::string& revision) {
    auto& own = set["metadata"]["annotations"];
    for (const auto& [key, value] : at(deployment_, {"metadata", "annotations"}).items())
      if (key != "kubectl.kubernetes.io/last-applied-configuration" &&
          !key.starts_with("deployment.kubernetes.io/"))
        own[key] = value;
    const int before = revision_of(set);
    if (before < std::stoi(revision)) {
      if (before > 0) {
        auto history = annotation(set, "deployment.kubernetes.io/revision-history");
        own["deployment.kubernetes.io/revision-history"] =
            history.empty() ? std::to_string(before) : history + "," + std::to_string(before);
      }
      own[revision_annotation] = revision;
    }
  }

  void make_newest(Json pod_template, int revision) {
    const auto hash = hash_of(pod_template);
    const auto name = name_of(deployment_) + "-" + hash;
    auto labels = pod_template.value("metadata", Json::object()).value("labels", Json::object());
    labels["pod-template-hash"] = hash;
    pod_template["metadata"]["labels"] = labels;
    Json selector = deployment_["spec"]["selector"];
    selector["matchLabels"]["pod-template-hash"] = hash;
    Json set{{"apiVersion", "apps/v1"},
             {"kind", "ReplicaSet"},
             {"metadata",
              {{"name", name},
               {"namespace", namespace_of(deployment_)},
               {"labels", labels},
               {"annotations", Json::object()},
               {"ownerReferences",
                {{{"apiVersion", "apps/v1"},
                  {"kind", "Deployment"},
                  {"name", name_of(deployment_)},
                  {"uid", uid_of(deployment_)},
                  {"controller", true},
                  {"blockOwnerDeletion", true}}}}}},
             {"spec", {{"replicas", 0}, {"selector", selector}, {"template", pod_template}}},
             {"status", {{"replicas", 0}}}};
    if (const int ready = number_at(deployment_, {"spec", "minReadySeconds"}); ready != 0)
      set["spec"]["minReadySeconds"] = ready;
    annotate(set, std::to_string(revision));
    newest_ = name;
    sets_.push_back(set);
    const int size = size_of_newest(sets_.back());
    resize(sets_.back(), size, false);
    sets_.back() = *plane_.create(sets_type(), sets_.back());
    deployment_["metadata"]["annotations"][revision_annotation] = std::to_string(revision);
    progressing("True", "NewReplicaSetCreated",
                fmt::format("Created new replica set \"{}\"", name));
    if (size > 0) tell_scaled(name, "up", 0, size);
  }

  Json& conditions() { return deployment_["status"]["conditions"]; }
  void progressing(const std::string& status, const std::string& reason,
                   const std::string& message) {
    set_condition(conditions(),
                  {{"type", "Progressing"},
                   {"status", status},
                   {"reason", reason},
                   {"message", message},
                   {"lastUpdateTime", plane_.time()}},
                  plane_.time());
  }

  // How many the newest may have now.
  int size_of_newest(const Json& set) const {
    if (text_at(deployment_, {"spec", "strategy", "type"}) == "Recreate") return wanted();
    const int most = wanted() + rolling_limits(deployment_).surge;
    const int current = total(replicas_of);
    if (current >= most) return replicas_of(set);
    return replicas_of(set) + std::min(most - current, wanted() - replicas_of(set));
  }

  bool resize(Json& set, int size, bool tell = true) {
    auto& annotations = set["metadata"]["annotations"];
    annotations[desired_annotation] = std::to_string(wanted());
    annotations[max_annotation] = std::to_string(wanted() + rolling_limits(deployment_).surge);
    const int before = replicas_of(set);
    set["spec"]["replicas"] = size;
    if (before == size) return false;
    if (tell) tell_scaled(name_of(set), before < size ? "up" : "down", before, size);
    return true;
  }
  void tell_scaled(const std::string& set, const std::string& way, int from, int to) {
    plane_.event(deployment_, "Deployment", false, "ScalingReplicaSet",
                 fmt::format("Scaled {} replica set {} from {} to {}", way, set, from, to),
                 "deployment-controller");
  }

  bool is_scaling() const {
    return std::any_of(sets_.begin(), sets_.end(), [&](const Json& set) {
      const auto desired = annotation(set, desired_annotation);
      return replicas_of(set) > 0 && !desired.empty() && desired != std::to_string(wanted());
    });
  }

  void scale() {
    std::vector<Json*> active;
    for (auto& set : sets_)
      if (replicas_of(set) > 0) active.push_back(&set);
    if (active.size() <= 1) {
      Json* only = !active.empty() ? active.front()
                   : newest()      ? newest()
                   : sets_.empty() ? nullptr
                                   : &sets_.back();
      if (only) resize(*only, wanted());
      return;
    }
    if (Json* set = newest(); set && replicas_of(*set) == wanted() &&
                              available_of(*set) == wanted() &&
                              annotation(*set, desired_annotation) == std::to_string(wanted())) {
      for (auto* old : old_sets()) resize(*old, 0);
      return;
    }
    if (text_at(deployment_, {"spec", "strategy", "type"}) != "Recreate")
      scale_proportionally(active);
  }

  // Larger ReplicaSets get more of what is added; what rounding leaves goes to the largest.
  void scale_proportionally(std::vector<Json*> active) {
    const int allowed = wanted() > 0 ? wanted() + rolling_limits(deployment_).surge : 0;
    const int to_add = allowed - total(replicas_of);
    std::stable_sort(active.begin(), active.end(), [](const Json* a, const Json* b) {
      return replicas_of(*a) > replicas_of(*b);
    });
    int added = 0;
    std::vector<int> sizes;
    for (const auto* set : active) {
      const auto most = annotation(*set, max_annotation);
      const double base = std::max(1, most.empty() ? wanted() : std::stoi(most));
      int share =
          static_cast<int>(std::lround(replicas_of(*set) * static_cast<double>(allowed) / base)) -
          replicas_of(*set);
      const int left = to_add - added;
      share = to_add > 0 ? std::clamp(share, 0, left) : std::clamp(share, left, 0);
      added += share;
      sizes.push_back(replicas_of(*set) + share);
    }
    sizes.front() = std::max(0, sizes.front() + to_add - added);
    for (std::size_t i = 0; i < active.size(); ++i) resize(*active[i], std::max(0, sizes[i]));
  }

  void roll() {
    Json* set = newest();
    if (!set) return;
    const int size = replicas_of(*set) > wanted() ? wanted() : size_of_newest(*set);
    if (resize(*set, size)) return;
    if (shrink_old()) return;
    clean_up();
  }

  bool shrink_old() {
    auto old = old_sets();
    int running = 0;
    for (const auto* set : old) running += replicas_of(*set);
    if (running == 0) return false;
    const auto limits = rolling_limits(deployment_);
    const int least = wanted() - limits.unavailable;
    const int missing = replicas_of(*newest()) - available_of(*newest());
    const int may_go = total(replicas_of) - least - missing;
    if (may_go <= 0) return false;
    int gone = 0;
    for (auto* set : old) {  // those that are ill first
      const int ill = std::min(may_go - gone, replicas_of(*set) - available_of(*set));
      if (replicas_of(*set) == 0 || ill <= 0) continue;
      resize(*set, replicas_of(*set) - ill);
      gone += ill;
    }
    int spare = total(available_of) - least;
    for (auto* set : old) {
      const int down = std::min(replicas_of(*set), spare);
      if (down <= 0) continue;
      resize(*set, replicas_of(*set) - down);
      spare -= down;
      gone += down;
    }
    return gone > 0;
  }

  void recreate() {
    bool shrunk = false, left = false;
    for (auto* set : old_sets()) {
      if (replicas_of(*set) > 0) shrunk = resize(*set, 0) || shrunk;
      left = left || number_at(*set, {"status", "replicas"}) > 0 || has_pods(*set);
    }
    if (shrunk || left || !newest()) return;
    resize(*newest(), wanted());
    clean_up();
  }
  bool has_pods(const Json& set) const { return !plane_.owned(type("pods"), set).empty(); }

  // Old ReplicaSets beyond revisionHistoryLimit go, the oldest revisions first.
  void clean_up() {
    const auto& status = deployment_["status"];
    const bool complete = number_at(status, {"updatedReplicas"}) == wanted() &&
                          number_at(status, {"replicas"}) == wanted() &&
                          number_at(status, {"availableReplicas"}) == wanted() &&
                          number_at(status, {"observedGeneration"}) >=
                              number_at(deployment_, {"metadata", "generation"});
    if (!complete) return;
    auto old = old_sets();
    std::erase_if(old, [](const Json* set) {
      return replicas_of(*set) != 0 || number_at(*set, {"status", "replicas"}) != 0;
    });
    std::sort(old.begin(), old.end(),
              [](const Json* a, const Json* b) { return revision_of(*a) < revision_of(*b); });
    const int limit = number_at(deployment_, {"spec", "revisionHistoryLimit"}, 10);
    std::set<std::string> gone;
    for (int i = 0; i + limit < static_cast<int>(old.size()); ++i)
      gone.insert(name_of(*old[static_cast<std::size_t>(i)]));
    for (const auto& name : gone) plane_.store.erase(sets_type(), namespace_of(deployment_), name);
    std::erase_if(sets_, [&](const Json& set) { return gone.contains(name_of(set)); });
  }

  ControlPlane& plane_;
  Json deployment_;
  std::vector<Json> sets_;  // oldest first
  std::string newest_;      // its name
};

}  // namespace

RollingLimits rolling_limits(const Json& deployment) {
  const Json& rolling = at(deployment, {"spec", "strategy", "rollingUpdate"});
  RollingLimits limits;
  if (!rolling.is_object()) return limits;
  const int replicas = replicas_of(deployment);
  limits.surge = resolve(at(rolling, {"maxSurge"}), replicas, true);
  limits.unavailable = resolve(at(rolling, {"maxUnavailable"}), replicas, false);
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  return limits;
}

int replicas_of(const Json& object) { return number_at(object, {"spec", "replicas"}, 1); }
int available_of(const Json& object) { return number_at(object, {"status", "availableReplicas"}); }
int revision_of(const Json& object) {
  return std::atoi(annotation(object, revision_annotation).c_str());
}
std::string annotation(const Json& object, const std::string& name) {
  return text_at(object, {"metadata", "annotations", name});
}

void run_deployments(ControlPlane& plane) {
  for (const auto& deployment : plane.store.list(type("deployments")))
    DeploymentSync(plane, *deployment).run();
}

}  // namespace mlopsctl::testing
