#include "tokenizer/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace mlopsctl::tokens {

namespace {

constexpr std::int64_t id_limit = 1 << 24;  // far above any vocabulary; tables are indexed by id

std::uint64_t load(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

std::uint64_t mix(std::uint64_t value) {
  value *= 0x9E3779B97F4A7C15U;
  return value ^ value >> 32U;
}

}  // namespace

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = text.size();
  while (text.size() > 8) {
    hash = mix(hash ^ load(text.data(), 8));
    text.remove_prefix(8);
  }
  return mix(mix(hash ^ load(text.data(), text.size())));
}

Vocabulary::Key Vocabulary::key(std::string_view token) {
  const std::uint64_t hash = hash_text(token);
  return {hash, token.size() <= 8 ? load(token.data(), token.size()) : hash};
}

Vocabulary::Vocabulary(std::span<const VocabularyEntry> entries, const Node& where) {
  std::size_t total = 0;
  std::int64_t largest = -1;
  for (const VocabularyEntry& entry : entries) {
    if (entry.id < 0 || entry.id >= id_limit) {
      where.corrupt(fmt::format("gives '{}' the id {}", entry.token, entry.id));
    }
    total += entry.token.size();
    largest = std::max(largest, entry.id);
  }
  if (total >= UINT32_MAX) where.corrupt("has more than 4 GiB of tokens");
  bytes_.reserve(total);
  ids_.resize(static_cast<std::size_t>(largest + 1), no_token);
  slots_.resize(std::bit_ceil(entries.size() * 2 + 2));
  std::array<Key, batch> keys;
  while (!entries.empty()) {
    const auto part = entries.first(std::min(batch, entries.size()));
    entries = entries.subspan(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      keys[i] = key(part[i].token);
      __builtin_prefetch(&slots_[first_place(keys[i])], 1);
    }
    for (std::size_t i = 0; i < part.size(); ++i) add(part[i], keys[i]);
  }
}

// Of equal tokens the last, as JSON objects have it.
void Vocabulary::add(const VocabularyEntry& entry, const Key& key) {
  Slot& slot = slots_[place(entry.token, key)];
  if (slot.id < 0) {
    ++count_;
    slot.head = key.head;
    slot.span = {static_cast<std::uint32_t>(bytes_.size()),
                 static_cast<std::uint32_t>(entry.token.size())};
    bytes_.append(entry.token);
  }
  slot.id = static_cast<TokenId>(entry.id);
  ids_[static_cast<std::size_t>(entry.id)] = slot.span;
}

// Where the token is, or where it would be.
std::size_t Vocabulary::place(std::string_view token, const Key& key) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = first_place(key);; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.id < 0) return i;
    if (slot.head != key.head || slot.span.length != token.size()) continue;
    if (token.size() <= 8 || text(slot.span) == token) return i;
  }
}

TokenId Vocabulary::find(std::string_view token) const {
  return slots_[place(token, key(token))].id;
}

void Vocabulary::find(std::span<const std::string_view> tokens, std::span<TokenId> ids) const {
  std::array<Key, batch> keys;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    keys[i] = key(tokens[i]);
    __builtin_prefetch(&slots_[first_place(keys[i])]);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) ids[i] = slots_[place(tokens[i], keys[i])].id;
}

std::optional<std::string_view> Vocabulary::token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= ids_.size()) return std::nullopt;
  const Span span = ids_[static_cast<std::size_t>(id)];
  if (span.begin == no_token.begin) return std::nullopt;
  return text(span);
}

}  // namespace mlopsctl::tokens
