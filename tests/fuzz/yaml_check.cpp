#include "fuzz/yaml_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/formats/yaml_edit.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"

#include "fuzz/require.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace mlopsctl::fuzz {
namespace {

std::optional<YamlValue> read(std::string_view text, YamlValue (*reader)(std::string_view)) {
  try {
    return reader(text);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::config, "an unreadable text is an error of another kind");
    return std::nullopt;
  }
}

// DVC's folding of strings with line breaks, and of long ones with escapes, is not always read back
// as the same string; ours is the same, byte for byte. NaN is not equal to itself.
bool comparable(const YamlValue& value) {
  if (value.kind == YamlKind::real) return value.real == value.real;
  const auto plain = [](const std::string& text) {
    constexpr std::size_t never_folded = 16;  // even when each byte becomes four
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (text.size() > never_folded && std::ranges::any_of(text, control)) return false;
    return text.find_first_of("\n\r") == std::string::npos &&
           text.find("\xC2\x85") == std::string::npos && text.find("\xE2\x80") == std::string::npos;
  };
  for (const auto& item : value.items) {
    if (!comparable(item)) return false;
  }
  for (const auto& entry : value.entries) {
    if (!plain(entry.key) || entry.key_kind != YamlKind::text || !comparable(entry.value))
      return false;
  }
  return value.kind != YamlKind::text || plain(value.text);
}

void check_edits(std::string_view text, const YamlValue& root) {
  const std::vector<std::string> fresh{"fresh key"};
  std::vector<std::vector<std::string>> paths{fresh};
  for (const auto& entry : root.entries) {
    if (entry.key_kind != YamlKind::text) continue;  // a path is made of text
    paths.push_back({entry.key});
    for (const auto& inner : entry.value.entries) {
      if (inner.key_kind == YamlKind::text) paths.push_back({entry.key, inner.key});
    }
  }
  if (paths.size() > 12) paths.resize(12);
  const YamlValue value = YamlValue::of_text("new");
  for (const auto& path : paths) {
    try {
      const std::string changed = yaml_set(text, path, value);
      YamlValue expected = root;
      YamlValue* at = &expected;
      for (std::size_t i = 0; i + 1 < path.size(); ++i) at = at->find(path[i]);
      at->set(path.back(), value);
      // What an alias stands for changes with it.
      if (comparable(root) && text.find('*') == std::string_view::npos) {
        require(python_equal(parse_yaml(changed), expected), "an edit changed something else");
      }
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::config, "a refused edit is an error of another kind");
    }
  }
}

}  // namespace

void check_yaml(std::string_view text) {
  if (text.size() > 4096) text = text.substr(0, 4096);
  if (const auto json = read(text, parse_json); json && comparable(*json)) {
    require(python_equal(parse_json(python_json(*json)), *json), "JSON does not read back");
  }
  const auto root = read(text, parse_yaml);
  if (!root) return;
  if (comparable(*root) && (root->is_map() || root->is_list())) {
    require(python_equal(parse_yaml(emit_yaml(*root)), *root),
            "what is written does not read back");
    if (root->is_map()) {
      require(python_equal(parse_yaml(emit_yaml_flow(*root)), *root),
              "flow style does not read back");
    }
  }
  if (root->is_map() || root->is_null()) check_edits(text, *root);
}

}  // namespace mlopsctl::fuzz
