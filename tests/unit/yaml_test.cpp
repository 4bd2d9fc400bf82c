#include "mlopsctl/formats/yaml.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("scalars come with their path, line and bytes") {
  const std::string text = "# ünïcode comment\nrun:\n  grace: '5s'  # keep\nlist: [a, b]\n";
  const auto scalars = read_yaml_scalars(text);
  REQUIRE(scalars.size() == 3);
  CHECK(scalars[0].path == "run.grace");
  CHECK(scalars[0].value == "5s");
  CHECK(scalars[0].line == 3);
  CHECK(text.substr(scalars[0].begin, scalars[0].end - scalars[0].begin) == "'5s'");
  CHECK(scalars[1].path == "list.0");
  CHECK(scalars[2].value == "b");
}

TEST_CASE("an empty file has no scalars") {
  CHECK(read_yaml_scalars("").empty());
  CHECK(read_yaml_scalars("# only a comment\n").empty());
}

TEST_CASE("what is not plain YAML is refused with its line") {
  for (const char* text : {"a: [1", "a: *x", "--- a\n--- b\n", "\xff: 1", "a: b: c", "\t- x",
                           "a: 1\na: 2", "a: &x {b: 1}\nc: *x", "a: &x {b: 1}\nc: {<<: *x}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_yaml_scalars(text), Error);
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += '[';
  CHECK_THROWS_AS(read_yaml_scalars(deep), Error);
}

TEST_CASE("written scalars read back as the same text in every dialect") {
  for (const char* value : {"plain", "10s", "true", "no", "1e-4", "0123", "", "a: b", "# x",
                            "quote\"d", "line\nbreak", "12:30", "ünïcode", "-x", "~", "42"}) {
    CAPTURE(value);
    const auto scalars = read_yaml_scalars("key: " + yaml_scalar(value) + "\n");
    REQUIRE(scalars.size() == 1);
    CHECK(scalars[0].value == value);
  }
  CHECK(yaml_scalar("true") == "\"true\"");
  CHECK(yaml_scalar("12:30") == "\"12:30\"");
  CHECK(yaml_scalar("42") == "42");
}
