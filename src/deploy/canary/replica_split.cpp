#include "mlopsctl/deploy/traffic.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace mlopsctl {
namespace {

// Nearest canary count among `total` pods, ties up, none left empty between 1 and 99 per cent.
ReplicaSplit nearest(int total, int weight) {
  int canary = static_cast<int>(std::floor(total * weight / 100.0 + 0.5));
  if (weight > 0 && weight < 100 && total > 1) canary = std::clamp(canary, 1, total - 1);
  return {.stable = total - canary, .canary = canary};
}

double error_of(const ReplicaSplit& split, int weight) {
  const int total = split.stable + split.canary;
  return total == 0 ? 1 : std::abs(static_cast<double>(split.canary) / total - weight / 100.0);
}

}  // namespace

ReplicaSplit split_replicas(int replicas, int weight, int surge) {
  if (weight <= 0) return {.stable = replicas, .canary = 0};
  if (weight >= 100) return {.stable = 0, .canary = replicas};
  ReplicaSplit best = nearest(replicas, weight);
  // One more pod may come closer; a single pod can only be shared by a second one.
  if (surge > 0) {
    const ReplicaSplit more = nearest(replicas + 1, weight);
    if (replicas == 1 || error_of(more, weight) < error_of(best, weight)) best = more;
  }
  return best;
}

}  // namespace mlopsctl
