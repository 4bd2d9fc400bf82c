// Regular expressions of tokenizer files: written for Oniguruma, matched by PCRE2.
#pragma once

#include "tokenizer/json_tree.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

// A part of a text, in bytes.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool match = false;
};

class Regex {
 public:
  // Throws Error{usage}, from `where`, for what PCRE2 does not know or means otherwise.
  Regex(const std::string& pattern, const Node& where);

  // All of the text, which is valid UTF-8, as matches and what is between them. Throws Error{usage}
  // if the expression needs too many steps.
  void split(std::string_view text, std::vector<Part>& into) const;

 private:
  std::shared_ptr<const void> code_;
  std::string pattern_;
};

// The same expression in PCRE2's syntax; nothing if it has something that is not known to mean the
// same there.
std::optional<std::string> translated(std::string_view oniguruma);

}  // namespace mlopsctl::tokens
