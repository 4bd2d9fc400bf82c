// What a user writes as an endpoint, as the URLs that are asked.
#pragma once

#include "mlopsctl/eval/endpoint.hpp"

#include <string>
#include <string_view>

namespace mlopsctl {

struct EndpointAddress {
  std::string base;                          // "http://host:8000/v1"
  std::string root;                          // "http://host:8000": vLLM's /tokenize is there
  EndpointApi api = EndpointApi::automatic;  // if the URL chose it
};

// Throws Error{usage}.
EndpointAddress endpoint_address(std::string_view url);

}  // namespace mlopsctl
