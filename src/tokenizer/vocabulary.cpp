#include "tokenizer/vocabulary.hpp"

#include <fmt/format.h>

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
  ids_.resize(static_cast<std::size_t>(largest + 1));
  slots_.resize(std::bit_ceil(entries.size() * 2 + 2));
  for (const VocabularyEntry& entry : entries) {
    const std::uint64_t hash = hash_text(entry.token);
    Slot& place = slot(entry.token, hash);
    if (place.id < 0) {
      ++count_;
      place.hash = static_cast<std::uint32_t>(hash);
      place.span = {static_cast<std::uint32_t>(bytes_.size()),
                    static_cast<std::uint32_t>(entry.token.size())};
      bytes_.append(entry.token);
    }
    place.id = static_cast<TokenId>(entry.id);
    ids_[static_cast<std::size_t>(entry.id)] = place.span;
  }
}

// Where the token is, or where it would be.
Vocabulary::Slot& Vocabulary::slot(std::string_view token, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash >> 32U;; ++i) {
    Slot& place = slots_[i & mask];
    if (place.id < 0) return place;
    if (place.hash == static_cast<std::uint32_t>(hash) && text(place.span) == token) return place;
  }
}

TokenId Vocabulary::find(std::string_view token) const {
  const std::uint64_t hash = hash_text(token);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash >> 32U;; ++i) {
    const Slot& place = slots_[i & mask];
    if (place.id < 0) return -1;
    if (place.hash == static_cast<std::uint32_t>(hash) && text(place.span) == token)
      return place.id;
  }
}

std::optional<std::string_view> Vocabulary::token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= ids_.size()) return std::nullopt;
  const Span span = ids_[static_cast<std::size_t>(id)];
  if (span.length == 0) return std::nullopt;
  return text(span);
}

}  // namespace mlopsctl::tokens
