#include "support/cluster/api_error.hpp"

namespace mlopsctl::testing {

namespace {

Json details_of(const ResourceType& type, const std::string& name) {
  Json details{{"name", name}, {"kind", type.plural}};
  if (!type.group.empty()) details["group"] = type.group;
  return details;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

ApiError::ApiError(int code, std::string reason, std::string message, Json details)
    : code_(code),
      reason_(std::move(reason)),
      message_(std::move(message)),
      details_(std::move(details)) {}

Json ApiError::status() const {
  Json status{{"kind", "Status"},    {"apiVersion", "v1"},  {"metadata", Json::object()},
              {"status", "Failure"}, {"message", message_}, {"reason", reason_},
              {"details", details_}, {"code", code_}};
  return status;
}

ApiError not_found(const ResourceType& type, const std::string& name) {
  return {404, "NotFound", type.qualified() + " " + quoted(name) + " not found",
          details_of(type, name)};
}

ApiError already_exists(const ResourceType& type, const std::string& name) {
  return {409, "AlreadyExists", type.qualified() + " " + quoted(name) + " already exists",
          details_of(type, name)};
}

ApiError modified_meanwhile(const ResourceType& type, const std::string& name) {
  return {409, "Conflict",
          "Operation cannot be fulfilled on " + type.qualified() + " " + quoted(name) +
              ": the object has been modified; please apply your changes to the latest version "
              "and try again",
          details_of(type, name)};
}

ApiError invalid(const ResourceType& type, const std::string& name, const std::vector<Cause>& why) {
  std::string list;
  Json details{{"name", name}, {"kind", type.kind}, {"causes", Json::array()}};
  if (!type.group.empty()) details["group"] = type.group;
  for (const auto& cause : why) {
    list += (list.empty() ? "" : ", ") + cause.field + ": " + cause.message;
    details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  const std::string kind = type.group.empty()
                               ? std::string(type.kind)
                               : std::string(type.kind) + "." + std::string(type.group);
  return {422, "Invalid",
          kind + " " + quoted(name) + " is invalid: " + (why.size() > 1 ? "[" + list + "]" : list),
          details};
}

ApiError bad_request(const std::string& message) { return {400, "BadRequest", message}; }

ApiError method_not_allowed() {
  return {405, "MethodNotAllowed",
          "the server does not allow this method on the requested resource"};
}

ApiError no_such_path() {
  return {404, "NotFound", "the server could not find the requested resource"};
}

ApiError not_implemented(const std::string& what) {
  return {501, "NotImplemented", "this simulated API server does not implement " + what};
}

}  // namespace mlopsctl::testing
