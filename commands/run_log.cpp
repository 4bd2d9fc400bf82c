// run log: metrics, parameters and tags, one by one or as a stream of JSON lines.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/tracking/ingest.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

namespace mlopsctl::commands {

namespace {

constexpr std::uint64_t shown_bad_lines = 5;

// `run log loss=0.5` means MLOPSCTL_RUN_ID, `run log RUN loss=0.5` names the run.
bool names_run(const Arguments& arguments) {
  const auto first = arguments.positional(0);
  return first && first->find('=') == std::string::npos;
}

std::string target_run(RunStore& store, const Arguments& arguments) {
  return run_argument(store, arguments, names_run(arguments) ? 0 : arguments.positionals().size());
}

std::vector<MetricPoint> metrics_of(const Arguments& arguments, Timestamp now) {
  std::vector<MetricPoint> metrics;
  const std::int64_t step = arguments.integer("step").value_or(0);
  const auto given = arguments.text("time");
  const Timestamp time = given ? parse_time(*given, now) : now;
  for (std::size_t i = names_run(arguments) ? 1 : 0; i < arguments.positionals().size(); ++i) {
    const KeyValue pair = parse_key_value(arguments.positionals()[i]);
    const auto value = parse_number(pair.value);
    if (!value) {
      throw Error(
          ErrorKind::usage,
          fmt::format("metric {} needs a number, not {}", quote(pair.key), quote(pair.value)),
          "text belongs to --param or --tag");
    }
    metrics.push_back({pair.key, {step, time, *value}, {}});
  }
  return metrics;
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& name)
      : fd_(name == "-" ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) {
      throw Error(ErrorKind::not_found, fmt::format("cannot read {}", quote(name)),
                  "name an existing file, or - for standard input");
    }
  }
  ~Descriptor() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Report stream(Context& context, const Arguments& arguments, RunStore& store,
              const std::string& id) {
  const Descriptor input(*arguments.text("from"));
  catch_interrupts();
  std::uint64_t bad = 0;
  const auto warn = [&](std::uint64_t line, const std::string& message) {
    if (++bad > shown_bad_lines) return;
    context.progress().warning(fmt::format("line {}: {}", line, message));
  };
  const bool acknowledge = arguments.flag("ack");
  Progress& progress = context.progress();
  std::uint64_t stored = 0;
  const auto committed = [&](std::uint64_t lines) {
    progress.advance(lines - stored);
    stored = lines;
    if (acknowledge) write_fully(STDOUT_FILENO, fmt::format("{{\"stored_lines\":{}}}\n", lines));
  };
  progress.start("storing", 0, "lines");
  const IngestTotals totals = ingest_descriptor(store, id, input.get(), committed, warn);
  progress.finish();
  if (bad > shown_bad_lines) {
    context.progress().warning(fmt::format("{} more lines were bad", bad - shown_bad_lines));
  }
  Report report("run.log/1");
  if (acknowledge) {  // the acknowledgements are the output
    report.document([](const ByteSink&) {});
  }
  report.field("run_id", "run", run_id_cell(id));
  report.field("lines", "lines", Cell(Value(static_cast<std::int64_t>(totals.lines))));
  report.field("points", "points", Cell(Value(static_cast<std::int64_t>(totals.points))));
  report.field("bad_lines", "bad lines", Cell(Value(static_cast<std::int64_t>(totals.bad_lines))));
  report.field("skipped_fields", "skipped fields",
               Cell(Value(static_cast<std::int64_t>(totals.skipped_fields))));
  if (totals.bad_lines > 0) report.verdict(ExitCode::partial);
  return report;
}

Report log(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const std::string id = target_run(store, arguments);
  const LogBatch batch{.metrics = metrics_of(arguments, context.now()),
                       .params = key_values(arguments.list("param")),
                       .tags = key_values(arguments.list("tag"))};
  const auto from = arguments.text("from");
  const std::size_t given = batch.metrics.size() + batch.params.size() + batch.tags.size();
  if (given == 0 && !from) {
    throw Error(ErrorKind::usage, "there is nothing to log",
                "give metrics (loss=0.5), --param, --tag or --from FILE");
  }
  if (context.globals().dry_run) {
    Report report("run.log/1");
    report.field("run_id", "run", run_id_cell(id));
    return report.summary("nothing was stored");
  }
  if (given > 0) store.log(id, batch);
  if (from) return stream(context, arguments, store, id);
  Report report("run.log/1");
  report.field("run_id", "run", run_id_cell(id));
  report.field("points", "points", Cell(Value(static_cast<std::int64_t>(batch.metrics.size()))));
  report.field("params", "params", Cell(Value(static_cast<std::int64_t>(batch.params.size()))));
  return report.field("tags", "tags", Cell(Value(static_cast<std::int64_t>(batch.tags.size()))));
}

}  // namespace

CommandSpec run_log() {
  return {
      .path = "run log",
      .summary = "Log metrics, parameters and tags to a run",
      .description =
          "With --from, reads JSON lines and stores them as they come, a million points in about "
          "two seconds:\n\n"
          "  {\"step\": 10, \"loss\": 0.52, \"eval\": {\"acc\": 0.9}}\n"
          "  {\"key\": \"loss\", \"value\": 0.52, \"step\": 10, \"timestamp\": 1763880000000}\n"
          "  {\"params\": {\"lr\": 0.001}, \"tags\": {\"stage\": \"warm-up\"}}\n\n"
          "Every number is a metric; nested names are joined with '/'. A line without a step gets "
          "the next one. A line that is not JSON is reported with its number (exit code 5) and "
          "the rest is kept. An exact repeat of a point is swallowed, so a stream can be sent "
          "again after a failure. With --ack, a line on standard output tells how many lines are "
          "stored durably.",
      .examples = {{"mlopsctl run log --step 10 loss=0.52 acc=0.9",
                    "Into the run of MLOPSCTL_RUN_ID"},
                   {"mlopsctl run log @last --param lr=0.001", "A parameter, once"},
                   {"python train.py | mlopsctl run log $id --from -", "A stream of JSON lines"},
                   {"mlopsctl run log $id --from metrics.jsonl", "A file"}},
      .options =
          {{.name = "step", .value = "N", .help = "Step of the metrics", .default_text = "0"},
           {.name = "time",
            .value = "TIME",
            .help = "Time of the metrics: RFC 3339, milliseconds since the epoch, '5m ago'",
            .default_text = "now"},
           param_option(),
           tag_option(),
           {.name = "from",
            .value = "FILE",
            .help = "Read JSON lines from a file, or from standard input with -",
            .complete = Complete::file},
           {.name = "ack", .help = "Print a JSON line after each commit of a stream"}},
      .positionals = {{.name = "RUN",
                       .help = "The run, or nothing for MLOPSCTL_RUN_ID",
                       .least = 0,
                       .complete = Complete::run},
                      {.name = "KEY=VALUE",
                       .help = "Metrics",
                       .least = 0,
                       .many = true,
                       .complete = Complete::metric}},
      .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::partial,
                     ExitCode::interrupted, ExitCode::terminated},
      .run = log};
}

}  // namespace mlopsctl::commands
