#include "fuzz/checkpoint_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/safetensors.hpp"

#include "engine/adapter.hpp"
#include "engine/model_config.hpp"
#include "engine/rope.hpp"
#include "engine/tensor_names.hpp"
#include "engine/weight_files.hpp"
#include "fuzz/require.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

namespace mlopsctl::fuzz {

namespace {

void errors_only(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage,
            std::string("another kind of error: ") + error.what());
    require(printable(error.what()) == error.what(), "a message has control characters");
  }
}

void check_config(const ModelConfig& config) {
  require(config.layers > 0 && config.width > 0 && config.vocabulary > 0 && config.inner > 0 &&
              config.max_positions > 0,
          "a size is 0");
  require(config.kv_heads > 0 && config.heads % config.kv_heads == 0, "heads do not share keys");
  require(config.head_size > 0, "heads are empty");
  require(config.norm_epsilon > 0 && config.rope_theta > 0, "a constant is not positive");
  if (config.layers <= 8) {
    std::set<std::string> names;
    for (const engine::TensorPlace& place : engine::tensor_places(config)) {
      require(names.insert(place.name).second, "two tensors have one name");
      require(place.rows > 0 && place.columns > 0 && place.first + place.rows <= place.stored_rows,
              "a tensor is outside of what is stored");
    }
  }
  if (config.family != ModelFamily::gpt2) engine::rotation_frequencies(config);
}

void check_adapter(std::string_view text) {
  const engine::AdapterConfig config = engine::parse_adapter_config(text);
  const std::string module = "model.layers.11.self_attn.q_proj";
  config.targets_module(module);
  require(config.rank_of(module) > 0, "a rank is not positive");
  require(std::isfinite(config.scale_of(module)), "a scale is not finite");
}

void check_index(std::string_view text) {
  for (const auto& [tensor, file] : engine::parse_shard_index(text))
    require(!file.empty() && file.find('/') == std::string::npos && file != "..",
            "a file outside of the folder");
}

void check_header(std::string_view bytes) {
  for (const ArrayLayout& layout : parse_safetensors(bytes, bytes.size()).tensors)
    require(layout.offset <= bytes.size() && layout.size <= bytes.size() - layout.offset,
            "a tensor lies outside of the file");
}

// The text as the header of a file with as many values as it has bytes.
std::string as_file(std::string_view text) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 0xFFU);
  return bytes.append(text).append(64, '\0');
}

}  // namespace

void check_checkpoint(std::string_view bytes) {
  errors_only([&] { check_config(engine::parse_model_config(bytes)); });
  errors_only([&] {
    engine::parse_model_config(R"({"model_type":"gpt2","n_layer":1,"n_embd":8,"n_head":1})", bytes);
  });
  errors_only([&] { check_adapter(bytes); });
  errors_only([&] { check_index(bytes); });
  errors_only([&] { check_header(bytes); });
  errors_only([&] { check_header(as_file(bytes)); });
}

}  // namespace mlopsctl::fuzz
