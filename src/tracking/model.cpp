#include "mlopsctl/tracking/model.hpp"

#include "mlopsctl/base/error.hpp"

#include <array>

namespace mlopsctl {

namespace {

constexpr std::array statuses{RunStatus::running, RunStatus::scheduled, RunStatus::finished,
                              RunStatus::failed, RunStatus::killed};

}  // namespace

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::running:
      return "RUNNING";
    case RunStatus::scheduled:
      return "SCHEDULED";
    case RunStatus::finished:
      return "FINISHED";
    case RunStatus::failed:
      return "FAILED";
    case RunStatus::killed:
      return "KILLED";
  }
  throw Error(ErrorKind::bug, "unknown run status");
}

std::optional<RunStatus> parse_run_status(std::string_view text) {
  const std::string wanted = to_lower(text);
  for (const RunStatus status : statuses) {
    if (to_lower(to_string(status)) == wanted) return status;
  }
  return std::nullopt;
}

std::string_view to_string(Lifecycle lifecycle) {
  return lifecycle == Lifecycle::active ? "active" : "deleted";
}

}  // namespace mlopsctl
