// From the text of a dvc.yaml to resolved stages.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/pipeline.hpp"

#include "data/pipeline_schema.hpp"
#include "data/pipeline_stage.hpp"
#include "data/pipeline_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr std::size_t most_stages = 20'000;  // of one file; a matrix grows quickly

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

// Adds where it happened to an error of the template.
template <class Action>
auto placed(std::size_t line, const std::string& where, Action&& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config || std::string_view(error.what()).starts_with("line "))
      throw;
    throw Error(ErrorKind::config, fmt::format("line {}: {}: {}", line, where, error.what()),
                error.hint());
  }
}

void refuse_expressions(const YamlValue& value, std::string_view where) {
  if (value.is_text() && has_expression(value.text)) {
    throw Error(ErrorKind::config,
                fmt::format("line {}: expressions are not allowed in {}", value.span.line, where));
  }
  for (const auto& item : value.items) refuse_expressions(item, where);
  for (const auto& entry : value.entries) refuse_expressions(entry.value, where);
}

bool any_expression(const YamlValue& value) {
  if (value.is_text()) return has_expression(value.text);
  return std::ranges::any_of(value.items, any_expression) ||
         std::ranges::any_of(value.entries, [](const YamlEntry& entry) {
           return has_expression(entry.key) || any_expression(entry.value);
         });
}

class Loader {
 public:
  Loader(const std::string& file, const FileReader& read, const TemplateSettings& settings)
      : read_(read), settings_(settings), folder_(folder_of(file)) {
    result_.file = file;
  }

  PipelineFile load(std::string_view text) {
    const YamlValue root = parse_yaml(text);
    check_pipeline_schema(root);
    load_default();
    if (const YamlValue* vars = root.find("vars")) load_vars(context_, *vars, folder_, "vars");
    const YamlValue* stages = root.find("stages");
    if (stages != nullptr) {
      for (const auto& entry : stages->entries) add_definition(entry);
    }
    add_reports(root);
    return std::move(result_);
  }

 private:
  void load_default() {
    const std::string path = normal_path(fs::path(folder_) / default_params_file);
    if (read_(path)) load_file(context_, std::string(default_params_file), folder_, "vars");
  }

  // "file" or "file:key1,key2".
  void load_file(TemplateContext& context, const std::string& item, const std::string& folder,
                 const std::string& where) {
    const auto colon = item.find(':');
    const std::string path = normal_path(fs::path(folder) / item.substr(0, colon));
    std::vector<std::string> keys;
    if (colon != std::string::npos) {
      for (auto& key : split(item.substr(colon + 1), ',')) {
        if (!key.empty()) keys.push_back(std::move(key));
      }
    }
    const auto before = context.imports.find(path);
    if (before != context.imports.end()) {
      if (keys.empty() && before->second.empty()) return;
      const bool overlap = keys.empty() || before->second.empty() ||
                           std::ranges::any_of(keys, [&](const std::string& key) {
                             return std::ranges::find(before->second, key) != before->second.end();
                           });
      if (overlap) {
        throw Error(ErrorKind::config,
                    fmt::format("{} is loaded already, wholly or in part", quote(item)));
      }
    }
    const auto text = read_(path);
    if (!text) throw Error(ErrorKind::config, fmt::format("{} does not exist", quote(path)));
    YamlValue values = parse_values(path, *text);
    if (!values.is_map()) {
      throw Error(ErrorKind::config,
                  fmt::format("{} holds {}, not a map", quote(path), yaml_kind_name(values)));
    }
    if (!keys.empty()) {
      YamlValue chosen = YamlValue::empty_map();
      for (const auto& key : keys) {
        const YamlValue* value = values.find(key);
        if (value == nullptr) {
          throw Error(ErrorKind::config, fmt::format("{} has no {}", quote(path), quote(key)));
        }
        chosen.set(key, *value);
      }
      values = std::move(chosen);
    }
    context.merge(values, path, where);
    auto& taken = context.imports[path];
    taken.insert(taken.end(), keys.begin(), keys.end());
  }

