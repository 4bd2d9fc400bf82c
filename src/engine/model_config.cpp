#include "engine/model_config.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "engine/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

std::string_view to_string(ModelFamily family) {
  static constexpr std::array<std::string_view, 5> names{"gpt2", "llama", "mistral", "qwen2",
                                                         "qwen3"};
  return names.at(static_cast<std::size_t>(family));
}

namespace engine {

namespace {

constexpr std::uint32_t most_layers = 4096, most_width = 1U << 20U, most_heads = 1U << 14U,
                        most_vocabulary = 1U << 24U, most_positions = 1U << 30U;

[[noreturn]] void unsupported(const std::string& what) {
  throw Error(ErrorKind::usage, what,
              "supported are GPT-2, Llama 2 and 3, Mistral, Qwen2, Qwen2.5 and Qwen3 as float32, "
              "float16 or bfloat16");
}

// A file that arrives with the model writes into the messages of this program.
std::string shown(const Json& value) {
  return quote(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

ModelFamily family_of(const JsonFields& fields) {
  const std::optional<std::string> type = fields.text("model_type");
  if (!type)
    throw Error(ErrorKind::corrupt, "config.json has no 'model_type'",
                "give the folder of a model in Hugging Face's layout");
  for (const ModelFamily family : {ModelFamily::gpt2, ModelFamily::llama, ModelFamily::mistral,
                                   ModelFamily::qwen2, ModelFamily::qwen3}) {
    if (*type == to_string(family)) return family;
  }
  unsupported(fmt::format("models of type {} are not supported", quote(*type)));
}

void refuse_other_heads(const JsonFields& fields) {
  for (const std::string& name : fields.texts("architectures")) {
    for (const std::string_view purpose :
         {"Classification", "QuestionAnswering", "DoubleHeads", "ForConditionalGeneration"}) {
      if (name.find(purpose) != std::string::npos)
        unsupported(fmt::format("{} is no language model's head", quote(name)));
    }
  }
  if (const Json* quantised = fields.find("quantization_config")) {
    const auto method = quantised->is_object() ? quantised->find("quant_method") : quantised->end();
    unsupported(fmt::format("the weights are quantised{}",
                            quantised->is_object() && method != quantised->end()
                                ? " with " + shown(*method)
                                : std::string()));
  }
}

void read_activation(const JsonFields& fields, const char* name, std::string_view otherwise,
                     std::initializer_list<std::string_view> supported) {
  const std::string activation = fields.text(name).value_or(std::string(otherwise));
  if (std::find(supported.begin(), supported.end(), activation) == supported.end())
    unsupported(fmt::format("the activation {} is not supported", quote(activation)));
}

double positive(const JsonFields& fields, const char* name, double otherwise) {
  const double value = fields.number(name, otherwise);
  if (!(value > 0) || !std::isfinite(value)) fields.wrong(name, "a positive number");
  return value;
}

void read_gpt2(const JsonFields& fields, ModelConfig& config) {
  config.layers = fields.required_count("n_layer", most_layers);
  config.width = fields.required_count("n_embd", most_width);
  config.heads = config.kv_heads = fields.required_count("n_head", most_heads);
  if (config.width % config.heads != 0)
    fields.wrong("n_head", fmt::format("a divisor of 'n_embd', {}", config.width));
  config.head_size = config.width / config.heads;
  config.inner = fields.count("n_inner", most_width).value_or(4 * config.width);
  config.vocabulary = fields.count("vocab_size", most_vocabulary).value_or(50257);
  config.max_positions = fields.count("n_positions", most_positions).value_or(1024);
  config.norm_epsilon = positive(fields, "layer_norm_epsilon", 1e-5);
  config.tied_head = fields.boolean("tie_word_embeddings", true);
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  // One formula under three names.
  read_activation(fields, "activation_function", "gelu_new",
                  {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"});
  if (!fields.boolean("scale_attn_weights", true))
    unsupported("attention without its scale ('scale_attn_weights') is not supported");
  for (const char* name : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
    if (fields.boolean(name, false)) unsupported(fmt::format("'{}' is not supported", name));
  }
}

void read_rope_kind(const JsonFields& fields, ModelConfig& config) {
  std::string kind = "default";
  for (const char* name : {"type", "rope_type"}) kind = fields.text(name).value_or(kind);
  if (kind == "default") return;
  RopeScaling& scaling = config.rope_scaling;
  scaling.factor = positive(fields, "factor", 0);
  if (kind == "linear") {
    scaling.kind = RopeScaling::Kind::linear;
  } else if (kind == "llama3") {
    scaling.kind = RopeScaling::Kind::llama3;
    scaling.low_frequency_factor = positive(fields, "low_freq_factor", 0);
    scaling.high_frequency_factor = positive(fields, "high_freq_factor", 0);
    if (scaling.high_frequency_factor <= scaling.low_frequency_factor)
      fields.wrong("high_freq_factor", "above 'low_freq_factor'");
    scaling.original_positions = fields.count("original_max_position_embeddings", most_positions)
                                     .value_or(config.max_positions);
  } else {
    unsupported(fmt::format("rope scaling of type {} is not supported", quote(kind)));
  }
}

// 'rope_theta' and 'rope_scaling', or all of it in 'rope_parameters', as transformers 5 writes.
void read_rope(const JsonFields& fields, ModelConfig& config) {
  config.rope_theta = positive(fields, "rope_theta", 10000);
  double rotated = fields.number("partial_rotary_factor", 1);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const std::optional<JsonFields> rope = fields.object(name);
    if (!rope) continue;
    for (const Json& value : rope->json()) {
      if (value.is_object()) unsupported("rope parameters by layer are not supported");
    }
    config.rope_theta = positive(*rope, "rope_theta", config.rope_theta);
    rotated = rope->number("partial_rotary_factor", rotated);
    read_rope_kind(*rope, config);
  }
  if (rotated != 1) unsupported("rotating a part of each head is not supported");
}

void read_window(const JsonFields& fields, ModelConfig& config) {
  bool full = true;
  const std::vector<std::string> kinds = fields.texts("layer_types");
  for (const std::string& kind : kinds) {
    if (kind != "full_attention" && kind != "sliding_attention")
      unsupported(fmt::format("layers of type {} are not supported", quote(kind)));
    full = full && kind == "full_attention";
  }
  if (config.family == ModelFamily::mistral) {
    // Absent means the default of Mistral 7B 0.1; null means none.
    config.sliding_window = fields.contains("sliding_window")
                                ? fields.count("sliding_window", most_positions).value_or(0)
                                : 4096;
    if (!kinds.empty() && full) config.sliding_window = 0;
  } else if (config.family != ModelFamily::llama && fields.boolean("use_sliding_window", false) &&
             !(full && !kinds.empty())) {
    unsupported("a sliding window in some of the layers ('use_sliding_window') is not supported");
  }
}

void read_llama_like(const JsonFields& fields, ModelConfig& config) {
  config.layers = fields.required_count("num_hidden_layers", most_layers);
  config.width = fields.required_count("hidden_size", most_width);
  config.heads = fields.required_count("num_attention_heads", most_heads);
  config.kv_heads = fields.count("num_key_value_heads", most_heads)
                        .value_or(config.family == ModelFamily::mistral ? 8 : config.heads);
  if (config.heads % config.kv_heads != 0)
    fields.wrong("num_key_value_heads", fmt::format("a divisor of {} heads", config.heads));
  const std::optional<std::uint32_t> head_size = fields.count("head_dim", 1U << 12U);
  if (!head_size && config.family != ModelFamily::qwen3 && config.width % config.heads != 0)
    fields.wrong("num_attention_heads", "a divisor of 'hidden_size'");
  config.head_size =
      head_size.value_or(config.family == ModelFamily::qwen3 ? 128 : config.width / config.heads);
  if (config.head_size % 2 != 0) fields.wrong("head_dim", "even");
  config.inner = fields.required_count("intermediate_size", most_width);
  config.vocabulary = fields.required_count("vocab_size", most_vocabulary);
  const std::uint32_t positions = config.family == ModelFamily::llama     ? 2048
                                  : config.family == ModelFamily::mistral ? 131072
                                                                          : 32768;
  config.max_positions =
      fields.count("max_position_embeddings", most_positions).value_or(positions);
  config.norm_epsilon = positive(fields, "rms_norm_eps", 1e-6);
  config.tied_head = fields.boolean("tie_word_embeddings", false);
  read_activation(fields, "hidden_act", "silu", {"silu", "swish"});
  const bool biased = fields.boolean("attention_bias", false);
  config.qkv_bias = config.family == ModelFamily::qwen2 || biased;
  config.output_bias = biased && config.family != ModelFamily::qwen2;
  config.mlp_bias = fields.boolean("mlp_bias", false);
  config.qk_norm = config.family == ModelFamily::qwen3;
  read_rope(fields, config);
  read_window(fields, config);
}

std::vector<std::int32_t> token_ids(const JsonFields& fields, const char* name) {
  std::vector<std::int32_t> ids;
  const Json* value = fields.find(name);
  if (value == nullptr) return ids;
  const auto add = [&](const Json& id) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= most_vocabulary)
      fields.wrong(name, "a token id or a list of them");
    ids.push_back(id.get<std::int32_t>());
  };
  if (value->is_array()) {
    for (const Json& id : *value) add(id);
  } else {
    add(*value);
  }
  return ids;
}

void read_special_tokens(const JsonFields& fields, ModelConfig& config) {
  const std::vector<std::int32_t> bos = token_ids(fields, "bos_token_id");
  if (!config.bos && !bos.empty()) config.bos = bos.front();
  if (config.eos.empty()) config.eos = token_ids(fields, "eos_token_id");
}

}  // namespace

ModelConfig parse_model_config(std::string_view config_text,
                               std::optional<std::string_view> generation) {
  const Json object = parse_object(config_text, "config.json");
  const JsonFields fields(object, "config.json");
  ModelConfig config;
  config.family = family_of(fields);
  refuse_other_heads(fields);
  if (config.family == ModelFamily::gpt2) {
    read_gpt2(fields, config);
  } else {
    read_llama_like(fields, config);
  }
  if (generation) {
    const Json more = parse_object(*generation, "generation_config.json");
    read_special_tokens(JsonFields(more, "generation_config.json"), config);
  }
  read_special_tokens(fields, config);
  if (config.family == ModelFamily::gpt2 && config.vocabulary > 50256) {
    if (!config.bos && !fields.contains("bos_token_id")) config.bos = 50256;
    if (config.eos.empty() && !fields.contains("eos_token_id")) config.eos = {50256};
  }
  return config;
}

}  // namespace engine

}  // namespace mlopsctl
