#include "data/plot_points.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr std::string_view index_field = "step";
constexpr std::string_view joined_x = "dvc_inferred_x_value";
constexpr std::string_view joined_y = "dvc_inferred_y_value";

using Points = std::vector<YamlValue>;

// A field of a file: "acc" of "train.csv".
struct Field {
  std::string file;
  std::string name;
};

// {file: field} or {file: [field, …]}.
std::vector<Field> fields_of(const YamlValue* axis) {
  std::vector<Field> result;
  if (axis == nullptr) return result;
  for (const auto& entry : axis->entries) {
    if (entry.value.is_text()) result.push_back({entry.key, entry.value.text});
    for (const auto& item : entry.value.items) result.push_back({entry.key, item.text});
  }
  return result;
}

bool all_maps(const YamlValue& list) {
  return std::ranges::all_of(list.items, [](const YamlValue& item) { return item.is_map(); });
}

// The lists inside nested maps, in their order.
void collect_lists(const YamlValue& value, std::vector<const YamlValue*>& into) {
  if (value.is_list()) into.push_back(&value);
  for (const auto& entry : value.entries) {
    if (entry.value.is_map() || entry.value.is_list()) collect_lists(entry.value, into);
  }
}

// A list whose items all have the same fields.
bool is_points(const YamlValue& list) {
  if (list.items.empty() || !all_maps(list)) return false;
  const auto& first = list.items.front();
  return std::ranges::all_of(list.items, [&](const YamlValue& item) {
    return std::ranges::all_of(
        item.entries, [&](const YamlEntry& entry) { return first.find(entry.key) != nullptr; });
  });
}

// Lists of the same file are laid side by side: the third row has the fields of every third item.
Points points_of(const YamlValue& content) {
  std::vector<const YamlValue*> lists;
  collect_lists(content, lists);
  Points points;
  for (const YamlValue* list : lists) {
    if (!is_points(*list)) continue;
    if (points.size() < list->items.size())
      points.resize(list->items.size(), YamlValue::empty_map());
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      for (const auto& entry : list->items[i].entries) points[i].set(entry.key, entry.value);
    }
  }
  return points;
}

std::string field_names(const YamlValue& row) {
  std::vector<std::string> names;
  for (const auto& entry : row.entries) names.push_back(entry.key);
  return join(names, ", ");
}

// y of a file that does not say: the last field of its first list.
YamlValue inferred_y(const std::string& id, const std::vector<PlotContent>& contents) {
  YamlValue y;
  const auto own = std::ranges::find(contents, id, &PlotContent::file);
  if (own == contents.end()) return y;
  std::vector<const YamlValue*> lists;
  collect_lists(own->value, lists);
  for (const YamlValue* list : lists) {
    if (list->items.empty() || !all_maps(*list) || list->items.front().entries.empty()) continue;
    y.set(id, YamlValue::of_text(list->items.front().entries.back().key));
    return y;
  }
  return y;
}

// x for each file of y, or for the plot's own file.
YamlValue spread_x(const std::string& id, const YamlValue& x, const YamlValue* y) {
  YamlValue result = YamlValue::empty_map();
  if (y == nullptr || !y->is_map()) {
    result.set(id, x);
    return result;
  }
  for (const auto& entry : y->entries) {
    if (!entry.value.is_list()) {
      result.set(entry.key, x);
      continue;
    }
    YamlValue list = YamlValue::empty_list();
    list.items.assign(entry.value.items.size(), x);
    result.set(entry.key, std::move(list));
  }
  return result;
}

// The one name that all fields have, else `several`.
std::string common_name(const std::vector<Field>& fields, std::string_view several) {
  std::set<std::string> names;
  for (const auto& field : fields) names.insert(field.name);
  return names.size() == 1 ? *names.begin() : std::string(several);
}

// Both axes as {file: field}, and labels for them.
YamlValue completed(const std::string& id, const YamlValue& given,
                    const std::vector<PlotContent>& contents) {
  YamlValue properties = given;
  const YamlValue* x = given.find("x");
  const YamlValue* y = given.find("y");
  if (x != nullptr && x->is_text()) properties.set("x", spread_x(id, *x, y));
  if (y == nullptr) {
    properties.set("y", inferred_y(id, contents));
  } else if (!y->is_map()) {
    YamlValue own = YamlValue::empty_map();
    own.set(id, *y);
    properties.set("y", std::move(own));
  }
  if (properties.find("y_label") == nullptr && properties.find("y")->is_map()) {
    properties.set("y_label",
                   YamlValue::of_text(common_name(fields_of(properties.find("y")), "y")));
  }
  if (properties.find("x_label") == nullptr) {
    const auto fields = fields_of(properties.find("x"));
    properties.set("x_label", YamlValue::of_text(fields.empty() ? std::string(index_field)
                                                                : common_name(fields, "x")));
  }
  return properties;
}

class Joiner {
 public:
  Joiner(const std::vector<PlotContent>& contents, const std::string& revision)
      : revision_(revision) {
    for (const auto& content : contents)
      files_.emplace_back(content.file, points_of(content.value));
  }

