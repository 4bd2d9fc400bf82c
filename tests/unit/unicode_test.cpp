#include "mlopsctl/formats/unicode.hpp"

#include <doctest/doctest.h>

using mlopsctl::folded;
using mlopsctl::Folding;

TEST_CASE("folding by case makes equal what differs in case only") {
  CHECK(folded("I'm NOT Sure \xC3\x84", Folding::letter_case) == "i'm not sure \xC3\xA4");
  CHECK(folded("STRASSE", Folding::letter_case) == folded("stra\xC3\x9F"
                                                          "e",
                                                          Folding::letter_case));
  CHECK(folded("\xCE\xA3\xCE\x91\xCE\xA3", Folding::letter_case) ==
        folded("\xCF\x83\xCE\xB1\xCF\x82", Folding::letter_case));
  CHECK(folded("\xE2\x80\x99", Folding::letter_case) == "\xE2\x80\x99");
  CHECK(folded("A\xFF"
               "B",
               Folding::letter_case) ==
        "a\xFF"
        "b");
  CHECK(folded("A", Folding::none) == "A");
}

TEST_CASE("look-alikes are the plain character; what is invisible is left out") {
  CHECK(folded("I\xE2\x80\x99m \xE2\x80\x9Cok\xE2\x80\x9D \xE2\x80\x94", Folding::lookalikes) ==
        "i'm \"ok\" -");
  CHECK(folded("\xEF\xBC\xA1\xEF\xBC\x91", Folding::lookalikes) == "a1");
  CHECK(folded("\xEF\xAC\x81", Folding::lookalikes) == "fi");
  CHECK(folded("\xD0\xA5\xD0\x90", Folding::lookalikes) == "xa");
  CHECK(folded("a\xE2\x80\x8B"
               "b\xC2\xAD",
               Folding::lookalikes) == "ab");
}

TEST_CASE("white space is what Python splits at") {
  for (const std::uint32_t c :
       {0x20U, 0x09U, 0x0DU, 0x1CU, 0x1FU, 0x85U, 0xA0U, 0x2028U, 0x3000U}) {
    CHECK(mlopsctl::is_white_space(c));
  }
  for (const std::uint32_t c : {0x08U, 0x1BU, 0x41U, 0x200BU, 0x2060U, 0xFEFFU}) {
    CHECK_FALSE(mlopsctl::is_white_space(c));
  }
}
