#include "tokenizer/bpe.hpp"

#include "tokenizer/utf8.hpp"
#include "tokenizer/word_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace mlopsctl::tokens {

namespace {

constexpr std::string_view meta = "\xE2\x96\x81";  // ▁, a space in SentencePiece's vocabularies

constexpr std::size_t merge_batch = Vocabulary::batch / 3;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> byte_characters = [] {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(byte) ? byte : next++;
  }
  return characters;
}();

constexpr std::array<std::int16_t, 0x144> character_bytes = [] {
  std::array<std::int16_t, 0x144> bytes{};
  for (std::int16_t& byte : bytes) byte = -1;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes[byte_characters[byte]] = static_cast<std::int16_t>(byte);
  }
  return bytes;
}();

// Whether a "▁" follows something that is none.
bool has_inner_meta(std::string_view token) {
  for (std::size_t at = token.find(meta, 1); at != std::string_view::npos;
       at = token.find(meta, at + 1)) {
    if (!token.substr(0, at).ends_with(meta)) return true;
  }
  return false;
}

}  // namespace

char32_t byte_character(std::uint8_t byte) { return byte_characters[byte]; }

int character_byte(char32_t character) {
  return character < character_bytes.size() ? character_bytes[character] : -1;
}

void append_byte_characters(std::string& into, std::string_view bytes) {
  for (const char byte : bytes)
    append_point(into, byte_characters[static_cast<std::uint8_t>(byte)]);
}

Bpe::Bpe(const TokenizerFile& file, const Node& model)
    : vocabulary_(file.vocabulary(), model.at("vocab")),
      merges_(file.merges().size()),
      number_(next_number()) {
  read_options(model);
  read_merges(file, model);
  find_symbols();
}

void Bpe::read_options(const Node& model) {
  const Node dropout = model.at("dropout");
  const JsonTree& value = dropout.tree();
  if (!dropout.is_null() && (value.number != 0 || value.integer != 0)) {
    dropout.unsupported("a dropout other than 0");
  }
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const Node node = model.at(affix);
    if (!node.is_null() && !node.text().empty()) {
      node.unsupported(fmt::format("\"{}\"", node.text()));
    }
  }
  fuse_unknown_ = model.flag("fuse_unk", false);
  byte_fallback_ = model.flag("byte_fallback", false);
  ignore_merges_ = model.flag("ignore_merges", false);
  const Node unknown = model.at("unk_token");
  if (unknown.is_null()) return;
  has_unknown_ = true;
  unknown_ = vocabulary_.find(unknown.text());
  if (unknown_ < 0)
    unknown.corrupt(fmt::format("is '{}', which model.vocab lacks", unknown.text()));
}

void Bpe::read_merges(const TokenizerFile& file, const Node& model) {
  const Node where = model.at("merges");
  std::span<const MergeEntry> rest = file.merges();
  std::uint32_t rank = 0;
  bool inner_meta = false;
  while (!rest.empty()) {
    const auto part = rest.first(std::min(merge_batch, rest.size()));
    inner_meta = add_merges(part, rank, where) || inner_meta;
    rank += static_cast<std::uint32_t>(part.size());
    rest = rest.subspan(part.size());
  }
  words_at_meta_ = !inner_meta && !ignore_merges_ && vocabulary_.find(meta) >= 0;
}

// Whether one of them joins a "▁" to what is before it.
bool Bpe::add_merges(std::span<const MergeEntry> merges, std::uint32_t rank, const Node& where) {
  std::array<std::string, merge_batch> whole;
  std::array<std::string_view, 3 * merge_batch> tokens;
  std::array<TokenId, 3 * merge_batch> ids{};
  bool inner_meta = false;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    whole[i].assign(merges[i].left);
    whole[i].append(merges[i].right);
    inner_meta = inner_meta || has_inner_meta(whole[i]);
    tokens[3 * i] = merges[i].left;
    tokens[3 * i + 1] = merges[i].right;
    tokens[3 * i + 2] = whole[i];
  }
  const std::size_t count = 3 * merges.size();
  vocabulary_.find(std::span(tokens).first(count), ids);
  for (std::size_t i = 0; i < count; ++i) {
    if (ids[i] < 0) {
      where.corrupt(fmt::format("needs '{}', which model.vocab lacks", tokens[i]));
    }
    if (i % 3 == 2) merges_.prefetch(ids[i - 2], ids[i - 1]);
  }
  for (std::size_t i = 0; i < merges.size(); ++i) {
    merges_.add(ids[3 * i], ids[3 * i + 1], rank++, ids[3 * i + 2]);
  }
  return inner_meta;
}

