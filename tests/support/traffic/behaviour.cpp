#include "support/traffic/behaviour.hpp"

#include <charconv>
#include <optional>

namespace mlopsctl::testing {

namespace {

// The number behind the marker, or `otherwise` where none is; nothing without the marker.
std::optional<int> marked(std::string_view image, std::string_view marker, int otherwise) {
  const auto at = image.find(marker);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = image.substr(at + marker.size());
  int number = otherwise;
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number;
}

}  // namespace

Behaviour behaviour_of(std::string_view image) {
  Behaviour behaviour;
  if (const auto percent = marked(image, "-errors", 30)) behaviour.failing = *percent / 100.0;
  if (const auto ms = marked(image, "-laggy", 900))
    behaviour.latency = std::chrono::milliseconds(*ms);
  return behaviour;
}

}  // namespace mlopsctl::testing
