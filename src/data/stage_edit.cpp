#include "mlopsctl/data/stage_edit.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/formats/yaml_edit.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/gitignore.hpp"
#include "data/paths.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr std::string_view default_params = "params.yaml";

void check_name(const std::string& name) {
  const bool good = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
  if (good) return;
  throw Error(ErrorKind::usage, fmt::format("{} is no name for a stage", quote(name)),
              "use letters, digits, '-' and '_'");
}

YamlValue texts(std::vector<std::string> items) {
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
  YamlValue list = YamlValue::empty_list();
  for (auto& item : items) list.items.push_back(YamlValue::of_text(std::move(item)));
  return list;
}

// Keys of params.yaml first, then other files, each with its keys sorted.
YamlValue params_value(const std::vector<std::string>& params) {
  std::map<std::string, std::vector<std::string>> files;
  std::vector<std::string> whole;
  for (const auto& param : params) {
    const auto colon = param.find(':');
    const std::string file =
        colon == std::string::npos ? std::string(default_params) : param.substr(0, colon);
    const std::string keys = colon == std::string::npos ? param : param.substr(colon + 1);
    auto& into = files[file];
    if (keys.empty()) whole.push_back(file);
    for (auto& key : split(keys, ',')) {
      if (!key.empty()) into.push_back(std::move(key));
    }
  }
  for (const auto& file : whole) files[file].clear();
  YamlValue list = YamlValue::empty_list();
  const auto own = files.find(std::string(default_params));
  if (own != files.end() && !own->second.empty()) list = texts(own->second);
  for (const auto& [file, keys] : files) {
    if (file == default_params && !keys.empty()) continue;
    YamlValue map = YamlValue::empty_map();
    map.set(file, keys.empty() ? YamlValue{} : texts(keys));
    list.items.push_back(std::move(map));
  }
  return list;
}

YamlValue outs_value(std::vector<StageOut> outs, OutRole role) {
  std::ranges::stable_sort(outs, {}, &StageOut::path);
  YamlValue list = YamlValue::empty_list();
  for (const auto& out : outs) {
    if (out.role != role) continue;
    YamlValue options = YamlValue::empty_map();
    if (!out.cache) options.set("cache", YamlValue::of_bool(false));
    if (out.persist) options.set("persist", YamlValue::of_bool(true));
    YamlValue item = YamlValue::of_text(out.path);
    if (!options.entries.empty()) {
      item = YamlValue::empty_map();
      item.set(out.path, std::move(options));
    }
    list.items.push_back(std::move(item));
  }
  return list;
}

YamlValue definition_of(const NewStage& stage) {
  YamlValue value = YamlValue::empty_map();
  const auto text = [&](const char* key, const std::string& one) {
    if (!one.empty()) value.set(key, YamlValue::of_text(one));
  };
  const auto list = [&](const char* key, YamlValue items) {
    if (!items.items.empty()) value.set(key, std::move(items));
  };
  text("desc", stage.desc);
  text("cmd", stage.cmd);
  text("wdir", stage.wdir);
  list("deps", texts(stage.deps));
  list("params", params_value(stage.params));
  list("outs", outs_value(stage.outs, OutRole::plain));
  list("metrics", outs_value(stage.outs, OutRole::metric));
  list("plots", outs_value(stage.outs, OutRole::plot));
  if (stage.always_changed) value.set("always_changed", YamlValue::of_bool(true));
  return value;
}

std::optional<std::string> read_if_there(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) return std::nullopt;
  return read_file(path);
}

// The whole repository with one dvc.yaml replaced: throws what is wrong with it.
PipelineFile checked(Repository& repository, const std::string& file, const std::string& text) {
  const FileReader read = [&](const std::string& path) {
    return read_if_there(repository.root() / path);
  };
  PipelineFile loaded = load_pipeline_file(file, text, read, {});
  const Pipelines now = Pipelines::load(repository);
  std::vector<Stage> stages = loaded.stages;
  for (const auto& stage : now.stages()) {
    if (stage.file != file) stages.push_back(stage);
  }
  const Pipelines whole(std::move(stages));
  return loaded;
}

}  // namespace

StageEdit add_stage(Repository& repository, const std::string& base, const NewStage& stage,
                    bool replace) {
  check_name(stage.name);
  if (trim(stage.cmd).empty()) {
    throw Error(ErrorKind::usage, "a stage needs a command", "write it last: … -- python train.py");
  }
  const std::string file = joined(base, "dvc.yaml");
  const fs::path whole = repository.root() / file;
  const auto before = read_if_there(whole);
  const std::string text = before.value_or("");
  const std::vector<std::string> path{"stages", stage.name};
  const YamlValue root = parse_yaml(text);
  const YamlValue* stages = root.find("stages");
  if (stages != nullptr && stages->find(stage.name) != nullptr && !replace) {
    throw Error(ErrorKind::conflict,
                fmt::format("the stage {} exists already in {}", quote(stage.name), quote(file)),
                "--force overwrites it");
  }
  const std::string after = yaml_update(text, path, definition_of(stage));
  const PipelineFile loaded = checked(repository, file, after);
  StageEdit edit{.file = file, .changed_files = {file}, .created = !before};
  for (const auto& one : loaded.stages) {
    if (one.name != stage.name) continue;
    for (const auto& out : one.outs) {
      if (!out.cache) continue;
      const std::string ignored = ignore_in_git(repository, one.path_of(out.path));
      if (!ignored.empty()) edit.changed_files.push_back(ignored);
    }
  }
  write_file_atomically(whole, after);
  return edit;
}

StageEdit set_frozen(Repository& repository, const Stage& stage, bool frozen) {
  if (!stage.group.empty()) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} is made by 'foreach' or 'matrix' of {}", quote(stage.address()),
                            quote(stage.group)),
                fmt::format("write 'frozen: true' into {} by hand to freeze all of the group",
                            quote(stage.file)));
  }
  if (stage.name.empty() && !stage.import) {
    throw Error(ErrorKind::conflict, fmt::format("{} has nothing to freeze", quote(stage.file)),
                "stages and imports can be frozen");
  }
  const fs::path whole = repository.root() / stage.file;
  const std::string text = read_file(whole);
  std::vector<std::string> path;
  if (!stage.name.empty()) path = {"stages", stage.name};
  path.emplace_back("frozen");
  const std::string after =
      frozen ? yaml_set(text, path, YamlValue::of_bool(true)) : yaml_erase(text, path);
  StageEdit edit{.file = stage.file, .changed_files = {}};
  if (after == text) return edit;
  write_file_atomically(whole, after);
  edit.changed_files.push_back(stage.file);
  return edit;
}

}  // namespace mlopsctl::data
