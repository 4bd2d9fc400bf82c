// Regular expressions with the meaning of Python's re, as far as PCRE2 shares it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

class Pattern {
 public:
  // Throws Error{config} with what is wrong where.
  static Pattern compile(const std::string& pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // re.findall: of each match its groups, or the whole match if there are none.
  std::vector<std::vector<std::string>> find_all(std::string_view text) const;
  // re.sub(pattern, "", text)
  std::string without(std::string_view text) const;

 private:
  struct State;
  explicit Pattern(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::eval
