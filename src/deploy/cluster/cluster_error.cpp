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

std::optional<Json> get_one(Cluster& cluster, const ObjectRef& reference) {
  const std::array<ObjectRef, 1> references{reference};
  auto found = cluster.get(references);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace mlopsctl
