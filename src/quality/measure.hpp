// The groups of indicators, one file each. All take a response that is prepared once.
#pragma once

#include "mlopsctl/drift/describe_text.hpp"
#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/quality/indicators.hpp"

#include "quality/phrase_lists.hpp"
#include "quality/tokens.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlopsctl::quality {

// The columns that every rule set has, in order; catalogue.cpp has their names.
enum class Id : std::size_t {
  uncertainty,
  percentages,
  made_up_facts,
  toxicity,
  words,
  has_code,
  has_links,
  score,
  length,
  sentences,
  non_letters,
  empty,
  refusal,
  template_tokens,
  truncated,
  json,
  invalid_json,
  distinct_pairs,
  duplicate_lines,
  commonest_4gram,
  repetitive,
  pii,
  pii_email,
  pii_phone,
  pii_card,
  pii_us_ssn,
  pii_iban,
  reading_ease,
  reading_grade,
  language,
  other_language,
  prompt_echo,
  echoes_prompt,
  broken_text,
};
inline constexpr std::size_t fixed_count = static_cast<std::size_t>(Id::broken_text) + 1;

// The values of a response so far.
class Values {
 public:
  explicit Values(std::span<double> all) : all_(all) {}
  void set(Id id, double value) { all_[static_cast<std::size_t>(id)] = value; }
  void flag(Id id, bool value) { set(id, value ? 1 : 0); }
  double operator[](Id id) const { return all_[static_cast<std::size_t>(id)]; }

 private:
  std::span<double> all_;
};

struct Prepared {
  std::string_view text;
  std::string_view trimmed;  // without ASCII white space at the ends
  std::string_view prose;    // without code
  FoldedText folded;
  Tokens tokens;                       // of the prose
  drift::TextDescription description;  // of the text
  std::string folded_prose;            // what the tokens point to
  std::string scratch;
  HashCounts counts;
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint64_t> others;
  Tokens prompt_tokens;
  JsonDocument json;
};

// Languages by their frequent words: which of them have a word.
class LanguageIndex {
 public:
  explicit LanguageIndex(const LanguageRule& rule);
  // Index of labels(); -1 if it cannot be told.
  int detect(const Tokens& tokens) const;
  const std::vector<std::string>& labels() const { return labels_; }
  bool expected(int label) const { return expected_.empty() || expected_.at(std::size_t(label)); }
  bool any_expected() const { return !expected_.empty(); }

 private:
  int label(const std::string& code);
  std::vector<std::string> labels_;
  std::vector<bool> expected_;
  std::unordered_map<std::uint64_t, std::uint64_t> words_;  // hash: a bit a language
  std::vector<int> word_languages_;                         // label of each bit
};

void measure_shape(const RuleSet& rules, Prepared& response, Values values);
void measure_truncation(const RuleSet& rules, Prepared& response,
                        std::optional<std::string_view> finish_reason, Values values);
void measure_json(const RuleSet& rules, Prepared& response, Values values);
void measure_repetition(const RuleSet& rules, Prepared& response, Values values);
void measure_personal_data(const RuleSet& rules, Prepared& response, Values values);
void measure_readability(bool english, Prepared& response, Values values);
void measure_echo(const RuleSet& rules, Prepared& response, std::optional<std::string_view> prompt,
                  Values values);

}  // namespace mlopsctl::quality
