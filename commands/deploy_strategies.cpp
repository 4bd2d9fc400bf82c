// deploy rolling, deploy blue-green, deploy canary.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/manifest_cluster.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/deploy_rehearsal.hpp"
#include "commands/deploy_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::commands {

namespace {

DeployPlan completed_plan(Context& context, const Arguments& arguments, StrategyKind kind) {
  DeployPlan plan = plan_of(context, arguments);
  plan.strategy = kind;
  if (const auto time = arguments.text("timeout")) {
    plan.budgets.rollout = parse_duration(*time);
    if (plan.budgets.rollout.count() < 1000) {
      throw Error(ErrorKind::usage, "--timeout is a time of at least 1s, such as 10m");
    }
  }
  if (arguments.flag("tolerate-failures-until-deadline")) {
    plan.budgets.tolerate_until_deadline = true;
  }
  if (kind == StrategyKind::canary && arguments.flag("skip-analysis")) {
    plan.canary.skip_analysis = true;
  }
  if (plan.image.empty()) {
    throw Error(ErrorKind::usage, "no image is named", "--image, or 'image' in deploy.yaml");
  }
  return plan;
}

Report refused(Context& context, const Arguments& arguments, const std::string& schema,
               const DeployPlan& plan, const std::vector<RequiredCheck>& checks) {
  Report report(schema);
  report.field("app", "app", Cell(plan.app));
  report.field("outcome", "outcome", Cell("refused"));
  Table& table = report.table(Table{.key = "required",
                                    .columns = {{"kind", "KIND"},
                                                {"name", "NAME"},
                                                {"passed", "RESULT"},
                                                {.key = "text", .header = "WHAT", .wrap = true}}});
  std::string why;
  for (const RequiredCheck& check : checks) {
    const bool passed = check.answer == RequiredCheck::Answer::passed;
    table.add({Cell(check.kind), Cell(check.name), Cell(Value(passed), passed ? "passed" : "no"),
               Cell(check.text)});
    if (!passed && why.empty()) why = check.text;
  }
  report.verdict(code_of(checks));
  if (!context.globals().dry_run) {
    const auto warn = [&](const std::string& text) { context.progress().warning(text); };
    DeployNotifier(arguments, plan, warn).refused(why);
  }
  write_check_outputs(context, arguments, refusal_documents(plan, checks, why), false, report);
  return report.summary(fmt::format("refused, nothing was changed: {}", why));
}

std::vector<Finding> lint_notes(const DeployPlan& plan) {
  std::vector<Finding> notes;
  if (plan.flagger) return notes;  // its Deployment is the user's own
  for (const LintFinding& finding : lint_manifests(render_manifests(plan))) {
    notes.push_back({finding.error ? Severity::warning : Severity::note,
                     fmt::format("{}: {}", finding.object, finding.message)});
  }
  return notes;
}

// Nothing is deployed yet: would the API server take what 'deploy render' makes?
void try_manifests(Context& context, DeployRun& run) {
  const auto manifests = render_manifests(run.plan());
  try {
    run.cluster().apply(manifests, true);
    context.progress().note(fmt::format(
        "the API server would take the {} objects of 'mlopsctl deploy render'", manifests.size()));
  } catch (const ClusterError& error) {
    context.progress().warning(fmt::format(
        "the API server would not take the objects of 'mlopsctl deploy render': {}", error.what()));
  }
}

Report rehearsed(Context& context, DeployRun& run, StrategyKind kind, const PinnedImage& image,
                 const DeployTools& tools, const std::vector<RequiredCheck>& required,
                 bool offline) {
  Session session = run.rehearse();
  try {
    make_strategy(kind, tools)->plan(session, image);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found && !offline) try_manifests(context, run);
    throw;
  }
  return rehearsal_report(run.schema(), run.plan(), session.state(), run.cluster().describe(),
                          required, lint_notes(run.plan()));
}

// The image by digest; built and pushed before, if that is asked for.
PinnedImage image_of_run(Context& context, const Arguments& arguments, DeployRun& run) {
  const std::string& image = run.plan().image;
  const auto folder = arguments.text("build");
  if (folder) {
    const ImageBuild build{.folder = *folder,
                           .image = image,
                           .arguments = arguments.list("build-arg"),
                           .tool = arguments.text_or("build-tool", "")};
    if (!context.globals().dry_run) return build_image(run.http(), build);
    for (const auto& command : build_commands(build)) {
      context.progress().note(fmt::format("would run: {}", join(command, " ")));
    }
  }
  if (!folder && !arguments.flag("no-pin")) return pin_image(run.http(), image);
  const std::size_t at = image.find("@sha256:");
  return {image, image, at == image.npos ? "" : image.substr(at + 1)};
}

