#include "support/cluster/validation.hpp"

#include "support/cluster/api_error.hpp"
#include "support/cluster/selectors.hpp"
#include "support/cluster/store.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace mlopsctl::testing {

namespace {

using Causes = std::vector<Cause>;

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) {
  return is_alphanumeric(c) && std::isupper(static_cast<unsigned char>(c)) == 0;
}

// RFC 1123 subdomain, or a label when dots are not allowed.
bool is_dns_name(const std::string& name, bool dots, std::size_t limit) {
  return !name.empty() && name.size() <= limit && is_lower(name.front()) && is_lower(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_lower(c) || c == '-' || (dots && c == '.'); });
}

bool is_label_value(const std::string& value) {
  return value.empty() ||
         (value.size() <= 63 && is_alphanumeric(value.front()) && is_alphanumeric(value.back()) &&
          std::all_of(value.begin(), value.end(), [](char c) {
            return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
          }));
}

std::string invalid_value(const Json& value, const std::string& why) {
  return "Invalid value: " + value.dump() + ": " + why;
}

void required(const Json& object, const std::string& key, const std::string& path, Causes& causes) {
  if (!object.is_object() || !object.contains(key) || object.at(key).is_null() ||
      object.at(key) == "")
    causes.push_back({path + "." + key, "Required value", "FieldValueRequired"});
}

void check_labels(const Json& labels, const std::string& path, Causes& causes) {
  if (!labels.is_object()) return;
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string())
      throw bad_request("json: cannot unmarshal " + std::string(value.type_name()) +
                        " into Go struct field ObjectMeta." + path + " of type string");
    if (!is_label_value(value))
      causes.push_back({path, invalid_value(value,
                                            "a valid label must be an empty string or consist of "
                                            "alphanumeric characters, '-', '_' or '.'")});
  }
}

