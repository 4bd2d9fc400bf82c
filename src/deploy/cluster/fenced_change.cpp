// Changes that a process which lost the lock cannot make: each is tied to the fence.
#include "mlopsctl/platform/http.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/lease.hpp"
#include "deploy/cluster/session_inner.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace mlopsctl {
namespace {

constexpr int attempts = 8;  // of a claim: controllers write to an object all the time
constexpr int change_attempts = 3;

std::string shown(const ObjectRef& object) {
  return fmt::format("{}/{}", object.kind, object.name);
}

// Reads object and lease in one call. Throws LockLost if the lock is another's by now.
std::optional<Json> look(Cluster& cluster, const deploy::LeaseLock& lock, const ObjectRef& object) {
  const std::array<ObjectRef, 2> references{object, lock.reference()};
  std::optional<Json> lease;
  std::optional<Json> found;
  for (auto& read : cluster.get(references))
    (deploy::text_at(read, "/kind") == "Lease" ? lease : found) = std::move(read);
  lock.require_ours(lease ? &*lease : nullptr);
  return found;
}

void wait_a_little(Clock& clock, int failures) {
  clock.sleep(retry_delay({.first_delay = Milliseconds{200}, .longest_delay = Milliseconds{5'000}},
                          failures));
}

[[noreturn]] void gone(const ObjectRef& object) {
  throw ClusterError(ClusterFailure::not_found, fmt::format("{} is gone", shown(object)));
}

[[noreturn]] void changed(const ObjectRef& object, std::string_view how) {
  throw ClusterError(ClusterFailure::conflict, fmt::format("{} {}", shown(object), how),
                     "somebody else works on it: see its managedFields");
}

}  // namespace

void Session::claim(const ObjectRef& object) {
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    inner_->held().keep();
    const auto found = look(cluster(), inner_->held(), object);
    if (!found) gone(object);
    if (deploy::annotation_of(*found, deploy::fence_annotation) == fence()) return;
    // Whatever fence is there is an older one, for the lock is ours. The version makes sure that it
    // still is when this is written: a newer holder claims before it changes anything.
    const Json patch{{"metadata",
                      {{"resourceVersion", deploy::text_at(*found, "/metadata/resourceVersion")},
                       {"annotations", {{deploy::fence_annotation, fence()}}}}}};
    try {
      cluster().patch(object, PatchKind::merge, patch);
      return;
    } catch (const ClusterError& error) {
      if (error.failure() != ClusterFailure::conflict && !error.outcome_unknown()) throw;
    }
    if (attempt > 1) wait_a_little(clock(), attempt - 1);
  }
  changed(object, "is being changed too fast to be claimed");
}

Json Session::change(const ObjectRef& object, const Json& operations,
                     const std::function<bool(const Json&)>& done) {
  Json patch = Json::array({{{"op", "test"},
                             {"path", deploy::annotation_path(deploy::fence_annotation)},
                             {"value", fence()}}});
  patch.insert(patch.end(), operations.begin(), operations.end());
  for (int attempt = 1;; ++attempt) {
    inner_->held().keep();
    try {
      return cluster().patch(object, PatchKind::json, patch);
    } catch (const ClusterError& error) {
      const bool refused = error.failure() == ClusterFailure::conflict;
      if (!refused && !error.outcome_unknown()) throw;
      auto found = look(cluster(), inner_->held(), object);
      if (!found) gone(object);
      if (done(*found)) return std::move(*found);
      if (deploy::annotation_of(*found, deploy::fence_annotation) != fence())
        changed(object, "was replaced by somebody else meanwhile");
      if (refused && attempt > 1)  // the second time it is no race with a controller
        changed(object, "is not as it was when this step was decided");
      if (attempt == change_attempts) throw;
    }
    wait_a_little(clock(), attempt);
  }
}

Json Session::create(const Json& manifest) {
  Json fenced = manifest;
  fenced["metadata"]["annotations"][deploy::fence_annotation] = fence();
  const ObjectRef object = reference_to(manifest);
  for (int attempt = 1;; ++attempt) {
    inner_->held().keep();
    try {
      return cluster().create(fenced);
    } catch (const ClusterError& error) {
      if (error.failure() != ClusterFailure::exists && !error.outcome_unknown()) throw;
      if (look(cluster(), inner_->held(), object)) {
        claim(object);
        if (auto found = get_one(cluster(), object)) return std::move(*found);
        gone(object);
      }
      if (attempt == change_attempts) throw;
    }
    wait_a_little(clock(), attempt);
  }
}

}  // namespace mlopsctl
