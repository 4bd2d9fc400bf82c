#include "deploy/smoke/completion.hpp"

#include "mlopsctl/base/text.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl::smoke {

namespace {

constexpr int answer_tokens = 16;
constexpr const char* default_prompt = "Say hello.";
constexpr std::string_view chat_path = "/chat/completions", completion_path = "/completions";

}  // namespace

std::string path_of(const SmokeCheck& check) {
  const bool no_path = check.path.empty() || check.path == SmokeCheck{}.path;
  if (!check.completion_model.empty() && no_path) return "/v1/completions";
  return check.path.starts_with('/') ? check.path : "/" + check.path;
}

std::string models_path(const std::string& path) {
  for (const std::string_view end : {chat_path, completion_path}) {
    if (path.ends_with(end)) return path.substr(0, path.size() - end.size()) + "/models";
  }
  return "/v1/models";
}

std::string completion_body(const SmokeCheck& check, const std::string& model) {
  const std::string prompt = check.body.empty() ? default_prompt : check.body;
  nlohmann::json body{{"model", model}, {"max_tokens", answer_tokens}, {"temperature", 0}};
  if (path_of(check).ends_with(chat_path)) {
    body["messages"] = {{{"role", "user"}, {"content", prompt}}};
  } else {
    body["prompt"] = prompt;
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::string> completion_text(JsonDocument& answer) {
  // reasoning_content: what a thinking model says before its answer, which may be cut off.
  for (const char* path :
       {"choices[0].text", "choices[0].message.content", "choices[0].message.reasoning_content",
        "choices[0].message.reasoning"}) {
    const auto text = answer.text_at(JsonPath::parse(path));
    if (text && !trim(*text).empty()) return std::string(*text);
  }
  return std::nullopt;
}

}  // namespace mlopsctl::smoke
