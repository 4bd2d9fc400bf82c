// The descriptors beside the specification's rules.
#include "support/measured.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using mlopsctl::testing::default_indicators;
using mlopsctl::testing::Measured;
using mlopsctl::testing::measured;
namespace quality = mlopsctl::quality;

TEST_CASE("a refusal declines at the beginning, with whatever apostrophe") {
  CHECK(measured("I'm sorry, but I can't help with that.")["refusal"] == 1);
  CHECK(measured("I\xE2\x80\x99m sorry, but I can\xE2\x80\x99t help with that.")["refusal"] == 1);
  CHECK(measured("As an AI language model, I have no opinion.")["refusal"] == 1);
  CHECK(measured("You can help with that.")["refusal"] == 0);
  const std::string late(300, 'x');
  CHECK(measured(late + " I cannot help with that.")["refusal"] == 0);
}

TEST_CASE("leaked tokens of templates are found as they are written") {
  CHECK(measured("Hello<|im_end|>")["template_tokens"] == 1);
  CHECK(measured("[INST] Hi [/INST]")["template_tokens"] == 1);
  CHECK(measured("<|IM_END|> [inst] a < b")["template_tokens"] == 0);
}

TEST_CASE("the finish reason says whether a response was cut off") {
  CHECK(measured("All is said.", {}, "length")["truncated"] == 1);
  CHECK(measured("and then she went to the", {}, "stop")["truncated"] == 0);
}

TEST_CASE("without a finish reason the look of the end says so") {
  CHECK(measured("The reason for this is that the old engine did not")["truncated"] == 1);
  CHECK(measured("The reason for this is that the old engine did not work.")["truncated"] == 0);
  CHECK(measured(
            "The old engine (which was built in the thirties) failed (\"badly\")")["truncated"] ==
        0);
  CHECK(measured("Paris")["truncated"] == 0);  // too short to need a full stop
  CHECK(measured("```python\nprint(1)\n")["truncated"] == 1);
  CHECK(measured("```python\nprint(1)\n```")["truncated"] == 0);
  CHECK(measured("{\"a\": [1, 2")["truncated"] == 1);
  CHECK(measured("{\"a\": \"[\"}")["truncated"] == 0);
  CHECK(measured(
            "You need these five things for it to work:\n- one\n- two more things")["truncated"] ==
        0);
  CHECK(measured("There is more about it where you find it: https://x.org/a/b")["truncated"] == 0);
  // Chinese ends with its own full stop.
  CHECK(measured("\xE5\xB7\xB4\xE9\xBB\x8E\xE6\x98\xAF\xE9\xA6\x96\xE9\x83\xBD\xE3\x80\x82")
            ["truncated"] == 0);
}

TEST_CASE("JSON is judged where a response looks like it, or always if the rules say so") {
  CHECK(measured("{\"a\": 1}")["invalid_json"] == 0);
  CHECK(measured("{\"a\": 1}")["json"] == 1);
  CHECK(measured("{\"a\": 1,}")["invalid_json"] == 1);
  CHECK(measured("```json\n{\"a\": 1}\n```")["json"] == 1);
  CHECK(measured("```json\n{a: 1}\n```")["invalid_json"] == 1);
  CHECK(std::isnan(measured("[1] is a reference")["invalid_json"]));
  CHECK(std::isnan(measured("plain")["invalid_json"]));
  quality::RuleSet rules = quality::default_rules();
  rules.json.expected = quality::JsonExpected::always;
  const quality::Indicators always(rules);
  CHECK(Measured(always, {"plain", {}, {}})["invalid_json"] == 1);
  CHECK(Measured(always, {"", {}, {}})["invalid_json"] == 1);
  CHECK(Measured(always, {"[1]", {}, {}})["invalid_json"] == 0);
}

TEST_CASE("a model in a loop repeats phrases, pairs of words or lines") {
  std::string loop, lines;
  for (int i = 0; i < 20; ++i) loop += "and so on and on ";
  for (int i = 0; i < 6; ++i) lines += "Step one.\n";
  CHECK(measured(loop)["repetitive"] == 1);
  CHECK(measured(loop)["distinct_pairs"] < 0.1);
  CHECK(measured(loop)["commonest_4gram"] > 0.7);
  CHECK(measured(lines)["duplicate_lines"] == doctest::Approx(5.0 / 6));
  CHECK(measured(lines)["repetitive"] == 1);
  const Measured plain = measured(
      "The quick brown fox jumps over the lazy dog while seven wizards brew strange potions in a "
      "small kitchen under the stairs.\nNobody knows why.");
  CHECK(plain["repetitive"] == 0);
  CHECK(plain["distinct_pairs"] == 1);
  CHECK(plain["commonest_4gram"] == 0);
  // Without spaces between words: a Chinese loop.
  std::string chinese;
  for (int i = 0; i < 10; ++i) chinese += "\xE6\x88\x91\xE4\xB8\x8D\xE7\x9F\xA5\xE9\x81\x93";
  CHECK(measured(chinese)["repetitive"] == 1);
}

