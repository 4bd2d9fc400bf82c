// eval compare: two results side by side, and whether the difference is more than chance.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate_statistics.hpp"

#include "commands/commands.hpp"
#include "commands/eval_results.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t most_facts = 20;

struct Pair {
  const ExampleRecord* a = nullptr;
  const ExampleRecord* b = nullptr;
};

// Examples that both answered to the same prompt.
std::vector<Pair> pairs_of(const TaskResult& a, const TaskResult& b) {
  std::map<std::string, const ExampleRecord*> by_id;
  for (const ExampleRecord& example : a.examples) by_id[example.id] = &example;
  std::vector<Pair> pairs;
  for (const ExampleRecord& example : b.examples) {
    const auto found = by_id.find(example.id);
    if (found == by_id.end() || !example.error.empty() || !found->second->error.empty()) continue;
    if (found->second->prompt_hash == example.prompt_hash)
      pairs.push_back({found->second, &example});
  }
  return pairs;
}

// How the examples of a metric changed: of right and wrong by counts, of others by differences.
struct Change {
  std::uint64_t pairs = 0, won = 0, lost = 0;
  std::optional<double> p;  // two-sided
  std::string test;
};

Change change_of(const MetricValue& metric, const std::vector<Pair>& pairs) {
  Change change;
  std::vector<double> gains;
  bool proportion = true;
  for (const Pair& pair : pairs) {
    const auto a = pair.a->metrics.find(metric.key()), b = pair.b->metrics.find(metric.key());
    std::optional<double> gain;  // above 0: better
    if (a != pair.a->metrics.end() && b != pair.b->metrics.end()) {
      const bool higher = metric.higher_is_better || metric.name == "perplexity";  // kept as a log
      gain = higher ? b->second - a->second : a->second - b->second;
      proportion =
          proportion && (a->second == 0 || a->second == 1) && (b->second == 0 || b->second == 1);
    } else if (pair.a->nll && pair.b->nll) {  // perplexities: by the log-likelihood of each example
      gain = *pair.a->nll - *pair.b->nll;
      proportion = false;
    }
    if (!gain || std::isnan(*gain)) continue;
    if (*gain != 0) ++(*gain > 0 ? change.won : change.lost);
    gains.push_back(*gain);
  }
  change.pairs = gains.size();
  if (gains.empty()) return change;
  if (proportion) {
    change.p = gate::mcnemar(change.lost, change.won).two_sided;
    change.test = "McNemar";
  } else if (change.won + change.lost > 0) {
    const double better = gate::wilcoxon(gains).greater;
    for (double& gain : gains) gain = -gain;
    change.p = std::min(1.0, 2 * std::min(better, gate::wilcoxon(gains).greater));
    change.test = "Wilcoxon";
  }
  return change;
}

std::string difference_text(double difference) {
  if (std::abs(difference) < 1000) return fmt::format("{:+.4f}", difference);
  return (difference > 0 ? "+" : "") + human_number(difference);
}

Style style_of(const MetricValue& a, const MetricValue& b, const Change& change) {
  if (!change.p || *change.p >= 0.05 || a.value == b.value) return Style::plain;
  return (b.value > a.value) == a.higher_is_better ? Style::green : Style::red;
}

const TaskResult* find_task(const EvalResult& result, const std::string& name) {
  const auto found = std::ranges::find(result.tasks, name, &TaskResult::name);
  return found == result.tasks.end() ? nullptr : &*found;
}
const MetricValue* find_metric(const TaskResult& task, const std::string& key) {
  for (const MetricValue& metric : task.metrics) {
    if (metric.key() == key) return &metric;
  }
  return nullptr;
}

Table comparison_table() {
  return {.key = "metrics",
          .heading = "Metrics",
          .columns = {{.key = "task", .header = "TASK"},
                      {.key = "metric", .header = "METRIC"},
                      {.key = "a", .header = "A", .right = true},
                      {.key = "b", .header = "B", .right = true},
                      {.key = "difference", .header = "B − A", .right = true},
                      {.key = "pairs", .header = "PAIRS", .right = true},
                      {.key = "won", .header = "BETTER", .right = true},
                      {.key = "lost", .header = "WORSE", .right = true},
                      {.key = "p", .header = "P", .right = true},
                      {.key = "test", .header = "TEST"}}};
}

