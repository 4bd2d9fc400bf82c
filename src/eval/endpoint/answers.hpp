// What OpenAI-compatible servers answer to /v1/completions and /v1/chat/completions, whole or in
// pieces (https://platform.openai.com/docs/api-reference, with what vLLM, SGLang, llama.cpp and TGI
// make of it). Everything here throws Error{corrupt} for what is no such answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct TokenUsage {
  std::optional<std::uint64_t> prompt, completion;
};

// A whole answer, or one event of a stream.
struct AnswerPiece {
  bool has_choice = false;
  std::string text;           // of the first choice; content: null is empty
  std::string reasoning;      // what models think before they answer, where servers tell it
  std::string finish_reason;  // empty: it goes on
  TokenUsage usage;
  std::string error;  // what the server says went wrong, although the status was 200
  int error_status = 0;
};
AnswerPiece parse_answer(std::string_view text);

// The answer to a prompt with echo and logprobs: a value for each token of the prompt and of what
// was generated.
struct EchoAnswer {
  std::string text;
  bool has_logprobs = false;
  std::vector<double> logprobs;  // NaN where there is none: of the first token
  std::vector<double> best;      // of the most likely token in its place; NaN if not told
  TokenUsage usage;
};
EchoAnswer parse_echo(std::string_view text);

// Ids in {"tokens": [...]} and the longest sequence, as vLLM's /tokenize answers.
struct TokenizeAnswer {
  std::vector<std::int32_t> tokens;
  std::uint64_t max_length = 0;  // 0: not told
};
TokenizeAnswer parse_tokenize(std::string_view text);

// Of /v1/models.
struct ServedModel {
  std::string id;
  std::string root;              // what vLLM loaded, where it differs
  std::uint64_t max_length = 0;  // 0: not told
};
std::vector<ServedModel> parse_models(std::string_view text);

// The text value of a key of an object; nothing if it is absent or no text.
std::optional<std::string> text_in(std::string_view text, const char* key);

// What an answer with an error status says, on one line: the message in its JSON, else its first
// line.
std::string error_message(std::string_view body);

}  // namespace mlopsctl
