// From paths to tasks with their rows: files, folders, groups, data.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/task_data.hpp"
#include "eval/task_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::eval {

namespace {

bool is_yaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_yaml(entry.path())) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// Relative to the task file, as everything in it; or to where one is, as the harness has it.
fs::path data_path(const std::string& name, const TaskFile& file) {
  fs::path beside = file.folder / name;
  if (fs::exists(beside) || !fs::exists(name)) return beside;
  return name;
}

struct SplitRows {
  std::vector<YamlValue> rows;
  std::string digest;
};

class TaskLoader {
 public:
  TaskLoader(const TaskFile& file, const std::string& path) : file_(file), read_(read_task(file)) {
    read_.task.file = path;
  }

  Task load() {
    TaskPlan& plan = read_.plan;
    SplitRows evaluated = split(read_.data.split);
    std::string digests = evaluated.digest;
    plan.rows = std::move(evaluated.rows);
    if (plan.rows.empty()) {
      throw Error(ErrorKind::config, fmt::format("{}: the data of {} have no rows", file_.source,
                                                 quote(read_.task.name)));
    }
    if (!read_.data.samples.empty()) {
      plan.shots_from = read_.data.samples;
    } else if (!plan.same_split) {
      SplitRows shots = split(read_.data.shot_split);
      plan.shots_from = std::move(shots.rows);
      digests += shots.digest;
    }
    complete_columns(plan.shots_from);
    for (const auto& [name, files] : read_.data.files) {
      for (const std::string& one : files) {
        read_.task.data.push_back(data_path(one, file_).lexically_normal().string());
      }
    }
    resolve();
    Task& task = read_.task;
    task.examples = plan.rows.size();
    task.data_hash = sha256_hex(evaluated.digest);
    task.hash = sha256_hex(file_.bytes + digests);
    task.plan = std::make_shared<const TaskPlan>(std::move(plan));
    return std::move(task);
  }

 private:
  SplitRows split(const std::string& name) {
    SplitRows split;
    for (const std::string& one : read_.data.files.at(name)) {
      const fs::path path = data_path(one, file_);
      std::string text;
      try {
        text = read_file(path);
      } catch (const Error& error) {
        throw Error(error.kind(),
                    fmt::format("{}: the data of {}: {}", file_.source, quote(read_.task.name),
                                error.what()),
                    "paths in data_files are relative to the task file");
      }
      split.digest += sha256_hex(text);
      auto rows = read_.data.is_csv ? csv_rows(text, quoted_path(path))
                                    : json_rows(text, quoted_path(path));
      std::ranges::move(rows, std::back_inserter(split.rows));
    }
    complete_columns(split.rows);
    return split;
  }

  // What is a column of the data is no template.
  void resolve() {
    TaskPlan& plan = read_.plan;
    const auto columns = [](const std::vector<YamlValue>& rows) {
      std::set<std::string> names;
      if (rows.empty()) return names;
      for (const YamlEntry& entry : rows.front().entries) names.insert(entry.key);
      return names;
    };
    const auto evaluated = columns(plan.rows), shots = columns(plan.pool());
    for (Source* source :
         {&plan.sources.text, &plan.sources.target, &plan.sources.choice, &plan.description}) {
      resolve(*source, evaluated);
    }
    for (Source* source :
         {&plan.shot_sources.text, &plan.shot_sources.target, &plan.shot_sources.choice}) {
      resolve(*source, shots.empty() ? evaluated : shots);
    }
    warn_of_names(plan.sources.target, "doc_to_target");
    warn_of_names(plan.sources.text, "doc_to_text");
    for (const std::string& name : {plan.group_by, plan.count_text}) {
      if (name.empty() || evaluated.contains(name)) continue;
      file_.refuse("metadata", file_.find("metadata"),
                   fmt::format("names the column {}, which the data do not have", quote(name)));
    }
  }
  static void resolve(Source& source, const std::set<std::string>& columns) {
    if (source.kind == Source::Kind::pattern && columns.contains(source.text)) {
      source.kind = Source::Kind::column;
    }
  }
  void warn_of_names(const Source& source, const char* key) {
    const bool is_word = source.kind == Source::Kind::pattern && !source.text.empty() &&
                         std::ranges::all_of(source.text, [](char c) {
                           return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                         });
    if (!is_word) return;
    read_.task.warnings.push_back(fmt::format(
        "{} is {}, which is no column: every example has just this word", key, quote(source.text)));
  }

  const TaskFile& file_;
  ReadTask read_;
};

class SetReader {
 public:
  explicit SetReader(const std::vector<std::string>& only) : only_(only) {}

