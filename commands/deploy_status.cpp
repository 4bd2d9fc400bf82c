// deploy status: what is live, and what goes on.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/deploy_local.hpp"
#include "commands/deploy_look.hpp"
#include "commands/deploy_progress.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

constexpr Milliseconds look_every{2'000};

Cell text_or_none(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

std::string origin_value(const AppLook& look, const std::string& key) {
  if (!look.live) return {};
  const auto found = look.live->origin.find(key);
  return found == look.live->origin.end() ? std::string() : found->second;
}

void add_live(Report& report, const AppLook& look, bool person) {
  const Release live = look.live.value_or(Release{});
  report.field("live_image", "live", text_or_none(look.live_image));
  if (!person || look.live_image.find(look.live_digest) == std::string::npos) {
    report.field("digest", "digest", text_or_none(look.live_digest));
  }
  report.field("tag", "tag", text_or_none(live.tag));
  report.field("release", "release",
               live.number > 0 ? Cell(Value(std::int64_t{live.number})) : Cell());
  report.field("since", "since", live.finished.ms > 0 ? Cell(Value(live.finished)) : Cell());
  report.field("by", "by", text_or_none(live.by));
  for (const auto& [key, name, label] :
       {std::tuple{"git.commit", "git_commit", "commit"}, std::tuple{"model", "model", "model"},
        std::tuple{"data.version", "data_version", "data"},
        std::tuple{"evaluation", "evaluation", "evaluation"}}) {
    report.field(name, label, text_or_none(origin_value(look, key)));
  }
}

void add_workloads(Report& report, const AppLook& look) {
  Table& table =
      report.table(Table{.key = "deployments",
                         .heading = "Deployments",
                         .columns = {{"deployment", "DEPLOYMENT"},
                                     {"role", "ROLE"},
                                     {"ready", "READY", true},
                                     {"wanted", "WANTED", true},
                                     {"weight", "SHARE OF PODS", true},
                                     {.key = "image", .header = "IMAGE", .shrink = true}},
                         .when_empty = "it has no Deployment"});
  for (const WorkloadLook& workload : look.workloads) {
    const bool all = workload.pods.ready >= workload.pods.wanted;
    table.add({Cell(workload.deployment), Cell(workload.role),
               Cell(Value(std::int64_t{workload.pods.ready}), std::to_string(workload.pods.ready),
                    all ? Style::plain : Style::red),
               Cell(Value(std::int64_t{workload.pods.wanted})),
               workload.weight < 0 ? Cell()
                                   : Cell(Value(std::int64_t{workload.weight}),
                                          fmt::format("{} %", workload.weight)),
               Cell(Value(workload.image), short_image(workload.image))});
  }
}

void add_progress(Report& report, const AppLook& look, Timestamp now) {
  const State& state = *look.lease.state;
  Group group{.key = "deployment", .heading = "In progress"};
  group.entries = {{"id", Cell(state.id)},
                   {"strategy", Cell(to_string(state.strategy))},
                   {"phase", Cell(to_string(state.phase))},
                   {"weight", Cell(Value(std::int64_t{state.weight}))},
                   {"failed_checks", Cell(Value(std::int64_t{state.failed_checks}))},
                   {"from", text_or_none(state.from.image)},
                   {"to", text_or_none(state.to.image)},
                   {"paused", Cell(Value(state.paused))},
                   {"reason", text_or_none(state.reason)},
                   {"started", Cell(Value(state.started))},
                   {"holder", text_or_none(look.lease.held ? look.lease.holder : "")},
                   {"renewed", look.lease.held ? Cell(Value(look.lease.renewed)) : Cell()},
                   {"next_tick", state.next_tick > now ? Cell(Value(state.next_tick)) : Cell()}};
  report.group(std::move(group));
}

std::string summary_of(const AppLook& look, Timestamp now) {
  if (is_unfinished(look)) {
    const State& state = *look.lease.state;
    const std::string what = fmt::format("{} of {}: {}", to_string(state.strategy),
                                         image_of(state.to), phase_text(state));
    return looks_dead(look.lease, now)
               ? fmt::format(
                     "unfinished {}, and {}: 'mlopsctl deploy resume {}' goes on, "
                     "'mlopsctl deploy abort {}' goes back",
                     what, holder_text(look.lease, now), look.app, look.app)
               : fmt::format("{}, {}", what, holder_text(look.lease, now));
  }
  if (look.live_image.empty()) return "nothing is live";
  const std::string image = look.live ? image_of(*look.live) : short_image(look.live_image);
  return look.live ? fmt::format("live: {}, release {}", image, look.live->number)
                   : fmt::format("live: {}, not a release of mlopsctl", image);
}

Report status_report(Context& context, const AppLook& look,
                     const std::optional<LocalDeployment>& local) {
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  const Timestamp now = mlopsctl::now();
  Report report("deploy.status/1");
  report.field("app", "app", Cell(look.app));
  report.field("cluster", "cluster", Cell(look.cluster));
  add_live(report, look, person);
  if (local) {
    report.field(
        "run_id", "last run here",
        Cell(Value(local->run_id), fmt::format("{} ({}, {})", local->run_id.substr(0, 8),
                                               local->outcome, human_age(local->started, now))));
  } else if (!person) {
    report.field("run_id", "last run here", Cell());
  }
  add_workloads(report, look);
  const bool unfinished = is_unfinished(look);
  if (unfinished) add_progress(report, look, now);
  if (unfinished && !look.lease.state->reason.empty()) {
    report.finding(Severity::warning, look.lease.state->reason);
  }
  return report.summary(summary_of(look, now));
}

DeployPicture picture_of(const AppLook& look, const DeployPlan& plan) {
  DeployPicture picture{.plan = &plan};
  if (look.lease.state) picture.state = *look.lease.state;
  for (const WorkloadLook& workload : look.workloads) {
    if (workload.pods.wanted > 0) picture.pods[workload.deployment] = workload.pods;
  }
  return picture;
}

DeployPlan plan_in_use(const AppLook& look) {
  if (!look.lease.state || look.lease.state->plan_text.empty()) {
    DeployPlan plan;
    plan.app = look.app;
    return plan;
  }
  return parse_plan_json(look.lease.state->plan_text);
}

// Until nothing goes on any more. The exit code is then that of the deployment.
AppLook watch(Context& context, Cluster& cluster, const AppPlace& place, AppLook look) {
  std::optional<LiveBlock> block;
  if (can_redraw(context) && !context.globals().quiet) block.emplace(context.terminal());
  std::string said;
  while (is_unfinished(look)) {
    const DeployPlan plan = plan_in_use(look);
    const Timestamp now = mlopsctl::now();
    const std::string line = summary_of(look, now);
    if (block) {
      auto lines = live_lines(picture_of(look, plan), now, context.terminal().unicode);
      lines.push_back({{holder_text(look.lease, now), Style::dim}});
      block->show(lines);
    } else if (const std::string phase = phase_text(*look.lease.state); phase != said) {
      said = phase;
      context.progress().note(fmt::format("{}  {}  {}", to_rfc3339(now), look.app, line));
    }
    if (system_clock().sleep(look_every)) throw Error(ErrorKind::interrupted, "interrupted");
    look = look_at_app(cluster, place.app, place.plan ? &*place.plan : nullptr);
  }
  return look;
}

Report status(Context& context, const Arguments& arguments) {
  const AppPlace place = app_place(context, arguments);
  const auto cluster = open_cluster(place.kubectl);
  AppLook look = look_at_app(*cluster, place.app, place.plan ? &*place.plan : nullptr);
  const bool went_on = is_unfinished(look);
  if (arguments.flag("watch")) look = watch(context, *cluster, place, std::move(look));
  Report report = status_report(context, look, last_local_deployment(context, place.app));
  const bool ended = went_on && !is_unfinished(look);
  if (ended && look.lease.state && look.lease.state->outcome != ReleaseOutcome::succeeded) {
    report.verdict(ExitCode::bad_answer);
  }
  return report;
}

}  // namespace

CommandSpec deploy_status() {
  std::vector<OptionSpec> options{
      {.name = "watch",
       .help = "Follow a deployment that goes on until it is over: 0 if it is live then, else 3"},
      {.name = "file",
       .value = "FILE",
       .help = "The plan",
       .complete = Complete::file,
       .default_text = "deploy.yaml, here or above"}};
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  CommandSpec spec{
      .path = "deploy status",
      .summary = "Show what is live, and what goes on",
      .description =
          "Which image serves, by digest, and which release it is: tag, commit, model, version of "
          "the data, evaluation. Which Deployments there are with how many pods. And of a "
          "deployment that goes on: its phase, weight, failed checks, and who holds the lock. Two "
          "calls of kubectl at most.",
      .examples = {{"mlopsctl deploy status", "The app of deploy.yaml"},
                   {"mlopsctl deploy status chat --namespace llm --json", "Another one"},
                   {"mlopsctl deploy status --watch", "Until it is over"}},
      .options = std::move(options),
      .positionals = {app_positional()},
      .run = status};
  spec.exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer,
                     ExitCode::interrupted};
  return spec;
}

}  // namespace mlopsctl::commands
