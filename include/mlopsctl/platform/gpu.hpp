// NVIDIA GPUs as the driver's management library (NVML, loaded at first use) reports them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl {

struct GpuInfo {
  std::string name;
  std::string uuid;
  std::uint64_t memory_bytes = 0;
};

// NaN where the board does not tell (a MIG slice has no utilisation of its own).
struct GpuSample {
  double utilisation_percent = 0;
  double memory_used_bytes = 0;
  double memory_total_bytes = 0;
  double power_watts = 0;  // NaN where the board does not tell
  double temperature_celsius = 0;
};

struct GpuInventory {
  std::string driver;         // "580.82.07"; empty if there is no driver
  std::string cuda;           // highest CUDA version of the driver, "13.0"; empty if unknown
  std::string absent_reason;  // why `gpus` is empty
  std::vector<GpuInfo> gpus;
};

GpuInventory gpu_inventory();

// One sample per GPU, in inventory order; empty without a driver.
std::vector<GpuSample> gpu_samples();

// How fast a GPU runs now, and why not faster: numbers of a hot GPU say little.
struct GpuClock {
  std::string name;
  double megahertz = 0;  // of the multiprocessors; NaN where the board does not tell
  double temperature_celsius = 0;
  std::string throttled;  // "power cap", "heat", …, joined by ", "; empty: by nothing
};

// One a GPU, in inventory order; empty without a driver. Nothing is changed.
std::vector<GpuClock> gpu_clocks();

}  // namespace mlopsctl
