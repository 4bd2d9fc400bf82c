#include "tracking/artifact_path.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "tracking/limits.hpp"

#include <fmt/format.h>

#include <vector>

namespace mlopsctl {

namespace {

constexpr std::size_t max_path_bytes = 4096;
constexpr std::size_t max_part_bytes = 255;

}  // namespace

std::string clean_artifact_path(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorKind::usage, fmt::format("the artifact name {} {}", quote(path), why),
                 "use a relative name such as 'plots/loss.svg'");
  };
  if (path.starts_with('/')) throw refuse("is absolute");
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") throw refuse("leaves the run's folder");
    if (part.size() > max_part_bytes) throw refuse("has a part longer than 255 bytes");
    require_name("artifact", part);
    parts.push_back(part);
  }
  std::string clean = join(parts, "/");
  if (clean.empty()) throw refuse("is empty");
  if (clean.size() > max_path_bytes) throw refuse("is longer than 4096 bytes");
  return clean;
}

}  // namespace mlopsctl
