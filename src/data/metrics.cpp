#include "mlopsctl/data/metrics.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

namespace {

bool kept(const YamlValue& value) {
  return value.is_number() || value.is_text() || value.kind == YamlKind::boolean;
}

// Lists and nulls are no metrics; maps that are empty without them are none either.
YamlValue only_metrics(const YamlValue& value) {
  if (!value.is_map()) return kept(value) ? value : YamlValue{};
  YamlValue result = YamlValue::empty_map();
  for (const auto& entry : value.entries) {
    YamlValue inner = only_metrics(entry.value);
    if (inner.is_null() || (inner.is_map() && inner.entries.empty())) continue;
    result.entries.push_back({entry.key, entry.key_kind, {}, std::move(inner)});
  }
  return result;
}

void add_once(std::vector<std::string>& paths, std::string path) {
  if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
}

ValueFile read_values(RevisionFiles& files, const std::string& path) {
  ValueFile result{.path = path, .values = YamlValue::empty_map(), .error = {}};
  try {
    const auto text = files.read(path);
    if (!text) {
      result.error = fmt::format("{} does not exist", quote(path));
    } else {
      result.values = parse_values(path, *text);
    }
  } catch (const Error& error) {
    result.error = error.what();
  }
  return result;
}

// "a.b" and "a.c" of a file, nested again.
void put_at(YamlValue& root, const std::string& key_path, const YamlValue& value) {
  YamlValue* map = &root;
  const auto parts = split(key_path, '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    YamlValue* inner = map->find(parts[i]);
    map = inner != nullptr && inner->is_map() ? inner : &map->set(parts[i], YamlValue::empty_map());
  }
  map->set(parts.back(), value);
}

struct WantedFile {
  std::string path;
  bool whole = false;
  std::vector<std::string> keys;
};

WantedFile& wanted(std::vector<WantedFile>& files, const std::string& path) {
  const auto found = std::ranges::find(files, path, &WantedFile::path);
  if (found != files.end()) return *found;
  return files.emplace_back(WantedFile{.path = path, .keys = {}});
}

std::vector<WantedFile> wanted_parameters(RevisionFiles& files,
                                          std::span<const std::string> targets, bool deps_only) {
  std::vector<WantedFile> result;
  for (const auto& target : targets) wanted(result, target).whole = true;
  if (!targets.empty()) return result;
  const Pipelines& pipelines = files.pipelines();
  for (const auto& stage : pipelines.stages()) {
    for (const auto& dep : stage.params) {
      WantedFile& file = wanted(result, stage.path_of(dep.file));
      if (dep.keys.empty()) file.whole = true;
      for (const auto& key : dep.keys) add_once(file.keys, key);
    }
  }
  if (deps_only) return result;
  for (const auto& report : pipelines.reports()) {
    for (const auto& path : report.params) wanted(result, path).whole = true;
  }
  if (files.read("params.yaml")) wanted(result, "params.yaml").whole = true;
  return result;
}

YamlValue shown_value(const YamlValue& value) {
  return value.is_list() ? YamlValue::of_text(python_str(value)) : value;
}

// Lists are shown as Python writes them, at any depth.
YamlValue with_shown_lists(const YamlValue& value) {
  if (!value.is_map()) return shown_value(value);
  YamlValue result = value;
  for (auto& entry : result.entries) entry.value = with_shown_lists(entry.value);
  return result;
}

void flatten(const YamlValue& value, const std::string& prefix, std::vector<FlatValue>& into) {
  for (const auto& entry : value.entries) {
    const std::string key = prefix.empty() ? entry.key : prefix + "." + entry.key;
    if (!entry.value.is_map()) {
      into.push_back({key, entry.value});
    } else {
      flatten(entry.value, key, into);
    }
  }
}

std::optional<YamlValue> difference_of(const YamlValue& before, const YamlValue& after) {
  const auto number = [](const YamlValue& value) {
    return value.is_number() || value.kind == YamlKind::boolean;
  };
  if (!number(before) || !number(after)) return std::nullopt;
  const auto integer = [](const YamlValue& value) -> std::optional<std::int64_t> {
    if (value.kind == YamlKind::boolean) return value.boolean ? 1 : 0;
    return value.kind == YamlKind::integer ? parse_integer(value.text) : std::nullopt;
  };
  const auto a = integer(before), b = integer(after);
  std::int64_t exact = 0;
  if (a && b && !__builtin_sub_overflow(*b, *a, &exact)) return YamlValue::of_integer(exact);
  const auto real = [](const YamlValue& value) {
    return value.kind == YamlKind::boolean ? (value.boolean ? 1.0 : 0.0) : value.number();
  };
  return YamlValue::of_real(real(after) - real(before));
}

}  // namespace

