#include "tokenizer/jinja/strings.hpp"

#include "tokenizer/jinja/value.hpp"
#include "tokenizer/normalizer.hpp"
#include "tokenizer/unicode_class.hpp"
#include "tokenizer/utf8.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace mlopsctl::jinja {

namespace {

using tokens::next_point;
using tokens::previous_point;

constexpr std::size_t most_parts = 100'000;
constexpr std::size_t most_characters = 1'000'000;

void append_upper(std::string& into, char32_t point) {
  if (point == 0xDF) {
    into += "SS";
    return;
  }
  tokens::append_point(
      into, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(point))));
}

bool is_letter(char32_t point) {
  return tokens::UnicodeClasses::get().kind(point) == tokens::char_class::letter;
}

}  // namespace

bool is_space(char32_t point) {
  return (point >= 0x1C && point <= 0x1F) || tokens::is_space(point);
}

std::string_view stripped(std::string_view text, bool left, bool right,
                          const std::optional<std::string>& characters) {
  const auto goes = [&](std::size_t begin, std::size_t end) {
    if (!characters) {
      std::size_t at = begin;
      return is_space(next_point(text, at));
    }
    const std::string_view one = text.substr(begin, end - begin);
    return characters->find(one) != std::string::npos;
  };
  while (left && !text.empty()) {
    std::size_t end = 0;
    next_point(text, end);
    if (!goes(0, end)) break;
    text.remove_prefix(end);
  }
  while (right && !text.empty()) {
    const std::size_t begin = previous_point(text, text.size());
    if (!goes(begin, text.size())) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::vector<std::string> split_text(std::string_view text,
                                    const std::optional<std::string>& separator,
                                    std::int64_t most) {
  std::vector<std::string> parts;
  const auto may = [&] {
    if (parts.size() >= most_parts) throw Problem{"a text has too many parts"};
    return most < 0 || static_cast<std::int64_t>(parts.size()) < most;
  };
  if (separator) {
    for (std::size_t at = text.find(*separator); at != std::string_view::npos && may();
         at = text.find(*separator)) {
      parts.emplace_back(text.substr(0, at));
      text.remove_prefix(at + separator->size());
    }
    parts.emplace_back(text);
    return parts;
  }
  text = stripped(text, true, false);
  while (!text.empty()) {
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size() && !is_space(next_point(text, at));) end = at;
    if (!may()) {
      parts.emplace_back(stripped(text, false, true));
      break;
    }
    parts.emplace_back(text.substr(0, end));
    text = stripped(text.substr(end), true, false);
  }
  return parts;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by,
                     std::int64_t most) {
  std::string result;
  if (what.empty()) {  // before each character, and at the end
    for (const std::string_view one : characters_of(text)) {
      if (most-- != 0) result += by;
      result += one;
    }
    return most != 0 ? result.append(by) : result;
  }
  for (std::size_t at = text.find(what); at != std::string_view::npos && most-- != 0;
       at = text.find(what)) {
    result.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + what.size());
  }
  return result.append(text);
}

std::string lower(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();)
    tokens::append_lowercase(result, next_point(text, at));
  return result;
}

std::string upper(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) append_upper(result, next_point(text, at));
  return result;
}

std::string title(std::string_view text) {
  std::string result;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next_point(text, at);
    if (inside) {
      tokens::append_lowercase(result, point);
    } else {
      append_upper(result, point);
    }
    inside = is_letter(point);
  }
  return result;
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  std::size_t at = 0;
  std::string result;
  append_upper(result, next_point(text, at));
  return result + lower(text.substr(at));
}

std::size_t length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::vector<std::string_view> characters_of(std::string_view text) {
  if (text.size() > most_characters) throw Problem{"a text is too long to go over its characters"};
  std::vector<std::string_view> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    next_point(text, at);
    result.push_back(text.substr(begin, at - begin));
  }
  return result;
}

}  // namespace mlopsctl::jinja
