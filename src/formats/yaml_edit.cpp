#include "mlopsctl/formats/yaml_edit.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"

#include "formats/yaml_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlopsctl {

namespace {

// A block of text ("|") at the very end has no line break as its last character; any line below it
// would give it one.
void require_closed_end(std::string_view text, const YamlValue& root) {
  if (text.empty() || text.back() == '\n') return;
  if (python_equal(parse_yaml(std::string(text) + '\n'), root)) return;
  throw Error(ErrorKind::config, "the file ends within a block of text, without a line break",
              "end its last line with a line break");
}

class Editor : private YamlPlaces {
 public:
  explicit Editor(std::string_view text) : YamlPlaces(text), root_(parse_yaml(text)) {
    require_closed_end(text, root_);
  }

  const YamlValue& root() const { return root_; }

  void set(YamlPath path, const YamlValue& value, bool update) {
    if (path.empty()) {
      const bool in_place = root_.is_map() || root_.items.size() == value.items.size();
      if (update && same_shape(root_, value) && in_place) return this->update(root_, value);
      patches_.push_back({0, source().size(), emit_yaml(value)});
      return;
    }
    YamlValue* map = &root_;
    for (std::size_t depth = 0; depth < path.size(); ++depth) {
      if (map->is_list()) {
        map = item(*map, path[depth]);
        if (depth + 1 == path.size()) throw no_map(path, depth);
        continue;
      }
      const std::size_t index = own_entry(*map, path[depth]);
      if (!map->is_map() || index == map->entries.size()) {
        return put(*map, path.subspan(depth), value, path, depth);
      }
      YamlEntry& entry = map->entries[index];
      if (depth + 1 == path.size()) {
        if (update && same_shape(entry.value, value)) return update_value(*map, entry, value);
        if (update && python_equal(entry.value, value)) return;
        return replace(*map, entry, value);
      }
      if (entry.value.is_null()) {
        return replace(*map, entry, nested(path.subspan(depth + 1), value));
      }
      map = &entry.value;
    }
  }

  void erase(YamlPath path) {
    YamlValue* map = &root_;
    YamlEntry* holder = nullptr;
    YamlValue* outer = nullptr;
    for (std::size_t depth = 0; depth < path.size(); ++depth) {
      if (map->is_list()) {
        map = item(*map, path[depth]);
        holder = nullptr;
        continue;
      }
      const std::size_t index = map->is_map() ? own_entry(*map, path[depth]) : map->entries.size();
      if (index == map->entries.size()) return;
      if (depth + 1 == path.size()) return remove(*map, index, outer, holder);
      outer = map;
      holder = &map->entries[index];
      map = &holder->value;
    }
  }

  std::string result() const { return patched(source(), patches_); }

 private:
  static Error no_map(YamlPath path, std::size_t depth) {
    std::vector<std::string> keys(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
    const std::string where = keys.empty() ? "the document" : quote(join(keys, "."));
    return Error(ErrorKind::config, fmt::format("{} is no map: it has no keys to set", where));
  }

  static YamlValue* item(YamlValue& list, const std::string& index) {
    const auto number = parse_integer(index);
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= list.items.size()) {
      throw Error(ErrorKind::config, fmt::format("the list has no element {}", quote(index)));
    }
    return &list.items[static_cast<std::size_t>(*number)];
  }

  // Entries that came in through '<<' are elsewhere in the text; they are not this map's own.
  static std::size_t own_entry(const YamlValue& map, const std::string& key) {
    for (std::size_t i = 0; i < map.entries.size(); ++i) {
      const auto& entry = map.entries[i];
      if (entry.key_kind == YamlKind::text && entry.key == key && owns(map, entry)) return i;
    }
    return map.entries.size();
  }
  static bool owns(const YamlValue& map, const YamlEntry& entry) {
    return entry.key_span.begin >= map.span.begin && entry.key_span.end <= map.span.end;
  }

