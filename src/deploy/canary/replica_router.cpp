// Weights by numbers of pods: Deployments APP and APP-canary behind one Service.
#include "mlopsctl/base/error.hpp"

#include "deploy/canary/canary_objects.hpp"
#include "deploy/canary/routers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::canary {
namespace {

struct Side {
  bool exists = false;
  int wanted = 0, ready = 0;
};

int number(const Json& object, const char* pointer, int otherwise) {
  const auto at = Json::json_pointer(pointer);
  return object.contains(at) && object.at(at).is_number_integer() ? object.at(at).get<int>()
                                                                  : otherwise;
}

Side side_of(const Json& deployment) {
  Side side{.exists = true, .wanted = number(deployment, "/spec/replicas", 1), .ready = 0};
  const bool observed = number(deployment, "/status/observedGeneration", 0) >=
                        number(deployment, "/metadata/generation", 0);
  if (observed) side.ready = std::min(side.wanted, number(deployment, "/status/readyReplicas", 0));
  return side;
}

double share(int stable, int canary) {
  return stable + canary == 0 ? 0 : 100.0 * canary / (stable + canary);
}

class ReplicaRouter : public TrafficRouter {
 public:
  explicit ReplicaRouter(const DeployPlan& plan)
      : app_(plan.app), canary_(canary_name(plan.app)), service_(service_of(plan)) {}

  std::string stable_service(Cluster& cluster) override {
    if (!get_one(cluster, service_ref(service_))) {
      throw Error(ErrorKind::not_found, fmt::format("there is no Service '{}'", service_));
    }
    return service_;
  }

  void prepare(Session& /*session*/) override {}  // the pods are all there is

  Shares set(Session& session, int weight) override {
    const auto [stable_object, canary_object] = read_both(session.cluster());
    if (stable_object.is_null()) {
      throw ClusterError(ClusterFailure::not_found, fmt::format("Deployment {} is gone", app_));
    }
    own(session, deployment_ref(app_), stable_object);
    if (!canary_object.is_null()) own(session, deployment_ref(canary_), canary_object);
    const Side stable = side_of(stable_object);
    const Side canary = canary_object.is_null() ? Side{} : side_of(canary_object);
    const ReplicaSplit split = split_for(session.state(), stable.wanted, weight);
    Shares shares{.canary = weight, .actual = share(split.stable, split.canary), .pending = {}};
    // Whichever side grows goes first, so that there are never fewer pods than before.
    if (split.stable > stable.wanted) scale(session, app_, split.stable);
    if (split.canary > canary.wanted && canary.exists) scale(session, canary_, split.canary);
    if (split.canary < canary.wanted) {
      if (stable.ready == 0) {
        shares.pending = "no stable pod is ready yet";
        return shares;
      }
      scale(session, canary_, split.canary);
    }
    if (split.stable < stable.wanted) {
      if (canary.ready < split.canary) {
        shares.pending = fmt::format("{} of {} canary pods are ready", canary.ready, split.canary);
        return shares;
      }
      scale(session, app_, split.stable);
    } else if (canary.exists && canary.ready < split.canary) {
      shares.pending = fmt::format("{} of {} canary pods are ready", canary.ready, split.canary);
    }
    return shares;
  }

  std::optional<Shares> read(Cluster& cluster) override {
    const auto [stable, candidate] = read_both(cluster);
    if (stable.is_null() || candidate.is_null()) return std::nullopt;
    const double actual = share(side_of(stable).wanted, side_of(candidate).wanted);
    return Shares{.canary = static_cast<int>(std::lround(actual)), .actual = actual, .pending = {}};
  }

  void tidy(Session& session) override { set(session, 0); }

  std::vector<std::string> manual_steps(const State& state) const override {
    return {
        fmt::format("scale deployment/{} --replicas={}", app_, std::max(1, state.from.replicas))};
  }

  std::string describe() const override {
    return fmt::format("replicas of Deployments {} and {}", app_, canary_);
  }

 private:
  std::pair<Json, Json> read_both(Cluster& cluster) const {
    const std::array<ObjectRef, 2> references{deployment_ref(app_), deployment_ref(canary_)};
    std::pair<Json, Json> both;
    for (Json& found : cluster.get(references)) {
      Json& workload = found.at("metadata").at("name") == app_ ? both.first : both.second;
      workload = std::move(found);
    }
    return both;
  }

  ReplicaSplit split_for(const State& state, int stable_now, int weight) const {
    if (weight == 0) {
      const bool scaled = state.notes.contains("route.autoscaler");
      return {.stable = scaled ? stable_now : std::max(state.from.replicas, 1), .canary = 0};
    }
    if (state.notes.contains("route.autoscaler")) return pods_beside(stable_now, weight);
    return split_replicas(state.from.replicas, weight, 1);
  }

  void scale(Session& session, const std::string& name, int replicas) {
    session.change(deployment_ref(name),
                   Json::array({{{"op", "add"}, {"path", "/spec/replicas"}, {"value", replicas}}}),
                   [&](const Json& now) { return number(now, "/spec/replicas", 1) == replicas; });
  }

  std::string app_, canary_, service_;
};

}  // namespace

ReplicaSplit pods_beside(int stable, int weight) {
  if (weight >= 100) return {.stable = stable, .canary = std::max(stable, 1)};
  const double exact = static_cast<double>(stable) * weight / (100 - weight);
  return {.stable = stable, .canary = std::max(1, static_cast<int>(std::lround(exact)))};
}

std::unique_ptr<TrafficRouter> replica_router(const DeployPlan& plan) {
  return std::make_unique<ReplicaRouter>(plan);
}

}  // namespace mlopsctl::canary
