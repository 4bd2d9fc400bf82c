#include "mlopsctl/data/dvc_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/formats/yaml_edit.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"
#include "mlopsctl/formats/yaml_value.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/out_entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace mlopsctl::data {

namespace {

constexpr std::array<std::string_view, 9> top_keys{
    "desc", "md5", "cmd", "wdir", "frozen", "deps", "outs", "always_changed", "meta"};

[[noreturn]] void fail(const YamlValue& at, std::string_view what) {
  throw Error(ErrorKind::config, at.span.line > 0 ? fmt::format("line {}: {}", at.span.line, what)
                                                  : std::string(what));
}

std::string text_at(const YamlValue& map, std::string_view key) {
  const YamlValue* value = map.find(key);
  if (value == nullptr) return "";
  return value->is_text() || value->kind == YamlKind::integer ? value->text : "";
}

std::optional<std::uint64_t> count_at(const YamlValue& map, std::string_view key) {
  const YamlValue* value = map.find(key);
  if (value == nullptr || value->kind != YamlKind::integer) return std::nullopt;
  const auto number = parse_integer(value->text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

DepEntry read_dep(const YamlValue& value) {
  if (!value.is_map()) fail(value, "a dependency is no map");
  DepEntry dep;
  dep.path = text_at(value, "path");
  dep.state.etag = text_at(value, "etag");
  dep.state.checksum = text_at(value, "checksum");
  dep.state.size = count_at(value, "size");
  dep.state.nfiles = count_at(value, "nfiles");
  const std::string md5 = to_lower(text_at(value, "md5"));
  if (is_object_name(md5)) {
    dep.state.md5 =
        ObjectId{md5, text_at(value, "hash") == "md5" ? HashKind::md5 : HashKind::legacy};
  }
  if (const YamlValue* executable = value.find("isexec"); executable != nullptr) {
    dep.state.executable = executable->kind == YamlKind::boolean && executable->boolean;
  }
  if (const YamlValue* options = value.find("fs_config"); options != nullptr) {
    for (const auto& option : options->entries) {
      dep.fs_config[option.key] = option.value.kind == YamlKind::boolean
                                      ? (option.value.boolean ? "true" : "false")
                                      : option.value.text;
    }
  }
  dep.repo = value.find("repo") != nullptr;
  return dep;
}

YamlValue dep_value(const DepEntry& dep) {
  YamlValue value = YamlValue::empty_map();
  const SourceState& state = dep.state;
  const auto number = [](std::uint64_t n) {
    return YamlValue::of_integer(static_cast<std::int64_t>(n));
  };
  if (state.md5) value.set("md5", YamlValue::of_text(state.md5->hex));
  if (!state.etag.empty()) value.set("etag", YamlValue::of_text(state.etag));
  if (!state.checksum.empty()) value.set("checksum", YamlValue::of_text(state.checksum));
  if (state.size) value.set("size", number(*state.size));
  if (state.nfiles) value.set("nfiles", number(*state.nfiles));
  if (state.executable) value.set("isexec", YamlValue::of_bool(true));
  value.set("hash", YamlValue::of_text("md5"));
  value.set("path", YamlValue::of_text(dep.path));
  if (!dep.fs_config.empty()) {
    YamlValue options = YamlValue::empty_map();
    for (const auto& [name, text] : dep.fs_config) options.set(name, YamlValue::of_text(text));
    value.set("fs_config", std::move(options));
  }
  return value;
}

// What decides about meaning; the rest of an entry belongs to its author.
constexpr std::array<std::string_view, 5> hash_keys{"md5", "size", "nfiles", "isexec", "hash"};
constexpr std::array<std::string_view, 7> dep_keys{"md5",    "etag",   "checksum", "size",
                                                   "nfiles", "isexec", "hash"};

// What the MD5 of a stage leaves out, wherever it is.
constexpr std::array<std::string_view, 11> outside_md5{"desc",   "type",   "labels", "meta",
                                                       "locked", "frozen", "metric", "persist",
                                                       "isexec", "size",   "nfiles"};

YamlValue without_notes(const YamlValue& value) {
  YamlValue result = value;
  std::erase_if(result.entries, [](const YamlEntry& entry) {
    return std::ranges::find(outside_md5, entry.key) != outside_md5.end();
  });
  for (auto& entry : result.entries) entry.value = without_notes(entry.value);
  for (auto& item : result.items) item = without_notes(item);
  return result;
}

// `text` with some keys of the first item of a list made those of `wanted`; others stay.
std::string with_keys(std::string text, const char* list, std::span<const std::string_view> keys,
                      const YamlValue& wanted) {
  const YamlValue root = parse_yaml(text);
  const YamlValue* items = root.find(list);
  if (items == nullptr || !items->is_list() || items->items.empty())
    fail(root, fmt::format("it has no {}", list));
  const YamlValue& old = items->items.front();
  for (const auto key : keys) {
    const std::vector<std::string> path{list, "0", std::string(key)};
    const YamlValue* value = wanted.find(key);
    const YamlValue* present = old.find(key);
    if (value == nullptr) {
      if (present != nullptr) text = yaml_erase(text, path);
    } else if (present == nullptr || present->kind != value->kind ||
               !python_equal(*present, *value)) {
      text = yaml_set(text, path, *value);
    }
  }
  return text;
}

YamlValue meta_value(const std::string& text) {
  // "layers=12" is a number, as DVC's own --meta reads it.
  try {
    YamlValue value = parse_yaml(text);
    if (!value.is_map() && !value.is_list()) return value;
  } catch (const Error&) {  // no YAML: then it is text
  }
  return YamlValue::of_text(text);
}

}  // namespace

DvcFile parse_dvc_file(std::string_view text) {
  const YamlValue root = parse_yaml(text);
  DvcFile file;
  if (root.is_null()) return file;
  if (!root.is_map()) fail(root, "it is no map");
  for (const auto& entry : root.entries) {
    if (std::ranges::find(top_keys, entry.key) == top_keys.end()) {
      fail(entry.value, fmt::format("unknown key {}", quote(entry.key)));
    }
  }
  file.desc = text_at(root, "desc");
  file.md5 = text_at(root, "md5");
  file.wdir = text_at(root, "wdir");
  file.cmd = text_at(root, "cmd");
  if (const YamlValue* frozen = root.find("frozen"); frozen != nullptr) {
    file.frozen = frozen->kind == YamlKind::boolean && frozen->boolean;
  }
  if (const YamlValue* deps = root.find("deps"); deps != nullptr && !deps->is_null()) {
    if (!deps->is_list()) fail(*deps, "'deps' is no list");
    for (const auto& dep : deps->items) file.deps.push_back(read_dep(dep));
  }
  if (const YamlValue* outs = root.find("outs"); outs != nullptr && !outs->is_null()) {
    if (!outs->is_list()) fail(*outs, "'outs' is no list");
    for (std::size_t i = 0; i < outs->items.size(); ++i) {
      file.outs.push_back(read_out_entry(outs->items[i], fmt::format("outs[{}]", i)));
    }
  }
  return file;
}

std::string new_dvc_text(const OutEntry& out, const Annotations& annotations) {
  YamlValue outs = YamlValue::empty_list();
  outs.items.push_back(out_entry_value(out));
  YamlValue root = YamlValue::empty_map();
  root.set("outs", std::move(outs));
  return edited_dvc_text(emit_yaml(root), out, annotations);
}

std::string edited_dvc_text(std::string_view text, const OutEntry& out,
                            const Annotations& annotations) {
  std::vector<std::string_view> keys(hash_keys.begin(), hash_keys.end());
  keys.emplace_back("path");
  YamlValue wanted = out_entry_value(out);
  const auto set = [&](std::string_view key, YamlValue value) {
    wanted.set(key, std::move(value));
    keys.push_back(key);
  };
  if (annotations.desc) set("desc", YamlValue::of_text(*annotations.desc));
  if (annotations.type) set("type", YamlValue::of_text(*annotations.type));
  if (!annotations.labels.empty()) {
    YamlValue labels = YamlValue::empty_list();
    for (const auto& label : annotations.labels) labels.items.push_back(YamlValue::of_text(label));
    set("labels", std::move(labels));
  }
  std::string edited = with_keys(std::string(text), "outs", keys, wanted);
  for (const auto& [key, value] : annotations.meta) {
    const std::vector<std::string> path{"outs", "0", "meta", key};
    edited = yaml_set(edited, path, meta_value(value));
  }
  return edited;
}

std::string new_import_text(const DepEntry& dep, const OutEntry& out, bool exec) {
  YamlValue root = YamlValue::empty_map();
  if (exec) root.set("md5", YamlValue::of_text(""));
  root.set("frozen", YamlValue::of_bool(true));
  YamlValue deps = YamlValue::empty_list(), outs = YamlValue::empty_list();
  deps.items.push_back(dep_value(dep));
  outs.items.push_back(out_entry_value(out));
  root.set("deps", std::move(deps));
  root.set("outs", std::move(outs));
  if (exec) root.set("md5", YamlValue::of_text(stage_md5(emit_yaml(root))));
  return emit_yaml(root);
}

std::string edited_import_text(std::string_view text, const DepEntry& dep, const OutEntry& out) {
  std::string edited = with_keys(std::string(text), "deps", dep_keys, dep_value(dep));
  edited = with_keys(std::move(edited), "outs", hash_keys, out_entry_value(out));
  const std::vector<std::string> path{"md5"};
  return yaml_set(edited, path, YamlValue::of_text(stage_md5(edited)));
}

std::string stage_md5(std::string_view text) {
  YamlValue root = without_notes(parse_yaml(text));
  root.erase("md5");
  if (const YamlValue* wdir = root.find("wdir"); wdir != nullptr && wdir->text == ".")
    root.erase("wdir");
  return md5_of(python_json(root));
}

}  // namespace mlopsctl::data
