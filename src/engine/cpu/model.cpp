#include "engine/cpu/model.hpp"

#include "engine/rope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::engine::cpu {

namespace {

// Rows that go through the products together: their activations fit the second cache.
constexpr std::size_t stretch = 256;

}  // namespace

Model::Model(const Checkpoint& checkpoint, std::optional<NumberType> type, Pool& pool)
    : config_(checkpoint.config()),
      pool_(pool),
      multiply_(pool),
      attention_scratch_(pool.threads(),
                         Floats(attention_scratch(padded_size(config_.head_size)))) {
  const WeightLoader load(checkpoint, type, pool);
  embedding_ = load.matrix("embedding");
  if (checkpoint.has("positions")) positions_ = load.matrix("positions");
  layers_.resize(config_.layers);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = fmt::format("layer.{}.", i);
    Layer& layer = layers_[i];
    layer.attention_norm = load.vector(name + "attention_norm");
    layer.attention_norm_bias = load.vector(name + "attention_norm.bias");
    layer.mlp_norm = load.vector(name + "mlp_norm");
    layer.mlp_norm_bias = load.vector(name + "mlp_norm.bias");
    layer.qkv = load.linear({name + "q", name + "k", name + "v"});
    layer.output = load.linear({name + "o"});
    layer.up = checkpoint.has(name + "gate") ? load.linear({name + "gate", name + "up"})
                                             : load.linear({name + "up"});
    layer.down = load.linear({name + "down"});
    layer.q_norm = load.vector(name + "q_norm");
    layer.k_norm = load.vector(name + "k_norm");
  }
  final_norm_ = load.vector("final_norm");
  final_norm_bias_ = load.vector("final_norm.bias");
  head_ = load.linear({"head"});
  if (!positions_) frequencies_ = rotation_frequencies(config_);
}

void Model::norm(const float* x, const std::vector<float>& weight, const std::vector<float>& bias,
                 float* out) const {
  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  if (bias.empty()) {
    kernels().rms_norm(x, weight.data(), epsilon, out, config_.width);
  } else {
    kernels().layer_norm(x, weight.data(), bias.data(), epsilon, out, config_.width);
  }
}

void Model::normalise(const float* hidden, float* out) const {
  norm(hidden, final_norm_, final_norm_bias_, out);
}

void Model::embed(std::span<const Segment> segments) {
  rows_.clear();
  std::size_t last = 0;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::size_t i = 0; i < segments[s].tokens.size(); ++i)
      rows_.push_back({s, segments[s].position + i});
    last = std::max(last, segments[s].position + segments[s].tokens.size());
  }
  const std::size_t width = config_.width;
  x_.resize(rows_.size() * width);
  queries_.resize(rows_.size() * config_.heads * config_.head_size);
  std::vector<float> place(width);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Segment& segment = segments[rows_[i].segment];
    const std::int32_t token = segment.tokens[rows_[i].position - segment.position];
    embedding_.row(static_cast<std::size_t>(token), x_.data() + i * width);
    if (!positions_) continue;
    positions_->row(rows_[i].position, place.data());
    kernels().add(x_.data() + i * width, place.data(), nullptr, width);
  }
  if (!positions_) extend_rotations(last);
}

