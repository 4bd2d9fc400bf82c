// Deployments in the run store.
#pragma once

#include "mlopsctl/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

struct LocalDeployment {
  std::string run_id, app, outcome, strategy, image, tag, release, reason;
  Timestamp started{};
};

// Newest first; none where there is no run store.
std::vector<LocalDeployment> local_deployments(Context& context, const std::string& app,
                                               std::int64_t limit);
std::optional<LocalDeployment> last_local_deployment(Context& context, const std::string& app);

}  // namespace mlopsctl::commands
