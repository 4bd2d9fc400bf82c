// The release that serves and the one that is to: made when a deployment is planned.
#pragma once

#include "mlopsctl/deploy/release.hpp"
#include "mlopsctl/deploy/session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlopsctl::rollout {

// Labels that tell the colours of a blue-green app apart are no part of a version.
std::string version_hash(const DeployPlan& plan, const Json& pod_template);

// The template with the ConfigMaps and Secrets that copies were made of, as far as they still
// exist: so that the next release sees what changed in them. `configs`: original → copy.
Json with_originals(Cluster& cluster, const Json& pod_template,
                    const std::map<std::string, std::string>& configs);
// version_configs of `live` and then of its originals, without creating anything.
Json planned_template(Cluster& cluster, const std::string& app, const Json& live,
                      std::map<std::string, std::string>& configs);

// What a Deployment runs: the newest release of the history with that template; else one with an
// empty id.
Release live_release(const DeployPlan& plan, const Json& deployment,
                     const std::vector<Release>& history);

// State::to of a new image in a template that is otherwise the live one's.
Release release_of(Session& session, const Json& pod_template, const PinnedImage& image,
                   const std::map<std::string, std::string>& configs);

// State, copies, history: what can be done before anything that serves is touched. Idempotent.
void prepare(Session& session);

}  // namespace mlopsctl::rollout
