// What became of the requests: for the test, and for Prometheus.
#pragma once

#include "support/traffic/view.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

struct Histogram {
  // Upper bounds in seconds; more is +Inf.
  static constexpr std::array<double, 11> bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                 0.5,   1,    2.5,   5,    10};
  std::array<std::uint64_t, bounds.size() + 1> buckets{};  // not cumulative
  std::uint64_t count = 0;
  double sum = 0;
  void add(double seconds);
};

class Counts {
 public:
  void add(const Answer& answer, std::int64_t now_ms);
  // {sent, served, failed, by_image: {IMAGE: {served, failed}}, by_pod, reasons: {TEXT: n}, first:
  // [{at_ms, pod, reason}]}
  nlohmann::json report() const;

  struct Series {
    std::string workload;
    Histogram latency;
  };
  // (pod, status) → latencies; of requests that a pod answered.
  const std::map<std::pair<std::string, int>, Series>& series() const { return series_; }
  // (canary Ingress?, status) → latencies; as a controller in front of the pods sees them.
  const std::map<std::pair<bool, int>, Histogram>& at_the_door() const { return door_; }

 private:
  struct Tally {
    std::uint64_t served = 0, failed = 0;
  };
  struct Failure {
    std::int64_t at_ms;
    std::string pod, reason;
  };
  Tally all_;
  std::map<std::string, Tally> by_image_, by_pod_;
  std::map<std::string, std::uint64_t> reasons_;
  std::vector<Failure> first_;  // at most 20
  std::map<std::pair<std::string, int>, Series> series_;
  std::map<std::pair<bool, int>, Histogram> door_;
};

// As the pods, Istio's sidecars and the nginx ingress controller would show them to Prometheus, in
// its text format. A pod that is gone is scraped no more: only those of `pods` are there.
struct Exposed {
  std::string name_space;
  Entry entry;
  const Counts* counts = nullptr;
  const std::map<std::string, SimPod>* pods = nullptr;
};
std::string metrics_text(const std::vector<Exposed>& apps);

}  // namespace mlopsctl::testing
