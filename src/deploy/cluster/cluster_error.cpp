#include "mlopsctl/deploy/cluster.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace mlopsctl {
namespace {

ErrorKind kind_of(ClusterFailure failure) {
  switch (failure) {
    case ClusterFailure::unreachable:
    case ClusterFailure::busy:
      return ErrorKind::unavailable;
    case ClusterFailure::not_found:
    case ClusterFailure::no_such_kind:
      return ErrorKind::not_found;
    case ClusterFailure::exists:
    case ClusterFailure::conflict:
      return ErrorKind::conflict;
    case ClusterFailure::unauthorized:
    case ClusterFailure::forbidden:
    case ClusterFailure::invalid:
      return ErrorKind::config;
    case ClusterFailure::other:
      break;
  }
  return ErrorKind::io;
}

}  // namespace

ClusterError::ClusterError(ClusterFailure failure, const std::string& message, std::string hint)
    : Error(kind_of(failure), message, std::move(hint)), failure_(failure) {}

ObjectRef reference_to(const Json& object) {
  ObjectRef reference;
  for (const char letter : object.value("kind", std::string{}))
    reference.kind +=
        letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  const auto version = object.value("apiVersion", std::string{});
  if (const auto slash = version.find('/'); slash != std::string::npos)
    reference.kind += "." + version.substr(0, slash);
  reference.name = object.value(Json::json_pointer{"/metadata/name"}, std::string{});
  return reference;
}

std::optional<Json> get_one(Cluster& cluster, const ObjectRef& reference) {
  const std::array<ObjectRef, 1> references{reference};
  auto found = cluster.get(references);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace mlopsctl
