#include "engine/cuda/weights.hpp"

#include "engine/cuda/upload.hpp"
#include "engine/rope.hpp"

#include <fmt/format.h>

namespace mlopsctl::engine::cuda {

namespace {

constexpr std::size_t alignment = 256;
constexpr std::uint64_t head_rows = 64;  // its rows are a multiple: products like aligned results

// Tensors get their place first, memory when all have one.
class Plan {
 public:
  Plan(const Checkpoint& checkpoint, NumberType type)
      : checkpoint_(checkpoint), size_(size_of(type)) {}

  // The tensors one above the other, and `rows_at_least` rows in all. Where they begin.
  std::size_t stack(const std::vector<std::string>& names, std::uint64_t rows_at_least = 0) {
    const std::size_t begin = bytes_;
    std::uint64_t rows = 0;
    for (const std::string& name : names) {
      const Checkpoint::Shape shape = checkpoint_.shape(name);
      places_.push_back({name, bytes_});
      bytes_ += shape.rows * shape.columns * size_;
      rows += shape.rows;
      if (rows < rows_at_least && name == names.back()) {
        const std::size_t more = (rows_at_least - rows) * shape.columns * size_;
        blanks_.push_back({bytes_, more});
        bytes_ += more;
      }
    }
    bytes_ = (bytes_ + alignment - 1) / alignment * alignment;
    return begin;
  }

  gpu::DeviceArray<std::byte> load(NumberType type) const {
    gpu::DeviceArray<std::byte> memory(bytes_);
    for (const auto& [begin, count] : blanks_)
      gpu::check(cudaMemset(memory.data() + begin, 0, count), "clear memory");
    std::vector<Transfer> transfers;
    for (const auto& [name, begin] : places_) transfers.push_back({name, memory.data() + begin});
    transfer(checkpoint_, transfers, type);
    return memory;
  }

 private:
  const Checkpoint& checkpoint_;
  std::size_t size_;
  std::size_t bytes_ = 0;
  std::vector<std::pair<std::string, std::size_t>> places_;
  std::vector<std::pair<std::size_t, std::size_t>> blanks_;
};

// Offsets become addresses once there is memory.
class Builder {
 public:
  Builder(const Checkpoint& checkpoint, Plan& plan) : checkpoint_(checkpoint), plan_(plan) {}

  void vector(const void*& to, const std::string& name) {
    if (checkpoint_.has(name)) later(to, plan_.stack({name}));
  }
  void norm(Norm& to, const std::string& name) {
    const ModelConfig& config = checkpoint_.config();
    to.epsilon = static_cast<float>(config.norm_epsilon);
    to.layer = config.family == ModelFamily::gpt2;
    vector(to.weight, name);
    vector(to.bias, name + ".bias");
  }
  void matrix(WeightMatrix& to, const std::vector<std::string>& names,
              std::uint64_t rows_at_least = 0) {
    std::uint64_t rows = 0;
    for (const std::string& name : names) rows += checkpoint_.shape(name).rows;
    to.rows = static_cast<int>(std::max(rows, rows_at_least));
    to.columns = static_cast<int>(checkpoint_.shape(names.front()).columns);
    later(to.values, plan_.stack(names, rows_at_least));
    if (!checkpoint_.has(names.front() + ".bias")) return;
    std::vector<std::string> biases;
    for (const std::string& name : names) biases.push_back(name + ".bias");
    later(to.bias, plan_.stack(biases));
  }
  void resolve(const std::byte* base) const {
    for (const auto& [pointer, offset] : pointers_) *pointer = base + offset;
  }

 private:
  void later(const void*& to, std::size_t offset) { pointers_.emplace_back(&to, offset); }

  const Checkpoint& checkpoint_;
  Plan& plan_;
  std::vector<std::pair<const void**, std::size_t>> pointers_;
};

}  // namespace

Weights load_weights(const Checkpoint& checkpoint, NumberType type) {
  const ModelConfig& config = checkpoint.config();
  Weights weights;
  weights.type = type;
  weights.gated = config.family != ModelFamily::gpt2;
  weights.layers.resize(config.layers);

  Plan plan(checkpoint, type);
  Builder builder(checkpoint, plan);
  const std::uint64_t rows = (config.vocabulary + head_rows - 1) / head_rows * head_rows;
  WeightMatrix embedding;
  builder.matrix(embedding, {"embedding"}, rows);
  if (!config.tied_head) builder.matrix(weights.head, {"head"}, rows);
  builder.vector(weights.positions, "positions");
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    LayerWeights& layer = weights.layers[i];
    const auto name = [&](const char* part) { return fmt::format("layer.{}.{}", i, part); };
    builder.norm(layer.attention_norm, name("attention_norm"));
    builder.matrix(layer.qkv, {name("q"), name("k"), name("v")});
    builder.vector(layer.q_norm, name("q_norm"));
    builder.vector(layer.k_norm, name("k_norm"));
    builder.matrix(layer.o, {name("o")});
    builder.norm(layer.mlp_norm, name("mlp_norm"));
    if (weights.gated)
      builder.matrix(layer.up, {name("gate"), name("up")});
    else
      builder.matrix(layer.up, {name("up")});
    builder.matrix(layer.down, {name("down")});
  }
  builder.norm(weights.final_norm, "final_norm");

  weights.memory = plan.load(type);
  builder.resolve(weights.memory.data());
  weights.embedding = embedding.values;
  if (config.tied_head) weights.head = embedding;
  if (weights.gated) {
    const std::vector<float> frequencies = rotation_frequencies(config);
    weights.rotation = gpu::DeviceArray<float>(frequencies.size());
    weights.rotation.upload(frequencies.data(), frequencies.size());
    weights.frequencies = weights.rotation.data();
  }
  gpu::check(cudaDeviceSynchronize(), "copy weights");  // streams do not wait for these copies
  return weights;
}

}  // namespace mlopsctl::engine::cuda
