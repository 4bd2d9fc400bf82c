// ConfigMaps and Secrets change under a running release, and a rollback of the pod template alone
// would not bring them back. So each release refers to immutable copies named after their content.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/release.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "deploy/cluster/config_references.hpp"
#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/lease.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace mlopsctl {
namespace {

using deploy::ConfigReference;

constexpr const char* copy_label = "mlopsctl.dev/copy";
constexpr const char* original_annotation = "mlopsctl.dev/copy-of";
constexpr std::size_t longest_name = 253;

// "configmap/chat-settings"
std::string key_of(const ConfigReference& reference) {
  return fmt::format("{}/{}", reference.kind, reference.name);
}

std::string key_of(const Json& object) {
  return fmt::format("{}/{}", deploy::text_at(object, "/kind") == "Secret" ? "secret" : "configmap",
                     deploy::text_at(object, "/metadata/name"));
}

ObjectRef object_of(const std::string& key) {
  const auto slash = key.find('/');
  return {.kind = key.substr(0, slash), .name = key.substr(slash + 1), .selector = {}};
}

bool is_copy(const Json& object) {
  return object.contains(Json::json_pointer{"/metadata/labels/mlopsctl.dev~1copy"});
}

// Objects that somebody wants to stay shared, and kinds of Secrets that are no configuration.
bool is_left_alone(const Json& object) {
  for (const char* name : {"mlopsctl.dev/config-tracking", "flagger.app/config-tracking"})
    if (deploy::annotation_of(object, name) == "disabled") return true;
  if (deploy::text_at(object, "/kind") != "Secret") return false;
  constexpr std::array<std::string_view, 5> tracked{"", "Opaque", "kubernetes.io/basic-auth",
                                                    "kubernetes.io/ssh-auth", "kubernetes.io/tls"};
  return std::ranges::find(tracked, deploy::text_at(object, "/type")) == tracked.end();
}

Json copy_of(const Json& object, const std::string& app) {
  Json copy{{"apiVersion", "v1"}, {"kind", object.at("kind")}, {"immutable", true}};
  Json content = Json::object();
  for (const char* part : {"data", "binaryData", "type"})
    if (object.contains(part)) content[part] = object.at(part);
  copy.update(content);
  const std::string original = deploy::text_at(object, "/metadata/name");
  const std::string hash = sha256_hex(deploy::dumped(content)).substr(0, 8);
  copy["metadata"] = {
      {"name", original.substr(0, longest_name - 9) + "-" + hash},
      {"labels",
       {{deploy::manager_label, "mlopsctl"}, {deploy::app_label, app}, {copy_label, "true"}}},
      {"annotations", {{original_annotation, original}}}};
  return copy;
}

std::map<std::string, Json> read_all(Cluster& cluster, const std::set<std::string>& keys) {
  std::map<std::string, Json> found;
  if (keys.empty()) return found;
  std::vector<ObjectRef> references;
  for (const auto& key : keys) references.push_back(object_of(key));
  for (auto& object : cluster.get(references)) found.emplace(key_of(object), std::move(object));
  return found;
}

void create_missing(Cluster& cluster, const std::map<std::string, Json>& copies) {
  std::set<std::string> keys;
  for (const auto& [key, copy] : copies) keys.insert(key);
  const auto there = read_all(cluster, keys);
  for (const auto& [key, copy] : copies) {
    if (const auto found = there.find(key); found != there.end()) {
      if (is_copy(found->second)) continue;
      throw Error{ErrorKind::conflict,
                  fmt::format("{} is in the way: that name is needed for a copy", key),
                  "rename it, it was not made by mlopsctl"};
    }
    try {
      cluster.create(copy);
    } catch (const ClusterError& error) {
      // Its name says what is in it, so whoever made it made the same. After an unknown outcome it
      // has to be seen.
      if (error.failure() == ClusterFailure::exists) continue;
      if (!error.outcome_unknown() || !get_one(cluster, object_of(key))) throw;
    }
  }
}

// Everything that is referred to; true: some reference needs it.
std::map<std::string, bool> needed_configs(Json& pod_template) {
  std::map<std::string, bool> needed;
  deploy::each_config(pod_template, [&](const ConfigReference& reference) {
    auto& must = needed[key_of(reference)];
    must = must || !reference.optional;
  });
  return needed;
}

void require_all(const std::map<std::string, bool>& needed,
                 const std::map<std::string, Json>& found, const std::string& where) {
  std::vector<std::string> missing;
  for (const auto& [key, must] : needed)
    if (must && !found.contains(key)) missing.push_back(key);
  if (missing.empty()) return;
  throw Error{ErrorKind::not_found,
              fmt::format("the pods need what is not in {}: {}", where, fmt::join(missing, ", ")),
              "create it, or mark the reference as optional"};
}

// All copies of the app, and all that may use them. Who may not read Secrets has made no copies of
// any.
std::vector<Json> copies_and_users(Cluster& cluster, const std::string& app) {
  const std::string ours = fmt::format("{}={},{}=true", deploy::app_label, app, copy_label);
  const std::array<ObjectRef, 4> references{
      ObjectRef{.kind = "secret", .name = {}, .selector = ours},
      ObjectRef{.kind = "configmap", .name = {}, .selector = ours},
      ObjectRef{.kind = "deployment.apps", .name = {}, .selector = {}},
      ObjectRef{.kind = "replicaset.apps", .name = {}, .selector = {}}};
  try {
    return cluster.get(references);
  } catch (const ClusterError& error) {
    if (error.failure() != ClusterFailure::forbidden) throw;
    return cluster.get(std::span{references}.subspan(1));
  }
}

}  // namespace

