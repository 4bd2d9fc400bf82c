// A deployment that is over, for others: report, JUnit, Markdown, messages, a record of the run
// store.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/ui/report.hpp"

#include "commands/check_outputs.hpp"
#include "commands/check_record.hpp"
#include "commands/deploy_required.hpp"
#include "commands/deploy_view.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

inline constexpr const char* deploy_experiment = "deploy";

struct DeployStory {
  std::string schema;  // of the command: "deploy.canary/1"
  const DeployPlan* plan = nullptr;
  DeployResult result;
  std::vector<ToldEvent> events;
  std::map<std::string, double> values;  // of the gates, last
  std::vector<RequiredCheck> required;
  std::string cluster;  // "context prod, namespace llm"
  Timestamp started{}, finished{};
  std::uint64_t calls = 0;  // of kubectl
  std::string run_id;       // of the record
  int stop_signal = 0;      // that ended it
};

// 0 live, 3 rolled back, 5 if that could not be completed, 1 failed, 130 and 143 after a stop.
ExitCode exit_code_of(const DeployStory& story);
// "live: chat:1.4 of chat, release 7, after 4m 10s": the last line.
std::string conclusion_of(const DeployStory& story);

Report deploy_report(Context& context, const DeployStory& story);
// `story` must outlive them.
CheckDocuments deploy_documents(const DeployStory& story);
// Without the document.
CheckRecord deploy_record(const DeployStory& story);
// Weight, failed checks and gate values by step, one step an event.
std::vector<std::pair<std::string, std::vector<std::pair<Timestamp, double>>>> deploy_series(
    const DeployStory& story);

// Of a deployment that a required check refused; the arguments must outlive them.
CheckDocuments refusal_documents(const DeployPlan& plan, const std::vector<RequiredCheck>& required,
                                 const std::string& why);
State state_of_refusal(const DeployPlan& plan);

Message deploy_message(const DeployPlan& plan, const State& state, const std::string& title,
                       const std::string& text, const std::string& link);
// mlopsctl.deploy.message/1
std::string deploy_webhook_json(const DeployPlan& plan, const State& state,
                                const std::string& title, const std::string& text,
                                const std::string& link);

}  // namespace mlopsctl::commands
