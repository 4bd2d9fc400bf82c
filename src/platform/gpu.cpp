// NVML by dlopen. Users have the driver, hardly ever the toolkit with nvml.h, so the part of the
// ABI that is used is declared here, after the NVML API reference
// (docs.nvidia.com/deploy/nvml-api). The suffixed entry points (_v2) and the structures below have
// not changed since driver 331.
#include "mlopsctl/platform/gpu.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

#include <array>
#include <limits>
#include <string>

namespace mlopsctl {

namespace {

using Status = int;  // nvmlReturn_t
constexpr Status success = 0;
struct DeviceOpaque;
using Device = DeviceOpaque*;  // nvmlDevice_t
struct Utilization {           // nvmlUtilization_t, per cent
  unsigned int gpu, memory;
};
struct Memory {  // nvmlMemory_t, bytes
  unsigned long long total, free, used;
};
constexpr int temperature_gpu = 0;  // NVML_TEMPERATURE_GPU
constexpr int clock_sm = 1;         // NVML_CLOCK_SM
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

class Library {
 public:
  Library();

  std::string reason;  // why there are no devices; empty: there are
  std::string driver, cuda;
  std::vector<Device> devices;

  Status (*name)(Device, char*, unsigned int) = nullptr;
  Status (*uuid)(Device, char*, unsigned int) = nullptr;
  Status (*memory)(Device, Memory*) = nullptr;
  Status (*utilization)(Device, Utilization*) = nullptr;
  Status (*power)(Device, unsigned int*) = nullptr;  // milliwatts
  Status (*temperature)(Device, int, unsigned int*) = nullptr;
  // Not on every board and driver.
  Status (*clock)(Device, int, unsigned int*) = nullptr;  // megahertz
  Status (*throttle)(Device, unsigned long long*) = nullptr;

 private:
  template <typename Function>
  bool find(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(::dlsym(handle_, symbol));
    if (function == nullptr)
      reason = fmt::format("the NVIDIA driver's libnvidia-ml.so.1 lacks {}", symbol);
    return function != nullptr;
  }
  template <typename Function>
  void find_optional(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(::dlsym(handle_, symbol));
  }
  void* handle_ = nullptr;
};

Library::Library() {
  handle_ = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    reason = "no NVIDIA driver: libnvidia-ml.so.1 was not found";
    return;
  }
  Status (*start)() = nullptr;
  const char* (*text)(Status) = nullptr;
  Status (*driver_version)(char*, unsigned int) = nullptr;
  Status (*cuda_version)(int*) = nullptr;
  Status (*count)(unsigned int*) = nullptr;
  Status (*by_index)(unsigned int, Device*) = nullptr;
  if (!find(start, "nvmlInit_v2") || !find(text, "nvmlErrorString") ||
      !find(driver_version, "nvmlSystemGetDriverVersion") ||
      !find(cuda_version, "nvmlSystemGetCudaDriverVersion_v2") ||
      !find(count, "nvmlDeviceGetCount_v2") || !find(by_index, "nvmlDeviceGetHandleByIndex_v2") ||
      !find(name, "nvmlDeviceGetName") || !find(uuid, "nvmlDeviceGetUUID") ||
      !find(memory, "nvmlDeviceGetMemoryInfo") ||
      !find(utilization, "nvmlDeviceGetUtilizationRates") ||
      !find(power, "nvmlDeviceGetPowerUsage") || !find(temperature, "nvmlDeviceGetTemperature"))
    return;
  find_optional(clock, "nvmlDeviceGetClockInfo");
  find_optional(throttle, "nvmlDeviceGetCurrentClocksThrottleReasons");
  if (const Status status = start(); status != success) {
    reason = fmt::format("the NVIDIA driver cannot be used: {}", text(status));
    return;
  }
  std::array<char, 96> buffer{};
  if (driver_version(buffer.data(), buffer.size()) == success) driver = buffer.data();
  if (int version = 0; cuda_version(&version) == success)
    cuda = fmt::format("{}.{}", version / 1000, version % 1000 / 10);
  unsigned int number = 0;
  if (const Status status = count(&number); status != success) {
    reason = fmt::format("the NVIDIA driver does not list its GPUs: {}", text(status));
    return;
  }
  for (unsigned int i = 0; i < number; ++i)
    if (Device device = nullptr; by_index(i, &device) == success) devices.push_back(device);
  if (devices.empty()) reason = "the NVIDIA driver is loaded but there is no GPU that we may use";
}

// nvmlClocksThrottleReasons of the API reference. That a GPU is idle is no reason.
struct ThrottleReason {
  unsigned long long bit;
  const char* name;
};
constexpr std::array throttle_reasons{ThrottleReason{0x2, "application clocks"},
                                      ThrottleReason{0x4, "power cap"},
                                      ThrottleReason{0x8, "hardware slowdown"},
                                      ThrottleReason{0x10, "sync boost"},
                                      ThrottleReason{0x20, "heat"},
                                      ThrottleReason{0x40, "heat (hardware)"},
                                      ThrottleReason{0x80, "power brake"},
                                      ThrottleReason{0x100, "display clocks"}};

// Loaded once and kept: nvmlInit takes long, and threads may ask at the same time.
const Library& library() {
  static const Library loaded;
  return loaded;
}

}  // namespace

