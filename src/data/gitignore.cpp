#include "data/gitignore.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

namespace {

constexpr std::string_view special = "[]!*#?";

std::string folder_of(const std::string& output) {
  const std::size_t slash = output.rfind('/');
  return slash == std::string::npos ? "" : output.substr(0, slash + 1);
}

std::string name_of(const std::string& output) { return output.substr(folder_of(output).size()); }

// The root of the repository as git sees it: it may be a folder of the working tree.
std::string in_git(Repository& repository, const std::string& path) {
  const fs::path base = repository.root().lexically_relative(repository.git()->root());
  return (base / path).lexically_normal().string();
}

}  // namespace

std::string gitignore_entry(std::string_view name) {
  std::string entry = "/";
  for (const char c : name) {
    if (special.find(c) != std::string_view::npos) entry += '\\';
    entry += c;
  }
  return entry;
}

std::string gitignore_with(std::string_view text, std::string_view entry) {
  for (const auto& line : split(text, '\n')) {
    if (line == entry) return std::string(text);
  }
  std::string changed(text);
  if (!changed.empty() && !changed.ends_with('\n')) changed += '\n';
  changed += entry;
  return changed + '\n';
}

std::string gitignore_without(std::string_view text, std::string_view name) {
  const std::string escaped = gitignore_entry(name);
  const std::string plain = "/" + std::string(name);
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::string_view whole = end == std::string_view::npos ? text : text.substr(0, end + 1);
    text.remove_prefix(whole.size());
    const std::string_view unix_line = line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
    const bool ours =
        line == escaped || line == plain || unix_line == escaped || unix_line == plain;
    if (!ours) kept += whole;
  }
  return kept;
}

std::string ignore_in_git(Repository& repository, const std::string& output) {
  GitRepository* git = repository.git();
  if (git == nullptr) return "";
  const std::string path = in_git(repository, output);
  if (git->tracked(path)) {
    throw Error(
        ErrorKind::conflict, fmt::format("'{}' is tracked by git", output),
        fmt::format("to version it as data: git rm -r --cached '{}' && git commit", output));
  }
  if (git->ignored(path)) return "";
  if (name_of(output).find('\n') != std::string::npos) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} has a line break in its name, so no .gitignore can name it", quote(output)),
        "rename it");
  }
  std::string relative = folder_of(output) + ".gitignore";
  const fs::path file = repository.root() / relative;
  const std::string text = fs::exists(file) ? read_file(file) : "";
  write_file_atomically(file, gitignore_with(text, gitignore_entry(name_of(output))));
  return relative;
}

std::string unignore_in_git(Repository& repository, const std::string& output) {
  if (repository.git() == nullptr) return "";
  std::string relative = folder_of(output) + ".gitignore";
  const fs::path file = repository.root() / relative;
  if (!fs::exists(file)) return "";
  const std::string text = read_file(file);
  const std::string kept = gitignore_without(text, name_of(output));
  if (kept == text) return "";
  if (trim(kept).empty()) {
    fs::remove(file);
  } else {
    write_file_atomically(file, kept);
  }
  return relative;
}

}  // namespace mlopsctl::data
