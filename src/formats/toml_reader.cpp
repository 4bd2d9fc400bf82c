#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/value_files.hpp"

#include <fmt/format.h>
namespace {
[[noreturn]] void toml_stumbled();
}  // namespace
// toml++ asserts on some texts that are no TOML; here they are refused.
#define TOML_ASSERT(condition) ((condition) ? void() : toml_stumbled())
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace {
void toml_stumbled() { throw std::logic_error("this is not TOML"); }
}  // namespace

namespace mlopsctl {

namespace {

constexpr std::size_t max_depth = 100;

YamlValue value_of(const toml::node& node, std::size_t depth);

// toml++ sorts its keys; the file's order is where they stand.
YamlValue map_of(const toml::table& table, std::size_t depth) {
  struct Item {
    toml::source_position at;
    std::string key;
    const toml::node* node;
  };
  std::vector<Item> items;
  for (const auto& [key, node] : table) {
    items.push_back({key.source().begin, std::string(key.str()), &node});
  }
  std::ranges::stable_sort(items, [](const Item& a, const Item& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  YamlValue result = YamlValue::empty_map();
  for (auto& item : items) {
    result.entries.push_back(
        {.key = std::move(item.key), .key_span = {}, .value = value_of(*item.node, depth + 1)});
  }
  return result;
}

template <class Node>
std::string printed(const Node& node) {
  std::ostringstream out;
  out << node.get();
  return out.str();
}

YamlValue value_of(const toml::node& node, std::size_t depth) {
  if (depth > max_depth) throw Error(ErrorKind::config, "line 1: nested too deeply");
  if (const auto* table = node.as_table()) return map_of(*table, depth);
  if (const auto* array = node.as_array()) {
    YamlValue result = YamlValue::empty_list();
    for (const auto& item : *array) result.items.push_back(value_of(item, depth + 1));
    return result;
  }
  if (const auto* text = node.as_string()) return YamlValue::of_text(text->get());
  if (const auto* integer = node.as_integer()) return YamlValue::of_integer(integer->get());
  if (const auto* real = node.as_floating_point()) return YamlValue::of_real(real->get());
  if (const auto* boolean = node.as_boolean()) return YamlValue::of_bool(boolean->get());
  if (const auto* date = node.as_date()) return YamlValue::of_text(printed(*date));
  if (const auto* time = node.as_time()) return YamlValue::of_text(printed(*time));
  if (const auto* both = node.as_date_time()) return YamlValue::of_text(printed(*both));
  return {};
}

}  // namespace

YamlValue parse_toml(std::string_view text) {
  if (!is_valid_utf8(text)) throw Error(ErrorKind::config, "line 1: this is not UTF-8 text");
  try {
    return map_of(toml::parse(text), 0);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::config, fmt::format("line {}: {}", error.source().begin.line,
                                               std::string(error.description())));
  } catch (const std::logic_error& error) {
    throw Error(ErrorKind::config, fmt::format("line 1: {}", error.what()));
  }
}

}  // namespace mlopsctl
