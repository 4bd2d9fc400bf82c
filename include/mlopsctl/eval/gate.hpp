// May this change ship? Rules on numbers before and after it, and whether the numbers can be
// compared at all (eval.md §4).
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/baseline.hpp"
#include "mlopsctl/eval/gate_statistics.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::gate {

// warning: within the tolerance, but a test says that it is worse. no_answer: not comparable, or
// too little to say.
enum class Verdict { pass, warning, fail, no_answer };
std::string_view to_string(Verdict verdict);  // "pass", "warning", "fail", "no answer"

// Of examples that both sides answered, by right (1) and wrong (0).
struct PairCounts {
  std::uint64_t both = 0, lost = 0, won = 0, neither = 0;
  std::uint64_t all() const { return both + lost + won + neither; }
};

// One rule on one number.
struct Check {
  std::string subject;  // a task, "latency", a part of a model test
  std::string name;     // "acc", "nll per token", "median ttft"
  Verdict verdict = Verdict::pass;
  std::string text;  // what was compared with what, in a sentence
  std::string unit;  // "ms"; empty: none
  std::optional<double> before, now;
  std::optional<double> limit;  // the worst value that passes
  std::uint64_t n = 0;          // examples or samples of now
  bool is_ratio = false;        // what `interval` is of: now / before, else now - before
  std::optional<Range> interval;
  std::optional<double> change;      // the point that `interval` is around
  std::optional<double> p;           // of the test that it is worse
  std::optional<double> adjusted_p;  // after Holm's correction over all tests of the check
  std::optional<PairCounts> pairs;
  std::optional<double> detectable;  // a smaller change for the worse could not be seen
};

// An example that was answered in another way than before.
struct Flip {
  std::string task, metric, id;
  bool lost = false;                                // it was right; else it is right now
  std::optional<double> margin_before, margin_now;  // ExampleRecord::margin
  std::optional<double> nll_change;
};

// Samples of both sides, for a picture.
struct Samples {
  std::string name, unit;
  std::vector<double> before, now;
};

enum class Kind { eval, bench, model_test };
std::string_view to_string(Kind kind);  // "eval", "bench", "model_test"

struct GateResult {
  Kind kind = Kind::eval;
  std::string name;      // of the check
  std::string baseline;  // what it was compared with, empty: nothing
  std::string subject;   // what was looked at
  Timestamp checked_at{};
  Verdict verdict = Verdict::no_answer;
  std::string reason;  // one sentence
  std::vector<Check> checks;
  std::vector<Flip> flips;           // lost ones first, the surest first
  std::vector<std::string> missing;  // "task: id", of the baseline only
  std::vector<std::string> notes;
  std::vector<Samples> samples;
  std::vector<std::pair<std::string, std::string>> facts;  // fingerprint of what was looked at
  std::string run_id;  // where it was recorded, empty if nowhere
};

// "0.0312", "5.9e-11".
std::string p_text(double p);

// Fills verdict and reason from the checks: the worst of them, no answer without any.
void conclude(GateResult& result);

struct QualityOptions {
  double tolerance = 0.01;           // an accuracy may be so much lower, inclusive
  double relative_tolerance = 0.01;  // a perplexity may be so much higher, as a share, inclusive
  double alpha = 0.05;
  std::uint64_t seed = 1234;
  std::uint32_t resamples = 10'000;  // of intervals, which are shown and decide nothing
  bool on_intersection = false;      // compare what both have; else missing examples: no answer
  std::vector<std::string> allowed;  // fingerprint keys that may differ
  std::vector<std::string> metrics;  // only these; empty: all that both have
  std::optional<double> threshold;   // least accuracy of each task, whatever the baseline
};

// Both sides must come from the same tasks, data, prompts, tokenizer, engine and type; the model
// and its adapter are what is compared.
GateResult check_quality(const Baseline& baseline, const Measured& now,
                         const QualityOptions& options);
// Without a baseline: the threshold only.
GateResult check_threshold(const Measured& now, const QualityOptions& options);

// "mean", "median", "min", "max" or "p90" of a metric must be below `milliseconds`, strictly.
struct LatencyLimit {
  std::string statistic = "mean";
  LatencyMetric metric = LatencyMetric::e2e;
  double milliseconds = 100;
};
// "mean" (below 100 ms), "mean=80ms", "p90:ttft=200ms". Throws Error{usage}.
LatencyLimit parse_latency_limit(std::string_view text);

struct LatencyOptions {
  double threshold = 0.05;  // a rise by more is a regression
  double alpha = 0.01;
  std::uint64_t seed = 1234;
  std::uint32_t resamples = 10'000;    // of intervals, by which 90th percentiles are judged
  std::vector<LatencyMetric> metrics;  // empty: ttft, tpot and e2e where both have them
  std::vector<LatencyLimit> limits;
  std::vector<std::string> allowed;  // fingerprint keys that may differ
};

constexpr std::uint64_t least_samples = 5;         // a side: fewer cannot fail at 0.01
constexpr std::uint64_t least_runs_of_limit = 10;  // of an absolute limit
constexpr std::uint64_t least_for_p90 = 30;

// A regression is a ratio above 1 + threshold (or the baseline's noise, if that is more) of medians
// with which Mann-Whitney's test agrees, or of 90th percentiles whose bootstrap interval lies above
// it too. Likely but not sure (p below 5 alpha, an interval above 1) is no answer.
GateResult check_latency(const Baseline* baseline, const LatencyRun& now,
                         const LatencyOptions& options);

// Whether more requests could give an answer.
bool is_inconclusive(const GateResult& result);

// Fingerprint keys by what they mean for a comparison.
enum class KeyKind { subject, quality, hardware, told };
KeyKind kind_of_key(std::string_view key);

struct KeyDifference {
  std::string key, before, now;  // "" : not there
};
std::vector<KeyDifference> differences(const Fingerprint& before, const Fingerprint& now,
                                       KeyKind kind);

}  // namespace mlopsctl::gate
