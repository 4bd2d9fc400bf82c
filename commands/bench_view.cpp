#include "commands/bench_view.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace mlopsctl::commands {

namespace {

constexpr double busy_client = 0.7;   // of a processor: then it may be what is slow
constexpr double slower_clock = 0.9;  // of the clock before
constexpr std::size_t shown_failures = 3;

Cell number(double value, const char* unit = "") {
  if (std::isnan(value)) return {};
  return {Value(value), fmt::format("{}{}", human_number(value), unit)};
}

// Milliseconds on a terminal with as many digits as say something.
Cell time_cell(double value) {
  if (std::isnan(value)) return {};
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return {Value(value), fmt::format("{:.{}f}", value, digits)};
}

// The definition in a column's width.
const char* short_definition(LatencyMetric metric) {
  switch (metric) {
    case LatencyMetric::ttft:
      return "to the first text";
    case LatencyMetric::tpot:
      return "per output token after it";
    case LatencyMetric::gap:
      return "between tokens or chunks";
    case LatencyMetric::e2e:
      return "to the last text";
    case LatencyMetric::queue:
      return "waiting at the client";
  }
  return "";
}

std::string value_in(const Fingerprint& print, const char* key) {
  const auto found = print.find(key);
  return found == print.end() ? std::string() : found->second;
}

Table metric_table(const LatencyRun& run) {
  Table table{.key = "metrics", .heading = "Milliseconds"};
  table.columns = {{.key = "metric", .header = "METRIC"},
                   {.key = "n", .header = "N", .right = true},
                   {.key = "mean", .header = "MEAN", .right = true},
                   {.key = "median", .header = "MEDIAN", .right = true},
                   {.key = "mad", .header = "MAD", .right = true},
                   {.key = "min", .header = "MIN", .right = true},
                   {.key = "p90", .header = "P90", .right = true},
                   {.key = "p95", .header = "P95", .right = true},
                   {.key = "p99", .header = "P99", .right = true},
                   {.key = "max", .header = "MAX", .right = true},
                   {.key = "definition", .header = "WHAT", .wrap = true}};
  for (const LatencyMetric metric : latency_metrics()) {
    const LatencySummary one = summarize(latency_values(run, metric));
    table.add({Cell(to_string(metric)),
               count_cell(one.n),
               time_cell(one.mean),
               time_cell(one.median),
               time_cell(one.mad),
               time_cell(one.min),
               time_cell(one.p90),
               time_cell(one.p95),
               time_cell(one.p99),
               time_cell(one.max),
               {Value(std::string(definition(metric))), short_definition(metric)}});
  }
  return table;
}

Table device_table(const LatencyRun& run) {
  Table table{.key = "devices", .heading = "GPU before and after"};
  table.columns = {{.key = "when", .header = "WHEN"},
                   {.key = "name", .header = "GPU"},
                   {.key = "clock_mhz", .header = "MHZ", .right = true},
                   {.key = "temperature_celsius", .header = "°C", .right = true},
                   {.key = "throttled", .header = "SLOWED BY"}};
  const auto add = [&](const char* when, const std::vector<DeviceState>& devices) {
    for (const DeviceState& device : devices) {
      table.add({Cell(when), Cell(device.name), number(device.clock_mhz),
                 number(device.temperature_celsius),
                 device.throttled.empty() ? Cell() : Cell(device.throttled)});
    }
  };
  add("before", run.before);
  add("after", run.after);
  return table;
}

void add_subject(Report& report, const LatencyRun& run) {
  const auto field = [&](const char* key, const char* label, const std::string& text) {
    if (!text.empty()) report.field(key, label, Cell(text));
  };
  field("endpoint", "endpoint", value_in(run.fingerprint, "endpoint"));
  const std::string served = value_in(run.fingerprint, "endpoint_model");
  field("model", "model", served.empty() ? value_in(run.fingerprint, "model") : served);
  field("adapter", "adapter", value_in(run.fingerprint, "adapter"));
  field("engine", "engine", value_in(run.fingerprint, "engine_name"));
  report.field("load", "load", Cell(run.load));
}

void add_totals(Report& report, const LatencyRun& run, std::span<const Slo> slos) {
  const LatencyTotals totals = latency_totals(run);
  report.field("completed", "completed", count_cell(totals.completed));
  report.field("failed", "failed",
               {Value(static_cast<std::int64_t>(totals.failed)), std::to_string(totals.failed),
                totals.failed > 0 ? Style::red : Style::plain});
  report.field("warmups", "warm-ups", count_cell(run.warmups));
  report.field("wall_seconds", "took", number(run.wall, " s"));
  report.field("prompt_tokens", "prompt tokens", count_cell(totals.prompt_tokens));
  report.field("output_tokens", "output tokens", count_cell(totals.output_tokens));
  report.field("requests_per_second", "requests/s", number(totals.requests_per_second));
  report.field("output_tokens_per_second", "output tokens/s",
               number(totals.output_tokens_per_second));
  report.field("tokens_per_second", "tokens/s", number(totals.tokens_per_second));
  report.field("client_cpu_seconds", "client's CPU", number(run.client_cpu, " s"));
  if (slos.empty()) return;
  const Goodput good = goodput(run, slos);
  std::string promises;
  for (const Slo& slo : slos)
    promises += fmt::format("{}{} ≤ {} ms", promises.empty() ? "" : ", ", to_string(slo.metric),
                            human_number(slo.milliseconds));
  report.field("slo", "promised", Cell(promises));
  report.field("good", "kept by", count_cell(good.good));
  report.field("goodput", "good requests/s", number(good.per_second));
}

void tell_failures(Report& report, const LatencyRun& run) {
  std::set<std::string> told;
  for (const RequestTiming& request : run.requests) {
    if (request.error.empty() || !told.insert(request.error).second) continue;
    if (told.size() <= shown_failures) report.finding(Severity::warning, request.error);
  }
  if (told.size() > shown_failures)
    report.finding(Severity::warning, fmt::format("{} other errors", told.size() - shown_failures));
}

void tell_doubts(Report& report, const LatencyRun& run) {
  const bool endpoint = run.fingerprint.contains("endpoint");
  if (endpoint && run.wall > 0 && run.client_cpu / run.wall > busy_client)
    report.finding(Severity::warning,
                   fmt::format("this program was busy {:.0f} % of the time: it may be what is slow",
                               100 * run.client_cpu / run.wall));
  for (const std::string& note : run.notes) report.finding(Severity::warning, note);
  if (latency_totals(run).counted_chunks)
    report.finding(Severity::warning,
                   "the server tells no usage: output tokens are chunks, of one token or more");
  for (std::size_t i = 0; i < std::min(run.before.size(), run.after.size()); ++i) {
    const DeviceState& after = run.after[i];
    if (!after.throttled.empty())
      report.finding(Severity::warning,
                     fmt::format("{} was slowed down by: {}", after.name, after.throttled));
    else if (after.clock_mhz < slower_clock * run.before[i].clock_mhz)
      report.finding(
          Severity::warning,
          fmt::format("the clock of {} fell from {} to {} MHz", after.name,
                      human_number(run.before[i].clock_mhz), human_number(after.clock_mhz)));
  }
}

}  // namespace

Report bench_view(Context& context, const std::string& schema, const LatencyRun& run,
                  std::span<const Slo> slos) {
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  Report report(schema);
  add_subject(report, run);
  if (!person) report.field("started", "started", Cell(Value(Timestamp{run.started})));
  add_totals(report, run, slos);
  report.table(metric_table(run));
  if (!person || !run.before.empty()) report.table(device_table(run));
  if (!person) {
    Group group{"fingerprint", "Fingerprint", {}};
    for (const auto& [key, text] : run.fingerprint) group.entries.push_back({key, Cell(text)});
    report.group(std::move(group));
  }
  tell_failures(report, run);
  tell_doubts(report, run);
  const LatencyTotals totals = latency_totals(run);
  if (totals.completed == 0) report.summary("no request was answered");
  return report;
}

}  // namespace mlopsctl::commands
