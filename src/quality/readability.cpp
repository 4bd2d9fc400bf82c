// Flesch's reading ease and the Flesch-Kincaid grade of English prose. Syllables are counted by one
// fixed rule: groups of vowels, without a silent e at the end; at least one a word.
#include "quality/measure.hpp"

namespace mlopsctl::quality {

namespace {

bool is_vowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

// `word` in lower case. "make" has one, "table" and "agreed" two, "idea" two.
int syllables(std::string_view word) {
  int groups = 0;
  bool before = false;
  for (const char c : word) {
    const bool vowel = is_vowel(c);
    if (vowel && !before) ++groups;
    before = vowel;
  }
  const std::size_t size = word.size();
  const bool silent = size > 2 && word.ends_with('e') && !is_vowel(word[size - 2]) &&
                      !(word[size - 2] == 'l' && !is_vowel(word[size - 3]));
  if (silent && groups > 1) --groups;
  return groups > 0 ? groups : 1;
}

}  // namespace

void measure_readability(bool english, Prepared& response, Values values) {
  values.set(Id::reading_ease, not_measured);
  values.set(Id::reading_grade, not_measured);
  std::uint64_t words = 0;
  std::uint64_t sounds = 0;
  for (const Token& token : response.tokens.all) {
    if (!token.latin) continue;
    ++words;
    sounds += static_cast<std::uint64_t>(syllables(
        std::string_view(response.folded_prose).substr(token.begin, token.end - token.begin)));
  }
  if (!english || words == 0 || words * 10 < response.tokens.all.size() * 8) return;
  const std::int64_t found = response.prose.data() == response.text.data()
                                 ? response.description.sentences
                                 : drift::describe(response.prose).sentences;
  const double sentences = static_cast<double>(found > 0 ? found : 1);
  const auto count = static_cast<double>(words);
  const double length = count / sentences;
  const double weight = static_cast<double>(sounds) / count;
  values.set(Id::reading_ease, 206.835 - 1.015 * length - 84.6 * weight);
  values.set(Id::reading_grade, 0.39 * length + 11.8 * weight - 15.59);
}

}  // namespace mlopsctl::quality