void Model::extend_rotations(std::size_t positions) {
  const std::size_t half = config_.head_size / 2;
  for (std::size_t p = cosines_.size() / half; p < positions; ++p) {
    for (const float frequency : frequencies_) {
      // The angle is rounded as transformers rounds it.
      const auto angle = static_cast<double>(static_cast<float>(p) * frequency);
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

// The queries of one key head, its key and its value, from what was projected to where attention
// reads them.
void Model::place_head(const Layer& layer, std::size_t head, std::size_t begin, std::size_t end,
                       std::span<const Segment> segments, const KeyCache& cache,
                       std::size_t index) {
  const std::size_t size = config_.head_size, half = size / 2;
  const std::size_t group = config_.heads / config_.kv_heads;
  const std::size_t all_queries = config_.heads * size, all_keys = config_.kv_heads * size;
  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  const auto turn = [&](float* at, const std::vector<float>& weight, std::size_t position) {
    if (!weight.empty()) kernels().rms_norm(at, weight.data(), epsilon, at, size);
    if (positions_) return;
    kernels().rotate(at, cosines_.data() + position * half, sines_.data() + position * half, half);
  };
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t position = rows_[i].position;
    float* projected = projected_.data() + (i - begin) * layer.qkv.outputs;
    for (std::size_t q = head * group; q < (head + 1) * group; ++q) {
      turn(projected + q * size, layer.q_norm, position);
      std::copy_n(projected + q * size, size, queries_.data() + i * all_queries + q * size);
    }
    float* key = projected + all_queries + head * size;
    turn(key, layer.k_norm, position);
    const std::size_t slot = position % block_positions;
    float* block = segments[rows_[i].segment].blocks->blocks()[position / block_positions] +
                   cache.layer(index);
    float* keys = block + cache.keys(head) + slot;
    for (std::size_t d = 0; d < size; ++d) keys[d * block_positions] = key[d];
    std::copy_n(key + all_keys, size, block + cache.values(head) + slot * padded_size(size));
  }
}

void Model::project(const Layer& layer, std::size_t begin, std::size_t end,
                    std::span<const Segment> segments, const KeyCache& cache, std::size_t index) {
  const std::size_t width = config_.width, rows = end - begin;
  for (std::size_t i = 0; i < rows; ++i)
    norm(x_.data() + (begin + i) * width, layer.attention_norm, layer.attention_norm_bias,
         normal_.data() + i * width);
  multiply_(layer.qkv, normal_.data(), width, rows, projected_.data(), layer.qkv.outputs,
            After::bias);
  const auto place = [&](std::size_t head, unsigned) {
    place_head(layer, head, begin, end, segments, cache, index);
  };
  if (rows < 8) {
    for (std::size_t head = 0; head < config_.kv_heads; ++head) place(head, 0);
  } else {
    pool_.run(config_.kv_heads, place);
  }
}

void Model::attend(std::span<const Segment> segments, const KeyCache& cache, std::size_t index) {
  const std::size_t size = config_.head_size, group = config_.heads / config_.kv_heads;
  struct Task {
    std::size_t segment, head, first, count;  // queries of the segment, counted by row and head
  };
  std::vector<Task> tasks;
  std::vector<std::vector<const float*>> blocks(segments.size());
  std::vector<std::size_t> first_row(segments.size());
  std::size_t row = 0;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    first_row[s] = row;
    row += segments[s].tokens.size();
    for (const float* block : segments[s].blocks->blocks())
      blocks[s].push_back(block + cache.layer(index));
    const std::size_t queries = segments[s].tokens.size() * group;
    for (std::size_t head = 0; head < config_.kv_heads; ++head) {
      for (std::size_t q = 0; q < queries; q += attention_queries)
        tasks.push_back({s, head, q, std::min(attention_queries, queries - q)});
    }
  }
  const auto attend_one = [&](std::size_t t, unsigned worker) {
    const Task& task = tasks[t];
    const Segment& segment = segments[task.segment];
    AttentionQuery queries[attention_queries];
    for (std::size_t i = 0; i < task.count; ++i) {
      const std::size_t at = task.first + i, offset = at / group;
      float* query = queries_.data() + ((first_row[task.segment] + offset) * config_.heads +
                                        task.head * group + at % group) *
                                           size;
      const std::size_t last = segment.position + offset + 1;
      const std::size_t window = config_.sliding_window;
      queries[i] = {query, query, window != 0 && last > window ? last - window : 0, last};
    }
    kernels().attention({.queries = queries,
                         .count = task.count,
                         .blocks = blocks[task.segment].data(),
                         .keys = cache.keys(task.head),
                         .values = cache.values(task.head),
                         .size = size,
                         .padded = padded_size(size),
                         .scale = 1 / std::sqrt(static_cast<float>(size)),
                         .scratch = attention_scratch_[worker].data()});
  };
  pool_.run(tasks.size(), attend_one);
}

void Model::finish(const Layer& layer, std::size_t begin, std::size_t end) {
  const std::size_t width = config_.width, inner = config_.inner, rows = end - begin;
  const std::size_t all_queries = config_.heads * config_.head_size;
  float* x = x_.data() + begin * width;
  multiply_(layer.output, queries_.data() + begin * all_queries, all_queries, rows, x, width,
            After::residual, work_.data());
  for (std::size_t i = 0; i < rows; ++i)
    norm(x + i * width, layer.mlp_norm, layer.mlp_norm_bias, normal_.data() + i * width);
  const bool gated = layer.up.outputs != inner;
  multiply_(layer.up, normal_.data(), width, rows, inner_.data(), layer.up.outputs,
            gated ? After::bias : After::gelu);
  if (gated) {
    const auto gate = [&](std::size_t i, unsigned) {
      float* row = inner_.data() + i * 2 * inner;
      kernels().gated_silu(row, row + inner, row, inner);
    };
    if (rows * inner < 20'000) {
      for (std::size_t i = 0; i < rows; ++i) gate(i, 0);
    } else {
      pool_.run(rows, gate);
    }
  }
  multiply_(layer.down, inner_.data(), layer.up.outputs, rows, x, width, After::residual,
            work_.data());
}

const Floats& Model::read(std::span<const Segment> segments, KeyCache& cache) {
  embed(segments);
  const std::size_t rows = std::min(stretch, rows_.size());
  normal_.resize(std::max(normal_.size(), rows * config_.width));
  work_.resize(std::max(work_.size(), rows * config_.width));
  projected_.resize(std::max(projected_.size(), rows * layers_.front().qkv.outputs));
  inner_.resize(std::max(inner_.size(), rows * layers_.front().up.outputs));
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    for (std::size_t begin = 0; begin < rows_.size(); begin += stretch)
      project(layer, begin, std::min(begin + stretch, rows_.size()), segments, cache, index);
    attend(segments, cache, index);
    for (std::size_t begin = 0; begin < rows_.size(); begin += stretch)
      finish(layer, begin, std::min(begin + stretch, rows_.size()));
  }
  return x_;
}

}  // namespace mlopsctl::engine::cpu
