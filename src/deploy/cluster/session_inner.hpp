// What a Session is made of; its functions are in session.cpp and fenced_change.cpp.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include "deploy/cluster/lease_lock.hpp"

#include <optional>
#include <string>

namespace mlopsctl {

struct Session::Inner {
  Tools tools;
  DeployPlan plan;
  State state;
  std::optional<deploy::LeaseLock> lock;  // none in a rehearsal, or when it was let go or lost
  bool rehearsal = false;
  std::string fence;

  // The lock, for what may only be done with it. Throws Error{bug} in a rehearsal, LockLost.
  deploy::LeaseLock& held();
};

}  // namespace mlopsctl
