// Which lists of the built-in kinds are merged by a key: what the OpenAPI schemas of Kubernetes say
// with x-kubernetes-patch-merge-key and x-kubernetes-list-map-keys.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

using Json = nlohmann::json;

// A place in an object: the names of the members from the top; elements of lists add nothing.
using FieldPath = std::vector<std::string>;

// The key of strategic merge patches; empty: the list is replaced as a whole.
std::string merge_key(const FieldPath& list);
// The keys of server-side apply, more than one for ports.
std::vector<std::string> map_keys(const FieldPath& list);
// A list of plain values that is merged as a set.
bool is_set(const FieldPath& list);
// A map that has one owner as a whole: selectors.
bool is_atomic_map(const FieldPath& map);

// The element with these values of the keys; -1 if there is none. Protocols are TCP unless said.
int find_element(const Json& list, const Json& like, const std::vector<std::string>& keys);

}  // namespace mlopsctl::testing
