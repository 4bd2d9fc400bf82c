#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/release_json.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl {
namespace {

constexpr std::string_view schema = "mlopsctl.deploy.state/1";
constexpr std::string_view what = "the state of the deployment";

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::preparing:
      return "preparing";
    case Phase::waiting:
      return "waiting";
    case Phase::starting:
      return "starting";
    case Phase::smoke:
      return "smoke";
    case Phase::progressing:
      return "progressing";
    case Phase::waiting_promotion:
      return "waiting-promotion";
    case Phase::promoting:
      return "promoting";
    case Phase::finalising:
      return "finalising";
    case Phase::rolling_back:
      return "rolling-back";
    case Phase::done:
      break;
  }
  return "done";
}

std::string state_json(const State& state) {
  Json value{{"schema", schema},
             {"id", state.id},
             {"strategy", to_string(state.strategy)},
             {"phase", to_string(state.phase)},
             {"outcome", to_string(state.outcome)},
             {"from", deploy::release_value(state.from)},
             {"to", deploy::release_value(state.to)},
             {"weight", state.weight},
             {"step", state.step},
             {"iterations", state.iterations},
             {"failedChecks", state.failed_checks}};
  if (state.abort_asked) value["abortAsked"] = true;
  if (state.is_rollback) value["isRollback"] = true;
  if (state.paused) value["paused"] = true;
  if (!state.reason.empty()) value["reason"] = state.reason;
  if (state.started.ms != 0) value["startedAt"] = to_rfc3339(state.started);
  if (state.phase_since.ms != 0) value["phaseSince"] = to_rfc3339(state.phase_since);
  if (state.next_tick.ms != 0) value["nextTickAt"] = to_rfc3339(state.next_tick);
  if (!state.plan_text.empty()) value["plan"] = state.plan_text;
  if (!state.notes.empty()) value["notes"] = state.notes;
  return deploy::dumped(value);
}

State parse_state(const std::string& text) {
  const Json value = deploy::parsed(text, what);
  const deploy::Fields from(value, what);
  if (from.text("schema") != schema)
    throw Error{ErrorKind::corrupt, "the state of the deployment is of another version of mlopsctl",
                "go on with the mlopsctl that began the deployment"};
  const auto release = [&](const char* key) {
    const Json* found = from.find(key);
    return found == nullptr ? Release{} : deploy::release_of(*found, what);
  };
  return {.id = from.text("id"),
          .strategy = from.one_of("strategy", StrategyKind::canary),
          .phase = from.one_of("phase", Phase::done),
          .outcome = from.one_of("outcome", ReleaseOutcome::failed),
          .from = release("from"),
          .to = release("to"),
          .weight = from.integer("weight"),
          .step = from.integer("step"),
          .iterations = from.integer("iterations"),
          .failed_checks = from.integer("failedChecks"),
          .abort_asked = from.truth("abortAsked"),
          .is_rollback = from.truth("isRollback"),
          .paused = from.truth("paused"),
          .reason = from.text("reason"),
          .started = from.time("startedAt"),
          .phase_since = from.time("phaseSince"),
          .next_tick = from.time("nextTickAt"),
          .plan_text = from.text("plan"),
          .notes = from.texts("notes")};
}

}  // namespace mlopsctl
