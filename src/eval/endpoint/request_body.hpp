// Requests to OpenAI-compatible servers as JSON.
#pragma once

#include "mlopsctl/eval/endpoint.hpp"

#include "eval/endpoint/queue.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace mlopsctl {

// Log-probabilities of these tokens, which the server is to give back.
std::string echo_body(const std::string& model, std::span<const TokenId> tokens);

struct GenerationBody {
  const GenerationRequest& request;
  std::span<const TokenId> tokens = {};  // instead of the prompt's text
  bool to_the_end = false;               // go on behind the end of sequence
};
// A stream in every case. Fields that the server has refused are left out.
std::string completion_body(const std::string& model, const GenerationBody& body,
                            const RefusedFields& refused);
std::string chat_body(const std::string& model, const GenerationBody& body,
                      const RefusedFields& refused);

std::string tokenize_body(const std::string& model, const std::string& text, bool special);

}  // namespace mlopsctl
