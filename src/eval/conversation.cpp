#include "eval/conversation.hpp"

#include "eval/python_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::eval {

namespace {

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string delimited(const std::string& before, const std::string& after,
                      std::string_view delimiter) {
  if (before.empty() || after.empty()) return before + after;
  const bool white =
      strip_right(before).size() < before.size() || strip_left(after).size() < after.size();
  return white ? before + after : fmt::format("{}{}{}", before, delimiter, after);
}

std::string plain_text(std::span<const Turn> turns) {
  std::string text;
  for (const Turn& turn : turns) text += turn.text + turn.delimiter;
  return text;
}

std::vector<ChatMessage> chat_of(std::span<const Turn> turns, bool multiturn) {
  std::vector<ChatMessage> messages;
  if (multiturn) {
    for (const Turn& turn : turns) messages.push_back({turn.role, turn.text});
    return messages;
  }
  if (!turns.empty() && turns.front().role == "system") {
    messages.push_back({turns.front().role, turns.front().text});
    turns = turns.subspan(1);
  }
  messages.push_back({"user", plain_text(turns)});
  return messages;
}

std::string chat_json(std::span<const ChatMessage> messages) {
  std::string text;
  for (const ChatMessage& message : messages) {
    text += fmt::format("{}{{\"role\": {}, \"content\": {}}}", text.empty() ? "[" : ", ",
                        json_string(message.role), json_string(message.content));
  }
  return text.empty() ? "[]" : text + "]";
}

}  // namespace mlopsctl::eval
