#include "tokenizer/pre_tokenizer.hpp"

#include "mlopsctl/base/text.hpp"

#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

namespace mlopsctl::tokens {

namespace {

std::uint8_t kind_of(char32_t point) { return UnicodeClasses::get().kind(point); }

bool is_punctuation(char32_t point) {
  return (UnicodeClasses::get().of(point) & char_class::punctuation) != 0;
}

// Each character that `is` is true of, alone, and what is between them.
template <typename Predicate>
void match_characters(std::string_view text, const Predicate& is, std::vector<Part>& into) {
  into.clear();
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    if (!is(next_point(text, at))) continue;
    if (from > done) into.push_back({done, from, false});
    into.push_back({from, at, true});
    done = at;
  }
  if (done < text.size()) into.push_back({done, text.size(), false});
}

// \w+|[^\w\s]+ with what it does not match marked, to be removed.
void match_white_space(std::string_view text, std::vector<Part>& into) {
  enum class Group { space, word, symbol };
  const auto group = [](char32_t point) {
    if (is_word_character(point)) return Group::word;
    return is_space(point) ? Group::space : Group::symbol;
  };
  into.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    const Group first = group(next_point(text, at));
    for (std::size_t next = at; next < text.size() && group(next_point(text, next)) == first;) {
      at = next;
    }
    into.push_back({from, at, first == Group::space});
  }
}

}  // namespace

struct PreTokenizer::Work {
  std::vector<Piece> pieces, next;
  std::vector<Part> parts;
  std::deque<std::string> texts;  // of pieces that are not in the input as they are
};

PreTokenizer::PreTokenizer(const Node& node) {
  if (!node.is_null()) add(node);
  if (!steps_.empty() && steps_.back().kind == Kind::map_bytes) {
    steps_.pop_back();
    bytes_ = true;
  }
}

void PreTokenizer::add(const Node& node) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    for (const Node& step : node.list("pretokenizers")) add(step);
  } else if (type == "ByteLevel") {
    add_byte_level(node);
  } else if (type == "Split") {
    add_split(node);
  } else if (type == "Metaspace") {
    add_metaspace(node);
  } else if (type == "Digits") {
    const bool each = node.flag("individual_digits", false);
    steps_.push_back(
        {.kind = Kind::digits, .behavior = each ? Behavior::isolated : Behavior::contiguous});
  } else if (type == "Punctuation") {
    const Node behavior = node.at("behavior");
    steps_.push_back({.kind = Kind::punctuation,
                      .behavior = behavior.is_null() ? Behavior::isolated : behavior_of(behavior)});
  } else if (type == "Whitespace") {
    steps_.push_back({.kind = Kind::white_space, .behavior = Behavior::removed});
  } else if (type == "WhitespaceSplit") {
    steps_.push_back({.kind = Kind::white_space_cut, .behavior = Behavior::removed});
  } else if (type == "CharDelimiterSplit") {
    steps_.push_back(
        {.kind = Kind::delimiter, .behavior = Behavior::removed, .text = node.text("delimiter")});
    if (steps_.back().text.empty()) node.at("delimiter").corrupt("is empty");
  } else {
    node.unsupported(fmt::format("the pre-tokenizer {}", quote(type)));
  }
}

void PreTokenizer::add_byte_level(const Node& node) {
  if (node.flag("add_prefix_space", true)) steps_.push_back({.kind = Kind::prefix_space});
  if (node.flag("use_regex", true)) {
    steps_.push_back({.kind = Kind::words, .words = WordPattern::gpt2});
  }
  steps_.push_back({.kind = Kind::map_bytes});
}

void PreTokenizer::add_split(const Node& node) {
  const Behavior behavior = behavior_of(node.at("behavior"));
  const bool invert = node.flag("invert", false);
  // The known patterns match everything: between matches there is nothing to be isolated or
  // removed.
  const bool every_match = behavior == (invert ? Behavior::removed : Behavior::isolated);
  const Node regex = node.at("pattern").at("Regex");
  if (!regex.is_null() && every_match) {
    if (const auto known = known_pattern(regex.text())) {
      steps_.push_back({.kind = Kind::words, .words = *known});
      return;
    }
  }
  steps_.push_back({.kind = Kind::split,
                    .pattern = std::make_shared<const Pattern>(node.at("pattern")),
                    .behavior = behavior,
                    .invert = invert});
}

