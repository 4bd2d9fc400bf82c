// A regular expression over names of modules, in Python's syntax as far as PCRE2 shares it.
#pragma once

#include <memory>
#include <string>

namespace mlopsctl::engine {

class NamePattern {
 public:
  // Throws Error{usage} naming the expression.
  explicit NamePattern(const std::string& expression);

  // The whole name, as Python's re.fullmatch. Throws Error{usage} where a match takes too long.
  bool matches(const std::string& name) const;

 private:
  std::shared_ptr<const void> code_;
  std::string expression_;
};

}  // namespace mlopsctl::engine
