// The REST of Kubernetes over the rules of the simulated one.
#pragma once

#include "support/cluster/http_request.hpp"

namespace mlopsctl::testing {

struct ApiTarget {
  Place place;
  std::string version;  // that the answer shall have: "apps/v1"
};
// Throws ApiError 404 for kinds that are not there.
ApiTarget find_target(const Kubernetes& world, const ApiPath& path);

// Everything but watches and upgrades. Throws ApiError.
ServedResponse serve_api(Kubernetes& world, const ApiRequest& request, const Caller& caller);

// authorization.k8s.io/v1: SelfSubjectAccessReview and SelfSubjectRulesReview. kubectl auth can-i
// sends them as protocol buffers.
ServedResponse serve_review(const Kubernetes& world, const ApiPath& path, const ApiRequest& request,
                            const Caller& caller);

// An object as that version has it.
Json in_version(Json object, const std::string& version);

}  // namespace mlopsctl::testing