TEST_CASE("the share of the commonest phrase counts words once where it overlaps itself") {
  CHECK(measured("a a a a a a")["commonest_4gram"] == 1);
  CHECK(measured("one two three four one two three four five five five")["commonest_4gram"] ==
        doctest::Approx(8.0 / 11));
}

TEST_CASE("card numbers need the right check digit and a network's first digit") {
  CHECK(measured("card 4111 1111 1111 1111.")["pii_card"] == 1);
  CHECK(measured("card 5500-0000-0000-0004")["pii_card"] == 1);
  CHECK(measured("378282246310005")["pii_card"] == 1);
  CHECK(measured("4111 1111 1111 1112")["pii_card"] == 0);
  CHECK(measured("order 0000 0000 0000 0000")["pii_card"] == 0);
  CHECK(measured("x4111111111111111")["pii_card"] == 0);
  CHECK(measured("4111111111111111th")["pii_card"] == 0);
  CHECK(measured("on 2026 4111 1111 1111 1111")["pii_card"] == 1);
}

TEST_CASE("addresses, telephone numbers, social security numbers and IBANs by their form") {
  CHECK(measured("write to jane.doe+x@mail.example.org!")["pii_email"] == 1);
  CHECK(measured("a@b, @home, a @ b.org, .@x.org")["pii_email"] == 0);
  CHECK(measured("call +49 30 1234567")["pii_phone"] == 1);
  CHECK(measured("call (555) 123-4567")["pii_phone"] == 1);
  CHECK(measured("call 555-123-4567 now")["pii_phone"] == 1);
  CHECK(measured("in 2026-11-29, 3.14159265, 1 000 000")["pii_phone"] == 0);
  CHECK(measured("SSN 078-05-1120")["pii_us_ssn"] == 1);
  CHECK(measured("000-12-3456 666-12-3456 900-12-3456 123-00-4567")["pii_us_ssn"] == 0);
  CHECK(measured("DE89 3704 0044 0532 0130 00 is mine")["pii_iban"] == 1);
  CHECK(measured("DE88370400440532013000")["pii_iban"] == 0);
  CHECK(measured("DE89370400440532013000")["pii"] == 1);
  CHECK(measured("nothing of the kind in 2026")["pii"] == 0);
  quality::RuleSet rules = quality::default_rules();
  rules.personal_data.email = false;
  CHECK(Measured(quality::Indicators(rules), {"a@b.org", {}, {}})["pii"] == 0);
}

TEST_CASE("readability is Flesch's formula on English prose, without its code") {
  // 6 words, 1 sentence, 6 syllables.
  const Measured cat = measured("The cat sat on the mat.");
  CHECK(cat["reading_ease"] == doctest::Approx(206.835 - 1.015 * 6 - 84.6));
  CHECK(cat["reading_grade"] == doctest::Approx(0.39 * 6 + 11.8 - 15.59));
  // simple table made: 2 + 2 + 1.
  CHECK(measured("simple table made")["reading_ease"] ==
        doctest::Approx(206.835 - 1.015 * 3 - 84.6 * 5 / 3));
  CHECK(measured("The cat sat on the mat.\n```\nimport everything\n```")["reading_ease"] ==
        cat["reading_ease"]);
  CHECK(std::isnan(measured("Der Hund und die Katze sind nicht auf der Wiese.")["reading_ease"]));
  CHECK(std::isnan(measured("12 34")["reading_ease"]));
}

