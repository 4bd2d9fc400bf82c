// One deployment from the command line: what it needs, what is shown, told and recorded.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/deploy/read_once.hpp"

#include "commands/deploy_documents.hpp"
#include "commands/deploy_notify.hpp"
#include "commands/deploy_progress.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// Of all commands that carry a deployment out: --wait, --notify-on, messages, JUnit, summary,
// --experiment, --no-record.
std::vector<OptionSpec> deploy_run_options();

class DeployRun {
 public:
  // Opens the cluster. `plan` must have been completed with the command line; schema: of the
  // report.
  DeployRun(Context& context, const Arguments& arguments, std::string schema, DeployPlan plan,
            const KubectlOptions& kubectl);
  // The same in a cluster that is open.
  DeployRun(Context& context, const Arguments& arguments, std::string schema, DeployPlan plan,
            const KubectlOptions& kubectl, std::unique_ptr<Cluster> cluster);
  DeployRun(const DeployRun&) = delete;
  DeployRun& operator=(const DeployRun&) = delete;

  const std::string& schema() const { return schema_; }
  const DeployPlan& plan() const { return plan_; }
  Cluster& cluster() { return *watched_; }
  HttpClient& http() { return *http_; }
  DeployTools tools();
  void require(std::vector<RequiredCheck> checks) { required_ = std::move(checks); }

  Session begin(bool take_over);
  Session rehearse();
  // To its end: shown, told, recorded.
  Report carry_out(Session& session, Strategy& strategy);
  // Nothing had to be done.
  Report nothing_to_do(const std::string& why);

 private:
  DeployStory story_of(const DeployResult& result, Timestamp started) const;
  void record(DeployStory& story);
  Session::Tools session_tools();

  Context& context_;
  const Arguments& arguments_;
  std::string schema_;
  DeployPlan plan_;
  std::unique_ptr<Cluster> cluster_, watched_;
  std::unique_ptr<ReadOnce> once_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<MetricSource> metrics_;
  std::unique_ptr<PodAccess> pods_;
  DeployProgress progress_;
  DeployNotifier notifier_;
  EventSink kube_events_;
  std::vector<RequiredCheck> required_;
};

// What is known of where a release comes from: --origin KEY=VALUE, the commit of the repository,
// the required evaluation.
OptionSpec origin_option();
std::map<std::string, std::string> origin_of(const Arguments& arguments, const DeployPlan& plan,
                                             const std::vector<RequiredCheck>& required);

}  // namespace mlopsctl::commands
