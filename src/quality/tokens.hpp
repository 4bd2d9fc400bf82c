// The words of a response, for what looks at words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::quality {

// A run of letters and digits, apostrophes inside it; an ideograph or a kana alone is one too.
struct Token {
  std::uint64_t hash = 0;
  std::uint32_t begin = 0, end = 0;  // in the text
  bool latin = false;                // only a to z and apostrophes
};

// Letters by the writing system they belong to, as far as it says something of the language.
enum class Script { latin, greek, cyrillic, hebrew, arabic, devanagari, thai, hangul, kana, han };
inline constexpr std::size_t scripts = 10;

struct Tokens {
  std::vector<Token> all;
  std::array<std::uint64_t, scripts> letters{};  // of each script; others are not counted
  bool ukrainian = false;                        // has a letter that Russian has not
};

std::uint64_t hash_of(std::string_view bytes);
// `text` is folded by letter case. What was in `into` is replaced.
void tokenise(std::string_view text, Tokens& into);
// The script of a letter; nothing for others.
bool script_of(std::uint32_t code_point, Script& script);

// The text without blocks and spans of code in back-ticks. A block that is not closed goes to the
// end. Returns a view of the text itself where it has none.
std::string_view prose_of(std::string_view text, std::string& scratch);

// A set of hashes that is emptied in no time. Counts how often each was added.
class HashCounts {
 public:
  void clear(std::size_t most);           // room for so many
  std::uint32_t add(std::uint64_t hash);  // how often by now
  std::uint32_t count(std::uint64_t hash) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t round = 0;
    std::uint32_t count = 0;
  };
  std::size_t place(std::uint64_t hash) const;
  std::vector<Slot> slots_;
  std::uint32_t round_ = 0;
  std::size_t mask_ = 0;
};

}  // namespace mlopsctl::quality
