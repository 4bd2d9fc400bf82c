// The rules of the API server: rights, versions, defaults, validation, ownership, subresources.
#include "mlopsctl/base/text.hpp"

#include "support/cluster/defaults.hpp"
#include "support/cluster/kubernetes.hpp"
#include "support/cluster/managed_fields.hpp"
#include "support/cluster/patch.hpp"
#include "support/cluster/schema.hpp"
#include "support/cluster/validation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

Json encode_string_data(Json secret) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const Json plain = at(secret, {"stringData"});
  for (const auto& [key, value] : plain.items()) {
    std::string encoded;
    const auto& bytes = value.get_ref<const std::string&>();
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      std::uint32_t group = 0;
      for (std::size_t j = 0; j < 3; ++j)
        group =
            group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
      for (std::size_t j = 0; j < 4; ++j)
        encoded += i + j > bytes.size() ? '=' : letters[group >> (18 - 6 * j) & 63U];
    }
    secret["data"][key] = encoded;
  }
  secret.erase("stringData");
  return secret;
}

// kubectl create asks for strict decoding; server-side apply cannot do without a schema.
ApiError unknown_field(const ResourceType& kind, const std::vector<std::string>& fields,
                       bool applied) {
  if (applied)
    return {
        500, "InternalError",
        fmt::format(
            "failed to create typed patch object ({}, Kind={}): .{}: field not declared in schema",
            kind.api_version(), kind.kind, fields.front())};
  std::string list;
  for (const auto& field : fields)
    list += (list.empty() ? "" : ", ") + fmt::format("unknown field \"{}\"", field);
  return bad_request(
      fmt::format("{0} in version \"{1}\" cannot be handled as a {0}: strict decoding error: {2}",
                  kind.kind, kind.versions.front(), list));
}

void keep(Json& after, const Json& before, const std::string& field) {
  if (before.contains(field))
    after[field] = before.at(field);
  else
    after.erase(field);
}

void drop_empty(Json& metadata) {
  for (const auto* field : {"labels", "annotations", "ownerReferences", "finalizers"})
    if (metadata.contains(field) && (metadata[field].is_null() || metadata[field].empty()))
      metadata.erase(field);
}

// Null members are members that are not there.
void drop_nulls(Json& value) {
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end();)
      if (member->is_null() && member.key() != "creationTimestamp") {
        member = value.erase(member);
      } else {
        drop_nulls(*member);
        ++member;
      }
  } else if (value.is_array()) {
    for (auto& element : value) drop_nulls(element);
  }
}

}  // namespace

void Kubernetes::authorize(const Caller& caller, const std::string& verb,
                           const Place& place) const {
  const auto resource =
      std::string(place.type->plural) + (place.subresource.empty() ? "" : "/" + place.subresource);
  if (allows(caller, verb, place.type->group, resource, place.name)) return;
  const auto full = place.type->qualified();
  Json details{{"name", place.name}, {"kind", place.type->plural}};
  if (!place.type->group.empty()) details["group"] = place.type->group;
  throw ApiError(403, "Forbidden",
                 fmt::format("{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API "
                             "group \"{}\" in the namespace \"{}\"",
                             full, place.name.empty() ? "" : " \"" + place.name + "\"", caller.user,
                             verb, resource, place.type->group, place.name_space),
                 details);
}

void Kubernetes::check_namespace(const Place& place, bool for_create) const {
  if (!place.type->namespaced) return;
  const auto space = plane_.store.find(type("namespaces"), {}, place.name_space);
  if (!space) throw not_found(type("namespaces"), place.name_space);
  if (for_create && at(*space, {"status", "phase"}) == "Terminating")
    throw ApiError(403, "Forbidden",
                   fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace "
                               "{} because it is being terminated",
                               place.type->qualified(), place.name, place.name_space));
}

Object Kubernetes::stored(const Place& place) const {
  return plane_.store.find(*place.type, place.name_space, place.name);
}

Json Kubernetes::get(const Caller& caller, const Place& place) {
  authorize(caller, "get", place);
  const auto found = stored(place);
  if (!found) {
    check_namespace(place, false);
    throw not_found(*place.type, place.name);
  }
  if (place.subresource == "scale") return scale_of(place, *found);
  return *found;
}

