#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "engine/adapter.hpp"
#include "engine/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::engine {

namespace {

[[noreturn]] void unsupported(const std::string& what) {
  throw Error(ErrorKind::usage, fmt::format("adapter_config.json: {}", what),
              "merge the adapter with peft's merge_and_unload() and give the merged model");
}

// Switched on by anything but null, false, and empty.
bool is_set(const JsonFields& fields, const char* name) {
  const Json* value = fields.find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  return !(value->is_array() || value->is_object()) || !value->empty();
}

void refuse_unsupported(const JsonFields& fields) {
  const std::string type = fields.text("peft_type").value_or("");
  if (type != "LORA")
    unsupported(fmt::format("adapters of type {} are not supported", quote(type)));
  for (const char* name :
       {"use_dora", "use_qalora", "use_bdlora", "alora_invocation_tokens", "lora_bias",
        "layer_replication", "target_parameters", "trainable_token_indices", "arrow_config",
        "kasa_config", "monteclora_config", "velora_config", "lora_ga_config", "megatron_config"}) {
    if (is_set(fields, name)) unsupported(fmt::format("'{}' is not supported", name));
  }
  // These take a part out of the base model's weights when they start, which such an adapter lacks.
  const Json* start = fields.find("init_lora_weights");
  if (start != nullptr && start->is_string()) {
    const auto& name = start->get_ref<const std::string&>();
    if (name != "gaussian" && name != "eva" && name != "orthogonal")
      unsupported(fmt::format("weights that began as {} are not supported", quote(name)));
  }
}

// peft looks for (.*\.)?(key)$ from the beginning of a module's name.
std::vector<std::pair<NamePattern, double>> patterns(const JsonFields& fields, const char* name) {
  constexpr double most = 1U << 20U;
  std::vector<std::pair<NamePattern, double>> all;
  const std::optional<JsonFields> object = fields.object(name);
  if (!object) return all;
  for (const auto& [key, value] : object->json().items()) {
    if (!value.is_number() || !(value.get<double>() > 0))
      object->wrong(key.c_str(), "a positive number");
    if (value.get<double>() > most) object->wrong(key.c_str(), "a number of this size");
    all.emplace_back(NamePattern(R"((?:.*\.)?(?:)" + key + ")"), value.get<double>());
  }
  return all;
}

void read_targets(const JsonFields& fields, AdapterConfig& config) {
  const Json* targets = fields.find("target_modules");
  if (targets == nullptr || !targets->is_string()) {
    config.targets = fields.texts("target_modules");
    return;
  }
  const auto& text = targets->get_ref<const std::string&>();
  config.all_linear = to_lower(text) == "all-linear";
  if (!config.all_linear) config.pattern.emplace(text);
}

double first_match(const std::vector<std::pair<NamePattern, double>>& all,
                   const std::string& module, double otherwise) {
  for (const auto& [pattern, value] : all) {
    if (pattern.matches(module)) return value;
  }
  return otherwise;
}

}  // namespace

AdapterConfig parse_adapter_config(std::string_view text) {
  const Json object = parse_object(text, "adapter_config.json");
  const JsonFields fields(object, "adapter_config.json");
  refuse_unsupported(fields);
  AdapterConfig config;
  config.rank = fields.count("r", 1U << 20U).value_or(8);
  config.alpha = fields.number("lora_alpha", 8);
  if (!std::isfinite(config.alpha)) fields.wrong("lora_alpha", "a number");
  config.rank_stabilised = fields.boolean("use_rslora", false);
  config.biases = fields.text("bias").value_or("none") != "none";
  config.tie_saved = fields.boolean("ensure_weight_tying", false);
  config.base = fields.text("base_model_name_or_path").value_or("");
  config.saved = fields.texts("modules_to_save");
  config.ranks = patterns(fields, "rank_pattern");
  config.alphas = patterns(fields, "alpha_pattern");
  read_targets(fields, config);
  return config;
}

bool AdapterConfig::targets_module(const std::string& module) const {
  if (all_linear) return true;
  if (pattern) return pattern->matches(module);
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return module == target || module.ends_with("." + target);
  });
}

double AdapterConfig::rank_of(const std::string& module) const {
  return first_match(ranks, module, rank);
}

double AdapterConfig::scale_of(const std::string& module) const {
  const double own_rank = rank_of(module);
  return first_match(alphas, module, alpha) / (rank_stabilised ? std::sqrt(own_rank) : own_rank);
}

}  // namespace mlopsctl::engine