std::vector<ValueFile> read_metrics(RevisionFiles& files, std::span<const std::string> targets) {
  std::vector<std::string> paths(targets.begin(), targets.end());
  if (targets.empty()) {
    const Pipelines& pipelines = files.pipelines();
    for (const auto& stage : pipelines.stages()) {
      for (const auto& out : stage.outs) {
        if (out.role == OutRole::metric) add_once(paths, stage.path_of(out.path));
      }
    }
    for (const auto& report : pipelines.reports()) {
      for (const auto& path : report.metrics) add_once(paths, path);
    }
  }
  std::vector<ValueFile> result;
  for (const auto& path : paths) {
    for (const auto& file : files.files_at(path)) {
      ValueFile values = read_values(files, file);
      values.values = only_metrics(values.values);
      if (values.values.is_null()) values.values = YamlValue::empty_map();
      result.push_back(std::move(values));
    }
  }
  return result;
}

std::vector<ValueFile> read_parameters(RevisionFiles& files, std::span<const std::string> targets,
                                       bool deps_only) {
  std::vector<ValueFile> result;
  for (const auto& file : wanted_parameters(files, targets, deps_only)) {
    ValueFile values = read_values(files, file.path);
    if (!file.whole && values.error.empty()) {
      YamlValue some = YamlValue::empty_map();
      for (const auto& key : file.keys) {
        if (const YamlValue* value = value_at(values.values, key)) put_at(some, key, *value);
      }
      values.values = std::move(some);
    }
    result.push_back(std::move(values));
  }
  if (!targets.empty()) return result;
  for (const auto& stage : files.pipelines().stages()) {
    for (const auto& used : stage.used) {
      auto found = std::ranges::find(result, used.file, &ValueFile::path);
      const bool declared = found != result.end() && !found->error.empty();
      if (declared) continue;
      if (found == result.end()) {
        found = result.insert(result.end(), {used.file, YamlValue::empty_map(), ""});
      } else if (value_at(found->values, used.key) != nullptr) {
        continue;
      }
      put_at(found->values, used.key, used.value);
    }
  }
  return result;
}

std::vector<FlatValue> flat_values(const YamlValue& values) {
  std::vector<FlatValue> result;
  if (values.is_map()) {
    flatten(values, "", result);
  } else if (!values.is_null()) {
    result.push_back({"", values});
  }
  return result;
}

std::vector<ValueChange> compare_values(const std::vector<ValueFile>& before,
                                        const std::vector<ValueFile>& after, bool all) {
  std::map<std::pair<std::string, std::string>, ValueChange> changes;
  const auto take = [&](const std::vector<ValueFile>& files, bool old) {
    for (const auto& file : files) {
      for (auto& flat : flat_values(file.values)) {
        ValueChange& change = changes[{file.path, flat.key}];
        change.path = file.path;
        change.key = flat.key;
        (old ? change.before : change.after) = shown_value(flat.value);
      }
    }
  };
  take(before, true);
  take(after, false);
  std::vector<ValueChange> result;
  for (auto& [name, change] : changes) {
    const bool both = change.before && change.after;
    if (!all && both && python_equal(*change.before, *change.after)) continue;
    if (both) change.difference = difference_of(*change.before, *change.after);
    result.push_back(std::move(change));
  }
  return result;
}

std::string dvc_show_json(std::span<const RevisionValues> revisions, const SeenPath& seen) {
  YamlValue root = YamlValue::empty_map();
  for (const auto& revision : revisions) {
    YamlValue files = YamlValue::empty_map();
    for (const auto& file : revision.files) {
      YamlValue one = YamlValue::empty_map();
      if (file.error.empty()) {
        one.set("data", with_shown_lists(file.values));
      } else {
        YamlValue error = YamlValue::empty_map();
        error.set("type", YamlValue::of_text("Error"));
        error.set("msg", YamlValue::of_text(file.error));
        one.set("error", std::move(error));
      }
      files.set(seen(file.path), std::move(one));
    }
    YamlValue data = YamlValue::empty_map();
    data.set("data", std::move(files));
    root.set(revision.revision, std::move(data));
  }
  return python_json(root, false);
}

std::string dvc_diff_json(std::span<const ValueChange> changes, const SeenPath& seen) {
  YamlValue root = YamlValue::empty_map();
  for (const auto& change : changes) {
    const std::string path = seen(change.path);
    YamlValue* file = root.find(path);
    if (file == nullptr) file = &root.set(path, YamlValue::empty_map());
    YamlValue entry = YamlValue::empty_map();
    entry.set("old", change.before.value_or(YamlValue{}));
    entry.set("new", change.after.value_or(YamlValue{}));
    if (change.difference) entry.set("diff", *change.difference);
    file->set(change.key, std::move(entry));
  }
  return python_json(root, false);
}

}  // namespace mlopsctl::data
