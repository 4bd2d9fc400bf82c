#include "engine/cuda/model.hpp"

#include "mlopsctl/base/error.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace mlopsctl::engine::cuda {

namespace {

constexpr int oldest_generation = 8;  // what the kernels are compiled for: Ampere
constexpr std::uint32_t largest_head = 256;
constexpr int most_few = 8;  // rows that multiply_few takes
// cuBLASLt multiplies more rows than these faster.
constexpr int few_of_small = 4, few_of_large = 2;
constexpr std::size_t large_matrix = std::size_t{8} << 20;  // values

Heads heads_of(const ModelConfig& config, const Weights& weights) {
  Heads heads;
  heads.q = static_cast<int>(config.heads);
  heads.kv = static_cast<int>(config.kv_heads);
  heads.size = static_cast<int>(config.head_size);
  heads.window = static_cast<int>(config.sliding_window);
  heads.epsilon = static_cast<float>(config.norm_epsilon);
  heads.frequencies = weights.frequencies;
  return heads;
}

void require_supported(const ModelConfig& config, const gpu::Device& device) {
  if (device.generation < oldest_generation)
    throw Error(ErrorKind::unavailable,
                "the GPU engine needs compute capability 8.0, " + device.name + " is older",
                "use --device cpu");
  if (config.head_size > largest_head || config.head_size % 2 != 0)
    throw Error(ErrorKind::unavailable,
                "the GPU engine takes heads of an even size up to " + std::to_string(largest_head) +
                    ", this model's have " + std::to_string(config.head_size),
                "use --device cpu");
}

}  // namespace

Model::Model(std::shared_ptr<const Checkpoint> checkpoint, NumberType type, bool deterministic)
    : checkpoint_(std::move(checkpoint)),
      device_(gpu::require_device()),
      type_(type),
      deterministic_(deterministic) {
  require_supported(config(), device_);
  {
    const std::jthread library(Products::preload);  // while weights are copied
    weights_ = load_weights(*checkpoint_, type);
  }
  products_ = std::make_unique<Products>(type, deterministic);
  heads_ = heads_of(config(), weights_);
}

std::size_t Model::page_bytes() const {
  return std::size_t{2} * page_tokens * static_cast<std::size_t>(heads_.kv * heads_.size) *
         size_of(type_);
}

std::size_t Model::token_bytes() const {
  const auto& c = config();
  const std::size_t values = std::size_t{2} * c.width + static_cast<std::size_t>(heads_.row()) +
                             static_cast<std::size_t>(heads_.q * heads_.size) +
                             std::size_t{weights_.gated ? 3U : 1U} * c.inner;
  return values * size_of(type_);
}

void Model::reserve(int count) {
  if (count <= reserved_) return;
  const auto& c = config();
  const std::size_t attended = static_cast<std::size_t>(heads_.q * heads_.size);
  const std::size_t inner = std::size_t{weights_.gated ? 2U : 1U} * c.inner;
  const std::array<std::pair<std::byte**, std::size_t>, 6> parts{{
      {&hidden_, c.width},
      {&normed_, c.width},
      {&qkv_, static_cast<std::size_t>(heads_.row())},
      {&attended_, attended},
      {&inner_, inner},
      {&gated_, weights_.gated ? c.inner : 0},
  }};
  const std::size_t rows = (static_cast<std::size_t>(count) + 127) / 128 * 128;
  std::size_t bytes = 0;
  for (const auto& [pointer, values] : parts) bytes += rows * values * size_of(type_);
  gpu::check(cudaStreamSynchronize(stream_), "finish its work");
  reserved_ = 0;
  memory_ = {};
  memory_ = gpu::DeviceArray<std::byte>(bytes);
  std::byte* at = memory_.data();
  for (const auto& [pointer, values] : parts) {
    *pointer = at;
    at += rows * values * size_of(type_);  // 128 rows: stays aligned
  }
  reserved_ = static_cast<int>(rows);
  ++memory_version_;
}

