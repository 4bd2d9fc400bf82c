// Who shares the traffic between the stable pods and the new ones.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

struct Shares {
  int canary = 0;       // per cent of new connections that were asked for
  double actual = 0;    // what it comes to in per cent: replica ratios are rounded
  std::string pending;  // what this still waits for: set() again then; empty: it is so
};

// Setting the same weight twice is one. set() reads first, changes by compare-and-swap what is
// different, and gives what the cluster then holds. What the routers need to put things back as
// they were is in State::notes.
class TrafficRouter {
 public:
  virtual ~TrafficRouter() = default;
  // The Service whose pods are the stable ones, as the routing object has it; of replica ratios the
  // Service that takes both. Throws Error{not_found}, {config} when the object is not there or does
  // not lead to the app, {conflict} when another canary is in its way.
  virtual std::string stable_service(Cluster& cluster) = 0;
  virtual void prepare(Session& session) = 0;                // objects of its own; no traffic moves
  virtual Shares set(Session& session, int weight) = 0;      // 0 … 100
  virtual std::optional<Shares> read(Cluster& cluster) = 0;  // nothing: it is not prepared
  virtual void tidy(Session& session) = 0;  // all traffic to stable; own objects go
  // What kubectl is to be told to put everything back: "patch httproute chat --type=json -p …".
  virtual std::vector<std::string> manual_steps(const State& state) const = 0;
  virtual std::string describe() const = 0;  // "HTTPRoute chat"
};
// Uses only notes of the state that begin with "route."; "canary.selector" (JSON) are the labels by
// which a Service selects the canary's pods.
//
// replicas     Deployments APP and APP-canary behind one Service, in the ratio of their replicas: a
//              pod takes its share as soon as it is ready. The total stays as it was (one more
//              where that is nearer); where an autoscaler holds the stable side ("route.autoscaler"
//              is noted) that side stays as it is and the canary's pods are added to it.
// gateway_api  backendRefs of an HTTPRoute; pending until each parent has accepted the generation.
// istio        routes of a VirtualService; weights of other destinations stay, the sum is 100.
// nginx        an Ingress OBJECT-canary of its own with canary-weight.
std::unique_ptr<TrafficRouter> make_router(const DeployPlan& plan);

// Replica counts for a weight among `replicas` in all: nearest, ties up, never none on either side
// for 1 … 99 when there are two or more (Argo Rollouts' rule; the reference has its examples).
struct ReplicaSplit {
  int stable = 0, canary = 0;
};
ReplicaSplit split_replicas(int replicas, int weight, int surge);

}  // namespace mlopsctl
