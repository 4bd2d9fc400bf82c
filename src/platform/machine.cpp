#include "mlopsctl/platform/machine.hpp"

#include "mlopsctl/base/text.hpp"

#include <sys/utsname.h>

#include <fstream>

namespace mlopsctl {

namespace {

// The value of the first line that begins with a label, e.g. of /proc/cpuinfo.
std::string labelled_line(const char* path, std::string_view label, char separator) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!std::string_view{line}.starts_with(label)) continue;
    const auto at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string_view value = trim(std::string_view{line}.substr(at + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string{value};
  }
  return {};
}

}  // namespace

std::string cpu_model() {
  std::string model = labelled_line("/proc/cpuinfo", "model name", ':');
  if (!model.empty()) return model;
  utsname system{};
  ::uname(&system);
  return system.machine;  // ARM does not name its models
}

std::string os_name() { return labelled_line("/etc/os-release", "PRETTY_NAME", '='); }

}  // namespace mlopsctl
