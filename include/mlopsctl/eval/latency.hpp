// How fast answers came: raw records of each request, kept so that every statistic can be computed
// again (definitions: eval.md §3).
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// The machine that ran the model, looked at before and after: the numbers of a GPU that slowed down
// to cool off say little. NaN where it is not known.
struct DeviceState {
  std::string name;
  double clock_mhz = 0, temperature_celsius = 0;
  std::string throttled;  // reasons, "" for none
};

struct LatencyRun {
  Fingerprint fingerprint;
  std::int64_t started = 0;   // milliseconds since 1970
  std::string load;           // "closed, 4 at once", "poisson, 8 requests/s"
  std::uint64_t warmups = 0;  // requests before these, not recorded
  double wall = 0;            // seconds from the first sent to the last done
  double client_cpu = 0;      // seconds of processor time that this program used meanwhile
  std::vector<DeviceState> before, after;
  std::vector<std::string> notes;  // what else was seen, a sentence each
  std::vector<RequestTiming> requests;
};

// JSON `mlopsctl.bench.result/1`: fingerprint, load, definitions, a summary for people and other
// programs, and the raw records, from which everything is computed again when it is read.
std::string latency_json(const LatencyRun& run);
// Throws Error{corrupt} that names `source` and what is wrong with it.
LatencyRun parse_latency(std::string_view text, std::string_view source);
LatencyRun read_latency(const std::filesystem::path& file);  // also Error{not_found, io}

// The GPUs of this machine as they are now.
std::vector<DeviceState> device_states();
// "cpu", "cpus", and with a GPU "gpu", "gpus", "driver": which hardware a speed belongs to.
Fingerprint machine_fingerprint();

enum class LatencyMetric {
  ttft,   // time to the first token: first − sent
  tpot,   // time per output token: (last − first) / (output tokens − 1); needs two tokens
  gap,    // between two successive tokens or chunks, of all requests together
  e2e,    // end to end: last − sent
  queue,  // waiting at the client: sent − due
};
std::span<const LatencyMetric> latency_metrics();
std::string_view to_string(LatencyMetric metric);  // "ttft"
std::optional<LatencyMetric> parse_latency_metric(std::string_view name);
std::string_view definition(LatencyMetric metric);  // one sentence without a full stop

// In milliseconds, of the requests that did not fail, in their order.
std::vector<double> latency_values(const LatencyRun& run, LatencyMetric metric);

struct LatencySummary {
  std::uint64_t n = 0;
  double mean = 0, median = 0;
  double mad = 0;  // median of the distances from the median, not scaled
  double min = 0, max = 0, p90 = 0, p95 = 0, p99 = 0;
};
// All NaN if there are no values.
LatencySummary summarize(std::span<const double> values);

// The q-quantile, q in [0, 1], of ascending values as numpy's method "linear" gives it. NaN of
// none.
double quantile(std::span<const double> ascending, double q);

struct LatencyTotals {
  std::uint64_t completed = 0, failed = 0;
  std::uint64_t prompt_tokens = 0, output_tokens = 0;  // of the completed ones
  double requests_per_second = 0, output_tokens_per_second = 0, tokens_per_second = 0;
  bool counted_chunks = false;  // of some request
};
LatencyTotals latency_totals(const LatencyRun& run);

// A promise: this metric of every request is at most so many milliseconds.
struct Slo {
  LatencyMetric metric = LatencyMetric::ttft;
  double milliseconds = 0;
};
// "ttft:100". Throws Error{usage}. gap and queue are no metrics of one request.
Slo parse_slo(std::string_view text);
struct Goodput {
  std::uint64_t good = 0;  // requests that keep every promise; failed ones keep none
  double per_second = 0;
};
// As vLLM counts it: tpot of a request with one token is 0.
Goodput goodput(const LatencyRun& run, std::span<const Slo> slos);

}  // namespace mlopsctl
