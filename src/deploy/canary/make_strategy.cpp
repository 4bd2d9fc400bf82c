#include "mlopsctl/deploy/deploy.hpp"

namespace mlopsctl {

std::unique_ptr<Strategy> make_strategy(StrategyKind kind, const DeployTools& tools) {
  switch (kind) {
    case StrategyKind::rolling:
      return make_rolling(tools);
    case StrategyKind::blue_green:
      return make_blue_green(tools);
    case StrategyKind::canary:
      break;
  }
  return make_canary(tools);
}

}  // namespace mlopsctl
