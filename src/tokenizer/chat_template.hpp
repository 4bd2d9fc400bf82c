// Prompts of conversations.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "tokenizer/special_tokens.hpp"

#include <span>
#include <string>

namespace mlopsctl::tokens {

// What transformers' apply_chat_template makes of these messages: without tools and documents, and
// with the special tokens by their names. Throws Error{usage}.
std::string render_chat(const SpecialTokens& special, std::span<const ChatMessage> messages,
                        bool add_generation_prompt);

}  // namespace mlopsctl::tokens
