#include "mlopsctl/deploy/session.hpp"

#include "mlopsctl/base/ids.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/lease.hpp"
#include "deploy/cluster/session_inner.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlopsctl {
namespace {

// An API server takes 262144 bytes of annotations an object.
constexpr std::size_t largest_state = 250'000;

bool is_unfinished(const std::optional<State>& state) {
  return state && state->outcome == ReleaseOutcome::running;
}

std::optional<State> state_in(const Json* lease, const std::string& app) {
  if (lease == nullptr) return std::nullopt;
  try {
    return deploy::lease_view(*lease).state;
  } catch (const Error& error) {
    const std::string forget = fmt::format("'kubectl annotate lease mlopsctl-{} {}-' forgets it",
                                           app, deploy::state_annotation);
    throw Error{error.kind(), fmt::format("the last deployment of '{}': {}", app, error.what()),
                error.hint().empty() ? forget : error.hint() + "; " + forget};
  }
}

void check_state(const std::optional<State>& state, const std::string& app, bool take_over) {
  if (take_over && !is_unfinished(state))
    throw Error{ErrorKind::not_found, fmt::format("'{}' has no unfinished deployment", app),
                fmt::format("'mlopsctl deploy status {}' shows how it is", app)};
  if (!take_over && is_unfinished(state))
    throw Error{ErrorKind::conflict,
                fmt::format("deployment {} of '{}' was not finished: it is {}",
                            state->id.substr(0, 8), app, to_string(state->phase)),
                fmt::format("'mlopsctl deploy resume {0}' goes on with it, 'mlopsctl deploy abort "
                            "{0}' puts the version before it back",
                            app)};
}

State new_state(const DeployPlan& plan, Timestamp now) {
  State state;
  state.id = new_run_id();
  state.strategy = plan.strategy;
  state.started = state.phase_since = now;
  return state;
}

std::string stored(const State& state) {
  std::string text = state_json(state);
  if (text.size() <= largest_state) return text;
  throw Error{ErrorKind::config,
              fmt::format("what has to be remembered of this deployment is too large: {} bytes, {} "
                          "can be stored",
                          text.size(), largest_state),
              "move large texts of the pod template or of deploy.yaml into ConfigMaps"};
}

}  // namespace

LockLost::LockLost(const std::string& message)
    : Error(ErrorKind::conflict, message, "nothing more was changed by this process") {}

deploy::LeaseLock& Session::Inner::held() {
  if (rehearsal) throw Error{ErrorKind::bug, "a rehearsal wanted to change the cluster"};
  if (!lock) throw LockLost(fmt::format("the lock of '{}' was let go", plan.app));
  return *lock;
}

Session::Session(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Session::Session(Session&&) noexcept = default;

Session::~Session() {
  if (!inner_ || !inner_->lock) return;
  try {
    inner_->lock->release();
  } catch (const std::exception&) {  // it runs out by itself
  }
}

Session Session::begin(const Tools& tools, const DeployPlan& plan, Milliseconds patience,
                       bool take_over) {
  std::optional<State> found;
  auto lock = deploy::LeaseLock::take(tools.cluster, tools.clock, plan.app, patience,
                                      [&](const Json* lease) {
                                        found = state_in(lease, plan.app);
                                        check_state(found, plan.app, take_over);
                                      });
  State state = take_over ? std::move(*found) : new_state(plan, tools.clock.wall());
  std::string fence = fmt::format("{}/{}", state.id, lock.transitions());
  return Session(std::unique_ptr<Inner>(new Inner{.tools = tools,
                                                  .plan = plan,
                                                  .state = std::move(state),
                                                  .lock = std::move(lock),
                                                  .fence = std::move(fence)}));
}

Session Session::rehearse(const Tools& tools, const DeployPlan& plan) {
  return Session(std::unique_ptr<Inner>(new Inner{.tools = tools,
                                                  .plan = plan,
                                                  .state = new_state(plan, tools.clock.wall()),
                                                  .lock = std::nullopt,
                                                  .rehearsal = true,
                                                  .fence = {}}));
}

const DeployPlan& Session::plan() const { return inner_->plan; }
Cluster& Session::cluster() { return inner_->tools.cluster; }
Clock& Session::clock() { return inner_->tools.clock; }
State& Session::state() { return inner_->state; }
const std::string& Session::fence() const { return inner_->fence; }

void Session::save() {
  if (!inner_->rehearsal) inner_->held().save(stored(inner_->state));
}

void Session::enter(Phase phase) {
  inner_->state.phase = phase;
  inner_->state.phase_since = clock().wall();
  save();
}

Request Session::pause(Milliseconds time) {
  const Milliseconds end = clock().monotonic() + time;
  for (;;) {
    Milliseconds slice = end - clock().monotonic();
    if (!inner_->rehearsal) {
      auto& lock = inner_->held();
      try {
        lock.keep();
      } catch (const ClusterError& error) {
        if (!error.outcome_unknown()) throw;
      }
      if (const Request request = lock.take_request(); request != Request::none) return request;
      slice = std::min(end - clock().monotonic(), lock.until_renewal());
    }
    if (slice > Milliseconds{0} && clock().sleep(slice)) throw StopAsked{};
    if (clock().monotonic() >= end) return Request::none;
  }
}

void Session::keep() {
  if (!inner_->rehearsal) inner_->held().keep();
}

void Session::tell(DeployEvent::Severity severity, const std::string& reason,
                   const std::string& message, std::map<std::string, double> values) {
  if (!inner_->tools.tell) return;
  inner_->tools.tell({.severity = severity,
                      .reason = reason,
                      .message = message,
                      .state = inner_->state,
                      .values = std::move(values)});
}

// The history first: whoever finds the state unfinished writes the same release once more.
void Session::finish(ReleaseOutcome outcome) {
  State& state = inner_->state;
  const Timestamp now = clock().wall();
  state.to.outcome = outcome;
  state.to.finished = now;
  if (state.to.id.empty()) state.to.id = state.id;
  if (state.to.reason.empty()) state.to.reason = state.reason;
  auto& lock = inner_->held();
  lock.keep();
  state.to.number = ReleaseHistory(cluster(), inner_->plan.app).write(state.to);
  State last = state;
  last.outcome = outcome;
  last.phase = Phase::done;
  last.phase_since = now;
  lock.finish(stored(last));
  state = std::move(last);
  inner_->lock.reset();
}

}  // namespace mlopsctl
