// §17 of the specification, to the constant, by the default rules.
#include "support/measured.hpp"

#include <doctest/doctest.h>

using mlopsctl::testing::measured;

TEST_CASE("doubt is one of five phrases anywhere in the text, ignoring case") {
  for (const char* text : {"I'm not sure", "well, i DON'T know", "It MIGHT BE so", "could be",
                           "impossibly"}) {  // contains, not: is a word
    CAPTURE(text);
    CHECK(measured(text)["uncertainty"] == 1);
  }
  for (const char* text :
       {"I am sure", "it may be", "perhaps", "might  be", "I\xE2\x80\x99m not sure", ""}) {
    CAPTURE(text);
    CHECK(measured(text)["uncertainty"] == 0);
  }
}

TEST_CASE("more than three percentages are possibly made-up facts") {
  CHECK(measured("1% 2% 3%")["made_up_facts"] == 0);
  CHECK(measured("1% 2% 3% 4%")["made_up_facts"] == 1);
  CHECK(measured("10.5%, 0.1%, 3.% and 100%")["percentages"] == 4);
  CHECK(measured("1.2.3%")["percentages"] == 1);
  CHECK(measured("% 5 % .% a% 12 per cent")["percentages"] == 0);
  CHECK(measured("5%%6%")["percentages"] == 2);
  CHECK(measured("\xD9\xA5\xD9\xA0%")["percentages"] == 1);  // Arabic digits are digits
  CHECK(measured("50\xEF\xBC\x85")["percentages"] == 0);     // a full-width sign is another
}

TEST_CASE("toxicity is the share of the listed words that the text contains") {
  CHECK(measured("lovely")["toxicity"] == 0);
  CHECK(measured("I HATE it")["toxicity"] == 1.0 / 3);
  CHECK(measured("hate hate hate")["toxicity"] == 1.0 / 3);
  CHECK(measured("stupid skills")["toxicity"] == 2.0 / 3);  // contains kill
  CHECK(measured("hate, stupid, kill")["toxicity"] == 1);
}

TEST_CASE("words are separated by white space, as Python's split has it") {
  CHECK(measured("")["words"] == 0);
  CHECK(measured(" one\ttwo\n three\xC2\xA0"
                 "four\x1F"
                 "five \xE3\x80\x80six ")["words"] == 6);
  CHECK(measured("don't-stop, now!")["words"] == 2);
}

TEST_CASE("code is three back-ticks, a link is http") {
  CHECK(measured("```py\n1\n```")["has_code"] == 1);
  CHECK(measured("`` x ``")["has_code"] == 0);
  CHECK(measured("see https://x.org")["has_links"] == 1);
  CHECK(measured("see HTTP://x.org or www.x.org")["has_links"] == 0);
}

TEST_CASE("the score is 1, less 0.2 for doubt, less 0.5 for toxicity above 0.5, at least 0") {
  CHECK(measured("fine")["score"] == 1.0);
  CHECK(measured("possibly")["score"] == 0.8);
  CHECK(measured("hate")["score"] == 1.0);  // a third is not above 0.5
  CHECK(measured("hate, stupid")["score"] == 0.5);
  CHECK(measured("possibly hate, stupid")["score"] == 1.0 - 0.2 - 0.5);
}

TEST_CASE("a response alerts on a score below 0.5 and on a toxicity above 0.7") {
  CHECK(measured("hate, stupid")["low_score"] == 0);  // 0.5 is not below
  CHECK(measured("could be: hate, stupid")["low_score"] == 1);
  CHECK(measured("hate, stupid")["toxic"] == 0);  // two thirds
  CHECK(measured("hate, stupid, kill")["toxic"] == 1);
}
