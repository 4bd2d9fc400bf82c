#include "support/cluster/discovery.hpp"

#include "mlopsctl/base/text.hpp"

#include <set>

namespace mlopsctl::testing {

namespace {

const Json verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
constexpr std::string_view aggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

struct Review {
  const char *kind, *plural;
};
constexpr Review reviews[] = {{"SelfSubjectAccessReview", "selfsubjectaccessreviews"},
                              {"SelfSubjectRulesReview", "selfsubjectrulesreviews"}};
constexpr std::string_view review_group = "authorization.k8s.io";

std::vector<const ResourceType*> types_of(const Kubernetes& world, std::string_view group) {
  std::vector<const ResourceType*> found;
  for (const auto& type : resource_types())
    if (type.group == group && world.installed(&type)) found.push_back(&type);
  return found;
}

// Group → versions, preferred first, in the order of the table.
std::vector<std::pair<std::string, std::vector<std::string_view>>> groups_of(
    const Kubernetes& world) {
  std::vector<std::pair<std::string, std::vector<std::string_view>>> groups;
  std::set<std::string_view> seen;
  for (const auto& type : resource_types())
    if (!type.group.empty() && world.installed(&type) && seen.insert(type.group).second)
      groups.emplace_back(type.group, type.versions);
  groups.emplace_back(review_group, std::vector<std::string_view>{"v1"});
  return groups;
}

Json group_version(const std::string& group, std::string_view version) {
  return {{"groupVersion", group + "/" + std::string(version)}, {"version", version}};
}

Json api_group(const std::string& group, const std::vector<std::string_view>& versions) {
  Json all = Json::array();
  for (const auto version : versions) all.push_back(group_version(group, version));
  return {{"name", group}, {"versions", all}, {"preferredVersion", all.front()}};
}

// What a kind is told as in /apis/GROUP/VERSION.
void add_resources(const ResourceType& type, Json& list) {
  Json one{{"name", type.plural},
           {"singularName", type.singular},
           {"namespaced", type.namespaced},
           {"kind", type.kind},
           {"verbs", verbs}};
  if (!type.short_names.empty()) one["shortNames"] = type.short_names;
  if (type.in_all) one["categories"] = {"all"};
  list.push_back(one);
  const auto sub = [&](const std::string& name, const Json& kind, const Json& can) {
    list.push_back({{"name", std::string(type.plural) + "/" + name},
                    {"singularName", ""},
                    {"namespaced", type.namespaced},
                    {"kind", kind},
                    {"verbs", can}});
  };
  if (type.status) sub("status", type.kind, {"get", "patch", "update"});
  if (type.scale) {
    sub("scale", "Scale", {"get", "patch", "update"});
    list.back()["group"] = "autoscaling";
    list.back()["version"] = "v1";
  }
  if (type.kind == "Pod") {
    sub("log", "Pod", {"get"});
    sub("portforward", "PodPortForwardOptions", {"create", "get"});
  }
}

Json resource_list(const Kubernetes& world, const std::string& group, const std::string& version) {
  Json list = Json::array();
  if (group == review_group)
    for (const auto& review : reviews)
      list.push_back({{"name", review.plural},
                      {"singularName", ""},
                      {"namespaced", false},
                      {"kind", review.kind},
                      {"verbs", {"create"}}});
  for (const auto* type : types_of(world, group))
    for (const auto served : type->versions)
      if (served == version) add_resources(*type, list);
  if (list.empty()) throw no_such_path();
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : group + "/" + version},
          {"resources", list}};
}

// The same in the form that kubectl reads since 1.27: all groups in one answer.
Json discovered(const Json& resource, const std::string& group, const std::string& version) {
  Json made{{"resource", resource.at("name")},
            {"responseKind",
             {{"group", resource.value("group", group)},
              {"version", resource.value("version", version)},
              {"kind", resource.at("kind")}}},
            {"scope", resource.at("namespaced").get<bool>() ? "Namespaced" : "Cluster"},
            {"singularResource", resource.at("singularName")},
            {"verbs", resource.at("verbs")}};
  for (const auto* field : {"shortNames", "categories"})
    if (resource.contains(field)) made[field] = resource[field];
  return made;
}

Json group_discovery(const Kubernetes& world, const std::string& group,
                     const std::vector<std::string_view>& versions) {
  Json all = Json::array();
  for (const auto version : versions) {
    Json resources = Json::array();
    const Json list = resource_list(world, group, std::string(version));
    for (const auto& resource : list.at("resources")) {
      const auto name = resource.at("name").get<std::string>();
      const auto slash = name.find('/');
      if (slash == std::string::npos) {
        resources.push_back(discovered(resource, group, std::string(version)));
        continue;
      }
      Json sub = discovered(resource, group, std::string(version));
      sub.erase("resource");
      sub.erase("scope");
      sub["subresource"] = name.substr(slash + 1);
      resources.back()["subresources"].push_back(sub);
    }
    all.push_back({{"version", version}, {"freshness", "Current"}, {"resources", resources}});
  }
  Json item{{"metadata", Json::object()}, {"versions", all}};
  if (!group.empty()) item["metadata"]["name"] = group;
  return item;
}

ServedResponse all_groups(const Kubernetes& world, bool core) {
  Json items = Json::array();
  if (core)
    items.push_back(group_discovery(world, "", {"v1"}));
  else
    for (const auto& [group, versions] : groups_of(world))
      items.push_back(group_discovery(world, group, versions));
  return answer(200,
                {{"kind", "APIGroupDiscoveryList"},
                 {"apiVersion", "apidiscovery.k8s.io/v2"},
                 {"metadata", Json::object()},
                 {"items", items}},
                std::string(aggregated));
}

