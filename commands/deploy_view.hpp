// A deployment as lines: the block that is redrawn while it goes on, and one line an event. Pure.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/ui/live_block.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlopsctl::commands {

struct PodCount {
  int ready = 0, wanted = 0;
  friend bool operator==(const PodCount&, const PodCount&) = default;
};

struct ToldEvent {
  Timestamp at{};
  DeployEvent event;
};

struct DeployPicture {
  const DeployPlan* plan = nullptr;
  State state;
  std::map<std::string, PodCount> pods;  // by Deployment
  std::map<std::string, double> values;  // of the gates, as last seen
  std::vector<ToldEvent> events;         // all so far
};

std::vector<StyledLine> live_lines(const DeployPicture& picture, Timestamp now, bool unicode);

// "2026-11-30T02:11:02Z  chat  progressing 20 %  WeightIncreased  the canary gets 20 % …"
std::string event_line(const ToldEvent& told, const std::string& app);

// "request-success-rate 99.71 (>= 99)"; good says whether it is within its bounds.
struct GateText {
  std::string text;
  bool good = true;
};
GateText gate_text(const std::string& name, double value, const CanaryPlan& plan);

// "chat:1.4" of "ghcr.io/acme/chat:1.4", "chat@sha256:0123456789ab" of a digest.
std::string short_image(const std::string& image);
// What the user asked for if it is known, else the image.
std::string image_of(const Release& release);
Style phase_style(const State& state);
// "progressing, 20 %"; "done: rolled back".
std::string phase_text(const State& state);

}  // namespace mlopsctl::commands