  static YamlValue nested(YamlPath keys, const YamlValue& value) {
    if (keys.empty()) return value;
    YamlValue map = YamlValue::empty_map();
    map.set(keys[0], nested(keys.subspan(1), value));
    return map;
  }

  static bool same_shape(const YamlValue& a, const YamlValue& b) {
    return (a.is_map() && b.is_map()) || (a.is_list() && b.is_list());
  }

  void replace(const YamlValue& map, const YamlEntry& entry, const YamlValue& value) {
    const std::size_t begin = after_colon(entry);
    const std::size_t end = entry_end(entry);
    if (map.flow) {
      patches_.push_back({begin, end, " " + flow_text(value)});
      return;
    }
    const std::size_t column = column_of(entry);
    if (keeps_flow(entry.value, value)) {
      patches_.push_back({begin, end, " " + flow_text(value)});
      return;
    }
    patches_.push_back({begin, end, emit_yaml_after_key(value, column, columns_before(begin))});
  }

  static std::string flow_text(const YamlValue& value) {
    return value.is_null() ? "null" : emit_yaml_flow(value);
  }

  // A list in brackets stays one.
  static bool keeps_flow(const YamlValue& before, const YamlValue& after) {
    const bool filled = !after.items.empty() || !after.entries.empty();
    return before.flow && same_shape(before, after) && filled &&
           (!before.items.empty() || !before.entries.empty());
  }

  void put(YamlValue& map, YamlPath keys, const YamlValue& value, YamlPath path,
           std::size_t depth) {
    if (!map.is_map() && !map.is_null()) throw no_map(path, depth);
    append(map, {.key = keys[0], .key_span = {}, .value = nested(keys.subspan(1), value)});
  }

  void append(const YamlValue& map, const YamlEntry& entry) {
    if (map.is_null() || (map.entries.empty() && &map == &root_)) {
      return append_to_document(map, entry);
    }
    if (map.flow) {
      const std::size_t brace = map.span.end - 1;
      const std::string text = emit_yaml_flow_key(entry) +
                               (entry.value.is_null() ? ":" : ": " + emit_yaml_flow(entry.value));
      std::size_t end = brace;
      while (end > map.span.begin &&
             (is_yaml_blank(source()[end - 1]) || source()[end - 1] == '\n'))
        --end;
      const bool comma = end > 0 && source()[end - 1] == ',';
      const std::string before = map.entries.empty() ? "" : comma ? " " : ", ";
      patches_.push_back({end, end, before + text});
      return;
    }
    // Block maps: below their last line, at the column of their keys.
    const YamlEntry* first = nullptr;
    std::size_t end = 0;
    for (const auto& one : map.entries) {
      if (!owns(map, one)) continue;
      if (first == nullptr) first = &one;
      end = std::max(end, entry_end(one));
    }
    if (first == nullptr) {
      throw Error(ErrorKind::config,
                  fmt::format("line {}: the map has only merged keys; add {} by hand",
                              map.span.line, quote(entry.key)));
    }
    const std::size_t column = column_of(*first);
    const std::size_t at = line_end(end);
    patches_.push_back({at, at, "\n" + std::string(column, ' ') + emit_yaml_entry(entry, column)});
    if (at == source().size()) patches_.back().text += "\n";
  }

  void append_to_document(const YamlValue& map, const YamlEntry& entry) {
    YamlValue fresh = YamlValue::empty_map();
    fresh.entries.push_back(entry);
    std::string text = emit_yaml(fresh);
    if (map.is_map()) {  // "{}"
      text.pop_back();
      patches_.push_back({map.span.begin, map.span.end, text});
      return;
    }
    const bool open_line = !source().empty() && source().back() != '\n';
    patches_.push_back({source().size(), source().size(), (open_line ? "\n" : "") + text});
  }

