// The parts of a prompt, and how they become one text or a chat: as lm-evaluation-harness 0.4.13
// has it (api/utils.py: Message, maybe_delimit, multiturn_to_singleturn).
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

struct Turn {
  std::string role;  // "system" (the first only), "user", "assistant"
  std::string text;
  std::string delimiter;  // behind it in one text; in a chat it is not there
};

// Both, with the delimiter between them unless one is empty or there is white space already.
std::string delimited(const std::string& before, const std::string& after,
                      std::string_view delimiter);

std::string plain_text(std::span<const Turn> turns);

// `multiturn`: a message a turn; otherwise what is not the system's is one message of the user. The
// last turn is the user's question.
std::vector<ChatMessage> chat_of(std::span<const Turn> turns, bool multiturn);

// [{"role": "user", "content": "…"}] as Python's json.dumps(…, ensure_ascii=False) writes it.
std::string chat_json(std::span<const ChatMessage> messages);

}  // namespace mlopsctl::eval
