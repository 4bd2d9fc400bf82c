// Statements of a Python module, as far as constants need them.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/value_files.hpp"

#include "formats/python_literal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlopsctl {

namespace {

struct Statement {
  std::size_t indent = 0;
  std::size_t line = 0;
  std::string_view text;  // comments inside brackets are still in it
};

// Cuts a module into logical lines: brackets, triple quotes and backslashes join lines.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  std::optional<Statement> next() {
    while (at_ < text_.size()) {
      const std::size_t indent = indentation();
      if (at_ == text_.size()) return std::nullopt;
      if (text_[at_] == '\n' || text_[at_] == '#' || text_[at_] == '\r') {
        skip_line();
        continue;
      }
      const Statement statement{indent, line_, rest_of_statement()};
      return statement;
    }
    return std::nullopt;
  }

 private:
  std::size_t indentation() {
    std::size_t indent = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == ' ' || text_[at_] == '\f') {
        ++indent;
      } else if (text_[at_] == '\t') {
        indent = (indent / 8 + 1) * 8;
      } else {
        break;
      }
    }
    return indent;
  }

  void skip_line() {
    const auto end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    ++line_;
  }

  std::string_view rest_of_statement() {
    const std::size_t start = at_, first_line = line_;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        string(first_line);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (c == '\n') {
        ++line_;
        const bool joined = at_ > start && text_[at_ - 1] == '\\';
        if (depth <= 0 && !joined) {
          const auto statement = text_.substr(start, at_ - start);
          ++at_;
          return statement;
        }
      }
      ++at_;
    }
    if (depth > 0) {
      throw Error(ErrorKind::config, fmt::format("line {}: a bracket is not closed", first_line));
    }
    return text_.substr(start);
  }

  void string(std::size_t first_line) {
    const char quote = text_[at_];
    const bool triple = text_.substr(at_, 3) == std::string(3, quote);
    at_ += triple ? 3 : 1;
    while (at_ < text_.size()) {
      if (text_[at_] == '\\') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++line_;
        at_ = std::min(at_ + 2, text_.size());
        continue;
      }
      if (text_[at_] == '\n') {
        if (!triple) break;
        ++line_;
      }
      if (triple ? text_.substr(at_, 3) == std::string(3, quote) : text_[at_] == quote) {
        at_ += triple ? 3 : 1;
        return;
      }
      ++at_;
    }
    throw Error(ErrorKind::config, fmt::format("line {}: a string has no end", first_line));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// Calls found(i) for every character outside of brackets, strings and comments; false ends it.
template <class Found>
void outside(std::string_view text, Found&& found) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const bool triple = text.substr(i, 3) == std::string(3, c);
      for (i += triple ? 3 : 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
          ++i;
        } else if (triple ? text.substr(i, 3) == std::string(3, c) : text[i] == c) {
          i += triple ? 2 : 0;
          break;
        }
      }
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (depth == 0 && !found(i)) return;
  }
}

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || static_cast<unsigned char>(c) >= 0x80;
         });
}

// The word that a statement begins with.
std::string_view first_word(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_name(text.substr(0, end + 1))) ++end;
  return text.substr(0, end);
}

class Module {
 public:
  YamlValue read(std::string_view text) {
    YamlValue result = YamlValue::empty_map();
    blocks_.push_back({0, Kind::body, {}});
    Lines lines(text);
    bool first = true;
    while (const auto statement = lines.next()) {
      if (!first) leave(statement->indent);
      first = false;
      take(*statement, result);
    }
    return result;
  }

 private:
  enum class Kind { body, init, other };
  struct Block {
    std::size_t indent;  // of the header; what is in it is indented more
    Kind kind;
    std::vector<std::string> path;  // classes
  };

  void leave(std::size_t indent) {
    while (blocks_.size() > 1 && indent <= blocks_.back().indent) blocks_.pop_back();
  }

  void take(const Statement& statement, YamlValue& result) {
    const std::string_view word = first_word(statement.text);
    constexpr std::string_view headers[] = {"class",  "def",     "if",    "for",  "while",
                                            "with",   "try",     "async", "else", "elif",
                                            "except", "finally", "match", "case"};
    const bool header = std::ranges::find(headers, word) != std::end(headers);
    std::size_t colon = std::string_view::npos;
    if (header) {
      outside(statement.text, [&](std::size_t i) {
        if (statement.text[i] != ':') return true;
        colon = i;
        return false;
      });
    }
    if (colon == std::string_view::npos) {
      simple(statement.text, blocks_.back(), result);
      return;
    }
    Block block{statement.indent, Kind::other, blocks_.back().path};
    const std::string_view name = first_word(trim(statement.text.substr(word.size())));
    if (blocks_.back().kind == Kind::body && word == "class") {
      block.kind = Kind::body;
      block.path.emplace_back(name);
      at(result, blocks_.back().path).set(name, YamlValue::empty_map());
    } else if (blocks_.back().kind == Kind::body && word == "def" && name == "__init__") {
      block.kind = Kind::init;
    }
    const std::string_view rest = trim(statement.text.substr(colon + 1));
    if (!rest.empty() && rest[0] != '#') simple(rest, block, result);
    blocks_.push_back(std::move(block));
  }

  static YamlValue& at(YamlValue& result, const std::vector<std::string>& path) {
    YamlValue* map = &result;
    for (const auto& name : path) {
      YamlValue* inner = map->find(name);
      map = inner != nullptr && inner->is_map() ? inner : &map->set(name, YamlValue::empty_map());
    }
    return *map;
  }

  // Statements that ';' separates.
  static void simple(std::string_view text, const Block& block, YamlValue& result) {
    if (block.kind == Kind::other) return;
    std::size_t start = 0;
    std::vector<std::string_view> parts;
    outside(text, [&](std::size_t i) {
      if (text[i] == ';') {
        parts.push_back(text.substr(start, i - start));
        start = i + 1;
      }
      return true;
    });
    parts.push_back(text.substr(start));
    for (const auto part : parts) assignment(part, block, result);
  }

  static void assignment(std::string_view text, const Block& block, YamlValue& result) {
    std::vector<std::size_t> equals;
    std::size_t colon = std::string_view::npos;
    outside(text, [&](std::size_t i) {
      if (text[i] == ':' && colon == std::string_view::npos && equals.empty()) colon = i;
      if (text[i] != '=') return true;
      const char before = i > 0 ? text[i - 1] : ' ';
      const char after = i + 1 < text.size() ? text[i + 1] : ' ';
      const bool comparison =
          after == '=' || std::string_view("=!<>+-*/%&|^@:").find(before) != std::string_view::npos;
      if (!comparison) equals.push_back(i);
      return true;
    });
    if (equals.size() != 1) return;
    std::string_view target = trim(text.substr(0, std::min(colon, equals[0])));
    if (block.kind == Kind::init) {
      if (!target.starts_with("self.")) return;
      target.remove_prefix(5);
    } else if (target.starts_with("self.")) {
      target.remove_prefix(5);
    }
    if (!is_name(target)) return;
    if (auto value = python_literal(trim(text.substr(equals[0] + 1)))) {
      at(result, block.path).set(target, std::move(*value));
    }
  }

  std::vector<Block> blocks_;
};

}  // namespace

YamlValue parse_python_constants(std::string_view text) {
  if (!is_valid_utf8(text)) throw Error(ErrorKind::config, "line 1: this is not UTF-8 text");
  return Module().read(text);
}

}  // namespace mlopsctl
