// Shows a deployment while it goes on: a block that is redrawn on a terminal, time-stamped lines
// elsewhere, on standard error. What pods there are is seen in passing, on objects that the
// deployment reads anyway: the view makes no calls of its own.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/cluster.hpp"

#include "commands/deploy_view.hpp"

#include <memory>
#include <string>

namespace mlopsctl::commands {

class DeployProgress {
 public:
  DeployProgress(Context& context, const DeployPlan& plan, Clock& clock);
  ~DeployProgress();
  DeployProgress(const DeployProgress&) = delete;
  DeployProgress& operator=(const DeployProgress&) = delete;

  // Sleeps as `clock` does and keeps the view up to date meanwhile.
  Clock& clock();
  // `inner` must outlive it.
  std::unique_ptr<Cluster> watched(Cluster& inner);

  void event(const DeployEvent& event);
  void saw(const Json& object);  // one that the cluster gave
  void warning(const std::string& text);
  void close();  // takes the block away

  const DeployPicture& picture() const { return picture_; }
  // Last of the state, e.g. after a deployment that ended without telling.
  void now_is(const State& state);

 private:
  class WatchingClock;
  void refresh();

  Context& context_;
  Clock& inner_;
  std::unique_ptr<WatchingClock> clock_;
  DeployPicture picture_;
  std::unique_ptr<LiveBlock> block_;  // none where lines are written
  std::string said_of_pods_;
  Milliseconds said_at_{0};
};

// Whether a block can be redrawn on standard error.
bool can_redraw(const Context& context);

}  // namespace mlopsctl::commands
