#include "support/launch.hpp"

#include <unistd.h>

#include <string_view>

namespace mlopsctl::testing {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Launch::Launch(const std::vector<std::string>& argv, std::filesystem::path folder,
               const std::vector<std::pair<std::string, std::string>>& environment)
    : argv_(argv), folder_(std::move(folder)) {
  // The last one of a name counts, as with setenv().
  const auto replaced = [&](std::string_view name, std::size_t from) {
    for (std::size_t i = from; i < environment.size(); ++i)
      if (environment[i].first == name) return true;
    return false;
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (!replaced(text.substr(0, text.find('=')), 0)) environment_.emplace_back(text);
  }
  for (std::size_t i = 0; i < environment.size(); ++i) {
    const auto& [name, value] = environment[i];
    if (!replaced(name, i + 1)) environment_.push_back(name + "=" + value);
  }
  argv_pointers_ = pointers(argv_);
  environment_pointers_ = pointers(environment_);
}

void Launch::become() const {
  if (::chdir(folder_.c_str()) != 0) ::_exit(126);
  environ = const_cast<char**>(environment_pointers_.data());  // execvp() looks PATH up in it
  ::execvp(argv_pointers_[0], argv_pointers_.data());
  ::_exit(127);
}

}  // namespace mlopsctl::testing
