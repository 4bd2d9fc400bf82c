// Who owns which field of an object (metadata.managedFields, FieldsV1), and server-side apply.
#pragma once

#include "support/cluster/kinds.hpp"
#include "support/cluster/list_keys.hpp"

#include <string>

namespace mlopsctl::testing {

// `after` came from `before` (null: it was created) by a create, update or patch of the manager:
// fields with new values are the manager's and nobody else's now.
void own_changes(const ResourceType& type, const Json& before, Json& after,
                 const std::string& manager, const std::string& subresource,
                 const std::string& time);

struct Apply {
  std::string manager;
  bool force = false;
  std::string time;
};
// The live object (null: there is none) with the applied configuration merged in: fields that the
// manager applied before and leaves out now are removed unless somebody else owns them. Throws
// ApiError 409 that names field and owner of each conflict.
Json server_side_apply(const ResourceType& type, const Json& live, const Json& applied,
                       const Apply& apply);

}  // namespace mlopsctl::testing
