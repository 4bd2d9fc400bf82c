#include "support/mock_openai.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::ordered_json;

ServedResponse json_answer(const Json& json, int status = 200) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

ServedResponse refusal(int status, const std::string& message) {
  return json_answer({{"error", {{"message", message}, {"code", status}}}}, status);
}

std::vector<int> tokens_of(const Json& prompt) {
  if (prompt.is_array()) return prompt.get<std::vector<int>>();
  std::vector<int> tokens;
  for (const char c : prompt.get<std::string>()) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

std::string text_of(const std::vector<int>& tokens) {
  std::string text;
  for (const int token : tokens)
    if (token < 256) text += static_cast<char>(token);
  return text;
}

ServedResponse tokenize(const MockBehaviour& behaviour, const Json& asked) {
  std::vector<int> tokens = tokens_of(asked["prompt"]);
  if (asked.value("add_special_tokens", true)) tokens.insert(tokens.begin(), mock_bos);
  return json_answer(
      {{"count", tokens.size()}, {"max_model_len", behaviour.max_model_len}, {"tokens", tokens}});
}

// The prompt with a log-probability for each token, and one token more.
ServedResponse echo(const MockBehaviour& behaviour, const Json& asked) {
  std::vector<int> tokens = tokens_of(asked["prompt"]);
  if (behaviour.adds_bos) tokens.insert(tokens.begin(), mock_bos);
  if (tokens.size() + 1 > behaviour.max_model_len)
    return refusal(400, "This model's maximum context length is " +
                            std::to_string(behaviour.max_model_len) + " tokens.");
  const std::size_t prompt = tokens.size();
  tokens.push_back(mock_likeliest(tokens.back()));
  Json logprobs = Json::array();
  Json top = Json::array();
  for (std::size_t i = behaviour.echo ? 0 : prompt; i < tokens.size(); ++i) {
    if (i == 0) {
      logprobs.push_back(nullptr);
      top.push_back(nullptr);
      continue;
    }
    const double value = mock_logprob(tokens[i - 1], tokens[i]);
    logprobs.push_back(value);
    top.push_back({{"best", mock_best}, {"this", value}});
  }
  Json choice{{"index", 0}, {"finish_reason", "length"}, {"logprobs", nullptr}};
  choice["text"] = text_of(behaviour.echo ? tokens : std::vector<int>{tokens.back()});
  if (behaviour.logprobs)
    choice["logprobs"] = {{"token_logprobs", logprobs}, {"top_logprobs", top}};
  return json_answer(
      {{"choices", {choice}}, {"usage", {{"prompt_tokens", prompt}, {"completion_tokens", 1}}}});
}

Json usage_of(const MockBehaviour& behaviour) {
  return {{"prompt_tokens", 7}, {"completion_tokens", behaviour.text.size()}};
}

ServedResponse whole(const MockBehaviour& behaviour, bool chat) {
  std::string text;
  for (const auto& part : behaviour.text) text += part;
  Json choice{{"index", 0}, {"finish_reason", "stop"}};
  if (chat) {
    choice["message"] = {{"role", "assistant"}, {"content", text}};
    if (behaviour.text.empty()) choice["message"]["content"] = nullptr;
  } else {
    choice["text"] = text;
  }
  Json answer{{"choices", {choice}}};
  if (behaviour.usage) answer["usage"] = usage_of(behaviour);
  ServedResponse response = json_answer(answer);
  response.delay = behaviour.first_delay;
  return response;
}

class Stream {
 public:
  explicit Stream(const MockBehaviour& behaviour) : behaviour_(behaviour) {}

  void event(const std::string& data, std::chrono::milliseconds delay = {}) {
    const bool odd = behaviour_.comments;
    std::string bytes = odd ? ": ping\r\n\r\ndata:" + data + "\r\n\r\n" : "data: " + data + "\n\n";
    const std::size_t size = behaviour_.cut > 0 ? behaviour_.cut : bytes.size();
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      response.pieces.push_back({bytes.substr(at, size), at == 0 ? delay : delay * 0});
    }
  }

  ServedResponse response{.headers = {{"Content-Type", "text/event-stream"}}};

 private:
  const MockBehaviour& behaviour_;
};

