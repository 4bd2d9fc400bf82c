// The layers of a model, over the rows of several sequences at once.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/cpu/floats.hpp"
#include "engine/cpu/key_cache.hpp"
#include "engine/cpu/pool.hpp"
#include "engine/cpu/weights.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mlopsctl::engine::cpu {

// Consecutive tokens of one sequence, whose keys are (or will be) in `blocks`.
struct Segment {
  std::span<const std::int32_t> tokens;
  std::size_t position = 0;           // of the first token; what is before it has been read
  const KeyBlocks* blocks = nullptr;  // reserved up to the last token
};

class Model {
 public:
  Model(const Checkpoint& checkpoint, std::optional<NumberType> type, Pool& pool);

  const ModelConfig& config() const { return config_; }

  // Hidden states before the final norm, rows of all segments one after the other, `width` floats
  // each; valid until the next call. With a cache of one layer, segments must begin with their
  // sequence or share blocks with an earlier segment of the same call.
  const Floats& read(std::span<const Segment> segments, KeyCache& cache);

  // The final norm of one row of read().
  void normalise(const float* hidden, float* out) const;
  const Linear& head() const { return head_; }
  Multiplier& multiplier() { return multiply_; }

 private:
  struct Layer {
    std::vector<float> attention_norm, attention_norm_bias, mlp_norm, mlp_norm_bias;
    Linear qkv, output, up, down;  // up: gate and up beside each other where there is a gate
    std::vector<float> q_norm, k_norm;
  };
  struct Row {
    std::size_t segment, position;
  };

  void norm(const float* x, const std::vector<float>& weight, const std::vector<float>& bias,
            float* out) const;
  void embed(std::span<const Segment> segments);
  void extend_rotations(std::size_t positions);
  // Rows [begin, end) of one layer: before and after attention.
  void project(const Layer& layer, std::size_t begin, std::size_t end,
               std::span<const Segment> segments, const KeyCache& cache, std::size_t index);
  void place_head(const Layer& layer, std::size_t head, std::size_t begin, std::size_t end,
                  std::span<const Segment> segments, const KeyCache& cache, std::size_t index);
  void attend(std::span<const Segment> segments, const KeyCache& cache, std::size_t index);
  void finish(const Layer& layer, std::size_t begin, std::size_t end);

  ModelConfig config_;
  Pool& pool_;
  Multiplier multiply_;
  Weight embedding_;
  std::optional<Weight> positions_;
  std::vector<Layer> layers_;
  std::vector<float> final_norm_, final_norm_bias_;
  Linear head_;
  std::vector<float> frequencies_, cosines_, sines_;  // of each position; head_size / 2 each

  std::vector<Row> rows_;                     // of the call of read()
  Floats x_, queries_;                        // of all its rows
  Floats normal_, projected_, inner_, work_;  // of the rows of one stretch
  std::vector<Floats> attention_scratch_;     // of each worker
};

}  // namespace mlopsctl::engine::cpu
