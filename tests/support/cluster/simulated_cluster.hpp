// The Cluster contract over a Kubernetes in memory: what kubectl would answer, with faults on
// demand.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include "support/cluster/kubernetes.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlopsctl::testing {

// The process dies here. Nothing but a test may catch it.
struct Killed {};

enum class Fault {
  none,
  unreachable,  // refused; nothing was done
  lost_answer,  // done, but the answer did not come: unreachable to the caller
  busy,         // TooManyRequests; nothing was done
  hang,         // no answer within the request timeout, which passes; nothing was done
  hang_done,    // the same, but it was done
  conflict,     // somebody else was quicker; nothing was done
  kill_before,  // Killed is thrown before the request
  kill_after,   // Killed is thrown when it was carried out, before the answer
};

struct Call {
  std::uint64_t number = 0;  // from 1
  std::string verb;          // get, create, patch, delete, apply, logs, can-i
  std::string what;          // "deployments.apps/chat-blue services/chat"
  bool changes = false;
};

struct SimulatedClusterOptions {
  Caller caller{"admin", "mlopsctl"};
  Milliseconds call_time{50};  // that a kubectl process takes
  Milliseconds request_timeout{10'000};
  Milliseconds request_budget{60'000};  // for repeating reads
};

// Several of them on one Kubernetes are several processes.
class SimulatedCluster : public Cluster {
 public:
  explicit SimulatedCluster(Kubernetes& world, SimulatedClusterOptions options = {});

  // Asked before every call (repeated reads too).
  void on_call(std::function<Fault(const Call&)> hook) { hook_ = std::move(hook); }
  void fault_at(std::uint64_t call, Fault fault) { faults_[call] = fault; }  // of calls() from 1
  void fault_at_change(std::uint64_t change, Fault fault) { change_faults_[change] = fault; }
  void unreachable_until(Timestamp time) { unreachable_until_ = time; }
  const std::vector<Call>& made() const { return made_; }
  std::uint64_t changes() const { return changes_; }

  std::vector<Json> get(std::span<const ObjectRef> references) override;
  Json create(const Json& manifest) override;
  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override;
  void remove(const ObjectRef& object) override;
  std::vector<Json> apply(std::span<const Json> manifests, bool dry_run) override;
  std::string logs(const LogRequest& request) override;
  std::vector<Right> missing_rights(std::span<const Right> rights) override;
  std::string name_space() const override;
  std::string describe() const override;
  std::uint64_t calls() const override { return made_.size(); }

 private:
  Fault begin(const std::string& verb, const std::string& what, bool changes);
  void call(const std::string& verb, const std::string& what, bool changes,
            const std::function<void()>& action);
  void read(const std::string& verb, const std::string& what, const std::function<void()>& action);
  Place place(const std::string& kind, const std::string& name) const;
  Json apply_one(const Json& manifest, bool dry_run);

  Kubernetes& world_;
  SimulatedClusterOptions options_;
  std::function<Fault(const Call&)> hook_;
  std::map<std::uint64_t, Fault> faults_, change_faults_;
  Timestamp unreachable_until_{};
  std::vector<Call> made_;
  std::uint64_t changes_ = 0;
};

}  // namespace mlopsctl::testing
