// run list: filter, sort, page.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/filter.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t shown_params = 4;
constexpr std::size_t shown_metrics = 4;

bool has_params(const Run& run, const std::string& key) {
  return std::ranges::find(run.params, key, &KeyValue::key) != run.params.end();
}

Cell attribute_cell(const Run& run, const std::string& name, Timestamp now) {
  if (name == "run_id") return run_id_cell(run.id);
  if (name == "run_name") return Cell(run.name);
  if (name == "status") return status_cell(run);
  if (name == "start_time") return Cell(Value(run.start));
  if (name == "end_time") return optional_cell(run.end);
  if (name == "duration") return duration_cell(run, now);
  if (name == "user_id") return Cell(run.user);
  if (name == "experiment_id") return Cell(run.experiment_id);
  if (name == "experiment_name") return Cell(run.experiment_name);
  if (name == "artifact_uri") return Cell(run.artifact_uri);
  if (name == "lifecycle") return Cell(to_string(run.lifecycle));
  if (name == "exit_code")
    return run.exit_code ? Cell(Value(std::int64_t{*run.exit_code})) : Cell();
  if (name == "signal") return run.signal ? Cell(Value(std::int64_t{*run.signal})) : Cell();
  throw Error(ErrorKind::usage, fmt::format("{} cannot be shown as a column", quote(name)),
              "columns are attributes, metrics.KEY, params.KEY and tags.KEY");
}

Cell pair_cell(const std::vector<KeyValue>& pairs, const std::string& key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::key);
  return found == pairs.end() ? Cell() : Cell(found->value);
}

Cell metric_cell(const Run& run, const Identifier& which) {
  const Metric* head = nullptr;
  for (const auto& metric : run.metrics) {
    if (metric.key != which.key) continue;
    if (head == nullptr || head->latest.step < metric.latest.step) head = &metric;
  }
  if (head == nullptr) return {};
  switch (which.aggregate) {
    case Aggregate::latest:
      return Cell(Value(head->latest.value));
    case Aggregate::min:
      return Cell(Value(head->min));
    case Aggregate::max:
      return Cell(Value(head->max));
  }
  return {};
}

Cell cell_of(const Run& run, const Identifier& column, Timestamp now) {
  switch (column.entity) {
    case Entity::attribute:
      return attribute_cell(run, column.key, now);
    case Entity::metric:
      return metric_cell(run, column);
    case Entity::param:
      return pair_cell(run.params, column.key);
    case Entity::tag:
      return pair_cell(run.tags, column.key);
    case Entity::dataset:
      break;
  }
  throw Error(ErrorKind::usage, "datasets cannot be shown as a column",
              "'mlopsctl run show' lists the data sets of a run");
}

struct Shown {
  Identifier what;
  Column column;
};

Shown attribute(std::string name, std::string header, bool terminal = true, bool shrink = false) {
  const bool right = name == "duration";
  Column column{.key = name,
                .header = std::move(header),
                .right = right,
                .shrink = shrink,
                .terminal = terminal};
  return {{.entity = Entity::attribute, .key = std::move(name)}, std::move(column)};
}

