// quality rules: what responses are measured and judged by, as a file to change.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/quality/indicators.hpp"
#include "mlopsctl/quality/rules.hpp"

#include "commands/commands.hpp"

namespace mlopsctl::commands {

namespace {

Table indicator_table(const quality::Indicators& indicators) {
  Table table{.key = "indicators"};
  table.columns = {{.key = "name", .header = "INDICATOR"},
                   {.key = "kind", .header = "KIND"},
                   {.key = "bad", .header = "BAD"},
                   {.key = "help", .header = "WHAT", .wrap = true}};
  for (const auto& info : indicators.all()) {
    const char* kind = info.kind == quality::IndicatorKind::flag     ? "flag"
                       : info.kind == quality::IndicatorKind::count  ? "count"
                       : info.kind == quality::IndicatorKind::number ? "number"
                                                                     : "category";
    table.add(
        {Cell(info.name), Cell(kind), {Value(info.bad), info.bad ? "bad" : ""}, Cell(info.help)});
  }
  return table;
}

Report rules(Context& context, const Arguments& arguments) {
  const auto file = arguments.positional(0);
  const quality::RuleSet set = file ? quality::read_rules(*file) : quality::default_rules();
  if (context.globals().json || arguments.flag("indicators")) {
    const quality::Indicators indicators(set);
    Report report("quality.rules/1");
    report.field("rules", "rules", Cell(indicators.id()));
    if (context.globals().json) report.text("yaml", quality::rules_yaml(set));
    report.table(indicator_table(indicators));
    return report;
  }
  const std::string text = quality::rules_yaml(set);
  return Report("quality.rules/1").document([text](const ByteSink& write) { write(text); });
}

}  // namespace

CommandSpec quality_rules() {
  return {
      .path = "quality rules",
      .summary = "Print the rules that responses are measured by",
      .description =
          "Prints the default rules as YAML, to be changed and given to --rules; of a file, it "
          "prints the whole set that the file makes, or says what is wrong with it. A file may "
          "name only what it changes.\n\n"
          "Every list, weight and threshold is there. The default is the usual rule set: doubt, "
          "percentages, listed words, code and links, and a score of 1 less 0.2 for doubt and "
          "0.5 for toxicity above 0.5. The other indicators describe a response and change no "
          "score unless a rule says so. Rules are known by a version and a digest, which every "
          "record carries: other lists are other numbers.",
      .examples = {{"mlopsctl quality rules > rules.yaml", "A file to start from"},
                   {"mlopsctl quality rules rules.yaml", "Is it right?"},
                   {"mlopsctl quality rules --indicators", "What is measured"}},
      .options = {{.name = "indicators", .help = "List the indicators instead"}},
      .positionals = {{.name = "FILE",
                       .help = "Rules in YAML or JSON",
                       .least = 0,
                       .complete = Complete::file}},
      .run = rules};
}

}  // namespace mlopsctl::commands
