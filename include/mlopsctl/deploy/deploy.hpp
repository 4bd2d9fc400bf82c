// A deployment as a loop of ticks. Each tick reads the cluster and does at most one step; what is
// next is decided from the cluster and the State alone, so a process that died anywhere is followed
// by one that reads and goes on. Every step is idempotent; traffic moves before anything is scaled.
#pragma once

#include "mlopsctl/deploy/analysis.hpp"
#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/deploy/smoke.hpp"
#include "mlopsctl/platform/http.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

struct DeployTools {
  HttpClient& http;       // smoke checks and webhooks
  MetricSource* metrics;  // null: no Prometheus; a plan with metric gates then fails preflight
  PodAccess* pods;        // null: only smoke_url is checked
  // Of this one call: what serves now need not be ready; the image that serves is deployed again.
  bool force_from_unhealthy = false, retry = false;
};

// Thrown by Strategy::plan and plan_rollback when what is asked for serves already: nothing has to
// be done, which is no failure (exit code 0).
class AlreadyLive : public Error {
 public:
  explicit AlreadyLive(const std::string& message) : Error(ErrorKind::conflict, message) {}
};

struct Tick {
  Milliseconds again_in{0};               // when to come back
  std::optional<ReleaseOutcome> outcome;  // set: that was the last one
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  // Builds State::from and State::to from the cluster and the plan (image pinned before): what
  // would be done, for
  // --dry-run too. Throws Error when it cannot be (no Deployment, nothing to change, …).
  virtual void plan(Session& session, const PinnedImage& image) = 0;
  virtual Tick tick(Session& session) = 0;
  // kubectl lines that put the old version back, in order, for when a rollback could not be done.
  virtual std::vector<std::string> manual_steps(Session& session) const = 0;
};
std::unique_ptr<Strategy> make_rolling(const DeployTools& tools);
std::unique_ptr<Strategy> make_blue_green(const DeployTools& tools);
std::unique_ptr<Strategy> make_canary(const DeployTools& tools);
std::unique_ptr<Strategy> make_strategy(StrategyKind kind, const DeployTools& tools);

struct DeployResult {
  ReleaseOutcome outcome = ReleaseOutcome::failed;
  State state;
  std::vector<std::string> manual_steps;  // kubectl lines, when a rollback itself could not be done
};

// Ticks until there is an outcome. StopAsked once: rolls back safely, then outcome aborted; twice:
// leaves everything as it is, outcome running. Unreachable API server: goes on trying within the
// budget of the step, traffic first; a rollback that cannot be done is outcome failed with manual
// steps and an unfinished state. What the holder is asked for becomes part of the State:
// abort_asked, paused, notes["promote"]. Throws LockLost, having touched nothing since.
DeployResult run_deployment(Session& session, Strategy& strategy);

// The release to go back to (last good, or the one of `to`: number, id prefix or digest) becomes
// State::to of a session of its own, by the way that is fastest: the old colour if it still runs,
// else the strategy of the app without analysis. Throws Error{not_found} that lists the releases
// there are.
void plan_rollback(Session& session, const std::optional<std::string>& to);

}  // namespace mlopsctl
