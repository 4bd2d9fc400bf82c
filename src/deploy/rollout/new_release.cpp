#include "deploy/rollout/new_release.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"

#include "deploy/cluster/config_references.hpp"
#include "deploy/rollout/pod_report.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace mlopsctl::rollout {
namespace {

// Reads as the cluster, and makes believe that it created what it was asked to.
class Rehearsed : public ForwardingCluster {
 public:
  using ForwardingCluster::ForwardingCluster;

  Json create(const Json& manifest) override { return manifest; }
  Json patch(const ObjectRef& object, PatchKind /*kind*/, const Json& /*patch*/) override {
    refuse(object.name);
  }
  void remove(const ObjectRef& object) override { refuse(object.name); }
  std::vector<Json> apply(std::span<const Json> /*manifests*/, bool /*dry_run*/) override {
    refuse("manifests");
  }

 private:
  [[noreturn]] static void refuse(const std::string& what) {
    throw Error(ErrorKind::bug, fmt::format("planning wanted to change '{}'", what));
  }
};

std::string kind_of(const Json& object) {
  return text_at(object, "kind") == "Secret" ? "secret" : "configmap";
}

std::vector<std::string> labels_apart(const DeployPlan& plan) {
  if (plan.strategy != StrategyKind::blue_green) return {};
  return {plan.blue_green.label};
}

}  // namespace

std::string version_hash(const DeployPlan& plan, const Json& pod_template) {
  return template_hash(pod_template, labels_apart(plan));
}

Json with_originals(Cluster& cluster, const Json& pod_template,
                    const std::map<std::string, std::string>& configs) {
  std::vector<ObjectRef> references;
  std::map<std::string, std::string> original_of;  // "configmap/copy" → original's name
  for (const auto& [key, copy] : configs) {
    const auto slash = key.find('/');
    const std::string kind = key.substr(0, slash), name = key.substr(slash + 1);
    original_of[kind + "/" + copy] = name;
    references.push_back({.kind = kind, .name = name, .selector = {}});
  }
  Json result = pod_template;
  if (references.empty()) return result;
  std::set<std::string> exist;
  for (const Json& object : cluster.get(references))
    exist.insert(kind_of(object) + "/" + text_at(object.at("metadata"), "name"));
  deploy::each_config(result, [&](const deploy::ConfigReference& reference) {
    const auto found = original_of.find(std::string(reference.kind) + "/" + reference.name);
    if (found == original_of.end()) return;
    if (exist.contains(std::string(reference.kind) + "/" + found->second))
      reference.name = found->second;
  });
  return result;
}

Json planned_template(Cluster& cluster, const std::string& app, const Json& live,
                      std::map<std::string, std::string>& configs) {
  Rehearsed rehearsed(cluster);
  std::map<std::string, std::string> before;
  version_configs(rehearsed, app, live, before);
  return version_configs(rehearsed, app, with_originals(cluster, live, before), configs);
}

Release live_release(const DeployPlan& plan, const Json& deployment,
                     const std::vector<Release>& history) {
  const Json& live = pod_template(deployment);
  const std::string hash = version_hash(plan, live);
  Release release;
  for (const Release& known : history) {
    const bool served = known.outcome == ReleaseOutcome::succeeded;
    if (served && known.template_hash == hash) release = known;
  }
  release.strategy = plan.strategy;
  release.image = image_of(live, container_of(plan, live));
  release.template_hash = hash;
  release.pod_template_text = live.dump();
  release.replicas = replicas_of(deployment);
  release.deployment = text_at(deployment.at("metadata"), "name");
  return release;
}

Release release_of(Session& session, const Json& pod_template, const PinnedImage& image,
                   const std::map<std::string, std::string>& configs) {
  Release release = session.state().to;  // origin and user may be there already
  release.id = session.state().id;
  release.strategy = session.plan().strategy;
  release.outcome = ReleaseOutcome::running;
  release.image = image.pinned;
  release.tag = image.asked;
  release.template_hash = version_hash(session.plan(), pod_template);
  release.pod_template_text = pod_template.dump();
  release.configs = configs;
  release.started = session.state().started;
  return release;
}

void prepare(Session& session) {
  State& state = session.state();
  Cluster& cluster = session.cluster();
  if (state.plan_text.empty()) state.plan_text = plan_json(session.plan());
  session.save();
  const Json planned = Json::parse(state.to.pod_template_text);
  if (state.is_rollback) {
    version_configs(cluster, session.plan().app, planned, state.to.configs);  // are they there?
  } else {
    std::map<std::string, std::string> configs;
    const Json next = version_configs(cluster, session.plan().app,
                                      with_originals(cluster, planned, state.to.configs), configs);
    state.to.configs = configs;
    state.to.pod_template_text = next.dump();
    state.to.template_hash = version_hash(session.plan(), next);
  }
  ReleaseHistory history(cluster, session.plan().app);
  // What served before the first deployment is a version to go back to as well.
  std::vector<Release> releases;
  const auto adopted = state.notes.find("adopted");
  if (state.from.id.empty() && adopted != state.notes.end()) {
    Release before = state.from;
    before.id = adopted->second;
    before.outcome = ReleaseOutcome::succeeded;
    before.reason = "served before the first deployment by mlopsctl";
    before.started = before.finished = state.started;
    releases.push_back(std::move(before));
  }
  releases.push_back(state.to);
  state.to.number = history.write(releases);
}

}  // namespace mlopsctl::rollout
