#include "mlopsctl/formats/yaml_value.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl;

namespace {

YamlValue read(const std::string& text) { return *parse_yaml("k: " + text).find("k"); }

}  // namespace

TEST_CASE("plain scalars mean what YAML 1.2 says") {
  for (const char* text : {"yes", "no", "on", "off", "y", "12:30:45", "2001-1-1", "0o8", "1_a",
                           "e5", "._", "1e", "0x", "inf", "nan"}) {
    CAPTURE(text);
    CHECK(read(text).kind == YamlKind::text);
    CHECK(read(text).text == text);
  }
  for (const auto& [text, digits] : std::vector<std::pair<const char*, const char*>>{
           {"017", "17"},
           {"0o17", "15"},
           {"1_000", "1000"},
           {"0x1F", "31"},
           {"0b101", "5"},
           {"+5", "5"},
           {"-0", "0"},
           {"100000000000000000000", "100000000000000000000"},
           {"0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"}}) {
    CAPTURE(text);
    CHECK(read(text).kind == YamlKind::integer);
    CHECK(read(text).text == digits);
  }
  for (const auto& [text, value] : std::vector<std::pair<const char*, double>>{{"1e5", 1e5},
                                                                               {"1.", 1},
                                                                               {".5", 0.5},
                                                                               {"+.5", 0.5},
                                                                               {"1_0.5", 10.5},
                                                                               {"1e400", INFINITY},
                                                                               {"-.inf", -INFINITY},
                                                                               {"1e-400", 0}}) {
    CAPTURE(text);
    CHECK(read(text).kind == YamlKind::real);
    CHECK(read(text).real == value);
  }
  CHECK(std::isnan(read(".nan").real));
  CHECK(read("TRUE").boolean);
  CHECK(read("~").is_null());
  CHECK(read("").is_null());
  CHECK(read("2020-01-01").text == "2020-01-01");
  CHECK(read("'1'").is_text());
  CHECK(read("!!str 1").is_text());
}

TEST_CASE("maps keep their order and every value knows its bytes") {
  const std::string text = "é: 1\nb:\n  - x: 'two'\n    y: {p: q}\n  - 3\na: |\n  block\n";
  const YamlValue root = parse_yaml(text);
  REQUIRE(root.entries.size() == 3);
  CHECK(root.entries[0].key == "é");
  CHECK(root.entries[1].key == "b");
  const YamlValue& x = *root.find("b")->items[0].find("x");
  CHECK(text.substr(x.span.begin, x.span.end - x.span.begin) == "'two'");
  CHECK(x.span.line == 3);
  const YamlValue& y = *root.find("b")->items[0].find("y");
  CHECK(text.substr(y.span.begin, y.span.end - y.span.begin) == "{p: q}");
  CHECK(root.find("a")->text == "block\n");
}

TEST_CASE("anchors and merge keys are resolved, own keys win") {
  const YamlValue root = parse_yaml("base: &b {lr: 1, n: 2}\nuse:\n  <<: *b\n  n: 3\n  z: *b\n");
  const YamlValue& use = *root.find("use");
  CHECK(use.find("lr")->text == "1");
  CHECK(use.find("n")->text == "3");
  CHECK(use.find("z")->find("n")->text == "2");
}

TEST_CASE("what is no single clean document is refused with its line") {
  CHECK_ERROR(parse_yaml("a: 1\nb: 2\na: 3\n"), ErrorKind::config,
              "line 3: the key 'a' is there twice");
  CHECK_ERROR(parse_yaml("a: 1\n---\nb: 1\n"), ErrorKind::config, "second document");
  CHECK_ERROR(parse_yaml("a: [1\n"), ErrorKind::config, "line ");
  CHECK_ERROR(parse_yaml("a: *x\n"), ErrorKind::config, "no anchor '&x'");
  CHECK_ERROR(parse_yaml("a: !foo 1\n"), ErrorKind::config, "tag");
  CHECK_ERROR(parse_yaml("? [a]\n: 1\n"), ErrorKind::config, "line 1");
  CHECK_ERROR(parse_yaml(std::string(300, '[')), ErrorKind::config, "line 1");
  CHECK_ERROR(parse_yaml("\xff"), ErrorKind::config, "UTF-8");
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  CHECK_ERROR(parse_yaml(bomb), ErrorKind::config, "too many values");
}

TEST_CASE("equality is Python's") {
  const auto equal = [](const char* a, const char* b) { return python_equal(read(a), read(b)); };
  CHECK(equal("10", "10.0"));
  CHECK(equal("1e-3", "0.001"));
  CHECK(equal("true", "1"));
  CHECK(equal("{a: 1, b: 2}", "{b: 2, a: 1.0}"));
  CHECK_FALSE(equal("[1, 2]", "[2, 1]"));
  CHECK_FALSE(equal(".nan", ".nan"));
  CHECK_FALSE(equal("'1'", "1"));
  CHECK_FALSE(equal("null", "false"));
  CHECK_FALSE(equal("9007199254740993", "9007199254740992.0"));
  CHECK(equal("100000000000000000000", "1e20"));
}

TEST_CASE("JSON is read as Python reads it") {
  const YamlValue value =
      parse_json(R"({"a": NaN, "b": -Infinity, "c": [1, 2.0, 1e400], "a": "\ud83d\ude00"})");
  CHECK(value.find("a")->text == "😀");
  CHECK(value.find("b")->real == -INFINITY);
  CHECK(value.find("c")->items[1].kind == YamlKind::real);
  CHECK(parse_json("123456789012345678901234567890").text == "123456789012345678901234567890");
  for (const char* bad :
       {"", "{", "[1,]", "{\"a\" 1}", "01", "1.", "'a'", "\"\\ud800\"", "[1] 2", "\"\n\""}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_json(bad), Error);
  }
}
