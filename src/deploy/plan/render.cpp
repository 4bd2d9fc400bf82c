#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include "deploy/plan/pod_template.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {

namespace {

constexpr const char* app_label = "app";

class Renderer {
 public:
  explicit Renderer(const DeployPlan& plan) : plan_(plan) {}

  std::vector<Json> all() {
    switch (plan_.strategy) {
      case StrategyKind::rolling:
        add_deployment(plan_.app, {{app_label, plan_.app}}, false);
        add_service(service_name(), {{app_label, plan_.app}});
        break;
      case StrategyKind::blue_green:
        blue_green();
        break;
      case StrategyKind::canary:
        canary();
        break;
    }
    add_disruption_budget();
    return std::move(manifests_);
  }

 private:
  std::string service_name() const { return plan_.service.empty() ? plan_.app : plan_.service; }

  Json object(const char* api, const char* kind, const std::string& name,
              const Json& labels) const {
    Json metadata{{"name", name}, {"labels", labels}};
    metadata["labels"]["app.kubernetes.io/managed-by"] = "mlopsctl";
    if (!plan_.name_space.empty()) metadata["namespace"] = plan_.name_space;
    return {{"apiVersion", api}, {"kind", kind}, {"metadata", std::move(metadata)}};
  }

  // `parked`: without pods until it is its turn.
  void add_deployment(const std::string& name, const Json& labels, bool parked) {
    Json deployment = object("apps/v1", "Deployment", name, labels);
    Json& spec = deployment["spec"];
    // What an autoscaler sets is not to be set back by applying the manifest again. It leaves a
    // Deployment of none alone.
    if (parked) {
      spec["replicas"] = 0;
    } else if (!plan_.autoscale.enabled) {
      spec["replicas"] = plan_.replicas;
    }
    spec["revisionHistoryLimit"] = 10;
    constexpr int ready_seconds = 5;
    spec["minReadySeconds"] = ready_seconds;
    spec["progressDeadlineSeconds"] =
        std::max<std::int64_t>(plan_.budgets.rollout.count() / 1000, ready_seconds + 1);
    spec["selector"]["matchLabels"] = labels;
    spec["strategy"] = {{"type", "RollingUpdate"},
                        {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}};
    spec["template"] = render_pod_template(plan_, labels);
    manifests_.push_back(std::move(deployment));
    if (plan_.autoscale.enabled) add_autoscaler(name, labels);
  }

  void add_service(const std::string& name, const Json& selector) {
    Json service = object("v1", "Service", name, {{app_label, plan_.app}});
    service["spec"] = {{"type", "ClusterIP"},
                       {"selector", selector},
                       {"ports",
                        {{{"name", "http"},
                          {"port", plan_.service_port == 0 ? plan_.port : plan_.service_port},
                          {"targetPort", "http"}}}}};
    manifests_.push_back(std::move(service));
  }

  void blue_green() {
    const BlueGreenPlan& colours = plan_.blue_green;
    const auto labels = [&](const std::string& colour) {
      return Json{{app_label, plan_.app}, {colours.label, colour}};
    };
    add_deployment(plan_.app + "-" + colours.blue, labels(colours.blue), false);
    add_deployment(plan_.app + "-" + colours.green, labels(colours.green), true);
    add_service(service_name(), labels(colours.blue));
  }

  void canary() {
    const std::string track(track_label);
    const Json stable{{app_label, plan_.app}, {track, "stable"}};
    add_deployment(plan_.app, stable, false);
    // By the number of pods: the one Service takes both.
    add_service(service_name(), {{app_label, plan_.app}});
    if (plan_.canary.traffic.router == RouterKind::replicas) return;
    add_service(plan_.app + "-stable", stable);
    add_service(plan_.app + "-canary", {{app_label, plan_.app}, {track, "canary"}});
  }

  // One for all pods of the app, whichever colour or track: two on the same pods would block every
  // drain.
  void add_disruption_budget() {
    Json budget = object("policy/v1", "PodDisruptionBudget", plan_.app, {{app_label, plan_.app}});
    Json& spec = budget["spec"];
    if (plan_.server.disruption_min_available) {
      spec["minAvailable"] = *plan_.server.disruption_min_available;
    } else {
      spec["maxUnavailable"] = 1;
    }
    spec["selector"]["matchLabels"] = {{app_label, plan_.app}};
    manifests_.push_back(std::move(budget));
  }

  void add_autoscaler(const std::string& name, const Json& labels) {
    const AutoscalePlan& scale = plan_.autoscale;
    Json scaler = object("autoscaling/v2", "HorizontalPodAutoscaler", name, labels);
    Json metrics = Json::array();
    if (scale.cpu) {
      metrics.push_back(
          {{"type", "Resource"},
           {"resource",
            {{"name", "cpu"},
             {"target", {{"type", "Utilization"}, {"averageUtilization", *scale.cpu}}}}}});
    }
    const auto pods = [&](const std::string& metric, int value) {
      metrics.push_back(
          {{"type", "Pods"},
           {"pods",
            {{"metric", {{"name", metric}}},
             {"target", {{"type", "AverageValue"}, {"averageValue", std::to_string(value)}}}}}});
    };
    if (scale.gpu) pods(scale.gpu_metric, *scale.gpu);
    if (scale.requests_per_second) pods(scale.requests_metric, *scale.requests_per_second);
    const auto behaviour = [](int stabilise, const char* type, int value) {
      return Json{{"stabilizationWindowSeconds", stabilise},
                  {"policies", {{{"type", type}, {"value", value}, {"periodSeconds", 60}}}}};
    };
    scaler["spec"] = {
        {"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
        {"minReplicas", scale.min},
        {"maxReplicas", scale.max},
        {"metrics", std::move(metrics)},
        {"behavior",
         {{"scaleUp", behaviour(60, "Percent", 50)}, {"scaleDown", behaviour(300, "Pods", 1)}}}};
    manifests_.push_back(std::move(scaler));
  }

  const DeployPlan& plan_;
  std::vector<Json> manifests_;
};

}  // namespace

std::vector<Json> render_manifests(const DeployPlan& plan) {
  if (plan.image.empty()) {
    throw Error(ErrorKind::config, "the plan has no image",
                "write it into the file, or give --set image=…");
  }
  return Renderer(plan).all();
}

}  // namespace mlopsctl
