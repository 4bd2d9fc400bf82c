#include "support/cluster/http_api.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>

namespace mlopsctl::testing {

namespace {

WriteOptions write_options(const ApiRequest& request) {
  const auto dry_run = request.parameter("dryRun");
  if (!dry_run.empty() && dry_run != "All")
    throw bad_request("invalid: dryRun: Unsupported value: \"" + dry_run +
                      "\": supported values: \"All\"");
  return {dry_run == "All", request.flag("force")};
}

PatchType patch_type(const ApiRequest& request) {
  const auto header = request.headers.find("content-type");
  const auto type =
      header == request.headers.end() ? "" : header->second.substr(0, header->second.find(';'));
  if (type == "application/json-patch+json") return PatchType::json;
  if (type == "application/merge-patch+json") return PatchType::merge;
  if (type == "application/strategic-merge-patch+json") return PatchType::strategic;
  if (type == "application/apply-patch+yaml") return PatchType::apply;
  throw ApiError(415, "UnsupportedMediaType",
                 "the body of the request was in an unknown format - accepted media types include: "
                 "application/json-patch+json, "
                 "application/merge-patch+json, application/strategic-merge-patch+json, "
                 "application/apply-patch+yaml");
}

Json list_of(Kubernetes& world, const ApiTarget& target, const ApiRequest& request,
             const Caller& caller) {
  Json items = Json::array();
  const ListOptions options{request.parameter("labelSelector"), request.parameter("fieldSelector")};
  const auto found =
      target.place.name.empty() ? world.list(caller, target.place, options) : std::vector<Object>{};
  for (const auto& object : found) items.push_back(in_version(*object, target.version));
  return {{"kind", std::string(target.place.type->kind) + "List"},
          {"apiVersion", target.version},
          {"metadata", {{"resourceVersion", std::to_string(world.store().version())}}},
          {"items", items}};
}

ServedResponse remove(Kubernetes& world, const ApiTarget& target, const ApiRequest& request,
                      const Caller& caller) {
  if (target.place.name.empty())
    throw ApiError(405, "MethodNotAllowed",
                   "this simulated API server does not delete collections");
  const Json body = request.body.empty() ? Json::object() : request.json();
  auto propagation = body.value("propagationPolicy", "");
  if (propagation.empty()) propagation = request.parameter("propagationPolicy");
  if (!propagation.empty() && propagation != "Background")
    throw not_implemented("the propagation policy " + propagation + " (only Background)");
  DeleteOptions options;
  options.dry_run = write_options(request).dry_run || body.contains("dryRun");
  options.uid = text_at(body, {"preconditions", "uid"});
  options.resource_version = text_at(body, {"preconditions", "resourceVersion"});
  const Json left = world.remove(caller, target.place, options);
  if (!at(left, {"metadata", "deletionTimestamp"}).is_null())
    return answer(200, in_version(left, target.version));
  return answer(200, {{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", Json::object()},
                      {"status", "Success"},
                      {"details",
                       {{"name", target.place.name},
                        {"group", target.place.type->group},
                        {"kind", target.place.type->plural},
                        {"uid", uid_of(left)}}}});
}

ServedResponse log_of(Kubernetes& world, const ApiTarget& target, const ApiRequest& request,
                      const Caller& caller) {
  if (request.method != "GET") throw method_not_allowed();
  for (const auto* unknown : {"follow", "timestamps", "sinceSeconds", "sinceTime", "limitBytes"})
    if (const auto value = request.parameter(unknown); !value.empty() && value != "false")
      throw not_implemented(std::string("logs with ") + unknown);
  const auto lines = request.parameter("tailLines");
  ServedResponse response;
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = world.log(caller, target.place, request.parameter("container"),
                            request.flag("previous"), lines.empty() ? -1 : std::stoi(lines));
  return response;
}

}  // namespace

Json in_version(Json object, const std::string& version) {
  object["apiVersion"] = version;
  return object;
}

ApiTarget find_target(const Kubernetes& world, const ApiPath& path) {
  for (const auto& type : resource_types()) {
    if (type.group != path.group || type.plural != path.resource || !world.installed(&type))
      continue;
    if (std::find(type.versions.begin(), type.versions.end(), path.version) == type.versions.end())
      continue;
    return {{&type, path.name_space, path.name, path.subresource},
            path.group.empty() ? path.version : path.group + "/" + path.version};
  }
  throw no_such_path();
}

ServedResponse serve_api(Kubernetes& world, const ApiRequest& request, const Caller& caller) {
  const auto path = read_path(request.path);
  if (path.group == "authorization.k8s.io" && path.version == "v1")
    return serve_review(world, path, request, caller);
  const auto target = find_target(world, path);
  const auto& place = target.place;
  const bool scale = place.subresource == "scale" && place.type->scale,
             status = place.subresource == "status" && place.type->status;
  if (place.subresource == "log" && place.type->kind == "Pod")
    return log_of(world, target, request, caller);
  if (!place.subresource.empty() && !scale && !status) throw no_such_path();
  if (place.type->namespaced && place.name_space.empty() &&
      !(request.method == "GET" && place.name.empty()))
    throw method_not_allowed();
  const auto version = scale ? std::string("autoscaling/v1") : target.version;
  if (request.method == "GET")
    return answer(200, place.name.empty() ? list_of(world, target, request, caller)
                                          : in_version(world.get(caller, place), version));
  if (request.method == "DELETE" && place.subresource.empty())
    return remove(world, target, request, caller);
  if (request.method == "POST" && place.name.empty()) {
    return answer(
        201,
        in_version(world.create(caller, place, request.json(), write_options(request)), version));
  }
  if (place.name.empty()) throw method_not_allowed();
  if (request.method == "PUT")
    return answer(
        200,
        in_version(world.update(caller, place, request.json(), write_options(request)), version));
  if (request.method != "PATCH") throw method_not_allowed();
  const auto kind = patch_type(request);
  if (kind == PatchType::apply && request.parameter("fieldManager").empty())
    throw bad_request("fieldManager is required for apply patch");
  const bool existed = world.store().find(*place.type, place.name_space, place.name) != nullptr;
  const auto result = world.patch(caller, place, kind, request.json(), write_options(request));
  return answer(existed ? 200 : 201, in_version(result, version));
}

}  // namespace mlopsctl::testing
