#include "deploy/cluster/kubectl_errors.hpp"

#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace mlopsctl::deploy {
namespace {

constexpr std::string_view from_server = "Error from server";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_error_line(std::string_view line) {
  for (const std::string_view begin :
       {std::string_view{"error:"}, from_server, std::string_view{"Error in configuration"},
        std::string_view{"The connection to the server"},
        std::string_view{"Unable to connect to the server"},
        std::string_view{"The request is invalid"}})
    if (line.starts_with(begin)) return true;
  return line.starts_with("The ") && has(line, " is invalid:");
}

// "Error from server (NotFound): …": the API's reason in brackets; empty: none was given.
ClusterFailure failure_of_reason(std::string_view line) {
  std::string_view reason = line.substr(from_server.size());
  if (!reason.starts_with(" (")) return ClusterFailure::busy;  // "etcdserver: leader changed"
  reason = reason.substr(2, reason.find(')') - 2);
  if (reason == "NotFound" && has(line, "could not find the requested resource"))
    return ClusterFailure::no_such_kind;
  constexpr std::array<std::pair<std::string_view, ClusterFailure>, 16> reasons{{
      {"Forbidden", ClusterFailure::forbidden},
      {"NotFound", ClusterFailure::not_found},
      {"AlreadyExists", ClusterFailure::exists},
      {"Conflict", ClusterFailure::conflict},
      {"Unauthorized", ClusterFailure::unauthorized},
      {"Invalid", ClusterFailure::invalid},
      {"BadRequest", ClusterFailure::invalid},
      {"MethodNotAllowed", ClusterFailure::invalid},
      {"RequestEntityTooLarge", ClusterFailure::invalid},
      {"UnsupportedMediaType", ClusterFailure::invalid},
      {"TooManyRequests", ClusterFailure::busy},
      {"InternalError", ClusterFailure::busy},
      {"ServiceUnavailable", ClusterFailure::busy},
      {"Timeout", ClusterFailure::busy},
      {"ServerTimeout", ClusterFailure::busy},
      {"Expired", ClusterFailure::busy},
  }};
  const auto known =
      std::ranges::find(reasons, reason, &std::pair<std::string_view, ClusterFailure>::first);
  return known == reasons.end() ? ClusterFailure::other : known->second;
}

// Lines that begin with "error:", by what is in them; the first that fits.
ClusterFailure failure_of_words(std::string_view line, std::string_view out) {
  if (line == "error: EOF" && has(out, "Please enter Username"))
    return ClusterFailure::unauthorized;
  constexpr std::array<std::pair<std::string_view, ClusterFailure>, 20> words{{
      {"must be logged in", ClusterFailure::unauthorized},
      {"(Unauthorized)", ClusterFailure::unauthorized},
      {"provide credentials", ClusterFailure::unauthorized},
      {"is forbidden:", ClusterFailure::forbidden},
      {"doesn't have a resource type", ClusterFailure::no_such_kind},
      {"no matches for kind", ClusterFailure::no_such_kind},
      {"Apply failed with", ClusterFailure::conflict},
      {"the object has been modified", ClusterFailure::conflict},
      {"Internal error occurred", ClusterFailure::busy},
      {"an error on the server", ClusterFailure::busy},
      {"in the time allotted", ClusterFailure::busy},
      {"unexpected error when reading response body", ClusterFailure::unreachable},
      {"unexpected EOF", ClusterFailure::unreachable},
      {"connection refused", ClusterFailure::unreachable},
      {"connection reset", ClusterFailure::unreachable},
      {"connection lost", ClusterFailure::unreachable},
      {"broken pipe", ClusterFailure::unreachable},
      {"timeout", ClusterFailure::unreachable},
      {"deadline exceeded", ClusterFailure::unreachable},
      {"timed out", ClusterFailure::unreachable},
  }};
  for (const auto& [word, failure] : words)
    if (has(line, word)) return failure;
  return ClusterFailure::other;
}

ClusterFailure failure_of(std::string_view line, std::string_view out, bool json_patch) {
  if (line.starts_with("The connection to the server")) return ClusterFailure::unreachable;
  if (line.starts_with("Unable to connect to the server"))  // or a helper that logs in failed
    return has(line, "getting credentials") ? ClusterFailure::unauthorized
                                            : ClusterFailure::unreachable;
  if (line.starts_with("Error in configuration")) return ClusterFailure::unauthorized;
  if (line.starts_with(from_server)) return failure_of_reason(line);
  if (line.starts_with("The request is invalid"))
    return json_patch ? ClusterFailure::conflict : ClusterFailure::invalid;
  if (line.starts_with("The ")) return ClusterFailure::invalid;
  return failure_of_words(line, out);
}

}  // namespace

KubectlProblem kubectl_problem(std::string_view out, std::string_view err, bool json_patch) {
  const auto lines = split(err, '\n');
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const std::string& line) { return is_error_line(line); });
  if (last == lines.rend()) {
    const auto words = std::find_if(lines.rbegin(), lines.rend(),
                                    [](const std::string& line) { return !trim(line).empty(); });
    return {.failure = ClusterFailure::other,
            .text = words == lines.rend() ? "kubectl failed without a word"
                                          : mask_secrets(printable(trim(*words)))};
  }
  std::string text{trim(*last)};
  const ClusterFailure failure = failure_of(text, out, json_patch);
  // Details come as a list below: the fields that are invalid, or that somebody else owns.
  for (auto line = last.base(); line != lines.end(); ++line) {
    if (!line->starts_with("* ") && !line->starts_with("- ")) break;
    text += (text.ends_with(':') ? " " : "; ") + std::string{trim(line->substr(2))};
  }
  return {.failure = failure, .text = mask_secrets(printable(text))};
}

}  // namespace mlopsctl::deploy
