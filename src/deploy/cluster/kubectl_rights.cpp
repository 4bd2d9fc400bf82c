#include "deploy/cluster/kubectl_rights.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::deploy {
namespace {

constexpr const char* version = "authorization.k8s.io/v1";

struct Resource {
  std::string name, group, part;  // deployments, apps, scale
};

// "deployments.apps/scale"
Resource resource_of(const Right& right) {
  Resource resource;
  const auto slash = right.resource.find('/');
  if (slash != std::string::npos) resource.part = right.resource.substr(slash + 1);
  const std::string whole = right.resource.substr(0, slash);
  const auto dot = whole.find('.');
  resource.name = whole.substr(0, dot);
  if (dot != std::string::npos) resource.group = whole.substr(dot + 1);
  return resource;
}

bool lists(const Json& rule, const char* key, std::initializer_list<std::string> words) {
  const auto list = rule.find(key);
  if (list == rule.end() || !list->is_array()) return false;
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::find(*list, Json(word)) != list->end();
  });
}

}  // namespace

Json rules_review(const std::string& name_space) {
  return {{"apiVersion", version},
          {"kind", "SelfSubjectRulesReview"},
          {"spec", {{"namespace", name_space}}}};
}

bool is_allowed(const Json& review, const Right& right) {
  const Json::json_pointer path{"/status/resourceRules"};
  if (!review.contains(path) || !review.at(path).is_array()) return false;
  const Resource resource = resource_of(right);
  const std::string whole =
      resource.part.empty() ? resource.name : resource.name + "/" + resource.part;
  return std::ranges::any_of(review.at(path), [&](const Json& rule) {
    const bool of_all_names = !rule.contains("resourceNames") || rule["resourceNames"].is_null() ||
                              rule["resourceNames"].empty();
    const bool named = resource.part.empty()
                           ? lists(rule, "resources", {"*", whole})
                           : lists(rule, "resources", {"*", whole, "*/" + resource.part});
    return of_all_names && named && lists(rule, "verbs", {"*", right.verb}) &&
           lists(rule, "apiGroups", {"*", resource.group});
  });
}

Json access_reviews(const std::string& name_space, std::span<const Right> rights) {
  Json items = Json::array();
  for (const auto& right : rights) {
    const Resource resource = resource_of(right);
    Json attributes{{"namespace", name_space},
                    {"verb", right.verb},
                    {"group", resource.group},
                    {"resource", resource.name}};
    if (!resource.part.empty()) attributes["subresource"] = resource.part;
    items.push_back({{"apiVersion", version},
                     {"kind", "SelfSubjectAccessReview"},
                     {"spec", {{"resourceAttributes", attributes}}}});
  }
  return {{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
}

bool is_allowed(const Json& access_review) {
  return access_review.value(Json::json_pointer{"/status/allowed"}, false);
}

}  // namespace mlopsctl::deploy