std::vector<Object> Kubernetes::list(const Caller& caller, const Place& place,
                                     const ListOptions& options) {
  authorize(caller, "list", place);
  const auto labels = LabelSelector::parse(options.label_selector);
  const auto fields = FieldSelector::parse(options.field_selector, place.type->kind);
  std::vector<Object> found;
  for (auto& object : plane_.store.list(*place.type, place.name_space))
    if (labels.takes(at(*object, {"metadata", "labels"})) && fields.takes(*object))
      found.push_back(std::move(object));
  return found;
}

Json Kubernetes::create(const Caller& caller, const Place& place, Json object,
                        const WriteOptions& options) {
  authorize(caller, "create", place);
  return store_new(caller, place, std::move(object), options, false);
}

Json Kubernetes::store_new(const Caller& caller, const Place& place, Json object,
                           const WriteOptions& options, bool owned) {
  const auto& kind = *place.type;
  if (!object.is_object() ||
      type_of_kind(object.value("apiVersion", ""), object.value("kind", "")) != place.type)
    throw bad_request(
        fmt::format("the object provided is unrecognized (must be of type {})", kind.kind));
  drop_nulls(object);
  object["apiVersion"] = kind.api_version();
  auto& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  if (!metadata.value("resourceVersion", "").empty())
    throw bad_request("resourceVersion should not be set on objects to be created");
  if (name_of(object).empty() && metadata.contains("generateName"))
    metadata["name"] = metadata["generateName"].get<std::string>() + plane_.random_suffix();
  if (name_of(object).empty())
    throw invalid(kind, "",
                  {{"metadata.name", "Required value: name or generateName is required",
                    "FieldValueRequired"}});
  if (kind.namespaced) {
    if (const auto own = namespace_of(object); !own.empty() && own != place.name_space)
      throw bad_request(
          "the namespace of the provided object does not match the namespace sent on the request");
    metadata["namespace"] = place.name_space;
  }
  drop_empty(metadata);
  if (const auto unknown = unknown_fields(kind, object); !unknown.empty())
    throw unknown_field(kind, unknown, owned);
  const Place made{place.type, place.name_space, name_of(object), {}};
  check_namespace(made, true);
  if (stored(made)) throw already_exists(kind, made.name);
  for (const auto* field : {"uid", "generation", "creationTimestamp", "deletionTimestamp"})
    metadata.erase(field);
  if (!owned) metadata.erase("managedFields");
  if (kind.status) object.erase("status");
  if (kind.kind == "Secret") object = encode_string_data(std::move(object));
  const Json given = object;
  set_defaults(kind, object);
  if (kind.kind == "Service" && text_at(object, {"spec", "clusterIP"}).empty() &&
      at(object, {"spec", "type"}) != "ExternalName") {
    const auto ip = fmt::format("10.96.0.{}", plane_.addresses++ % 250 + 1);
    object["spec"]["clusterIP"] = ip;
    object["spec"]["clusterIPs"] = {ip};
  }
  validate(kind, nullptr, object);
  if (kind.status && !kind.custom) object["status"] = Json::object();
  if (kind.kind == "Pod") object["status"] = {{"phase", "Pending"}};
  if (kind.kind == "Namespace") object["status"] = {{"phase", "Active"}};
  if (kind.kind == "Service" || kind.kind == "Ingress")
    object["status"] = {{"loadBalancer", Json::object()}};
  if (!owned) own_changes(kind, nullptr, object, caller.manager, "", plane_.time());
  if (options.dry_run) {
    object["metadata"]["uid"] = plane_.random_uid();
    object["metadata"]["creationTimestamp"] = plane_.time();
    return object;
  }
  const auto result = plane_.create(kind, std::move(object));
  changed();
  return *result;
}

Json Kubernetes::update(const Caller& caller, const Place& place, Json object,
                        const WriteOptions& options) {
  authorize(caller, "update", place);
  const auto before = stored(place);
  if (!before) {
    check_namespace(place, false);
    throw not_found(*place.type, place.name);
  }
  if (place.subresource == "scale")
    return patch_scale(caller, place, before, std::move(object), options);
  return store_changed(caller, place, before, std::move(object), options, false);
}

