// Files of parameters and metrics, and the key paths into them.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/formats/value_files.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

YamlValue parse_values(const std::string& path, std::string_view text) {
  const std::string low = to_lower(path);
  try {
    YamlValue value;
    if (low.ends_with(".json")) {
      value = trim(text).empty() ? YamlValue::empty_map() : parse_json(text);
    } else if (low.ends_with(".toml")) {
      value = parse_toml(text);
    } else if (low.ends_with(".py")) {
      value = parse_python_constants(text);
    } else {
      value = parse_yaml(text);
    }
    return value.is_null() ? YamlValue::empty_map() : value;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::config, fmt::format("{} {}", quote(path), error.what()), error.hint());
  }
}

const YamlValue* value_at(const YamlValue& root, std::string_view key_path) {
  const YamlValue* value = &root;
  for (const auto& part : split(key_path, '.')) {
    if (value->is_map()) {
      const YamlValue* inner = value->find(part);
      if (inner == nullptr) {  // keys that are numbers are named by their digits
        for (const auto& entry : value->entries) {
          if (entry.key == part) inner = &entry.value;
        }
      }
      value = inner;
    } else if (value->is_list()) {
      const auto index = parse_integer(part);
      const bool inside =
          index && *index >= 0 && static_cast<std::size_t>(*index) < value->items.size();
      value = inside ? &value->items[static_cast<std::size_t>(*index)] : nullptr;
    } else {
      return nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

YamlValue read_params(const ParamsDep& dep, const YamlValue& file) {
  if (dep.keys.empty()) return file;
  YamlValue result = YamlValue::empty_map();
  for (const auto& key : dep.keys) {
    if (const YamlValue* value = value_at(file, key)) result.set(key, *value);
  }
  return result;
}

}  // namespace mlopsctl::data
