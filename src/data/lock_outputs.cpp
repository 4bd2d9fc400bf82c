// What a dvc.lock says about outputs, with the flags that only its dvc.yaml has.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "data/out_entry.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace mlopsctl::data {

namespace {

struct Declared {
  std::string path;  // as spelled, perhaps with ${…}
  OutEntry flags;
};
struct LockedStage {
  std::string wdir;
  std::vector<Declared> outs;
};

// "out/${item}.txt" matches whatever stands for the expression.
bool matches_template(std::string_view declared, std::string_view path) {
  std::string pattern;
  while (!declared.empty()) {
    if (declared.starts_with("${")) {
      const std::size_t end = declared.find('}');
      if (end == std::string_view::npos) return false;
      pattern += '*';
      declared.remove_prefix(end + 1);
      continue;
    }
    if (std::string_view("*?[").find(declared.front()) != std::string_view::npos) {
      pattern += fmt::format("[{}]", declared.front());
    } else {
      pattern += declared.front();
    }
    declared.remove_prefix(1);
  }
  return glob_match(pattern, path);
}

bool false_at(const YamlValue& map, std::string_view key) {
  const YamlValue* value = map.find(key);
  return value != nullptr && value->kind == YamlKind::boolean && !value->boolean;
}

Declared read_declared(const std::string& path, const YamlValue* options) {
  Declared declared{path, {}};
  declared.flags.path = path;
  if (options == nullptr || !options->is_map()) return declared;
  declared.flags.cache = !false_at(*options, "cache");
  declared.flags.push = !false_at(*options, "push");
  if (const YamlValue* persist = options->find("persist"); persist != nullptr) {
    declared.flags.persist = persist->boolean;
  }
  if (const YamlValue* remote = options->find("remote"); remote != nullptr && remote->is_text()) {
    declared.flags.remote = remote->text;
  }
  return declared;
}

LockedStage read_stage(const YamlValue& definition) {
  LockedStage stage;
  const YamlValue* body = definition.find("do");
  if (body == nullptr) body = &definition;
  if (const YamlValue* wdir = body->find("wdir"); wdir != nullptr && wdir->is_text()) {
    stage.wdir = wdir->text;
  }
  for (const char* list : {"outs", "metrics", "plots"}) {
    const YamlValue* items = body->find(list);
    if (items == nullptr || !items->is_list()) continue;
    for (const auto& item : items->items) {
      if (item.is_text()) stage.outs.push_back(read_declared(item.text, nullptr));
      if (!item.is_map()) continue;
      for (const auto& entry : item.entries) {
        stage.outs.push_back(read_declared(entry.key, &entry.value));
      }
    }
  }
  return stage;
}

std::map<std::string, LockedStage, std::less<>> read_stages(std::string_view dvc_yaml) {
  std::map<std::string, LockedStage, std::less<>> stages;
  const YamlValue root = parse_yaml(dvc_yaml);
  const YamlValue* definitions = root.find("stages");
  if (definitions == nullptr || !definitions->is_map()) return stages;
  for (const auto& entry : definitions->entries) stages[entry.key] = read_stage(entry.value);
  return stages;
}

std::string output_path(const std::string& file, const std::string& wdir, const std::string& path) {
  const fs::path whole = fs::path(file).parent_path() / wdir / path;
  std::string text = whole.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::vector<TrackedOutput> lock_outputs(std::string_view dvc_lock, std::string_view dvc_yaml,
                                        const std::string& file) {
  const auto stages = read_stages(dvc_yaml);
  std::vector<TrackedOutput> outputs;
  std::set<std::string> seen;
  const YamlValue root = parse_yaml(dvc_lock);
  // DVC 1 had no schema and the stages at the top.
  const YamlValue* locked = root.find("schema") != nullptr ? root.find("stages") : &root;
  if (locked != nullptr && locked->is_map()) {
    for (const auto& [name, kind, span, entry] : locked->entries) {
      const auto definition = stages.find(std::string_view(name).substr(0, name.find('@')));
      if (definition == stages.end()) continue;  // an orphan of a stage that is gone
      const YamlValue* outs = entry.find("outs");
      if (outs == nullptr || !outs->is_list()) continue;
      for (const auto& item : outs->items) {
        OutEntry out = read_out_entry(item, fmt::format("stage {}", quote(name)));
        for (const auto& declared : definition->second.outs) {
          if (declared.path != out.path && !matches_template(declared.path, out.path)) continue;
          out.cache = declared.flags.cache;
          out.push = declared.flags.push;
          out.persist = declared.flags.persist;
          out.remote = declared.flags.remote;
          break;
        }
        std::string path = output_path(file, definition->second.wdir, out.path);
        seen.insert(path);
        outputs.push_back({file, name, std::move(path), std::move(out), false});
      }
    }
  }
  for (const auto& [name, stage] : stages) {  // never run: declared, without a hash
    for (const auto& declared : stage.outs) {
      if (declared.path.find("${") != std::string::npos) continue;
      std::string path = output_path(file, stage.wdir, declared.path);
      if (!seen.insert(path).second) continue;
      outputs.push_back({file, name, std::move(path), declared.flags, false});
    }
  }
  return outputs;
}

}  // namespace mlopsctl::data
