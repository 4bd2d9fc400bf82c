#include "engine/tensor_names.hpp"

#include <fmt/format.h>

namespace mlopsctl::engine {

namespace {

class Places {
 public:
  void vector(std::string name, std::string stored, std::uint64_t count) {
    TensorPlace place;
    place.name = std::move(name);
    place.stored = std::move(stored);
    place.rows = place.stored_rows = count;
    all_.push_back(std::move(place));
  }
  TensorPlace& matrix(std::string name, std::string stored, std::uint64_t rows,
                      std::uint64_t columns) {
    vector(std::move(name), std::move(stored), rows);
    all_.back().columns = columns;
    all_.back().matrix = true;
    return all_.back();
  }
  // name and name.bias of one module.
  void linear(const std::string& name, const std::string& module, std::uint64_t rows,
              std::uint64_t columns, bool bias) {
    matrix(name, module + ".weight", rows, columns);
    if (bias) vector(name + ".bias", module + ".bias", rows);
  }
  // GPT-2's Conv1D: (in, out), and perhaps only a part of its outputs.
  void conv(const std::string& name, const std::string& module, std::uint64_t rows,
            std::uint64_t columns, std::uint64_t first, std::uint64_t stored_rows) {
    TensorPlace& place = matrix(name, module + ".weight", rows, columns);
    place.transposed = true;
    place.first = first;
    place.stored_rows = stored_rows;
    vector(name + ".bias", module + ".bias", rows);
    all_.back().first = first;
    all_.back().stored_rows = stored_rows;
  }
  std::vector<TensorPlace> take() { return std::move(all_); }

 private:
  std::vector<TensorPlace> all_;
};

std::vector<TensorPlace> gpt2_places(const ModelConfig& config) {
  Places places;
  const std::uint64_t width = config.width, inner = config.inner;
  const auto norm = [&](const std::string& name, const std::string& module) {
    places.vector(name, module + ".weight", width);
    places.vector(name + ".bias", module + ".bias", width);
  };
  places.matrix("embedding", "transformer.wte.weight", config.vocabulary, width).embedding = true;
  places.matrix("positions", "transformer.wpe.weight", config.max_positions, width).embedding =
      true;
  for (std::uint32_t i = 0; i < config.layers; ++i) {
    const std::string to = fmt::format("layer.{}.", i), from = fmt::format("transformer.h.{}.", i);
    norm(to + "attention_norm", from + "ln_1");
    norm(to + "mlp_norm", from + "ln_2");
    places.conv(to + "q", from + "attn.c_attn", width, width, 0, 3 * width);
    places.conv(to + "k", from + "attn.c_attn", width, width, width, 3 * width);
    places.conv(to + "v", from + "attn.c_attn", width, width, 2 * width, 3 * width);
    places.conv(to + "o", from + "attn.c_proj", width, width, 0, width);
    places.conv(to + "up", from + "mlp.c_fc", inner, width, 0, inner);
    places.conv(to + "down", from + "mlp.c_proj", width, inner, 0, width);
  }
  norm("final_norm", "transformer.ln_f");
  if (!config.tied_head) places.matrix("head", "lm_head.weight", config.vocabulary, width);
  return places.take();
}

std::vector<TensorPlace> llama_places(const ModelConfig& config) {
  Places places;
  const std::uint64_t width = config.width, inner = config.inner;
  const std::uint64_t queries = std::uint64_t{config.heads} * config.head_size;
  const std::uint64_t keys = std::uint64_t{config.kv_heads} * config.head_size;
  places.matrix("embedding", "model.embed_tokens.weight", config.vocabulary, width).embedding =
      true;
  for (std::uint32_t i = 0; i < config.layers; ++i) {
    const std::string to = fmt::format("layer.{}.", i), from = fmt::format("model.layers.{}.", i);
    const std::string attention = from + "self_attn.", mlp = from + "mlp.";
    places.vector(to + "attention_norm", from + "input_layernorm.weight", width);
    places.vector(to + "mlp_norm", from + "post_attention_layernorm.weight", width);
    places.linear(to + "q", attention + "q_proj", queries, width, config.qkv_bias);
    places.linear(to + "k", attention + "k_proj", keys, width, config.qkv_bias);
    places.linear(to + "v", attention + "v_proj", keys, width, config.qkv_bias);
    places.linear(to + "o", attention + "o_proj", width, queries, config.output_bias);
    if (config.qk_norm) {
      places.vector(to + "q_norm", attention + "q_norm.weight", config.head_size);
      places.vector(to + "k_norm", attention + "k_norm.weight", config.head_size);
    }
    places.linear(to + "gate", mlp + "gate_proj", inner, width, config.mlp_bias);
    places.linear(to + "up", mlp + "up_proj", inner, width, config.mlp_bias);
    places.linear(to + "down", mlp + "down_proj", width, inner, config.mlp_bias);
  }
  places.vector("final_norm", "model.norm.weight", width);
  if (!config.tied_head) places.matrix("head", "lm_head.weight", config.vocabulary, width);
  return places.take();
}

}  // namespace

std::vector<TensorPlace> tensor_places(const ModelConfig& config) {
  return config.family == ModelFamily::gpt2 ? gpt2_places(config) : llama_places(config);
}

std::string_view stored_prefix(const ModelConfig& config) {
  return config.family == ModelFamily::gpt2 ? "transformer." : "model.";
}

}  // namespace mlopsctl::engine