  void load_vars(TemplateContext& context, const YamlValue& vars, const std::string& folder,
                 const std::string& where) {
    refuse_expressions(vars, "'vars'");
    for (const auto& item : vars.items) {
      placed(item.span.line, where, [&] {
        if (item.is_text()) {
          load_file(context, item.text, folder, where);
        } else {
          context.merge(item, "", where);
        }
      });
    }
  }

  ResolveOptions options(const TemplateContext& context) const {
    return {.context = &context, .flags = {settings_.boolean_optional, settings_.append}};
  }

  void add_definition(const YamlEntry& entry) {
    const YamlValue& definition = entry.value;
    if (const YamlValue* over = definition.find("foreach")) {
      add_foreach(entry, *over, *definition.find("do"));
    } else if (const YamlValue* matrix = definition.find("matrix")) {
      YamlValue body = definition;
      body.erase("matrix");
      add_matrix(entry, *matrix, body);
    } else {
      add_stage(entry.key, "", definition, entry.key_span.line, context_);
    }
  }

  void add_foreach(const YamlEntry& entry, const YamlValue& over, const YamlValue& body) {
    const std::size_t line = entry.key_span.line;
    const std::string where = fmt::format("stage {}: foreach", quote(entry.key));
    ResolveOptions how = options(context_);
    how.collections = true;
    const YamlValue items = placed(line, where, [&] { return resolve_template(over, how); });
    if (!items.is_map() && !items.is_list()) {
      throw Error(ErrorKind::config, fmt::format("line {}: {} takes a list or a map, not {}", line,
                                                 where, yaml_kind_name(items)));
    }
    std::string source;
    if (over.is_text()) {
      if (const auto expression = exact_expression(over.text))
        source = context_.source_of(*expression);
    }
    const bool composite = std::ranges::any_of(
        items.items, [](const YamlValue& item) { return item.is_map() || item.is_list(); });
    std::vector<std::string> names;
    const auto add = [&](const std::string& key, const YamlValue& value, const std::string& below) {
      if (std::ranges::find(names, key) != names.end()) return;
      names.push_back(key);
      TemplateContext context = context_;
      const std::string from = source.empty() ? "" : source + "." + below;
      context.set_item("item", value, from);
      if (items.is_map()) context.set_item("key", YamlValue::of_text(key), "");
      add_stage(entry.key + "@" + key, entry.key, body, line, context);
    };
    std::size_t index = 0;
    for (const auto& item : items.items) {
      const std::string number = std::to_string(index++);
      add(composite ? number : template_text(item), item, number);
    }
    for (const auto& item : items.entries) {
      const bool named = item.key_kind != YamlKind::null;
      add(named ? item.key : "None", item.value, item.key);
    }
  }

  void add_matrix(const YamlEntry& entry, const YamlValue& matrix, const YamlValue& body) {
    const std::size_t line = entry.key_span.line;
    const std::string where = fmt::format("stage {}: matrix", quote(entry.key));
    ResolveOptions how = options(context_);
    how.collections = true;
    const YamlValue axes = placed(line, where, [&] { return resolve_template(matrix, how); });
    std::vector<std::size_t> at(axes.entries.size(), 0);
    for (const auto& axis : axes.entries) {
      if (!axis.value.is_list()) {
        throw Error(ErrorKind::config, fmt::format("line {}: {}: {} is {}, not a list", line, where,
                                                   quote(axis.key), yaml_kind_name(axis.value)));
      }
      if (axis.value.items.empty()) return;
    }
    std::set<std::string> names;
    while (true) {
      YamlValue item = YamlValue::empty_map();
      std::vector<std::string> parts;
      for (std::size_t i = 0; i < at.size(); ++i) {
        const auto& axis = axes.entries[i];
        const YamlValue& value = axis.value.items[at[i]];
        item.set(axis.key, value);
        const bool composite = value.is_map() || value.is_list();
        parts.push_back(composite ? axis.key + std::to_string(at[i]) : template_text(value));
      }
      const std::string key = join(parts, "-");
      if (names.insert(key).second) {
        TemplateContext context = context_;
        context.set_item("item", std::move(item), "");
        context.set_item("key", YamlValue::of_text(key), "");
        add_stage(entry.key + "@" + key, entry.key, body, line, context);
      }
      std::size_t axis = at.size();
      while (axis > 0 && ++at[axis - 1] == axes.entries[axis - 1].value.items.size()) {
        at[--axis] = 0;
      }
      if (axis == 0) return;
    }
  }

