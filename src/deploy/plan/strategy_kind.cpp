#include "mlopsctl/deploy/plan.hpp"

namespace mlopsctl {

std::string_view to_string(StrategyKind kind) {
  switch (kind) {
    case StrategyKind::rolling:
      return "rolling";
    case StrategyKind::blue_green:
      return "blue-green";
    case StrategyKind::canary:
      break;
  }
  return "canary";
}

}  // namespace mlopsctl
