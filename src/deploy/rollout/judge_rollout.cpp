#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/health.hpp"

#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mlopsctl {
namespace {

using rollout::condition_of;
using rollout::examine_pod;
using rollout::number_at;
using rollout::PodFinding;
using rollout::PodReport;
using rollout::text_at;

constexpr int ended_pods_allowed = 2;  // evictions happen; three are no accident

const char* const revision = "deployment.kubernetes.io/revision";

bool is_owned_by(const Json& object, const std::string& uid) {
  const Json owners = object.at("metadata").value("ownerReferences", Json::array());
  return std::ranges::any_of(owners,
                             [&](const Json& owner) { return text_at(owner, "uid") == uid; });
}

std::string annotation(const Json& object, const char* key) {
  return text_at(object.at("metadata").value("annotations", Json::object()), key);
}

// The ReplicaSet with the Deployment's own revision; none until its controller made one.
const Json* newest(const Json& deployment, const std::vector<Json>& replica_sets) {
  const std::string uid = text_at(deployment.at("metadata"), "uid");
  for (const Json& set : replica_sets) {
    if (is_owned_by(set, uid) && annotation(set, revision) == annotation(deployment, revision))
      return &set;
  }
  return nullptr;
}

// One sentence when the Deployment itself says that it cannot go on.
std::string stuck(const Json& deployment, const Budgets& budgets, const rollout::Moment& moment) {
  const Json failure = condition_of(deployment, "ReplicaFailure");
  if (text_at(failure, "status") == "True" && !budgets.tolerate_until_deadline) {
    return fmt::format("pods cannot be created ({}): {}", text_at(failure, "reason"),
                       text_at(failure, "message"));
  }
  const Json progress = condition_of(deployment, "Progressing");
  if (text_at(progress, "reason") != "ProgressDeadlineExceeded") return {};
  // The condition of a rollout before this one stays until the first progress of this one.
  const std::string updated = text_at(progress, "lastUpdateTime");
  constexpr Milliseconds clock_slack{60'000};
  if (!updated.empty()) {
    try {
      if (parse_time(updated, moment.now) + clock_slack < moment.now - moment.age) return {};
    } catch (const Error&) {
      return {};
    }
  }
  return "the Deployment made no progress for its progressDeadlineSeconds: " +
         text_at(progress, "message");
}

void take(Rollout& result, const std::vector<PodReport>& reports, const Budgets& budgets) {
  std::vector<PodFinding> findings;
  int ended = 0;
  std::string last_end;
  for (const PodReport& report : reports) {
    if (report.ended) {
      ++ended;
      last_end = report.findings.front().sentence;
    } else {
      result.pods.push_back(report.name);
    }
    if (report.ready) result.ready_pods.push_back(report.name);
    findings.insert(findings.end(), report.findings.begin(), report.findings.end());
    result.warnings.insert(result.warnings.end(), report.warnings.begin(), report.warnings.end());
  }
  result.ready = static_cast<int>(result.ready_pods.size());
  std::ranges::stable_sort(findings, std::greater<>(), &PodFinding::fatal);
  for (const PodFinding& finding : findings) result.troubles.push_back(finding.trouble);
  if (budgets.tolerate_until_deadline) return;
  if (!findings.empty() && findings.front().fatal) {
    result.reason = findings.front().sentence;
  } else if (ended > ended_pods_allowed) {
    result.reason =
        fmt::format("{} pods of the new version ended; the last one: {}", ended, last_end);
  }
}

std::string too_late(const Rollout& rollout, const std::vector<PodReport>& reports, int needed,
                     Milliseconds budget) {
  std::string text = fmt::format("{} of {} pods are ready after {}", rollout.ready, needed,
                                 human_duration(budget));
  for (const PodReport& report : reports) {
    if (!report.findings.empty()) return text + "; " + report.findings.front().sentence;
  }
  return rollout.warnings.empty() ? text : text + "; " + rollout.warnings.front();
}

// Only a status that is about the present specification counts.
bool is_complete(const Json& deployment, const Rollout& rollout, int needed) {
  const Json status = deployment.value("status", Json::object());
  const bool old_are_gone = number_at(status, "replicas") == rollout.updated;
  return old_are_gone && rollout.updated >= needed && rollout.available >= needed &&
         rollout.ready >= needed;
}

}  // namespace

Rollout judge_rollout(const Json& deployment, const std::vector<Json>& replica_sets,
                      const std::vector<Json>& pods, const Budgets& budgets, Milliseconds age,
                      Timestamp now, int expected) {
  const rollout::Moment moment{.age = age, .now = now};
  const Json spec = deployment.value("spec", Json::object());
  const Json status = deployment.value("status", Json::object());
  Rollout result;
  result.wanted = spec.contains("replicas") ? number_at(spec, "replicas") : 1;
  const int needed = expected > 0 ? std::min(expected, result.wanted) : result.wanted;
  const bool observed =
      number_at(status, "observedGeneration") >= number_at(deployment.at("metadata"), "generation");
  std::vector<PodReport> reports;
  const Json* set = observed ? newest(deployment, replica_sets) : nullptr;
  if (observed) {
    result.updated = number_at(status, "updatedReplicas");
    result.available = number_at(status, "availableReplicas");
    result.reason = stuck(deployment, budgets, moment);
  }
  if (set != nullptr) {
    const Json labels = set->at("metadata").value("labels", Json::object());
    result.template_hash = text_at(labels, "pod-template-hash");
    const std::string uid = text_at(set->at("metadata"), "uid");
    for (const Json& pod : pods) {
      if (!is_owned_by(pod, uid) || pod.at("metadata").contains("deletionTimestamp")) continue;
      reports.push_back(examine_pod(pod, budgets, moment));
    }
    const std::string before = result.reason;
    take(result, reports, budgets);
    if (!before.empty()) result.reason = before;
  }
  if (spec.value("paused", false)) {
    result.warnings.emplace_back("the Deployment is paused, so that Kubernetes rolls nothing out");
  }
  if (!result.reason.empty()) {
    result.verdict = RolloutVerdict::failed;
  } else if (set != nullptr && is_complete(deployment, result, needed)) {
    result.verdict = RolloutVerdict::ready;
  } else if (age >= budgets.rollout) {
    result.verdict = RolloutVerdict::failed;
    result.reason = too_late(result, reports, needed, budgets.rollout);
  }
  return result;
}

WorkloadView read_workload(Cluster& cluster, const std::string& deployment,
                           const std::string& selector) {
  const std::array references{
      ObjectRef{.kind = "deployment.apps", .name = deployment, .selector = {}},
      ObjectRef{.kind = "replicasets.apps", .name = {}, .selector = selector},
      ObjectRef{.kind = "pods", .name = {}, .selector = selector}};
  WorkloadView view;
  for (Json& object : cluster.get(references)) {
    const std::string kind = text_at(object, "kind");
    auto& list = kind == "Deployment"   ? view.deployment
                 : kind == "ReplicaSet" ? view.replica_sets
                                        : view.pods;
    list.push_back(std::move(object));
  }
  return view;
}

}  // namespace mlopsctl
