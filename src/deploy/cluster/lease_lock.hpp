// The lock: taken, renewed and let go by compare-and-swap only. Who may have lost it finds out with
// the next write, and by its own clock even while the API server is away.
#pragma once

#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy/cluster/lease.hpp"

#include <functional>
#include <string>

namespace mlopsctl::deploy {

class LeaseLock {
 public:
  // Looked at before the lock is taken from nobody or a dead holder; throws if it must not be.
  using Check = std::function<void(const Json* lease)>;  // null: there is none yet

  // Throws Error{conflict} naming the holder, StopAsked.
  static LeaseLock take(Cluster& cluster, Clock& clock, const std::string& app,
                        Milliseconds patience, const Check& check);

  int transitions() const { return transitions_; }

  // All below throw LockLost, and ClusterError if the API server does not do it.
  void save(const std::string& state);  // renews, too
  void keep();                          // renews when due, see Session::keep
  // Saves for the last time and lets go in the same write.
  void finish(const std::string& state);
  void release();  // tried once: a lock that is not let go runs out

  // Throws LockLost unless this is the lease as we hold it; null: it is gone.
  void require_ours(const Json* lease) const;
  ObjectRef reference() const { return lease_of(app_); }

  // What somebody asked of us, as the last write saw it; it is removed from the lease.
  Request take_request();
  Milliseconds until_renewal() const;

 private:
  LeaseLock(Cluster& cluster, Clock& clock, const std::string& app);
  bool create();
  bool take_from(const LeaseFacts& facts);
  [[noreturn]] void refuse(const LeaseFacts& facts) const;
  // A patch that holds only while the lease is ours. `done`: was it carried out, of a lease that
  // was read after an unknown outcome.
  Json guarded(const Json& operations) const;  // with tests that the lease is ours
  using Done = std::function<bool(const Json& lease)>;
  void update(const Json& operations, const Done& done);
  bool was_done(const Done& done, Milliseconds sent);
  void seen(const Json& lease, Milliseconds sent);
  bool is_ours(const Json& lease) const;

  Cluster* cluster_;
  Clock* clock_;
  std::string app_, holder_, request_;
  int transitions_ = 0;
  Milliseconds renewed_{0};  // before the request that renewed it was sent
  Milliseconds next_renewal_{0};
};

}  // namespace mlopsctl::deploy
