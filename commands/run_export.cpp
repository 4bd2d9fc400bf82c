// run export: runs as JSON, JSON lines or CSV.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/export.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

namespace mlopsctl::commands {

namespace {

constexpr std::int64_t page_size = 1000;

std::vector<std::string> chosen_runs(RunStore& store, const Arguments& arguments) {
  const auto filter = arguments.text("filter");
  if (!arguments.positionals().empty() && filter) {
    throw Error(ErrorKind::usage, "name runs or give --filter, not both");
  }
  if (!filter && !arguments.flag("all")) return run_arguments(store, arguments);
  std::vector<std::string> ids;
  RunQuery query{.filter = filter.value_or(""), .limit = page_size};
  do {
    const RunPage page = store.search(query);
    for (const auto& run : page.runs) ids.push_back(run.id);
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return ids;
}

ExportFormat format_of(const Arguments& arguments) {
  const std::string format = arguments.text_or("format", "json");
  if (arguments.flag("points")) {
    if (format == "csv") return ExportFormat::csv_points;
    throw Error(ErrorKind::usage, "--points goes with --format csv",
                "the JSON formats have every point anyway");
  }
  if (format == "csv") return ExportFormat::csv;
  return format == "jsonl" ? ExportFormat::jsonl : ExportFormat::json;
}

Report export_command(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const auto ids = chosen_runs(store, arguments);
  const ExportFormat format = format_of(arguments);
  const auto output = arguments.text("output");
  Report report("run.export/1");
  if (!output || *output == "-") {
    return report.document(
        [&store, ids, format](const ByteSink& write) { export_runs(store, ids, format, write); });
  }
  if (!context.globals().dry_run) {
    stream_file_atomically(
        *output, [&](const WritePiece& write) { export_runs(store, ids, format, write); });
  }
  report.field("file", "wrote", Cell(*output));
  return report.field("runs", "runs", Cell(Value(static_cast<std::int64_t>(ids.size()))));
}

}  // namespace

CommandSpec run_export() {
  return {
      .path = "run export",
      .summary = "Write runs as JSON, JSON lines or CSV",
      .description =
          "json is one document with everything a run has, every point included. jsonl has one "
          "object a line, each with a type. csv has one row a run with its parameters and latest "
          "metrics; with --points, one row a point.",
      .examples = {{"mlopsctl run export @last --format jsonl", "One run, line by line"},
                   {"mlopsctl run export --all --format csv -o runs.csv", "A table of all runs"},
                   {"mlopsctl run export --filter \"tags.stage = 'prod'\" -o prod.json",
                    "Runs that match"}},
      .options = {{.name = "format",
                   .value = "FORMAT",
                   .help = "What to write",
                   .choices = {"json", "jsonl", "csv"},
                   .default_text = "json"},
                  {.name = "points", .help = "With csv: one row a point"},
                  {.name = "all", .help = "All active runs"},
                  {.name = "filter",
                   .value = "FILTER",
                   .help = "Runs that match, as in 'run list'"},
                  {.name = "output",
                   .value = "FILE",
                   .help = "Where to; - is standard output",
                   .letter = 'o',
                   .complete = Complete::file,
                   .default_text = "-"}},
      .positionals = {run_positional(true, 0)},
      .run = export_command};
}

}  // namespace mlopsctl::commands
