#include "deploy/rollout/workload.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/cluster/lease.hpp"
#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlopsctl::rollout {
namespace {

std::string render_hint(Session& session) {
  const std::string file =
      session.plan().file.empty() ? "deploy.yaml" : session.plan().file.string();
  return fmt::format("'mlopsctl deploy render {} | {} apply -f -' makes it", file,
                     kubectl_line(session));
}

Json require(Session& session, const ObjectRef& reference, const std::string& what) {
  auto found = get_one(session.cluster(), reference);
  if (found) return std::move(*found);
  throw Error(ErrorKind::not_found,
              fmt::format("there is no {} {} in {}", what, quote(reference.name),
                          session.cluster().describe()),
              render_hint(session));
}

std::string requirement(const Json& expression) {
  std::string key = text_at(expression, "key");
  const std::string how = text_at(expression, "operator");
  if (how == "Exists") return key;
  if (how == "DoesNotExist") return "!" + key;
  const auto values = expression.value("values", std::vector<std::string>{});
  return fmt::format("{} {} ({})", key, how == "NotIn" ? "notin" : "in", fmt::join(values, ","));
}

std::vector<std::string> container_names(const Json& pod_template) {
  std::vector<std::string> names;
  for (const Json& container : pod_template.at("spec").at("containers"))
    names.push_back(text_at(container, "name"));
  return names;
}

}  // namespace

ObjectRef deployment_ref(const std::string& name) {
  return {.kind = "deployment.apps", .name = name, .selector = {}};
}

ObjectRef service_ref(const std::string& name) {
  return {.kind = "service", .name = name, .selector = {}};
}

std::string selector_text(const Json& deployment, const std::string& without) {
  const Json& selector = deployment.at("spec").at("selector");
  std::vector<std::string> parts;
  const Json labels = selector.value("matchLabels", Json::object());
  for (const auto& [key, value] : labels.items()) {
    if (key != without) parts.push_back(key + "=" + value.get<std::string>());
  }
  for (const Json& expression : selector.value("matchExpressions", Json::array())) {
    if (text_at(expression, "key") != without) parts.push_back(requirement(expression));
  }
  return join(parts, ",");
}

const Json& pod_template(const Json& deployment) { return deployment.at("spec").at("template"); }

int replicas_of(const Json& deployment) {
  const Json& spec = deployment.at("spec");
  return spec.contains("replicas") ? number_at(spec, "replicas") : 1;
}

std::string container_of(const DeployPlan& plan, const Json& pod_template) {
  const auto names = container_names(pod_template);
  const auto has = [&](const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  if (!plan.container.empty() && has(plan.container)) return plan.container;
  if (plan.container.empty() && names.size() == 1) return names.front();
  if (plan.container.empty() && has(plan.app)) return plan.app;
  const std::string asked = plan.container.empty()
                                ? fmt::format("which container's image it is, is not said")
                                : fmt::format("there is no container {}", quote(plan.container));
  throw Error(ErrorKind::config, fmt::format("{}: the pods have {}", asked, fmt::join(names, ", ")),
              "name one with 'container:' in the plan");
}

std::string image_of(const Json& pod_template, const std::string& container) {
  for (const Json& one : pod_template.at("spec").at("containers")) {
    if (text_at(one, "name") == container) return text_at(one, "image");
  }
  return {};
}

void set_image(Json& pod_template, const std::string& container, const std::string& image) {
  for (Json& one : pod_template.at("spec").at("containers")) {
    if (text_at(one, "name") == container) one["image"] = image;
  }
}

std::string annotation(const Json& object, const std::string& name) {
  return text_at(object.at("metadata").value("annotations", Json::object()), name);
}

Json require_deployment(Session& session, const std::string& name) {
  return require(session, deployment_ref(name), "Deployment");
}

Json require_service(Session& session, const std::string& name) {
  return require(session, service_ref(name), "Service");
}

void refuse_paused(const Json& deployment) {
  if (!deployment.at("spec").value("paused", false)) return;
  const std::string name = text_at(deployment.at("metadata"), "name");
  throw Error(ErrorKind::conflict,
              fmt::format("Deployment {} is paused, so that Kubernetes would roll nothing out",
                          quote(name)),
              fmt::format("'kubectl rollout resume deployment/{}' first", name));
}

void require_healthy(Session& session, const WorkloadView& view) {
  const Json& deployment = view.deployment.front();
  const Rollout now = judge(session, deployment, view, Milliseconds{0}, 0);
  const Json status = deployment.value("status", Json::object());
  const bool complete =
      now.wanted == 0 || (now.ready > 0 && number_at(status, "replicas") == now.updated);
  if (now.verdict != RolloutVerdict::failed && complete) return;
  std::string why = now.reason;
  if (why.empty()) {
    why = fmt::format("{} of {} pods of its newest version are ready, {} are of older ones",
                      now.ready, now.wanted, number_at(status, "replicas") - now.updated);
  }
  throw Error(ErrorKind::conflict,
              fmt::format("what serves now is not healthy, so that there would be nothing to go "
                          "back to: Deployment {}: {}",
                          quote(text_at(deployment.at("metadata"), "name")), why),
              "--force-from-unhealthy deploys all the same; 'mlopsctl rollback' goes back to the "
              "last version that was good");
}

Rollout judge(Session& session, const Json& deployment, const WorkloadView& view, Milliseconds age,
              int expected) {
  return judge_rollout(deployment, view.replica_sets, view.pods, session.plan().budgets, age,
                       session.clock().wall(), expected);
}

Rollout judge_return(Session& session, const Json& deployment, const WorkloadView& view,
                     Milliseconds age, int expected) {
  Budgets budgets = session.plan().budgets;
  budgets.rollout = budgets.rollback;
  budgets.tolerate_until_deadline = true;
  return judge_rollout(deployment, view.replica_sets, view.pods, budgets, age,
                       session.clock().wall(), expected);
}

std::string kubectl_line(Session& session) {
  std::string line = "kubectl";
  if (!session.plan().context.empty()) line += " --context " + session.plan().context;
  return line + " -n " + session.cluster().name_space();
}

std::string pointer_part(const std::string& key) {
  std::string escaped;
  for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return escaped;
}

void own(Session& session, const Json& object) {
  if (annotation(object, deploy::fence_annotation) == session.fence()) return;
  session.claim({.kind = text_at(object, "kind") == "Service" ? "service" : "deployment.apps",
                 .name = text_at(object.at("metadata"), "name"),
                 .selector = {}});
}

}  // namespace mlopsctl::rollout
