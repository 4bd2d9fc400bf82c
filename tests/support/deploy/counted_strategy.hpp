// A strategy that counts the calls of each of its ticks, and what the loop does before the next
// one.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::testing {

struct CallCounts {
  std::uint64_t before_ticks = 0;
  std::vector<std::uint64_t> of_ticks;  // of the last one without what ends the deployment
};

class CountedStrategy : public Strategy {
 public:
  // `cluster`: whose calls are counted; all of it outlives this.
  CountedStrategy(Strategy& inner, const Cluster& cluster, CallCounts& counts)
      : inner_(inner), cluster_(cluster), counts_(counts) {}

  void plan(Session& session, const PinnedImage& image) override { inner_.plan(session, image); }
  Tick tick(Session& session) override {
    const std::uint64_t before = cluster_.calls();
    if (counts_.of_ticks.empty()) {
      counts_.before_ticks = before;
    } else {
      counts_.of_ticks.back() = before - began_;
    }
    began_ = before;
    const Tick tick = inner_.tick(session);
    counts_.of_ticks.push_back(cluster_.calls() - began_);
    return tick;
  }
  std::vector<std::string> manual_steps(Session& session) const override {
    return inner_.manual_steps(session);
  }

 private:
  Strategy& inner_;
  const Cluster& cluster_;
  CallCounts& counts_;
  std::uint64_t began_ = 0;
};

}  // namespace mlopsctl::testing
