#include "tokenizer/normalizer.hpp"

#include "mlopsctl/base/text.hpp"

#include "tokenizer/bpe.hpp"
#include "tokenizer/unicode_class.hpp"
#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

namespace mlopsctl::tokens {

namespace {

std::string_view stripped(std::string_view text, bool left, bool right) {
  std::size_t begin = 0;
  for (std::size_t at = 0; left && at < text.size();) {
    if (!is_space(next_point(text, at))) break;
    begin = at;
  }
  text.remove_prefix(begin);
  while (right && !text.empty()) {
    const std::size_t last = previous_point(text, text.size());
    std::size_t at = last;
    if (!is_space(next_point(text, at))) break;
    text = text.substr(0, last);
  }
  return text;
}

bool is_accent(char32_t point) {
  const std::uint8_t flags = UnicodeClasses::get().of(point);
  return (flags & char_class::mark) != 0 && (flags & char_class::late) == 0;
}

template <typename Append>
void for_each_point(std::string_view text, const Append& append) {
  for (std::size_t at = 0; at < text.size();) append(next_point(text, at));
}

}  // namespace

Normalizer::Normalizer(const Node& node) {
  if (!node.is_null()) add(node);
}

void Normalizer::add(const Node& node) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    for (const Node& step : node.list("normalizers")) add(step);
  } else if (type == "NFC") {
    steps_.push_back({.kind = Kind::nfc});
  } else if (type == "NFD") {
    steps_.push_back({.kind = Kind::nfd});
  } else if (type == "NFKC") {
    steps_.push_back({.kind = Kind::nfkc});
  } else if (type == "NFKD") {
    steps_.push_back({.kind = Kind::nfkd});
  } else if (type == "Lowercase") {
    steps_.push_back({.kind = Kind::lowercase});
  } else if (type == "StripAccents") {
    steps_.push_back({.kind = Kind::strip_accents});
  } else if (type == "ByteLevel") {
    steps_.push_back({.kind = Kind::byte_level});
  } else if (type == "Strip") {
    steps_.push_back({.kind = Kind::strip,
                      .left = node.flag("strip_left", true),
                      .right = node.flag("strip_right", true)});
  } else if (type == "Prepend") {
    steps_.push_back({.kind = Kind::prepend, .text = node.text("prepend")});
  } else if (type == "Replace") {
    steps_.push_back({.kind = Kind::replace,
                      .text = node.text("content"),
                      .pattern = std::make_shared<const Pattern>(node.at("pattern"))});
  } else {
    node.unsupported(fmt::format("the normalizer {}", quote(type)));
  }
}

bool Normalizer::apply(const Step& step, std::string_view text, std::string& into) {
  switch (step.kind) {
    case Kind::nfc:
      return to_normal_form(NormalForm::c, text, into);
    case Kind::nfd:
      return to_normal_form(NormalForm::d, text, into);
    case Kind::nfkc:
      return to_normal_form(NormalForm::kc, text, into);
    case Kind::nfkd:
      return to_normal_form(NormalForm::kd, text, into);
    case Kind::strip:
      into = stripped(text, step.left, step.right);
      return into.size() != text.size();
    case Kind::lowercase:
      into.clear();
      for_each_point(text, [&](char32_t point) { append_lowercase(into, point); });
      return true;
    case Kind::strip_accents:
      into.clear();
      for_each_point(text, [&](char32_t point) {
        if (!is_accent(point)) append_point(into, point);
      });
      return true;
    case Kind::byte_level:
      into.clear();
      append_byte_characters(into, text);
      return true;
    case Kind::prepend:
      into.clear();
      if (!text.empty()) into.append(step.text).append(text);
      return true;
    case Kind::replace: {
      thread_local std::vector<Part> parts;
      step.pattern->split(text, parts);
      into.clear();
      for (const Part& part : parts) {
        into += part.match ? std::string_view(step.text)
                           : text.substr(part.begin, part.end - part.begin);
      }
      return true;
    }
  }
  return false;
}

std::string_view Normalizer::apply(std::string_view text, std::string& into) const {
  std::string_view current = text;
  thread_local std::string next;
  for (const Step& step : steps_) {
    if (!apply(step, current, next)) continue;
    std::swap(into, next);
    current = into;
  }
  return current;
}

}  // namespace mlopsctl::tokens
