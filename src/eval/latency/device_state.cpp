#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/platform/gpu.hpp"
#include "mlopsctl/platform/machine.hpp"

#include <thread>

namespace mlopsctl {

std::vector<DeviceState> device_states() {
  std::vector<DeviceState> states;
  for (GpuClock& clock : gpu_clocks()) {
    states.push_back({.name = std::move(clock.name),
                      .clock_mhz = clock.megahertz,
                      .temperature_celsius = clock.temperature_celsius,
                      .throttled = std::move(clock.throttled)});
  }
  return states;
}

Fingerprint machine_fingerprint() {
  Fingerprint print{{"cpu", cpu_model()},
                    {"cpus", std::to_string(std::thread::hardware_concurrency())}};
  const GpuInventory gpus = gpu_inventory();
  if (gpus.gpus.empty()) return print;
  print["gpu"] = gpus.gpus.front().name;
  print["gpus"] = std::to_string(gpus.gpus.size());
  print["driver"] = gpus.driver;
  return print;
}

}  // namespace mlopsctl
