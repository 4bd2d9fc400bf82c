// A program that is written to and read from, line by line, at the same time.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/process.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class CommandProcess {
 public:
  // Its standard error is ours. Throws Error{not_found, unavailable}.
  explicit CommandProcess(const std::vector<std::string>& argv);
  ~CommandProcess();  // kills it if it does not end soon after its input has
  CommandProcess(const CommandProcess&) = delete;
  CommandProcess& operator=(const CommandProcess&) = delete;

  // Writes all of `input` while it reads lines, until `line` returns false. Throws
  // Error{unavailable} if the program ends before or prints nothing for `timeout`,
  // Error{interrupted}.
  using OnLine = std::function<bool(std::string_view line)>;
  void talk(std::string_view input, Milliseconds timeout, const OnLine& line);
  // Closes its input and reads the rest, to its end. Throws Error{unavailable} unless it ends with
  // status 0.
  void finish(Milliseconds timeout, const OnLine& line);

 private:
  bool read_some(const OnLine& line);  // false: stop
  void wait_for(std::string_view& input, Milliseconds timeout);
  [[noreturn]] void ended_early();
  std::optional<ExitStatus> ended();
  std::string how_it_ended();

  std::vector<std::string> argv_;
  std::optional<ChildProcess> child_;
  int in_ = -1, out_ = -1;  // our ends
  bool at_end_ = false;
  std::string buffer_;
};

}  // namespace mlopsctl