ServedResponse stream(const MockBehaviour& behaviour, bool chat, bool with_usage) {
  Stream events(behaviour);
  const auto chunk = [&](const Json& delta, const Json& reason = nullptr) {
    Json choice{{"index", 0}, {"finish_reason", reason}};
    if (chat) {
      choice["delta"] = delta;
    } else {
      choice["text"] = delta.value("content", "");
    }
    return Json{{"choices", {choice}}}.dump();
  };
  if (chat) events.event(chunk({{"role", "assistant"}}));
  for (std::size_t i = 0; i < behaviour.text.size(); ++i) {
    if (behaviour.broken_after > 0 && i == behaviour.broken_after) {
      events.response.break_off = true;
      return events.response;
    }
    events.event(chunk({{"content", behaviour.text[i]}}),
                 i == 0 ? behaviour.first_delay : behaviour.token_delay);
    if (!behaviour.error_in_stream.empty()) {
      events.event(behaviour.error_in_stream);
      return events.response;
    }
  }
  if (behaviour.finish_reason) events.event(chunk(Json::object(), "stop"));
  if (behaviour.usage && with_usage)
    events.event(Json{{"choices", Json::array()}, {"usage", usage_of(behaviour)}}.dump());
  if (behaviour.done) events.event("[DONE]");
  return events.response;
}

}  // namespace

int mock_likeliest(int before) { return (before * 7 + 3) % 256; }

double mock_logprob(int before, int token) {
  if (token == mock_likeliest(before)) return mock_best;
  return -0.25 - ((before * 31 + token * 17) % 64) / 8.0;
}

MockOpenAi::MockOpenAi(MockBehaviour behaviour)
    : behaviour_(std::move(behaviour)),
      server_([this](const ServedRequest& request) { return answer(request); }) {}

std::vector<std::string> MockOpenAi::bodies(const std::string& path) const {
  std::vector<std::string> found;
  for (const auto& request : server_.requests())
    if (request.target.ends_with(path)) found.push_back(request.body);
  return found;
}

ServedResponse MockOpenAi::answer(const ServedRequest& request) {
  const auto key = request.headers.find("authorization");
  if (!behaviour_.key.empty() &&
      (key == request.headers.end() || key->second != "Bearer " + behaviour_.key)) {
    return refusal(401, "Incorrect API key provided: " +
                            (key == request.headers.end() ? "none" : key->second));
  }
  const std::string& path = request.target;
  if (path == "/v1/models") {
    Json models = Json::array();
    for (const auto& id : behaviour_.models) models.push_back({{"id", id}});
    return json_answer({{"data", models}});
  }
  if (path == "/tokenizer_info" && behaviour_.tokenizer_info)
    return json_answer({{"eos_token", "\x03"}});
  const bool chat = path == "/v1/chat/completions";
  const bool generates = chat || path == "/v1/completions";
  const bool tokenizes = path == "/tokenize" && behaviour_.tokenize;
  if (!generates && !tokenizes) return refusal(404, "Not Found");
  const Json asked = Json::parse(request.body);
  if (tokenizes) return tokenize(behaviour_, asked);
  const int attempt = attempts_++;
  if (behaviour_.fault)
    if (auto fault = behaviour_.fault(request, attempt)) return *fault;
  for (const auto& field : behaviour_.unknown_fields)
    if (asked.contains(field)) return refusal(400, "Unrecognized request argument: " + field);
  if (asked.value("echo", false)) return echo(behaviour_, asked);
  if (!asked.value("stream", false) || !behaviour_.streams) return whole(behaviour_, chat);
  return stream(behaviour_, chat, asked.contains("stream_options"));
}

}  // namespace mlopsctl::testing
