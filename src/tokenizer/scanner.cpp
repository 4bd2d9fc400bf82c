#include "tokenizer/scanner.hpp"

#include "tokenizer/utf8.hpp"

namespace mlopsctl::tokens {

namespace {

constexpr std::string_view gpt2_regex =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view three_digits_regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view one_digit_regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Scan {
  const UnicodeClasses& classes;
  std::string_view text;

  struct Char {
    std::uint8_t kind;
    std::size_t end;
  };
  Char look(std::size_t at) const {
    const char32_t point = next_point(text, at);
    return {classes.kind(point), at};
  }
  bool is(std::size_t at, std::uint8_t kind) const {
    return at < text.size() && look(at).kind == kind;
  }
  std::size_t run(std::size_t at, std::uint8_t kind) const {
    while (at < text.size()) {
      const Char next = look(at);
      if (next.kind != kind) break;
      at = next.end;
    }
    return at;
  }
  bool is_line_end(std::size_t at) const {
    return at < text.size() && (text[at] == '\r' || text[at] == '\n');
  }
  char lower(std::size_t at) const {
    if (at >= text.size()) return '\0';
    const char c = text[at];
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }

  // 's 't 're 've 'm 'll 'd: the end, or 0.
  std::size_t contraction(std::size_t at, bool any_case) const {
    const auto letter = [&](std::size_t i) {
      if (any_case) return lower(at + i);
      return at + i < text.size() ? text[at + i] : '\0';
    };
    switch (letter(1)) {
      case 's':
      case 't':
      case 'm':
      case 'd':
        return at + 2;
      case 'r':
      case 'v':
        return letter(2) == 'e' ? at + 3 : 0;
      case 'l':
        return letter(2) == 'l' ? at + 3 : 0;
      default:  // U+017F, the long s, is an s in another case
        return any_case && text.substr(at + 1).starts_with("\xC5\xBF") ? at + 3 : 0;
    }
  }

  // \s+(?!\S)|\s+ : all of a run of white space but its last character, unless the text ends.
  std::size_t white(std::size_t at, std::size_t end) const {
    if (end == text.size()) return end;
    const std::size_t last = previous_point(text, end);
    return last > at ? last : end;
  }

  std::size_t gpt2(std::size_t at) const {
    if (text[at] == '\'') {
      if (const std::size_t end = contraction(at, false); end != 0) return end;
    }
    const Char first = look(at);
    if (first.kind != char_class::space) return run(first.end, first.kind);
    if (text[at] == ' ' && first.end < text.size()) {
      const Char second = look(first.end);
      if (second.kind != char_class::space) return run(second.end, second.kind);
    }
    return white(at, run(first.end, char_class::space));
  }

  std::size_t digits(std::size_t at, std::size_t most) const {
    for (std::size_t count = 0; count < most && is(at, char_class::number); ++count) {
      at = look(at).end;
    }
    return at;
  }

  std::size_t symbols(std::size_t at) const {
    at = run(at, char_class::other);
    while (is_line_end(at)) ++at;
    return at;
  }

  std::size_t spaces(std::size_t at) const {
    const std::size_t end = run(at, char_class::space);
    for (std::size_t line = end; line > at; --line) {  // \s*[\r\n]+ : up to the last line end
      if (is_line_end(line - 1)) return line;
    }
    return white(at, end);
  }

  std::size_t modern(std::size_t at, std::size_t most_digits) const {
    if (text[at] == '\'') {
      if (const std::size_t end = contraction(at, true); end != 0) return end;
    }
    const Char first = look(at);
    if (first.kind == char_class::letter) return run(first.end, char_class::letter);
    if (first.kind == char_class::number) return digits(at, most_digits);
    if (!is_line_end(at) && is(first.end, char_class::letter)) {
      return run(first.end, char_class::letter);
    }
    if (first.kind == char_class::other) return symbols(first.end);
    if (text[at] == ' ' && is(first.end, char_class::other)) return symbols(first.end);
    return spaces(at);
  }
};

}  // namespace

std::optional<WordPattern> known_pattern(std::string_view regex) {
  if (regex == gpt2_regex) return WordPattern::gpt2;
  if (regex == three_digits_regex) return WordPattern::three_digits;
  if (regex == one_digit_regex) return WordPattern::one_digit;
  return std::nullopt;
}

std::size_t word_end(WordPattern pattern, const UnicodeClasses& classes, std::string_view text,
                     std::size_t at) {
  const Scan scan{classes, text};
  switch (pattern) {
    case WordPattern::gpt2:
      return scan.gpt2(at);
    case WordPattern::three_digits:
      return scan.modern(at, 3);
    case WordPattern::one_digit:
      return scan.modern(at, 1);
  }
  return text.size();
}

}  // namespace mlopsctl::tokens