void Model::multiply(const WeightMatrix& matrix, int count, const void* in, void* out, bool gelu,
                     bool add) {
  products_->multiply({.rows = matrix.rows,
                       .columns = matrix.columns,
                       .tokens = count,
                       .weights = matrix.values,
                       .bias = matrix.bias,
                       .in = in,
                       .out = out,
                       .leading = matrix.rows,
                       .gelu = gelu,
                       .add = add},
                      stream_);
}

void Model::attention_block(const LayerWeights& layer, const PackedTokens& packed,
                            const Cache* cache) {
  const int width = static_cast<int>(config().width);
  Heads heads = heads_;
  heads.q_norm = layer.q_norm;
  heads.k_norm = layer.k_norm;
  normalize(launch(), type_, layer.attention_norm, hidden_, nullptr, packed.count, width, normed_);
  multiply(layer.qkv, packed.count, normed_, qkv_, false, false);
  if (heads.frequencies != nullptr || heads.q_norm != nullptr || cache != nullptr)
    rotate(launch(), type_, heads, qkv_, packed.positions, packed.slots, packed.count, cache);
  attend(launch(), type_, heads, qkv_, packed.tiles, packed.tile_count, attended_);
  multiply(layer.o, packed.count, attended_, hidden_, false, true);
}

void Model::mlp_block(const LayerWeights& layer, int count) {
  const int width = static_cast<int>(config().width);
  normalize(launch(), type_, layer.mlp_norm, hidden_, nullptr, count, width, normed_);
  multiply(layer.up, count, normed_, inner_, !weights_.gated, false);
  const std::byte* in = inner_;
  if (weights_.gated) {
    gate(launch(), type_, inner_, count, layer.down.columns, gated_);
    in = gated_;
  }
  multiply(layer.down, count, in, hidden_, false, true);
}

const void* Model::forward(const PackedTokens& packed, const LayerCaches* caches) {
  reserve(packed.count);
  embed(launch(), type_, weights_.embedding, weights_.positions, packed.tokens, packed.positions,
        packed.count, static_cast<int>(config().width), hidden_);
  for (std::size_t i = 0; i < weights_.layers.size(); ++i) {
    const Cache cache = caches == nullptr ? Cache{} : caches->layer(i);
    attention_block(weights_.layers[i], packed, caches == nullptr ? nullptr : &cache);
    mlp_block(weights_.layers[i], packed.count);
  }
  return hidden_;
}

const void* Model::final_rows(const std::int32_t* rows, int count) {
  normalize(launch(), type_, weights_.final_norm, hidden_, rows, count,
            static_cast<int>(config().width), normed_);
  return normed_;
}

void Model::logits(const void* normed, int count, float* out) {
  products_->multiply({.rows = weights_.head.rows,
                       .columns = weights_.head.columns,
                       .tokens = count,
                       .weights = weights_.head.values,
                       .in = normed,
                       .out = out,
                       .leading = weights_.head.rows,
                       .floats = true},
                      stream_);
}

// More rows than the kernel takes, or a shape that it does not: norm, product and gate one by one.
void Model::many(const WeightMatrix& matrix, const FewProduct& product) {
  const void* in = product.in;
  if (product.norm.weight != nullptr) {
    normalize(launch(), type_, product.norm, in, nullptr, product.batch, product.columns, normed_);
    in = normed_;
  }
  const bool gated = product.finish == Finish::gate;
  products_->multiply({.rows = matrix.rows,
                       .columns = matrix.columns,
                       .tokens = product.batch,
                       .weights = matrix.values,
                       .bias = matrix.bias,
                       .in = in,
                       .out = gated ? inner_ : product.out,
                       .leading = gated ? matrix.rows : product.leading,
                       .gelu = product.finish == Finish::gelu,
                       .add = product.finish == Finish::add,
                       .floats = product.finish == Finish::floats},
                      stream_);
  if (gated) gate(launch(), type_, inner_, product.batch, product.rows, product.out);
}

