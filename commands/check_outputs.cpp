#include "commands/check_outputs.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>

namespace mlopsctl::commands {

namespace {

// Commands offer some of these options only.
std::optional<std::string> text_of(const Arguments& arguments, const std::string& option) {
  return arguments.options_.contains(option) ? arguments.text(option) : std::nullopt;
}

bool flag_of(const Arguments& arguments, const std::string& option) {
  return arguments.options_.contains(option) && arguments.flag(option);
}

// A receiver whose URL may be a secret: given as URL, or by the name of a variable or a file.
std::optional<Endpoint> endpoint_of(const Arguments& arguments, const std::string& option) {
  if (const auto url = text_of(arguments, option)) {
    return url->starts_with("env:") ? Endpoint::from_environment(url->substr(4))
                                    : Endpoint::from_text(*url);
  }
  return std::nullopt;
}

std::optional<Endpoint> secret_endpoint_of(const Arguments& arguments, const std::string& name) {
  const auto variable = text_of(arguments, name + "-env"),
             file = text_of(arguments, name + "-file");
  if (variable && file) {
    throw Error(ErrorKind::usage, fmt::format("--{0}-env and --{0}-file exclude each other", name));
  }
  if (variable) return Endpoint::from_environment(*variable);
  if (file) return Endpoint::from_file(*file);
  return std::nullopt;
}

AlertOptions alert_options(const Arguments& arguments) {
  AlertOptions options{.lasts = parse_duration(text_of(arguments, "alert-for").value_or("26h")),
                       .report_url = text_of(arguments, "report-url").value_or("")};
  if (!arguments.options_.contains("alert-label")) return options;
  if (options.lasts.count() <= 0) {
    throw Error(ErrorKind::usage, "--alert-for needs a time above 0");
  }
  for (const auto& text : arguments.list("alert-label")) {
    const KeyValue label = parse_key_value(text);
    if (!is_label_name(label.key) || label.key == "alertname" || label.key == "severity") {
      throw Error(ErrorKind::usage, fmt::format("{} cannot be an alert's label", quote(label.key)),
                  "letters, digits and _; alertname and severity are taken");
    }
    options.labels.push_back({label.key, label.value});
  }
  return options;
}

std::string summary_file() {
  const char* file = std::getenv("GITHUB_STEP_SUMMARY");  // NOLINT(concurrency-mt-unsafe)
  if (file == nullptr || *file == '\0') {
    throw Error(ErrorKind::config, "the environment variable 'GITHUB_STEP_SUMMARY' is not set",
                "GitHub Actions sets it; elsewhere set it to a file to append to");
  }
  return file;
}

void append_to(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::app | std::ios::binary);
  out << text << '\n' << std::flush;
  if (!out) throw Error(ErrorKind::io, fmt::format("cannot append to {}", quoted_path(file)));
}

std::optional<double> success_before(const std::string& file, const std::string& metric) {
  try {
    return prometheus_value(read_file(file), metric);
  } catch (const Error&) {  // the first time there is none
    return std::nullopt;
  }
}

// Everything is tried; what fails is a finding.
class Outputs {
 public:
  Outputs(Context& context, Report& report) : context_(context), report_(report) {}

