// deploy render: the manifests of a plan, and what is wrong with manifests.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

Table finding_table(const std::vector<LintFinding>& findings) {
  Table table{.key = "findings", .when_empty = "nothing is wrong with them"};
  table.columns = {{.key = "severity", .header = "SEVERITY"},
                   {.key = "object", .header = "OBJECT", .shrink = true},
                   {.key = "rule", .header = "RULE"},
                   {.key = "message", .header = "WHAT", .wrap = true},
                   {.key = "hint", .header = "DO", .wrap = true}};
  for (const LintFinding& finding : findings) {
    const char* severity = finding.error ? "error" : "warning";
    table.add({{Value(severity), severity, finding.error ? Style::red : Style::yellow},
               Cell(finding.object),
               Cell(finding.rule),
               Cell(finding.message),
               Cell(finding.hint)});
  }
  return table;
}

// "2 errors, 1 warning in 4 objects".
std::string counted(const std::vector<LintFinding>& findings, std::size_t objects) {
  const auto errors =
      static_cast<std::size_t>(std::ranges::count(findings, true, &LintFinding::error));
  const auto number = [](std::size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  return fmt::format("{}, {} in {}", number(errors, "error"),
                     number(findings.size() - errors, "warning"), number(objects, "object"));
}

Report lint(const std::vector<Json>& manifests, bool strict,
            const std::vector<std::string>& notes) {
  const auto findings = lint_manifests(manifests);
  const bool bad = std::ranges::any_of(
      findings, [&](const LintFinding& finding) { return finding.error || strict; });
  Report report("deploy.lint/1");
  report.field("objects", "objects", Cell(Value(static_cast<std::int64_t>(manifests.size()))));
  report.table(finding_table(findings));
  for (const auto& note : notes) report.finding(Severity::warning, note);
  report.summary(counted(findings, manifests.size()));
  if (bad) report.verdict(ExitCode::bad_answer);
  return report;
}

Report render(Context& context, const Arguments& arguments) {
  const bool linting = arguments.flag("lint");
  const bool strict = arguments.flag("strict");
  if (!arguments.positionals().empty()) {
    if (!linting) {
      throw Error(ErrorKind::usage, "manifests can only be linted",
                  "--lint FILE…; a plan is named with --file");
    }
    std::vector<Json> manifests;
    for (const auto& file : arguments.positionals()) {
      for (auto& manifest : read_manifests(file)) manifests.push_back(std::move(manifest));
    }
    return lint(manifests, strict, {});
  }
  const DeployPlan plan = plan_of(context, arguments);
  if (plan.flagger) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is a Canary: its Deployment has manifests of its own",
                            quoted_path(plan.file)),
                "deploy render --lint FILE… looks at those");
  }
  const auto manifests = render_manifests(plan);
  if (linting) return lint(manifests, strict, plan.warnings);
  const std::string yaml = manifests_yaml(manifests);
  const auto findings = lint_manifests(manifests);
  const auto output = arguments.text("output");
  for (const auto& warning : plan.warnings) context.progress().warning(warning);
  for (const auto& finding : findings) {
    context.progress().warning(
        fmt::format("{}: {} ({})", finding.object, finding.message, finding.rule));
  }
  if (!output && !context.globals().json) {
    return Report("deploy.render/1").document([yaml](const ByteSink& write) { write(yaml); });
  }
  Report report("deploy.render/1");
  report.field("objects", "objects", Cell(Value(static_cast<std::int64_t>(manifests.size()))));
  if (output) {
    if (!context.globals().dry_run) write_file_atomically(*output, yaml);
    report.field("file", context.globals().dry_run ? "would write" : "wrote", Cell(*output));
    report.next(fmt::format("kubectl apply -f {}", *output));
  }
  if (context.globals().json) {
    report.text("yaml", yaml);
    report.table(finding_table(findings));
  }
  return report;
}

}  // namespace

CommandSpec deploy_render() {
  CommandSpec spec{
      .path = "deploy render",
      .summary = "Print the Kubernetes manifests of a plan, or lint manifests",
      .description =
          "Prints Deployments (two for blue-green), Services, a PodDisruptionBudget and, where "
          "the plan asks for it, HorizontalPodAutoscalers, in the order in which they are applied. "
          "Pods come with GPUs, probes that let a model load, and a preStop hook, so that no "
          "request is lost when they go. Apply them once; from then on the deploy commands "
          "change images, selectors and numbers of pods.\n\n"
          "--lint reports what is known to hurt instead, in the plan's manifests or in any that "
          "are given: images without a version, requests lost while pods go, selectors that do "
          "not match or take each other's pods, budgets that block drains, secrets for everybody "
          "to read, GPUs requested and limited differently.\n\n"
          "Exits with 0 if nothing is wrong and 3 if --lint finds an error, or with --strict a "
          "warning.",
      .examples = {{"mlopsctl deploy render | kubectl apply -f -", "The first version of an app"},
                   {"mlopsctl deploy render --set replicas=5 -o manifests.yaml",
                    "To be kept in git"},
                   {"mlopsctl deploy render --lint", "Is the plan sound?"},
                   {"mlopsctl deploy render --lint k8s/*.yaml --strict",
                    "Manifests of your own, in CI"},
                   {"kubectl get deploy,svc,hpa,pdb -o json | mlopsctl deploy render --lint -",
                    "What runs now"}},
      .options = plan_options(),
      .positionals = {{.name = "FILE",
                       .help = "Manifests to lint, - for standard input",
                       .least = 0,
                       .many = true,
                       .complete = Complete::file}},
      .run = render};
  const std::vector<OptionSpec> own{
      {.name = "image", .value = "IMAGE", .help = "Instead of the plan's"},
      {.name = "output",
       .value = "FILE",
       .help = "Write them to a file",
       .letter = 'o',
       .complete = Complete::file},
      {.name = "lint", .help = "Say what is wrong with them instead"},
      {.name = "strict", .help = "Warnings count, too"}};
  spec.options.insert(spec.options.end(), own.begin(), own.end());
  spec.exit_codes.push_back(ExitCode::bad_answer);
  return spec;
}

}  // namespace mlopsctl::commands