Json version_configs(Cluster& cluster, const std::string& app, const Json& pod_template,
                     std::map<std::string, std::string>& configs) {
  Json versioned = pod_template;
  const auto needed = needed_configs(versioned);
  std::set<std::string> keys;
  for (const auto& [key, must] : needed) keys.insert(key);
  const auto found = read_all(cluster, keys);
  require_all(needed, found, cluster.describe());

  std::map<std::string, Json> copies;            // by their own key
  std::map<std::string, std::string> new_names;  // key of the original → name of the copy
  for (const auto& [key, object] : found) {
    if (is_copy(object)) {
      const auto slash = key.find('/');
      configs[key.substr(0, slash + 1) + deploy::annotation_of(object, original_annotation)] =
          key.substr(slash + 1);
    } else if (!is_left_alone(object)) {
      Json copy = copy_of(object, app);
      configs[key] = new_names[key] = deploy::text_at(copy, "/metadata/name");
      std::string copy_key = key_of(copy);
      copies.emplace(std::move(copy_key), std::move(copy));
    }
  }
  create_missing(cluster, copies);
  deploy::each_config(versioned, [&](const ConfigReference& reference) {
    const auto name = new_names.find(key_of(reference));
    if (name != new_names.end()) reference.name = name->second;
  });
  return versioned;
}

void collect_configs(Cluster& cluster, const std::string& app,
                     const std::vector<Release>& history) {
  std::set<std::string> needed;
  for (const auto& release : history)
    for (const auto& [original, copy] : release.configs)
      needed.insert(original.substr(0, original.find('/') + 1) + copy);
  std::vector<std::string> copies;
  for (auto& object : copies_and_users(cluster, app)) {
    const std::string kind = deploy::text_at(object, "/kind");
    if (kind == "ConfigMap" || kind == "Secret") {
      copies.push_back(key_of(object));
      continue;
    }
    // Old ReplicaSets without pods are what the history is for.
    if (kind == "ReplicaSet" && deploy::integer_at(object, "/spec/replicas") == 0) continue;
    const Json::json_pointer pod_template{"/spec/template"};
    if (!object.contains(pod_template)) continue;
    deploy::each_config(object.at(pod_template), [&](const ConfigReference& reference) {
      needed.insert(key_of(reference));
    });
  }
  for (const auto& key : copies)
    if (!needed.contains(key)) cluster.remove(object_of(key));
}

}  // namespace mlopsctl
