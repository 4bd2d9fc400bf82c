// The kinds of object that the simulated API server knows: what `kubectl api-resources` shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

struct ResourceType {
  std::string_view group;                  // "" is the core group
  std::vector<std::string_view> versions;  // the first is the one that is stored
  std::string_view kind, plural, singular;
  std::vector<std::string_view> short_names;
  bool namespaced = true;
  bool custom = false;      // of a CRD: neither strategic merge patch nor known lists
  bool status = false;      // has the subresource
  bool scale = false;       // has the subresource
  bool generation = false;  // metadata.generation counts changes of the spec
  bool in_all = false;      // `kubectl get all`

  std::string api_version() const;  // "apps/v1"
  std::string qualified() const;    // "deployments.apps", as messages name it
};

const std::vector<ResourceType>& resource_types();
// By kind and apiVersion of a manifest; null if there is none.
const ResourceType* type_of_kind(std::string_view api_version, std::string_view kind);
// As kubectl takes it: "deployment", "deploy", "deployments.apps", "httproutes.v1.gateway…".
const ResourceType* type_of_name(std::string_view name);
const ResourceType& type(std::string_view plural);  // that exists

}  // namespace mlopsctl::testing
