#include "mlopsctl/drift/check_state.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::drift {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view schema = "mlopsctl.drift.state/1";

std::optional<Timestamp> time_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return parse_time(found->get<std::string>(), Timestamp{});
}

Json json_of(const std::optional<Timestamp>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

CheckState parsed(const std::string& text, const fs::path& file) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema").get<std::string>() != schema) throw std::invalid_argument("schema");
    return {.name = json.at("name").get<std::string>(),
            .seen_until = time_of(json, "seen_until"),
            .checked_at = time_of(json, "checked_at"),
            .passed_at = time_of(json, "passed_at"),
            .verdict_since = time_of(json, "verdict_since"),
            .verdict = json.at("verdict").get<std::string>()};
  } catch (const std::exception&) {  // JSON's own, and times that are none
    throw Error(ErrorKind::corrupt, fmt::format("{} is no state of a check", quoted_path(file)),
                "remove it to start afresh, or name another file with --state");
  }
}

}  // namespace

CheckState read_check_state(const fs::path& file, const std::string& name) {
  if (!fs::exists(file)) return {.name = name};
  CheckState state = parsed(read_file(file), file);
  if (state.name != name) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} is the state of the check {}, not of {}", quoted_path(file),
                            quote(state.name), quote(name)),
                "each check has a state file of its own; --name names the check");
  }
  return state;
}

void write_check_state(const fs::path& file, const CheckState& state) {
  const Json json{{"schema", schema},
                  {"name", state.name},
                  {"seen_until", json_of(state.seen_until)},
                  {"checked_at", json_of(state.checked_at)},
                  {"passed_at", json_of(state.passed_at)},
                  {"verdict", state.verdict},
                  {"verdict_since", json_of(state.verdict_since)}};
  write_file_atomically(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

CheckState after(const CheckState& before, const DriftResult& result) {
  CheckState state = before;
  state.checked_at = result.checked_at;
  // Rows that were too few for an answer count again next time, with those that come until then.
  const bool answered = result.verdict == Verdict::ok || result.verdict == Verdict::drift;
  if (answered && result.window_to &&
      (!state.seen_until || *state.seen_until < *result.window_to)) {
    state.seen_until = result.window_to;
  }
  if (result.verdict == Verdict::ok) state.passed_at = result.checked_at;
  const std::string verdict(to_string(result.verdict));
  if (state.verdict != verdict) state.verdict_since = result.checked_at;
  state.verdict = verdict;
  return state;
}

std::optional<NotifyOn> parse_notify_on(std::string_view text) {
  if (text == "change") return NotifyOn::change;
  if (text == "drift") return NotifyOn::drift;
  if (text == "always") return NotifyOn::always;
  if (text == "never") return NotifyOn::never;
  return std::nullopt;
}

bool should_notify(NotifyOn when, const CheckState& before, Verdict verdict) {
  switch (when) {
    case NotifyOn::change:
      if (before.verdict.empty()) return verdict == Verdict::drift;
      return before.verdict != to_string(verdict);
    case NotifyOn::drift:
      return verdict == Verdict::drift;
    case NotifyOn::always:
      return true;
    case NotifyOn::never:
      return false;
  }
  return false;
}

}  // namespace mlopsctl::drift
