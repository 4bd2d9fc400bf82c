// The computer that a run was made on, as JSON for environment/environment.json.
#pragma once

#include "mlopsctl/platform/gpu.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlopsctl {

// OS, kernel, CPU, memory, GPUs, driver.
nlohmann::json describe_machine(const GpuInventory& gpus);

// Our environment variables; secrets masked.
nlohmann::json describe_variables();

}  // namespace mlopsctl
