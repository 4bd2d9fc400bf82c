// rollback: the last good release again.
#include "mlopsctl/base/text.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/deploy_rehearsal.hpp"
#include "commands/deploy_run.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

// How it was deployed last says how it goes back; deploy.yaml may say something else by now.
DeployPlan plan_for(const AppPlace& place) {
  const auto cluster = open_cluster(place.kubectl);
  const LeaseView lease = read_lease(*cluster, place.app);
  if (lease.state && !lease.state->plan_text.empty()) {
    DeployPlan plan = parse_plan_json(lease.state->plan_text);
    plan.strategy = lease.state->strategy;
    return plan;
  }
  if (place.plan) return *place.plan;
  DeployPlan plan;
  plan.app = place.app;
  plan.name_space = place.kubectl.name_space;
  return plan;
}

Report rollback_run(Context& context, const Arguments& arguments) {
  validate_check_outputs(arguments);
  const AppPlace place = app_place(context, arguments);
  DeployPlan plan = plan_for(place);
  if (const auto time = arguments.text("timeout")) {
    plan.budgets.rollback = parse_duration(*time);
    if (plan.budgets.rollback.count() < 1000) {
      throw Error(ErrorKind::usage, "--timeout is a time of at least 1s, such as 5m");
    }
  }
  DeployRun run(context, arguments, "rollback/1", std::move(plan), place.kubectl);
  const auto to = arguments.text("to");
  try {
    if (context.globals().dry_run) {
      Session session = run.rehearse();
      plan_rollback(session, to);
      return rehearsal_report(run.schema(), run.plan(), session.state(), run.cluster().describe(),
                              {}, {});
    }
    preflight(run.cluster(), run.plan());
    Session session = run.begin(false);
    plan_rollback(session, to);
    const auto strategy = make_strategy(session.state().strategy, run.tools());
    return run.carry_out(session, *strategy);
  } catch (const AlreadyLive& live) {
    return run.nothing_to_do(live.what());
  }
}

}  // namespace

CommandSpec rollback() {
  std::vector<OptionSpec> options{{.name = "to",
                                   .value = "RELEASE",
                                   .help = "Number, beginning of the id, or digest of the release",
                                   .complete = Complete::release,
                                   .default_text = "the last that was live and good"},
                                  {.name = "timeout",
                                   .value = "TIME",
                                   .help = "How long it may take",
                                   .default_text = "the plan's, 10m"},
                                  {.name = "file",
                                   .value = "FILE",
                                   .help = "The plan",
                                   .complete = Complete::file,
                                   .default_text = "deploy.yaml, here or above"}};
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  for (auto& option : deploy_run_options()) options.push_back(std::move(option));
  CommandSpec spec{
      .path = "rollback",
      .summary = "Bring the last good release back",
      .description =
          "Brings back the last release that succeeded before the one that is live, not the last "
          "revision, with its image by digest and the ConfigMaps and Secrets that it had. At once "
          "if the old colour still runs; else as the app is deployed, without analysis, in a time "
          "of its own.\n\n"
          "A deployment that goes on is taken back with 'deploy abort'.\n\n"
          "Exits with 0 if the old release is live (or was already), 1 if there is none to go back "
          "to, 3 if it did not come up, 5 if what served could not be put back.",
      .examples = {{"mlopsctl rollback", "The app of deploy.yaml"},
                   {"mlopsctl rollback chat --to 12 --namespace llm", "A certain release"},
                   {"mlopsctl rollback --dry-run", "Which one would it be?"}},
      .options = std::move(options),
      .positionals = {app_positional()},
      .run = rollback_run};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,  ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::partial, ExitCode::interrupted,
                     ExitCode::terminated};
  return spec;
}

}  // namespace mlopsctl::commands