// A column that the user named: its JSON key is what was typed.
Shown named(const std::string& text) {
  const Identifier what = parse_identifier(text);
  std::string header = what.key;
  if (what.aggregate == Aggregate::min) header += ":min";
  if (what.aggregate == Aggregate::max) header += ":max";
  std::ranges::transform(header, header.begin(), [&](char c) {
    return what.entity == Entity::attribute && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return {what,
          {.key = text,
           .header = header,
           .right = what.entity == Entity::metric,
           .shrink = what.entity != Entity::metric}};
}

// The keys worth a terminal column: parameters that differ between the rows, metrics of the model.
std::vector<Shown> automatic(const std::vector<Run>& runs) {
  std::set<std::string> experiments, params, metrics;
  for (const auto& run : runs) {
    experiments.insert(run.experiment_name);
    for (const auto& pair : run.params) params.insert(pair.key);
    for (const auto& metric : run.metrics) metrics.insert(metric.key);
  }
  std::vector<Shown> columns{
      attribute("run_id", "RUN"),
      attribute("run_name", "NAME", true, true),
      attribute("experiment_name", "EXPERIMENT", experiments.size() > 1, true),
      attribute("status", "STATUS"),
      attribute("start_time", "STARTED"),
      attribute("duration", "DURATION"),
      attribute("end_time", "ENDED", false),
      attribute("user_id", "USER", false)};
  std::size_t shown = 0;
  for (const auto& key : params) {
    const auto differs = [&](const Run& run) {
      return has_params(run, key) != has_params(runs.front(), key) ||
             pair_cell(run.params, key).value != pair_cell(runs.front().params, key).value;
    };
    const bool terminal = std::ranges::any_of(runs, differs) && shown < shown_params;
    shown += terminal ? 1 : 0;
    columns.push_back({{.entity = Entity::param, .key = key},
                       {.key = "params." + key,
                        .header = key,
                        .shrink = true,
                        .terminal = terminal,
                        .pipe = false}});
  }
  shown = 0;
  for (const auto& key : metrics) {
    const bool terminal = !key.starts_with("system/") && shown < shown_metrics;
    shown += terminal ? 1 : 0;
    columns.push_back({{.entity = Entity::metric, .key = key},
                       {.key = "metrics." + key,
                        .header = key,
                        .right = true,
                        .terminal = terminal,
                        .pipe = false}});
  }
  return columns;
}

RunQuery query_of(Context& context, RunStore& store, const Arguments& arguments) {
  RunQuery query{
      .order_by = arguments.list("sort"),
      .limit = arguments.integer("limit").value_or(context.config().integer("list.limit")),
      .page_token = arguments.text_or("page", "")};
  if (query.limit < 1) throw Error(ErrorKind::usage, "--limit needs a number from 1");
  for (const auto& text : arguments.positionals()) {
    if (!trim(query.filter).empty() && !trim(text).empty()) query.filter += " AND ";
    query.filter += trim(text).empty()                   ? ""
                    : arguments.positionals().size() > 1 ? fmt::format("({})", text)
                                                         : text;
  }
  for (const auto& name : arguments.list("experiment")) {
    query.experiment_ids.push_back(store.experiment(name).id);
  }
  if (arguments.flag("deleted")) query.view = ViewType::deleted_only;
  if (arguments.flag("all")) query.view = ViewType::all;
  return query;
}

Report list(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const RunQuery query = query_of(context, store, arguments);
  const RunPage page = store.search(query);
  std::vector<Shown> columns;
  for (const auto& text : arguments.list("columns")) {
    for (const auto& name : split(text, ',')) columns.push_back(named(std::string(trim(name))));
  }
  if (columns.empty()) columns = automatic(page.runs);

  Report report("run.list/1");
  Table table{.key = "runs", .when_empty = "no runs match"};
  for (const auto& shown : columns) table.columns.push_back(shown.column);
  for (const auto& run : page.runs) {
    std::vector<Cell> row;
    for (const auto& shown : columns) row.push_back(cell_of(run, shown.what, context.now()));
    table.add(std::move(row));
  }
  report.table(std::move(table));
  if (context.globals().json) {
    report.field("next_page", "next page",
                 page.next_page_token.empty() ? Cell() : Cell(page.next_page_token));
  }
  if (!page.next_page_token.empty()) {
    report.summary(fmt::format("{} of {} runs; --limit shows more, --page {} the next",
                               page.runs.size(), store.count(query), page.next_page_token));
  }
  return report;
}

}  // namespace

CommandSpec run_list() {
  return {
      .path = "run list",
      .summary = "List runs: filter, sort and choose columns",
      .description =
          "FILTER is MLflow's search language with OR, NOT, parentheses, IS NULL, IN, LIKE and "
          "ILIKE:\n\n"
          "  metrics.loss < 0.5 AND params.optimizer = 'adam'\n"
          "  (status = 'FAILED' OR exit_code > 0) AND start_time > '2 days ago'\n"
          "  tags.stage IS NULL AND metrics.`eval/acc`:max >= 0.9\n\n"
          "metrics.KEY is the latest value, metrics.KEY:min and :max the extremes. A comparison "
          "with "
          "something that a run does not have is false. In a pipe the columns are run_id, "
          "run_name, "
          "experiment_name, status, start_time, duration, end_time, user_id, or those of "
          "--columns.",
      .examples =
          {{"mlopsctl run list", "The newest runs"},
           {"mlopsctl run list 'metrics.loss < 0.5' --sort metrics.loss", "The best first"},
           {"mlopsctl run list --experiment chatbot --columns run_name,params.lr,metrics.loss:min",
            "Chosen columns"},
           {"mlopsctl run list \"status = 'FAILED'\" --json", "For a script"}},
      .options = {{.name = "experiment",
                   .value = "NAME",
                   .help = "Only runs of this experiment",
                   .repeatable = true,
                   .complete = Complete::experiment},
                  {.name = "sort",
                   .value = "KEY",
                   .help = "Sort by 'metrics.loss', 'params.lr desc', 'start_time'",
                   .repeatable = true,
                   .complete = Complete::column,
                   .default_text = "newest first"},
                  {.name = "columns",
                   .value = "KEYS",
                   .help = "Columns to show, separated by commas",
                   .repeatable = true,
                   .complete = Complete::column},
                  {.name = "limit",
                   .value = "N",
                   .help = "Rows at most",
                   .default_text = "the setting 'list.limit', 50"},
                  {.name = "page", .value = "TOKEN", .help = "Go on where an earlier list ended"},
                  {.name = "deleted", .help = "Only deleted runs"},
                  {.name = "all", .help = "Deleted runs too"}},
      .positionals = {{.name = "FILTER",
                       .help = "Which runs; several are joined by AND",
                       .least = 0,
                       .many = true,
                       .complete = Complete::column}},
      .aliases = {"run search", "run ls"},
      .run = list};
}

}  // namespace mlopsctl::commands
