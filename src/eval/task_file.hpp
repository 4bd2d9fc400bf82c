// A task file with what it includes, as one map of keys that know where they are written.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

struct TaskFile {
  std::string source;  // 'path', for messages
  std::filesystem::path folder;
  YamlValue root;                              // a map
  std::map<std::string, std::string> origins;  // of each key: the file it is written in
  std::string bytes;                           // of all files, for the digest

  const YamlValue* find(std::string_view key) const;
  // Throws Error{config} "line 3 of 'tasks/quiz.yaml': 'metric_list' …".
  [[noreturn]] void refuse(const std::string& key, const YamlValue* at, const std::string& what,
                           const std::string& hint = {}) const;
};

// Throws Error{not_found}, Error{config}: no YAML, a Python function, includes in a circle.
TaskFile read_task_file(const std::filesystem::path& path);
// The same of text; what it includes is left out.
TaskFile parse_task_file(std::string_view text, const std::string& source);

}  // namespace mlopsctl::eval