  PlotRows join(const YamlValue& properties) {
    xs_ = fields_of(properties.find("x"));
    ys_ = fields_of(properties.find("y"));
    for (const auto* fields : {&xs_, &ys_}) {
      for (const auto& field : *fields) check(field);
    }
    if (xs_.size() > 1 && xs_.size() != ys_.size()) {
      throw Error(ErrorKind::config,
                  fmt::format("x has {} fields and y has {}: several need as many of each",
                              xs_.size(), ys_.size()));
    }
    const std::string x =
        xs_.empty() ? std::string(index_field) : common_or(xs_, joined_x, xs_.size() > 1);
    const std::string y = ys_.empty() ? "" : common_or(ys_, joined_y, true);
    const std::size_t prefix = common_prefix();
    PlotRows result;
    for (std::size_t i = 0; i < ys_.size(); ++i) {
      std::string name = ys_[i].file.substr(std::min(prefix, ys_[i].file.size()));
      name.erase(0, name.find_first_not_of('/'));
      result.sources.emplace_back(name, ys_[i].name);
      for (auto& row : rows(i, x, y, name)) result.rows.push_back(std::move(row));
    }
    if (result.rows.empty()) return {};
    result.properties = properties;
    result.properties.set("x", YamlValue::of_text(x));
    result.properties.set("y", YamlValue::of_text(y));
    return result;
  }

 private:
  const Points* points(const std::string& file) const {
    const auto found = std::ranges::find(files_, file, &std::pair<std::string, Points>::first);
    return found == files_.end() ? nullptr : &found->second;
  }

  void check(const Field& field) const {
    const Points* found = points(field.file);
    if (found == nullptr) return;  // the file itself is an error already
    if (found->empty()) {
      throw Error(ErrorKind::config, fmt::format("{} has no rows", quote(field.file)));
    }
    if (found->front().find(field.name) != nullptr) return;
    throw Error(ErrorKind::config,
                fmt::format("{} has no field {}", quote(field.file), quote(field.name)),
                fmt::format("it has: {}", field_names(found->front())));
  }

  static std::string common_or(const std::vector<Field>& fields, std::string_view joined,
                               bool several) {
    return several ? common_name(fields, joined) : fields.front().name;
  }

  // Bytes of the folder that all files of y have in common.
  std::size_t common_prefix() const {
    std::set<std::string> files;
    for (const auto& field : ys_) files.insert(field.file);
    if (files.size() < 2) return 0;
    auto common = split(*files.begin(), '/');
    for (const auto& file : files) {
      const auto parts = split(file, '/');
      const auto end = std::ranges::mismatch(common, parts).in1;
      common.erase(end, common.end());
    }
    return mlopsctl::join(common, "/").size();
  }

  Points rows(std::size_t index, const std::string& x, const std::string& y,
              const std::string& name) const {
    const Field& field = ys_[index];
    const Points* found = points(field.file);
    Points rows = found == nullptr ? Points{} : *found;
    if (y == joined_y) {
      for (auto& row : rows) copy(row, y, row.find(field.name));
    }
    if (xs_.empty()) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].set(x, YamlValue::of_integer(static_cast<std::int64_t>(i)));
      }
    } else {
      add_x(rows, x, xs_.size() > 1 ? xs_[index] : xs_.front(), field);
    }
    for (auto& row : rows) {
      row.set("rev", YamlValue::of_text(revision_));
      row.set("filename", YamlValue::of_text(name));
      row.set("field", YamlValue::of_text(field.name));
    }
    return rows;
  }

  void add_x(Points& rows, const std::string& x, const Field& from, const Field& to) const {
    const Points* source = points(from.file);
    const std::size_t count = source == nullptr ? 0 : source->size();
    if (count != rows.size()) {
      throw Error(ErrorKind::config,
                  fmt::format("{} of {} ({} rows) and {} of {} ({} rows) cannot be joined",
                              quote(from.name), quote(from.file), count, quote(to.name),
                              quote(to.file), rows.size()),
                  "x and y need the same number of rows");
    }
    for (std::size_t i = 0; i < rows.size(); ++i) copy(rows[i], x, (*source)[i].find(from.name));
  }

  // `value` may point into `row`.
  static void copy(YamlValue& row, const std::string& key, const YamlValue* value) {
    if (value == nullptr) return;
    YamlValue own = *value;
    row.set(key, std::move(own));
  }

  std::string revision_;
  std::vector<std::pair<std::string, Points>> files_;
  std::vector<Field> xs_, ys_;
};

}  // namespace

YamlValue separated_values(std::string_view text, char delimiter, bool header) {
  YamlValue result = YamlValue::empty_list();
  std::vector<std::string> names;
  while (auto record = first_csv_record(text, delimiter)) {
    text.remove_prefix(std::max<std::size_t>(record->end, 1));
    if (names.empty()) {
      for (std::size_t i = 0; i < record->fields.size(); ++i) {
        names.push_back(header ? record->fields[i] : std::to_string(i));
      }
      if (header) continue;
    }
    YamlValue row = YamlValue::empty_map();
    for (std::size_t i = 0; i < names.size(); ++i) {
      row.set(names[i],
              i < record->fields.size() ? YamlValue::of_text(record->fields[i]) : YamlValue{});
    }
    result.items.push_back(std::move(row));
  }
  return result;
}

std::vector<std::string> plot_sources(const std::string& id, const YamlValue& properties) {
  std::vector<std::string> sources;
  const auto add = [&](const std::string& file) {
    if (std::ranges::find(sources, file) == sources.end()) sources.push_back(file);
  };
  const YamlValue* y = properties.find("y");
  if (y != nullptr && y->is_map()) {
    for (const auto& entry : y->entries) add(entry.key);
  } else {
    add(id);
  }
  const YamlValue* x = properties.find("x");
  if (x != nullptr && !x->entries.empty()) add(x->entries.front().key);
  return sources;
}

PlotRows plot_rows(const std::string& id, const YamlValue& properties,
                   const std::vector<PlotContent>& contents, const std::string& revision) {
  return Joiner(contents, revision).join(completed(id, properties, contents));
}

}  // namespace mlopsctl::data