Json Kubernetes::store_changed(const Caller& caller, const Place& place, const Object& before,
                               Json after, const WriteOptions& options, bool owned) {
  const auto& kind = *place.type;
  if (!after.is_object() || !after.value("metadata", Json()).is_object())
    throw bad_request(
        fmt::format("the object provided is unrecognized (must be of type {})", kind.kind));
  auto& metadata = after["metadata"];
  const Json& old = before->at("metadata");
  if (const Json version = metadata.value("resourceVersion", Json());
      version.is_string() && version != "" && version != old.at("resourceVersion"))
    throw modified_meanwhile(kind, place.name);
  if (const Json uid = metadata.value("uid", Json());
      uid.is_string() && uid != "" && uid != old.at("uid"))
    throw invalid(kind, place.name,
                  {{"metadata.uid", "Invalid value: " + uid.dump() + ": field is immutable"}});
  if (name_of(after) != place.name)
    throw bad_request("the name of the object does not match the name on the URL");
  drop_nulls(after);
  for (const auto* field : {"uid", "resourceVersion", "generation", "creationTimestamp",
                            "deletionTimestamp", "deletionGracePeriodSeconds", "namespace"})
    keep(metadata, old, field);
  if (!owned) keep(metadata, old, "managedFields");
  keep(after, *before, "kind");
  after["apiVersion"] = kind.api_version();
  drop_empty(metadata);
  if (place.subresource == "status") {
    Json status = after.value("status", Json());
    after = *before;
    after["status"] = status;
  } else if (kind.status) {
    keep(after, *before, "status");
  }
  if (kind.kind == "Secret") after = encode_string_data(std::move(after));
  if (const auto unknown = unknown_fields(kind, after); owned && !unknown.empty())
    throw unknown_field(kind, unknown, owned);
  drop_unknown_fields(kind, after);
  set_defaults(kind, after);
  validate(kind, *before, after);
  if (kind.kind == "Pod" && place.subresource.empty()) {
    Json left = before->at("spec"), right = after.at("spec");
    for (auto* spec : {&left, &right})
      for (auto& container : (*spec)["containers"]) container.erase("image");
    if (left != right)
      throw invalid(
          kind, place.name,
          {{"spec",
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
            "FieldValueForbidden"}});
  }
  if (after == *before) return *before;
  if (!owned) own_changes(kind, *before, after, caller.manager, place.subresource, plane_.time());
  if (options.dry_run) return after;
  const auto result = plane_.write(kind, after);
  changed();
  return *result;
}

Json Kubernetes::patch(const Caller& caller, const Place& place, PatchType patch_type,
                       const Json& patch, const WriteOptions& options) {
  authorize(caller, "patch", place);
  if (patch_type == PatchType::apply) return apply(caller, place, patch, options);
  const auto before = stored(place);
  if (!before) {
    check_namespace(place, false);
    throw not_found(*place.type, place.name);
  }
  if (patch_type == PatchType::strategic && place.type->custom)
    throw ApiError(
        415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
  const Json base = place.subresource == "scale" ? scale_of(place, *before) : *before;
  Json after = patch_type == PatchType::json    ? json_patch(base, patch)
               : patch_type == PatchType::merge ? merge_patch(base, patch)
                                                : strategic_merge_patch(base, patch);
  if (place.subresource == "scale")
    return patch_scale(caller, place, before, std::move(after), options);
  return store_changed(caller, place, before, std::move(after), options, false);
}

Json Kubernetes::apply(const Caller& caller, const Place& place, const Json& applied,
                       const WriteOptions& options) {
  if (!place.subresource.empty()) throw not_implemented("server-side apply of subresources");
  if (type_of_kind(applied.value("apiVersion", ""), applied.value("kind", "")) != place.type)
    throw bad_request("the object provided does not match the resource of the request");
  if (const auto name = name_of(applied); name != place.name)
    throw bad_request("the name of the object does not match the name on the URL");
  if (applied.at("metadata").contains("managedFields"))
    throw bad_request("metadata.managedFields must be nil");
  const auto before = stored(place);
  if (!before && !allows(caller, "create", place.type->group, std::string(place.type->plural)))
    authorize(caller, "create", place);
  Json config = applied;
  drop_nulls(config);
  config["apiVersion"] = place.type->api_version();
  const Json after = server_side_apply(*place.type, before ? *before : Json(), config,
                                       {caller.manager, options.force, plane_.time()});
  if (!before) return store_new(caller, place, after, options, true);
  return store_changed(caller, place, before, after, options, true);
}

Json Kubernetes::scale_of(const Place& place, const Json& object) const {
  std::string selector;
  for (const auto& [key, value] : at(object, {"spec", "selector", "matchLabels"}).items())
    selector += (selector.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata",
           {{"name", place.name},
            {"namespace", place.name_space},
            {"uid", uid_of(object)},
            {"resourceVersion", at(object, {"metadata", "resourceVersion"})},
            {"creationTimestamp", at(object, {"metadata", "creationTimestamp"})}}},
          {"spec", {{"replicas", number_at(object, {"spec", "replicas"}, 1)}}},
          {"status",
           {{"replicas", number_at(object, {"status", "replicas"})}, {"selector", selector}}}};
}

