#include "mlopsctl/formats/python_json.hpp"

#include "formats/yaml_scalar_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mlopsctl {

namespace {

std::string json_real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return python_float(value);
}

std::string json_key(const YamlEntry& entry) {
  return entry.key_kind == YamlKind::null ? "null" : entry.key;
}

void write(std::string& out, const YamlValue& value, bool sort_keys) {
  switch (value.kind) {
    case YamlKind::null:
      out += "null";
      return;
    case YamlKind::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case YamlKind::integer:
      out += value.text;
      return;
    case YamlKind::real:
      out += json_real(value.real);
      return;
    case YamlKind::text:
      out += python_json_string(value.text);
      return;
    case YamlKind::list: {
      out += '[';
      bool first = true;
      for (const auto& item : value.items) {
        if (!first) out += ", ";
        first = false;
        write(out, item, sort_keys);
      }
      out += ']';
      return;
    }
    case YamlKind::map: {
      std::vector<const YamlEntry*> order;
      for (const auto& entry : value.entries) order.push_back(&entry);
      // UTF-8 bytes sort as code points do.
      if (sort_keys) std::ranges::stable_sort(order, {}, [](auto* entry) { return entry->key; });
      out += '{';
      bool first = true;
      for (const auto* entry : order) {
        if (!first) out += ", ";
        first = false;
        out += python_json_string(json_key(*entry)) + ": ";
        write(out, entry->value, sort_keys);
      }
      out += '}';
    }
  }
}

// repr(str) for the few places where DVC shows a list.
std::string repr_text(const std::string& text) {
  const bool single = text.find('\'') != std::string::npos;
  const char mark = single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, mark);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == mark || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + mark;
}

std::string repr(const YamlValue& value) {
  if (value.is_text()) return repr_text(value.text);
  return python_str(value);
}

}  // namespace

std::string python_json_string(std::string_view text) {
  std::string out = "\"";
  const auto unit = [&](std::uint32_t code) { out += fmt::format("\\u{:04x}", code); };
  for (const char32_t c : to_code_points(text)) {
    const auto code = static_cast<std::uint32_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\f') {
      out += "\\f";
    } else if (c == '\b') {
      out += "\\b";
    } else if (c >= 0x20 && c < 0x7F) {
      out += static_cast<char>(c);
    } else if (c < 0x10000) {
      unit(code);
    } else {
      unit(0xD800U + ((code - 0x10000U) >> 10U));
      unit(0xDC00U + ((code - 0x10000U) & 0x3FFU));
    }
  }
  return out + '"';
}

std::string python_json(const YamlValue& value, bool sort_keys) {
  std::string out;
  write(out, value, sort_keys);
  return out;
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string text(buffer, end.ptr);  // shortest digits: "-1.25e-05"
  const auto e = text.find('e');
  int exponent = 0;
  const char* first = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(first, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) return text;
  std::string sign, digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-') sign = "-";
    if (c >= '0' && c <= '9') digits += c;
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string python_str(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::null:
      return "None";
    case YamlKind::boolean:
      return value.boolean ? "True" : "False";
    case YamlKind::integer:
    case YamlKind::text:
      return value.text;
    case YamlKind::real:
      return python_float(value.real);
    case YamlKind::list: {
      std::string out = "[";
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        out += (i > 0 ? ", " : "") + repr(value.items[i]);
      }
      return out + "]";
    }
    case YamlKind::map: {
      std::string out = "{";
      for (std::size_t i = 0; i < value.entries.size(); ++i) {
        const auto& entry = value.entries[i];
        const std::string key =
            entry.key_kind == YamlKind::text ? repr_text(entry.key) : json_key(entry);
        out += (i > 0 ? ", " : "") + key + ": " + repr(entry.value);
      }
      return out + "}";
    }
  }
  return {};
}

}  // namespace mlopsctl