void check_metadata(const ResourceType& type, const Json& object, Causes& causes) {
  const Json& metadata = object.at("metadata");
  const bool label = type.kind == "Service" || type.kind == "Namespace";
  if (const auto name = name_of(object); !is_dns_name(name, !label, label ? 63 : 253))
    causes.push_back(
        {"metadata.name",
         invalid_value(
             name,
             label ? "a DNS-1035 label must consist of lower case alphanumeric characters or '-'"
                   : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                     "characters, '-' or '.'")});
  check_labels(metadata.value("labels", Json()), "metadata.labels", causes);
  std::size_t size = 0;
  for (const auto& [key, value] : at(metadata, {"annotations"}).items()) {
    if (!value.is_string())
      throw bad_request("json: cannot unmarshal " + std::string(value.type_name()) +
                        " into Go struct field ObjectMeta.metadata.annotations of type string");
    size += key.size() + value.get_ref<const std::string&>().size();
  }
  if (size > 262'144)
    causes.push_back(
        {"metadata.annotations", "Too long: must have at most 262144 bytes", "FieldValueTooLong"});
}

void check_containers(const Json& list, const std::string& path, Causes& causes) {
  std::set<std::string> names;
  std::size_t i = 0;
  for (const auto& container : list) {
    const auto here = path + "[" + std::to_string(i++) + "]";
    required(container, "name", here, causes);
    required(container, "image", here, causes);
    const auto name = container.value("name", "");
    if (!name.empty() && !is_dns_name(name, false, 63))
      causes.push_back(
          {here + ".name", invalid_value(name,
                                         "a lowercase RFC 1123 label must consist of lower case "
                                         "alphanumeric characters or '-'")});
    if (!names.insert(name).second)
      causes.push_back(
          {here + ".name", "Duplicate value: \"" + name + "\"", "FieldValueDuplicate"});
    for (const auto& port : container.value("ports", Json::array()))
      if (!port.contains("containerPort") || !port["containerPort"].is_number_integer() ||
          port["containerPort"] < 1 || port["containerPort"] > 65535)
        causes.push_back(
            {here + ".ports", invalid_value(port.value("containerPort", Json(0)),
                                            "must be between 1 and 65535, inclusive")});
  }
}

void check_pod(const Json& spec, const std::string& path, Causes& causes) {
  if (!spec.is_object() || !spec.contains("containers") || !spec["containers"].is_array() ||
      spec["containers"].empty()) {
    causes.push_back({path + ".containers", "Required value", "FieldValueRequired"});
    return;
  }
  check_containers(spec["containers"], path + ".containers", causes);
  check_containers(spec.value("initContainers", Json::array()), path + ".initContainers", causes);
  std::set<std::string> volumes;
  for (const auto& volume : spec.value("volumes", Json::array()))
    volumes.insert(volume.value("name", ""));
  std::size_t i = 0;
  for (const auto& container : spec["containers"]) {
    std::size_t j = 0;
    for (const auto& mount : container.value("volumeMounts", Json::array())) {
      if (!volumes.contains(mount.value("name", "")))
        causes.push_back({path + ".containers[" + std::to_string(i) + "].volumeMounts[" +
                              std::to_string(j) + "].name",
                          "Not found: \"" + mount.value("name", "") + "\"", "FieldValueNotFound"});
      ++j;
    }
    ++i;
  }
}

void check_workload(const Json& before, const Json& object, Causes& causes) {
  const Json& spec = object.at("spec");
  required(spec, "selector", "spec", causes);
  if (!spec.contains("selector") || !spec.contains("template")) return;
  const Json labels = at(spec, {"template", "metadata", "labels"});
  if (!LabelSelector::from_spec(spec["selector"]).takes(labels))
    causes.push_back({"spec.template.metadata.labels",
                      invalid_value(labels, "`selector` does not match template `labels`")});
  if (!before.is_null() && at(before, {"spec", "selector"}) != spec["selector"])
    causes.push_back({"spec.selector", invalid_value(spec["selector"], "field is immutable")});
  const auto replicas = spec.value("replicas", Json(0));
  if (!replicas.is_number_integer())
    throw bad_request("json: cannot unmarshal " + std::string(replicas.type_name()) +
                      " into Go struct field Spec.spec.replicas of type int32");
  if (replicas < 0)
    causes.push_back(
        {"spec.replicas", invalid_value(replicas, "must be greater than or equal to 0")});
  check_labels(labels, "spec.template.labels", causes);
  check_pod(spec["template"].value("spec", Json()), "spec.template.spec", causes);
  const int deadline = number_at(spec, {"progressDeadlineSeconds"}, 600);
  if (object.at("kind") == "Deployment" && deadline <= number_at(spec, {"minReadySeconds"}))
    causes.push_back({"spec.progressDeadlineSeconds",
                      invalid_value(deadline, "must be greater than minReadySeconds")});
}

void check_data(const ResourceType& type, const Json& before, const Json& object, Causes& causes) {
  for (const auto& [key, value] : at(object, {"data"}).items())
    if (!value.is_string())
      throw bad_request(std::string(type.kind) + " in version \"v1\" cannot be handled as a " +
                        std::string(type.kind) + ": json: cannot unmarshal " + value.type_name() +
                        " into Go struct field " + std::string(type.kind) + ".data of type string");
  if (object.value("data", Json::object()).dump().size() > 1'048'576)
    causes.push_back({"", "Too long: must have at most 1048576 bytes", "FieldValueTooLong"});
  if (before.is_null() || !before.value("immutable", false)) return;
  const std::string why = "Forbidden: field is immutable when `immutable` is set";
  if (!object.value("immutable", false))
    causes.push_back({"immutable", why, "FieldValueForbidden"});
  for (const auto* field : {"data", "binaryData"})
    if (before.value(field, Json()) != object.value(field, Json()))
      causes.push_back({field, why, "FieldValueForbidden"});
}

bool is_micro_time(const std::string& text) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 'd' ? std::isdigit(static_cast<unsigned char>(text[i])) == 0
                        : text[i] != shape[i])
      return false;
  return true;
}

