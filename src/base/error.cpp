#include "mlopsctl/base/error.hpp"

#include <array>

namespace mlopsctl {

namespace {

constexpr std::array exit_codes{
    ExitCodeDoc{ExitCode::done, "done", "done; for a check: it passed"},
    ExitCodeDoc{ExitCode::failed, "failed",
                "it did not work (I/O, network, not found, conflict, bug)"},
    ExitCodeDoc{ExitCode::usage, "usage", "usage or configuration; nothing was attempted"},
    ExitCodeDoc{ExitCode::bad_answer, "bad-answer",
                "it worked and the answer is bad: regression, drift, difference"},
    ExitCodeDoc{ExitCode::no_answer, "no-answer",
                "it worked and there is no answer: no baseline, too few samples, not comparable"},
    ExitCodeDoc{ExitCode::partial, "partial", "some items failed; the report lists them"},
    ExitCodeDoc{ExitCode::interrupted, "interrupted", "interrupted (Ctrl-C)"},
    ExitCodeDoc{ExitCode::terminated, "terminated", "terminated (SIGTERM)"},
};

}  // namespace

std::span<const ExitCodeDoc> exit_code_docs() { return exit_codes; }

ExitCode exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::config:
      return ExitCode::usage;
    case ErrorKind::interrupted:
      return ExitCode::interrupted;
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::io:
    case ErrorKind::corrupt:
    case ErrorKind::unavailable:
    case ErrorKind::bug:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::config:
      return "config";
    case ErrorKind::not_found:
      return "not-found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::io:
      return "io";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::interrupted:
      return "interrupted";
    case ErrorKind::bug:
      return "bug";
  }
  return "bug";
}

}  // namespace mlopsctl
