// Short words and their tokens, a table a thread: most words of a text have been seen before.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

// Direct-mapped: a word takes the place of another with the same hash.
class WordCache {
 public:
  static constexpr std::size_t longest = 15;      // bytes of a word
  static constexpr std::size_t most_tokens = 11;  // of a word
  struct Key {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct alignas(64) Slot {
    Key key;  // of no word: 0
    std::uint32_t count = 0;
    std::array<TokenId, most_tokens> ids{};
  };

  // The cache of this thread for the tokenizer with this number.
  static WordCache& of_this_thread(std::uint64_t tokenizer);

  // The word with its length in the last byte, so that equal keys are equal words. 1 to 15 bytes.
  static Key key(std::string_view word) {
    const char* bytes = word.data();
    const std::size_t size = word.size();
    Key key;
    if (size >= 8) {
      key.low = load<8>(bytes);
      if (size > 8) key.high = load<8>(bytes + size - 8) >> (8U * (16 - size));
    } else if (size >= 4) {
      key.low = load<4>(bytes) | load<4>(bytes + size - 4) << (8U * (size - 4));
    } else {
      key.low = load<1>(bytes) | load<1>(bytes + size / 2) << (8U * (size / 2)) |
                load<1>(bytes + size - 1) << (8U * (size - 1));
    }
    key.high |= std::uint64_t{size} << 56U;
    return key;
  }

  Slot& slot(const Key& key) {
    const std::uint64_t hash = (key.low ^ key.high * 0xC2B2AE3D27D4EB4FU) * 0x9E3779B97F4A7C15U;
    return slots_.get()[hash >> (64U - bits)];
  }

 private:
  static constexpr unsigned bits = 14;  // 1 MiB
  struct Free {
    void operator()(Slot* slots) const;
  };

  explicit WordCache(std::uint64_t tokenizer);

  // A machine word with these bytes, the first the lowest.
  template <std::size_t count>
  static std::uint64_t load(const char* bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, count);  // little-endian, as every machine that this is built for
    return value;
  }

  std::uint64_t tokenizer_;
  std::unique_ptr<Slot, Free> slots_;
};

}  // namespace mlopsctl::tokens
