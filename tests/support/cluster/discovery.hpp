// What the API server says about itself: groups, kinds, their verbs, and what kubectl wants to know
// of OpenAPI (whether dry runs are understood).
#pragma once

#include "support/cluster/http_request.hpp"

#include <optional>

namespace mlopsctl::testing {

// /version, /api, /apis, /apis/GROUP, /apis/GROUP/VERSION, /openapi/…; nothing for other paths.
std::optional<ServedResponse> discovery(const Kubernetes& world, const ApiRequest& request);

}  // namespace mlopsctl::testing
