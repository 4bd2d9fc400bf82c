// Messages to people while a deployment goes on and when it is over. Their failure is told and
// changes nothing.
#pragma once

#include "mlopsctl/context.hpp"

#include "commands/check_outputs.hpp"
#include "commands/deploy_documents.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

OptionSpec notify_option();

class DeployNotifier {
 public:
  // Receivers are those of the options and of the plan's notify: "slack:NAME" and "webhook:NAME"
  // with the name of the environment variable that holds the URL. `warn` is told what was not sent.
  // Throws Error{usage, config}.
  DeployNotifier(const Arguments& arguments, const DeployPlan& plan,
                 std::function<void(const std::string&)> warn);

  // A human is waited for, or (notify-on always) it began.
  void event(const DeployEvent& event);
  void over(const DeployStory& story);
  // A required check did not pass: nothing was changed.
  void refused(const std::string& why);
  // The deployment could not go on, for a reason of its own.
  void broke(const State& state, const std::string& why);

 private:
  void send(const State& state, const std::string& title, const std::string& text,
            const std::vector<std::string>& lines);

  const DeployPlan& plan_;
  std::function<void(const std::string&)> warn_;
  std::vector<Receiver> receivers_;
  std::string when_, link_;
  bool began_ = false;
  Phase told_waiting_ = Phase::preparing;
};

}  // namespace mlopsctl::commands
