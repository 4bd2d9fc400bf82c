// What is live and what goes on, read with two calls.
#pragma once

#include "mlopsctl/deploy/release.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "commands/deploy_view.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

struct WorkloadLook {
  std::string deployment, image, role;  // "live", "idle", "canary", "stable", or empty
  PodCount pods;
  int weight = -1;  // per cent of the Service's ready pods; -1: not behind it
};

struct AppLook {
  std::string app, cluster;
  std::vector<WorkloadLook> workloads;
  std::string live_image, live_digest;
  std::optional<Release> live;  // the release whose image it is, if it is ours
  LeaseView lease;
  std::vector<Release> history;  // oldest first
};

// Throws ClusterError; Error{not_found} if the cluster has nothing of this app.
AppLook look_at_app(Cluster& cluster, const std::string& app, const DeployPlan* plan);

// Whether a deployment goes on, or did when its process died.
bool is_unfinished(const AppLook& look);
// "held by ci-7:4711, renewed 3 s ago", "nobody holds the lock".
std::string holder_text(const LeaseView& lease, Timestamp now);
// Nobody holds it, its process is gone, or it was not renewed for its whole duration by the clocks
// of both machines.
bool looks_dead(const LeaseView& lease, Timestamp now);

}  // namespace mlopsctl::commands
