// A cluster that is not asked twice for the same while a deployment begins. From the look at the
// namespace to the first change, preflight, lock, plan, claims and history look at the same few
// objects; they are read once, and what claims return is known from then on. Lists are known until
// anything is written. It ends for good at the first step (a Deployment, Service or route is
// changed or created), the first wait and the first failed call: from then on everything is read
// each time.
//
// That takes nothing from safety: the lock is read before the rest and taken by compare-and-swap,
// so that no other deployment came between; claims carry a resourceVersion, and the first step
// tests fence and old value. What is known of the lock is never older than what it is asked with.
#pragma once

#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/cluster.hpp"

#include <memory>

namespace mlopsctl {

class ReadOnce {
 public:
  // Both must live longer. Waits have to go through clock().
  ReadOnce(Cluster& inner, Clock& clock);
  ~ReadOnce();
  ReadOnce(const ReadOnce&) = delete;
  ReadOnce& operator=(const ReadOnce&) = delete;

  Cluster& cluster();
  Clock& clock();
  void end();  // for whoever goes on with something that is under way

 private:
  class Memory;
  class WaitingClock;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<WaitingClock> clock_;
};

}  // namespace mlopsctl
