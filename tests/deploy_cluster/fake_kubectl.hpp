// A program named kubectl that gives the answers it was told to, one a call, and remembers how it
// was called.
#pragma once

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mlopsctl::testing {

class FakeKubectl {
 public:
  struct Answer {
    std::string out, err;
    int code = 0;
    bool hangs = false;
  };

  FakeKubectl() {
    write("kubectl", R"sh(#!/bin/sh
here=$(dirname "$0")
call=$(cat "$here/calls" 2>/dev/null || echo 0)
call=$((call + 1))
echo "$call" >"$here/calls"
printf '%s\n' "$*" >"$here/argv.$call"
cat >"$here/input.$call"
cat "$here/out.$call" 2>/dev/null
cat "$here/err.$call" >&2 2>/dev/null
[ ! -e "$here/hangs.$call" ] || sleep 1000
exit "$(cat "$here/code.$call" 2>/dev/null || echo 0)"
)sh");
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }

  void answers(const Answer& answer) {
    const std::string n = std::to_string(++planned_);
    write("out." + n, answer.out);
    write("err." + n, answer.err);
    write("code." + n, std::to_string(answer.code));
    if (answer.hangs) write("hangs." + n, "");
  }
  void fails(const std::string& err) { answers({.out = {}, .err = err + "\n", .code = 1}); }

  std::string path() const { return (folder_.path() / "kubectl").string(); }
  int calls() const {
    const std::string text = read("calls");
    return text.empty() ? 0 : std::stoi(text);
  }
  std::string argv(int call) const { return read("argv." + std::to_string(call)); }
  std::string input(int call) const { return read("input." + std::to_string(call)); }

 private:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_.path() / name);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  TemporaryFolder folder_;
  int planned_ = 0;
};

}  // namespace mlopsctl::testing
