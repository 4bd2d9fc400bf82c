// Checks in the run store: each check is a run, and one more run a name carries the trend, one step
// a check.
#pragma once

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::commands {

struct CheckRecord {
  std::string kind;        // "drift": the tags are drift.check and drift.trend, by which checks are
                           // found again, and drift.verdict
  std::string name;        // of the check
  std::string experiment;  // where it is recorded
  Timestamp checked_at{};
  std::string verdict, reason;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;                           // beside those that every check has
  std::vector<std::pair<std::string, double>> totals;   // of the trend, and of this check
  std::vector<std::pair<std::string, double>> details;  // of this check only; NaN is left out
  std::string document;                                 // an artifact, KIND.json
  std::string page;                                     // another, KIND.html, if there is one
};

// Returns the run's id.
std::string record_check(RunStore& store, const CheckRecord& record);

// The newest checks that have a tag, oldest first. Throws Error{not_found} if there is no such
// experiment.
struct RecordedChecks {
  std::string tag;  // "drift.check"
  std::string experiment;
  std::optional<std::string> name;  // of the checks: the tag's value
  std::int64_t limit = 0;
};
std::vector<Run> recorded_checks(RunStore& store, const RecordedChecks& wanted);

// As RunStore::resolve, but "@last" and "@last~N" count checks of these kinds only.
std::string resolve_check(const RunStore& store, const std::string& reference,
                          std::initializer_list<std::string_view> kinds);

// "KIND/PREFIX/NAME" with a name that a metric may have.
std::string metric_key(const std::string& prefix, const std::string& name);

// Where checks are to be recorded: the store that is here, or one that --experiment makes. None
// with --no-record, --dry-run, and where there is no store.
RunStore* store_of_checks(Context& context, const Arguments& arguments);

// --name, --experiment, --no-record.
std::vector<OptionSpec> check_record_options(const std::string& kind);

}  // namespace mlopsctl::commands
