#include "support/cluster/http_request.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>

namespace mlopsctl::testing {

namespace {

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

}  // namespace

std::string ApiRequest::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

bool ApiRequest::flag(const std::string& name) const {
  const auto value = parameter(name);
  return value == "true" || value == "1";
}

Json ApiRequest::json() const {
  const auto type = headers.find("content-type");
  if (type != headers.end() && type->second.find("json") == std::string::npos &&
      type->second.find("apply-patch+yaml") == std::string::npos)
    throw ApiError(415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types "
                   "include: application/json");
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded())
    throw bad_request(
        "the body of the request is no JSON (this simulated API server reads no YAML)");
  return parsed;
}

ApiRequest read_request(const ServedRequest& request) {
  ApiRequest read{request.method, {}, {}, request.headers, request.body};
  const auto mark = request.target.find('?');
  read.path = unescape(request.target.substr(0, mark));
  if (mark == std::string::npos) return read;
  for (const auto& part : split(request.target.substr(mark + 1), '&')) {
    const auto equals = part.find('=');
    if (!part.empty())
      read.query[unescape(part.substr(0, equals))] =
          equals == std::string::npos ? "" : unescape(part.substr(equals + 1));
  }
  return read;
}

ApiPath read_path(const std::string& path) {
  auto parts = split(path, '/');
  std::erase(parts, "");
  ApiPath read;
  std::size_t next = 0;
  const auto take = [&] { return next < parts.size() ? parts[next++] : std::string(); };
  const auto root = take();
  if (root == "apis") read.group = take();
  read.version = take();
  if ((root != "api" && root != "apis") || read.version.empty()) throw no_such_path();
  read.resource = take();
  if (read.resource == "namespaces" && parts.size() > next + 1 && parts[next + 1] != "status" &&
      parts[next + 1] != "finalize") {
    read.name_space = take();
    read.resource = take();
  }
  read.name = take();
  read.subresource = take();
  if (next < parts.size()) throw no_such_path();
  return read;
}

ServedResponse answer(int status, const Json& body, const std::string& type) {
  ServedResponse response;
  response.status = status;
  response.headers = {{"Content-Type", type}};
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace mlopsctl::testing