// Protocol buffers: fields of wire type 2.
std::string field(int number, const std::string& bytes) {
  std::string text;
  const auto varint = [&](std::size_t value) {
    for (; value >= 0x80; value >>= 7U) text += static_cast<char>((value & 0x7fU) | 0x80U);
    text += static_cast<char>(value);
  };
  varint((static_cast<std::size_t>(number) << 3U) | 2U);
  varint(bytes.size());
  return text + bytes;
}

// kubectl before 1.24 looks here, in OpenAPI v2 as protocol buffers (gnostic's OpenAPIv2.proto),
// for the query parameters that a PATCH of a kind takes: without dryRun it refuses
// --dry-run=server. There are no schemas in it, so that nothing is validated by the client.
std::string openapi_v2(const Kubernetes& world) {
  std::string paths;
  for (const auto& type : resource_types()) {
    if (!world.installed(&type)) continue;
    for (const auto version : type.versions) {
      const std::string kind = "group: \"" + std::string(type.group) +
                               "\"\nkind: " + std::string(type.kind) +
                               "\nversion: " + std::string(version) + "\n";
      const auto parameter =
          field(8, field(1, field(2, field(3, field(2, "query") + field(4, "dryRun")))));
      const auto extension =
          field(13, field(1, "x-kubernetes-group-version-kind") + field(2, field(2, kind)));
      paths += field(2, field(1, "/" + type.qualified() + "/" + std::string(version)) +
                            field(2, field(8, parameter + extension)));
    }
  }
  return field(1, "2.0") + field(2, field(1, "Kubernetes") + field(2, "v1.32.0")) + field(8, paths);
}

// The same for newer ones.
Json openapi_v3(const Kubernetes& world, const std::string& group, const std::string& version) {
  Json paths = Json::object();
  for (const auto* type : types_of(world, group)) {
    const auto root = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
    Json patch{
        {"x-kubernetes-group-version-kind",
         {{"group", group}, {"kind", type->kind}, {"version", version}}},
        {"parameters", {{{"name", "dryRun"}, {"in", "query"}, {"schema", {{"type", "string"}}}}}},
        {"responses", Json::object()}};
    paths[root + (type->namespaced ? "/namespaces/{namespace}/" : "/") + std::string(type->plural) +
          "/{name}"] = {{"patch", patch}};
  }
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Kubernetes"}, {"version", "v1.32.0"}}},
          {"paths", paths},
          {"components", Json::object()}};
}

ServedResponse openapi(const Kubernetes& world, const std::string& path) {
  if (path == "/openapi/v2") {
    ServedResponse response;
    response.headers = {
        {"Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}};
    response.body = openapi_v2(world);
    return response;
  }
  if (path == "/openapi/v3") {
    Json paths{{"api/v1", {{"serverRelativeURL", "/openapi/v3/api/v1"}}}};
    for (const auto& [group, versions] : groups_of(world))
      for (const auto version : versions) {
        const auto name = "apis/" + group + "/" + std::string(version);
        paths[name] = {{"serverRelativeURL", "/openapi/v3/" + name}};
      }
    return answer(200, {{"paths", paths}});
  }
  const auto parts = split(path, '/');  // "", openapi, v3, api, v1 or "", openapi, v3, apis, G, V
  if (parts.size() == 5 && parts[3] == "api") return answer(200, openapi_v3(world, "", parts[4]));
  if (parts.size() == 6 && parts[3] == "apis")
    return answer(200, openapi_v3(world, parts[4], parts[5]));
  throw no_such_path();
}

}  // namespace

std::optional<ServedResponse> discovery(const Kubernetes& world, const ApiRequest& request) {
  const auto& path = request.path;
  if (request.method != "GET") return std::nullopt;
  const auto accept = request.headers.find("accept");
  const bool all = accept != request.headers.end() &&
                   accept->second.find("as=APIGroupDiscoveryList") != std::string::npos &&
                   accept->second.find("v=v2;") != std::string::npos;
  if (path == "/version")
    return answer(200, {{"major", "1"},
                        {"minor", "32"},
                        {"gitVersion", "v1.32.0+mlopsctl.simulated"},
                        {"gitCommit", ""},
                        {"gitTreeState", "clean"},
                        {"buildDate", "2024-12-11T17:59:15Z"},
                        {"goVersion", "none"},
                        {"compiler", "g++"},
                        {"platform", "linux/amd64"}});
  if (path == "/api" && all) return all_groups(world, true);
  if (path == "/apis" && all) return all_groups(world, false);
  if (path == "/api")
    return answer(200, {{"kind", "APIVersions"},
                        {"versions", {"v1"}},
                        {"serverAddressByClientCIDRs", Json::array()}});
  if (path == "/apis") {
    Json groups = Json::array();
    for (const auto& [group, versions] : groups_of(world))
      groups.push_back(api_group(group, versions));
    return answer(200, {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}});
  }
  if (path == "/healthz" || path == "/livez" || path == "/readyz") return answer(200, "ok");
  if (path.starts_with("/openapi/")) return openapi(world, path);
  if (path == "/api/v1") return answer(200, resource_list(world, "", "v1"));
  if (!path.starts_with("/apis/")) return std::nullopt;
  const auto parts = split(path, '/');  // "", apis, GROUP, VERSION
  if (parts.size() == 4) return answer(200, resource_list(world, parts[2], parts[3]));
  if (parts.size() == 3)
    for (const auto& [group, versions] : groups_of(world))
      if (group == parts[2]) {
        Json one = api_group(group, versions);
        one["kind"] = "APIGroup";
        one["apiVersion"] = "v1";
        return answer(200, one);
      }
  return std::nullopt;
}

}  // namespace mlopsctl::testing
