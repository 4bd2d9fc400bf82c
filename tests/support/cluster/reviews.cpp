#include "support/cluster/http_api.hpp"

namespace mlopsctl::testing {

namespace {

// The fields of wire type 2 of a protocol buffer; the other types do not occur in a review.
std::map<int, std::string> fields_of(std::string_view bytes) {
  std::map<int, std::string> fields;
  const auto varint = [&] {
    std::size_t value = 0;
    for (unsigned shift = 0; !bytes.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= static_cast<std::size_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    return value;
  };
  while (!bytes.empty()) {
    const auto tag = varint();
    const auto value = varint();
    if ((tag & 7U) == 0) continue;
    if ((tag & 7U) != 2 || value > bytes.size())
      throw bad_request("the protocol buffer of a review cannot be read");
    fields[static_cast<int>(tag >> 3U)] = std::string(bytes.substr(0, value));
    bytes.remove_prefix(value);
  }
  return fields;
}

// "k8s\0", then runtime.Unknown: 1 type {1 apiVersion, 2 kind}, 2 the object {2 spec}.
Json from_protobuf(const std::string& body) {
  constexpr std::string_view magic{"k8s\0", 4};
  if (!body.starts_with(magic)) throw bad_request("the protocol buffer of a review cannot be read");
  auto unknown = fields_of(std::string_view(body).substr(magic.size()));
  auto type = fields_of(unknown[1]);
  auto spec = fields_of(fields_of(unknown[2])[2]);
  Json made{{"apiVersion", type[1]}, {"kind", type[2]}, {"spec", Json::object()}};
  if (type[2] == "SelfSubjectRulesReview") {
    made["spec"]["namespace"] = spec[1];
  } else if (spec.contains(1)) {
    auto attributes = fields_of(spec[1]);
    const std::pair<int, const char*> names[] = {
        {1, "namespace"}, {2, "verb"},        {3, "group"}, {4, "version"},
        {5, "resource"},  {6, "subresource"}, {7, "name"}};
    for (const auto& [number, name] : names)
      if (attributes.contains(number))
        made["spec"]["resourceAttributes"][name] = attributes[number];
  }
  return made;
}

Json read_review(const ApiRequest& request) {
  const auto type = request.headers.find("content-type");
  const bool protobuf =
      type != request.headers.end() && type->second == "application/vnd.kubernetes.protobuf";
  return protobuf ? from_protobuf(request.body) : request.json();
}

Json rules_of(const Kubernetes& world, const Caller& caller) {
  const auto* own = world.rules_of(caller.user);
  if (!own) return Json::array({{{"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}}});
  Json rules = Json::array();
  for (const auto& rule : *own) {
    rules.push_back(
        {{"verbs", rule.verbs}, {"apiGroups", rule.groups}, {"resources", rule.resources}});
    if (!rule.names.empty()) rules.back()["resourceNames"] = rule.names;
  }
  return rules;
}

}  // namespace

ServedResponse serve_review(const Kubernetes& world, const ApiPath& path, const ApiRequest& request,
                            const Caller& caller) {
  if (request.method != "POST" || !path.name.empty()) throw method_not_allowed();
  if (path.resource != "selfsubjectaccessreviews" && path.resource != "selfsubjectrulesreviews")
    throw no_such_path();
  Json asked = read_review(request);
  if (path.resource == "selfsubjectrulesreviews") {
    asked["status"] = {{"resourceRules", rules_of(world, caller)},
                       {"nonResourceRules", Json::array()},
                       {"incomplete", false}};
    return answer(201, asked);
  }
  const Json wanted = at(asked, {"spec", "resourceAttributes"});
  if (!wanted.is_object()) throw not_implemented("reviews of rights to anything but resources");
  const auto sub = wanted.value("subresource", "");
  const auto resource = wanted.value("resource", "") + (sub.empty() ? "" : "/" + sub);
  asked["status"] = {
      {"allowed", world.allows(caller, wanted.value("verb", ""), wanted.value("group", ""),
                               resource, wanted.value("name", ""))}};
  return answer(201, asked);
}

}  // namespace mlopsctl::testing
