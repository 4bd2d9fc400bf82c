// A simulated cluster with an app that is shared by one of the routers, and processes that deploy
// canaries in it. What Prometheus, webhooks and smoke checks answer is said by the test.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/deploy/read_once.hpp"

#include "support/cluster/images.hpp"
#include "support/cluster/manifests.hpp"
#include "support/cluster/simulated_cluster.hpp"
#include "support/cluster/virtual_clock.hpp"
#include "support/deploy/counted_strategy.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::testing {

inline std::string image(const std::string& tag) { return pinned("ghcr.io/acme/chat:" + tag); }

struct Told {
  Milliseconds at;  // since the stage was made
  DeployEvent event;
};

class CanaryStage : public MetricSource {
 public:
  // "chat" of image 1.4 with ten pods, ready; threshold 5, 10 … 50, one minute,
  // request-success-rate.
  explicit CanaryStage(RouterKind router, int replicas = 10);

  Kubernetes world;
  DeployPlan plan;
  std::vector<Told> told;
  std::vector<std::string> hooks;  // kinds, as they were called
  std::vector<std::string> smoked;
  std::vector<Milliseconds> analyses;  // when Prometheus was asked
  bool force = false, retry = false, with_metrics = true;
  // What they answer; n: how often they were asked before.
  std::function<QueryAnswer(std::size_t n)> metric;
  std::function<int(const std::string& kind, const std::string& body)> hook;
  bool smoke_passes = true;

  QueryAnswer ask(const std::string& query) override;
  std::vector<std::pair<std::string, double>> series(const std::string& query) override;

  void add_hook(HookKind kind);
  Milliseconds now() const { return world.now() - started_; }
  // (seconds, weight) of each weight that was reached, from the first on.
  std::vector<std::pair<int, int>> weights() const;
  bool has_told(const std::string& reason) const;
  std::string message(const std::string& reason) const;  // of the last such event

  int replicas(const std::string& deployment);
  std::string stable_image();
  Json route();  // the part of the routing object that leads to the app
  // Every backend with a weight has a ready pod.
  bool everybody_is_served();
  // As before the canary, but perhaps with another image.
  void check_tidy(const std::string& serves);

 private:
  void make_route();
  RouterKind router_;
  int replicas_;
  Json route_before_;
  Timestamp started_{};
};

class CanaryProcess {
 public:
  explicit CanaryProcess(CanaryStage& stage);

  SimulatedCluster cluster;
  VirtualClock clock;
  ReadOnce once;             // as a real process has it
  CallCounts calls;          // of deploy()
  Milliseconds patience{0};  // with the lock of somebody who may be dead

  DeployResult deploy(const std::string& tag);
  DeployResult resume();
  DeployResult abort();
  State planned(const std::string& tag);

  void kill_at(std::uint64_t call, Fault how);
  void watch(std::function<void()> seen) { watch_ = std::move(seen); }

 private:
  Session::Tools tools();
  DeployTools deploy_tools();
  Fault on_call(const Call& call);

  CanaryStage& stage_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<PodAccess> pods_;
  std::function<void()> watch_;
  std::uint64_t kill_at_ = 0;
  Fault how_ = Fault::kill_before;
  bool dead_ = false;
};

QueryAnswer value(double number);
QueryAnswer no_value(QueryProblem problem, const std::string& text);

}  // namespace mlopsctl::testing
