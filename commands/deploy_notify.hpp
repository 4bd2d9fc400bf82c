// Messages to people while a deployment goes on and when it is over. Their failure is told and
// changes nothing.
#pragma once

#include "mlopsctl/context.hpp"

#include "commands/check_outputs.hpp"
#include "commands/deploy_documents.hpp"
#include "commands/deploy_progress.hpp"

#include <vector>

namespace mlopsctl::commands {

OptionSpec notify_option();

class DeployNotifier {
 public:
  // Receivers are those of the options and of the plan's notify: "slack:NAME" and "webhook:NAME"
  // with the name of the environment variable that holds the URL. Throws Error{usage, config}.
  DeployNotifier(const Arguments& arguments, const DeployPlan& plan, DeployProgress& progress);

  // A human is waited for, or (notify-on always) it began.
  void event(const DeployEvent& event);
  void over(const DeployStory& story);
  // The deployment could not go on, for a reason of its own.
  void broke(const State& state, const std::string& why);

 private:
  void send(const State& state, const std::string& title, const std::string& text,
            const std::vector<std::string>& lines);

  const DeployPlan& plan_;
  DeployProgress& progress_;
  std::vector<Receiver> receivers_;
  std::string when_, link_;
  bool began_ = false;
  Phase told_waiting_ = Phase::preparing;
};

}  // namespace mlopsctl::commands
