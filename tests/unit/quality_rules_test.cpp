#include "mlopsctl/quality/rules.hpp"

#include "support/expect_error.hpp"
#include "support/measured.hpp"

#include <doctest/doctest.h>

using mlopsctl::ErrorKind;
using mlopsctl::testing::Measured;
using namespace mlopsctl::quality;

namespace {

RuleSet parse(const char* text) { return parse_rules(text, "'rules.yaml'"); }

}  // namespace

TEST_CASE("the default rules have the specification's lists, weights and thresholds") {
  const RuleSet rules = default_rules();
  CHECK(rules.uncertainty.phrases == std::vector<std::string>{"I'm not sure", "I don't know",
                                                              "might be", "could be", "possibly"});
  CHECK(rules.toxicity.phrases == std::vector<std::string>{"hate", "stupid", "kill"});
  CHECK(rules.percentages.most == 3);
  CHECK(rules.score.start == 1.0);
  CHECK(rules.score.least == 0.0);
  REQUIRE(rules.score.penalties.size() == 2);
  CHECK(rules.score.penalties[0].when == Condition{"uncertainty", {}, {}});
  CHECK(rules.score.penalties[0].subtract == 0.2);
  CHECK(rules.score.penalties[1].when == Condition{"toxicity", 0.5, {}});
  CHECK(rules.score.penalties[1].subtract == 0.5);
  REQUIRE(rules.alerts.size() == 2);
  CHECK(rules.alerts[0].when == Condition{"score", {}, 0.5});
  CHECK(rules.alerts[1].when == Condition{"toxicity", 0.7, {}});
}

TEST_CASE("what is printed reads back as the same rules") {
  const RuleSet rules = default_rules();
  const std::string text = rules_yaml(rules);
  const RuleSet again = parse_rules(text, "x");
  CHECK(rules_id(again) == rules_id(rules));
  CHECK(rules_yaml(again) == text);
}

TEST_CASE("a file changes what it names and nothing else") {
  const RuleSet rules = parse(
      "version: ours-3\n"
      "toxicity: {words: [bad], whole_words: true}\n"
      "score: {penalties: [{indicator: refusal, subtract: 0.9}, {indicator: words, below: 3, "
      "subtract: 1}]}\n"
      "alerts: {too_long: {indicator: length, above: 10}, low_score: {indicator: score, below: "
      "0.2}}\n"
      "limits: {too_long: 0.5, refusal: 0}\n");
  CHECK(rules.version == "ours-3");
  CHECK(rules.toxicity.phrases == std::vector<std::string>{"bad"});
  CHECK(rules.uncertainty.phrases == default_rules().uncertainty.phrases);
  CHECK(rules.alerts.size() == 3);
  CHECK(rules.limits.size() == 2);
  const Indicators indicators(rules);
  const Measured one(indicators, {"I cannot help", {}, {}});
  CHECK(one["score"] == 1.0 - 0.9);
  CHECK(one["low_score"] == 1);
  CHECK(one["too_long"] == 1);
  CHECK(Measured(indicators, {"bad", {}, {}})["toxicity"] == 1);
  CHECK(Measured(indicators, {"badly no one", {}, {}})["toxicity"] == 0);
}

TEST_CASE("JSON is read as well, and an empty file is the default") {
  CHECK(parse("{\"made_up_facts\": {\"most\": 7}}").percentages.most == 7);
  CHECK(rules_id(parse("")) == rules_id(default_rules()));
}

TEST_CASE("the digest follows what is measured, not what is judged") {
  const std::string before = rules_id(default_rules());
  CHECK(rules_id(parse("limits: {refusal: 0.5}")) == before);
  CHECK(rules_id(parse("judging: {confidence: 0.9}")) == before);
  const std::string other = rules_id(parse("toxicity: {words: [hate, stupid, kill, die]}"));
  CHECK(other.starts_with("custom@"));
  CHECK(other.substr(other.find('@')) != before.substr(before.find('@')));
}

TEST_CASE("mistakes are told with their line and a suggestion") {
  CHECK_ERROR(parse("version: a\nuncertainti: {}\n"), ErrorKind::config, "line 2 of 'rules.yaml'");
  CHECK_ERROR(parse("uncertainti: {}\n"), ErrorKind::config, "did you mean 'uncertainty'?");
  CHECK_ERROR(parse("toxicity:\n  word: [a]\n"), ErrorKind::config, "'toxicity.word'");
  CHECK_ERROR(parse("toxicity: {words: a}\n"), ErrorKind::config, "a list of texts");
  CHECK_ERROR(parse("toxicity: {words: [1]}\n"), ErrorKind::config, "put it in quotes");
  CHECK_ERROR(parse("toxicity: {words: ['']}\n"), ErrorKind::config, "an empty text");
  CHECK_ERROR(parse("toxicity: {match: fuzzy}\n"), ErrorKind::config, "lookalikes");
  CHECK_ERROR(parse("toxicity: {whole_words: 1}\n"), ErrorKind::config, "true or false");
  CHECK_ERROR(parse("made_up_facts: {most: -1}\n"), ErrorKind::config, "a whole number from 0");
  CHECK_ERROR(parse("made_up_facts: {most: 2.5}\n"), ErrorKind::config, "a whole number from 0");
  CHECK_ERROR(parse("score: {start: .inf}\n"), ErrorKind::config, "not finite");
  CHECK_ERROR(parse("score: {penalties: [{indicator: toxicity, subtract: 1}]}\n"),
              ErrorKind::config, "above or below");
  CHECK_ERROR(parse("score: {penalties: [{indicator: refusal}]}\n"), ErrorKind::config,
              "how much to subtract");
  CHECK_ERROR(parse("score: {penalties: [{indicator: score, below: 1, subtract: 1}]}\n"),
              ErrorKind::config, "cannot depend on the score");
  CHECK_ERROR(parse("alerts: {a: {indicator: toxcity, above: 0}}\n"), ErrorKind::config,
              "did you mean 'toxicity'?");
  CHECK_ERROR(parse("alerts: {a: {indicator: language}}\n"), ErrorKind::config, "is no number");
  CHECK_ERROR(parse("alerts: {Too Long: {indicator: empty}}\n"), ErrorKind::config,
              "no name of an alert");
  CHECK_ERROR(parse("alerts: {words: {indicator: empty}}\n"), ErrorKind::config,
              "a column already");
  CHECK_ERROR(parse("limits: {refusals: 0.1}\n"), ErrorKind::config, "did you mean 'refusal'?");
  CHECK_ERROR(parse("limits: {words: 0.1}\n"), ErrorKind::config, "has no rate");
  CHECK_ERROR(parse("limits: {refusal: 5}\n"), ErrorKind::config, "from 0 to 1");
  CHECK_ERROR(parse("judging: {confidence: 1}\n"), ErrorKind::config, "between 0 and 1");
  CHECK_ERROR(parse("judging: {least_responses: 0}\n"), ErrorKind::config, "at least 1");
  CHECK_ERROR(parse("repetition: {duplicate_lines: 2}\n"), ErrorKind::config, "from 0 to 1");
  CHECK_ERROR(parse("version: a@b\n"), ErrorKind::config, "none of them @");
  CHECK_ERROR(parse("[a]\n"), ErrorKind::config, "a map of sections");
  CHECK_ERROR(parse("toxicity: [\n"), ErrorKind::config, "'rules.yaml'");
  CHECK_ERROR(read_rules("/nowhere/rules.yaml"), ErrorKind::not_found, "/nowhere/rules.yaml");
}
