// ${…} in dvc.yaml: the values that it may name, and putting them into place.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

// How maps in `cmd` become options: parsing.bool and parsing.list of .dvc/config.
struct FlagStyle {
  bool boolean_optional = false;  // false gives --no-NAME
  bool append = false;            // --NAME a --NAME b
};

// Where a value was loaded from: "params.yaml" and the key path in it.
struct UsedVar {
  std::string file;
  std::string key;
  YamlValue value;
};

// The names that an expression can use. Copying is cheap enough for a stage with vars of its own.
class TemplateContext {
 public:
  // Adds a map. file: where it came from, empty for vars written in place. A leaf that exists is
  // Error{config}; maps are merged; keys that are no text are left out.
  void merge(const YamlValue& map, const std::string& file, const std::string& where);
  // `key` for as long as a generated stage is resolved; source: the path that the value has in the
  // file it came from, so that its use is known.
  void set_item(const std::string& key, YamlValue value, const std::string& source);
  bool has(std::string_view key) const { return values_.find(key) != nullptr; }

  // Looks up "a.b[0].c". Throws Error{config}. If it came from a file, that is noted in `used`.
  const YamlValue& select(std::string_view expression, std::vector<UsedVar>* used) const;
  // The path in its file of what an expression names; empty if it came from none.
  std::string source_of(std::string_view expression) const;

  // Files that were loaded, with the keys taken (empty: all), to refuse loading one twice.
  std::map<std::string, std::vector<std::string>> imports;

 private:
  void merge_into(YamlValue& into, const YamlValue& map, const std::string& path,
                  const std::string& file, const std::string& where);
  std::optional<std::pair<std::string, std::string>> origin(const std::string& path) const;

  YamlValue values_ = YamlValue::empty_map();
  std::map<std::string, std::string> files_;    // path of a merged value → its file
  std::map<std::string, std::string> aliases_;  // "item" → "models.us"
  std::vector<std::string> reserved_;
};

// True if the text has an expression that is not escaped.
bool has_expression(std::string_view text);
// The inside of a text that is exactly one expression: "${x.y}" → "x.y".
std::optional<std::string> exact_expression(std::string_view text);

struct ResolveOptions {
  const TemplateContext* context = nullptr;
  FlagStyle flags;
  bool in_command = false;   // a map becomes options
  bool collections = false;  // "${x}" may be a map or a list
  std::vector<UsedVar>* used = nullptr;
};

// Every text in the value, keys too. Throws Error{config} without a place; the caller adds it.
YamlValue resolve_template(const YamlValue& value, const ResolveOptions& options);

// "true", "0.5", "1e-05", "None": how values are put into text and into names of stages.
std::string template_text(const YamlValue& value);

}  // namespace mlopsctl::data
