#include "eval/endpoint/request_body.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_stops = 4;  // OpenAI's limit; all of them are cut at here

// Texts that are not UTF-8 arrive with U+FFFD, as Python's clients send them.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_generation(Json& json, const GenerationBody& body, const RefusedFields& refused) {
  const GenerationRequest& request = body.request;
  json["temperature"] = request.temperature;
  if (request.top_p < 1) json["top_p"] = request.top_p;
  if (!refused.contains("seed")) json["seed"] = request.seed;
  Json stops = Json::array();
  for (const std::string& stop : request.stop)
    if (!stop.empty() && stops.size() < most_stops) stops.push_back(stop);
  if (!stops.empty()) json["stop"] = std::move(stops);
  if (body.to_the_end && !refused.contains("ignore_eos")) json["ignore_eos"] = true;
  json["stream"] = true;
  if (!refused.contains("stream_options")) json["stream_options"] = {{"include_usage", true}};
}

}  // namespace

std::string echo_body(const std::string& model, std::span<const TokenId> tokens) {
  return text_of({{"model", model},
                  {"prompt", std::vector<TokenId>(tokens.begin(), tokens.end())},
                  {"echo", true},
                  {"logprobs", 1},
                  {"max_tokens", 1},
                  {"temperature", 0}});
}

std::string completion_body(const std::string& model, const GenerationBody& body,
                            const RefusedFields& refused) {
  Json json{{"model", model}};
  if (body.tokens.empty()) {
    json["prompt"] = body.request.prompt;
  } else {
    json["prompt"] = std::vector<TokenId>(body.tokens.begin(), body.tokens.end());
  }
  json["max_tokens"] = body.request.max_tokens;
  add_generation(json, body, refused);
  return text_of(json);
}

std::string chat_body(const std::string& model, const GenerationBody& body,
                      const RefusedFields& refused) {
  const GenerationRequest& request = body.request;
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages)
    messages.push_back({{"role", message.role}, {"content", message.content}});
  if (messages.empty()) messages.push_back({{"role", "user"}, {"content", request.prompt}});
  Json json{{"model", model}, {"messages", std::move(messages)}};
  // "refused" here means that the server has asked for this name of the field.
  json[refused.contains("max_completion_tokens") ? "max_completion_tokens" : "max_tokens"] =
      request.max_tokens;
  add_generation(json, body, refused);
  return text_of(json);
}

std::string tokenize_body(const std::string& model, const std::string& text, bool special) {
  return text_of({{"model", model}, {"prompt", text}, {"add_special_tokens", special}});
}

}  // namespace mlopsctl
