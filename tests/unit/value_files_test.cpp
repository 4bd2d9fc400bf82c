#include "mlopsctl/formats/value_files.hpp"

#include "mlopsctl/formats/python_json.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("TOML keeps its order and types") {
  const YamlValue value = parse_toml(
      "z = 1\na = 1e-5\n[t]\ny = [1, 2.0, 'x']\nb = true\nd = 2020-01-01\n[t.deep]\nk = \"v\"\n");
  CHECK(
      python_json(value, false) ==
      R"({"z": 1, "a": 1e-05, "t": {"y": [1, 2.0, "x"], "b": true, "d": "2020-01-01", "deep": {"k": "v"}}})");
  CHECK_ERROR(parse_toml("a = 1\nb = \n"), ErrorKind::config, "line 2");
}

TEST_CASE("letters beyond ASCII in TOML are text in quotes and an error outside") {
  CHECK(parse_toml("name = 'caf\u00e9 \u4e2d'  # \u00e9\n").entries[0].value.text ==
        "caf\u00e9 \u4e2d");
  for (const std::string text :
       {"\u00e9 = 1\n", "a = \u00e9\n", "a\u00e9 = 1\n", "a \u2fff = 1\n"}) {
    CAPTURE(text);
    CHECK_ERROR(parse_toml(text), ErrorKind::config, "line 1");
  }
}

TEST_CASE("constants of a Python module are read as DVC reads them") {
  const YamlValue value = parse_python_constants(
      "\"\"\"doc\"\"\"\nimport os\nLR = 0.1  # rate\nN: int = 1_000\nNEG = -5\nS = 'a' \"b\"\nT = "
      "(1, 2)\n"
      "B = b'x'\nF = f'{LR}'\nCALL = os.getenv('X')\nX = Y = 2\nD = {\n  'a': [1, None],  # c\n  "
      "2: True,\n}\n"
      "if True:\n    HIDDEN = 1\ndef f():\n    INSIDE = 2\n"
      "class Train:\n    EPOCHS = 70\n    def __init__(self):\n        self.layers = 5\n        "
      "other = 3\n"
      "    def run(self):\n        self.no = 1\n    class Inner:\n        K = 1.5\nLAST = 0x10; "
      "MORE = 2\nLR = 0.2\n"
      "R = r'\\d'\nU = '\\u00e9\\n'\nM = \"\"\"two\nlines\"\"\"\n");
  CHECK(
      python_json(value, false) ==
      R"({"LR": 0.2, "N": 1000, "NEG": -5, "S": "ab", "T": [1, 2], "D": {"a": [1, null], "2": true}, )"
      R"("Train": {"EPOCHS": 70, "layers": 5, "Inner": {"K": 1.5}}, "LAST": 16, "MORE": 2, )"
      R"("R": "\\d", "U": "\u00e9\n", "M": "two\nlines"})");
  CHECK_ERROR(parse_python_constants("A = 1\nB = [1,\n"), ErrorKind::config, "line 2");
  CHECK_ERROR(parse_python_constants("A = 'x\n"), ErrorKind::config, "line 1");
}
