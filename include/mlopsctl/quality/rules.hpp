// What makes a response good or bad: every list, weight and threshold. The default is §17 of the
// specification to the constant, and descriptors beside it that change no score.
#pragma once

#include "mlopsctl/formats/unicode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::quality {

// Phrases that are looked for in a response.
struct PhraseRule {
  std::vector<std::string> phrases;
  Folding match = Folding::letter_case;  // what is the same
  bool whole_words = false;              // "kill" is not in "skills"
};

struct PercentageRule {
  std::vector<std::string> signs = {"%"};
  std::uint64_t most = 3;  // more are possibly made-up facts
};

struct RefusalRule {
  PhraseRule wording;
  std::uint64_t within = 200;  // characters from the beginning; 0: anywhere
};

// When a response that does not say why it ended looks cut off.
struct TruncationRule {
  std::vector<std::string> reasons;  // values of the log's finish reason that mean it
  std::uint64_t least_words = 8;     // shorter responses need no full stop
};

enum class JsonExpected { never, looks_like, always };
struct JsonRule {
  JsonExpected expected = JsonExpected::looks_like;
};

struct RepetitionRule {
  std::uint64_t least_words = 20;  // shorter responses do not repeat themselves
  double commonest_4gram = 0.2;    // more than this share of the words in one phrase of four
  double duplicate_lines = 0.5;    // more than this share of the lines was there before
  double distinct_pairs = 0.3;     // less than this share of pairs of words differ
};

struct EchoRule {
  std::uint64_t least_words = 6;  // in a row, that prompt and response share
  double share = 0.8;             // of the prompt
};

struct PersonalDataRule {
  bool email = true, phone = true, card = true, us_ssn = true, iban = true;
};

struct LanguageWords {
  std::string code;                // "en"
  std::vector<std::string> words;  // frequent short words
};
struct LanguageRule {
  std::vector<std::string> expected;  // codes; empty: any
  std::vector<LanguageWords> words;   // for languages in Latin letters
};

// A number on one side of a bound, strictly; a flag without bounds.
struct Condition {
  std::string indicator;
  std::optional<double> above, below;
  bool operator==(const Condition&) const = default;
};
struct Penalty {
  Condition when;
  double subtract = 0;
};
struct ScoreRule {
  double start = 1.0;
  double least = 0.0;
  std::vector<Penalty> penalties;  // in order, subtracted one after the other
};

// What is told of a single response; each is a flag like the indicators.
struct AlertRule {
  std::string name;
  Condition when;
};

struct RateLimit {
  std::string indicator;  // a flag
  double most = 0;        // share of the responses
};
struct JudgingRule {
  double confidence = 0.95;            // of the Wilson intervals, two-sided
  std::uint64_t least_responses = 30;  // fewer give no answer
  double least_rise = 0.01;            // of a rate against the reference, to be one
};

struct RuleSet {
  std::string version;  // what the user calls these rules
  PhraseRule uncertainty;
  PercentageRule percentages;
  PhraseRule toxicity;
  PhraseRule code, links;
  RefusalRule refusal;
  PhraseRule template_tokens;
  TruncationRule truncation;
  JsonRule json;
  RepetitionRule repetition;
  EchoRule echo;
  PersonalDataRule personal_data;
  LanguageRule language;
  ScoreRule score;
  std::vector<AlertRule> alerts;
  std::vector<RateLimit> limits;
  JudgingRule judging;
};

RuleSet default_rules();

// YAML or JSON; what it does not name is as in default_rules. Lists and alerts that it names take
// the place of the default ones. Throws Error{config} "line 3 of SOURCE: …" for unknown keys, names
// of indicators that there are not, values of the wrong kind or out of range.
RuleSet parse_rules(std::string_view text, const std::string& source);
RuleSet read_rules(const std::string& file);  // "-" is standard input; also Error{not_found, io}

// Why an indicator has no rate that could be limited; empty if it has one: a flag or an alert.
std::string rate_problem(const RuleSet& rules, const std::string& indicator);

// The whole set as YAML with comments; parse_rules gives the same set back.
std::string rules_yaml(const RuleSet& rules);

// "spec-17@1f2e3d4c5b6a": the version and a digest of everything that measures responses. Limits
// and judging are not part of it: they change no record.
std::string rules_id(const RuleSet& rules);

}  // namespace mlopsctl::quality
