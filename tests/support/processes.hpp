// Child processes of a test that run a function of it.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <vector>

namespace mlopsctl::testing {

// Runs `work(i)` in a process of its own for each i below `count`; they start together.
// Returns how many failed, by exception or by returning false.
template <class Work>
int failures_among(int count, Work&& work) {
  int start[2];
  if (::pipe(start) != 0) return count;
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(start[1]);
      char nothing = 0;
      (void)!::read(start[0], &nothing, 1);  // returns when the parent closes its end
      bool good = false;
      try {
        good = work(i);
      } catch (const std::exception& error) {
        (void)!::write(STDERR_FILENO, error.what(), std::char_traits<char>::length(error.what()));
        (void)!::write(STDERR_FILENO, "\n", 1);
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(start[0]);
  ::close(start[1]);
  int failures = 0;
  for (const pid_t child : children) {
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) ++failures;
  }
  return failures;
}

}  // namespace mlopsctl::testing