  // Most stages have no vars and no expressions; `outer` is copied for those that have vars only.
  void add_stage(const std::string& name, const std::string& group, const YamlValue& definition,
                 std::size_t line, const TemplateContext& outer) {
    if (result_.stages.size() >= most_stages) {
      throw Error(ErrorKind::config,
                  fmt::format("line {}: more than {} stages", line, most_stages));
    }
    Stage stage{.file = result_.file, .name = name, .group = group, .wdir = folder_, .line = line};
    stage.templated = !group.empty() || any_expression(definition);
    const std::string where = "stage " + quote(name);
    const TemplateContext* context = &outer;
    std::optional<TemplateContext> own;
    ResolveOptions how = options(outer);
    placed(line, where, [&] {
      if (const YamlValue* wdir = definition.find("wdir")) {
        const YamlValue resolved = resolve_template(*wdir, how);
        stage.wdir = normal_path(fs::path(folder_) / template_text(resolved));
      }
      if (const YamlValue* vars = definition.find("vars");
          vars != nullptr && !vars->items.empty()) {
        own = outer;
        load_vars(*own, *vars, stage.wdir, where + ": vars");
        context = &*own;
      }
    });
    std::vector<UsedVar> used;
    how = options(*context);
    how.used = &used;
    for (const auto& entry : definition.entries) {
      if (entry.key == "vars" || entry.key == "wdir") continue;
      how.in_command = entry.key == "cmd";
      placed(entry.key_span.line, where, [&] {
        if (stage.templated || entry.key == "cmd") {
          fill_stage(stage, entry.key, resolve_template(entry.value, how));
        } else {
          fill_stage(stage, entry.key, entry.value);
        }
      });
    }
    for (auto& var : used) stage.used.push_back({var.file, var.key, std::move(var.value)});
    result_.stages.push_back(std::move(stage));
  }

  void add_reports(const YamlValue& root) {
    ResolveOptions how = options(context_);
    const auto paths = [&](const char* key, std::vector<std::string>& into) {
      const YamlValue* list = root.find(key);
      if (list == nullptr) return;
      for (const auto& item : list->items) {
        placed(item.span.line, quote(key), [&] {
          into.push_back(
              normal_path(fs::path(folder_) / template_text(resolve_template(item, how))));
        });
      }
    };
    paths("metrics", result_.reports.metrics);
    paths("params", result_.reports.params);
    const YamlValue* plots = root.find("plots");
    if (plots == nullptr) return;
    for (const auto& item : plots->items) {
      placed(item.span.line, "'plots'", [&] {
        const YamlValue resolved = resolve_template(item, how);
        if (!resolved.is_map()) {
          result_.reports.plots.push_back({result_.file, template_text(resolved), {}});
        }
        for (const auto& entry : resolved.entries) {
          result_.reports.plots.push_back({result_.file, entry.key, entry.value});
        }
      });
    }
  }

  const FileReader& read_;
  TemplateSettings settings_;
  std::string folder_;
  TemplateContext context_;
  PipelineFile result_;
};

}  // namespace

PipelineFile load_pipeline_file(const std::string& file, std::string_view text,
                                const FileReader& read, const TemplateSettings& settings) {
  try {
    return Loader(file, read, settings).load(text);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::config, fmt::format("'{}' {}", file, error.what()), error.hint());
  }
}

}  // namespace mlopsctl::data
