// What a model could do when somebody said that it is good enough: a file that is reviewed in git.
// JSON `mlopsctl.baseline/1`, one example and one request a line, keys always in the same order.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/result.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::gate {

// Who said so, when and why, oldest first.
struct Acceptance {
  Timestamp at{};
  std::string who, why;
  std::string digest;  // of the contents that it replaced; empty: there was nothing before
};

// How far two measurements of the same thing lie apart (A/A), as a share: by "median ttft".
using NoiseFloor = std::map<std::string, double>;

struct Baseline {
  std::string name;
  std::vector<Acceptance> history;
  std::optional<EvalResult> quality;
  std::optional<LatencyRun> latency;
  NoiseFloor noise;
  // Numbers by name and nothing else, as other programs write them: {"accuracy": 0.91}.
  std::map<std::string, double> plain;

  std::string digest() const;  // sha256 of the contents, without name and history
};

std::string baseline_json(const Baseline& baseline);
// Throws Error{corrupt} that names `source`, Error{usage} for a newer schema. A JSON object with
// numbers and without a schema is a plain one.
Baseline parse_baseline(std::string_view text, const std::string& source);
Baseline read_baseline(const std::filesystem::path& file);  // also Error{not_found, io}

// A file of results: of `eval run` or lm-evaluation-harness, of `bench run`, a baseline, or numbers
// by name. "-": standard input.
struct Measured {
  std::optional<EvalResult> quality;
  std::optional<LatencyRun> latency;
  std::map<std::string, double> plain;
};
Measured read_measured(const std::string& file);
Measured parse_measured(std::string_view text, const std::string& source);

// The distances of the medians and 90th percentiles of repeated measurements from the first one.
// Throws Error{usage} if they were not made on the same hardware.
NoiseFloor noise_floor(const LatencyRun& first, const std::vector<LatencyRun>& others);

// A name that a file may have: letters, digits, '-', '_' and '.', not first a '.'.
bool is_baseline_name(std::string_view name);

}  // namespace mlopsctl::gate
