// Which release comes back, and where it is put.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/deploy.hpp"

#include "deploy/rollout/blue_green.hpp"
#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/pod_report.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {
namespace {

using namespace rollout;

constexpr std::size_t shortest_prefix = 4;

std::string shown(const Release& release) {
  return fmt::format("{} ({}, {}, {})", release.number, release.id.substr(0, 8), release.image,
                     to_string(release.outcome));
}

std::string list_of(const std::vector<Release>& history) {
  std::vector<std::string> lines;
  for (const Release& release : history) lines.push_back(shown(release));
  return join(lines, ", ");
}

bool is_named(const Release& release, const std::string& to) {
  if (const auto number = parse_integer(to)) return release.number == *number;
  if (to.size() >= shortest_prefix && release.id.starts_with(to)) return true;
  const auto at = release.image.find('@');
  const std::string digest = at == std::string::npos ? std::string() : release.image.substr(at + 1);
  const std::string hex = digest.starts_with("sha256:") ? digest.substr(7) : digest;
  return release.image == to || (!digest.empty() && to.size() >= shortest_prefix &&
                                 (digest.starts_with(to) || hex.starts_with(to)));
}

// Several releases of one version are one answer: the newest.
Release named(const std::vector<Release>& history, const std::string& to) {
  std::vector<Release> found;
  for (const Release& release : history) {
    if (is_named(release, to)) found.push_back(release);
  }
  if (found.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("no release is called {}", quote(to)),
                "there are " + list_of(history));
  }
  const auto other = std::ranges::find_if(found, [&](const Release& release) {
    return release.template_hash != found.back().template_hash;
  });
  if (other != found.end()) {
    throw Error(ErrorKind::usage, fmt::format("{} can be several releases", quote(to)),
                "say which by number: " + list_of(found));
  }
  return found.back();
}

Release target_of(const std::vector<Release>& history, const Release& live,
                  const std::optional<std::string>& to, const std::string& app) {
  if (history.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("no release of {} is known, so that there is nothing to go back to",
                            quote(app)),
                "releases are known from the first 'mlopsctl deploy' on");
  }
  if (to) return named(history, *to);
  if (auto good = last_good(history, live.template_hash)) return std::move(*good);
  throw Error(ErrorKind::not_found,
              fmt::format("no release of {} but the one that serves is known to have been good",
                          quote(app)),
              "--to takes one of them all the same: " + list_of(history));
}

void go_back(Session& session, const Release& live, Release target) {
  State& state = session.state();
  if (target.template_hash == live.template_hash) {
    throw AlreadyLive(fmt::format("release {} serves already", shown(target)));
  }
  if (target.pod_template_text.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("nothing is left of release {} but its name", shown(target)));
  }
  Release to = std::move(target);
  to.restored_from = to.id;
  to.id = state.id;
  to.number = 0;
  to.outcome = ReleaseOutcome::running;
  to.reason.clear();
  to.strategy = state.strategy;
  to.by = state.to.by;
  to.started = state.started;
  to.finished = {};
  state.from = live;
  state.to = std::move(to);
  state.is_rollback = true;
}

void plan_one_deployment(Session& session, const std::vector<Release>& history,
                         const std::optional<std::string>& to) {
  const DeployPlan& plan = session.plan();
  State& state = session.state();
  // Of a canary, too: the stable Deployment takes the old template, without weights.
  state.strategy = StrategyKind::rolling;
  const Json deployment = require_deployment(session, plan.app);
  refuse_paused(deployment);
  const Release live = live_release(plan, deployment, history);
  go_back(session, live, target_of(history, live, to, plan.app));
  state.to.deployment = plan.app;
  state.to.replicas = replicas_of(deployment);
  state.notes["selector"] = selector_text(deployment);
}

void plan_colour(Session& session, const std::vector<Release>& history,
                 const std::optional<std::string>& to) {
  const DeployPlan& plan = session.plan();
  State& state = session.state();
  state.strategy = StrategyKind::blue_green;
  const Json service = require_service(session, service_of(plan));
  const std::string colour = live_colour(plan, service);
  const Json live_side = require_deployment(session, deployment_of(plan, colour));
  const Json other = require_deployment(session, deployment_of(plan, other_colour(plan, colour)));
  refuse_paused(other);
  const Release live = live_release(plan, live_side, history);
  go_back(session, live, target_of(history, live, to, plan.app));
  plan_colours(session, service, live_side, other, Json::parse(state.to.pod_template_text));
}

}  // namespace

void plan_rollback(Session& session, const std::optional<std::string>& to) {
  const auto history = ReleaseHistory(session.cluster(), session.plan().app).read();
  if (session.plan().strategy == StrategyKind::blue_green) {
    plan_colour(session, history, to);
  } else {
    plan_one_deployment(session, history, to);
  }
  // What serves may be as bad as it is: that is why one goes back. If the version that comes back
  // is no good either, it is put back to what serves now.
  session.state().notes["forced"] = "yes";
}

}  // namespace mlopsctl
