#include "tokenizer/added_tokens.hpp"

#include "tokenizer/unicode_class.hpp"
#include "tokenizer/utf8.hpp"

#include <algorithm>

namespace mlopsctl::tokens {

namespace {

AddedToken read_token(const Node& node) {
  return {.content = node.text("content"),
          .single_word = node.flag("single_word", false),
          .lstrip = node.flag("lstrip", false),
          .rstrip = node.flag("rstrip", false),
          .normalized = node.flag("normalized", true),
          .special = node.flag("special", false)};
}

bool word_before(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  std::size_t last = previous_point(text, at);
  return is_word_character(next_point(text, last));
}

bool word_behind(std::string_view text, std::size_t at) {
  return at < text.size() && is_word_character(next_point(text, at));
}

std::size_t before_spaces(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t last = previous_point(text, at);
    std::size_t behind = last;
    if (!is_space(next_point(text, behind))) break;
    at = last;
  }
  return at;
}

std::size_t behind_spaces(std::string_view text, std::size_t at) {
  for (std::size_t next = at; next < text.size() && is_space(next_point(text, next));) at = next;
  return at;
}

}  // namespace

void TextFinder::add(std::string_view text, TokenId id) {
  if (text.empty()) return;
  first_[static_cast<unsigned char>(text[0])] = true;
  std::uint32_t node = 0;
  for (const char byte : text) {
    std::uint32_t next = child(node, static_cast<unsigned char>(byte));
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_[node].children.emplace_back(static_cast<unsigned char>(byte), next);
      nodes_.emplace_back();
    }
    node = next;
  }
  if (nodes_[node].id < 0) nodes_[node].id = id;
}

std::uint32_t TextFinder::child(std::uint32_t node, unsigned char byte) const {
  for (const auto& [label, next] : nodes_[node].children) {
    if (label == byte) return next;
  }
  return 0;
}

std::optional<TextFinder::Found> TextFinder::find(std::string_view text, std::size_t from) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!first_[static_cast<unsigned char>(text[begin])]) continue;
    Found longest;
    std::uint32_t node = 0;
    for (std::size_t at = begin; at < text.size(); ++at) {
      node = child(node, static_cast<unsigned char>(text[at]));
      if (node == 0) break;
      if (nodes_[node].id >= 0) longest = {begin, at + 1, nodes_[node].id};
    }
    if (longest.id >= 0) return longest;
  }
  return std::nullopt;
}

AddedTokens::AddedTokens(const Node& list, const Vocabulary& vocabulary,
                         const Normalizer& normalizer) {
  if (list.is_null()) return;
  auto next_id = static_cast<TokenId>(vocabulary.size());
  std::string buffer;
  for (const Node& node : list.items()) {
    AddedToken token = read_token(node);
    if (token.content.empty()) continue;
    TokenId id = vocabulary.find(token.content);
    if (const auto known = ids_.find(token.content); known != ids_.end()) {
      id = known->second;
      if (tokens_.at(id) == token) continue;
    }
    if (id < 0) id = next_id++;
    if (token.normalized) {
      const std::string_view normal = normalizer.apply(token.content, buffer);
      if (normal != token.content) normalized_[id] = std::string(normal);
    }
    if (token.special) special_[token.content] = true;
    bound_ = std::max(bound_, static_cast<std::size_t>(id) + 1);
    ids_[token.content] = id;
    tokens_[id] = std::move(token);
  }
  std::vector<TokenId> ids;
  for (const auto& [id, token] : tokens_) ids.push_back(id);
  std::ranges::sort(ids);
  for (const TokenId id : ids) {
    const bool normalized = tokens_.at(id).normalized;
    (normalized ? normalized_finder_ : raw_finder_).add(*text_of(id), id);
  }
}

void AddedTokens::split_raw(std::string_view text, std::vector<Piece>& into) const {
  split(raw_finder_, text, into);
}

void AddedTokens::split_normalized(std::string_view text, std::vector<Piece>& into) const {
  split(normalized_finder_, text, into);
}

// AddedVocabulary::find_matches of tokenizers 0.23.2.
void AddedTokens::split(const TextFinder& finder, std::string_view text,
                        std::vector<Piece>& into) const {
  into.clear();
  std::size_t done = 0;
  std::size_t from = 0;
  while (!finder.empty()) {
    const auto found = finder.find(text, from);
    if (!found) break;
    from = found->end;
    std::size_t begin = found->begin;
    std::size_t end = found->end;
    const AddedToken& token = tokens_.at(found->id);
    if (token.single_word && (word_before(text, begin) || word_behind(text, end))) continue;
    if (token.lstrip) begin = std::max(before_spaces(text, begin), done);
    if (token.rstrip) end = behind_spaces(text, end);
    if (done < begin) into.push_back({done, begin, std::nullopt});
    into.push_back({begin, end, found->id});
    done = end;
  }
  if (done != text.size()) into.push_back({done, text.size(), std::nullopt});
}

std::optional<TokenId> AddedTokens::find(const std::string& content) const {
  const auto found = ids_.find(content);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const std::string* AddedTokens::text_of(TokenId id) const {
  if (const auto found = normalized_.find(id); found != normalized_.end()) return &found->second;
  const AddedToken* known = token(id);
  return known == nullptr ? nullptr : &known->content;
}

const AddedToken* AddedTokens::token(TokenId id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second;
}

bool AddedTokens::is_special(std::string_view content) const {
  return special_.contains(std::string(content));
}

}  // namespace mlopsctl::tokens
