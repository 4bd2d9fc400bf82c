#include "data/pipeline_schema.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

namespace {

using Names = std::span<const std::string_view>;

[[noreturn]] void fail(const YamlSpan& at, const std::string& message, std::string hint = {}) {
  throw Error(ErrorKind::config, fmt::format("line {}: {}", at.line, message), std::move(hint));
}

YamlSpan span_of(const YamlValue& value, const YamlSpan& near) {
  return value.span.line > 0 && !value.is_null() ? value.span : near;
}

void expect(const YamlValue& value, const YamlSpan& near, std::string_view what,
            std::initializer_list<YamlKind> kinds, std::string_view expected) {
  for (const auto kind : kinds) {
    if (value.kind == kind) return;
  }
  fail(span_of(value, near),
       fmt::format("{} is {}, not {}", what, yaml_kind_name(value), expected));
}

void check_keys(const YamlValue& map, Names allowed, std::string_view what) {
  for (const auto& entry : map.entries) {
    bool known = false;
    for (const auto name : allowed)
      known = known || (entry.key == name && entry.key_kind == YamlKind::text);
    if (known) continue;
    const std::vector<std::string> names(allowed.begin(), allowed.end());
    const auto near = closest(entry.key, names);
    fail(entry.key_span, fmt::format("{} is no key of {}", quote(entry.key), what),
         near ? fmt::format("did you mean {}?", quote(*near))
              : fmt::format("it takes {}", join(names, ", ")));
  }
}

void check_texts(const YamlEntry& entry, std::string_view what) {
  expect(entry.value, entry.key_span, what, {YamlKind::list}, "a list");
  for (const auto& item : entry.value.items) {
    expect(item, entry.key_span, fmt::format("an item of {}", what), {YamlKind::text}, "text");
  }
}

constexpr std::string_view out_keys[] = {"cache", "persist", "checkpoint", "remote", "push",
                                         "desc",  "type",    "labels",     "meta"};
constexpr std::string_view plot_keys[] = {
    "cache", "persist",  "checkpoint", "remote", "push",    "desc",    "type",  "labels",
    "meta",  "template", "x",          "y",      "x_label", "y_label", "title", "header"};

void check_out_options(const YamlValue& options, const YamlSpan& near, bool plot) {
  expect(options, near, "what follows the path", {YamlKind::map}, "a map of options");
  check_keys(options, plot ? Names(plot_keys) : Names(out_keys), "an output");
  for (const auto& entry : options.entries) {
    const bool flag = entry.key == "cache" || entry.key == "persist" || entry.key == "push" ||
                      entry.key == "checkpoint" || entry.key == "header";
    if (flag) {
      // A template may stand for a flag.
      expect(entry.value, entry.key_span, quote(entry.key), {YamlKind::boolean, YamlKind::text},
             "true or false");
    } else if (entry.key == "labels") {
      check_texts(entry, "labels");
    } else if (entry.key != "meta") {
      expect(entry.value, entry.key_span, quote(entry.key), {YamlKind::text}, "text");
    }
  }
}

void check_outs(const YamlEntry& list, bool plot) {
  expect(list.value, list.key_span, quote(list.key), {YamlKind::list}, "a list");
  for (const auto& item : list.value.items) {
    expect(item, list.key_span, fmt::format("an item of {}", quote(list.key)),
           {YamlKind::text, YamlKind::map}, "a path, or a path with options");
    for (const auto& entry : item.entries) {
      if (plot && entry.value.is_list()) {
        for (const auto& one : entry.value.items) check_out_options(one, entry.key_span, true);
      } else if (!entry.value.is_null()) {
        check_out_options(entry.value, entry.key_span, plot);
      }
    }
  }
}

void check_stage_params(const YamlEntry& list) {
  expect(list.value, list.key_span, "'params'", {YamlKind::list}, "a list");
  for (const auto& item : list.value.items) {
    expect(item, list.key_span, "an item of 'params'", {YamlKind::text, YamlKind::map},
           "a key, or a file with its keys");
    for (const auto& entry : item.entries) {
      if (!entry.value.is_null()) check_texts(entry, "the keys of a parameter file");
    }
  }
}

void check_vars(const YamlEntry& list) {
  expect(list.value, list.key_span, "'vars'", {YamlKind::list}, "a list");
  for (const auto& item : list.value.items) {
    expect(item, list.key_span, "an item of 'vars'", {YamlKind::text, YamlKind::map},
           "a file or a map");
  }
}

constexpr std::string_view stage_keys[] = {"cmd",     "wdir",           "deps",  "params", "outs",
                                           "metrics", "plots",          "vars",  "frozen", "meta",
                                           "desc",    "always_changed", "matrix"};

void check_matrix(const YamlEntry& matrix) {
  expect(matrix.value, matrix.key_span, "'matrix'", {YamlKind::map}, "a map of lists");
  for (const auto& entry : matrix.value.entries) {
    expect(entry.value, entry.key_span, quote(entry.key), {YamlKind::list, YamlKind::text},
           "a list, or an expression");
  }
}

void check_stage(const YamlValue& stage, const std::string& name, const YamlSpan& near) {
  const std::string what = "stage " + quote(name);
  expect(stage, near, what, {YamlKind::map}, "a map");
  check_keys(stage, stage_keys, what);
  if (stage.find("cmd") == nullptr) fail(near, what + " has no 'cmd'");
  for (const auto& entry : stage.entries) {
    const std::string& key = entry.key;
    if (key == "cmd") {
      expect(entry.value, entry.key_span, "'cmd'", {YamlKind::text, YamlKind::list},
             "a command or a list of them");
      if (entry.value.is_list()) check_texts(entry, "'cmd'");
    } else if (key == "deps") {
      check_texts(entry, "'deps'");
    } else if (key == "params") {
      check_stage_params(entry);
    } else if (key == "outs" || key == "metrics" || key == "plots") {
      check_outs(entry, key == "plots");
    } else if (key == "vars") {
      check_vars(entry);
    } else if (key == "matrix") {
      check_matrix(entry);
    } else if (key == "frozen" || key == "always_changed") {
      expect(entry.value, entry.key_span, quote(key), {YamlKind::boolean}, "true or false");
    } else if (key == "wdir" || key == "desc") {
      expect(entry.value, entry.key_span, quote(key), {YamlKind::text}, "text");
    }
  }
}

void check_stages(const YamlEntry& stages) {
  expect(stages.value, stages.key_span, "'stages'", {YamlKind::map}, "a map of stages");
  constexpr std::string_view foreach_keys[] = {"foreach", "do"};
  for (const auto& entry : stages.value.entries) {
    if (entry.key_kind != YamlKind::text) {
      fail(entry.key_span, fmt::format("the stage name {} is no text", entry.key),
           "put it into quotes");
    }
    const YamlValue& stage = entry.value;
    const bool loop = stage.find("foreach") != nullptr || stage.find("do") != nullptr;
    if (!loop) {
      check_stage(stage, entry.key, entry.key_span);
      continue;
    }
    check_keys(stage, foreach_keys, "stage " + quote(entry.key));
    const YamlValue* over = stage.find("foreach");
    const YamlValue* body = stage.find("do");
    if (over == nullptr || body == nullptr) {
      fail(entry.key_span, fmt::format("stage {} needs both 'foreach' and 'do'", quote(entry.key)));
    }
    expect(*over, entry.key_span, "'foreach'", {YamlKind::list, YamlKind::map, YamlKind::text},
           "a list, a map or an expression");
    check_stage(*body, entry.key, entry.key_span);
  }
}

void check_top_plots(const YamlEntry& plots) {
  constexpr std::string_view keys[] = {"x", "y", "x_label", "y_label", "title", "template"};
  expect(plots.value, plots.key_span, "'plots'", {YamlKind::list}, "a list");
  for (const auto& item : plots.value.items) {
    expect(item, plots.key_span, "an item of 'plots'", {YamlKind::text, YamlKind::map},
           "a path, or a name with its definition");
    for (const auto& entry : item.entries) {
      if (entry.value.is_null()) continue;
      expect(entry.value, entry.key_span, quote(entry.key), {YamlKind::map}, "a map");
      check_keys(entry.value, keys, "a plot");
    }
  }
}

void check_artifacts(const YamlEntry& artifacts) {
  constexpr std::string_view keys[] = {"path", "desc", "type", "labels", "meta"};
  expect(artifacts.value, artifacts.key_span, "'artifacts'", {YamlKind::map}, "a map");
  for (const auto& entry : artifacts.value.entries) {
    expect(entry.value, entry.key_span, quote(entry.key), {YamlKind::map}, "a map");
    check_keys(entry.value, keys, "an artifact");
    if (entry.value.find("path") == nullptr) {
      fail(entry.key_span, fmt::format("the artifact {} has no 'path'", quote(entry.key)));
    }
  }
}

}  // namespace

