// The time of a simulated cluster, for code that sleeps.
#pragma once

#include "mlopsctl/deploy/clock.hpp"

#include "support/cluster/kubernetes.hpp"

#include <optional>

namespace mlopsctl::testing {

// Sleeping lets the cluster's time pass and its controllers run. Throws std::runtime_error when
// more than `limit` has passed: whoever waits so long waits forever.
class VirtualClock : public Clock {
 public:
  explicit VirtualClock(Kubernetes& world, Milliseconds limit = Milliseconds(86'400'000));
  Timestamp wall() override;
  Milliseconds monotonic() override;
  bool sleep(Milliseconds time) override;
  // The user presses Ctrl-C then: the sleep in which it falls ends early; once for each call.
  void stop_at(Timestamp time) { stop_ = time; }

 private:
  Kubernetes& world_;
  Milliseconds limit_;
  std::optional<Timestamp> stop_;
};

}  // namespace mlopsctl::testing