  void add(const std::string& path) {
    if (!fs::exists(path)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("there is no file or folder {}", quoted_path(path)),
                  "tasks are YAML files: see 'mlopsctl help evaluation'");
    }
    if (!fs::is_directory(path)) {
      open(path, true);
      return;
    }
    const std::size_t before = files_.size();
    for (const fs::path& file : yaml_files(path)) open(file, false);
    if (files_.size() == before) {
      throw Error(ErrorKind::not_found, fmt::format("no task file is in {}", quoted_path(path)),
                  "task files end with .yaml and have the key 'task'");
    }
  }

  TaskSet finish() {
    add_members();
    select();
    TaskSet set;
    for (auto& [path, file] : files_) {
      if (!is_group(file) && is_wanted(name_of(file))) {
        set.tasks.push_back(TaskLoader(file, path).load());
      }
    }
    for (const auto& [path, file] : files_) {
      if (is_group(file) && is_wanted(name_of(file))) set.groups.push_back(whole_group(file));
    }
    return set;
  }

 private:
  using Named = std::pair<std::string, TaskFile>;

  static bool is_group(const TaskFile& file) { return file.find("group") != nullptr; }
  static std::string name_of(const TaskFile& file) {
    const YamlValue* name = file.find(is_group(file) ? "group" : "task");
    return name != nullptr && name->is_text() ? name->text : std::string();
  }
  bool is_wanted(const std::string& name) const { return wanted_.contains(name); }

  const Named* find(const std::string& name) const {
    const auto found =
        std::ranges::find_if(files_, [&](const Named& one) { return name_of(one.second) == name; });
    return found == files_.end() ? nullptr : &*found;
  }

  // `asked`: named by the user; else one of a folder, which may be there to be included.
  void open(const fs::path& path, bool asked) {
    const std::string name = path.lexically_normal().string();
    if (std::ranges::find(files_, name, &Named::first) != files_.end()) return;
    TaskFile file = read_task_file(path);
    if (file.find("task") == nullptr && file.find("group") == nullptr && !asked) return;
    const Named* other = find(name_of(file));
    if (other != nullptr && !name_of(file).empty()) {
      throw Error(ErrorKind::config,
                  fmt::format("{} and {} are both called {}", quoted_path(other->first),
                              file.source, quote(name_of(file))));
    }
    files_.emplace_back(name, std::move(file));
  }

  // Tasks of groups that were not named themselves are in files beside the group's.
  void add_members() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!is_group(files_[i].second)) continue;
      const TaskGroup group = read_group(files_[i].second);
      for (const std::string& member : group.tasks) {
        if (find(member) == nullptr) open_beside(files_[i].second, member);
        if (find(member) == nullptr) {
          files_[i].second.refuse(
              "task", files_[i].second.find("task"),
              fmt::format("names {}, which no task file here is called", quote(member)));
        }
      }
    }
  }
  void open_beside(const TaskFile& group, const std::string& member) {
    const fs::path folder = group.folder.empty() ? fs::path(".") : group.folder;
    for (const fs::path& path : yaml_files(folder)) {
      const TaskFile file = read_task_file(path);
      if (name_of(file) == member) return open(path, true);
    }
  }

  void select() {
    std::set<std::string> used;
    for (const auto& [path, file] : files_) {
      const std::string name = name_of(file);
      if (only_.empty()) wanted_.insert(name);
      for (const std::string& pattern : only_) {
        if (!glob_match(pattern, name) && !has_tag(file, pattern)) continue;
        wanted_.insert(name);
        used.insert(pattern);
      }
    }
    for (const std::string& pattern : only_) {
      if (used.contains(pattern)) continue;
      std::vector<std::string> names;
      for (const auto& [path, file] : files_) names.push_back(name_of(file));
      throw Error(ErrorKind::not_found,
                  fmt::format("no task, tag or group is called {}", quote(pattern)),
                  fmt::format("there are {}", join(names, ", ")));
    }
    for (const auto& [path, file] : files_) {
      if (is_group(file) && is_wanted(name_of(file))) {
        for (const std::string& task : leaves(file, 0)) wanted_.insert(task);
      }
    }
  }
  static bool has_tag(const TaskFile& file, const std::string& pattern) {
    const YamlValue* tags = file.find("tag");
    if (tags == nullptr) return false;
    const std::vector<YamlValue> list =
        tags->is_list() ? tags->items : std::vector<YamlValue>{*tags};
    return std::ranges::any_of(
        list, [&](const YamlValue& tag) { return tag.is_text() && glob_match(pattern, tag.text); });
  }

  // Names of tasks, with those of the groups inside.
  std::vector<std::string> leaves(const TaskFile& group, std::size_t depth) const {
    if (depth > 20) group.refuse("task", group.find("task"), "has groups that hold each other");
    std::vector<std::string> names;
    for (const std::string& member : read_group(group).tasks) {
      const Named* found = find(member);
      if (found == nullptr) continue;
      if (!is_group(found->second)) {
        names.push_back(member);
        continue;
      }
      for (std::string& name : leaves(found->second, depth + 1)) names.push_back(std::move(name));
    }
    return names;
  }
  TaskGroup whole_group(const TaskFile& file) const {
    TaskGroup group = read_group(file);
    group.tasks = leaves(file, 0);
    return group;
  }

  const std::vector<std::string>& only_;
  std::vector<Named> files_;
  std::set<std::string> wanted_;
};

}  // namespace

TaskSet read_tasks(const std::vector<std::string>& paths, const std::vector<std::string>& only) {
  SetReader reader(only);
  for (const std::string& path : paths) reader.add(path);
  return reader.finish();
}

std::vector<std::string> task_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const fs::path& file : yaml_files(path)) {
      // What has neither is there to be included.
      const std::string text = read_file(file);
      const bool named = text.starts_with("task:") || text.starts_with("group:") ||
                         text.find("\ntask:") != text.npos || text.find("\ngroup:") != text.npos;
      if (named) files.push_back(file.string());
    }
  }
  return files;
}

void check_task_text(std::string_view text, const std::string& source) {
  const TaskFile file = parse_task_file(text, source);
  if (file.find("group") != nullptr) {
    read_group(file);
  } else {
    read_task(file);
  }
}

}  // namespace mlopsctl::eval
