// Who shares the traffic between the stable pods and the new ones.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mlopsctl {

struct Shares {
  int canary = 0;     // per cent of new connections
  double actual = 0;  // what it really comes to: replica ratios are rounded
};

// Setting the same weight twice is one; after set() returns the cluster holds the weight (read
// back).
class TrafficRouter {
 public:
  virtual ~TrafficRouter() = default;
  virtual void prepare(Session& session) = 0;            // objects of its own; no traffic moves
  virtual Shares set(Session& session, int weight) = 0;  // 0 … 100
  virtual std::optional<Shares> read(Cluster& cluster) = 0;
  virtual void tidy(Session& session) = 0;   // all traffic to stable; own objects go
  virtual std::string describe() const = 0;  // "HTTPRoute chat"
};
std::unique_ptr<TrafficRouter> make_router(const DeployPlan& plan);

// Replica counts for a weight among `replicas` in all: nearest, ties up, never none on either side
// for 1 … 99 when there are two or more (Argo Rollouts' rule; the reference has its examples).
struct ReplicaSplit {
  int stable = 0, canary = 0;
};
ReplicaSplit split_replicas(int replicas, int weight, int surge);

}  // namespace mlopsctl
