// Shell completion: the shells' scripts are static stubs that run the program again with
// MLOPSCTL_COMPLETE=<index of the word being typed> and the words so far as arguments.
//
// Reply on stdout: the first line is the kind ("values", "files", "directories", "programs"),
// then one "value<TAB>description" a line.
#pragma once

#include "mlopsctl/cli/command.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mlopsctl {

struct CompletionItem {
  std::string value;
  std::string description;
};

struct Completion {
  std::string kind = "values";
  std::vector<CompletionItem> items;
};

// Looks up names in the project; called only where a value is completed.
using ValueSource =
    std::function<std::vector<CompletionItem>(Complete kind, const std::string& prefix)>;

// `words` without the program's name; `index` points at the word to complete (may be one past the
// end).
Completion complete(const std::vector<std::string>& words, std::size_t index,
                    const Registry& registry, const ValueSource& values);

std::string to_reply(const Completion& completion);

// The stub for a shell: "bash", "zsh" or "fish".
std::string completion_script(std::string_view shell);

}  // namespace mlopsctl
