// What a deployment tells, as Kubernetes Events of the Deployment it is about: `kubectl describe`
// and every dashboard show them.
#pragma once

#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/session.hpp"

#include <string>

namespace mlopsctl {

// core/v1 Event. `deployment`: the object it is about, of which name, namespace and uid are used.
Json kube_event(const DeployEvent& event, const Json& deployment, Timestamp when);

// Writes an Event for each thing told; the Deployment's uid is read once. A cluster that is away
// loses one, a cluster that refuses is not asked again; the deployment is never disturbed.
EventSink kube_event_sink(Cluster& cluster, Clock& clock, std::string app);

}  // namespace mlopsctl
