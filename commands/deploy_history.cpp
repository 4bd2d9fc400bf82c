// deploy history: the releases of an app, in the cluster and in the run store.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/release.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/deploy_local.hpp"
#include "commands/deploy_view.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

Style outcome_style(std::string_view outcome) {
  return outcome == to_string(ReleaseOutcome::succeeded) ? Style::green
         : outcome == to_string(ReleaseOutcome::running) ? Style::cyan
                                                         : Style::red;
}

Cell outcome_cell(const std::string& outcome) {
  return {Value(outcome), outcome, outcome_style(outcome)};
}

Cell text_or_none(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

std::string origin_value(const Release& release, const char* key) {
  const auto found = release.origin.find(key);
  return found == release.origin.end() ? std::string() : found->second;
}

Cell commit_cell(const Release& release) {
  const std::string commit = origin_value(release, "git.commit");
  return commit.empty() ? Cell() : Cell(Value(commit), commit.substr(0, 8));
}

void add_releases(Report& report, const std::vector<Release>& releases, std::size_t limit) {
  Table& table = report.table(
      Table{.key = "releases",
            .heading = "In the cluster",
            .columns = {{"number", "RELEASE", true},
                        {"outcome", "OUTCOME"},
                        {.key = "image", .header = "IMAGE", .shrink = true},
                        {.key = "tag", .header = "TAG", .terminal = false},
                        {"strategy", "STRATEGY"},
                        {"started", "STARTED"},
                        {"took_ms", "TOOK", true},
                        {"by", "BY"},
                        {"git_commit", "COMMIT"},
                        {.key = "model", .header = "MODEL", .terminal = false},
                        {.key = "data_version", .header = "DATA", .terminal = false},
                        {.key = "evaluation", .header = "EVALUATION", .terminal = false},
                        {.key = "id", .header = "ID", .terminal = false},
                        {.key = "restored_from", .header = "RESTORED FROM", .terminal = false},
                        {.key = "reason", .header = "WHY", .wrap = true}},
            .when_empty = "the cluster has no release of this app"});
  std::size_t shown = 0;
  for (auto release = releases.rbegin(); release != releases.rend() && shown++ < limit; ++release) {
    const bool ended = release->finished.ms > 0;
    table.add({Cell(Value(std::int64_t{release->number})),
               outcome_cell(std::string(to_string(release->outcome))),
               Cell(Value(release->image), image_of(*release)), text_or_none(release->tag),
               Cell(to_string(release->strategy)), Cell(Value(release->started)),
               ended ? Cell(Value(release->finished - release->started)) : Cell(),
               text_or_none(release->by), commit_cell(*release),
               text_or_none(origin_value(*release, "model")),
               text_or_none(origin_value(*release, "data.version")),
               text_or_none(origin_value(*release, "evaluation")), text_or_none(release->id),
               text_or_none(release->restored_from), text_or_none(release->reason)});
  }
}

void add_local(Report& report, const std::vector<LocalDeployment>& deployments) {
  Table& table =
      report.table(Table{.key = "local",
                         .heading = "In the run store",
                         .columns = {{"run_id", "RUN"},
                                     {"outcome", "OUTCOME"},
                                     {"release", "RELEASE", true},
                                     {.key = "image", .header = "IMAGE", .shrink = true},
                                     {"strategy", "STRATEGY"},
                                     {"started", "STARTED"},
                                     {.key = "reason", .header = "WHAT", .wrap = true}}});
  for (const LocalDeployment& deployment : deployments) {
    table.add({Cell(Value(deployment.run_id), deployment.run_id.substr(0, 8)),
               outcome_cell(deployment.outcome), text_or_none(deployment.release),
               Cell(Value(deployment.image),
                    short_image(deployment.tag.empty() ? deployment.image : deployment.tag)),
               Cell(deployment.strategy), Cell(Value(deployment.started)),
               Cell(deployment.reason)});
  }
}

std::vector<Release> cluster_releases(const AppPlace& place) {
  const auto cluster = open_cluster(place.kubectl);
  return ReleaseHistory(*cluster, place.app).read();
}

Report history(Context& context, const Arguments& arguments) {
  const AppPlace place = app_place(context, arguments);
  const std::int64_t limit = arguments.integer("limit").value_or(20);
  if (limit < 1) throw Error(ErrorKind::usage, "--limit needs a number from 1");
  const auto local = local_deployments(context, place.app, limit);
  Report report("deploy.history/1");
  report.field("app", "app", Cell(place.app));
  std::vector<Release> releases;
  if (!arguments.flag("local")) {
    try {
      releases = cluster_releases(place);
    } catch (const Error& error) {
      // What is known here is shown all the same.
      if (local.empty() || error.kind() == ErrorKind::interrupted) throw;
      report.finding(Severity::warning,
                     fmt::format("the cluster could not be asked: {}", error.what()));
    }
    add_releases(report, releases, static_cast<std::size_t>(limit));
  }
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  if (!person || !local.empty()) add_local(report, local);
  return report;
}

}  // namespace

CommandSpec deploy_history() {
  std::vector<OptionSpec> options{
      {.name = "limit", .value = "N", .help = "Releases to show", .default_text = "20"},
      {.name = "local", .help = "Ask the run store only, not the cluster"},
      {.name = "file",
       .value = "FILE",
       .help = "The plan",
       .complete = Complete::file,
       .default_text = "deploy.yaml, here or above"}};
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  return {.path = "deploy history",
          .summary = "List the releases of an app",
          .description =
              "The releases that the cluster knows, newest first, whoever made them, with outcome, "
              "image, commit, model and the reason of those that were rolled back; and the "
              "deployments in the run store here. 'mlopsctl rollback --to RELEASE' brings one "
              "back.",
          .examples = {{"mlopsctl deploy history", "The app of deploy.yaml"},
                       {"mlopsctl deploy history chat --local", "Without the cluster"}},
          .options = std::move(options),
          .positionals = {app_positional()},
          .run = history};
}

}  // namespace mlopsctl::commands
