// A request to the API server, taken apart.
#pragma once

#include "support/cluster/kubernetes.hpp"
#include "support/http_server.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlopsctl::testing {

struct ApiPath {
  std::string group, version;  // "" and "v1" of /api/v1
  std::string name_space, resource, name, subresource;
};

struct ApiRequest {
  std::string method, path;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string parameter(const std::string& name) const;
  bool flag(const std::string& name) const;  // "true", "1"
  Json json() const;                         // throws ApiError 400
};

ApiRequest read_request(const ServedRequest& request);
// Of /api/… and /apis/…; throws ApiError 404 for everything else.
ApiPath read_path(const std::string& path);

ServedResponse answer(int status, const Json& body, const std::string& type = "application/json");

}  // namespace mlopsctl::testing
