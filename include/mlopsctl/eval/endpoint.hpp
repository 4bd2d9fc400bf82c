// Servers with OpenAI's API (vLLM, SGLang, llama.cpp, TGI, OpenAI and others) as targets of an
// evaluation, and how fast they answer.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/load.hpp"
#include "mlopsctl/eval/target.hpp"
#include "mlopsctl/eval/token_source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mlopsctl {

enum class EndpointApi { automatic, completions, chat };

struct EndpointOptions {
  // http://host:8000, http://host:8000/v1, or down to …/completions, which chooses the API.
  std::string url;
  std::string model;  // as the server calls it; empty: the only one that it lists
  EndpointApi api = EndpointApi::automatic;
  std::string api_key;                     // never shown or stored; empty: none is sent
  std::shared_ptr<TokenSource> tokenizer;  // unset: the server's /tokenize is asked
  std::optional<TokenId> prefix_token;     // before an empty context; unset: BOS, else EOS
  std::uint64_t max_length = 0;            // tokens of a prompt; 0: as the server tells, else 2047
  std::size_t concurrency = 8;
  double requests_per_second = 0, tokens_per_minute = 0;  // 0: no limit
  int retries = 5;
  Milliseconds timeout{600'000};       // without a byte from the server
  Milliseconds first_retry{500};       // doubled each time, random below
  Milliseconds longest_retry{30'000};  // a server's Retry-After may be longer
};

// Whether a target's name is a URL of http or https.
bool is_endpoint_url(std::string_view text);

// The key in $OPENAI_API_KEY, or in the variable that the user named, which must be set then:
// Error{config}.
std::string endpoint_api_key(const std::optional<std::string>& variable);

// Asks the server which models it has. Throws Error{usage} for a URL that is none, Error{not_found}
// if the model is not there, Error{config} if the server refuses the key, Error{unavailable} if it
// cannot be reached. What happens to the whole server later (it is gone, it ignores echo or
// logprobs) is thrown by the calls.
std::unique_ptr<Target> open_endpoint(const EndpointOptions& options, Progress& progress);

// Sends a load and takes the time of every answer. No request is repeated: one that fails is a
// failure under this load.
LatencyRun measure_endpoint(const EndpointOptions& options, const LoadPlan& plan,
                            Progress& progress);

}  // namespace mlopsctl
