#include "eval/endpoint/address.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace mlopsctl {

bool is_endpoint_url(std::string_view text) {
  const std::string begin = to_lower(text.substr(0, 8));
  return begin.starts_with("http://") || begin.starts_with("https://");
}

EndpointAddress endpoint_address(std::string_view url) {
  const auto refuse = [&](const char* why) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is no endpoint: {}", quote(mask_secrets(url)), why),
                "write http://HOST:PORT or https://HOST/v1");
  };
  if (!is_endpoint_url(url)) refuse("it is no URL of http or https");
  if (url.find_first_of("?# \t\r\n") != std::string_view::npos) refuse("it has a query or spaces");
  const auto host = url.find("//") + 2;
  const std::string_view authority = url.substr(host, url.find('/', host) - host);
  if (authority.empty()) refuse("it names no host");
  if (authority.find('@') != std::string_view::npos)
    refuse("it has a password; keys come from the environment (OPENAI_API_KEY, --api-key-env)");
  std::string base(url);
  const auto strip = [&](std::string_view end) {
    while (base.ends_with('/')) base.pop_back();
    if (!base.ends_with(end) || base.size() <= host + authority.size()) return false;
    base.resize(base.size() - end.size());
    return true;
  };
  EndpointAddress address;
  if (strip("/chat/completions")) {
    address.api = EndpointApi::chat;
  } else if (strip("/completions")) {
    address.api = EndpointApi::completions;
  }
  while (base.ends_with('/')) base.pop_back();
  const bool bare = base.size() == host + authority.size();
  address.base = bare ? base + "/v1" : base;
  address.root = address.base;
  if (address.root.ends_with("/v1")) address.root.resize(address.root.size() - 3);
  return address;
}

std::string endpoint_api_key(const std::optional<std::string>& variable) {
  const char* value = std::getenv(variable ? variable->c_str() : "OPENAI_API_KEY");
  std::string key(trim(value != nullptr ? value : ""));
  if (variable && key.empty()) {
    throw Error(ErrorKind::config,
                fmt::format("the environment variable {} has no API key", quote(*variable)),
                "export it, or leave --api-key-env out for an endpoint without keys");
  }
  if (key.find_first_of("\r\n") != std::string::npos) {
    throw Error(ErrorKind::config, "the API key in the environment has a line break");
  }
  return key;
}

}  // namespace mlopsctl
