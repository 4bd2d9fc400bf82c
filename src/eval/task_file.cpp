#include "eval/task_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

constexpr std::size_t most_includes = 20;

// YAML readers know no !function: it is found before, so that the message names the key.
void refuse_functions(std::string_view text, const std::string& source) {
  std::size_t number = 1;
  for (const std::string& line : split(text, '\n')) {
    const auto at = line.find("!function");
    const auto comment = line.find('#');
    if (at != line.npos && at < comment) {
      const auto key = trim(std::string_view(line).substr(0, line.find(':')));
      throw Error(ErrorKind::config,
                  fmt::format("line {} of {}: {} is a Python function ({}), which is not run here",
                              number, source, quote(key), trim(std::string_view(line).substr(at))),
                  "put what it computes into columns of the data, and name them here");
    }
    ++number;
  }
}

void append_files(TaskFile& into, const std::filesystem::path& path, std::size_t depth);

void include(TaskFile& into, const YamlValue& what, const std::filesystem::path& folder,
             std::size_t depth) {
  const std::vector<YamlValue> names = what.is_list() ? what.items : std::vector<YamlValue>{what};
  for (const YamlValue& name : names) {
    if (!name.is_text()) into.refuse("include", &what, "is not the path of a file");
    append_files(into, folder / name.text, depth + 1);
  }
}

void take(TaskFile& into, YamlValue root, std::string_view text, const std::string& source) {
  into.bytes += fmt::format("{}:", text.size());
  into.bytes += text;
  for (YamlEntry& entry : root.entries) {
    into.origins[entry.key] = source;
    into.root.set(entry.key, std::move(entry.value));
  }
}

YamlValue parsed(std::string_view text, const std::string& source) {
  refuse_functions(text, source);
  YamlValue root;
  try {
    root = parse_yaml(text);
  } catch (const Error& error) {
    throw Error(ErrorKind::config, fmt::format("{}: {}", source, error.what()), error.hint());
  }
  if (!root.is_map()) {
    throw Error(ErrorKind::config, fmt::format("{}: a task is a map of keys", source),
                "see 'mlopsctl help evaluation'");
  }
  return root;
}

// What is included comes first, so that the file's own keys win.
void append_files(TaskFile& into, const std::filesystem::path& path, std::size_t depth) {
  const std::string source = quoted_path(path);
  if (depth > most_includes) {
    throw Error(ErrorKind::config, fmt::format("{}: files include each other in a circle", source));
  }
  const std::string text = read_file(path);
  YamlValue root = parsed(text, source);
  if (const YamlValue* what = root.find("include")) {
    include(into, YamlValue(*what), path.parent_path(), depth);
    root.erase("include");
  }
  take(into, std::move(root), text, source);
}

}  // namespace

const YamlValue* TaskFile::find(std::string_view key) const {
  const YamlValue* value = root.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void TaskFile::refuse(const std::string& key, const YamlValue* at, const std::string& what,
                      const std::string& hint) const {
  const std::string top = key.substr(0, key.find_first_of(".["));
  const auto origin = origins.find(top);
  const std::string& file = origin == origins.end() ? source : origin->second;
  const std::string place = at == nullptr || at->span.line == 0
                                ? file
                                : fmt::format("line {} of {}", at->span.line, file);
  throw Error(ErrorKind::config, fmt::format("{}: {} {}", place, quote(key), what), hint);
}

TaskFile read_task_file(const std::filesystem::path& path) {
  TaskFile file{.source = quoted_path(path), .folder = path.parent_path()};
  file.root = YamlValue::empty_map();
  append_files(file, path, 0);
  return file;
}

TaskFile parse_task_file(std::string_view text, const std::string& source) {
  TaskFile file{.source = source};
  file.root = YamlValue::empty_map();
  YamlValue root = parsed(text, source);
  root.erase("include");
  take(file, std::move(root), text, source);
  return file;
}

}  // namespace mlopsctl::eval
