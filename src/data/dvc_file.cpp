#include "mlopsctl/data/dvc_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_edit.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "data/out_entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

DepEntry read_dep(const YamlValue& value) {
  if (!value.is_map()) fail(value, "a dependency is no map");
  DepEntry dep;
  dep.path = text_at(value, "path");
  dep.etag = text_at(value, "etag");
  if (const YamlValue* size = value.find("size"); size != nullptr) {
    if (const auto number = parse_integer(size->text)) {
      dep.size = static_cast<std::uint64_t>(*number);
    }
  }
  const std::string md5 = to_lower(text_at(value, "md5"));
  if (is_object_name(md5)) {
    dep.id = ObjectId{md5, text_at(value, "hash") == "md5" ? HashKind::md5 : HashKind::legacy};
  }
  if (const YamlValue* repo = value.find("repo"); repo != nullptr) {
    dep.repo = true;
    dep.repo_url = text_at(*repo, "url");
    dep.repo_rev = text_at(*repo, "rev");
    dep.repo_rev_lock = text_at(*repo, "rev_lock");
  }
  return dep;
}

// What decides about meaning; the rest of an entry belongs to its author.
constexpr std::array<std::string_view, 5> hash_keys{"md5", "size", "nfiles", "isexec", "hash"};

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
  const YamlValue wanted = out_entry_value(out);
  const YamlValue root = parse_yaml(text);
  const YamlValue* outs = root.find("outs");
  if (outs == nullptr || !outs->is_list() || outs->items.empty()) fail(root, "it has no outs");
  const YamlValue& old = outs->items.front();
  std::string edited(text);
  const auto set = [&](std::string_view key, const YamlValue& value) {
    const std::vector<std::string> path{"outs", "0", std::string(key)};
    const YamlValue* present = old.find(key);
    if (present != nullptr && present->kind == value.kind && python_equal(*present, value)) return;
    edited = yaml_set(edited, path, value);
  };
  for (const auto key : hash_keys) {
    const YamlValue* value = wanted.find(key);
    if (value != nullptr) {
      set(key, *value);
    } else if (old.find(key) != nullptr) {
      const std::vector<std::string> path{"outs", "0", std::string(key)};
      edited = yaml_erase(edited, path);
    }
  }
  set("path", YamlValue::of_text(out.path));
  if (annotations.desc) set("desc", YamlValue::of_text(*annotations.desc));
  if (annotations.type) set("type", YamlValue::of_text(*annotations.type));
  if (!annotations.labels.empty()) {
    YamlValue labels = YamlValue::empty_list();
    for (const auto& label : annotations.labels) labels.items.push_back(YamlValue::of_text(label));
    set("labels", labels);
  }
  for (const auto& [key, value] : annotations.meta) {
    const std::vector<std::string> path{"outs", "0", "meta", key};
    edited = yaml_set(edited, path, meta_value(value));
  }
  return edited;
}

}  // namespace mlopsctl::data
