#include "eval/endpoint/answers.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace mlopsctl {

namespace {

using Json = nlohmann::json;

constexpr std::size_t shown_message = 300;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

Json parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {  // bytes that are no UTF-8 are no reason to lose an answer
    json = Json::parse(valid_utf8(text), nullptr, false);
  }
  if (!json.is_object()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the server's answer is no JSON object: {}", quote(text)));
  }
  return json;
}

// The member of an object, null if there is none or it is no object.
const Json& member(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

// A string, or the texts of [{"type": "text", "text": …}].
std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string text;
  if (!value.is_array()) return text;
  for (const Json& part : value)
    if (const Json& one = member(part, "text"); one.is_string()) text += one.get<std::string>();
  return text;
}

std::optional<std::uint64_t> count_of(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

TokenUsage usage_of(const Json& answer) {
  const Json& usage = member(answer, "usage");
  return {count_of(member(usage, "prompt_tokens")), count_of(member(usage, "completion_tokens"))};
}

const Json& first_choice(const Json& answer) {
  const Json& choices = member(answer, "choices");
  if (!choices.is_array()) return choices;
  static const Json none;
  for (const Json& choice : choices)
    if (const auto index = count_of(member(choice, "index")); index.value_or(0) == 0) return choice;
  return none;
}

std::string one_line(std::string_view text) {
  text = trim(text);
  return shortened(printable(text.substr(0, text.find('\n'))), shown_message);
}

// {"error": {"message"}}, {"error": "…"}, {"message"}, FastAPI's {"detail": "…" or [{"msg"}]}.
std::string message_in(const Json& answer) {
  for (const char* key : {"error", "message", "detail"}) {
    const Json& value = member(answer, key);
    if (value.is_string()) return value.get<std::string>();
    for (const char* inner : {"message", "msg"}) {
      const Json& told = member(value.is_array() && !value.empty() ? value.front() : value, inner);
      if (told.is_string()) return told.get<std::string>();
    }
  }
  return {};
}

int status_in(const Json& answer) {
  for (const Json* value : {&member(member(answer, "error"), "code"), &member(answer, "code")}) {
    if (value->is_number_integer()) {
      const auto code = value->get<std::int64_t>();
      if (code >= 100 && code < 600) return static_cast<int>(code);
    }
  }
  return 0;
}

double best_of(const Json& top) {
  double best = unknown;
  const auto consider = [&](const Json& value) {
    if (value.is_number() && !(value.get<double>() <= best)) best = value.get<double>();
  };
  if (top.is_object()) {  // {"token": logprob}
    for (const auto& [token, value] : top.items()) consider(value);
  } else if (top.is_array()) {  // [{"token": …, "logprob": …}]
    for (const Json& one : top) consider(member(one, "logprob"));
  }
  return best;
}

}  // namespace

AnswerPiece parse_answer(std::string_view text) {
  const Json answer = parse(text);
  AnswerPiece piece;
  piece.usage = usage_of(answer);
  const bool failed =
      !member(answer, "error").is_null() || member(answer, "object") == Json("error");
  if (failed) {
    piece.error = one_line(message_in(answer));
    if (piece.error.empty()) piece.error = "an error without a message";
    piece.error_status = status_in(answer);
    return piece;
  }
  const Json& choice = first_choice(answer);
  if (!choice.is_object()) {
    if (!member(answer, "choices").is_array()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the server's answer has no choices: {}", quote(text)));
    }
    return piece;  // the last event, which has the usage only
  }
  piece.has_choice = true;
  const Json& reason = member(choice, "finish_reason");
  if (reason.is_string()) piece.finish_reason = reason.get<std::string>();
  const Json& message =
      choice.contains("delta") ? member(choice, "delta") : member(choice, "message");
  if (!message.is_object()) {
    piece.text = text_of(member(choice, "text"));
    return piece;
  }
  piece.text = text_of(member(message, "content"));
  for (const char* key : {"reasoning_content", "reasoning"})
    if (piece.reasoning.empty()) piece.reasoning = text_of(member(message, key));
  return piece;
}

EchoAnswer parse_echo(std::string_view text) {
  const Json answer = parse(text);
  const Json& choice = first_choice(answer);
  if (!choice.is_object()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the server's answer has no choices: {}", quote(text)));
  }
  EchoAnswer echo;
  echo.text = text_of(member(choice, "text"));
  echo.usage = usage_of(answer);
  const Json& logprobs = member(choice, "logprobs");
  const Json& tokens = member(logprobs, "token_logprobs");
  echo.has_logprobs = tokens.is_array();
  if (!echo.has_logprobs) return echo;
  const Json& top = member(logprobs, "top_logprobs");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    echo.logprobs.push_back(tokens[i].is_number() ? tokens[i].get<double>() : unknown);
    echo.best.push_back(top.is_array() && i < top.size() ? best_of(top[i]) : unknown);
  }
  return echo;
}

TokenizeAnswer parse_tokenize(std::string_view text) {
  const Json answer = parse(text);
  const Json& tokens = member(answer, "tokens");
  TokenizeAnswer result;
  const bool listed = tokens.is_array() && std::ranges::all_of(tokens, [](const Json& token) {
                        return token.is_number_unsigned() &&
                               token.get<std::uint64_t>() <=
                                   std::uint64_t{std::numeric_limits<std::int32_t>::max()};
                      });
  if (!listed) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the server's answer has no token ids: {}", quote(text)));
  }
  for (const Json& token : tokens) result.tokens.push_back(token.get<std::int32_t>());
  result.max_length = count_of(member(answer, "max_model_len")).value_or(0);
  return result;
}

std::vector<ServedModel> parse_models(std::string_view text) {
  const Json answer = parse(text);
  std::vector<ServedModel> models;
  const Json& list = member(answer, "data");
  if (!list.is_array()) return models;
  for (const Json& one : list) {
    ServedModel model{.id = text_of(member(one, "id")), .root = text_of(member(one, "root"))};
    model.max_length = count_of(member(one, "max_model_len")).value_or(0);
    if (!model.id.empty()) models.push_back(std::move(model));
  }
  return models;
}

std::optional<std::string> text_in(std::string_view text, const char* key) {
  const Json answer = parse(text);
  const Json& value = member(answer, key);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::string error_message(std::string_view body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (answer.is_object()) {
    if (const std::string told = message_in(answer); !told.empty()) return one_line(told);
  }
  return one_line(body);
}

}  // namespace mlopsctl
