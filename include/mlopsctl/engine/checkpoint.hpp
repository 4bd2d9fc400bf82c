// A language model in a Hugging Face folder: what config.json says, and its tensors, mapped from
// the safetensors files (eval.md §2.1–2.3, 2.5).
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

enum class ModelFamily { gpt2, llama, mistral, qwen2, qwen3 };
std::string_view to_string(ModelFamily family);  // as in config.json's model_type

struct RopeScaling {
  enum class Kind { none, linear, llama3 } kind = Kind::none;
  double factor = 1;
  double low_frequency_factor = 1, high_frequency_factor = 4;  // llama3
  std::uint32_t original_positions = 8192;                     // llama3
};

struct ModelConfig {
  ModelFamily family = ModelFamily::gpt2;
  std::uint32_t layers = 0;
  std::uint32_t width = 0;           // of the residual stream (hidden_size)
  std::uint32_t heads = 0;           // of queries
  std::uint32_t kv_heads = 0;        // of keys and values; heads / kv_heads queries share one
  std::uint32_t head_size = 0;       // heads * head_size may differ from width
  std::uint32_t inner = 0;           // of the MLP (intermediate_size)
  std::uint32_t vocabulary = 0;      // rows of the embedding, which may exceed the tokenizer's
  std::uint32_t max_positions = 0;   // GPT-2: a hard limit
  std::uint32_t sliding_window = 0;  // Mistral: keys further back are not seen; 0: all are
  double norm_epsilon = 1e-5;
  double rope_theta = 10000;
  RopeScaling rope_scaling;
  bool tied_head = false;    // the head is the embedding
  bool qkv_bias = false;     // Qwen2; Llama with attention_bias has output_bias too
  bool output_bias = false;  // of the attention's output
  bool mlp_bias = false;
  bool qk_norm = false;  // Qwen3: RMSNorm of each head's query and key, before RoPE
  std::optional<std::int32_t> bos;
  std::vector<std::int32_t> eos;  // generation ends at any of them; generation_config.json's first
};

// Row-major values as stored, of f16, bf16 or f32. Valid as long as its Checkpoint. The bytes may
// be unaligned.
struct TensorView {
  NumberType type = NumberType::f32;
  std::vector<std::uint64_t> shape;
  const std::byte* data = nullptr;
  std::uint64_t count() const;
};

// The tensors under one set of names for all families, so that engines know no family's files:
//   embedding [vocabulary, width]            positions [max_positions, width]        (GPT-2)
//   layer.I.attention_norm[.bias]            layer.I.mlp_norm[.bias]
//   layer.I.q|k|v|o (out, in)[.bias]         layer.I.q_norm|k_norm [head_size]       (Qwen3)
//   layer.I.gate|up|down (out, in)[.bias]    GPT-2: up and down only
//   final_norm[.bias]                        head [vocabulary, width]; the embedding where tied,
//                                            unless an adapter changes one of them
// Matrices are (out, in): y = W x. GPT-2's (in, out) are presented with `transposed` set.
struct NamedTensor {
  TensorView view;
  bool transposed = false;  // stored as (in, out)
  // GPT-2's c_attn holds q, k and v side by side: the columns [first, first + out) of the stored
  // matrix (elements of the stored vector for a bias) belong to this tensor.
  std::uint64_t first_column = 0, columns = 0;  // columns 0: all
};

class Checkpoint {
 public:
  // `adapter`: a PEFT LoRA folder that is merged in float32 while tensors are read. Throws
  // Error{not_found}, Error{corrupt}, and Error{usage} for what is not supported (unsafe pickles,
  // unknown families, rope types, activations, quantised weights, DoRA): the message names it.
  static std::shared_ptr<const Checkpoint> open(
      const std::filesystem::path& folder,
      const std::optional<std::filesystem::path>& adapter = std::nullopt);
  virtual ~Checkpoint() = default;

  virtual const ModelConfig& config() const = 0;
  // Whether there is such a tensor (a bias, a norm).
  virtual bool has(const std::string& name) const = 0;
  // Rows and columns of a matrix as (out, in); of a vector as (count, 1).
  struct Shape {
    std::uint64_t rows = 0, columns = 0;
  };
  virtual Shape shape(const std::string& name) const = 0;
  // As stored, if no adapter changes it.
  virtual std::optional<NamedTensor> stored(const std::string& name) const = 0;
  // Rows [begin, end) as (out, in), row-major, in float32, the adapter merged. `out` holds (end -
  // begin) * columns values.
  virtual void read(const std::string& name, std::uint64_t begin, std::uint64_t end,
                    float* out) const = 0;

  virtual std::uint64_t parameters() const = 0;
  virtual NumberType stored_type() const = 0;   // of most of the weights
  virtual std::string fingerprint() const = 0;  // sha256 over config.json and the weights' bytes
  virtual std::string adapter_fingerprint() const = 0;  // empty: no adapter
  // The model that the adapter says it was trained on; empty: none. It may be another than this one
  // with the same shapes, which only a name can tell.
  virtual std::string adapter_base() const = 0;
};

}  // namespace mlopsctl
