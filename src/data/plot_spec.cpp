// Vega-Lite texts of plots: anchors in a template are replaced, as dvc-render 1.0.2 does it.
// plot_templates.json holds its templates (Apache-2.0), one a line.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/plots.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include "data/plot_assets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr std::array<std::string_view, 13> optional_anchors{
    "color",      "column", "group_by_x", "group_by_y",  "group_by", "pivot_field", "plot_height",
    "plot_width", "row",    "shape",      "stroke_dash", "tooltip",  "zoom_and_pan"};

constexpr std::array<std::string_view, 7> colors{"#945dd6", "#13adc7", "#f46837", "#48bb78",
                                                 "#4299e1", "#ed8936", "#f56565"};
constexpr std::array<std::array<int, 2>, 7> dashes{
    {{1, 0}, {8, 8}, {8, 4}, {4, 4}, {4, 2}, {2, 1}, {1, 1}}};
constexpr std::array<std::string_view, 4> shapes{"circle", "square", "triangle", "diamond"};

std::string anchor(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return "<DVC_METRIC_" + text + ">";
}

bool holds(const YamlValue& value, const std::string& text) {
  if (value.is_text()) return value.text == text;
  return std::ranges::any_of(value.items, [&](const auto& item) { return holds(item, text); }) ||
         std::ranges::any_of(value.entries,
                             [&](const auto& entry) { return holds(entry.value, text); });
}

// A whole text becomes the value; inside a longer text of a map, a text takes its place.
void replace(YamlValue& in, const std::string& text, const YamlValue& by, bool in_map) {
  if (in.is_text()) {
    if (in.text == text) {
      in = by;
    } else if (in_map && by.is_text()) {
      for (auto at = in.text.find(text); at != std::string::npos;
           at = in.text.find(text, at + by.text.size())) {
        in.text.replace(at, text.size(), by.text);
      }
    }
    return;
  }
  for (auto& item : in.items) replace(item, text, by, false);
  for (auto& entry : in.entries) replace(entry.value, text, by, true);
}

YamlValue list_of(const std::vector<std::string>& texts) {
  YamlValue list = YamlValue::empty_list();
  for (const auto& text : texts) list.items.push_back(YamlValue::of_text(text));
  return list;
}

YamlValue one(std::string_view key, YamlValue value) {
  YamlValue map = YamlValue::empty_map();
  map.set(key, std::move(value));
  return map;
}

// {"field": "rev", "scale": {"domain": […], "range": […]}}
YamlValue mapping(const std::string& field, std::string_view what,
                  const std::vector<std::string>& domain) {
  YamlValue range = YamlValue::empty_list();
  for (std::size_t i = 0; i < domain.size(); ++i) {
    if (what == "stroke_dash") {
      YamlValue dash = YamlValue::empty_list();
      for (const int length : dashes[i % dashes.size()])
        dash.items.push_back(YamlValue::of_integer(length));
      range.items.push_back(std::move(dash));
    } else {
      const auto text = what == "color" ? colors[i % colors.size()] : shapes[i % shapes.size()];
      range.items.push_back(YamlValue::of_text(std::string(text)));
    }
  }
  YamlValue map = one("field", YamlValue::of_text(field));
  YamlValue scale = one("domain", list_of(domain));
  scale.set("range", std::move(range));
  map.set("scale", std::move(scale));
  if (what != "color") {
    YamlValue legend = one("symbolFillColor", YamlValue::of_text("transparent"));
    legend.set("symbolStrokeColor", YamlValue::of_text("grey"));
    map.set("legend", std::move(legend));
  }
  return map;
}

class Filler {
 public:
  Filler(const DataPlot& plot, YamlValue content) : plot_(plot), content_(std::move(content)) {}

  YamlValue fill() {
    check_field("x");
    check_field("y");
    std::vector<YamlValue> rows = plot_.rows;
    if (std::ranges::any_of(optional_anchors, [&](auto name) { return has(name); })) {
      fill_optional();
      name_sources(rows);
    }
    put("title", YamlValue::of_text(plot_.text("title")));
    for (const char* axis : {"x", "y"}) put(axis, YamlValue::of_text(escaped(plot_.text(axis))));
    put("x_label", YamlValue::of_text(plot_.text("x_label", plot_.text("x"))));
    put("y_label", YamlValue::of_text(plot_.text("y_label", plot_.text("y"))));
    if (!has("data")) {
      throw Error(ErrorKind::config, fmt::format("the template of {} does not use {}",
                                                 quote(plot_.id), anchor("data")));
    }
    YamlValue list = YamlValue::empty_list();
    list.items = std::move(rows);
    put("data", list);
    return std::move(content_);
  }

 private:
  bool has(std::string_view name) const { return holds(content_, anchor(name)); }
  void put(std::string_view name, const YamlValue& value) {
    replace(content_, anchor(name), value, false);
  }

