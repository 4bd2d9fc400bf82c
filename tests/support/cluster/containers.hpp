// The life of a container as a function of its age: what the kubelet would report.
#pragma once

#include "support/cluster/control_plane.hpp"
#include "support/cluster/images.hpp"

namespace mlopsctl::testing {

struct ContainerLife {
  Json status;  // of containerStatuses
  bool running = false, ready = false, started_once = false, completed = false;
  std::optional<Milliseconds> next;  // age at which something changes
};

struct ContainerPlace {
  const Json& pod;
  const Json& container;
  Timestamp born;       // when the kubelet began with it
  Milliseconds age;     // since then
  std::string missing;  // "secret \"x\" not found": it cannot be started
  bool is_init = false, sick = false;
};

ContainerLife container_life(const ContainerPlace& place, const Timings& timings);

}  // namespace mlopsctl::testing