void check_lease(const Json& spec, Causes& causes) {
  for (const auto* field : {"acquireTime", "renewTime"}) {
    if (!spec.contains(field) || spec[field].is_null()) continue;
    if (!spec[field].is_string() || !is_micro_time(spec[field]))
      throw bad_request("Lease in version \"v1\" cannot be handled as a Lease: parsing time " +
                        spec[field].dump() +
                        " as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse it");
  }
  if (const Json duration = spec.value("leaseDurationSeconds", Json()); !duration.is_null()) {
    if (!duration.is_number_integer())
      throw bad_request(
          "Lease in version \"v1\" cannot be handled as a Lease: json: cannot unmarshal " +
          std::string(duration.type_name()) +
          " into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32");
    if (duration <= 0)
      causes.push_back(
          {"spec.leaseDurationSeconds", invalid_value(duration, "must be greater than 0")});
  }
  if (const Json count = spec.value("leaseTransitions", Json()); count.is_number() && count < 0)
    causes.push_back(
        {"spec.leaseTransitions", invalid_value(count, "must be greater than or equal to 0")});
}

void check_service(const Json& before, const Json& spec, Causes& causes) {
  if (spec.value("type", "") != "ExternalName" && spec.value("ports", Json::array()).empty() &&
      spec.value("clusterIP", "") != "None")
    causes.push_back({"spec.ports", "Required value", "FieldValueRequired"});
  check_labels(spec.value("selector", Json()), "spec.selector", causes);
  if (!before.is_null() && at(before, {"spec", "clusterIP"}) != spec.value("clusterIP", Json()))
    causes.push_back({"spec.clusterIPs[0]",
                      invalid_value(spec.value("clusterIP", Json()), "may not change once set")});
}

void check_autoscaler(const Json& spec, Causes& causes) {
  required(spec, "maxReplicas", "spec", causes);
  for (const auto* field : {"kind", "name"})
    required(spec.value("scaleTargetRef", Json::object()), field, "spec.scaleTargetRef", causes);
  const int low = number_at(spec, {"minReplicas"}, 1), high = number_at(spec, {"maxReplicas"}, 1);
  if (low < 1)
    causes.push_back(
        {"spec.minReplicas", invalid_value(low, "must be greater than or equal to 1")});
  if (high < low)
    causes.push_back({"spec.maxReplicas",
                      invalid_value(high, "must be greater than or equal to `minReplicas`")});
}

void check_route(const Json& spec, Causes& causes) {
  std::size_t i = 0;
  for (const auto& rule : spec.value("rules", Json::array())) {
    for (const auto& backend : rule.value("backendRefs", Json::array())) {
      const auto here = "spec.rules[" + std::to_string(i) + "].backendRefs";
      required(backend, "name", here, causes);
      const Json weight = backend.value("weight", Json(1));
      if (!weight.is_number_integer())
        causes.push_back(
            {here + ".weight",
             "Invalid value: \"" + std::string(weight.type_name()) + "\": must be of type integer",
             "FieldValueTypeInvalid"});
      else if (weight < 0 || weight > 1'000'000)
        causes.push_back(
            {here + ".weight", invalid_value(weight, "should be between 0 and 1000000")});
    }
    ++i;
  }
}

}  // namespace

void validate(const ResourceType& type, const Json& before, const Json& object) {
  Causes causes;
  check_metadata(type, object, causes);
  const Json& spec = at(object, {"spec"});
  const bool needs_spec = type.kind == "Deployment" || type.kind == "ReplicaSet" ||
                          type.kind == "Pod" || type.kind == "HorizontalPodAutoscaler" ||
                          type.kind == "Service";
  if (needs_spec && !spec.is_object())
    throw invalid(type, name_of(object), {{"spec", "Required value", "FieldValueRequired"}});
  if (type.kind == "Deployment" || type.kind == "ReplicaSet")
    check_workload(before, object, causes);
  if (type.kind == "Pod") check_pod(spec, "spec", causes);
  if (type.kind == "ConfigMap" || type.kind == "Secret") check_data(type, before, object, causes);
  if (spec.is_object()) {
    if (type.kind == "Lease") check_lease(spec, causes);
    if (type.kind == "Service") check_service(before, spec, causes);
    if (type.kind == "HorizontalPodAutoscaler") check_autoscaler(spec, causes);
    if (type.kind == "HTTPRoute") check_route(spec, causes);
  }
  if (!causes.empty()) throw invalid(type, name_of(object), causes);
}

}  // namespace mlopsctl::testing
