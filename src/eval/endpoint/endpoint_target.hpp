// An OpenAI-compatible server as a Target.
#pragma once

#include "mlopsctl/eval/endpoint.hpp"
#include "mlopsctl/eval/token_source.hpp"

#include "eval/endpoint/address.hpp"
#include "eval/endpoint/answers.hpp"
#include "eval/endpoint/queue.hpp"
#include "eval/endpoint/reply.hpp"
#include "eval/endpoint/request_body.hpp"
#include "eval/token_pairs.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlopsctl {

// Server, model and API, found out once, and its queue.
class ModelEndpoint {
 public:
  ModelEndpoint(EndpointOptions options, Progress& progress);

  const EndpointOptions& options() const { return options_; }
  const EndpointAddress& address() const { return address_; }
  const std::string& model() const { return model_.id; }
  EndpointQueue& queue() { return queue_; }
  Fingerprint fingerprint() const;

  // Throws Error{usage} if there is neither a tokenizer here nor /tokenize there.
  TokenSource& tokens();
  TokenSource* tokens_if_any();
  std::size_t most_tokens();  // of a prompt

  // The URL and API for a request: a chat unless the API was chosen otherwise.
  EndpointApi api_for(const GenerationRequest& request) const;
  // A call that generates; `reply` is made anew with each attempt.
  EndpointCall generation_call(const GenerationRequest& request,
                               const std::shared_ptr<Reply>& reply, std::vector<TokenId> tokens,
                               bool to_the_end);

 private:
  void find_model(Progress& progress);

  EndpointOptions options_;
  EndpointAddress address_;
  EndpointQueue queue_;
  ServedModel model_;
  bool looked_for_tokens_ = false;
  std::shared_ptr<TokenSource> tokens_;
};

// What a server's answer says about the tokens that are scored. Throws Error{unavailable} if the
// server does not give back the prompt with a log-probability for each token: then every number
// that it gives would be wrong.
LikelihoodResult read_echo(const EchoAnswer& echo, const ScoredTokens& scored,
                           std::string_view continuation);

// Throws as read_echo does if an error of the server says that it does not know echo or logprobs:
// then it is the same for every example.
void check_score_error(const HttpResponse* response, const std::string& error);

// The text up to the earliest stop string.
std::string cut_at_stops(std::string text, const std::vector<std::string>& stops);

}  // namespace mlopsctl
