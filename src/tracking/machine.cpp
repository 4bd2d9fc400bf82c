#include "tracking/machine.hpp"

#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/machine.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/process_tree.hpp"

#include <nlohmann/json.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <thread>

namespace mlopsctl {

namespace {

nlohmann::json describe_gpus(const GpuInventory& inventory) {
  auto gpus = nlohmann::json::array();
  for (const auto& gpu : inventory.gpus)
    gpus.push_back({{"name", gpu.name}, {"uuid", gpu.uuid}, {"memory_bytes", gpu.memory_bytes}});
  nlohmann::json result{{"driver", inventory.driver}, {"cuda", inventory.cuda}, {"gpus", gpus}};
  if (!inventory.absent_reason.empty()) result["absent_reason"] = inventory.absent_reason;
  return result;
}

}  // namespace

nlohmann::json describe_machine(const GpuInventory& gpus) {
  utsname system{};
  ::uname(&system);
  return {{"host", host_name()},
          {"os", os_name()},
          {"kernel", std::string{system.sysname} + " " + system.release},
          {"architecture", system.machine},
          {"cpu", {{"model", cpu_model()}, {"threads", std::thread::hardware_concurrency()}}},
          {"memory_bytes", memory_usage().total_bytes},
          {"nvidia", describe_gpus(gpus)}};
}

nlohmann::json describe_variables() {
  auto variables = nlohmann::json::object();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = text.substr(0, equals);
    const auto value = text.substr(equals + 1);
    const bool secret = is_secret_name(name) && !value.empty();
    // printable: a variable may hold any bytes, a JSON text may not
    variables[printable(name)] = secret ? std::string{masked} : printable(mask_secrets(value));
  }
  return variables;
}

}  // namespace mlopsctl
