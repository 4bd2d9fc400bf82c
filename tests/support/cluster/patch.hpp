// The patches of the API server: RFC 6902, RFC 7396 and Kubernetes' strategic merge patch.
#pragma once

#include "support/cluster/list_keys.hpp"

namespace mlopsctl::testing {

// All throw ApiError: 400 for a patch that is none, 422 for one that cannot be applied here.
Json json_patch(const Json& object, const Json& operations);
Json merge_patch(const Json& object, const Json& patch);
// With $patch (delete, replace), $retainKeys, $setElementOrder and $deleteFromPrimitiveList.
Json strategic_merge_patch(const Json& object, const Json& patch);

}  // namespace mlopsctl::testing
