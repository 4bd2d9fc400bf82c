// deploy promote, pause, resume, abort: what is asked of a deployment that goes on, and what is
// done for one whose process died.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/clock.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/deploy_look.hpp"
#include "commands/deploy_run.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::vector<OptionSpec> place_options() {
  std::vector<OptionSpec> options{{.name = "file",
                                   .value = "FILE",
                                   .help = "The plan",
                                   .complete = Complete::file,
                                   .default_text = "deploy.yaml, here or above"}};
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  return options;
}

// An unfinished deployment, or Error{not_found}.
LeaseView unfinished(Cluster& cluster, const std::string& app) {
  LeaseView lease = read_lease(cluster, app);
  if (lease.state && lease.state->phase != Phase::done) return lease;
  throw Error(ErrorKind::not_found,
              fmt::format("no deployment of {} goes on ({})", quote(app), cluster.describe()),
              "'mlopsctl deploy status' shows what is live");
}

struct Verb {
  Request request;
  std::string word;  // of the command
  std::string what;  // that is asked for
};

const Verb promote_verb{Request::promote, "promote", "promote it"};
const Verb pause_verb{Request::pause, "pause", "pause"};
const Verb resume_verb{Request::go_on, "resume", "go on"};
const Verb abort_verb{Request::abort, "abort", "go back"};

std::string schema_of(const Verb& verb) { return fmt::format("deploy.{}/1", verb.word); }

Report asked(Context& context, Cluster& cluster, const AppPlace& place, const LeaseView& lease,
             const Verb& verb) {
  if (!context.globals().dry_run) ask_holder(cluster, place.app, verb.request);
  Report report(schema_of(verb));
  report.field("app", "app", Cell(place.app));
  report.field("outcome", "outcome", Cell(context.globals().dry_run ? "dry run" : "asked"));
  report.field("holder", "holder", Cell(lease.holder));
  report.field("phase", "phase", Cell(to_string(lease.state->phase)));
  report.next(fmt::format("mlopsctl deploy status {} --watch", place.app));
  return report.summary(
      fmt::format("{} {} of {} to {}",
                  context.globals().dry_run ? "would ask the process" : "asked the process",
                  holder_text(lease, now()), place.app, verb.what));
}

Report ask(Context& context, const Arguments& arguments, const Verb& verb) {
  const AppPlace place = app_place(context, arguments);
  const auto cluster = open_cluster(place.kubectl);
  const LeaseView lease = unfinished(*cluster, place.app);
  if (looks_dead(lease, now())) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("nobody is at work on {}: {}", quote(place.app), holder_text(lease, now())),
        fmt::format("'mlopsctl deploy resume {0}' goes on with it, 'mlopsctl deploy abort "
                    "{0}' goes back",
                    place.app));
  }
  return asked(context, *cluster, place, lease, verb);
}

Report promote(Context& context, const Arguments& arguments) {
  return ask(context, arguments, promote_verb);
}
Report pause(Context& context, const Arguments& arguments) {
  return ask(context, arguments, pause_verb);
}

// Takes the deployment of a dead process over, by the plan that it was begun with.
Report take_over(Context& context, const Arguments& arguments, const AppPlace& place,
                 const LeaseView& lease, const Verb& verb) {
  const State& state = *lease.state;
  const bool abort = verb.request == Request::abort;
  if (context.globals().dry_run) {
    Report report(schema_of(verb));
    report.field("app", "app", Cell(place.app));
    report.field("outcome", "outcome", Cell("dry run"));
    report.field("phase", "phase", Cell(to_string(state.phase)));
    return report.summary(fmt::format("would {} {} from phase {}",
                                      abort ? "take back" : "go on with", image_of(state.to),
                                      to_string(state.phase)));
  }
  DeployRun run(context, arguments, schema_of(verb), parse_plan_json(state.plan_text),
                place.kubectl);
  Session session = run.begin(true);
  const auto strategy = make_strategy(session.state().strategy, run.tools());
  if (abort && !session.state().abort_asked) {
    session.state().abort_asked = true;
    session.save();
  }
  return run.carry_out(session, *strategy);
}

