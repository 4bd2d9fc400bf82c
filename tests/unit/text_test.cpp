#include "mlopsctl/base/text.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;

TEST_CASE("printable escapes what could move a cursor or is not UTF-8") {
  CHECK(printable("plain ünïcode 漢字") == "plain ünïcode 漢字");
  CHECK(printable("a\tb\nc\r") == "a\\tb\\nc\\r");
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");  // C1 control: CSI on some terminals
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("UTF-8 validity follows the Unicode table") {
  CHECK(is_valid_utf8("é漢😀"));
  CHECK_FALSE(is_valid_utf8("\xc0\xaf"));          // overlong
  CHECK_FALSE(is_valid_utf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_valid_utf8("\xe2\x82"));          // cut
}

TEST_CASE("a quoted name stays short even for megabytes") {
  const std::string huge(10'000'000, 'x');
  CHECK(quote(huge).size() < 400);
  CHECK(quote("it") == "'it'");
}

TEST_CASE("shortening keeps whole code points") {
  CHECK(shortened("abcdef", 6) == "abcdef");
  CHECK(shortened("abcdefg", 6) == "abcde…");
  CHECK(shortened("äöüäöü", 3) == "äö…");
}

TEST_CASE("edit distance counts a transposition once") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("list", "lsit") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("suggestions are near or absent") {
  const std::vector<std::string> names{"list", "show", "compare", "delete"};
  CHECK(closest("lsit", names) == "list");
  CHECK(closest("LIST", names) == "list");
  CHECK(closest("comapre", names) == "compare");
  CHECK(closest("banana", names) == std::nullopt);
  CHECK(closest("xy", names) == std::nullopt);
}

TEST_CASE("numbers are written so that they read back the same") {
  for (const double value : {0.1, 1e-300, 123456789.123, -0.0, 5e-324, 1e22}) {
    const auto back = parse_number(number_text(value));
    REQUIRE(back.has_value());
    CHECK(std::signbit(*back) == std::signbit(value));
    CHECK(*back == value);
  }
  CHECK(number_text(std::nan("")) == "NaN");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-Infinity");
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number("1e-4") == 1e-4);
  CHECK(parse_number("+3") == 3.0);
  CHECK(parse_number("-.5") == -0.5);
  CHECK(std::isnan(*parse_number("nan")));
  CHECK(parse_number("-INF") == -std::numeric_limits<double>::infinity());
  CHECK(parse_number("1e999") == std::numeric_limits<double>::infinity());
  CHECK(parse_number("1e-999") == 0.0);
  for (const char* text : {"", "1.0x", "0x10", "1,5", "--1", "+-1", "e5", " 1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text).has_value());
  }
  CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(parse_integer("9223372036854775808").has_value());
  CHECK_FALSE(parse_integer("+-1").has_value());
}

TEST_CASE("sizes are read and shown in the units people use") {
  CHECK(parse_bytes("1000") == 1000);
  CHECK(parse_bytes("10kB") == 10'000);
  CHECK(parse_bytes("10 KiB") == 10'240);
  CHECK(parse_bytes("1.5GiB") == 1'610'612'736);
  CHECK(parse_bytes("2M") == 2'097'152);
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(1'048'575) == "1.0 MiB");
  for (const char* text : {"", "-1", "1XB", "nan", "1e30", "1iB"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_bytes(text), Error);
  }
}

TEST_CASE("key=value splits at the first equals sign") {
  CHECK(parse_key_value("a=b=c") == KeyValue{"a", "b=c"});
  CHECK(parse_key_value("empty=") == KeyValue{"empty", ""});
  CHECK_THROWS_AS(parse_key_value("novalue"), Error);
  CHECK_THROWS_AS(parse_key_value("=x"), Error);
}

TEST_CASE("globs match as in a shell, and slashes are ordinary") {
  CHECK(glob_match("eval/*", "eval/loss"));
  CHECK(glob_match("*", "a/b"));
  CHECK(glob_match("l?ss", "loss"));
  CHECK(glob_match("[ab]c", "bc"));
  CHECK(glob_match("[!a-c]x", "dx"));
  CHECK(glob_match("a*b*c", "aXbYbZc"));
  CHECK_FALSE(glob_match("eval/*", "train/loss"));
  CHECK_FALSE(glob_match("", "x"));
  CHECK(glob_match("[", "["));
  CHECK_FALSE(glob_match(std::string(40, '*') + "b", std::string(5000, 'a')));
}
