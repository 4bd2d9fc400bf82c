#include "quality/tokens.hpp"

#include "mlopsctl/formats/unicode.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mlopsctl::quality {

namespace {

constexpr std::uint64_t multiplier = 0x9E3779B97F4A7C15U;

bool between(std::uint32_t c, std::uint32_t first, std::uint32_t last) {
  return c >= first && c <= last;
}

bool stands_alone(std::uint32_t c) {
  return between(c, 0x3040, 0x30FF) || between(c, 0x3400, 0x4DBF) || between(c, 0x4E00, 0x9FFF) ||
         between(c, 0xF900, 0xFAFF) || between(c, 0x20000, 0x3FFFF);
}

bool is_apostrophe(std::uint32_t c) { return c == '\'' || c == 0x2019 || c == 0x02BC; }

}  // namespace

std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = bytes.size() * multiplier;
  while (bytes.size() >= 8) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, bytes.data(), 8);
    hash = std::rotl((hash ^ chunk) * multiplier, 29);
    bytes.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  hash = (hash ^ rest) * multiplier;
  return (hash ^ (hash >> 32U)) * multiplier;
}

bool script_of(std::uint32_t c, Script& script) {
  if (c < 0x80) {
    script = Script::latin;
    return (c | 0x20U) >= 'a' && (c | 0x20U) <= 'z';
  }
  if (between(c, 0xC0, 0x24F) || between(c, 0x1E00, 0x1EFF)) {
    script = Script::latin;
  } else if (between(c, 0x370, 0x3FF) || between(c, 0x1F00, 0x1FFF)) {
    script = Script::greek;
  } else if (between(c, 0x400, 0x52F)) {
    script = Script::cyrillic;
  } else if (between(c, 0x590, 0x5FF)) {
    script = Script::hebrew;
  } else if (between(c, 0x600, 0x6FF) || between(c, 0x750, 0x77F)) {
    script = Script::arabic;
  } else if (between(c, 0x900, 0x97F)) {
    script = Script::devanagari;
  } else if (between(c, 0xE00, 0xE7F)) {
    script = Script::thai;
  } else if (between(c, 0xAC00, 0xD7AF) || between(c, 0x1100, 0x11FF)) {
    script = Script::hangul;
  } else if (between(c, 0x3040, 0x30FF)) {
    script = Script::kana;
  } else if (stands_alone(c)) {
    script = Script::han;
  } else {
    return false;
  }
  return true;
}

void tokenise(std::string_view text, Tokens& into) {
  into.all.clear();
  into.letters = {};
  into.ukrainian = false;
  std::size_t begin = 0;
  std::size_t end = 0;  // of the token so far, without apostrophes that may not belong to it
  bool latin = true;
  const auto finish = [&] {
    if (end > begin) {
      into.all.push_back({hash_of(text.substr(begin, end - begin)),
                          static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end),
                          latin});
    }
    end = begin;
    latin = true;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    const std::uint32_t c = next_code_point(text, at);
    const CharacterClass kind = class_of(c);
    if (kind == CharacterClass::letter || kind == CharacterClass::digit) {
      Script script{};
      if (kind == CharacterClass::letter && script_of(c, script)) {
        ++into.letters.at(static_cast<std::size_t>(script));
      }
      into.ukrainian = into.ukrainian || c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491;
      if (stands_alone(c)) finish();
      if (end <= begin) begin = here;
      end = at;
      latin = latin && c >= 'a' && c <= 'z';
      if (stands_alone(c)) {
        finish();
        begin = end = at;
      }
      continue;
    }
    if (is_apostrophe(c) && end == here && end > begin) {
      // Inside a word, if a letter follows.
      std::size_t behind = at;
      if (behind < text.size() &&
          class_of(next_code_point(text, behind)) == CharacterClass::letter) {
        end = at;
        continue;
      }
    }
    finish();
    begin = end = at;
  }
  finish();
}

std::string_view prose_of(std::string_view text, std::string& scratch) {
  std::size_t at = text.find('`');
  if (at == text.npos) return text;
  scratch.assign(text.substr(0, at));
  while (at < text.size()) {
    const std::size_t behind = std::min(text.find_first_not_of('`', at), text.size());
    const std::string_view fence = text.substr(at, behind - at);
    std::size_t close = text.find(fence, behind);
    const bool block = fence.size() >= 3;
    // One back-tick opens a span only if it is closed on its line.
    const bool on_one_line =
        close == text.npos || text.substr(behind, close - behind).find('\n') == text.npos;
    if (!block && !on_one_line) close = text.npos;
    std::size_t next = close == text.npos ? (block ? text.size() : behind) : close + fence.size();
    scratch += ' ';
    at = std::min(text.find('`', next), text.size());
    scratch += text.substr(next, at - next);
  }
  return scratch;
}

void HashCounts::clear(std::size_t most) {
  const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(most, 8) * 2);
  if (slots_.size() < wanted || ++round_ == 0) {
    slots_.assign(std::max(wanted, slots_.size()), {});
    round_ = 1;
  }
  mask_ = slots_.size() - 1;
}

std::size_t HashCounts::place(std::uint64_t hash) const {
  std::size_t at = hash & mask_;
  while (slots_[at].round == round_ && slots_[at].hash != hash) at = (at + 1) & mask_;
  return at;
}

std::uint32_t HashCounts::add(std::uint64_t hash) {
  Slot& slot = slots_[place(hash)];
  if (slot.round != round_) slot = {hash, round_, 0};
  return ++slot.count;
}

std::uint32_t HashCounts::count(std::uint64_t hash) const {
  const Slot& slot = slots_[place(hash)];
  return slot.round == round_ ? slot.count : 0;
}

}  // namespace mlopsctl::quality
