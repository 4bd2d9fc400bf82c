// How fast answers came: raw records of each request, kept so that every statistic can be computed
// again (definitions: eval.md §3).
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl {

// Seconds on a monotonic clock since the run began.
struct RequestTiming {
  double due = 0;  // when it should have been sent (open loop), else when it was
  double sent = 0;
  double first = 0;          // the first token (chunk with text) arrived
  double last = 0;           // the last one
  std::vector<double> gaps;  // between successive tokens of a local engine, chunks of an endpoint
  std::uint64_t prompt_tokens = 0, output_tokens = 0;
  bool counted_chunks = false;  // output_tokens is a number of chunks: the server told no usage
  std::string error;            // not empty: left out of all statistics but the count of failures
};

struct LatencyRun {
  Fingerprint fingerprint;
  std::int64_t started = 0;   // milliseconds since 1970
  std::string load;           // "closed, 4 at once", "poisson, 8 requests/s"
  std::uint64_t warmups = 0;  // requests before these, not recorded
  double wall = 0;            // seconds from the first sent to the last done
  std::vector<RequestTiming> requests;
};

}  // namespace mlopsctl
