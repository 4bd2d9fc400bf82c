// metrics show, metrics diff, params diff.
#include "mlopsctl/data/metrics.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "commands/commands.hpp"
#include "commands/pipeline_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace mlopsctl::commands {

namespace {

constexpr double rounding = 1e5;  // DVC's tables show five digits after the point

Cell cell_of(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::null:
      return Cell();
    case YamlKind::boolean:
      return Cell(Value(value.boolean));
    case YamlKind::integer:
      if (const auto number = parse_integer(value.text)) return Cell(Value(*number));
      return Cell(value.text);
    case YamlKind::real: {
      const double rounded = std::round(value.real * rounding) / rounding;
      const bool shown = std::isfinite(value.real) && (rounded != 0 || value.real == 0);
      return {Value(value.real), shown ? number_text(rounded) : number_text(value.real)};
    }
    default:
      return Cell(python_str(value));
  }
}

Cell cell_of(const std::optional<YamlValue>& value) { return value ? cell_of(*value) : Cell(); }

std::vector<std::string> root_paths(const data::Repository& repository, const Context& context,
                                    const std::vector<std::string>& paths) {
  std::vector<std::string> result;
  for (const auto& path : paths) result.push_back(repository.relative(path, data_base(context)));
  return result;
}

void report_errors(Report& report, const std::vector<data::ValueFile>& files,
                   const std::string& revision, std::size_t& failed) {
  for (const auto& file : files) {
    if (file.error.empty()) continue;
    ++failed;
    report.finding(Severity::warning, revision == "workspace"
                                          ? file.error
                                          : fmt::format("in {}: {}", revision, file.error));
  }
}

bool wants(const Arguments& arguments, std::string_view format) {
  return arguments.text_or("format", "table") == format;
}

void document(Report& report, std::string text) {
  report.document([text = std::move(text)](const ByteSink& sink) { sink(text); });
}

// GitHub's tables; bars inside cells are escaped.
std::string markdown(const Table& table) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : table.columns) rows[0].push_back(column.header);
  for (const auto& row : table.rows) {
    auto& texts = rows.emplace_back();
    for (const auto& cell : row) {
      std::string text = cell.shown.empty() ? plain_text(cell.value) : cell.shown;
      if (text.empty()) text = "-";
      for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
        text.insert(at, 1, '\\');
      }
      texts.push_back(std::move(text));
    }
  }
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += "| " + join(rows[i], " | ") + " |\n";
    if (i > 0) continue;
    for (std::size_t k = 0; k < table.columns.size(); ++k) out += "|---";
    out += "|\n";
  }
  return out;
}

// Revisions that metrics show looks at besides the working tree.
std::vector<std::string> revisions_of(data::Repository& repository, const Arguments& arguments) {
  std::vector<std::string> revisions = arguments.list("rev");
  const bool branches = arguments.flag("all-branches"), tags = arguments.flag("all-tags");
  const bool commits = arguments.flag("all-commits");
  if (!branches && !tags && !commits) return revisions;
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::not_found, "there is no git repository here, so there are no revisions");
  }
  std::vector<std::string> more;
  if (branches) std::ranges::copy(git->branches(), std::back_inserter(more));
  if (tags) std::ranges::copy(git->tags(), std::back_inserter(more));
  if (commits) std::ranges::copy(git->all_commits(), std::back_inserter(more));
  for (auto& revision : more) {
    if (std::ranges::find(revisions, revision) == revisions.end())
      revisions.push_back(std::move(revision));
  }
  return revisions;
}

