#include "mlopsctl/data/ignore.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace mlopsctl::data {

namespace {

constexpr std::string_view file_name = ".dvcignore";
constexpr std::array<std::string_view, 3> always{".git", ".hg", ".dvc"};

std::string_view last_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

// Blanks at the end do not count unless a backslash stands before them.
std::string_view without_trailing_blanks(std::string_view line) {
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<IgnoreRule> parse_ignore_line(std::string_view line, std::string_view base) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = without_trailing_blanks(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  IgnoreRule rule;
  rule.base = base;
  if (line.front() == '!') {
    rule.negative = true;
    line.remove_prefix(1);
  } else if (line.starts_with("\\!") || line.starts_with("\\#")) {
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.directories = true;
    line.remove_suffix(1);
  }
  rule.anchored = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return std::nullopt;
  rule.pattern = line;
  return rule;
}

bool matches(const IgnoreRule& rule, std::string_view path, bool is_directory) {
  if (rule.directories && !is_directory) return false;
  if (!rule.base.empty()) {
    if (path.size() <= rule.base.size() || !path.starts_with(rule.base) ||
        path[rule.base.size()] != '/') {
      return false;
    }
    path.remove_prefix(rule.base.size() + 1);
  }
  return wildmatch(rule.pattern, rule.anchored ? path : last_name(path));
}

struct IgnoreRules::State {
  fs::path root;
  // Rules that hold in a folder: those of its parents, then its own. Shared along chains that have
  // no file of their own.
  using Rules = std::shared_ptr<const std::vector<IgnoreRule>>;
  std::map<std::string, Rules, std::less<>> folders;

  const Rules& rules_in(std::string_view folder) {
    if (const auto found = folders.find(folder); found != folders.end()) return found->second;
    Rules rules = folder.empty() ? std::make_shared<const std::vector<IgnoreRule>>()
                                 : rules_in(parent_of(folder));
    const fs::path file = root / folder / file_name;
    std::error_code failed;
    if (fs::is_regular_file(file, failed)) {
      auto extended = std::make_shared<std::vector<IgnoreRule>>(*rules);
      const std::string shown =
          folder.empty() ? std::string(file_name) : fmt::format("{}/{}", folder, file_name);
      std::size_t number = 0;
      for (const auto& line : split(read_file(file), '\n')) {
        ++number;
        if (auto rule = parse_ignore_line(line, folder)) {
          rule->origin = fmt::format("{}:{}:{}", shown, number, line);
          extended->push_back(std::move(*rule));
        }
      }
      rules = extended;
    }
    return folders.emplace(std::string(folder), std::move(rules)).first->second;
  }
};

IgnoreRules::IgnoreRules(fs::path root) : state_(std::make_shared<State>()) {
  state_->root = std::move(root);
}

bool IgnoreRules::ignored_here(std::string_view path, bool is_directory) {
  const std::string_view name = last_name(path);
  if (std::ranges::find(always, name) != always.end()) return true;
  const auto& rules = *state_->rules_in(parent_of(path));
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (matches(*rule, path, is_directory)) return !rule->negative;
  }
  return false;
}

std::optional<IgnoreRule> IgnoreRules::ignoring(std::string_view path, bool is_directory) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string_view part = path.substr(0, end);
    const bool folder = end != std::string_view::npos || is_directory;
    const auto name = std::ranges::find(always, last_name(part));
    if (name != always.end()) {
      IgnoreRule rule;
      rule.pattern = *name;
      rule.origin = fmt::format("built in:{}", *name);
      return rule;
    }
    const auto& rules = *state_->rules_in(parent_of(part));
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      if (!matches(*rule, part, folder)) continue;
      if (rule->negative) break;
      return *rule;
    }
    if (end == std::string_view::npos) return std::nullopt;
  }
}

bool IgnoreRules::ignored(std::string_view path, bool is_directory) {
  return ignoring(path, is_directory).has_value();
}

bool IgnoreRules::trivial(std::string_view folder) { return state_->rules_in(folder)->empty(); }

}  // namespace mlopsctl::data
