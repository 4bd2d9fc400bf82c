// Every key of a rule file, once: the reader, the writer and the digest visit the same list.
#pragma once

#include "mlopsctl/quality/rules.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::quality {

// A visitor has section(name, comment), then key(name, value, comment) for each value of it, then
// end(). `Rules` is RuleSet or const RuleSet.
template <class Rules, class Visitor>
void visit_phrases(Rules& rule, Visitor& visitor, const char* list) {
  visitor.key(list, rule.phrases, "");
  visitor.key("match", rule.match, "exact, ignore-case, or lookalikes: also typographic quotes");
  visitor.key("whole_words", rule.whole_words, "kill is not in skills");
}

// What measures responses: part of the digest.
template <class Rules, class Visitor>
void visit_measuring(Rules& rules, Visitor& visitor) {
  visitor.section("uncertainty", "A phrase of doubt.");
  visit_phrases(rules.uncertainty, visitor, "phrases");
  visitor.end();
  visitor.section("made_up_facts", "Numbers with a per cent sign.");
  visitor.key("signs", rules.percentages.signs, "");
  visitor.key("most", rules.percentages.most, "more of them are possibly made up");
  visitor.end();
  visitor.section("toxicity", "Listed words that a response contains over all listed words.");
  visit_phrases(rules.toxicity, visitor, "words");
  visitor.end();
  visitor.section("code", "What has_code looks for.");
  visit_phrases(rules.code, visitor, "phrases");
  visitor.end();
  visitor.section("links", "What has_links looks for.");
  visit_phrases(rules.links, visitor, "phrases");
  visitor.end();
  visitor.section("refusal", "How a refusal begins.");
  visit_phrases(rules.refusal.wording, visitor, "phrases");
  visitor.key("within", rules.refusal.within, "characters from the beginning; 0: anywhere");
  visitor.end();
  visitor.section("template_tokens", "Tokens of chat templates that nobody should see.");
  visit_phrases(rules.template_tokens, visitor, "phrases");
  visitor.end();
  visitor.section("truncation", "Responses that were cut off.");
  visitor.key("reasons", rules.truncation.reasons, "finish reasons of the log that mean it");
  visitor.key("least_words", rules.truncation.least_words,
              "without a finish reason: shorter ones need no full stop");
  visitor.end();
  visitor.section("json", "Responses that are to be JSON.");
  visitor.key("expected", rules.json.expected, "never, looks-like, always");
  visitor.end();
  visitor.section("repetition", "Models in a loop.");
  visitor.key("least_words", rules.repetition.least_words, "shorter responses do not repeat");
  visitor.key("commonest_4gram", rules.repetition.commonest_4gram,
              "more than this share of the words in one phrase of four");
  visitor.key("duplicate_lines", rules.repetition.duplicate_lines,
              "more than this share of the lines was there before");
  visitor.key("distinct_pairs", rules.repetition.distinct_pairs,
              "less than this share of the pairs of words differ");
  visitor.end();
  visitor.section("prompt_echo", "Responses that say the prompt again.");
  visitor.key("least_words", rules.echo.least_words, "in a row");
  visitor.key("share", rules.echo.share, "more than this share of the prompt");
  visitor.end();
  visitor.section("personal_data", "Which data of persons count.");
  visitor.key("email", rules.personal_data.email, "");
  visitor.key("phone", rules.personal_data.phone, "");
  visitor.key("card", rules.personal_data.card, "");
  visitor.key("us_ssn", rules.personal_data.us_ssn, "");
  visitor.key("iban", rules.personal_data.iban, "");
  visitor.end();
  visitor.section("language", "Languages: the expected ones, and how those in Latin letters show.");
  visitor.key("expected", rules.language.expected, "codes such as en; empty: any");
  visitor.key("words", rules.language.words, "");
  visitor.end();
  visitor.section("score", "Penalties are subtracted one after the other.");
  visitor.key("start", rules.score.start, "");
  visitor.key("least", rules.score.least, "");
  visitor.key("penalties", rules.score.penalties, "");
  visitor.end();
  visitor.key("alerts", rules.alerts,
              "What is told of a single response; strictly above or below.");
}

template <class Rules, class Visitor>
void visit_judging(Rules& rules, Visitor& visitor) {
  visitor.key("limits", rules.limits,
              "Rates that a check allows: the Wilson lower bound must not be above.");
  visitor.section("judging", "How rates are judged.");
  visitor.key("confidence", rules.judging.confidence, "of Wilson's intervals");
  visitor.key("least_responses", rules.judging.least_responses, "fewer give no answer");
  visitor.key("least_rise", rules.judging.least_rise, "of a rate against the reference, to be one");
  visitor.end();
}

}  // namespace mlopsctl::quality
