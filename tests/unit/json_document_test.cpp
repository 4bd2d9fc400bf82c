#include "mlopsctl/formats/json_document.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using mlopsctl::ErrorKind;
using mlopsctl::JsonDocument;
using mlopsctl::JsonPath;

namespace {

std::optional<std::string> text_in(std::string_view json, std::string_view path) {
  JsonDocument document;
  REQUIRE(document.parse(json) == "");
  const auto text = document.text_at(JsonPath::parse(path));
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

}  // namespace

TEST_CASE("values are found by names, places and keys of their neighbours") {
  constexpr std::string_view chat =
      R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A"},
          {"role": "user", "content": "?"}, {"role": "assistant", "content": "B"}]})";
  CHECK(text_in(chat, "messages[role=assistant].content") == "B");
  CHECK(text_in(chat, "messages[0].content") == "Hi");
  CHECK(text_in(chat, "messages[-2].content") == "?");
  CHECK_FALSE(text_in(chat, "messages[9].content"));
  CHECK_FALSE(text_in(chat, "messages[-9].content"));
  CHECK_FALSE(text_in(chat, "messages[role=tool].content"));
  CHECK_FALSE(text_in(chat, "messages.content"));
  CHECK(text_in(R"({"choices": [{"message": {"content": "x\n\u00e9"}}]})",
                "choices[0].message.content") == "x\n\xC3\xA9");
  CHECK(text_in(R"([["a", "b"]])", "[0][1]") == "b");
}

TEST_CASE("parts of a text are joined; numbers, null and objects are no texts") {
  CHECK(text_in(R"({"c": [{"type": "text", "text": "a"}, {"type": "image"}, "b"]})", "c") == "ab");
  CHECK_FALSE(text_in(R"({"c": [1, 2]})", "c"));
  CHECK_FALSE(text_in(R"({"c": []})", "c"));
  for (const char* json : {R"({"c": null})", R"({"c": {}})", R"({"c": 1})", R"({})"}) {
    CHECK_FALSE(text_in(json, "c"));
  }
  JsonDocument document;
  REQUIRE(document.parse(R"({"n": 12.50, "t": true, "s": "x"})") == "");
  CHECK(document.scalar_at(JsonPath::parse("n")) == "12.5");
  CHECK(document.scalar_at(JsonPath::parse("t")) == "true");
  CHECK(document.scalar_at(JsonPath::parse("s")) == "x");
  CHECK(document.number_at(JsonPath::parse("n")) == 12.5);
}

TEST_CASE("the whole text is checked, also what nobody asks for") {
  JsonDocument document;
  for (const char* wrong : {"", "{", "{\"a\": tru, \"b\": \"x\"}", "{\"a\": 1} x", "{\"a\": 01}",
                            "{\"a\": \"\xFF\"}", "{\"a\": \"\\q\"}", "{\"a\": [1 2]}"}) {
    CAPTURE(wrong);
    CHECK(document.parse(wrong) != "");
    CHECK_FALSE(document.text_at(JsonPath::parse("a")));
  }
}

TEST_CASE("Python's NaN and infinities are nulls, in strings they are text") {
  JsonDocument document;
  CHECK(document.parse(R"({"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" NaN"})") == "");
  CHECK(document.text_at(JsonPath::parse("c")) == "NaN \" NaN");
  CHECK_FALSE(document.scalar_at(JsonPath::parse("a")));
  CHECK(document.parse("{\"a\": NaNa}") != "");
}

TEST_CASE("paths that are none are refused with examples") {
  for (const char* wrong : {"", ".", "a.", "a..b", "a[", "a[x]", "a[0]b", "a[99999999999]"}) {
    CAPTURE(wrong);
    CHECK_ERROR(JsonPath::parse(wrong), ErrorKind::usage, "choices[0].message.content");
  }
}
