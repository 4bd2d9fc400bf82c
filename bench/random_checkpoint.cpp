#include "random_checkpoint.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include "engine/model_config.hpp"
#include "engine/tensor_names.hpp"
#include "engine/weight_values.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace mlopsctl {

namespace {

struct Tensor {
  std::string name;
  std::string shape;                   // JSON
  std::uint64_t count = 0, begin = 0;  // values; bytes
  float middle = 0, spread = 0;
};

std::vector<Tensor> tensors_of(const ModelConfig& config, std::size_t size) {
  std::vector<Tensor> tensors;
  std::set<std::string> seen;
  std::uint64_t end = 0;
  for (const engine::TensorPlace& place : engine::tensor_places(config)) {
    if (!seen.insert(place.stored).second) continue;
    Tensor tensor;
    tensor.name = place.stored;
    tensor.count = place.stored_rows * place.columns;
    tensor.begin = end;
    end += tensor.count * size;
    if (!place.matrix) {
      tensor.shape = fmt::format("[{}]", place.stored_rows);
      const bool bias = place.stored.ends_with(".bias");
      tensor.middle = bias ? 0.0F : 1.0F;
      tensor.spread = 0.3F;
    } else {
      tensor.shape = place.transposed ? fmt::format("[{},{}]", place.columns, place.stored_rows)
                                      : fmt::format("[{},{}]", place.stored_rows, place.columns);
      tensor.spread = place.embedding ? 0.5F : 1.0F / std::sqrt(static_cast<float>(place.columns));
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::string header_of(const std::vector<Tensor>& tensors, NumberType type) {
  const std::string_view code = type == NumberType::f32   ? "F32"
                                : type == NumberType::f16 ? "F16"
                                                          : "BF16";
  std::string text = R"({"__metadata__":{"format":"pt"})";
  for (const Tensor& tensor : tensors)
    text +=
        fmt::format(R"(,"{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", tensor.name,
                    code, tensor.shape, tensor.begin, tensor.begin + tensor.count * size_of(type));
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string bytes(8, '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + text;
}

// splitmix64 of a counter: any value can be made by itself.
float uniform(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return static_cast<float>((z ^ (z >> 31U)) >> 40U) * 0x1p-23F - 1.0F;
}

void fill(const Tensor& tensor, NumberType type, std::uint64_t seed, std::uint64_t first,
          std::uint64_t count, std::byte* to) {
  std::vector<float> values(count);
  const float scale = tensor.spread * 1.7320508F;  // of a uniform with this standard deviation
  for (std::uint64_t i = 0; i < count; ++i)
    values[i] = tensor.middle + scale * uniform(seed, tensor.begin / size_of(type) + first + i);
  engine::narrow(type, values.data(), count, to);
}

}  // namespace

void make_random_checkpoint(const std::filesystem::path& folder, const std::string& config,
                            NumberType type, std::uint64_t seed) {
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / "config.json", config);
  const std::vector<Tensor> tensors = tensors_of(engine::parse_model_config(config), size_of(type));
  const std::string header = header_of(tensors, type);
  const std::size_t bytes =
      header.size() + tensors.back().begin + tensors.back().count * size_of(type);
  const std::filesystem::path path = folder / "model.safetensors";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0)
    throw Error(ErrorKind::io, fmt::format("cannot write {}", quoted_path(path)));
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED)
    throw Error(ErrorKind::io, fmt::format("cannot map {}", quoted_path(path)));
  auto* data = static_cast<std::byte*>(mapped);
  std::memcpy(data, header.data(), header.size());
  constexpr std::uint64_t piece = 1U << 20U;
  struct Piece {
    const Tensor* tensor;
    std::uint64_t first;
  };
  std::vector<Piece> pieces;
  for (const Tensor& tensor : tensors) {
    for (std::uint64_t first = 0; first < tensor.count; first += piece)
      pieces.push_back({&tensor, first});
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < pieces.size(); i = next++) {
      const Tensor& tensor = *pieces[i].tensor;
      const std::uint64_t count = std::min(piece, tensor.count - pieces[i].first);
      fill(tensor, type, seed, pieces[i].first, count,
           data + header.size() + tensor.begin + pieces[i].first * size_of(type));
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
      others.emplace_back(work);
    work();
  }
  ::munmap(mapped, bytes);
}

std::string config_of_shape(const std::string& shape) {
  const auto gpt2 = [](unsigned layers, unsigned width, unsigned heads) {
    return fmt::format(
        R"({{"model_type":"gpt2","architectures":["GPT2LMHeadModel"],"n_layer":{},"n_embd":{},"n_head":{},"n_positions":1024,"vocab_size":50257,"activation_function":"gelu_new","layer_norm_epsilon":1e-5,"bos_token_id":50256,"eos_token_id":50256}})",
        layers, width, heads);
  };
  if (shape == "gpt2-124m") return gpt2(12, 768, 12);
  if (shape == "gpt2-xl") return gpt2(48, 1600, 25);
  if (shape == "llama-3-8b")
    return R"({"model_type":"llama","architectures":["LlamaForCausalLM"],"num_hidden_layers":32,"hidden_size":4096,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"vocab_size":128256,"max_position_embeddings":8192,"rms_norm_eps":1e-5,"rope_theta":500000.0,"hidden_act":"silu","tie_word_embeddings":false,"bos_token_id":128000,"eos_token_id":128001})";
  if (shape == "llama-3.2-1b")
    return R"({"model_type":"llama","architectures":["LlamaForCausalLM"],"num_hidden_layers":16,"hidden_size":2048,"num_attention_heads":32,"num_key_value_heads":8,"head_dim":64,"intermediate_size":8192,"vocab_size":128256,"max_position_embeddings":131072,"rms_norm_eps":1e-5,"rope_theta":500000.0,"rope_scaling":{"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192},"hidden_act":"silu","tie_word_embeddings":true,"bos_token_id":128000,"eos_token_id":128001})";
  if (shape == "qwen2-0.5b")
    return R"({"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"num_hidden_layers":24,"hidden_size":896,"num_attention_heads":14,"num_key_value_heads":2,"intermediate_size":4864,"vocab_size":151936,"max_position_embeddings":32768,"rms_norm_eps":1e-6,"rope_theta":1000000.0,"hidden_act":"silu","tie_word_embeddings":true,"use_sliding_window":false,"bos_token_id":151643,"eos_token_id":151645})";
  throw Error(ErrorKind::usage, fmt::format("there is no shape '{}'", shape),
              "shapes are gpt2-124m, gpt2-xl, llama-3-8b, llama-3.2-1b and qwen2-0.5b");
}

}  // namespace mlopsctl
