// The word patterns that most tokenizers use, scanned by hand: what their regular expressions
// match, many times faster.
#pragma once

#include "tokenizer/unicode_class.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace mlopsctl::tokens {

enum class WordPattern {
  gpt2,          // built into ByteLevel
  three_digits,  // Llama 3: numbers in groups of up to three digits
  one_digit,     // Qwen: one digit at a time
};

// The pattern that a regular expression is, by its text.
std::optional<WordPattern> known_pattern(std::string_view regex);

// Where the match that begins at `at` ends. Every text is a sequence of matches. The text must be
// valid UTF-8 and `at` less than its size.
std::size_t word_end(WordPattern pattern, const UnicodeClasses& classes, std::string_view text,
                     std::size_t at);

}  // namespace mlopsctl::tokens
