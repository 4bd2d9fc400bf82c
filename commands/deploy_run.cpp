#include "commands/deploy_run.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/kube_events.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <fmt/format.h>

#include <array>

namespace mlopsctl::commands {

namespace {

constexpr std::array<std::string_view, 7> outputs{
    "junit",       "github-summary", "report-url", "slack-webhook-env", "slack-webhook-file",
    "webhook-env", "webhook-file"};

// Longer than a lease lives, so that the lock of a process that was killed is taken over.
constexpr const char* default_wait = "45s";

KubectlOptions fixed(const KubectlOptions& options, const Cluster& cluster) {
  KubectlOptions result = options;
  result.name_space = cluster.name_space();
  return result;
}

}  // namespace

std::vector<OptionSpec> deploy_run_options() {
  std::vector<OptionSpec> options{
      {.name = "wait",
       .value = "TIME",
       .help = "How long to wait for the lock of a deployment that may be dead",
       .default_text = default_wait}};
  options.push_back(notify_option());
  for (auto& option : check_output_options(
           {.junit = "Write JUnit XML: the deployment, its gates, the required checks"}, outputs)) {
    options.push_back(std::move(option));
  }
  for (auto& option : check_record_options(deploy_experiment)) {
    if (option.name != "name") options.push_back(std::move(option));
  }
  return options;
}

DeployRun::DeployRun(Context& context, const Arguments& arguments, std::string schema,
                     DeployPlan plan, const KubectlOptions& kubectl)
    : DeployRun(context, arguments, std::move(schema), std::move(plan), kubectl,
                open_cluster(kubectl)) {}

DeployRun::DeployRun(Context& context, const Arguments& arguments, std::string schema,
                     DeployPlan plan, const KubectlOptions& kubectl,
                     std::unique_ptr<Cluster> cluster)
    : context_(context),
      arguments_(arguments),
      schema_(std::move(schema)),
      plan_(std::move(plan)),
      cluster_(std::move(cluster)),
      http_(make_http_client()),
      pods_(kubectl_pods(fixed(kubectl, *cluster_))),
      progress_(context, plan_, system_clock()),
      notifier_(arguments, plan_, [this](const std::string& text) { progress_.warning(text); }) {
  once_ = std::make_unique<ReadOnce>(*cluster_, progress_.clock());
  watched_ = progress_.watched(once_->cluster());
  if (!plan_.prometheus.empty()) metrics_ = prometheus_source(make_http_client(), plan_.prometheus);
  kube_events_ = kube_event_sink(*watched_, system_clock(), plan_.app);
  for (const std::string& text : plan_.warnings) progress_.warning(text);
}

DeployTools DeployRun::tools() {
  return {.http = *http_, .metrics = metrics_.get(), .pods = pods_.get()};
}

Session::Tools DeployRun::session_tools() {
  return {.cluster = *watched_, .clock = once_->clock(), .tell = [this](const DeployEvent& event) {
            progress_.event(event);
            if (context_.globals().dry_run) return;
            if (kube_events_) kube_events_(event);
            notifier_.event(event);
          }};
}

Session DeployRun::begin(bool take_over) {
  const Milliseconds patience = parse_duration(arguments_.text_or("wait", default_wait));
  if (take_over) once_->end();
  progress_.clock().sleep(Milliseconds{0});  // from here on signals ask, they do not kill
  return Session::begin(session_tools(), plan_, patience, take_over);
}

Session DeployRun::rehearse() { return Session::rehearse(session_tools(), plan_); }

DeployStory DeployRun::story_of(const DeployResult& result, Timestamp started) const {
  return {.schema = schema_,
          .plan = &plan_,
          .result = result,
          .events = progress_.picture().events,
          .values = progress_.picture().values,
          .required = required_,
          .cluster = cluster_->describe(),
          .started = started,
          .finished = now(),
          .calls = cluster_->calls(),
          .stop_signal = stop_signal()};
}

void DeployRun::record(DeployStory& story) {
  RunStore* store = store_of_checks(context_, arguments_);
  if (store == nullptr) return;
  try {
    CheckRecord record = deploy_record(story);
    record.experiment = arguments_.text_or("experiment", record.experiment);
    record.document = render_json(deploy_report(context_, story)).out;
    story.run_id = record_check(*store, record);
    LogBatch batch;
    for (const auto& [key, points] : deploy_series(story)) {
      std::int64_t step = 0;
      for (const auto& [time, value] : points)
        batch.metrics.push_back({key, {step++, time, value}, {}});
    }
    if (!batch.metrics.empty()) store->log(story.run_id, batch);
  } catch (const Error& error) {
    // What is live does not depend on it.
    context_.progress().warning(fmt::format("not recorded: {}", error.what()));
  }
}

Report DeployRun::carry_out(Session& session, Strategy& strategy) {
  session.state().to.by = fmt::format("{}@{}", user_name(), host_name());
  const Timestamp started = now();
  DeployResult result;
  try {
    result = run_deployment(session, strategy);
  } catch (const Error& error) {
    progress_.close();
    notifier_.broke(progress_.picture().state, error.what());
    throw;
  }
  progress_.close();
  DeployStory story = story_of(result, started);
  record(story);
  notifier_.over(story);
  Report report = deploy_report(context_, story);
  write_check_outputs(context_, arguments_, deploy_documents(story), false, report);
  return report;
}

Report DeployRun::nothing_to_do(const std::string& why) {
  progress_.close();
  Report report(schema_);
  report.field("app", "app", Cell(plan_.app));
  report.field("outcome", "outcome", Cell("already live"));
  report.field("cluster", "cluster", Cell(cluster_->describe()));
  return report.summary(fmt::format("nothing to do: {}", why));
}

OptionSpec origin_option() {
  return {.name = "origin",
          .value = "KEY=VALUE",
          .help =
              "What the release is made of, for 'deploy status': model=chat-7b, "
              "data.version=v3; the commit is found",
          .repeatable = true};
}

std::map<std::string, std::string> origin_of(const Arguments& arguments, const DeployPlan& plan,
                                             const std::vector<RequiredCheck>& required) {
  std::map<std::string, std::string> origin;
  try {
    if (const auto git = git_state(fs::current_path()); git && !git->commit.empty()) {
      origin["git.commit"] = git->commit;
      if (git->dirty) origin["git.dirty"] = "true";
    }
  } catch (const Error&) {  // no libgit2: it is not known
  }
  if (!plan.server.model.empty()) origin["model"] = plan.server.model;
  for (const RequiredCheck& check : required) {
    if (check.kind != "evaluation") continue;
    origin["evaluation"] = check.run_id;
    if (!check.subject.empty()) origin["model"] = check.subject;
  }
  for (const auto& text : arguments.list("origin")) {
    const KeyValue pair = parse_key_value(text);
    origin[pair.key] = pair.value;
  }
  return origin;
}

}  // namespace mlopsctl::commands
