// help deploy-file: every key of deploy.yaml, from the table that its reader uses.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include "commands/commands.hpp"

#include <string_view>

namespace mlopsctl::commands {

namespace {

std::vector<ExampleSpec> steps() {
  return {{"mlopsctl deploy init chat --image ghcr.io/acme/chat:1.4 --strategy canary",
           "A commented file to begin with"},
          {"mlopsctl deploy render --lint", "Is it right, and is what it makes sound?"},
          {"mlopsctl deploy render --set canary.stepWeight=20 --set "
           "canary.metrics.request-duration.thresholdRange.max=300",
           "Any key can be given on the command line; items of lists go by name or number"}};
}

// Paragraphs; lines that begin with a blank stay as they are.
constexpr const char* rules =
    "Durations are 500ms, 30s, 1m30s, 2h; a bare number is seconds. Unknown keys, wrong types and "
    "values out of range are refused with line and key.\n\n"
    "A file with one Canary of Flagger (flagger.app/v1beta1) is a plan, too: targetRef, service, "
    "analysis with weights or iterations, metrics (built-in, with a query, or with a "
    "MetricTemplate in the same file) and all webhooks. Intervals below 10s are 10s there, and a "
    "missing threshold is 1, as with Flagger. What is not heeded is told with its line; A/B "
    "tests, mirroring and session affinity are refused. --image says what is deployed.\n\n"
    "Webhooks by type, and what an answer other than 200, 201 and 202 means:\n"
    "  confirm-rollout           before the new pods come up: wait\n"
    "  pre-rollout               before the first traffic: a failed look\n"
    "  rollout                   at each look, before metrics: a failed look\n"
    "  confirm-traffic-increase  before each step: the weight is held\n"
    "  confirm-promotion         before the promotion: wait, looks go on\n"
    "  rollback                  at each look; here a yes rolls back at once\n"
    "  post-rollout, event       afterwards, of everything that happens: nothing\n\n"
    "Pods serve on for server.preStopSeconds through `sleep`, which the image must have; 0 leaves "
    "it out.";

std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  for (const auto& line : split(text, '\n')) {
    std::size_t column = 0;
    if (line.starts_with(' ')) {
      out += line;
    } else {
      for (const auto& word : split(line, ' ')) {
        const bool fits = column + 1 + word.size() <= width;
        if (column > 0) out += fits ? ' ' : '\n';
        column = column > 0 && fits ? column + 1 + word.size() : word.size();
        out += word;
      }
    }
    out += '\n';
  }
  return out;
}

Report run_guide(Context&, const Arguments&) {
  Report report("help.deploy-file/1");
  Table table{.key = "keys"};
  table.columns = {{.key = "key", .header = "KEY"},
                   {.key = "type", .header = "TYPE", .wrap = true},
                   {.key = "default", .header = "DEFAULT", .wrap = true},
                   {.key = "meaning", .header = "WHAT", .wrap = true}};
  for (const PlanKeyDoc& key : plan_keys()) {
    table.add({Cell(key.path), Cell(key.type), Cell(key.initial), Cell(key.text)});
  }
  report.table(std::move(table));
  report.text("rules", wrapped(rules, 78));
  return report;
}

}  // namespace

CommandSpec help_deploy_file() {
  return {.path = "help deploy-file",
          .summary = "Every key of deploy.yaml, and how Flagger's Canaries are read",
          .description =
              std::string("How an app is deployed: deploy.yaml, in the folder of the project. "
                          "Printed is every key with what it is and what it is without being "
                          "given; [] stands for each item of a list.\n\n") +
              rules,
          .examples = steps(),
          .run = run_guide};
}

}  // namespace mlopsctl::commands
