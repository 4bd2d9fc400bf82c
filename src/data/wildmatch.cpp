// git's wildmatch with WM_PATHNAME.
#include "mlopsctl/data/ignore.hpp"

#include <array>
#include <cctype>
#include <utility>

namespace mlopsctl::data {

namespace {

constexpr int most_steps = 1'000'000;  // a pattern of many stars can take for ever

bool in_class(std::string_view name, unsigned char c) {
  static constexpr std::array<std::pair<std::string_view, int (*)(int)>, 12> classes{
      {{"alnum", std::isalnum},
       {"alpha", std::isalpha},
       {"blank", std::isblank},
       {"cntrl", std::iscntrl},
       {"digit", std::isdigit},
       {"graph", std::isgraph},
       {"lower", std::islower},
       {"print", std::isprint},
       {"punct", std::ispunct},
       {"space", std::isspace},
       {"upper", std::isupper},
       {"xdigit", std::isxdigit}}};
  for (const auto& [known, test] : classes) {
    if (known == name) return test(c) != 0;
  }
  return false;
}

// Matches one [set] at the start of `pattern` and removes it; npos-like false if it is not closed.
enum class SetResult { match, miss, open };
SetResult match_set(std::string_view& pattern, unsigned char c) {
  std::string_view rest = pattern.substr(1);
  const bool negative = !rest.empty() && (rest.front() == '!' || rest.front() == '^');
  if (negative) rest.remove_prefix(1);
  bool found = false;
  bool first = true;
  unsigned char previous = 0;
  while (!rest.empty() && (first || rest.front() != ']')) {
    first = false;
    auto member = static_cast<unsigned char>(rest.front());
    if (member == '[' && rest.size() > 1 && rest[1] == ':') {
      const std::size_t end = rest.find(":]", 2);
      if (end != std::string_view::npos) {
        found = found || in_class(rest.substr(2, end - 2), c);
        rest.remove_prefix(end + 2);
        previous = 0;
        continue;
      }
    }
    if (member == '-' && previous != 0 && rest.size() > 1 && rest[1] != ']') {
      rest.remove_prefix(1);
      if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
      member = static_cast<unsigned char>(rest.front());
      found = found || (c >= previous && c <= member);
      rest.remove_prefix(1);
      previous = 0;
      continue;
    }
    if (member == '\\' && rest.size() > 1) {
      rest.remove_prefix(1);
      member = static_cast<unsigned char>(rest.front());
    }
    found = found || member == c;
    previous = member;
    rest.remove_prefix(1);
  }
  if (rest.empty()) return SetResult::open;
  pattern = rest.substr(1);
  return found != negative && c != '/' ? SetResult::match : SetResult::miss;
}

bool match_here(std::string_view pattern, std::string_view text, int& budget, bool at_start);

// `pattern` begins with at least two stars. at_start: nothing or a '/' stands before them.
bool match_double_star(std::string_view pattern, std::string_view text, int& budget,
                       bool at_start) {
  std::string_view rest = pattern;
  while (!rest.empty() && rest.front() == '*') rest.remove_prefix(1);
  const bool whole = at_start && (rest.empty() || rest.front() == '/');
  if (!whole) {  // like one star
    for (std::size_t i = 0;; ++i) {
      if (match_here(rest, text.substr(i), budget, false)) return true;
      if (i == text.size() || text[i] == '/') return false;
    }
  }
  if (rest.empty()) return true;
  if (match_here(rest.substr(1), text, budget, true)) return true;  // no folder at all
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/' && match_here(rest.substr(1), text.substr(i + 1), budget, true)) {
      return true;
    }
  }
  return false;
}

bool match_here(std::string_view pattern, std::string_view text, int& budget, bool at_start) {
  if (--budget < 0) return false;
  while (!pattern.empty()) {
    const char p = pattern.front();
    if (p == '*') {
      if (pattern.size() > 1 && pattern[1] == '*') {
        return match_double_star(pattern, text, budget, at_start);
      }
      const std::string_view rest = pattern.substr(1);
      if (rest.empty()) return text.find('/') == std::string_view::npos;
      for (std::size_t i = 0;; ++i) {
        if (match_here(rest, text.substr(i), budget, false)) return true;
        if (i == text.size() || text[i] == '/') return false;
      }
    }
    if (text.empty()) return false;
    const auto c = static_cast<unsigned char>(text.front());
    if (p == '?') {
      if (c == '/') return false;
      pattern.remove_prefix(1);
    } else if (p == '[') {
      switch (match_set(pattern, c)) {
        case SetResult::match:
          break;
        case SetResult::miss:
        case SetResult::open:
          return false;
      }
    } else {
      if (p == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      if (pattern.front() != text.front()) return false;
      pattern.remove_prefix(1);
    }
    at_start = c == '/';
    text.remove_prefix(1);
  }
  return text.empty();
}

}  // namespace

bool wildmatch(std::string_view pattern, std::string_view text) {
  int budget = most_steps;
  return match_here(pattern, text, budget, true);
}

}  // namespace mlopsctl::data
