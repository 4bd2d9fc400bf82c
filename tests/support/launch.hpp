// A program to be started in a child process of a test that may have threads.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

// Everything that the child needs, made before the fork. After it only async-signal-safe calls are
// allowed: another thread may have held a lock, the allocator's for one, and in the child nobody
// gives it back.
class Launch {
 public:
  // `environment` adds to ours, and replaces what has the same name. PATH may be among it.
  Launch(const std::vector<std::string>& argv, std::filesystem::path folder,
         const std::vector<std::pair<std::string, std::string>>& environment);
  Launch(const Launch&) = delete;  // of pointers into itself
  Launch& operator=(const Launch&) = delete;

  // In the child: becomes the program. Ends with 126 if there is no such folder, 127 if there is
  // no such program.
  [[noreturn]] void become() const;

 private:
  std::vector<std::string> argv_, environment_;
  std::filesystem::path folder_;
  std::vector<char*> argv_pointers_, environment_pointers_;
};

}  // namespace mlopsctl::testing