  void remove(const YamlValue& map, std::size_t index, const YamlValue* outer,
              const YamlEntry* holder) {
    const auto& entry = map.entries[index];
    const bool last = index + 1 == map.entries.size();
    if (map.flow) {
      const bool first = index == 0;
      const std::size_t begin = first ? entry.key_span.begin : entry_end(map.entries[index - 1]);
      const std::size_t end =
          first && !last ? map.entries[index + 1].key_span.begin : entry_end(entry);
      patches_.push_back({begin, end, ""});
      return;
    }
    if (map.entries.size() == 1) {
      if (holder != nullptr) return replace(*outer, *holder, YamlValue::empty_map());
      patches_.push_back({entry.key_span.begin, entry_end(entry), "{}"});
      return;
    }
    const std::size_t start = line_start(entry.key_span.begin);
    const bool own_line = trim(source().substr(start, entry.key_span.begin - start)).empty();
    if (own_line) {
      const std::size_t end = line_end(entry_end(entry));
      patches_.push_back({start, std::min(end + 1, source().size()), ""});
    } else if (!last) {  // behind "- ": the next key moves up
      patches_.push_back({entry.key_span.begin, map.entries[index + 1].key_span.begin, ""});
    }
  }

  // DVC's apply_diff.
  void update(YamlValue& before, const YamlValue& after) {
    if (before.is_map()) {
      std::vector<std::size_t> gone;
      for (std::size_t i = 0; i < before.entries.size(); ++i) {
        auto& entry = before.entries[i];
        if (after.find(entry.key) == nullptr && owns(before, entry)) gone.push_back(i);
      }
      const bool all_gone = gone.size() == before.entries.size() && !after.entries.empty();
      for (const auto& entry : after.entries) {
        const std::size_t index = own_entry(before, entry.key);
        if (index == before.entries.size()) {
          const YamlValue* merged = before.find(entry.key);
          if (merged == nullptr || !python_equal(*merged, entry.value)) append(before, entry);
          continue;
        }
        auto& old = before.entries[index];
        if (same_shape(old.value, entry.value)) {
          update_value(before, old, entry.value);
        } else if (!python_equal(old.value, entry.value)) {
          replace(before, old, entry.value);
        }
      }
      if (after.entries.empty() || all_gone) {
        remove_all(before, gone);
      } else {
        for (const auto index : gone) remove(before, index, nullptr, nullptr);
      }
      return;
    }
    for (std::size_t i = 0; i < after.items.size(); ++i) {
      auto& old = before.items[i];
      const auto& item = after.items[i];
      if (same_shape(old, item) && (old.is_map() || old.items.size() == item.items.size())) {
        update(old, item);
      } else if (!python_equal(old, item)) {
        replace_item(before, old, item);
      }
    }
  }

  void update_value(const YamlValue& map, YamlEntry& entry, const YamlValue& after) {
    if (python_equal(entry.value, after)) return;
    const bool whole = (after.is_list() && entry.value.items.size() != after.items.size()) ||
                       (after.is_map() && (after.entries.empty() || entry.value.entries.empty()));
    if (whole) return replace(map, entry, after);
    update(entry.value, after);
  }

  void replace_item(const YamlValue& list, const YamlValue& old, const YamlValue& item) {
    const std::size_t end = content_end(old, old.span.begin);
    patches_.push_back({old.span.begin, end, list.flow ? flow_text(item) : item_text(old, item)});
  }

  // As after "- ": the emitter writes it in a list, whose dash is dropped.
  std::string item_text(const YamlValue& old, const YamlValue& item) const {
    YamlValue map = YamlValue::empty_map();
    YamlValue list = YamlValue::empty_list();
    list.items.push_back(item);
    const std::size_t column = old.span.column >= 3 ? old.span.column - 3 : 0;
    std::string text = emit_yaml_after_key(list, column, 0);  // "\n  - …"
    return text.substr(1 + column + 2);
  }

