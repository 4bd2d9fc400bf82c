#include "mlopsctl/formats/yaml_edit.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

namespace {

using Path = std::vector<std::string>;

YamlValue yaml(const std::string& text) { return parse_yaml(text); }

std::string set(const std::string& text, const Path& path, const std::string& value) {
  return yaml_set(text, path, *yaml("v: " + value).find("v"));
}

std::string update(const std::string& text, const Path& path, const std::string& value) {
  return yaml_update(text, path, yaml(value));
}

}  // namespace

TEST_CASE("a value is replaced and nothing else moves") {
  const std::string text =
      "# top\na:   1  # one\nb:\n  # inner\n  c: [x,y] # list\n  d: 'q'\n\n# end\n";
  CHECK(set(text, {"a"}, "2") ==
        "# top\na: 2  # one\nb:\n  # inner\n  c: [x,y] # list\n  d: 'q'\n\n# end\n");
  CHECK(set(text, {"b", "c"}, "[x, z]") ==
        "# top\na:   1  # one\nb:\n  # inner\n  c: [x, z] # list\n  d: 'q'\n\n# end\n");
  CHECK(set("a: |\n  one\n  two\nb: 1\n", {"a"}, "\"x\\ny\"") == "a: \"x\\ny\"\nb: 1\n");
  CHECK(set("a:\nb: 1\n", {"a"}, "{x: 1}") == "a:\n  x: 1\nb: 1\n");
}

TEST_CASE("a new key goes to the end of its map") {
  CHECK(set("s:\n  a:\n    cmd: x\n# after\n", {"s", "a", "frozen"}, "true") ==
        "s:\n  a:\n    cmd: x\n    frozen: true\n# after\n");
  CHECK(set("s: {a: 1}\n", {"s", "b"}, "2") == "s: {a: 1, b: 2}\n");
  CHECK(set("s: {}\n", {"s", "b"}, "2") == "s: {b: 2}\n");
  CHECK(set("", {"stages", "x", "cmd"}, "run") == "stages:\n  x:\n    cmd: run\n");
  CHECK(set("# only a comment\n", {"k"}, "1") == "# only a comment\nk: 1\n");
  CHECK(set("a: 1", {"b"}, "2") == "a: 1\nb: 2\n");
  CHECK(set("outs:\n- md5: x\n  path: p\n", {"outs", "0", "hash"}, "md5") ==
        "outs:\n- md5: x\n  path: p\n  hash: md5\n");
}

TEST_CASE("a key is removed with its lines") {
  CHECK(yaml_erase("a: 1\nb:\n  c: 1\n  d:\n  - x\ne: 2\n", Path{"b", "d"}) ==
        "a: 1\nb:\n  c: 1\ne: 2\n");
  CHECK(yaml_erase("a: {x: 1, y: 2}\n", Path{"a", "x"}) == "a: {y: 2}\n");
  CHECK(yaml_erase("a: {x: 1, y: 2}\n", Path{"a", "y"}) == "a: {x: 1}\n");
  CHECK(yaml_erase("a:\n  x: 1\nb: 2\n", Path{"a", "x"}) == "a: {}\nb: 2\n");
  CHECK(yaml_erase("outs:\n- md5: x\n  path: p\n", Path{"outs", "0", "md5"}) ==
        "outs:\n- path: p\n");
  CHECK(yaml_erase("a: 1\n", Path{"x", "y"}) == "a: 1\n");
}

TEST_CASE("an update changes what differs, as DVC does") {
  // A DVC 2 entry that becomes a DVC 3 one: the new key is last.
  const std::string old = "outs:\n- md5: aaa   # c\n  size: 5\n  path: t.txt\n  desc: \"mine\"\n";
  CHECK(update(old, {}, "{outs: [{md5: bbb, size: 6, hash: md5, path: t.txt, desc: mine}]}") ==
        "outs:\n- md5: bbb   # c\n  size: 6\n  path: t.txt\n  desc: \"mine\"\n  hash: md5\n");
  // Numbers that are equal keep their spelling; NaN is written again.
  CHECK(update("a: 1.50\nb: 0x10\n", {}, "{a: 1.5, b: 16}") == "a: 1.50\nb: 0x10\n");
  // Lists of another length are replaced whole.
  CHECK(update("deps:\n  - a\n  - b\nz: 1\n", {"deps"}, "[a, b, c]") ==
        "deps:\n- a\n- b\n- c\nz: 1\n");
  CHECK(update("s: 5\nn: 3\nm: 1\n", {}, "{m: 1}") == "m: 1\n");
  CHECK(update("- a: 1\n  b: 2\n  c: 3\n", {}, "[{c: 3}]") == "- c: 3\n");
}

TEST_CASE("a block of text without a last line break would get one from a line below: refused") {
  const std::string open = "a: 1\nb: |\n  text";
  CHECK_THROWS_WITH(yaml_set(open, std::vector<std::string>{"c"}, YamlValue::of_text("x")),
                    "the file ends within a block of text, without a line break");
  CHECK(yaml_set("a: 1\nb: |-\n  text", std::vector<std::string>{"c"}, YamlValue::of_text("x")) ==
        "a: 1\nb: |-\n  text\nc: x\n");
}

TEST_CASE("a path through something that is no map is refused") {
  CHECK_THROWS_AS(set("a: text\n", {"a", "b"}, "1"), Error);
  CHECK_THROWS_AS(set("a: [1]\n", {"a", "5", "b"}, "1"), Error);
}
