// From the resolved definition of a stage to a Stage.
#include "data/pipeline_stage.hpp"

#include "mlopsctl/base/text.hpp"

#include "data/pipeline_template.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

void add_path(std::vector<std::string>& paths, std::string path) {
  if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
}

// A file that is taken as a whole once is taken as a whole.
void fill_params(Stage& stage, const YamlValue& list) {
  const auto of = [&](const std::string& file) -> ParamsDep& {
    for (auto& dep : stage.params) {
      if (dep.file == file) return dep;
    }
    return stage.params.emplace_back(ParamsDep{file, {}});
  };
  std::set<std::string> whole;
  for (const auto& item : list.items) {
    for (const auto& entry : item.entries) {
      if (entry.value.is_null() || entry.value.items.empty()) whole.insert(entry.key);
    }
  }
  for (const auto& item : list.items) {
    if (!item.is_map()) {
      const std::string file(default_params_file);
      if (!whole.contains(file)) add_path(of(file).keys, template_text(item));
      continue;
    }
    for (const auto& entry : item.entries) {
      ParamsDep& dep = of(entry.key);
      if (whole.contains(entry.key)) continue;
      for (const auto& key : entry.value.items) add_path(dep.keys, template_text(key));
    }
  }
}

bool flag(const YamlValue& options, std::string_view key, bool fallback) {
  const YamlValue* value = options.find(key);
  return value == nullptr || value->kind != YamlKind::boolean ? fallback : value->boolean;
}

void fill_outs(Stage& stage, const YamlValue& list, OutRole role) {
  const auto add = [&](const std::string& path, const YamlValue& options) {
    StageOut out{.path = path, .role = role, .options = options};
    out.cache = flag(options, "cache", true);
    out.persist = flag(options, "persist", false);
    out.push = flag(options, "push", true);
    if (const YamlValue* remote = options.find("remote"); remote != nullptr)
      out.remote = remote->text;
    stage.outs.push_back(std::move(out));
  };
  for (const auto& item : list.items) {
    if (!item.is_map()) {
      add(template_text(item), {});
      continue;
    }
    for (const auto& entry : item.entries) {
      const bool several = entry.value.is_list();  // a plot with several definitions
      add(entry.key, several && !entry.value.items.empty() ? entry.value.items[0] : entry.value);
    }
  }
}

}  // namespace

std::string normal_path(const fs::path& path) {
  std::string text = path.lexically_normal().generic_string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text == "." ? "" : text;
}

void fill_stage(Stage& stage, const std::string& key, const YamlValue& value) {
  if (key == "cmd") {
    stage.cmd = value;
    if (stage.cmd.is_list()) {
      for (auto& item : stage.cmd.items) {
        if (!item.is_text()) item = YamlValue::of_text(template_text(item));
      }
    } else if (!stage.cmd.is_text()) {
      stage.cmd = YamlValue::of_text(template_text(value));
    }
  } else if (key == "deps") {
    for (const auto& item : value.items) add_path(stage.deps, template_text(item));
  } else if (key == "params") {
    fill_params(stage, value);
  } else if (key == "outs") {
    fill_outs(stage, value, OutRole::plain);
  } else if (key == "metrics") {
    fill_outs(stage, value, OutRole::metric);
  } else if (key == "plots") {
    fill_outs(stage, value, OutRole::plot);
  } else if (key == "frozen") {
    stage.frozen = value.boolean;
  } else if (key == "always_changed") {
    stage.always_changed = value.boolean;
  } else if (key == "desc" && value.is_text()) {
    stage.desc = value.text;
  }
}

std::string Stage::address(const std::string& base) const {
  std::string from = base.empty() ? file : fs::path(file).lexically_relative(base).generic_string();
  if (name.empty()) return from;
  return from == "dvc.yaml" ? name : from + ":" + name;
}

std::string Stage::path_of(std::string_view spelled) const {
  const fs::path path{std::string(spelled)};
  if (path.is_absolute() || spelled.find("://") != std::string_view::npos) return path.string();
  return normal_path(fs::path(wdir) / path);
}

std::vector<std::string> Stage::commands() const {
  std::vector<std::string> result;
  if (cmd.is_list()) {
    for (const auto& item : cmd.items) result.push_back(item.text);
    return result;
  }
  for (const auto& one : split(cmd.text, '\n')) {
    result.push_back(one.ends_with('\r') ? one.substr(0, one.size() - 1) : one);
  }
  if (!result.empty() && result.back().empty()) result.pop_back();  // the final newline
  return result;
}

}  // namespace mlopsctl::data
