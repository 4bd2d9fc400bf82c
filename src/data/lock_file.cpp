#include "mlopsctl/data/lock_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/formats/yaml_edit.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/pipeline_schema.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr std::string_view default_params = "params.yaml";

std::optional<std::uint64_t> count_of(const YamlValue& item, std::string_view key) {
  const YamlValue* value = item.find(key);
  if (value == nullptr || value->kind != YamlKind::integer) return std::nullopt;
  const auto number = parse_integer(value->text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

LockedItem read_item(const YamlValue& value) {
  LockedItem item;
  item.raw = value;
  if (const YamlValue* path = value.find("path")) item.path = path->text;
  const YamlValue* md5 = value.find("md5");
  if (md5 != nullptr && (md5->is_text() || md5->kind == YamlKind::integer)) {
    const bool current = value.find("hash") != nullptr;
    const std::string name = to_lower(md5->text);
    if (is_object_name(name)) {
      item.id = ObjectId{name, current ? HashKind::md5 : HashKind::legacy};
    }
  }
  const auto text = [&](const char* key) {
    const YamlValue* found = value.find(key);
    return found != nullptr && found->is_text() ? found->text : std::string();
  };
  item.etag = text("etag");
  item.checksum = text("checksum");
  item.size = count_of(value, "size");
  item.nfiles = count_of(value, "nfiles");
  if (const YamlValue* executable = value.find("isexec")) item.executable = executable->boolean;
  return item;
}

YamlValue item_value(const LockedItem& item) {
  YamlValue value = YamlValue::empty_map();
  value.set("path", YamlValue::of_text(item.path));
  if (!item.id || item.id->kind == HashKind::md5) value.set("hash", YamlValue::of_text("md5"));
  if (item.id) {
    value.set("md5", YamlValue::of_text(item.id->hex));
  } else {
    if (!item.etag.empty()) value.set("etag", YamlValue::of_text(item.etag));
    if (!item.checksum.empty()) value.set("checksum", YamlValue::of_text(item.checksum));
  }
  const auto count = [&](const char* key, const std::optional<std::uint64_t>& number) {
    if (number) value.set(key, YamlValue::of_integer(static_cast<std::int64_t>(*number)));
  };
  count("size", item.size);
  count("nfiles", item.nfiles);
  if (item.executable) value.set("isexec", YamlValue::of_bool(true));
  for (const char* key : {"version_id", "etag", "checksum", "cloud", "files", "dataset"}) {
    const YamlValue* kept = item.raw.find(key);
    if (kept != nullptr && value.find(key) == nullptr) value.set(key, *kept);
  }
  return value;
}

YamlValue items_value(std::vector<LockedItem> items) {
  std::ranges::stable_sort(items, {}, &LockedItem::path);
  YamlValue list = YamlValue::empty_list();
  for (const auto& item : items) list.items.push_back(item_value(item));
  return list;
}

YamlValue sorted_keys(const YamlValue& map) {
  YamlValue result = map;
  std::ranges::stable_sort(result.entries, {}, &YamlEntry::key);
  return result;
}

YamlValue params_value(const YamlValue& params) {
  YamlValue result = sorted_keys(params);
  std::stable_partition(result.entries.begin(), result.entries.end(),
                        [](const YamlEntry& entry) { return entry.key == default_params; });
  for (auto& entry : result.entries) entry.value = sorted_keys(entry.value);
  return result;
}

// DVC drops these keys wherever they are, which is its defect with parameters of that name.
YamlValue without_sizes(const YamlValue& value) {
  YamlValue result = value;
  if (value.is_map()) {
    std::erase_if(result.entries, [](const YamlEntry& entry) {
      return entry.key == "size" || entry.key == "nfiles";
    });
  }
  for (auto& entry : result.entries) entry.value = without_sizes(entry.value);
  for (auto& item : result.items) item = without_sizes(item);
  return result;
}

const LockedItem* find_item(const std::vector<LockedItem>& items, std::string_view path) {
  const auto found = std::ranges::find(items, path, &LockedItem::path);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const LockedItem* LockEntry::dep(std::string_view path) const { return find_item(deps, path); }
const LockedItem* LockEntry::out(std::string_view path) const { return find_item(outs, path); }

LockEntry parse_lock_entry(const YamlValue& value, std::string_view name) {
  check_lock_entry(value, name);
  LockEntry entry;
  entry.cmd = *value.find("cmd");
  if (const YamlValue* deps = value.find("deps")) {
    for (const auto& item : deps->items) entry.deps.push_back(read_item(item));
  }
  if (const YamlValue* outs = value.find("outs")) {
    for (const auto& item : outs->items) entry.outs.push_back(read_item(item));
  }
  if (const YamlValue* params = value.find("params")) entry.params = *params;
  return entry;
}

LockFile LockFile::parse(const std::string& file, std::string_view text) {
  LockFile result;
  try {
    const YamlValue root = parse_yaml(text);
    check_lock_schema(root);
    if (const YamlValue* stages = root.find("stages")) {
      for (const auto& entry : stages->entries) {
        result.entries_.emplace_back(entry.key, parse_lock_entry(entry.value, entry.key));
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::config, fmt::format("'{}' {}", file, error.what()),
                error.hint().empty()
                    ? "solve a merge conflict in it, or remove it and run 'mlopsctl repro'"
                    : error.hint());
  }
  std::ranges::stable_sort(result.entries_, {}, [](const auto& entry) { return entry.first; });
  return result;
}

const LockEntry* LockFile::find(std::string_view stage) const {
  const auto found = std::ranges::lower_bound(
      entries_, stage, {}, [](const auto& entry) { return std::string_view(entry.first); });
  return found == entries_.end() || found->first != stage ? nullptr : &found->second;
}

YamlValue lock_entry_value(const LockEntry& entry) {
  YamlValue value = YamlValue::empty_map();
  value.set("cmd", entry.cmd);
  if (!entry.deps.empty()) value.set("deps", items_value(entry.deps));
  if (!entry.params.entries.empty()) value.set("params", params_value(entry.params));
  if (!entry.outs.empty()) value.set("outs", items_value(entry.outs));
  return value;
}

std::string lock_text_with(std::string_view text, const std::string& stage,
                           const LockEntry& entry) {
  const std::vector<std::string> path{"stages", stage};
  const std::string before = trim(text).empty() ? "schema: '2.0'\n" : std::string(text);
  return yaml_set(before, path, lock_entry_value(entry));
}

bool same_command(const YamlValue& locked, const YamlValue& now) {
  if (python_equal(locked, now)) return true;
  YamlValue map = YamlValue::empty_map();
  map.set("cmd", now);
  YamlValue inner = YamlValue::empty_map();
  inner.set("s", std::move(map));
  // As deep as in a dvc.lock, since where lines are folded depends on it.
  YamlValue root = YamlValue::empty_map();
  root.set("stages", std::move(inner));
  const YamlValue again = parse_yaml(emit_yaml(root));
  return python_equal(locked, *again.find("stages")->find("s")->find("cmd"));
}

RunCacheName run_cache_name(const LockEntry& entry) {
  YamlValue value = lock_entry_value(entry);
  YamlValue key = value;
  YamlValue paths = YamlValue::empty_list();
  if (const YamlValue* outs = value.find("outs")) {
    for (const auto& out : outs->items) paths.items.push_back(*out.find("path"));
  }
  key.set("outs", std::move(paths));
  return {sha256_hex(python_json(without_sizes(key))),
          sha256_hex(python_json(without_sizes(value)))};
}

}  // namespace mlopsctl::data
