#include "tokenizer/split.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::tokens {

namespace {

void merge_equal(std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool previous = false;
  for (const Part& part : parts) {
    if (part.match == previous && !merged.empty()) {
      merged.back().end = part.end;
    } else {
      merged.push_back({part.begin, part.end, false});
    }
    previous = part.match;
  }
  parts = std::move(merged);
}

void merge_with_previous(std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool previous = false;
  for (const Part& part : parts) {
    if (part.match && !previous && !merged.empty()) {
      merged.back().end = part.end;
    } else {
      merged.push_back({part.begin, part.end, false});
    }
    previous = part.match;
  }
  parts = std::move(merged);
}

void merge_with_next(std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool previous = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->match && !previous && !merged.empty()) {
      merged.back().begin = part->begin;
    } else {
      merged.push_back({part->begin, part->end, false});
    }
    previous = part->match;
  }
  std::ranges::reverse(merged);
  parts = std::move(merged);
}

}  // namespace

Behavior behavior_of(const Node& name) {
  const std::string text = name.text();
  if (text == "Removed") return Behavior::removed;
  if (text == "Isolated") return Behavior::isolated;
  if (text == "MergedWithPrevious") return Behavior::merged_with_previous;
  if (text == "MergedWithNext") return Behavior::merged_with_next;
  if (text == "Contiguous") return Behavior::contiguous;
  name.unsupported(quote(text));
}

void apply(Behavior behavior, std::vector<Part>& parts) {
  switch (behavior) {
    case Behavior::removed:
      return;
    case Behavior::isolated:
      for (Part& part : parts) part.match = false;
      return;
    case Behavior::merged_with_previous:
      return merge_with_previous(parts);
    case Behavior::merged_with_next:
      return merge_with_next(parts);
    case Behavior::contiguous:
      return merge_equal(parts);
  }
}

void split_at_text(std::string_view text, std::string_view pattern, std::vector<Part>& into) {
  into.clear();
  std::size_t done = 0;
  for (std::size_t at = text.find(pattern); at != std::string_view::npos;
       at = text.find(pattern, done)) {
    if (at > done) into.push_back({done, at, false});
    done = at + pattern.size();
    into.push_back({at, done, true});
  }
  if (done < text.size()) into.push_back({done, text.size(), false});
}

Pattern::Pattern(const Node& pattern) {
  const Node plain = pattern.at("String");
  if (!plain.is_null()) {
    text_ = plain.text();
    if (text_.empty()) plain.unsupported("an empty text");
    return;
  }
  text_ = pattern.text("Regex");
  regex_.emplace(text_, pattern.at("Regex"));
}

void Pattern::split(std::string_view text, std::vector<Part>& into) const {
  if (regex_) {
    regex_->split(text, into);
  } else {
    split_at_text(text, text_, into);
  }
}

}  // namespace mlopsctl::tokens
