// `.dvcignore`: git's wildmatch rules per folder, merged with those of the folders above.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

// One line of an ignore file.
struct IgnoreRule {
  std::string pattern;       // without '!', the trailing '/' and escapes of the first character
  std::string base;          // folder of the file, relative to the root; "" is the root
  bool negative = false;     // "!pattern"
  bool directories = false;  // "pattern/"
  bool anchored = false;     // has a '/' before its end: relative to base
  std::string origin;        // ".dvcignore:3:*.tmp", for check-ignore
};

// Nothing for blank lines and comments.
std::optional<IgnoreRule> parse_ignore_line(std::string_view line, std::string_view base);
// Whether `path` (relative to the root, '/' between names) matches the pattern itself; parents are
// not looked at.
bool matches(const IgnoreRule& rule, std::string_view path, bool is_directory);
// git's wildmatch: * and ? stop at '/', ** does not, [a-z], [!a], [[:alpha:]], \x.
bool wildmatch(std::string_view pattern, std::string_view text);

// The rules of a repository, read when a folder is first asked about. Not thread-safe, except that
// copies may be used side by side.
class IgnoreRules {
 public:
  explicit IgnoreRules(fs::path root);

  // The rule that ignores the path, or one of its parents; nothing if it is kept. `.git`, `.hg` and
  // `.dvc` are always ignored. path: relative to the root.
  std::optional<IgnoreRule> ignoring(std::string_view path, bool is_directory);
  bool ignored(std::string_view path, bool is_directory);
  // Only this name against the rules, for walks that ask about the parents first.
  bool ignored_here(std::string_view path, bool is_directory);
  // True if no file above or in `folder` has a rule, so that only the built-in ones count.
  bool trivial(std::string_view folder);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mlopsctl::data