void PreTokenizer::add_metaspace(const Node& node) {
  const std::string sign = node.text("replacement");
  if (sign.empty()) node.at("replacement").corrupt("is empty");
  const Node scheme = node.at("prepend_scheme");
  std::string name = scheme.is_null() ? "always" : scheme.text();
  if (!node.flag("add_prefix_space", true)) name = "never";
  steps_.push_back({.kind = Kind::replace_space, .text = sign});
  if (name == "always" || name == "first") {
    steps_.push_back({.kind = Kind::prefix_meta,
                      .text = sign,
                      .scheme = name == "first" ? Scheme::first : Scheme::always});
  } else if (name != "never") {
    scheme.unsupported(quote(name));
  }
  if (node.flag("split", true)) {
    steps_.push_back(
        {.kind = Kind::cut_at_meta, .behavior = Behavior::merged_with_next, .text = sign});
  }
}

void PreTokenizer::encode_words(WordPattern pattern, std::string_view text, const Bpe& model,
                                std::vector<TokenId>& into) const {
  const UnicodeClasses& classes = UnicodeClasses::get();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(pattern, classes, text, at);
    const std::string_view word = text.substr(at, end - at);
    if (bytes_) {
      model.encode_bytes(word, into);
    } else {
      model.encode(word, into);
    }
    at = end;
  }
}

void PreTokenizer::encode(std::string_view text, bool at_start, const Bpe& model,
                          std::vector<TokenId>& into) const {
  if (text.empty()) return;
  if (steps_.size() == 1 && steps_[0].kind == Kind::words) {
    encode_words(steps_[0].words, text, model, into);
    return;
  }
  Work work;
  work.pieces.push_back({text, at_start});
  for (const Step& step : steps_) run(step, work);
  for (const Piece& piece : work.pieces) {
    if (bytes_) {
      model.encode_bytes(piece.text, into);
    } else {
      model.encode(piece.text, into);
    }
  }
}

// A step changes pieces or cuts them, never both.
void PreTokenizer::run(const Step& step, Work& work) {
  switch (step.kind) {
    case Kind::prefix_space:
    case Kind::prefix_meta:
    case Kind::replace_space:
    case Kind::map_bytes:
      for (Piece& piece : work.pieces) change(step, piece, work.texts);
      return;
    default:
      break;
  }
  work.next.clear();
  for (const Piece& piece : work.pieces) {
    cut(step, piece.text, work.parts);
    for (const Part& part : work.parts) {
      if (part.match || part.begin == part.end) continue;
      work.next.push_back({piece.text.substr(part.begin, part.end - part.begin),
                           piece.at_start && part.begin == 0});
    }
  }
  std::swap(work.pieces, work.next);
}

void PreTokenizer::change(const Step& step, Piece& piece, std::deque<std::string>& texts) {
  switch (step.kind) {
    case Kind::prefix_space:
      if (!piece.text.starts_with(' ')) piece.text = texts.emplace_back(" ").append(piece.text);
      return;
    case Kind::prefix_meta:
      if (piece.text.starts_with(step.text)) return;
      if (step.scheme == Scheme::first && !piece.at_start) return;
      piece.text = texts.emplace_back(step.text).append(piece.text);
      return;
    case Kind::replace_space: {
      if (piece.text.find(' ') == std::string_view::npos) return;
      std::string& changed = texts.emplace_back();
      changed.reserve(piece.text.size() + piece.text.size() / 2);
      while (true) {
        const std::size_t space = piece.text.find(' ');
        changed += piece.text.substr(0, space);
        if (space == std::string_view::npos) break;
        changed += step.text;
        piece.text.remove_prefix(space + 1);
      }
      piece.text = changed;
      return;
    }
    default: {
      std::string& mapped = texts.emplace_back();
      append_byte_characters(mapped, piece.text);
      piece.text = mapped;
      return;
    }
  }
}

void PreTokenizer::cut(const Step& step, std::string_view text, std::vector<Part>& parts) {
  switch (step.kind) {
    case Kind::words: {
      const UnicodeClasses& classes = UnicodeClasses::get();
      parts.clear();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = word_end(step.words, classes, text, at);
        parts.push_back({at, end, false});
        at = end;
      }
      return;
    }
    case Kind::split:
      step.pattern->split(text, parts);
      break;
    case Kind::digits:
      match_characters(
          text, [](char32_t point) { return kind_of(point) == char_class::number; }, parts);
      break;
    case Kind::punctuation:
      match_characters(text, is_punctuation, parts);
      break;
    case Kind::white_space:
      match_white_space(text, parts);
      break;
    case Kind::white_space_cut:
      match_characters(text, is_space, parts);
      break;
    default:
      split_at_text(text, step.text, parts);
      break;
  }
  if (step.invert) {
    for (Part& part : parts) part.match = !part.match;
  }
  apply(step.behavior, parts);
}

}  // namespace mlopsctl::tokens
