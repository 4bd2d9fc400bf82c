#include "eval/cache/answer_text.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {

namespace {

using Json = nlohmann::json;

// Each part with its length, so that no two lists of parts are the same text.
void add(std::string& text, std::string_view part) {
  text += fmt::format("{}:", part.size());
  text += part;
}

std::string key_of(const std::string& target, std::string_view kind, const std::string& request) {
  std::string text = "mlopsctl.answer/1\n";
  add(text, target);
  add(text, kind);
  return sha256_hex(text + request);
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Numbers are texts: JSON has no infinity, and number_text() keeps every bit.
std::optional<double> number_in(const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_string()) return std::nullopt;
  return parse_number(value->get_ref<const std::string&>());
}
std::optional<std::uint64_t> count_in(const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}
std::optional<bool> truth_in(const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}
std::optional<std::string> text_in(const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

Json parsed(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

}  // namespace

std::string target_digest(const Fingerprint& fingerprint) {
  std::string text;
  for (const auto& [name, value] : fingerprint) {
    add(text, name);
    add(text, value);
  }
  return sha256_hex(text);
}

std::string answer_key(const std::string& target, const LikelihoodRequest& request) {
  std::string text;
  add(text, request.context);
  add(text, request.continuation);
  return key_of(target, "likelihood", text);
}

std::string answer_key(const std::string& target, const std::string& rolling_text) {
  return key_of(target, "rolling", rolling_text);
}

std::string answer_key(const std::string& target, const GenerationRequest& request) {
  std::string text;
  add(text, request.prompt);
  add(text, std::to_string(request.messages.size()));
  for (const ChatMessage& message : request.messages) {
    add(text, message.role);
    add(text, message.content);
  }
  add(text, std::to_string(request.max_tokens));
  add(text, number_text(request.temperature));
  add(text, number_text(request.top_p));
  add(text, std::to_string(request.seed));
  for (const std::string& stop : request.stop) add(text, stop);
  return key_of(target, "generation", text);
}

std::string answer_json(const LikelihoodResult& result) {
  return dumped({{"sum", number_text(result.sum)},
                 {"greedy", result.greedy},
                 {"tokens", result.tokens},
                 {"matched", result.matched},
                 {"truncated", result.truncated}});
}
std::string answer_json(const RollingResult& result) {
  return dumped(
      {{"sum", number_text(result.sum)}, {"tokens", result.tokens}, {"matched", result.matched}});
}
std::string answer_json(const GenerationResult& result) {
  return dumped({{"text", result.text},
                 {"finish_reason", result.finish_reason},
                 {"prompt_tokens", result.prompt_tokens},
                 {"completion_tokens", result.completion_tokens}});
}

template <>
std::optional<LikelihoodResult> parse_kept(std::string_view text) {
  const Json json = parsed(text);
  const auto sum = number_in(json, "sum");
  const auto tokens = count_in(json, "tokens");
  const auto matched = count_in(json, "matched");
  const auto greedy = truth_in(json, "greedy");
  const auto truncated = truth_in(json, "truncated");
  if (!sum || !tokens || !matched || !greedy || !truncated) return std::nullopt;
  return LikelihoodResult{.sum = *sum,
                          .greedy = *greedy,
                          .tokens = *tokens,
                          .matched = *matched,
                          .truncated = *truncated};
}

template <>
std::optional<RollingResult> parse_kept(std::string_view text) {
  const Json json = parsed(text);
  const auto sum = number_in(json, "sum");
  const auto tokens = count_in(json, "tokens");
  const auto matched = count_in(json, "matched");
  if (!sum || !tokens || !matched) return std::nullopt;
  return RollingResult{.sum = *sum, .tokens = *tokens, .matched = *matched};
}

template <>
std::optional<GenerationResult> parse_kept(std::string_view text) {
  const Json json = parsed(text);
  const auto answer = text_in(json, "text");
  const auto reason = text_in(json, "finish_reason");
  const auto prompt = count_in(json, "prompt_tokens");
  const auto completion = count_in(json, "completion_tokens");
  if (!answer || !reason || !prompt || !completion) return std::nullopt;
  return GenerationResult{.text = *answer,
                          .finish_reason = *reason,
                          .prompt_tokens = *prompt,
                          .completion_tokens = *completion};
}

}  // namespace mlopsctl
