#include "tokenizer/chat_template.hpp"

#include "mlopsctl/base/error.hpp"

#include "tokenizer/jinja/template.hpp"
#include "tokenizer/utf8.hpp"

namespace mlopsctl::tokens {

std::string render_chat(const SpecialTokens& special, std::span<const ChatMessage> messages,
                        bool add_generation_prompt) {
  if (!special.chat_template) {
    throw Error{ErrorKind::usage, "the model has no chat template",
                "it is no chat model, or chat_template.jinja is missing beside tokenizer.json"};
  }
  jinja::List list;
  for (const ChatMessage& message : messages) {
    jinja::Dict dict;
    dict.set("role", lossy(message.role));
    dict.set("content", lossy(message.content));
    list.emplace_back(std::move(dict));
  }
  jinja::Dict variables;
  for (const auto& [role, token] : special.texts) variables.set(role, token);
  variables.set("messages", std::move(list));
  variables.set("tools", jinja::Value());
  variables.set("documents", jinja::Value());
  variables.set("add_generation_prompt", add_generation_prompt);
  return jinja::Template(*special.chat_template, "the chat template").render(variables);
}

}  // namespace mlopsctl::tokens
