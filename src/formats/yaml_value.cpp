#include "mlopsctl/formats/yaml_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace mlopsctl {

YamlValue YamlValue::of_text(std::string value) {
  YamlValue result;
  result.kind = YamlKind::text;
  result.text = std::move(value);
  return result;
}

YamlValue YamlValue::of_integer(std::int64_t value) {
  YamlValue result;
  result.kind = YamlKind::integer;
  result.text = std::to_string(value);
  return result;
}

YamlValue YamlValue::of_real(double value) {
  YamlValue result;
  result.kind = YamlKind::real;
  result.real = value;
  return result;
}

YamlValue YamlValue::of_bool(bool value) {
  YamlValue result;
  result.kind = YamlKind::boolean;
  result.boolean = value;
  return result;
}

YamlValue YamlValue::empty_list() {
  YamlValue result;
  result.kind = YamlKind::list;
  return result;
}

YamlValue YamlValue::empty_map() {
  YamlValue result;
  result.kind = YamlKind::map;
  return result;
}

double YamlValue::number() const {
  if (kind == YamlKind::real) return real;
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::result_out_of_range) {
    const double infinity = std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -infinity : infinity;
  }
  return value;
}

const YamlValue* YamlValue::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key_kind == YamlKind::text && entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlValue* YamlValue::find(std::string_view key) {
  for (auto& entry : entries) {
    if (entry.key_kind == YamlKind::text && entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlValue& YamlValue::set(std::string_view key, YamlValue value) {
  if (kind == YamlKind::null) kind = YamlKind::map;
  if (YamlValue* found = find(key)) {
    *found = std::move(value);
    return *found;
  }
  entries.push_back({.key = std::string(key), .key_span = {}, .value = std::move(value)});
  return entries.back().value;
}

void YamlValue::erase(std::string_view key) {
  std::erase_if(entries, [&](const YamlEntry& entry) {
    return entry.key_kind == YamlKind::text && entry.key == key;
  });
}

namespace {

bool numeric(const YamlValue& value) {
  return value.is_number() || value.kind == YamlKind::boolean;
}

bool equal_numbers(const YamlValue& a, const YamlValue& b) {
  if (a.kind == YamlKind::integer && b.kind == YamlKind::integer) return a.text == b.text;
  const auto of = [](const YamlValue& value) {
    return value.kind == YamlKind::boolean ? (value.boolean ? 1.0 : 0.0) : value.number();
  };
  const double x = of(a), y = of(b);
  if (x != y) return false;
  // Beyond 2^53 not every integer is a double; Python compares exactly.
  const YamlValue* integer = a.kind == YamlKind::integer   ? &a
                             : b.kind == YamlKind::integer ? &b
                                                           : nullptr;
  if (integer == nullptr || std::fabs(x) < 9007199254740992.0) return true;
  if (std::isinf(x)) return false;
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof digits, x, std::chars_format::fixed, 0);
  return std::string_view(digits, end.ptr) == integer->text;
}

}  // namespace

bool python_equal(const YamlValue& a, const YamlValue& b) {
  if (numeric(a) && numeric(b)) return equal_numbers(a, b);
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case YamlKind::text:
      return a.text == b.text;
    case YamlKind::list:
      return std::ranges::equal(a.items, b.items, python_equal);
    case YamlKind::map: {
      if (a.entries.size() != b.entries.size()) return false;
      for (std::size_t i = 0; i < a.entries.size(); ++i) {
        const YamlEntry& entry = a.entries[i];
        const auto same_key = [&](const YamlEntry& other) {
          return other.key_kind == entry.key_kind && other.key == entry.key;
        };
        // Usually the order is the same too.
        const auto found = same_key(b.entries[i])
                               ? b.entries.begin() + static_cast<std::ptrdiff_t>(i)
                               : std::ranges::find_if(b.entries, same_key);
        if (found == b.entries.end() || !python_equal(entry.value, found->value)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

std::string_view yaml_kind_name(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::null:
      return "nothing";
    case YamlKind::boolean:
      return "true or false";
    case YamlKind::integer:
    case YamlKind::real:
      return "a number";
    case YamlKind::text:
      return "text";
    case YamlKind::list:
      return "a list";
    case YamlKind::map:
      return "a map";
  }
  return "nothing";
}

}  // namespace mlopsctl
