// vLLM's POST /tokenize at the root of the server.
#pragma once

#include "mlopsctl/eval/token_source.hpp"

#include "eval/endpoint/queue.hpp"

#include <memory>
#include <string>

namespace mlopsctl {

// Nothing if the server has none.
std::shared_ptr<TokenSource> server_tokens(EndpointQueue& queue, const std::string& root,
                                           const std::string& model);

}  // namespace mlopsctl
