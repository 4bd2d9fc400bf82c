// baseline diff: what two baselines, or a baseline and results, do not have in common.
#include "mlopsctl/eval/gate.hpp"

#include "commands/commands.hpp"
#include "commands/gate_arguments.hpp"
#include "commands/gate_view.hpp"

#include <fmt/format.h>

#include <array>

namespace mlopsctl::commands {

namespace {

using gate::KeyKind;
using gate::Measured;

struct Side {
  gate::Baseline baseline;
  Measured measured;
};

Side side_of(Context& context, const std::string& name) {
  Side side;
  try {
    side.baseline = load_baseline(context, name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    side.measured = load_measured(context, name);  // a run
    side.baseline = {
        .name = name, .quality = side.measured.quality, .latency = side.measured.latency};
    return side;
  }
  side.measured = {.quality = side.baseline.quality,
                   .latency = side.baseline.latency,
                   .plain = side.baseline.plain};
  return side;
}

Table fingerprint_table(const Fingerprint& before, const Fingerprint& now) {
  Table table{.key = "fingerprint", .heading = "Fingerprint"};
  table.columns = {{.key = "key", .header = "KEY"},
                   {.key = "before", .header = "BEFORE", .shrink = true},
                   {.key = "now", .header = "NOW", .shrink = true},
                   {.key = "forbids", .header = "FORBIDS"}};
  constexpr std::array kinds{
      std::pair{KeyKind::subject, "nothing"}, std::pair{KeyKind::quality, "eval check"},
      std::pair{KeyKind::hardware, "bench check"}, std::pair{KeyKind::told, "nothing"}};
  for (const auto& [kind, forbids] : kinds) {
    for (const auto& one : gate::differences(before, now, kind)) {
      table.add({Cell(one.key), Cell(one.before), Cell(one.now), Cell(forbids)});
    }
  }
  return table;
}

void add_rows(Table& table, const gate::GateResult& result) {
  for (const gate::Check& check : result.checks) {
    if (!check.before && !check.now) continue;
    table.add({Cell(check.subject), Cell(check.name),
               check.before ? Cell(Value(*check.before), value_text(check, check.before)) : Cell(),
               check.now ? Cell(Value(*check.now), value_text(check, check.now)) : Cell(),
               check.change ? Cell(Value(*check.change), change_text(check)) : Cell(),
               check.pairs ? Cell(Value(static_cast<std::int64_t>(check.pairs->lost))) : Cell(),
               check.pairs ? Cell(Value(static_cast<std::int64_t>(check.pairs->won))) : Cell()});
  }
}

// Everything may differ here: it is shown, not judged.
std::vector<std::string> all_keys(const Fingerprint& before, const Fingerprint& now) {
  std::vector<std::string> keys{"task version", "task hash", "data hash", "shots", "load"};
  for (const auto* side : {&before, &now}) {
    for (const auto& [key, value] : *side) keys.push_back(key);
  }
  return keys;
}

Report diff(Context& context, const Arguments& arguments) {
  const auto& names = arguments.positionals();
  const Side before = side_of(context, names[0]), now = side_of(context, names[1]);
  const bool same = before.baseline.digest() == now.baseline.digest();
  Report report("baseline.diff/1");
  report.field("same", "same contents", Cell(Value(same)));
  Table numbers{.key = "numbers", .heading = "Numbers"};
  numbers.columns = {{.key = "subject", .header = "OF", .shrink = true},
                     {.key = "name", .header = "NUMBER"},
                     {.key = "before", .header = "BEFORE", .right = true},
                     {.key = "now", .header = "NOW", .right = true},
                     {.key = "change", .header = "CHANGE", .right = true},
                     {.key = "lost", .header = "LOST", .right = true},
                     {.key = "won", .header = "WON", .right = true}};
  const Fingerprint none;
  const auto fingerprint_of = [&](const auto& part) -> const Fingerprint& {
    return part ? part->fingerprint : none;
  };
  const auto& quality_before = fingerprint_of(before.baseline.quality);
  const auto& quality_now = fingerprint_of(now.baseline.quality);
  const auto& latency_before = fingerprint_of(before.baseline.latency);
  const auto& latency_now = fingerprint_of(now.baseline.latency);
  if (before.baseline.quality || !before.baseline.plain.empty()) {
    gate::QualityOptions options{.on_intersection = true};
    options.allowed = all_keys(quality_before, quality_now);
    add_rows(numbers, gate::check_quality(before.baseline, now.measured, options));
  }
  if (before.baseline.latency && now.baseline.latency) {
    gate::LatencyOptions options;
    options.allowed = all_keys(latency_before, latency_now);
    add_rows(numbers, gate::check_latency(&before.baseline, *now.baseline.latency, options));
  }
  const bool quality = before.baseline.quality || now.baseline.quality;
  report.table(quality ? fingerprint_table(quality_before, quality_now)
                       : fingerprint_table(latency_before, latency_now));
  report.table(std::move(numbers));
  if (arguments.flag("exit-code") && !same) report.verdict(ExitCode::bad_answer);
  return report.summary(same ? "the contents are the same" : "the contents differ");
}

}  // namespace

CommandSpec baseline_diff() {
  CommandSpec spec{
      .path = "baseline diff",
      .summary = "Show what differs between two baselines, or a baseline and results",
      .description =
          "Numbers with the intervals of their changes, and the parts of the fingerprint "
          "that differ, with the check that each of them would forbid. Nothing is judged.",
      .examples = {{"mlopsctl baseline diff chat result.json", "Before accepting"},
                   {"mlopsctl baseline diff old.json new.json --exit-code", "3 if they differ"}},
      .options = {{.name = "exit-code", .help = "Exit with 3 if the contents differ"}},
      .positionals = {{.name = "BEFORE",
                       .help = "A baseline or results: a name, a file or a run",
                       .complete = Complete::baseline},
                      {.name = "NOW", .help = "The same", .complete = Complete::baseline}},
      .run = diff};
  spec.exit_codes.push_back(ExitCode::bad_answer);
  return spec;
}

}  // namespace mlopsctl::commands
