#include "data/out_entry.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::data {

namespace {

constexpr std::array<std::string_view, 22> known_keys{
    "md5",    "etag", "checksum",  "size",   "nfiles", "isexec", "version_id", "cloud",
    "hash",   "path", "fs_config", "desc",   "type",   "labels", "meta",       "cache",
    "metric", "plot", "persist",   "remote", "push",   "files"};

[[noreturn]] void fail(const YamlValue& at, std::string_view what) {
  throw Error(ErrorKind::config, at.span.line > 0 ? fmt::format("line {}: {}", at.span.line, what)
                                                  : std::string(what));
}

std::string text_of(const YamlValue& value, std::string_view name) {
  if (value.is_text()) return value.text;
  // An MD5 of digits only is an integer to YAML where somebody took the quotes away.
  if (value.kind == YamlKind::integer) return value.text;
  fail(value, fmt::format("'{}' is {}, not text", name, yaml_kind_name(value)));
}

std::uint64_t count_of(const YamlValue& value, std::string_view name) {
  if (value.kind == YamlKind::integer) {
    const auto number = parse_integer(value.text);
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  fail(value, fmt::format("'{}' is no whole number", name));
}

bool flag_of(const YamlValue& value, std::string_view name) {
  if (value.kind == YamlKind::boolean) return value.boolean;
  fail(value, fmt::format("'{}' is {}, not true or false", name, yaml_kind_name(value)));
}

}  // namespace

OutEntry read_out_entry(const YamlValue& value, std::string_view where) {
  if (!value.is_map())
    fail(value, fmt::format("{} is {}, not a map", where, yaml_kind_name(value)));
  OutEntry out;
  std::string md5;
  bool modern = false;
  for (const auto& [key, kind, span, item] : value.entries) {
    if (std::ranges::find(known_keys, key) == known_keys.end() && key != "checkpoint") {
      fail(item, fmt::format("{} has the unknown key {}", where, quote(key)));
    }
    if (item.is_null()) continue;
    if (key == "md5") md5 = to_lower(text_of(item, key));
    if (key == "hash") modern = text_of(item, key) == "md5";
    if (key == "path") out.path = text_of(item, key);
    if (key == "size") out.size = count_of(item, key);
    if (key == "nfiles") out.nfiles = count_of(item, key);
    if (key == "isexec") out.executable = flag_of(item, key);
    if (key == "cache") out.cache = flag_of(item, key);
    if (key == "push") out.push = flag_of(item, key);
    if (key == "persist") out.persist = flag_of(item, key);
    if (key == "remote") out.remote = text_of(item, key);
    if (key == "desc") out.desc = text_of(item, key);
    if (key == "type") out.type = text_of(item, key);
    if (key == "files" || key == "cloud") out.cloud_versioned = true;
    if (key == "labels") {
      if (!item.is_list()) fail(item, "'labels' is no list");
      for (const auto& label : item.items) out.labels.push_back(text_of(label, key));
    }
  }
  if (out.path.empty()) fail(value, fmt::format("{} has no path", where));
  if (!md5.empty()) {
    if (!is_object_name(md5)) fail(value, fmt::format("{} is no MD5", quote(md5)));
    out.id = ObjectId{md5, modern ? HashKind::md5 : HashKind::legacy};
  }
  return out;
}

YamlValue out_entry_value(const OutEntry& out) {
  YamlValue value = YamlValue::empty_map();
  if (out.id) value.set("md5", YamlValue::of_text(out.id->hex));
  const auto number = [](std::uint64_t n) {
    return YamlValue::of_integer(static_cast<std::int64_t>(n));
  };
  if (out.size) value.set("size", number(*out.size));
  if (out.nfiles) value.set("nfiles", number(*out.nfiles));
  if (out.executable) value.set("isexec", YamlValue::of_bool(true));
  if (!out.id || out.id->kind == HashKind::md5) value.set("hash", YamlValue::of_text("md5"));
  value.set("path", YamlValue::of_text(out.path));
  if (!out.desc.empty()) value.set("desc", YamlValue::of_text(out.desc));
  if (!out.type.empty()) value.set("type", YamlValue::of_text(out.type));
  if (!out.labels.empty()) {
    YamlValue labels = YamlValue::empty_list();
    for (const auto& label : out.labels) labels.items.push_back(YamlValue::of_text(label));
    value.set("labels", std::move(labels));
  }
  if (!out.cache) value.set("cache", YamlValue::of_bool(false));
  if (out.persist) value.set("persist", YamlValue::of_bool(true));
  if (!out.remote.empty()) value.set("remote", YamlValue::of_text(out.remote));
  if (!out.push) value.set("push", YamlValue::of_bool(false));
  return value;
}

}  // namespace mlopsctl::data
