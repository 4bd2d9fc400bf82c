#include "mlopsctl/formats/yaml_emit.hpp"

#include "mlopsctl/formats/python_json.hpp"

#include "formats/yaml_writer.hpp"

#include <cmath>

namespace mlopsctl {

namespace {

constexpr std::size_t simple_key_limit = 128;

std::string real_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
  return python_float(value);
}

std::string plain_text_of(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::boolean:
      return value.boolean ? "true" : "false";
    case YamlKind::integer:
      return value.text;
    case YamlKind::real:
      return real_text(value.real);
    default:
      return {};
  }
}

bool empty_collection(const YamlValue& value) {
  return (value.is_list() && value.items.empty()) || (value.is_map() && value.entries.empty());
}

class Emitter {
 public:
  explicit Emitter(std::size_t used = 0) : pen_(used) {}
  std::string take() { return pen_.take(); }

  // The keys of a map at `indent`; the pen stands where the first one begins.
  void map(const YamlValue& value, std::size_t indent) {
    bool first = true;
    for (const auto& entry : value.entries) {
      if (!first) pen_.new_line(indent);
      first = false;
      this->entry(entry, indent);
    }
  }

  void entry(const YamlEntry& entry, std::size_t indent) {
    if (simple(entry)) {
      key(entry, indent, false);
      pen_.raw(":");
      after_key(entry.value, indent);
      return;
    }
    pen_.raw("? ");
    string(entry.key, indent + 2, false, true);
    pen_.new_line(indent);
    pen_.raw(":");
    if (entry.value.is_null()) return;
    pen_.raw(" ");
    inline_node(entry.value, indent);
  }

  void after_key(const YamlValue& value, std::size_t indent) {
    if (value.is_null()) return;
    if (!scalar_like(value)) {
      // Lists stand at their key's column, maps two further.
      const std::size_t inner = value.is_list() ? indent : indent + 2;
      pen_.new_line(inner);
      value.is_list() ? list(value, inner) : map(value, inner);
      return;
    }
    pen_.raw(" ");
    scalar(value, indent + 2);
  }

  void list(const YamlValue& value, std::size_t indent) {
    bool first = true;
    for (const auto& item : value.items) {
      if (!first) pen_.new_line(indent);
      first = false;
      pen_.raw("- ");
      inline_node(item, indent);
    }
  }

  // What stands after "- " or ": " at `indent`.
  void inline_node(const YamlValue& value, std::size_t indent) {
    if (scalar_like(value)) return scalar(value, indent + 2);
    value.is_list() ? list(value, indent + 2) : map(value, indent + 2);
  }

  void flow(const YamlValue& value) {
    if (value.is_map()) {
      pen_.raw("{");
      bool first = true;
      for (const auto& entry : value.entries) {
        if (!first) pen_.raw(", ");
        first = false;
        key(entry, 0, true);
        pen_.raw(": ");
        entry.value.is_null() ? pen_.raw("null") : flow(entry.value);
      }
      pen_.raw("}");
    } else if (value.is_list()) {
      pen_.raw("[");
      bool first = true;
      for (const auto& item : value.items) {
        if (!first) pen_.raw(", ");
        first = false;
        item.is_null() ? pen_.raw("null") : flow(item);
      }
      pen_.raw("]");
    } else if (value.is_text()) {
      string(value.text, 0, true, false, false);
    } else {
      pen_.raw(plain_text_of(value));
    }
  }

  void key(const YamlEntry& entry, std::size_t indent, bool flow) {
    if (entry.key_kind == YamlKind::null) return pen_.raw("null");
    if (entry.key_kind != YamlKind::text) return pen_.raw(entry.key);
    string(entry.key, indent + 2, flow, false, true);
  }

 private:
  static bool scalar_like(const YamlValue& value) {
    return (!value.is_list() && !value.is_map()) || empty_collection(value);
  }

  // Longer keys, and keys of several lines, are written as "? key".
  static bool simple(const YamlEntry& entry) {
    if (entry.key_kind != YamlKind::text) return true;
    constexpr std::size_t tag = 5;  // ruamel.yaml counts "!!str" too
    const std::u32string text = to_code_points(entry.key);
    if (text.size() + tag >= simple_key_limit) return false;
    for (const char32_t c : text) {
      if (yaml_break(c)) return false;
    }
    return true;
  }

  void scalar(const YamlValue& value, std::size_t indent) {
    if (empty_collection(value)) {
      pen_.raw(value.is_list() ? "[]" : "{}");
    } else if (value.is_text()) {
      string(value.text, indent, false, true);
    } else {
      pen_.raw(plain_text_of(value));
    }
  }

  void string(const std::string& text, std::size_t indent, bool flow, bool split,
              bool simple_key = false) {
    const std::u32string points = to_code_points(text);
    const ScalarAnalysis analysis = analyze_scalar(points);
    pen_.scalar(points, scalar_style(text, analysis, simple_key, flow), indent, split);
  }

  YamlWriter pen_;
};

}  // namespace

std::string emit_yaml(const YamlValue& root) {
  Emitter emitter;
  if (root.is_map() && !root.entries.empty()) {
    emitter.map(root, 0);
  } else if (root.is_list() && !root.items.empty()) {
    emitter.list(root, 0);
  } else {
    emitter.flow(root);
  }
  return emitter.take() + "\n";
}

std::string emit_yaml_after_key(const YamlValue& value, std::size_t column, std::size_t used) {
  Emitter emitter(used);
  emitter.after_key(value, column);
  return emitter.take();
}

std::string emit_yaml_entry(const YamlEntry& entry, std::size_t column) {
  Emitter emitter(column);
  emitter.entry(entry, column);
  return emitter.take();
}

std::string emit_yaml_flow(const YamlValue& value) {
  Emitter emitter;
  emitter.flow(value);
  return emitter.take();
}

std::string emit_yaml_flow_key(const YamlEntry& entry) {
  Emitter emitter;
  emitter.key(entry, 0, true);
  return emitter.take();
}

}  // namespace mlopsctl