// --manifests: a rehearsal where no cluster can be asked.
std::unique_ptr<Cluster> cluster_of(Context& context, const Arguments& arguments,
                                    const KubectlOptions& kubectl) {
  const auto file = arguments.text("manifests");
  if (!file) return open_cluster(kubectl);
  if (!context.globals().dry_run) {
    throw Error(ErrorKind::usage, "--manifests is for --dry-run: a deployment needs a cluster",
                "add --dry-run, or leave --manifests out");
  }
  return manifest_cluster(read_manifests(*file), kubectl.name_space,
                          *file == "-" ? "standard input" : quoted_path(*file));
}

Report deploy_with(Context& context, const Arguments& arguments, StrategyKind kind) {
  validate_check_outputs(arguments);
  const std::string schema = fmt::format("deploy.{}/1", to_string(kind));
  DeployPlan plan = completed_plan(context, arguments, kind);
  const auto required = required_checks(context, arguments);
  if (code_of(required) != ExitCode::done)
    return refused(context, arguments, schema, plan, required);
  const KubectlOptions kubectl = kubectl_of(context, arguments, &plan);
  const bool offline = arguments.text("manifests").has_value();
  auto cluster = cluster_of(context, arguments, kubectl);
  DeployRun run(context, arguments, schema, std::move(plan), kubectl, std::move(cluster));
  run.require(required);
  preflight(run.cluster(), run.plan());
  const PinnedImage image = image_of_run(context, arguments, run);
  DeployTools tools = run.tools();
  // What serves, and how well, is not known of manifests.
  tools.force_from_unhealthy = offline || arguments.flag("force-from-unhealthy");
  tools.retry = offline || arguments.flag("retry");
  try {
    if (context.globals().dry_run)
      return rehearsed(context, run, kind, image, tools, required, offline);
    Session session = run.begin(false);
    const auto strategy = make_strategy(kind, tools);
    strategy->plan(session, image);
    session.state().to.origin = origin_of(arguments, run.plan(), required);
    return run.carry_out(session, *strategy);
  } catch (const AlreadyLive& live) {
    return run.nothing_to_do(live.what());
  }
}

std::vector<OptionSpec> strategy_options(StrategyKind kind) {
  std::vector<OptionSpec> options{
      {.name = "image",
       .value = "IMAGE",
       .help = "Image to bring live; its tag is resolved to a digest once",
       .default_text = "the plan's"}};
  for (auto& option : plan_options()) options.push_back(std::move(option));
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  options.push_back({.name = "no-pin",
                     .help = "Deploy the tag as it is, where the registry cannot be asked for its "
                             "digest"});
  options.push_back({.name = "build",
                     .value = "DIR",
                     .help = "Build the image from this folder and push it first",
                     .complete = Complete::directory});
  options.push_back({.name = "build-arg",
                     .value = "NAME=VALUE",
                     .help = "Argument of the build; no secrets, they stay in the image",
                     .repeatable = true});
  options.push_back({.name = "build-tool",
                     .value = "TOOL",
                     .help = "What builds it",
                     .choices = {"docker", "podman", "buildctl"},
                     .default_text = "the first there is"});
  options.push_back({.name = "timeout",
                     .value = "TIME",
                     .help = "How long new pods may take to be ready",
                     .default_text = "the plan's, 10m"});
  options.push_back({.name = "tolerate-failures-until-deadline",
                     .help = "Crashing pods do not end it before that time is up"});
  options.push_back({.name = "force-from-unhealthy",
                     .help = "Deploy although what serves now is not ready: a fix for it"});
  options.push_back({.name = "manifests",
                     .value = "FILE",
                     .help = "With --dry-run: ask no cluster, take these objects, such as those of "
                             "'deploy render', for what it has",
                     .complete = Complete::file});
  options.push_back({.name = "retry", .help = "Deploy again what serves or failed already"});
  if (kind == StrategyKind::canary) {
    options.push_back({.name = "skip-analysis",
                       .help = "Promote as soon as the new pods are ready, without any gate"});
  }
  for (auto& option : required_check_options()) options.push_back(std::move(option));
  options.push_back(origin_option());
  for (auto& option : deploy_run_options()) options.push_back(std::move(option));
  return options;
}