Report show_metrics(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto targets = root_paths(repository, context, arguments.positionals());
  const data::SeenPath seen = [&](const std::string& path) {
    return shown_path(repository, context, path);
  };
  const std::vector<std::string> revisions = revisions_of(repository, arguments);
  std::vector<data::RevisionValues> values;
  Report report("metrics.show/1");
  std::size_t failed = 0, read = 0;
  const auto take = [&](const std::string& name, const std::string& shown) {
    data::RevisionFiles files(repository, name);
    auto found = data::read_metrics(files, targets);
    report_errors(report, found, name, failed);
    read += found.size();
    values.push_back({shown, std::move(found)});
  };
  take("workspace", revisions.empty() ? "" : "workspace");
  for (const auto& revision : revisions) take(revision, revision);
  Table table{.key = "metrics",
              .columns = {{.key = "revision", .header = "REVISION", .terminal = !revisions.empty()},
                          {.key = "path", .header = "PATH"},
                          {.key = "metric", .header = "METRIC"},
                          {.key = "value", .header = "VALUE", .right = true}},
              .when_empty =
                  "there are no metrics; declare a file of them with "
                  "'mlopsctl stage add --metrics'"};
  for (const auto& revision : values) {
    for (const auto& file : revision.files) {
      for (const auto& flat : data::flat_values(file.values)) {
        table.add({Cell(revision.revision.empty() ? "workspace" : revision.revision),
                   Cell(seen(file.path)), Cell(flat.key), cell_of(flat.value)});
      }
    }
  }
  if (wants(arguments, "dvc-json")) {
    document(report, data::dvc_show_json(values, seen) + "\n");
  } else if (wants(arguments, "md")) {
    document(report, markdown(table));
  } else {
    report.table(std::move(table));
  }
  if (failed > 0) report.verdict(failed == read ? ExitCode::failed : ExitCode::partial);
  return report;
}

using Reader = std::vector<data::ValueFile> (*)(data::RevisionFiles&,
                                                const std::vector<std::string>&, const Arguments&);

Report compare(Context& context, const Arguments& arguments, const std::string& what,
               Reader reader) {
  data::Repository repository = open_repository(context);
  const auto targets = root_paths(repository, context, arguments.list("target"));
  const data::SeenPath seen = [&](const std::string& path) {
    return shown_path(repository, context, path);
  };
  const std::string before_name = arguments.positional(0).value_or("HEAD");
  const std::string after_name = arguments.positional(1).value_or("workspace");
  data::RevisionFiles before_files(repository, before_name), after_files(repository, after_name);
  const auto before = reader(before_files, targets, arguments);
  const auto after = reader(after_files, targets, arguments);
  const auto changes = data::compare_values(before, after, arguments.flag("all"));

  const bool metrics = what == "metric";
  Report report(metrics ? "metrics.diff/1" : "params.diff/1");
  // A file that only one side has is a difference, not an error.
  std::set<std::string> there;
  for (const auto* side : {&before, &after}) {
    for (const auto& file : *side) {
      if (file.error.empty()) there.insert(file.path);
    }
  }
  std::size_t failed = 0;
  for (const auto& file : after) {
    if (!file.error.empty() && !there.contains(file.path)) {
      ++failed;
      report.finding(Severity::warning, file.error);
    }
  }
  Table table{
      .key = "changes",
      .columns = {{.key = "path", .header = "PATH"},
                  {.key = what, .header = metrics ? "METRIC" : "PARAM"},
                  {.key = "old", .header = before_name, .right = true},
                  {.key = "new", .header = after_name, .right = true},
                  {.key = "change", .header = "CHANGE", .right = true}},
      .when_empty = fmt::format("no {} differs between {} and {}", what, before_name, after_name)};
  for (const auto& change : changes) {
    table.add({Cell(seen(change.path)), Cell(change.key), cell_of(change.before),
               cell_of(change.after), cell_of(change.difference)});
  }
  const bool differ = std::ranges::any_of(changes, [](const data::ValueChange& change) {
    return !change.before || !change.after || !python_equal(*change.before, *change.after);
  });
  if (wants(arguments, "dvc-json")) {
    document(report, data::dvc_diff_json(changes, seen) + "\n");
  } else if (wants(arguments, "md")) {
    document(report, markdown(table));
  } else {
    report.table(std::move(table));
  }
  if (failed > 0) report.verdict(ExitCode::partial);
  if (arguments.flag("exit-code")) {
    if (there.empty()) {
      report.finding(Severity::bad, fmt::format("neither side has a {}", what));
      report.verdict(ExitCode::no_answer);
    } else if (differ) {
      report.verdict(ExitCode::bad_answer);
    }
  }
  return report;
}

Report diff_metrics(Context& context, const Arguments& arguments) {
  return compare(context, arguments, "metric",
                 [](data::RevisionFiles& files, const std::vector<std::string>& targets,
                    const Arguments&) { return data::read_metrics(files, targets); });
}