// True when the process took the request; false, and `lease` as it is then, when it turned out to
// be dead: on another machine that shows only when the lock runs out.
bool answered(Cluster& cluster, const AppPlace& place, LeaseView& lease, const Verb& verb) {
  for (;;) {
    if (system_clock().sleep(Milliseconds{1000}))
      throw Error(ErrorKind::interrupted, "stopped before the request was answered",
                  "it stays; 'mlopsctl deploy status' shows what becomes of it");
    lease = read_lease(cluster, place.app);
    if (!lease.state || lease.state->phase == Phase::done || lease.request != verb.request)
      return true;
    if (looks_dead(lease, now())) return false;
  }
}

Report go_on_or_abort(Context& context, const Arguments& arguments, const Verb& verb) {
  validate_check_outputs(arguments);
  const AppPlace place = app_place(context, arguments);
  LeaseView lease;
  {
    const auto cluster = open_cluster(place.kubectl);
    lease = unfinished(*cluster, place.app);
    if (!looks_dead(lease, now())) {
      Report report = asked(context, *cluster, place, lease, verb);
      if (context.globals().dry_run) return report;
      context.progress().note(
          fmt::format("asked to {}; the answer takes up to 10 seconds", verb.what));
      if (answered(*cluster, place, lease, verb)) return report;
      context.progress().note(
          fmt::format("no answer: {}; it is done here", holder_text(lease, now())));
    }
  }
  return take_over(context, arguments, place, lease, verb);
}

Report resume(Context& context, const Arguments& arguments) {
  return go_on_or_abort(context, arguments, resume_verb);
}
Report abort_deployment(Context& context, const Arguments& arguments) {
  return go_on_or_abort(context, arguments, abort_verb);
}

CommandSpec taking_over(CommandSpec spec) {
  for (auto& option : deploy_run_options()) spec.options.push_back(std::move(option));
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,  ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::partial, ExitCode::interrupted,
                     ExitCode::terminated};
  return spec;
}

}  // namespace

CommandSpec deploy_promote() {
  return {.path = "deploy promote",
          .summary = "Go on at once: open the gate, or skip the rest of a canary",
          .description =
              "Asks the process that carries the deployment out to promote it: a canary that waits "
              "for consent goes on, one whose weight rises is promoted without the steps that are "
              "left, a blue-green deployment does not wait any longer. What is not ready is never "
              "promoted.",
          .examples = {{"mlopsctl deploy promote", "The app of deploy.yaml"},
                       {"mlopsctl deploy promote chat --namespace llm", "Another one"}},
          .options = place_options(),
          .positionals = {app_positional()},
          .run = promote};
}

CommandSpec deploy_pause() {
  return {.path = "deploy pause",
          .summary = "Hold a canary at its weight",
          .description =
              "Asks the process that carries the deployment out to stay where it is. It keeps "
              "looking: a version that turns bad is rolled back all the same. 'deploy resume' goes "
              "on.",
          .examples = {{"mlopsctl deploy pause", "The app of deploy.yaml"}},
          .options = place_options(),
          .positionals = {app_positional()},
          .run = pause};
}

CommandSpec deploy_resume() {
  return taking_over(
      {.path = "deploy resume",
       .summary = "Go on with a deployment that is paused, or whose process died",
       .description =
           "A paused deployment goes on. One whose process was killed is taken over and carried to "
           "its end here, by the plan that it was begun with and from what the cluster says, not "
           "from what was last noted. Works from any machine that reaches the cluster.\n\n"
           "Exits as the strategies do: 0 live, 3 rolled back, 5 if that could not be completed.",
       .examples = {{"mlopsctl deploy resume", "The app of deploy.yaml"},
                    {"mlopsctl deploy resume chat --context prod", "From another machine"}},
       .options = place_options(),
       .positionals = {app_positional()},
       .run = resume});
}

CommandSpec deploy_abort() {
  return taking_over(
      {.path = "deploy abort",
       .summary = "Go back to what served before",
       .description =
           "Asks the process that carries the deployment out to roll it back; if it died, or does "
           "not answer until its lock runs out, the rollback is done here. Traffic goes back "
           "first, then the new pods go away.\n\n"
           "Exits with 0 when that process took the request, and with 3 when the rollback was done "
           "here; with 5 if "
           "that could not be completed.",
       .examples = {{"mlopsctl deploy abort", "The app of deploy.yaml"}},
       .options = place_options(),
       .positionals = {app_positional()},
       .run = abort_deployment});
}

}  // namespace mlopsctl::commands
