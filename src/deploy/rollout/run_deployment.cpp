// The loop of ticks, and what is done when the cluster cannot be reached, refuses, or the user has
// enough.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/deploy.hpp"

#include "deploy/rollout/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mlopsctl {
namespace {

using Severity = DeployEvent::Severity;

constexpr Milliseconds first_wait{500}, longest_wait{10'000};
constexpr int most_conflicts = 20;

std::string with_hint(const Error& error) {
  return error.hint().empty() ? std::string(error.what())
                              : fmt::format("{} ({})", error.what(), error.hint());
}

class Loop {
 public:
  Loop(Session& session, Strategy& strategy) : session_(session), strategy_(strategy) {}

  DeployResult run() {
    std::optional<DeployResult> result;
    while (!result) {
      try {
        result = once();
      } catch (const StopAsked&) {
        result = stop();
      } catch (const LockLost&) {
        throw;  // nothing may be changed or said in its name any more
      } catch (const ClusterError& error) {
        result = trouble(error);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) {
          result = stop();
        } else {
          result = fail(with_hint(error));
        }
      }
    }
    return std::move(*result);
  }

 private:
  State& state() { return session_.state(); }
  bool is_going_back() { return state().phase == Phase::rolling_back; }

  std::optional<DeployResult> once() {
    rollout::take_request(session_, session_.pause(std::exchange(wait_, Milliseconds{0})));
    if (!turn_back_.empty()) {
      if (!is_going_back()) rollout::turn_back(session_, turn_back_);
      turn_back_.clear();
    }
    if (!outcome_) {
      const Tick tick = strategy_.tick(session_);
      reached();
      outcome_ = tick.outcome;
      wait_ = tick.again_in;
    }
    if (outcome_) return end(*outcome_);
    return std::nullopt;
  }

  void reached() {
    if (unreachable_since_)
      session_.tell(Severity::info, "ClusterReached", "the API server answers again");
    unreachable_since_.reset();
    failures_ = conflicts_ = 0;
  }

  DeployResult end(ReleaseOutcome outcome) {
    DeployResult result;
    result.outcome = outcome;
    if (outcome == ReleaseOutcome::failed && is_going_back())
      result.manual_steps = strategy_.manual_steps(session_);
    if (outcome == ReleaseOutcome::succeeded) collect();
    session_.finish(outcome);
    result.state = state();
    tell_end(outcome);
    return result;
  }

  // Copies of ConfigMaps and Secrets that no release needs any more.
  void collect() {
    const std::string& app = session_.plan().app;
    try {
      collect_configs(session_.cluster(), app, ReleaseHistory(session_.cluster(), app).read());
    } catch (const LockLost&) {
      throw;
    } catch (const ClusterError& error) {
      session_.tell(Severity::warn, "NotTidied",
                    fmt::format("old copies of ConfigMaps and Secrets are left: {}", error.what()));
    }
  }

  void tell_end(ReleaseOutcome outcome) {
    const State& last = state();
    switch (outcome) {
      case ReleaseOutcome::succeeded:
        session_.tell(Severity::info, last.is_rollback ? "WentBack" : "Succeeded",
                      fmt::format("{} serves", last.to.image));
        break;
      case ReleaseOutcome::rolled_back:
        session_.tell(Severity::error, "RolledBack",
                      fmt::format("{} serves again: {}", last.from.image, last.reason));
        break;
      case ReleaseOutcome::aborted:
        session_.tell(Severity::warn, "Aborted",
                      fmt::format("{} serves: {}", last.from.image, last.reason));
        break;
      case ReleaseOutcome::failed:
      case ReleaseOutcome::running:
        session_.tell(Severity::error, "Failed", last.reason);
        break;
    }
  }

  // The first time everything is put back, the second time everything is left as it is.
  std::optional<DeployResult> stop() {
    const std::string resume =
        fmt::format("'mlopsctl deploy resume {}' goes on", session_.plan().app);
    if (stops_++ > 0 || outcome_) return left(Severity::warn, "Left", "left as it is: " + resume);
    if (is_going_back()) {
      session_.tell(Severity::warn, "Stopping",
                    "it is being put back; once more leaves it as it is");
      return std::nullopt;
    }
    state().abort_asked = true;
    if (state().reason.empty()) state().reason = "stopped by the user";
    session_.tell(Severity::warn, "Stopping",
                  "the version before is put back; once more leaves everything as it is");
    return std::nullopt;
  }

  DeployResult left(Severity severity, const std::string& reason, const std::string& message) {
    session_.tell(severity, reason, message);
    DeployResult result;
    result.outcome = ReleaseOutcome::running;
    result.state = state();
    return result;
  }

  std::optional<DeployResult> trouble(const ClusterError& error) {
    if (error.failure() == ClusterFailure::conflict && ++conflicts_ < most_conflicts) {
      wait_ = first_wait;  // somebody wrote between reading and writing: read again, decide again
      return std::nullopt;
    }
    if (!error.outcome_unknown()) return fail(with_hint(error));
    const Milliseconds now = session_.clock().monotonic();
    if (!unreachable_since_) {
      unreachable_since_ = now;
      session_.tell(Severity::warn, "ClusterUnreachable",
                    fmt::format("{}; it is tried again", error.what()));
    }
    wait_ = std::min(longest_wait, first_wait * (1 << std::min(failures_++, 5)));
    const Budgets& budgets = session_.plan().budgets;
    if (now - *unreachable_since_ < (is_going_back() ? budgets.rollback : budgets.rollout))
      return std::nullopt;
    unreachable_since_ = now;
    return fail(fmt::format("the API server cannot be reached: {}", error.what()));
  }

  // On the way forward: turn back. On the way back: try as long as the budget lasts, then say what
  // is to be done by hand; the state stays unfinished, so that the way back can be resumed.
  std::optional<DeployResult> fail(const std::string& reason) {
    const Milliseconds now = session_.clock().monotonic();
    if (state().phase == Phase::preparing) {  // nothing was touched
      state().reason = reason;
      if (outcome_) return gave_up(ReleaseOutcome::failed, reason);
      outcome_ = ReleaseOutcome::failed;
      return std::nullopt;
    }
    if (!outcome_ && !is_going_back() && turn_back_.empty()) {
      turn_back_ = reason;
      if (state().reason.empty()) state().reason = reason;
      failing_since_.reset();
      return std::nullopt;
    }
    if (!failing_since_) {
      failing_since_ = now;
      session_.tell(Severity::error, "Hindered", reason + "; it is tried again");
    }
    wait_ = std::min(longest_wait, first_wait * (1 << std::min(failures_++, 5)));
    if (now - *failing_since_ < session_.plan().budgets.rollback) return std::nullopt;
    if (outcome_) return gave_up(*outcome_, "what was done could not be written down: " + reason);
    DeployResult result =
        gave_up(ReleaseOutcome::failed, "the version before could not be put back: " + reason);
    result.manual_steps = strategy_.manual_steps(session_);
    return result;
  }

  DeployResult gave_up(ReleaseOutcome outcome, const std::string& message) {
    DeployResult result = left(Severity::error, "GaveUp", message);
    result.outcome = outcome;
    return result;
  }

  Session& session_;
  Strategy& strategy_;
  Milliseconds wait_{0};
  std::string turn_back_;                  // why, before it could be written down
  std::optional<ReleaseOutcome> outcome_;  // reached, but perhaps not written down
  std::optional<Milliseconds> unreachable_since_, failing_since_;
  int failures_ = 0, conflicts_ = 0, stops_ = 0;
};

}  // namespace

DeployResult run_deployment(Session& session, Strategy& strategy) {
  return Loop(session, strategy).run();
}

}  // namespace mlopsctl