  void file(const std::string& key, const std::string& name,
            const std::function<std::string()>& make, Umask umask = Umask::respected) {
    attempt([&] {
      const std::string bytes = make();
      if (!context_.globals().dry_run) write_file_atomically(name, bytes, 0644, umask);
      report_.field(key, "wrote", Cell(name));
    });
  }
  void append(const std::string& key, const std::string& name, const std::string& text) {
    attempt([&] {
      if (!context_.globals().dry_run) append_to(name, text);
      report_.field(key, "appended to", Cell(name));
    });
  }
  void send(const std::string& key, const Endpoint& endpoint,
            const std::function<void(HttpClient&)>& action) {
    attempt([&] {
      if (!context_.globals().dry_run) {
        const auto client = with_retries(
            make_http_client(),
            {.attempts = 4, .first_delay = Milliseconds{500}, .budget = Milliseconds{30'000}});
        action(*client);
      }
      report_.field(key, "sent to", Cell(endpoint.shown()));
    });
  }

  int failures() const { return failures_; }

 private:
  void attempt(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      ++failures_;
      report_.finding(Severity::bad,
                      error.what() + (error.hint().empty() ? std::string() : "; " + error.hint()));
      if (report_.code() == ExitCode::done) report_.verdict(ExitCode::partial);
    }
  }

  Context& context_;
  Report& report_;
  int failures_ = 0;
};

void write_files(Outputs& outputs, const Arguments& arguments, const CheckDocuments& documents) {
  if (const auto file = text_of(arguments, "html")) outputs.file("html", *file, documents.page);
  if (const auto file = text_of(arguments, "junit")) {
    outputs.file("junit", *file, [&] { return junit_xml(std::vector{documents.junit()}); });
  }
  if (flag_of(arguments, "github-summary")) {
    outputs.append("github_summary", summary_file(), documents.markdown());
  }
  if (const auto file = text_of(arguments, "prometheus")) {
    outputs.file(
        "prometheus", *file,
        [&] {
          return prometheus_text(documents.metrics(success_before(*file, documents.last_success)));
        },
        Umask::ignored);
  }
}

void send_metrics_and_alerts(Outputs& outputs, const Arguments& arguments,
                             const CheckDocuments& documents) {
  if (const auto gateway = endpoint_of(arguments, "pushgateway")) {
    outputs.send("pushgateway", *gateway, [&](HttpClient& client) {
      // Without a verdict the time of the last one stays in the group.
      push_metrics(client, *gateway, {documents.job, {{"check", documents.name}}},
                   prometheus_text(documents.metrics(std::nullopt)), documents.answered);
    });
  }
  if (const auto manager = endpoint_of(arguments, "alertmanager")) {
    const auto alerts = documents.alerts(alert_options(arguments));
    if (alerts.empty()) return;
    outputs.send("alertmanager", *manager,
                 [&](HttpClient& client) { send_alerts(client, *manager, alerts); });
  }
}

void send_messages(Outputs& outputs, const Arguments& arguments, const CheckDocuments& documents) {
  const std::string link = text_of(arguments, "report-url").value_or("");
  for (const Receiver& receiver : message_receivers(arguments)) {
    outputs.send(receiver.slack ? "slack" : "webhook", receiver.endpoint, [&](HttpClient& client) {
      if (receiver.slack) {
        send_message(client, receiver.endpoint, "Slack", slack_json(documents.message(link)));
      } else {
        send_message(client, receiver.endpoint, "the webhook", documents.webhook_json(link));
      }
    });
  }
}

}  // namespace

std::vector<OptionSpec> check_output_options(const CheckOutputHelp& help) {
  const auto file = [](const char* name, const std::string& text) {
    return OptionSpec{.name = name, .value = "FILE", .help = text, .complete = Complete::file};
  };
  return {file("html", help.page),
          file("junit", help.junit),
          {.name = "github-summary", .help = "Append a summary to $GITHUB_STEP_SUMMARY"},
          file("prometheus", "Write metrics for node_exporter's textfile collector: NAME.prom"),
          {.name = "pushgateway",
           .value = "URL",
           .help = "Push metrics there; env:NAME takes the URL from a variable"},
          {.name = "alertmanager", .value = "URL", .help = help.alert},
          {.name = "alert-for",
           .value = "TIME",
           .help = "How long an alert stays without another check: the time between checks and "
                   "some slack",
           .default_text = "26h"},
          {.name = "alert-label",
           .value = "NAME=VALUE",
           .help = "Further label of the alert, such as team=search",
           .repeatable = true},
          {.name = "report-url",
           .value = "URL",
           .help = "Where people find the page of --html; linked from alerts and messages"},
          {.name = "slack-webhook-env",
           .value = "NAME",
           .help = "Variable that holds the URL of a Slack incoming webhook"},
          file("slack-webhook-file", "File with that URL, readable by its owner only"),
          {.name = "webhook-env",
           .value = "NAME",
           .help = "Variable that holds the URL of a webhook that takes JSON"},
          file("webhook-file", "File with that URL, readable by its owner only")};
}

std::vector<OptionSpec> check_output_options(const CheckOutputHelp& help,
                                             std::span<const std::string_view> names) {
  std::vector<OptionSpec> options;
  for (auto& option : check_output_options(help)) {
    if (std::ranges::find(names, option.name) != names.end()) options.push_back(std::move(option));
  }
  return options;
}

std::vector<Receiver> message_receivers(const Arguments& arguments) {
  std::vector<Receiver> receivers;
  if (const auto slack = secret_endpoint_of(arguments, "slack-webhook")) {
    receivers.push_back({true, *slack});
  }
  if (const auto webhook = secret_endpoint_of(arguments, "webhook")) {
    receivers.push_back({false, *webhook});
  }
  return receivers;
}

void validate_check_outputs(const Arguments& arguments) {
  alert_options(arguments);
  endpoint_of(arguments, "pushgateway");
  endpoint_of(arguments, "alertmanager");
  secret_endpoint_of(arguments, "slack-webhook");
  secret_endpoint_of(arguments, "webhook");
  if (const auto link = text_of(arguments, "report-url")) Endpoint::from_text(*link);
  if (flag_of(arguments, "github-summary")) summary_file();
}

bool write_check_outputs(Context& context, const Arguments& arguments,
                         const CheckDocuments& documents, bool notify, Report& report) {
  Outputs outputs(context, report);
  write_files(outputs, arguments, documents);
  send_metrics_and_alerts(outputs, arguments, documents);
  const int failed_before = outputs.failures();
  if (notify) send_messages(outputs, arguments, documents);
  return outputs.failures() == failed_before;
}

}  // namespace mlopsctl::commands
