#include "mlopsctl/platform/cache_folder.hpp"

#include <cstdlib>

namespace mlopsctl {

namespace {

std::filesystem::path folder_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

}  // namespace

std::optional<std::filesystem::path> user_cache_folder() {
  const std::filesystem::path caches = folder_in("XDG_CACHE_HOME"), home = folder_in("HOME");
  if (caches.is_absolute()) return caches / "mlopsctl";
  if (home.empty()) return std::nullopt;
  return home / ".cache" / "mlopsctl";
}

}  // namespace mlopsctl