void add_rows(Table& table, const TaskResult& a, const TaskResult& b) {
  const std::vector<Pair> pairs = pairs_of(a, b);
  for (const MetricValue& before : a.metrics) {
    const MetricValue* now = find_metric(b, before.key());
    if (now == nullptr) continue;
    const Change change = change_of(before, pairs);
    const double difference = now->value - before.value;
    Cell shown = std::isnan(difference) ? Cell()
                                        : Cell(Value(difference), difference_text(difference),
                                               style_of(before, *now, change));
    const bool paired = change.pairs > 0;
    table.add({Cell(a.name), Cell(before.key()), metric_cell(before, before.value),
               metric_cell(*now, now->value), std::move(shown), count_cell(change.pairs),
               paired ? count_cell(change.won) : Cell(), paired ? count_cell(change.lost) : Cell(),
               change.p ? Cell(Value(*change.p), fmt::format("{:.3g}", *change.p)) : Cell(),
               Cell(change.test)});
  }
}

void add_differences(Report& report, const EvalResult& a, const EvalResult& b) {
  Table table{.key = "differences", .heading = "What is different"};
  table.columns = {{.key = "name", .header = "NAME"},
                   {.key = "a", .header = "A", .shrink = true},
                   {.key = "b", .header = "B", .shrink = true}};
  std::map<std::string, std::pair<std::string, std::string>> facts;
  for (const auto& [key, value] : a.fingerprint) facts[key].first = value;
  for (const auto& [key, value] : b.fingerprint) facts[key].second = value;
  for (const auto& [key, values] : facts) {
    if (values.first == values.second || table.rows.size() == most_facts) continue;
    const bool digest = key.ends_with("sha256");
    const auto cell = [&](const std::string& value) {
      return digest ? Cell(Value(value), value.substr(0, 12)) : Cell(value);
    };
    table.add({Cell(key), cell(values.first), cell(values.second)});
  }
  if (!table.rows.empty()) report.table(std::move(table));
}

void add_findings(Report& report, const TaskResult& a, const TaskResult& b) {
  if (a.hash != b.hash && !a.hash.empty() && !b.hash.empty() && a.data_hash != b.data_hash) {
    report.finding(Severity::warning,
                   fmt::format("{}: data or task are not the same", quote(a.name)));
  }
  const std::size_t pairs = pairs_of(a, b).size();
  const std::size_t most = std::max(a.examples.size(), b.examples.size());
  if (pairs < most && pairs > 0) {
    report.finding(Severity::warning,
                   fmt::format("{}: {} of {} examples were asked the same on both sides",
                               quote(a.name), pairs, most));
  } else if (pairs == 0 && most > 0) {
    report.finding(Severity::warning,
                   fmt::format("{}: no example was asked the same on both sides: nothing is paired",
                               quote(a.name)));
  }
}

Report compare(Context& context, const Arguments& arguments) {
  const std::string &first = arguments.positionals()[0], &second = arguments.positionals()[1];
  const EvalResult a = named_result(context, first), b = named_result(context, second);
  Report report("eval.compare/1");
  report.field("a", "A", Cell(first));
  report.field("b", "B", Cell(second));
  Table table = comparison_table();
  std::vector<std::string> alone;
  for (const TaskResult& task : a.tasks) {
    const TaskResult* other = find_task(b, task.name);
    if (other == nullptr) {
      alone.push_back(task.name);
      continue;
    }
    add_rows(table, task, *other);
    add_findings(report, task, *other);
  }
  for (const TaskResult& task : b.tasks) {
    if (find_task(a, task.name) == nullptr) alone.push_back(task.name);
  }
  const bool nothing = table.rows.empty();
  report.table(std::move(table));
  add_differences(report, a, b);
  if (!alone.empty()) {
    report.finding(Severity::note, fmt::format("on one side only: {}", join(alone, ", ")));
  }
  if (nothing) {
    report.finding(Severity::bad, "the results have no task and metric in common");
    report.verdict(ExitCode::no_answer);
  }
  return report;
}

}  // namespace

CommandSpec eval_compare() {
  CommandSpec spec{
      .path = "eval compare",
      .summary = "Compare two results, example by example",
      .description =
          "Shows the metrics of both results side by side, and whether the difference is more than "
          "chance: examples that were asked the same are paired, right and wrong answers by "
          "McNemar's exact test, log-likelihoods by Wilcoxon's signed ranks, both two-sided. "
          "Results of lm-evaluation-harness can be compared too; pairs need its samples.\n\n"
          "It judges nothing: 'eval check' is the gate. Exits with 4 if the results have nothing "
          "in "
          "common.",
      .examples = {{"mlopsctl eval compare old.json new.json", "What has changed?"},
                   {"mlopsctl eval compare results_2026-11-29T10-00-00.json ours.json",
                    "Against lm-evaluation-harness"}},
      .positionals = {result_positional("A"), result_positional("B")},
      .run = compare};
  spec.exit_codes.push_back(ExitCode::no_answer);
  return spec;
}

}  // namespace mlopsctl::commands
