#include "support/traffic/behaviour.hpp"

#include "support/cluster/images.hpp"

#include <charconv>
#include <optional>
#include <string>

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

ServerBehaviour server_behaviour(std::string_view image) {
  // A digest of the tests holds the tag.
  const std::string text = repository_of(image) + ":" + tag_of(image).value_or("");
  ServerBehaviour behaviour;
  if (const auto percent = marked(text, "-errors", 30)) behaviour.failing = *percent / 100.0;
  if (const auto ms = marked(text, "-laggy", 900))
    behaviour.latency = std::chrono::milliseconds(*ms);
  return behaviour;
}

}  // namespace mlopsctl::testing
