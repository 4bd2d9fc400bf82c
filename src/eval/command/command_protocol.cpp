#include "eval/command/command_protocol.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace mlopsctl {

namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Values of an answer; the first that is missing or wrong is the error.
class Answer {
 public:
  explicit Answer(std::string_view line) : json_(Json::parse(line, nullptr, false)) {
    if (!json_.is_object()) {
      error = fmt::format("no JSON object: {}", quote(line));
      return;
    }
    if (const auto told = json_.find("error"); told != json_.end() && !told->is_null())
      error = told->is_string() ? shortened(printable(told->get<std::string>()), 300)
                                : "the command says that there was an error";
  }

  std::string text(const char* key) {
    const auto value = json_.is_object() ? json_.find(key) : json_.end();
    if (error.empty() && (value == json_.end() || !value->is_string())) lacks(key, "a text");
    return error.empty() ? value->get<std::string>() : std::string();
  }
  double number(const char* key) {
    const auto value = json_.is_object() ? json_.find(key) : json_.end();
    if (!error.empty()) return 0;
    if (value != json_.end() && value->is_number()) return value->get<double>();
    // Infinity is no JSON, so it may be a text.
    if (value != json_.end() && value->is_string())
      if (const auto number = parse_number(value->get<std::string>())) return *number;
    lacks(key, "a number");
    return 0;
  }
  std::uint64_t count(const char* key, bool required) {
    const auto value = json_.is_object() ? json_.find(key) : json_.end();
    if (value != json_.end() && value->is_number_unsigned()) return value->get<std::uint64_t>();
    if (required && error.empty()) lacks(key, "a number of tokens");
    return 0;
  }
  bool truth(const char* key) {
    const auto value = json_.is_object() ? json_.find(key) : json_.end();
    if (value != json_.end() && value->is_boolean()) return value->get<bool>();
    if (error.empty()) lacks(key, "true or false");
    return false;
  }
  std::string optional_text(const char* key) const {
    const auto value = json_.is_object() ? json_.find(key) : json_.end();
    return value != json_.end() && value->is_string() ? value->get<std::string>() : std::string();
  }

  std::string error;

 private:
  void lacks(const char* key, const char* what) {
    error = fmt::format("the command's answer has no '{}' that is {}", key, what);
  }
  Json json_;
};

void check_logprob(double sum, std::string& error) {
  if (error.empty() && std::isnan(sum)) error = "the command's log-probability is not a number";
  if (error.empty() && sum > 0) error = "the command's log-probability is above 0";
}

}  // namespace

std::string request_line(std::uint64_t id, const LikelihoodRequest& request) {
  return line_of({{"id", id},
                  {"type", "loglikelihood"},
                  {"context", request.context},
                  {"continuation", request.continuation}});
}

std::string request_line(std::uint64_t id, const std::string& rolling_text) {
  return line_of({{"id", id}, {"type", "loglikelihood_rolling"}, {"text", rolling_text}});
}

std::string request_line(std::uint64_t id, const GenerationRequest& request) {
  Json json{{"id", id}, {"type", "generate"}};
  if (request.messages.empty()) {
    json["prompt"] = request.prompt;
  } else {
    json["messages"] = Json::array();
    for (const ChatMessage& message : request.messages)
      json["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  json["max_tokens"] = request.max_tokens;
  json["temperature"] = request.temperature;
  json["top_p"] = request.top_p;
  json["seed"] = request.seed;
  json["stop"] = request.stop;
  return line_of(json);
}

std::optional<std::uint64_t> answered_id(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto id = json.find("id");
  if (id == json.end() || !id->is_number_unsigned()) return std::nullopt;
  return id->get<std::uint64_t>();
}

void read_answer(std::string_view line, LikelihoodResult& result) {
  Answer answer(line);
  result.sum = answer.number("logprob");
  result.greedy = answer.truth("greedy");
  result.tokens = answer.count("tokens", true);
  check_logprob(result.sum, answer.error);
  result.matched = result.greedy ? result.tokens : answer.count("matched", false);
  result.error = answer.error;
}

void read_answer(std::string_view line, RollingResult& result) {
  Answer answer(line);
  result.sum = answer.number("logprob");
  result.tokens = answer.count("tokens", true);
  check_logprob(result.sum, answer.error);
  result.matched = answer.count("matched", false);
  result.error = answer.error;
}

void read_answer(std::string_view line, GenerationResult& result) {
  Answer answer(line);
  result.text = answer.text("text");
  result.finish_reason = answer.optional_text("finish_reason");
  if (result.finish_reason.empty() && answer.error.empty()) result.finish_reason = "stop";
  result.prompt_tokens = answer.count("prompt_tokens", false);
  result.completion_tokens = answer.count("completion_tokens", false);
  result.error = answer.error;
}

}  // namespace mlopsctl
