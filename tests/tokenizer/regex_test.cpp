// Expressions of tokenizer files mean in PCRE2 what they mean in the `tokenizers` library.
#include "tokenizer/regex.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl::tokens;

namespace {

// Matches in brackets.
std::string parts(const std::string& pattern, const std::string& text) {
  static const JsonTree nothing;
  std::vector<Part> all;
  Regex(pattern, Node(nothing, "test")).split(text, all);
  std::string shown;
  for (const Part& part : all) {
    const std::string piece = text.substr(part.begin, part.end - part.begin);
    shown += part.match ? "[" + piece + "]" : piece;
  }
  return shown;
}

}  // namespace

TEST_CASE("characters of Unicode 16 are letters, marks and numbers whatever PCRE2 knows") {
  const std::string hieroglyph = "\U00013CC7", garay = "\U00010D50", digit = "\U00010D40";
  CHECK(parts("\\p{L}+", "a" + hieroglyph + "-" + garay) ==
        "[a" + hieroglyph + "]-[" + garay + "]");
  CHECK(parts("\\p{Lo}+|\\p{Lu}", hieroglyph + garay + "a") ==
        "[" + hieroglyph + "][" + garay + "]a");
  CHECK(parts("\\P{L}+", "1" + hieroglyph) == "[1]" + hieroglyph);
  CHECK(parts("[^\\s\\p{L}\\p{N}]+", "!" + hieroglyph + digit + " ") ==
        "[!]" + hieroglyph + digit + " ");
  CHECK(parts("\\w+", hieroglyph + digit + "!") == "[" + hieroglyph + digit + "]!");
  // The words of Mistral's newer models.
  CHECK(parts("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lo}]*[\\p{Ll}\\p{Lo}]+|\\S", hieroglyph + "'s") ==
        "[" + hieroglyph + "]['s]");
}