void Bpe::find_symbols() {
  all_bytes_ = true;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string character;
    append_point(character, byte_characters[byte]);
    byte_symbols_[byte] = vocabulary_.find(character);
    all_bytes_ = all_bytes_ && byte_symbols_[byte] >= 0;
    fallback_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
  }
}

template <typename Compute>
void Bpe::through_cache(std::string_view word, std::vector<TokenId>& into,
                        const Compute& compute) const {
  if (word.size() > WordCache::longest) {
    compute();
    return;
  }
  const WordCache::Key key = WordCache::key(word);
  WordCache::Slot& slot = WordCache::of_this_thread(number_).slot(key);
  if (slot.key == key) {
    into.insert(into.end(), slot.ids.begin(), slot.ids.begin() + slot.count);
    return;
  }
  const std::size_t begin = into.size();
  compute();
  const std::size_t count = into.size() - begin;
  if (count > WordCache::most_tokens) return;
  slot.key = key;
  slot.count = static_cast<std::uint32_t>(count);
  std::copy_n(into.begin() + static_cast<std::ptrdiff_t>(begin), count, slot.ids.begin());
}

void Bpe::encode(std::string_view word, std::vector<TokenId>& into) const {
  if (ignore_merges_) {
    if (const TokenId whole = vocabulary_.find(word); whole >= 0) {
      into.push_back(whole);
      return;
    }
  }
  while (!word.empty()) {
    std::size_t end = word.size();
    if (words_at_meta_) {
      std::size_t at = 0;
      while (word.substr(at).starts_with(meta)) at += meta.size();
      end = std::min(end, word.find(meta, at));
    }
    const std::string_view part = word.substr(0, end);
    through_cache(part, into, [&] { merge_text(part, into); });
    word.remove_prefix(end);
  }
}

void Bpe::encode_bytes(std::string_view word, std::vector<TokenId>& into) const {
  through_cache(word, into, [&] {
    if (all_bytes_ && !ignore_merges_) {
      merge_bytes(word, into);
      return;
    }
    std::string text;
    append_byte_characters(text, word);
    if (ignore_merges_) {
      if (const TokenId whole = vocabulary_.find(text); whole >= 0) {
        into.push_back(whole);
        return;
      }
    }
    if (all_bytes_) {
      merge_bytes(word, into);
    } else {
      merge_text(text, into);
    }
  });
}

void Bpe::merge_bytes(std::string_view word, std::vector<TokenId>& into) const {
  const std::size_t begin = into.size();
  for (const char byte : word) into.push_back(byte_symbols_[static_cast<std::uint8_t>(byte)]);
  merges_.apply(into, begin);
}

bool Bpe::byte_tokens(std::string_view character, std::vector<TokenId>& into) const {
  const auto token = [&](char byte) { return fallback_[static_cast<std::uint8_t>(byte)]; };
  if (!std::ranges::all_of(character, [&](char byte) { return token(byte) >= 0; })) return false;
  for (const char byte : character) into.push_back(token(byte));
  return true;
}

// A character that is not in the vocabulary is its bytes, or the unknown token, which waits until a
// known one comes, or nothing at all: as `tokenizers` does it.
void Bpe::merge_text(std::string_view word, std::vector<TokenId>& into) const {
  const std::size_t begin = into.size();
  bool waiting = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t from = at;
    next_point(word, at);
    const std::string_view character = word.substr(from, at - from);
    if (const TokenId known = vocabulary_.find(character); known >= 0) {
      if (std::exchange(waiting, false)) into.push_back(unknown_);
      into.push_back(known);
      continue;
    }
    if (byte_fallback_ && byte_tokens(character, into)) continue;
    if (!has_unknown_) continue;
    if (waiting && !fuse_unknown_) into.push_back(unknown_);
    waiting = true;
  }
  if (waiting) into.push_back(unknown_);
  merges_.apply(into, begin);
}

}  // namespace mlopsctl::tokens