void Model::few(const WeightMatrix& matrix, const Norm& norm, int batch, const void* in,
                Finish finish, void* out, int leading, const SplitRows& split) {
  const Launch how{.stream = stream_, .early = device_.generation >= 9};
  FewProduct product{.batch = batch,
                     .rows = finish == Finish::gate ? matrix.rows / 2 : matrix.rows,
                     .columns = matrix.columns,
                     .weights = matrix.values,
                     .bias = matrix.bias,
                     .in = in,
                     .split = split,
                     .norm = norm,
                     .finish = finish,
                     .out = out,
                     .leading = leading};
  const bool large =
      static_cast<std::size_t>(matrix.rows) * static_cast<std::size_t>(matrix.columns) >
      large_matrix;
  if (batch > (large ? few_of_large : few_of_small) && !deterministic_)
    return many(matrix, product);
  // As many rows at once as the kernel takes; which ones are together changes no bit.
  int at_once = std::min(batch, most_few);
  for (product.batch = at_once; at_once > 1 && !takes(product, type_, device_.shared_bytes);)
    product.batch = at_once /= 2;
  if (!takes(product, type_, device_.shared_bytes) || (at_once < batch && !deterministic_)) {
    product.batch = batch;
    return many(matrix, product);
  }
  const std::size_t out_size = finish == Finish::floats ? sizeof(float) : size_of(type_);
  for (int first = 0; first < batch; first += at_once) {
    const auto offset = static_cast<std::size_t>(first);
    product.batch = std::min(at_once, batch - first);
    product.in = static_cast<const std::byte*>(in) +
                 offset * static_cast<std::size_t>(matrix.columns) * size_of(type_);
    product.out =
        static_cast<std::byte*>(out) + offset * static_cast<std::size_t>(leading) * out_size;
    multiply_few(how, type_, product, device_.multiprocessors);
  }
}

void Model::step(const StepState& state, const LayerCaches& caches) {
  const Launch how{.stream = stream_, .early = device_.generation >= 9};
  const int width = static_cast<int>(config().width);
  const int batch = state.batch;
  reserve(batch);
  // As many rows as these go through the kernel for few rows in one piece.
  const bool stays_split = batch <= few_of_large && may_stay_split(heads_, type_, state.splits);
  embed(how, type_, weights_.embedding, weights_.positions, state.tokens, state.positions, batch,
        width, hidden_);
  for (std::size_t i = 0; i < weights_.layers.size(); ++i) {
    const LayerWeights& layer = weights_.layers[i];
    Heads heads = heads_;
    heads.q_norm = layer.q_norm;
    heads.k_norm = layer.k_norm;
    few(layer.qkv, layer.attention_norm, batch, hidden_, Finish::store, qkv_, layer.qkv.rows);
    SplitRows split;
    attend_step(how, type_, heads, qkv_, state.positions, batch, state.splits, caches.layer(i),
                state.attend_scratch, attended_, stays_split ? &split : nullptr);
    few(layer.o, {}, batch, attended_, Finish::add, hidden_, width, split);
    const Finish finish = weights_.gated ? Finish::gate : Finish::gelu;
    std::byte* const inner = weights_.gated ? gated_ : inner_;
    few(layer.up, layer.mlp_norm, batch, hidden_, finish, inner, layer.down.columns);
    few(layer.down, {}, batch, inner, Finish::add, hidden_, width);
  }
  few(weights_.head, weights_.final_norm, batch, hidden_, Finish::floats, state.logits,
      weights_.head.rows);
  choose(how, state.logits, logits_leading(), static_cast<int>(config().vocabulary),
         state.choosable, batch, state.tokens, state.positions, state.choose_scratch, state.chosen);
}

}  // namespace mlopsctl::engine::cuda
