// What the files beside tokenizer.json say: special tokens by role, and the chat template.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace mlopsctl::tokens {

struct SpecialTokens {
  // "bos_token" and so on, from tokenizer_config.json, otherwise special_tokens_map.json.
  std::map<std::string, std::string> texts;
  // From config.json, for roles that neither file mentions: GPT-2's say nothing.
  std::optional<std::int64_t> bos_id, eos_id;
  // chat_template.jinja, otherwise tokenizer_config.json's.
  std::optional<std::string> chat_template;
};

// Files that are not there say nothing. Throws Error{corrupt}.
SpecialTokens read_special_tokens(const std::filesystem::path& folder);

}  // namespace mlopsctl::tokens
