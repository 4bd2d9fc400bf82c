// A simulated cluster with an app in it, and processes that deploy it. Smoke checks reach pods by
// their names; whether they pass is said by the test.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/deploy/read_once.hpp"

#include "support/cluster/images.hpp"
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

class Stage {
 public:
  // An app "chat" of three pods of image "1.4", ready: one Deployment, or two colours.
  explicit Stage(StrategyKind kind);

  Kubernetes world;
  DeployPlan plan;
  std::vector<DeployEvent> events;
  std::function<bool(const std::string& pod)> smoke_passes = [](const std::string&) {
    return true;
  };
  std::vector<std::string> smoked;  // pods or public addresses that were asked
  bool force = false, retry = false;

  std::string live_image();  // of the pods behind the Service; several are joined by '|'
  std::string colour();      // that the Service selects
  int replicas(const std::string& deployment);
  std::vector<Release> history();
  bool told(const std::string& reason) const;
  std::string message(const std::string& reason) const;  // of the last such event
  void settle();                                         // lets the controllers finish
};

// One process: its own connection, which may be cut or killed.
class Deployer {
 public:
  explicit Deployer(Stage& stage);

  SimulatedCluster cluster;
  VirtualClock clock;
  ReadOnce once;             // as a real process has it
  CallCounts calls;          // of deploy()
  Milliseconds patience{0};  // with the lock of somebody who may be dead

  DeployResult deploy(const std::string& tag);
  DeployResult rollback(const std::optional<std::string>& to = {});
  DeployResult resume();
  DeployResult abort();
  State planned(const std::string& tag);  // --dry-run

  // The process dies before (or after) the first call for which the condition holds. `watch` is
  // called at every call.
  void kill_when(std::function<bool(const Call&)> condition, Fault how = Fault::kill_before);
  void watch(std::function<void()> seen) { watch_ = std::move(seen); }
  bool dead() const { return dead_; }

 private:
  Session::Tools tools();
  DeployTools deploy_tools();
  DeployResult go(Session session);

  Fault on_call(const Call& call);

  Stage& stage_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<PodAccess> pods_;
  std::function<bool(const Call&)> kill_;
  Fault how_ = Fault::kill_before;
  std::function<void()> watch_;
  bool dead_ = false;
};

}  // namespace mlopsctl::testing