  void check_field(std::string_view axis) const {
    const std::string field = plot_.text(axis);
    if (field.empty()) return;
    if (std::ranges::any_of(plot_.rows,
                            [&](const YamlValue& row) { return row.find(field) != nullptr; })) {
      return;
    }
    throw Error(ErrorKind::config,
                fmt::format("no row of {} has a field {}", quote(plot_.id), quote(field)));
  }

  // Dots and brackets would reach into objects.
  static std::string escaped(const std::string& field) {
    std::string text;
    for (const char c : field) {
      if (c == '.' || c == '[' || c == ']') text += '\\';
      text += c;
    }
    return text;
  }

  // Several y: which of file name and field tells them apart.
  std::vector<std::string> varied() const {
    std::set<std::string> files, fields;
    for (const auto& [file, field] : plot_.sources) {
      files.insert(file);
      fields.insert(field);
    }
    std::vector<std::string> keys;
    if (files.size() > 1) keys.emplace_back("filename");
    if (fields.size() > 1) keys.emplace_back("field");
    return keys;
  }

  void fill_optional() {
    put("color", mapping("rev", "color", plot_.revisions));
    YamlValue zoom = one("name", YamlValue::of_text("grid"));
    zoom.set("select", YamlValue::of_text("interval"));
    zoom.set("bind", YamlValue::of_text("scales"));
    put("zoom_and_pan", zoom);
    put("plot_height", YamlValue::of_integer(300));
    put("plot_width", YamlValue::of_integer(300));
    const auto keys = varied();
    const std::string together = join(keys, "::");
    fill_groups(keys.empty() ? std::vector<std::string>{"rev"}
                             : std::vector<std::string>{"rev", together});
    fill_pivot(keys);
    fill_tooltip(together);
    if (!keys.empty()) fill_sources(together, keys);
    for (const auto name : optional_anchors) put(name, YamlValue::empty_map());
  }

  void fill_groups(std::vector<std::string> by) {
    put("group_by", list_of(by));
    for (const char* axis : {"x", "y"}) {
      by.push_back(plot_.text(axis));
      put(std::string("group_by_") + axis, list_of(by));
      by.pop_back();
    }
  }

  void fill_pivot(const std::vector<std::string>& keys) {
    std::string text = "datum.rev";
    for (const auto& key : keys) text += " + '::' + datum." + key;
    put("pivot_field", YamlValue::of_text(text));
  }

  void fill_tooltip(const std::string& together) {
    YamlValue list = YamlValue::empty_list();
    std::vector<std::string> fields{"rev", plot_.text("x"), plot_.text("y")};
    if (!together.empty()) fields.push_back(together);
    for (const auto& field : fields) list.items.push_back(one("field", YamlValue::of_text(field)));
    put("tooltip", list);
  }

  void fill_sources(const std::string& together, const std::vector<std::string>& keys) {
    YamlValue facet = one("field", YamlValue::of_text(together));
    facet.set("sort", YamlValue::empty_list());
    put("row", facet);
    put("column", facet);
    std::set<std::string> domain;
    for (const auto& [file, field] : plot_.sources) {
      domain.insert(keys.size() == 2 ? file + "::" + field : keys[0] == "filename" ? file : field);
    }
    const std::vector<std::string> names(domain.begin(), domain.end());
    for (const char* what : {"stroke_dash", "shape"}) put(what, mapping(together, what, names));
  }

  // Rows keep of file name and field only what tells them apart.
  void name_sources(std::vector<YamlValue>& rows) const {
    const auto keys = varied();
    for (auto& row : rows) {
      if (keys.size() == 2) {
        row.set("filename::field",
                YamlValue::of_text(row.find("filename")->text + "::" + row.find("field")->text));
      }
      for (const char* key : {"filename", "field"}) {
        if (keys.size() == 1 && keys[0] == key) continue;
        row.erase(key);
      }
    }
  }

  const DataPlot& plot_;
  YamlValue content_;
};

const YamlValue& built_in() {
  static const YamlValue templates = parse_json(assets::plot_templates);
  return templates;
}

}  // namespace

std::vector<std::string> plot_templates() {
  std::vector<std::string> names;
  for (const auto& entry : built_in().entries) names.push_back(entry.key);
  return names;
}

std::string plot_template(std::string_view name) {
  const YamlValue* found = built_in().find(name);
  return found == nullptr ? "" : python_json(*found, false);
}

YamlValue plot_specification(const DataPlot& plot, std::string_view template_text) {
  YamlValue content = parse_json(template_text);
  if (!content.is_map()) {
    throw Error(ErrorKind::config,
                fmt::format("the template of {} is no JSON object", quote(plot.id)));
  }
  return Filler(plot, std::move(content)).fill();
}

}  // namespace mlopsctl::data
