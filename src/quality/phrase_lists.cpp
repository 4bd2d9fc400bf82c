#include "quality/phrase_lists.hpp"

#include "mlopsctl/formats/unicode.hpp"

#include <algorithm>
#include <deque>

namespace mlopsctl::quality {

namespace {

bool in_word(std::uint32_t c) {
  const CharacterClass kind = class_of(c);
  return kind == CharacterClass::letter || kind == CharacterClass::digit;
}

bool word_before(std::string_view text, std::size_t begin) {
  if (begin == 0) return false;
  std::size_t at = begin - 1;
  while (at > 0 && begin - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return in_word(next_code_point(text, at));
}

bool word_behind(std::string_view text, std::size_t end) {
  return end < text.size() && in_word(next_code_point(text, end));
}

std::uint64_t characters(std::string_view text) {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

void PhraseAutomaton::add(std::string_view text, std::uint32_t phrase) {
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    auto& children = nodes_[node].children;
    const auto known =
        std::ranges::find(children, byte, [](const auto& child) { return child.first; });
    if (known != children.end()) {
      node = known->second;
      continue;
    }
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    children.emplace_back(byte, fresh);
    nodes_.emplace_back();
    node = fresh;
    if (class_of_byte_[byte] == 0) class_of_byte_[byte] = static_cast<std::uint16_t>(classes_++);
  }
  nodes_[node].phrases.push_back(phrase);
}

void PhraseAutomaton::build() {
  next_.assign(nodes_.size() * classes_, 0);
  first_output_.assign(nodes_.size(), 0);
  std::vector<std::uint32_t> suffix(nodes_.size(), 0);
  std::deque<std::uint32_t> queue{0};
  while (!queue.empty()) {
    const std::uint32_t node = queue.front();
    queue.pop_front();
    const std::uint32_t fallback = suffix[node];
    if (node != 0) {
      std::copy_n(next_.begin() + std::ptrdiff_t{fallback} * classes_, classes_,
                  next_.begin() + std::ptrdiff_t{node} * classes_);
      nodes_[node].shorter = first_output_[fallback];
      first_output_[node] = nodes_[node].phrases.empty() ? nodes_[node].shorter : node;
    }
    for (const auto& [byte, child] : nodes_[node].children) {
      std::uint32_t& place = next_[node * classes_ + class_of_byte_[byte]];
      suffix[child] = place / classes_;
      place = child * classes_;
      queue.push_back(child);
    }
  }
}

void FoldedText::set(std::string_view text) {
  text_ = text;
  made_ = {};
}

std::string_view FoldedText::get(Folding how) {
  if (how == Folding::none) return text_;
  const std::size_t index = how == Folding::letter_case ? 0 : 1;
  if (!made_.at(index)) fold(text_, how, folded_.at(index));
  made_.at(index) = true;
  return folded_.at(index);
}

std::size_t PhraseLists::add(const PhraseRule& rule, std::uint64_t within) {
  const std::size_t list = sizes_.size();
  sizes_.push_back(rule.phrases.size());
  for (const std::string& text : rule.phrases) {
    const std::string folded_text = folded(text, rule.match);
    if (folded_text.empty()) continue;
    automata_.at(static_cast<std::size_t>(rule.match))
        .add(folded_text, static_cast<std::uint32_t>(phrases_.size()));
    phrases_.push_back({static_cast<std::uint32_t>(list),
                        static_cast<std::uint32_t>(folded_text.size()), within, rule.whole_words});
  }
  return list;
}

void PhraseLists::build() {
  for (PhraseAutomaton& automaton : automata_) automaton.build();
}

bool PhraseLists::counts_here(const Phrase& phrase, std::string_view text, std::size_t end) const {
  const std::size_t begin = end - phrase.size;
  if (phrase.whole_words && (word_before(text, begin) || word_behind(text, end))) return false;
  return phrase.within == 0 || characters(text.substr(0, begin)) < phrase.within;
}

// A stamp says in which call a phrase was found last.
void PhraseLists::count(FoldedText& text, std::span<std::uint32_t> counts,
                        std::vector<std::uint64_t>& stamps) const {
  std::ranges::fill(counts, 0);
  if (stamps.empty()) stamps.resize(phrases_.size() + 1);
  const std::uint64_t now = ++stamps.back();
  for (std::size_t how = 0; how < automata_.size(); ++how) {
    if (automata_.at(how).empty()) continue;
    const std::string_view folded_text = text.get(static_cast<Folding>(how));
    automata_.at(how).scan(folded_text, [&](std::uint32_t index, std::size_t end) {
      if (stamps[index] == now || !counts_here(phrases_[index], folded_text, end)) return;
      stamps[index] = now;
      ++counts[phrases_[index].list];
    });
  }
}

}  // namespace mlopsctl::quality
