// The language of a response: by its writing system, in Latin letters by frequent short words.
#include "mlopsctl/formats/unicode.hpp"

#include "quality/measure.hpp"

#include <algorithm>
#include <bit>

namespace mlopsctl::quality {

namespace {

struct ScriptLanguage {
  Script script;
  const char* code;
};
constexpr std::array<ScriptLanguage, 8> script_languages{{{Script::greek, "el"},
                                                          {Script::cyrillic, "ru"},
                                                          {Script::hebrew, "he"},
                                                          {Script::arabic, "ar"},
                                                          {Script::devanagari, "hi"},
                                                          {Script::thai, "th"},
                                                          {Script::hangul, "ko"},
                                                          {Script::han, "zh"}}};

}  // namespace

LanguageIndex::LanguageIndex(const LanguageRule& rule) {
  for (const auto& [script, code] : script_languages) label(code);
  label("ja");
  label("uk");
  for (std::size_t bit = 0; bit < rule.words.size() && bit < 64; ++bit) {
    word_languages_.push_back(label(rule.words[bit].code));
    for (const std::string& word : rule.words[bit].words) {
      words_[hash_of(folded(word, Folding::letter_case))] |= std::uint64_t{1} << bit;
    }
  }
  if (rule.expected.empty()) return;
  for (const std::string& code : rule.expected) label(code);
  for (const std::string& code : labels_) {
    expected_.push_back(std::ranges::find(rule.expected, code) != rule.expected.end());
  }
}

int LanguageIndex::label(const std::string& code) {
  const auto known = std::ranges::find(labels_, code);
  if (known != labels_.end()) return static_cast<int>(known - labels_.begin());
  labels_.push_back(code);
  return static_cast<int>(labels_.size()) - 1;
}

int LanguageIndex::detect(const Tokens& tokens) const {
  const auto letters = [&](Script script) { return tokens.letters.at(std::size_t(script)); };
  const auto named = [&](std::string_view code) {
    return static_cast<int>(std::ranges::find(labels_, code) - labels_.begin());
  };
  std::uint64_t all = 0;
  for (const std::uint64_t count : tokens.letters) all += count;
  if (all == 0) return -1;
  // Japanese mixes kana into ideographs; some kana settle it.
  const std::uint64_t east_asian = letters(Script::kana) + letters(Script::han);
  if (east_asian * 2 > all && letters(Script::kana) * 10 >= east_asian) return named("ja");
  for (const auto& [script, code] : script_languages) {
    if (letters(script) * 2 <= all) continue;
    return named(script == Script::cyrillic && tokens.ukrainian ? "uk" : code);
  }
  if (letters(Script::latin) * 2 <= all) return -1;
  std::array<std::uint64_t, 64> hits{};
  for (const Token& token : tokens.all) {
    const auto found = words_.find(token.hash);
    if (found == words_.end()) continue;
    for (std::uint64_t bits = found->second; bits != 0; bits &= bits - 1) {
      ++hits.at(static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
  std::size_t best = 0;
  std::uint64_t second = 0;
  for (std::size_t i = 1; i < word_languages_.size(); ++i) {
    if (hits.at(i) > hits.at(best)) {
      second = hits.at(best);
      best = i;
    } else {
      second = std::max(second, hits.at(i));
    }
  }
  // Two words and a lead; a tenth of all words, as texts have.
  const bool clear = !word_languages_.empty() && hits.at(best) >= 2 &&
                     hits.at(best) * 2 >= second * 3 && hits.at(best) * 10 >= tokens.all.size();
  return clear ? word_languages_.at(best) : -1;
}

}  // namespace mlopsctl::quality