  void remove_all(const YamlValue& map, const std::vector<std::size_t>& gone) {
    for (const auto index : gone) {
      const auto& entry = map.entries[index];
      const std::size_t start = line_start(entry.key_span.begin);
      const std::size_t end = line_end(entry_end(entry));
      patches_.push_back({start, std::min(end + 1, source().size()), ""});
    }
  }

  YamlValue root_;
  std::vector<YamlPatch> patches_;
};

// python_equal, but NaN is itself here.
bool same_tree(const YamlValue& a, const YamlValue& b) {
  if (a.kind == YamlKind::real && b.kind == YamlKind::real) {
    return a.real == b.real || (a.real != a.real && b.real != b.real);
  }
  if (a.is_list() && b.is_list()) return std::ranges::equal(a.items, b.items, same_tree);
  if (a.is_map() && b.is_map()) {
    if (a.entries.size() != b.entries.size()) return false;
    return std::ranges::all_of(a.entries, [&](const YamlEntry& entry) {
      const auto found = std::ranges::find_if(b.entries, [&](const YamlEntry& other) {
        return other.key_kind == entry.key_kind && other.key == entry.key;
      });
      return found != b.entries.end() && same_tree(entry.value, found->value);
    });
  }
  return python_equal(a, b);
}

const YamlValue* value_at(const YamlValue& root, YamlPath path) {
  const YamlValue* value = &root;
  for (const auto& key : path) {
    if (value->is_list()) {
      const auto index = parse_integer(key);
      if (!index || *index < 0 || static_cast<std::size_t>(*index) >= value->items.size()) {
        return nullptr;
      }
      value = &value->items[static_cast<std::size_t>(*index)];
    } else {
      value = value->find(key);
      if (value == nullptr) return nullptr;
    }
  }
  return value;
}

bool reads_back(const std::string& text, YamlPath path, const YamlValue& wanted) {
  try {
    const YamlValue root = parse_yaml(text);
    const YamlValue* found = value_at(root, path);
    if (found == nullptr) return false;
    if (same_tree(*found, wanted)) return true;
    // DVC's folding of some strings with line breaks is read back with a blank more. So is ours.
    YamlValue map = YamlValue::empty_map();
    map.set("v", wanted);
    return same_tree(*found, *parse_yaml(emit_yaml(map)).find("v"));
  } catch (const Error&) {
    return false;
  }
}

[[noreturn]] void refuse(std::string_view text, YamlPath path) {
  const std::vector<std::string> keys(path.begin(), path.end());
  parse_yaml(text);  // says what is wrong with a text that is no YAML
  throw Error(ErrorKind::config,
              fmt::format("{} is written in a way that cannot be changed here",
                          keys.empty() ? "the document" : quote(join(keys, "."))),
              "change it by hand");
}

}  // namespace

std::string yaml_set(std::string_view text, YamlPath path, const YamlValue& value) {
  Editor editor(text);
  editor.set(path, value, false);
  std::string result = editor.result();
  if (!reads_back(result, path, value)) refuse(text, path);
  return result;
}

std::string yaml_erase(std::string_view text, YamlPath path) {
  Editor editor(text);
  editor.erase(path);
  std::string result = editor.result();
  const YamlValue root = parse_yaml(result);
  if (value_at(root, path) != nullptr) refuse(text, path);
  return result;
}

std::string yaml_update(std::string_view text, YamlPath path, const YamlValue& value) {
  // Patches that overlap are applied one round after the other.
  constexpr int rounds = 4;
  std::string result(text);
  try {
    for (int round = 0; round < rounds; ++round) {
      Editor editor(result);
      editor.set(path, value, true);
      std::string next = editor.result();
      if (reads_back(next, path, value)) return next;
      if (next == result) break;
      result = std::move(next);
    }
  } catch (const Error&) {
    // An unusual document; replacing the whole value is tried next.
  }
  return yaml_set(text, path, value);
}

}  // namespace mlopsctl
