#include "support/cluster/virtual_clock.hpp"

#include <algorithm>
#include <stdexcept>

namespace mlopsctl::testing {

VirtualClock::VirtualClock(Kubernetes& world, Milliseconds limit) : world_(world), limit_(limit) {}

Timestamp VirtualClock::wall() { return world_.now(); }

Milliseconds VirtualClock::monotonic() { return world_.now() - world_.options().start; }

bool VirtualClock::sleep(Milliseconds time) {
  const bool stops = stop_ && *stop_ <= world_.now() + time;
  world_.advance(std::max(Milliseconds(0), stops ? *stop_ - world_.now() : time));
  if (monotonic() > limit_)
    throw std::runtime_error("the virtual clock ran for too long: does the loop never end?");
  if (stops) stop_.reset();
  return stops;
}

}  // namespace mlopsctl::testing
