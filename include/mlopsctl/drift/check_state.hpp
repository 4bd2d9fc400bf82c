// What a check that is run again and again remembers: how far it has seen, and what it said.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/drift/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::drift {

struct CheckState {
  std::string name;
  std::optional<Timestamp> seen_until;     // of the newest row that a check has judged
  std::optional<Timestamp> checked_at;     // of the last check
  std::optional<Timestamp> passed_at;      // of the last one that found no drift
  std::optional<Timestamp> verdict_since;  // when the present verdict was found first
  std::string verdict;                     // of the last check, as to_string(Verdict); empty: none
};

// A file that is not there is an empty state. Throws Error{corrupt} for one that is none, and
// Error{conflict} for that of a check with another name.
CheckState read_check_state(const std::filesystem::path& file, const std::string& name);
void write_check_state(const std::filesystem::path& file, const CheckState& state);

// The state after a check. `seen_until` is kept where the result has no window, and where it is no
// answer (insufficient data): those rows are seen again, with what comes until the next check.
CheckState after(const CheckState& before, const DriftResult& result);

// When somebody is to be told: `change` when the verdict is another than last time (the first time:
// if it is drift), `drift` whenever there is drift.
enum class NotifyOn { change, drift, always, never };
std::optional<NotifyOn> parse_notify_on(std::string_view text);
bool should_notify(NotifyOn when, const CheckState& before, Verdict verdict);

}  // namespace mlopsctl::drift
