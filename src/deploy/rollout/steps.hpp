// What all strategies do alike: time since a phase began, telling what happens, smoke checks of
// pods, turning back.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/deploy/health.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlopsctl::rollout {

inline constexpr Milliseconds poll_pods{1'500};
inline constexpr Milliseconds at_once{0};

// Time since this process saw the phase for the first time: whoever resumes has a budget of its
// own.
class PhaseTimer {
 public:
  Milliseconds age(Session& session);

 private:
  std::optional<Phase> phase_;
  Milliseconds since_{0};
};

// Tells what is new of a rollout: numbers of ready pods, and each warning once.
class Narrator {
 public:
  void tell(Session& session, const std::string& who, const Rollout& rollout);

 private:
  int ready_ = -1;
  std::set<std::string> told_;
};

// For the report of a failed rollout: the last log lines of the container that failed first, with a
// heading, secrets masked; empty if there are none.
std::string last_words(Cluster& cluster, const Rollout& rollout);

// Phase rolling_back with this reason; tells it, with the last words that it may end with.
void turn_back(Session& session, const std::string& reason);
// An abort that was asked for becomes a rollback, or the end where nothing was touched.
bool turn_back_if_asked(Session& session);
// The outcome of a rollback that is complete.
ReleaseOutcome turned_back(const State& state);
// The end without another change: somebody else works on the same objects.
Tick stop(Session& session, const std::string& reason);

// Requests that somebody left become part of the State: abort_asked, paused, notes["promote"].
void take_request(Session& session, Request request);

// Smoke checks against pods themselves, by name; empty: passed.
struct SmokeOutcome {
  bool passed = true, reached = true;
  std::string text;
};
SmokeOutcome smoke_pods(Session& session, const DeployTools& tools,
                        const std::vector<std::string>& pods);
// Against the public address of the plan; passed if it has none.
SmokeOutcome smoke_public(Session& session, const DeployTools& tools);

}  // namespace mlopsctl::rollout