TEST_CASE("languages by their letters or their frequent words") {
  CHECK(measured("This is the answer to the question that you asked.").language() == "en");
  CHECK(measured("Das ist nicht die Antwort auf die Frage.").language() == "de");
  CHECK(measured("C'est la r\xC3\xA9ponse \xC3\xA0 la question que vous avez pos\xC3\xA9"
                 "e dans le texte.")
            .language() == "fr");
  CHECK(measured("\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, \xD0\xBC\xD0\xB8\xD1\x80")
            .language() == "ru");
  CHECK(measured(
            "\xE3\x81\x93\xE3\x82\x93\xE3\x81\xAB\xE3\x81\xA1\xE3\x81\xAF\xE4\xB8\x96\xE7\x95\x8C")
            .language() == "ja");
  CHECK(measured("\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xB8\x96\xE7\x95\x8C").language() == "zh");
  CHECK(measured("Paris").language().empty());
  CHECK(measured("42").language().empty());
}

TEST_CASE("a language is another only where one is expected") {
  CHECK(std::isnan(measured("Das ist nicht die Antwort.")["other_language"]));
  quality::RuleSet rules = quality::default_rules();
  rules.language.expected = {"en"};
  const quality::Indicators english(rules);
  CHECK(Measured(english, {"Das ist nicht die Antwort auf die Frage.", {}, {}})["other_language"] ==
        1);
  CHECK(Measured(english, {"This is the answer to it.", {}, {}})["other_language"] == 0);
  CHECK(std::isnan(Measured(english, {"Paris", {}, {}})["other_language"]));
}

TEST_CASE("an echo is the longest run of words that prompt and response share") {
  const char* prompt = "What is the capital of France and how many people live there?";
  CHECK(measured(std::string(prompt) + " Paris.", prompt)["prompt_echo"] == 1);
  CHECK(measured(std::string(prompt) + " Paris.", prompt)["echoes_prompt"] == 1);
  CHECK(measured("It is the capital of France.", prompt)["prompt_echo"] ==
        doctest::Approx(5.0 / 12));
  CHECK(measured("It is the capital of France.", prompt)["echoes_prompt"] == 0);
  CHECK(measured("Bonjour", prompt)["prompt_echo"] == 0);
  CHECK(std::isnan(measured("Bonjour")["prompt_echo"]));
  CHECK(measured("yes", "yes")["echoes_prompt"] == 0);  // too short to be one
}

TEST_CASE("text that was damaged on its way, and text that is empty") {
  CHECK(measured("caf\xC3\x83\xC2\xA9")["broken_text"] == 1);  // é taken for Latin-1
  CHECK(measured("it\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2s")["broken_text"] == 1);  // ’ for Windows-1252
  CHECK(measured("a\xEF\xBF\xBD"
                 "b")["broken_text"] == 1);
  CHECK(measured("a\x07")["broken_text"] == 1);
  CHECK(measured("caf\xC3\xA9 \xC3\x82ge\n\ttab \xF0\x9F\x98\x80")["broken_text"] == 0);
  CHECK(measured(" \n\t ")["empty"] == 1);
  CHECK(measured("")["empty"] == 1);
  CHECK(measured(".")["empty"] == 0);
}

TEST_CASE("words of a list may be whole words, and may be written in look-alikes") {
  quality::RuleSet rules = quality::default_rules();
  rules.toxicity = {{"kill", "hate"}, mlopsctl::Folding::lookalikes, true};
  const quality::Indicators whole(rules);
  const auto toxicity = [&](std::string_view text) {
    return Measured(whole, {text, {}, {}})["toxicity"];
  };
  CHECK(toxicity("new skills, whatever") == 0);
  CHECK(toxicity("kill-switch") == 0.5);
  CHECK(toxicity("\xEF\xBC\xAB\xEF\xBC\xA9\xEF\xBC\xAC\xEF\xBC\xAC") == 0.5);  // full width
  CHECK(toxicity("h\xD0\xB0te") == 0.5);                                       // a Cyrillic a
  CHECK(toxicity("ki\xE2\x80\x8Bll") == 0.5);                                  // an invisible space
}

TEST_CASE("a long response takes time in proportion to its length") {
  // Seconds if it is, an hour if anything is looked for again and again.
  for (const char* piece : {"``x`", "`", "[", "1 ", "a@b.", "AB12 ", "hate "}) {
    std::string text;
    for (int i = 0; i < 400'000; ++i) text += piece;
    CHECK(measured(text)["length"] == static_cast<double>(text.size()));
  }
}

TEST_CASE("every indicator has a name of its own and says what it is") {
  const auto& all = default_indicators().all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK_FALSE(all[i].help.empty());
    CHECK(default_indicators().find(all[i].name) == i);
  }
}
