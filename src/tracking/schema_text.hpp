// The SQL of each schema step, embedded at build time.
#pragma once

#include <string_view>

namespace mlopsctl {
extern const std::string_view schema_version_1;  // schema.sql
}  // namespace mlopsctl
