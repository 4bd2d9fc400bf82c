// LoRA adapters as PEFT saves them (eval.md §2.5): what each changes of a model's tensors.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/name_pattern.hpp"
#include "engine/tensor_names.hpp"
#include "engine/weight_files.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::engine {

// adapter_config.json, as far as it says what the weights mean.
struct AdapterConfig {
  double rank = 8, alpha = 8;
  bool rank_stabilised = false;      // use_rslora: alpha / sqrt(r) instead of alpha / r
  bool biases = false;               // biases are replaced
  bool tie_saved = false;            // ensure_weight_tying
  std::string base;                  // the model that it was trained on, as its author named it
  std::vector<std::string> targets;  // last parts of modules' names; empty: `pattern`
  std::optional<NamePattern> pattern;
  bool all_linear = false;
  std::vector<std::string> saved;  // modules_to_save: ends of modules' names
  std::vector<std::pair<NamePattern, double>> ranks, alphas;

  bool targets_module(const std::string& module) const;
  double rank_of(const std::string& module) const;
  double scale_of(const std::string& module) const;
};
// Throws Error{corrupt}, and Error{usage} for what is not supported (DoRA, PiSSA, …).
AdapterConfig parse_adapter_config(std::string_view text);

// W' = W + left · right, where W may be a tensor of the adapter's own.
struct TensorChange {
  std::size_t rank = 0;
  std::vector<float> left, right;  // [rows, rank], [rank, columns]; the scale is in `left`
  std::optional<TensorView> replacement;
  std::uint64_t first = 0;  // of the replacement's values, for parts of a stored tensor
};

class Adapter {
 public:
  // `prefix`: what tensors' stored names begin with. Throws Error{corrupt} for weights that belong
  // to no tensor, or have another shape.
  static Adapter open(const fs::path& folder, const std::vector<TensorPlace>& places,
                      std::string_view prefix);

  // By the name that Checkpoint uses; null: unchanged.
  const TensorChange* find(const std::string& name) const;
  bool changes(const std::string& name) const { return find(name) != nullptr; }
  const AdapterConfig& config() const { return config_; }
  std::string fingerprint() const;

 private:
  AdapterConfig config_;
  std::string text_;
  WeightFiles weights_;
  std::map<std::string, TensorChange> changes_;
};

}  // namespace mlopsctl::engine