Json Kubernetes::patch_scale(const Caller& caller, const Place& place, const Object& before,
                             Json scale, const WriteOptions& options) {
  const Json replicas =
      at(scale, {"spec", "replicas"}).is_null() ? Json(0) : at(scale, {"spec", "replicas"});
  if (!replicas.is_number_integer()) throw bad_request("spec.replicas of a Scale is an integer");
  Json after = *before;
  after["spec"]["replicas"] = replicas;
  after["metadata"]["resourceVersion"] = at(scale, {"metadata", "resourceVersion"});
  return scale_of(place, store_changed(caller, place, before, std::move(after), options, false));
}

Json Kubernetes::remove(const Caller& caller, const Place& place, const DeleteOptions& options) {
  authorize(caller, "delete", place);
  const auto found = stored(place);
  if (!found) {
    check_namespace(place, false);
    throw not_found(*place.type, place.name);
  }
  const auto refuse = [&](const std::string& what, const std::string& wanted,
                          const std::string& is) {
    throw ApiError(409, "Conflict",
                   fmt::format("Operation cannot be fulfilled on {} \"{}\": the {} in the "
                               "precondition ({}) does not match the {} in record ({}). "
                               "The object might have been deleted and then recreated",
                               place.type->qualified(), place.name, what, wanted, what, is));
  };
  if (!options.uid.empty() && options.uid != uid_of(*found))
    refuse("UID", options.uid, uid_of(*found));
  const auto version = text_at(*found, {"metadata", "resourceVersion"});
  if (!options.resource_version.empty() && options.resource_version != version)
    refuse("ResourceVersion", options.resource_version, version);
  if (options.dry_run) return *found;
  plane_.remove(*place.type, found);
  changed();
  const auto left = stored(place);
  return left ? *left : *found;
}

std::string Kubernetes::log(const Caller& caller, const Place& pod, const std::string& container,
                            bool previous, int lines) {
  authorize(caller, "get", {pod.type, pod.name_space, pod.name, "log"});
  const auto found = stored(pod);
  if (!found) throw not_found(*pod.type, pod.name);
  const Json& containers = at(*found, {"spec", "containers"});
  if (container.empty() && containers.size() != 1) {
    std::string names;
    for (const auto& one : containers) names += (names.empty() ? "" : " ") + one.value("name", "");
    throw bad_request(fmt::format(
        "a container name must be specified for pod {}, choose one of: [{}]", pod.name, names));
  }
  for (const auto& one : containers) {
    if (!container.empty() && one.value("name", "") != container) continue;
    const Json* status = nullptr;
    for (const auto& known : at(*found, {"status", "containerStatuses"}))
      if (known.value("name", "") == one.value("name", "")) status = &known;
    const auto waits = status ? text_at(*status, {"state", "waiting", "reason"})
                              : std::string("ContainerCreating");
    const bool ran = status && !at(*status, {"lastState", "terminated"}).is_null();
    if (previous && !ran)
      throw bad_request(fmt::format("previous terminated container \"{}\" in pod \"{}\" not found",
                                    one.value("name", ""), pod.name));
    if (!previous && !waits.empty() && !ran)
      throw bad_request(fmt::format("container \"{}\" in pod \"{}\" is waiting to start: {}",
                                    one.value("name", ""), pod.name, waits));
    auto all = split(container_log(*found, one, previous), '\n');
    while (!all.empty() && all.back().empty()) all.pop_back();
    const auto skip = lines >= 0 && static_cast<std::size_t>(lines) < all.size()
                          ? all.size() - static_cast<std::size_t>(lines)
                          : 0;
    std::string text;
    for (std::size_t i = skip; i < all.size(); ++i) text += all[i] + "\n";
    return text;
  }
  throw bad_request(fmt::format("container {} is not valid for pod {}", container, pod.name));
}

}  // namespace mlopsctl::testing
