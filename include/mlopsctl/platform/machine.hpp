// What this computer is.
#pragma once

#include <string>

namespace mlopsctl {

std::string cpu_model();  // "AMD EPYC 9R14"; the architecture where the kernel does not tell
std::string os_name();    // PRETTY_NAME of /etc/os-release

}  // namespace mlopsctl