void check_pipeline_schema(const YamlValue& root) {
  if (root.is_null()) return;
  if (!root.is_map())
    fail({.line = 1}, fmt::format("a dvc.yaml is a map, not {}", yaml_kind_name(root)));
  constexpr std::string_view keys[] = {"stages", "vars",      "params",  "metrics",
                                       "plots",  "artifacts", "datasets"};
  check_keys(root, keys, "a dvc.yaml");
  for (const auto& entry : root.entries) {
    if (entry.value.is_null() && entry.key == "stages") continue;
    if (entry.key == "stages") check_stages(entry);
    if (entry.key == "vars") check_vars(entry);
    if (entry.key == "params" || entry.key == "metrics") check_texts(entry, quote(entry.key));
    if (entry.key == "plots") check_top_plots(entry);
    if (entry.key == "artifacts") check_artifacts(entry);
  }
}

void check_lock_entry(const YamlValue& entry, std::string_view name) {
  constexpr std::string_view keys[] = {"cmd", "deps", "params", "outs"};
  constexpr std::string_view data_keys[] = {"path",       "hash",   "md5",   "size",
                                            "nfiles",     "isexec", "etag",  "checksum",
                                            "version_id", "cloud",  "files", "dataset"};
  const std::string what = fmt::format("the entry of {}", quote(name));
  if (!entry.is_map()) fail(entry.span, what + " is no map");
  check_keys(entry, keys, what);
  const YamlValue* cmd = entry.find("cmd");
  if (cmd == nullptr || (!cmd->is_text() && !cmd->is_list()))
    fail(entry.span, what + " has no 'cmd'");
  for (const char* key : {"deps", "outs"}) {
    const YamlValue* list = entry.find(key);
    if (list == nullptr) continue;
    expect(*list, entry.span, quote(key), {YamlKind::list}, "a list");
    for (const auto& item : list->items) {
      expect(item, entry.span, fmt::format("an item of '{}'", key), {YamlKind::map}, "a map");
      check_keys(item, data_keys, fmt::format("an item of '{}'", key));
      const YamlValue* path = item.find("path");
      if ((path == nullptr || !path->is_text()) && item.find("dataset") == nullptr) {
        fail(item.span, fmt::format("an item of '{}' has no 'path'", key));
      }
    }
  }
  const YamlValue* params = entry.find("params");
  if (params == nullptr) return;
  expect(*params, entry.span, "'params'", {YamlKind::map}, "a map");
  for (const auto& file : params->entries) {
    expect(file.value, file.key_span, quote(file.key), {YamlKind::map}, "a map");
  }
}

void check_lock_schema(const YamlValue& root) {
  if (root.is_null()) return;
  if (!root.is_map()) fail({.line = 1}, "a dvc.lock is a map");
  if (root.entries.empty()) return;
  constexpr std::string_view keys[] = {"schema", "datasets", "stages"};
  const YamlValue* schema = root.find("schema");
  if (schema == nullptr || !schema->is_text() || schema->text != "2.0") {
    fail({.line = schema == nullptr ? 1 : schema->span.line}, "the schema of the lock is not '2.0'",
         "it was written by DVC 1, or by a newer one; run 'dvc commit' with DVC 2 or 3 first");
  }
  check_keys(root, keys, "a dvc.lock");
  const YamlValue* stages = root.find("stages");
  if (stages == nullptr || stages->is_null()) return;
  if (!stages->is_map()) fail(stages->span, "'stages' is no map");
  for (const auto& entry : stages->entries) check_lock_entry(entry.value, entry.key);
}

}  // namespace mlopsctl::data