GpuInventory gpu_inventory() {
  const Library& nvml = library();
  GpuInventory inventory{
      .driver = nvml.driver, .cuda = nvml.cuda, .absent_reason = nvml.reason, .gpus = {}};
  for (Device device : nvml.devices) {
    GpuInfo info;
    std::array<char, 96> buffer{};
    if (nvml.name(device, buffer.data(), buffer.size()) == success) info.name = buffer.data();
    if (nvml.uuid(device, buffer.data(), buffer.size()) == success) info.uuid = buffer.data();
    if (Memory memory{}; nvml.memory(device, &memory) == success) info.memory_bytes = memory.total;
    inventory.gpus.push_back(std::move(info));
  }
  return inventory;
}

std::vector<GpuSample> gpu_samples() {
  const Library& nvml = library();
  std::vector<GpuSample> samples;
  for (Device device : nvml.devices) {
    GpuSample sample{unknown, unknown, unknown, unknown, unknown};
    if (Utilization use{}; nvml.utilization(device, &use) == success)
      sample.utilisation_percent = use.gpu;
    if (Memory memory{}; nvml.memory(device, &memory) == success) {
      sample.memory_used_bytes = static_cast<double>(memory.used);
      sample.memory_total_bytes = static_cast<double>(memory.total);
    }
    if (unsigned int milliwatts = 0; nvml.power(device, &milliwatts) == success)
      sample.power_watts = milliwatts / 1000.0;
    if (unsigned int degrees = 0; nvml.temperature(device, temperature_gpu, &degrees) == success)
      sample.temperature_celsius = degrees;
    samples.push_back(sample);
  }
  return samples;
}

std::vector<GpuClock> gpu_clocks() {
  const Library& nvml = library();
  std::vector<GpuClock> clocks;
  for (Device device : nvml.devices) {
    GpuClock one{.megahertz = unknown, .temperature_celsius = unknown};
    std::array<char, 96> buffer{};
    if (nvml.name(device, buffer.data(), buffer.size()) == success) one.name = buffer.data();
    unsigned int value = 0;
    if (nvml.clock != nullptr && nvml.clock(device, clock_sm, &value) == success)
      one.megahertz = value;
    if (nvml.temperature(device, temperature_gpu, &value) == success)
      one.temperature_celsius = value;
    unsigned long long bits = 0;
    if (nvml.throttle != nullptr && nvml.throttle(device, &bits) == success) {
      for (const ThrottleReason& reason : throttle_reasons)
        if ((bits & reason.bit) != 0)
          one.throttled += (one.throttled.empty() ? "" : ", ") + std::string(reason.name);
    }
    clocks.push_back(std::move(one));
  }
  return clocks;
}

}  // namespace mlopsctl