Report diff_params(Context& context, const Arguments& arguments) {
  return compare(context, arguments, "param",
                 [](data::RevisionFiles& files, const std::vector<std::string>& targets,
                    const Arguments& options) {
                   return data::read_parameters(files, targets, options.flag("deps"));
                 });
}

OptionSpec format_option() {
  return {.name = "format",
          .value = "FORMAT",
          .help = "A table, Markdown, or the JSON that DVC's --json prints",
          .choices = {"table", "md", "dvc-json"},
          .default_text = "table"};
}

std::vector<OptionSpec> diff_options() {
  return {{.name = "target",
           .value = "FILE",
           .help = "Only this file, declared or not",
           .repeatable = true,
           .complete = Complete::file},
          {.name = "all", .help = "Also what is the same"},
          format_option(),
          {.name = "exit-code", .help = "Exit with 3 if something differs, 4 if there is nothing"}};
}

std::vector<PositionalSpec> diff_positionals() {
  return {{.name = "OLD",
           .help = "Revision; HEAD if it is not named",
           .least = 0,
           .complete = Complete::revision},
          {.name = "NEW",
           .help = "Revision; the working tree if it is not named",
           .least = 0,
           .complete = Complete::revision}};
}

std::vector<ExitCode> diff_codes() {
  return {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
          ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
}

}  // namespace

CommandSpec metrics_show() {
  CommandSpec spec{
      .path = "metrics show",
      .summary = "Show the metrics of the pipelines",
      .description =
          "Reads the files that stages and dvc.yaml declare as metrics (JSON, YAML, TOML, Python), "
          "or "
          "the named ones, from the working tree and from other revisions. Files that only the "
          "cache "
          "has are read from there. Numbers, texts and booleans count; lists do not.",
      .examples = {{"mlopsctl metrics show", "The metrics here"},
                   {"mlopsctl metrics show --all-tags", "And those of every tag"},
                   {"mlopsctl metrics show --format dvc-json", "For scripts that read DVC's JSON"}},
      .options = {{.name = "rev",
                   .value = "REV",
                   .help = "Also this revision",
                   .repeatable = true,
                   .complete = Complete::revision},
                  {.name = "all-branches", .help = "Also every branch", .letter = 'a'},
                  {.name = "all-tags", .help = "Also every tag", .letter = 'T'},
                  {.name = "all-commits", .help = "Also every commit", .letter = 'A'},
                  format_option()},
      .positionals = {{.name = "FILE",
                       .help = "A file of metrics; all that are declared if none is named",
                       .least = 0,
                       .many = true,
                       .complete = Complete::file}},
      .run = show_metrics};
  spec.exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::partial};
  return spec;
}

CommandSpec metrics_diff() {
  CommandSpec spec{
      .path = "metrics diff",
      .summary = "Compare the metrics of two revisions",
      .description =
          "Shows the metrics that differ between a revision and the working tree, or between "
          "two revisions, with the change of numbers.",
      .examples = {{"mlopsctl metrics diff", "What changed since HEAD"},
                   {"mlopsctl metrics diff v1 v2 --all", "Two tags, all metrics"},
                   {"mlopsctl metrics diff main --format md", "For a comment on a pull request"}},
      .options = diff_options(),
      .positionals = diff_positionals(),
      .run = diff_metrics};
  spec.exit_codes = diff_codes();
  return spec;
}

CommandSpec params_diff() {
  CommandSpec spec{
      .path = "params diff",
      .summary = "Compare the parameters of two revisions",
      .description =
          "Shows the parameters that differ: those that stages depend on, files that dvc.yaml "
          "lists "
          "under 'params', params.yaml, and values that templates use.",
      .examples = {{"mlopsctl params diff", "What changed since HEAD"},
                   {"mlopsctl params diff v1 v2 --deps", "Two tags, only what stages depend on"}},
      .options = diff_options(),
      .positionals = diff_positionals(),
      .run = diff_params};
  spec.options.push_back({.name = "deps", .help = "Only what stages depend on"});
  spec.exit_codes = diff_codes();
  return spec;
}

}  // namespace mlopsctl::commands
