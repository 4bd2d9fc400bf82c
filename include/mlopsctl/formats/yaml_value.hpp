// A typed tree of values as DVC's readers see it: YAML 1.2 under ruamel.yaml's rules, and the same
// shape for JSON, TOML and Python constants. Maps keep their order, integers their size, and every
// node that came from a file knows its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

enum class YamlKind : std::uint8_t { null, boolean, integer, real, text, list, map };

// Bytes of the source, end exclusive. Line and column are 1-based; line 0 means that the value did
// not come from a file.
struct YamlSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t line = 0;
  std::size_t column = 0;
};

struct YamlEntry;

struct YamlValue {
  YamlKind kind = YamlKind::null;
  bool boolean = false;
  bool flow = false;               // written as [ ] or { }
  double real = 0;                 // kind real
  std::string text;                // kind text; kind integer: decimal digits of any number
  std::vector<YamlValue> items;    // kind list
  std::vector<YamlEntry> entries;  // kind map, in the order of the source, keys unique
  YamlSpan span;

  static YamlValue of_text(std::string value);
  static YamlValue of_integer(std::int64_t value);
  static YamlValue of_real(double value);
  static YamlValue of_bool(bool value);
  static YamlValue empty_list();
  static YamlValue empty_map();

  bool is_null() const { return kind == YamlKind::null; }
  bool is_text() const { return kind == YamlKind::text; }
  bool is_list() const { return kind == YamlKind::list; }
  bool is_map() const { return kind == YamlKind::map; }
  bool is_number() const { return kind == YamlKind::integer || kind == YamlKind::real; }
  double number() const;  // of an integer or a real

  // The value of a text key of a map; null pointer if this is no map or has no such key.
  const YamlValue* find(std::string_view key) const;
  YamlValue* find(std::string_view key);
  // Replaces the value of a key or appends the key. Makes a map out of null.
  YamlValue& set(std::string_view key, YamlValue value);
  void erase(std::string_view key);
};

struct YamlEntry {
  std::string key;                     // the text of a scalar key; decimal digits of an integer
  YamlKind key_kind = YamlKind::text;  // never list or map
  YamlSpan key_span;
  YamlValue value;
};

// Reads one YAML 1.2 document; an empty one is null. Anchors, aliases and merge keys are resolved.
// Dates are text. Throws Error{config} "line 3: …" for text that is no YAML, several documents,
// duplicate keys, keys that are no scalars, unknown tags, nesting beyond 100 and aliases that
// expand to more than a million values.
YamlValue parse_yaml(std::string_view text);

// JSON as Python reads it: NaN and infinities are numbers, of equal keys the last one wins.
// Throws Error{config} "line 3: …".
YamlValue parse_json(std::string_view text);

// Python's ==: 1 equals 1.0 and true, NaN equals nothing, the order of keys does not matter.
bool python_equal(const YamlValue& a, const YamlValue& b);

// What a plain scalar means to YAML 1.2 as ruamel.yaml reads it. `other` are dates, "=" and "<<":
// text when read, quoted when written.
enum class YamlMeaning { text, null, boolean, integer, real, other };
YamlMeaning yaml_meaning(std::string_view plain);

// "a map", "a list", "text", "a number", "true or false", "nothing": for messages.
std::string_view yaml_kind_name(const YamlValue& value);

}  // namespace mlopsctl
