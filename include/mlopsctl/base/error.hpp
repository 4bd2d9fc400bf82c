// The one error type and the only place that knows exit codes.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mlopsctl {

// Why something could not be done. A verdict ("the metric got worse") is a value, never an Error.
enum class ErrorKind {
  usage,        // the command line is wrong; nothing was attempted
  config,       // a configuration value is wrong; nothing was attempted
  not_found,    // the named thing does not exist
  conflict,     // it exists already, or its state forbids the change
  io,           // the file system or the database refused
  corrupt,      // stored bytes are not what they should be
  unavailable,  // a tool, device or service that is needed is not there
  interrupted,  // the user or the system asked us to stop
  bug,          // an invariant broke: please report
};

// Messages are lower case, without a final full stop, and quote the offending thing;
// the hint says what to do next and may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  bad_answer = 3,
  no_answer = 4,
  partial = 5,
  interrupted = 130,
  terminated = 143,
};

struct ExitCodeDoc {
  ExitCode code;
  std::string_view name;
  std::string_view meaning;
};

// Every exit code with its published meaning, ascending.
std::span<const ExitCodeDoc> exit_code_docs();

// The code a process ends with when an Error of this kind reaches the top.
ExitCode exit_code(ErrorKind kind);

// The word for a kind in JSON error objects, e.g. "not-found".
std::string_view to_string(ErrorKind kind);

}  // namespace mlopsctl
