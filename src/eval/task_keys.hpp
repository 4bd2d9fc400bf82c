// Values of a task file by key, with errors that name file, line and key.
#pragma once

#include "eval/task_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::eval {

class TaskKeys {
 public:
  explicit TaskKeys(const TaskFile& file) : file_(file) {}

 protected:
  // What is not there is `otherwise`, no text, or `least`.
  std::string text(const std::string& key, std::string otherwise = {}) const;
  std::vector<std::string> texts(const std::string& key) const;  // one text, or a list
  std::uint64_t whole(const std::string& key, std::uint64_t least, std::uint64_t most) const;

  std::vector<std::string> text_list(const YamlValue& value, const std::string& key) const;
  std::uint64_t whole_in(const YamlValue& value, const std::string& key, std::uint64_t least,
                         std::uint64_t most) const;

  const TaskFile& file_;
};

}  // namespace mlopsctl::eval
