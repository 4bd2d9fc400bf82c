// The way back: the old colour up, traffic to it, and only then the new one down. As long as one
// side is ready, the Service points to a side that is.
#include "mlopsctl/base/text.hpp"

#include "deploy/rollout/blue_green.hpp"
#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

namespace mlopsctl::rollout {
namespace {

using Severity = DeployEvent::Severity;

int number_in(const std::string& text) {
  int value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::max(1, value);
}

// Of whatever version: somebody may be at work on that colour.
std::set<std::string> pods_of(Session& session, const Colours& colours, const std::string& colour) {
  std::set<std::string> names;
  for (const Json& pod : colours.workload.pods) {
    const Json& metadata = pod.at("metadata");
    const Json labels = metadata.value("labels", Json::object());
    if (text_at(labels, session.plan().blue_green.label) == colour)
      names.insert(text_at(metadata, "name"));
  }
  return names;
}

int old_size(const State& state) { return number_in(state.notes.at("old_size")); }

}  // namespace

Tick BlueGreen::back(Session& session, const Colours& colours) {
  if (colours.live == session.state().notes.at("new")) return return_traffic(session, colours);
  return park_new(session, colours);
}

Tick BlueGreen::return_traffic(Session& session, const Colours& colours) {
  State& state = session.state();
  const Milliseconds age = timer_.age(session);
  const int size =
      std::max(old_size(state),
               number_at(colours.new_side.value("status", Json::object()), "readyReplicas"));
  // Not the size that an autoscaler gave the bad version, unless the old one is away altogether.
  const int wanted = replicas_of(colours.old_side) == 0 ? size : old_size(state);
  const bool raised = raise(session, colours.old_side, wanted);
  const Rollout old_pods = judge_return(session, colours.old_side, colours.workload, age, wanted);
  const Rollout new_pods = judge(session, colours.new_side, colours.workload, age, 0);
  const bool enough = old_pods.verdict == RolloutVerdict::ready && !raised;
  const bool better = !old_pods.ready_pods.empty() && new_pods.ready_pods.empty();
  if (!enough && !better) {
    if (old_pods.verdict == RolloutVerdict::failed) {
      session.tell(Severity::error, "RollbackFailed",
                   fmt::format("{} does not come up again, the traffic stays where it is: {}",
                               state.notes.at("old"),
                               old_pods.reason + last_words(session.cluster(), old_pods)));
      return {.again_in = at_once, .outcome = ReleaseOutcome::failed};
    }
    return {.again_in = poll_pods, .outcome = {}};
  }
  const std::string& label = session.plan().blue_green.label;
  const std::string path = "/spec/selector/" + pointer_part(label);
  const std::string& to = state.notes.at("old");
  const Json operations{{{"op", "test"}, {"path", path}, {"value", colours.live}},
                        {{"op", "replace"}, {"path", path}, {"value", to}}};
  session.change(service_ref(service_of(session.plan())), operations, [&](const Json& found) {
    return text_at(found.at("spec").at("selector"), label) == to;
  });
  session.tell(
      Severity::warn, "SwitchedBack",
      fmt::format("Service {} sends its traffic to {} again", service_of(session.plan()), to));
  return {.again_in = Milliseconds{500}, .outcome = {}};
}

Tick BlueGreen::park_new(Session& session, const Colours& colours) {
  State& state = session.state();
  const Milliseconds age = timer_.age(session), now = session.clock().monotonic();
  const auto old_pods = pods_of(session, colours, state.notes.at("old"));
  const bool serves =
      !colours.serving.empty() && std::ranges::all_of(colours.serving, [&](const std::string& pod) {
        return old_pods.contains(pod);
      });
  const bool was_unhealthy = state.notes.contains("forced");
  if (!serves && !was_unhealthy) {
    returned_.reset();
    if (replicas_of(colours.old_side) == 0) raise(session, colours.old_side, old_size(state));
    if (age < session.plan().budgets.rollback) return {.again_in = poll_pods, .outcome = {}};
    session.tell(Severity::error, "RollbackFailed",
                 fmt::format("Service {} has no ready pod of {}", service_of(session.plan()),
                             state.notes.at("old")));
    return {.again_in = at_once, .outcome = ReleaseOutcome::failed};
  }
  if (!returned_) returned_ = now;
  const Milliseconds drain = state.notes.contains("switched")
                                 ? std::min(session.plan().blue_green.keep_old, longest_drain)
                                 : Milliseconds{0};
  if (now - *returned_ < drain) return {.again_in = poll_pods, .outcome = {}};
  if (replicas_of(colours.new_side) == 0)
    return {.again_in = at_once, .outcome = turned_back(state)};
  const Json operations{{{"op", "add"}, {"path", "/spec/replicas"}, {"value", 0}}};
  session.change(deployment_ref(state.to.deployment), operations,
                 [](const Json& found) { return replicas_of(found) == 0; });
  session.tell(Severity::info, "Scaled",
               fmt::format("Deployment {}: 0 replicas", state.to.deployment));
  return {};
}

}  // namespace mlopsctl::rollout
