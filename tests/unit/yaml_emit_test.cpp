// Against what DVC wrote: tests/golden/dvc.
#include "mlopsctl/formats/yaml_emit.hpp"

#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/locations.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

namespace {

YamlValue golden(const std::string& name) {
  return parse_json(read_file(fs::path(testing::source_folder()) / "tests/golden/dvc" / name));
}

YamlValue map_of(std::string_view key, YamlValue value) {
  YamlValue map = YamlValue::empty_map();
  map.set(key, std::move(value));
  return map;
}

YamlValue lock_of(YamlValue command) {
  YamlValue lock = YamlValue::empty_map();
  lock.set("schema", YamlValue::of_text("2.0"));
  lock.set("stages", map_of("s", map_of("cmd", std::move(command))));
  return lock;
}

YamlValue data_of(const std::string& path) {
  YamlValue out = YamlValue::empty_map();
  out.set("md5", YamlValue::of_text("d41d8cd98f00b204e9800998ecf8427e"));
  out.set("size", YamlValue::of_integer(0));
  out.set("hash", YamlValue::of_text("md5"));
  out.set("path", YamlValue::of_text(path));
  YamlValue outs = YamlValue::empty_list();
  outs.items.push_back(out);
  return map_of("outs", outs);
}

YamlValue params_of(YamlValue params) {
  return map_of("stages", map_of("s", map_of("params", map_of("params.yaml", std::move(params)))));
}

}  // namespace

TEST_CASE("every recorded string is written as DVC writes it") {
  const YamlValue vectors = golden("yaml_scalar_vectors.json");
  REQUIRE(vectors.items.size() > 100);
  for (const auto& vector : vectors.items) {
    const std::string in = vector.find("in")->text;
    CAPTURE(in);
    CHECK(emit_yaml(lock_of(YamlValue::of_text(in))) == vector.find("lock_cmd")->text);
    YamlValue list = YamlValue::empty_list();
    list.items = {YamlValue::of_text(in), YamlValue::of_text("z")};
    CHECK(emit_yaml(lock_of(list)) == vector.find("lock_cmd_list")->text);
    CHECK(emit_yaml(data_of(in)) == vector.find("dvc_path")->text);
    const YamlValue* key = vector.find("key");
    if (key == nullptr || key->is_null()) continue;
    CHECK(emit_yaml(params_of(map_of(in, YamlValue::of_integer(1)))) == key->text);
  }
}

TEST_CASE(
    "what is written reads back as the same string, but for three that DVC writes wrongly too") {
  const YamlValue vectors = golden("yaml_scalar_vectors.json");
  int lost = 0;
  for (const auto& vector : vectors.items) {
    const YamlValue lock = lock_of(*vector.find("in"));
    if (!python_equal(parse_yaml(emit_yaml(lock)), lock)) ++lost;
  }
  CHECK(lost == 3);
}

TEST_CASE("every recorded float has Python's digits in YAML and JSON") {
  for (const auto& vector : golden("float_vectors.json").items) {
    const std::string repr = vector.find("repr")->text;
    CAPTURE(repr);
    const YamlValue value = parse_json(vector.find("json")->text);
    CHECK(python_float(value.real) == repr);
    CHECK(python_json(value) == vector.find("json")->text);
    CHECK(emit_yaml(map_of("k", value)) == vector.find("yaml")->text);
  }
}

TEST_CASE("every recorded value is laid out as in DVC's lock files") {
  for (const auto& vector : golden("value_vectors.json").items) {
    const std::string json = vector.find("json")->text;
    CAPTURE(json);
    const YamlValue value = parse_json(json);
    CHECK(emit_yaml(params_of(map_of("k", value))) == vector.find("yaml")->text);
    CHECK(python_json(value, false) == json);
  }
}

TEST_CASE("a hash that looks like a number is quoted") {
  const std::string digits = "12345678901234567890123456789012";
  CHECK(emit_yaml(map_of("md5", YamlValue::of_text(digits))) == "md5: '" + digits + "'\n");
  CHECK(emit_yaml(map_of("md5", YamlValue::of_text("12345678e01234567890123456789012"))) ==
        "md5: '12345678e01234567890123456789012'\n");
  CHECK(emit_yaml(map_of("md5", YamlValue::of_text("2345678f01234567890123456789012a"))) ==
        "md5: 2345678f01234567890123456789012a\n");
  CHECK(emit_yaml(map_of("d", YamlValue::of_text("2020-01-01"))) == "d: '2020-01-01'\n");
}

TEST_CASE("JSON text is Python's: sorted keys, ASCII, surrogate pairs") {
  const YamlValue value =
      parse_yaml("{b: [1, 2.0, null, true], a: {y: 'é😀\"\\', x: \"\\t\\u007f\"}}");
  CHECK(python_json(value) ==
        R"({"a": {"x": "\t\u007f", "y": "\u00e9\ud83d\ude00\"\\"}, "b": [1, 2.0, null, true]})");
  CHECK(python_str(value) ==
        "{'b': [1, 2.0, None, True], 'a': {'y': 'é😀\"\\\\', 'x': '\\t\\x7f'}}");
}

// Checked with ruamel.yaml 0.19.1, which reads a blank more from its own line, too.
TEST_CASE("a long string with tabs is folded where DVC folds it") {
  std::string tabs, first, second;
  for (int i = 0; i < 53; ++i) tabs += '\t';
  for (int i = 0; i < 33; ++i) first += "\\t";
  for (int i = 0; i < 20; ++i) second += "\\t";
  YamlValue map = YamlValue::empty_map();
  map.set(":stag", YamlValue::of_text("w {  w {" + tabs + " k:v v md:s"));
  CHECK(emit_yaml(map) == ":stag: \"w {  w {" + first + "\n  " + second + " k:v v md:s\"\n");
}

TEST_CASE("a key with a word longer than a line stays on its line and is read back") {
  YamlValue map = YamlValue::empty_map();
  const std::string key = "two " + std::string(110, 'w');
  map.set(key, YamlValue::of_integer(1));
  CHECK(emit_yaml(map) == key + ": 1\n");
  CHECK(python_equal(parse_yaml(emit_yaml(map)), map));
}

TEST_CASE("several blanks before a word longer than a line are kept") {
  YamlValue map = YamlValue::empty_map();
  map.set("path", YamlValue::of_text("a    " + std::string(100, 'w')));
  CHECK(python_equal(parse_yaml(emit_yaml(map)), map));
  map.set("path", YamlValue::of_text("a " + std::string(100, 'w')));
  CHECK(emit_yaml(map) == "path: a \n  " + std::string(100, 'w') + "\n");  // as ruamel.yaml
}
