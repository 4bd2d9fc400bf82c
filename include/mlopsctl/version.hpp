// What this binary is.
#pragma once

#include <string_view>

namespace mlopsctl {

struct VersionInfo {
  std::string_view version;     // "0.1.0"
  std::string_view commit;      // 12 hexadecimal digits or "unknown"
  std::string_view build_type;  // "Release"
  std::string_view compiler;    // "GNU 12.2.0"
};

const VersionInfo& version_info();

}  // namespace mlopsctl
