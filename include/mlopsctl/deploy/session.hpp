// One process at work on one app: it holds the lock, writes what it is about to do before it does
// it, and fences every change, so that a process that was frozen or cut off can do no harm when it
// wakes.
//
// Lock and state are one object, the Lease "mlopsctl-APP": spec.holderIdentity "host:pid:uuid",
// 30 s, renewed every 10 s; the annotation mlopsctl.dev/state is the State, mlopsctl.dev/request
// what somebody else asks of the holder. Each takeover raises leaseTransitions; "ID/TRANSITIONS" is
// the fence, written to the annotation mlopsctl.dev/fence of each object that is changed and tested
// by each patch. A lease is taken from another holder only after its renewTime stood still for its
// whole duration on our own monotonic clock.
#pragma once

#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/deploy/release.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

enum class Phase {
  preparing,    // configs copied, release written; nothing that serves was touched
  waiting,      // for a confirm-rollout hook
  starting,     // the new pods come up
  smoke,        // ready; checks before any traffic
  progressing,  // canary: weights rise, or iterations
  waiting_promotion,
  promoting,  // rolling: n/a; blue-green: the selector; canary: the stable Deployment takes the new
              // template
  finalising,    // settle, then the old or the canary pods go
  rolling_back,  // traffic first, then scale
  done,          // `outcome` says how
};
std::string_view to_string(Phase phase);

struct State {
  std::string id;  // of the deployment
  StrategyKind strategy = StrategyKind::rolling;
  Phase phase = Phase::preparing;
  ReleaseOutcome outcome = ReleaseOutcome::running;
  Release from;  // what served before; its id is empty for an app that was never deployed by us
  Release to;
  int weight = 0, step = 0, iterations = 0, failed_checks = 0;
  bool abort_asked = false, is_rollback = false, paused = false;
  std::string reason;  // why it is being rolled back
  Timestamp started{}, phase_since{}, next_tick{};
  std::string plan_text;  // the plan as JSON, so that `deploy resume` needs no file
  std::map<std::string, std::string>
      notes;  // of the strategy: old colour, size before, route as it was …
};
std::string state_json(const State& state);
State parse_state(const std::string& text);  // throws Error{corrupt}

// What `deploy promote/pause/abort/resume` ask of the process that holds the lock.
enum class Request { none, promote, pause, go_on, abort };

// What happens, for people, events, webhooks and notifications.
struct DeployEvent {
  enum class Severity { info, warn, error } severity = Severity::info;
  std::string reason;  // CamelCase, as Kubernetes events have it: "WeightIncreased"
  std::string message;
  State state;                           // after it
  std::map<std::string, double> values;  // of gates: metric → value
};
using EventSink = std::function<void(const DeployEvent&)>;

struct LeaseView {
  bool exists = false, held = false;
  bool holder_ended = false;  // it ran on this machine, and is gone
  std::string holder;
  Timestamp renewed{};
  Milliseconds duration{30'000};
  int transitions = 0;
  Request request = Request::none;
  std::optional<State> state;
};
LeaseView read_lease(Cluster& cluster, const std::string& app);
// Leaves a request for the holder; throws Error{conflict} if nobody holds the lock.
void ask_holder(Cluster& cluster, const std::string& app, Request request);

// Thrown by Session when the lock was lost: nothing may be changed any more.
class LockLost : public Error {
 public:
  explicit LockLost(const std::string& message);
};
// Thrown by Session::pause when the user asked to stop.
struct StopAsked {};

class Session {
 public:
  struct Tools {
    Cluster& cluster;
    Clock& clock;
    EventSink tell;
  };
  // Takes the lock; throws Error{conflict} naming holder and age when somebody lives there. Waits
  // at most `patience` for a lease that may be dead (0: not at all). An unfinished state of a dead
  // holder: Error{conflict} that says to resume or abort, unless `take_over`.
  static Session begin(const Tools& tools, const DeployPlan& plan, Milliseconds patience,
                       bool take_over);
  // For --dry-run: nothing is locked or written; save() and enter() only change the state, claim(),
  // change() and create() throw Error{bug}.
  static Session rehearse(const Tools& tools, const DeployPlan& plan);
  Session(Session&&) noexcept;
  ~Session();  // lets the lock go if it still can; the state stays

  const DeployPlan& plan() const;
  Cluster& cluster();
  Clock& clock();
  State& state();  // change it, then save
  const std::string& fence() const;

  // Writes the state to the lease (compare-and-swap). Throws LockLost.
  void save();
  void enter(Phase phase);  // phase, phase_since, then save()

  // Makes an object ours: writes the fence to it. Throws LockLost when the lock is another's by
  // now, ClusterError not_found.
  void claim(const ObjectRef& object);
  // A JSON patch with the test of the fence before the operations. After an unknown outcome the
  // object is read again: `done` says whether it was carried out; if not, it is tried again. Throws
  // LockLost when the lock is another's, ClusterError conflict when a test of the operations does
  // not hold or when somebody replaced the object and the fence with it: claim it again then.
  Json change(const ObjectRef& object, const Json& operations,
              const std::function<bool(const Json&)>& done);

  // Creates an object that carries the fence; one that exists already is claimed and returned as it
  // is.
  Json create(const Json& manifest);

  // Waits, renewing the lease; an API server that is away does not end it. Returns a request that
  // somebody left meanwhile. Throws StopAsked, LockLost.
  Request pause(Milliseconds time);
  // Renews when due; before long steps. Throws LockLost, and ClusterError only when the lease may
  // be another's by now.
  void keep();

  void tell(DeployEvent::Severity severity, const std::string& reason, const std::string& message,
            std::map<std::string, double> values = {});
  void finish(ReleaseOutcome outcome);  // state, history, lock

 private:
  struct Inner;
  explicit Session(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

// Reads the rights that a strategy needs, with those of its rollback; throws Error{config} that
// lists the missing ones as `kubectl create role` lines. Namespace missing or terminating:
// Error{not_found}, {conflict}.
void preflight(Cluster& cluster, const DeployPlan& plan);

}  // namespace mlopsctl
