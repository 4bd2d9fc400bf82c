// Names and meanings of the indicators that every rule set has, in the order of Id.
#include "quality/measure.hpp"

namespace mlopsctl::quality {

namespace {

using Kind = IndicatorKind;

const std::array<IndicatorInfo, fixed_count>& rows() {
  static const std::array<IndicatorInfo, fixed_count> all{{
      {"uncertainty", Kind::flag, true, "Contains a phrase of doubt"},
      {"percentages", Kind::count, false, "Numbers with a per cent sign"},
      {"made_up_facts", Kind::flag, true, "More percentages than most true answers have"},
      {"toxicity", Kind::number, false, "Share of the listed words that it contains"},
      {"words", Kind::count, false, "Words, separated by white space"},
      {"has_code", Kind::flag, false, "Contains a block of code"},
      {"has_links", Kind::flag, false, "Contains a link"},
      {"score", Kind::number, false, "1 for a good response, less for each penalty"},
      {"length", Kind::count, false, "Characters (code points)"},
      {"sentences", Kind::count, false, "Sentences"},
      {"non_letters", Kind::number, false,
       "Per cent of characters that are neither letter nor white space"},
      {"empty", Kind::flag, true, "Has nothing but white space"},
      {"refusal", Kind::flag, true, "Begins by declining"},
      {"template_tokens", Kind::flag, true, "Leaks tokens of a chat template"},
      {"truncated", Kind::flag, true, "Was cut off, or looks so"},
      {"json", Kind::flag, false, "Is valid JSON"},
      {"invalid_json", Kind::flag, true, "Is no valid JSON though JSON is expected"},
      {"distinct_pairs", Kind::number, false,
       "Share of pairs of neighbouring words that differ (distinct-2)"},
      {"duplicate_lines", Kind::number, false, "Share of lines that were there before"},
      {"commonest_4gram", Kind::number, false,
       "Share of the words that the commonest phrase of four covers"},
      {"repetitive", Kind::flag, true, "Repeats itself, as models in a loop do"},
      {"pii", Kind::flag, true, "Has data of persons: any of the next five"},
      {"pii_email", Kind::flag, true, "Has an e-mail address"},
      {"pii_phone", Kind::flag, true, "Has a telephone number"},
      {"pii_card", Kind::flag, true, "Has a card number with the right check digit"},
      {"pii_us_ssn", Kind::flag, true, "Has a US social security number"},
      {"pii_iban", Kind::flag, true, "Has an IBAN with the right check digits"},
      {"reading_ease", Kind::number, false, "Flesch's reading ease of English prose"},
      {"reading_grade", Kind::number, false, "Flesch-Kincaid grade of English prose"},
      {"language", Kind::category, false, "Language, where enough words tell it"},
      {"other_language", Kind::flag, true, "Is in a language that is not expected"},
      {"prompt_echo", Kind::number, false,
       "Longest run of words that it shares with the prompt, as share of the prompt"},
      {"echoes_prompt", Kind::flag, true, "Says the prompt again"},
      {"broken_text", Kind::flag, true, "Has characters that were damaged on their way"},
  }};
  return all;
}

}  // namespace

std::span<const IndicatorInfo> fixed_indicators() { return rows(); }

}  // namespace mlopsctl::quality