constexpr const char* common_text =
    "The image is pinned to its digest. ConfigMaps and Secrets of the pods are kept with the "
    "release, so that 'rollback' brings them back, too. A Lease in the cluster is lock and state: "
    "a second deployment is refused, and one whose process was killed is gone on with by 'deploy "
    "resume' or taken back by 'deploy abort', from any machine. Ctrl-C rolls back; a second Ctrl-C "
    "leaves everything as it is.\n\n"
    "Exits with 0 if the new version is live (or was already), 3 if it was rolled back or a "
    "required check did not pass, 4 if there is no such check, 5 if a rollback could not be "
    "completed, and 130 or 143 after a stop.";

CommandSpec strategy_command(const std::string& path, const std::string& summary,
                             const std::string& description, std::vector<ExampleSpec> examples,
                             StrategyKind kind) {
  CommandSpec spec{.path = path,
                   .summary = summary,
                   .description = description + "\n\n" + common_text,
                   .examples = std::move(examples),
                   .options = strategy_options(kind)};
  spec.exit_codes = {ExitCode::done,        ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer,  ExitCode::no_answer, ExitCode::partial,
                     ExitCode::interrupted, ExitCode::terminated};
  return spec;
}

Report run_rolling(Context& context, const Arguments& arguments) {
  return deploy_with(context, arguments, StrategyKind::rolling);
}
Report run_blue_green(Context& context, const Arguments& arguments) {
  return deploy_with(context, arguments, StrategyKind::blue_green);
}

Report run_canary(Context& context, const Arguments& arguments) {
  return deploy_with(context, arguments, StrategyKind::canary);
}

}  // namespace

CommandSpec deploy_rolling() {
  CommandSpec spec = strategy_command(
      "deploy rolling", "Replace the pods of a Deployment one after the other",
      "Sets the image of a Deployment and watches its new pods. A pod that can never become ready "
      "(image not found, crash loop, wrong configuration, quota) ends it within seconds, with its "
      "reason and last log lines, and the Deployment is put back as it was.",
      {{"mlopsctl deploy rolling --image ghcr.io/acme/chat:1.5",
        "The app of deploy.yaml, with another image"},
       {"mlopsctl deploy rolling --image ghcr.io/acme/chat:1.5 --dry-run", "What would be done?"},
       {"mlopsctl deploy render | mlopsctl deploy rolling --dry-run --no-pin --manifests -",
        "The same where no cluster can be asked"},
       {"mlopsctl deploy rolling --require-eval chat --require-drift-free chat --junit deploy.xml",
        "Only what has passed its checks; in CI"}},
      StrategyKind::rolling);
  spec.run = run_rolling;
  return spec;
}

CommandSpec deploy_blue_green() {
  CommandSpec spec = strategy_command(
      "deploy blue-green", "Bring a second set of pods up, then switch all traffic at once",
      "Brings the idle colour up at the size of the live one, waits until it is ready, checks it "
      "(smoke), switches the selector of the Service by compare-and-swap, verifies the endpoints, "
      "and checks what is live for a while. The old colour keeps running until then, so that going "
      "back is one switch. Any failure leaves the old colour serving.",
      {{"mlopsctl deploy blue-green --image ghcr.io/acme/chat:1.5",
        "Deployments chat-blue and "
        "chat-green"},
       {"mlopsctl deploy blue-green --set blueGreen.settle=2m --image ghcr.io/acme/chat:1.5",
        "Watch it longer after the switch"}},
      StrategyKind::blue_green);
  spec.run = run_blue_green;
  return spec;
}

CommandSpec deploy_canary() {
  CommandSpec spec = strategy_command(
      "deploy canary", "Give a new version a growing share of the traffic, as long as it is good",
      "Brings a canary up beside the stable version and raises its weight step by step, as Flagger "
      "does: with each interval the metrics (Prometheus) and hooks are checked; a failed check "
      "holds the weight, and as many as the threshold in all roll back. At the highest weight the "
      "stable Deployment takes the new version while the canary keeps serving.\n\n"
      "Plans are deploy.yaml or Canary manifests of Flagger as they are. 'deploy promote', "
      "'pause' and 'abort' of another process are heeded.",
      {{"mlopsctl deploy canary --image ghcr.io/acme/chat:1.5", "10, 20 to 50 %, then all"},
       {"mlopsctl deploy canary --file canary.yaml --image ghcr.io/acme/chat:1.5",
        "By a Canary of Flagger"},
       {"mlopsctl deploy canary --set canary.stepWeight=25 --notify-on always "
        "--slack-webhook-env SLACK_URL",
        "Larger steps; Slack is told"}},
      StrategyKind::canary);
  spec.run = run_canary;
  return spec;
}

}  // namespace mlopsctl::commands
