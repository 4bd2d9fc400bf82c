// What an evaluation found: metrics of each task, and one record an example, by which two
// evaluations are compared in pairs. Its JSON is `mlopsctl.eval.result/1`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

// Everything that decides the answers, by name: "model", "model_sha256", "adapter_sha256",
// "tokenizer_sha256", "engine", "dtype", "deterministic", "seed", "version" decide the quality;
// "device", "driver", "cpu" the speed. An endpoint has "endpoint" and "endpoint_model" instead of
// digests. A name that does not apply is not there.
using Fingerprint = std::map<std::string, std::string>;

struct MetricValue {
  std::string name;             // "acc", "acc_norm", "word_perplexity", "exact_match", …
  std::string filter = "none";  // lm-evaluation-harness' key is "name,filter"
  double value = 0;             // may be infinite or NaN
  std::optional<double> stderr_;
  bool higher_is_better = true;
  // A proportion's integer counts (correct of n), so that no rule compares rounded numbers.
  std::optional<std::uint64_t> correct;
  std::uint64_t n = 0;  // examples that count

  // "acc", or "exact_match,strict" with a filter of its own: the name in ExampleRecord::metrics.
  std::string key() const { return filter == "none" ? name : name + "," + filter; }
};

struct ExampleRecord {
  std::string id;           // the row's own id, else its number
  std::string prompt_hash;  // sha256 of all texts that were sent, hexadecimal
  std::string target_hash;
  // By MetricValue::key(): acc 0 or 1, …; perplexity: the log-likelihood. What is computed over all
  // examples only (f1 and mcc of choices, word_perplexity) has no entry.
  std::map<std::string, double> metrics;
  std::optional<double> nll;           // summed, natural logarithm: of the target or the text
  std::uint64_t tokens = 0;            // scored or generated
  std::uint64_t matched = 0;           // of the scored: those that were the most likely ones
  std::uint64_t words = 0, bytes = 0;  // of a text whose perplexity is asked for
  std::optional<std::int64_t> gold, predicted;  // of choices, from 0
  // Choices: how far the log-probability of the best one is above the next one's, as the first
  // metric compares them: how sure an answer was that flips.
  std::optional<double> margin;
  bool near_tie = false;   // of choices: the best two differ by less than 1e-4 relative
  bool truncated = false;  // a context lost its left end
  std::string group;       // examples that belong together (questions on one text); empty: its own
  std::string error;       // not empty: it does not count
  std::string detail;      // JSON text: document, prompt, answers; empty where it was not asked for
};

struct TaskResult {
  std::string name;
  std::string alias;        // how it is shown; may be empty
  std::string output_type;  // "multiple_choice", "loglikelihood", …
  std::string version;      // metadata.version of the task file
  std::string hash;         // sha256 of the task file with what it includes, and its data
  std::string data_hash;    // sha256 of the data file
  std::uint32_t shots = 0;
  std::uint64_t of = 0;  // examples that the data have; `examples` are fewer with a limit
  std::vector<MetricValue> metrics;
  std::vector<ExampleRecord> examples;
  std::uint64_t failed = 0;     // examples with an error
  std::uint64_t truncated = 0;  // contexts that lost their left end
  std::uint64_t near_ties = 0;  // choices whose best two differ by less than 1e-4 relative
};

// Several tasks as one: means over them.
struct GroupResult {
  std::string name, alias;
  std::vector<std::string> tasks;
  std::vector<MetricValue> metrics;
};

struct EvalResult {
  std::string run;                         // id in the run store, empty if not recorded
  std::int64_t started = 0, finished = 0;  // milliseconds since 1970
  Fingerprint fingerprint;
  std::vector<TaskResult> tasks;
  std::vector<GroupResult> groups;
};

}  // namespace mlopsctl
