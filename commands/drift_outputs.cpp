#include "commands/drift_outputs.hpp"

#include "mlopsctl/base/text.hpp"

#include "commands/check_outputs.hpp"
#include "commands/drift_documents.hpp"

#include <limits>

namespace mlopsctl::commands {

namespace {

std::size_t metric_features(const Arguments& arguments) {
  const std::string text = arguments.text_or("metric-features", "10");
  if (text == "all") return std::numeric_limits<std::size_t>::max();
  const auto number = parse_integer(text);
  if (!number || *number < 0) {
    throw Error(ErrorKind::usage, "--metric-features needs a number from 0, or all");
  }
  return static_cast<std::size_t>(*number);
}

}  // namespace

std::vector<OptionSpec> drift_output_options() {
  auto options = check_output_options(
      {.page = "Write a page with pictures of every feature; it needs nothing else",
       .junit = "Write JUnit XML, one test case a feature",
       .alert = "Raise an alert there on drift, end it when there is none; env:NAME as above"});
  options.push_back({.name = "metric-features",
                     .value = "N",
                     .help = "Worst features that get series of their own, or all",
                     .default_text = "10"});
  return options;
}

void check_drift_outputs(const Arguments& arguments) {
  metric_features(arguments);
  validate_check_outputs(arguments);
}

bool wants_drift_pictures(const Arguments& arguments) { return arguments.text("html").has_value(); }

bool write_drift_outputs(Context& context, const Arguments& arguments,
                         const drift::DriftResult& result, bool notify, Report& report) {
  const CheckDocuments documents{
      .name = result.name,
      .job = "mlopsctl_drift",
      .last_success = "mlopsctl_drift_last_success_timestamp_seconds",
      .answered = has_answer(result.verdict),
      .page = [&] { return html_comparison(drift_page(result)); },
      .junit = [&] { return drift_junit(result); },
      .markdown = [&] { return drift_markdown(result); },
      .metrics =
          [&](std::optional<double> before) {
            return drift_metrics(result, metric_features(arguments), before);
          },
      .alerts =
          [&](const AlertOptions& options) { return drift_alerts(result, options, context.now()); },
      .message = [&](const std::string& link) { return drift_message(result, link); },
      .webhook_json = [&](const std::string& link) { return drift_webhook_json(result, link); }};
  return write_check_outputs(context, arguments, documents, notify, report);
}

}  // namespace mlopsctl::commands
