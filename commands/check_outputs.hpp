// Where the result of a check goes beside the report: files, metrics, alerts, messages. What they
// say is the business of each kind of check.
#pragma once

#include "mlopsctl/alerting/alert.hpp"
#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/formats/junit.hpp"
#include "mlopsctl/formats/prometheus.hpp"
#include "mlopsctl/ui/report.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::commands {

struct AlertOptions {
  Milliseconds lasts{0};  // without another check
  std::vector<MetricLabel> labels;
  std::string report_url;
};

// The result of a check for others; each is made only if it was asked for.
struct CheckDocuments {
  std::string name;          // of the check
  std::string job;           // of its metrics in the Pushgateway
  std::string last_success;  // the metric that says when a check last reached a verdict
  bool answered = false;     // whether this one did
  std::function<std::string()> page;
  std::function<JUnitSuite()> junit;
  std::function<std::string()> markdown;
  std::function<std::vector<MetricFamily>(std::optional<double> last_success_before)> metrics;
  std::function<std::vector<Alert>(const AlertOptions&)> alerts;
  std::function<Message(const std::string& report_url)> message;
  std::function<std::string(const std::string& report_url)> webhook_json;
};

// --html, --junit, --github-summary, --prometheus, --pushgateway, --alertmanager, Slack, webhook.
struct CheckOutputHelp {  // of the options that differ
  std::string page, junit, alert;
};
std::vector<OptionSpec> check_output_options(const CheckOutputHelp& help);
// Only those of these names: the rest is then as if it was not given.
std::vector<OptionSpec> check_output_options(const CheckOutputHelp& help,
                                             std::span<const std::string_view> names);

// Where messages for people go, by --slack-webhook-env/-file and --webhook-env/-file.
struct Receiver {
  bool slack = false;  // else it takes JSON
  Endpoint endpoint;
};
std::vector<Receiver> message_receivers(const Arguments& arguments);

// Throws Error{usage, config} for what is wrong with these options, before any work is done.
void validate_check_outputs(const Arguments& arguments);

// Writes and sends what was asked for, each on its own: what fails becomes a finding of the report,
// and a report that would pass ends with 5 (partial) instead; a verdict of 3 or 4 stays. `notify`
// is about messages for people; files, metrics and Alertmanager get every check, because alerts
// would run out otherwise. With --dry-run nothing is written or sent. False if a message that was
// due did not arrive.
bool write_check_outputs(Context& context, const Arguments& arguments,
                         const CheckDocuments& documents, bool notify, Report& report);

}  // namespace mlopsctl::commands
