// Weights as the CPU engine multiplies by them: where they lie in the file, in the type and layout
// that they are stored in, unless an adapter or another type asks for a copy.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/cpu/floats.hpp"
#include "engine/cpu/kernels.hpp"
#include "engine/cpu/pool.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::engine::cpu {

struct Weight {
  WeightType type = WeightType::f32;
  bool by_columns = false;  // stored as (in, out)
  bool rounded = false;     // bfloat16, and so are the inputs of its products
  const std::byte* data = nullptr;
  std::size_t stride = 0;  // values between stored rows
  std::size_t outputs = 0, inputs = 0;
  std::vector<std::byte> own;  // what `data` points to, if it is a copy

  // Row `row` of (out, in) in float32; not for by_columns.
  void row(std::size_t row, float* out) const;
};

// Several matrices over the same input, their outputs beside each other.
struct Linear {
  std::vector<Weight> parts;
  std::vector<float> bias;  // of all outputs; empty: none
  std::size_t outputs = 0, inputs = 0;
  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

// `type`: what weights are rounded to; none: as stored. What an adapter changes is kept in float32
// unless a type is asked for. If that is bfloat16 and the processor multiplies it, inputs are
// rounded to it as well.
class WeightLoader {
 public:
  WeightLoader(const Checkpoint& checkpoint, std::optional<NumberType> type, Pool& pool);

  Weight matrix(const std::string& name) const;
  std::vector<float> vector(const std::string& name) const;  // empty if there is none
  Linear linear(const std::vector<std::string>& names) const;

 private:
  const Checkpoint& checkpoint_;
  std::optional<NumberType> type_;
  Pool& pool_;
};

// What happens to a product before it is written.
enum class After {
  bias,      // out = xW + b
  gelu,      // out = gelu(xW + b)
  residual,  // out += xW + b; `work` holds rows × outputs floats
};

// Multiplies rows of x by a Linear on all threads.
class Multiplier {
 public:
  explicit Multiplier(Pool& pool);
  void operator()(const Linear& linear, const float* x, std::size_t x_stride, std::size_t rows,
                  float* out, std::size_t out_stride, After after, float* work = nullptr);
  // One part, outputs [begin, end), by one worker.
  void part(const Weight& weight, std::size_t begin, std::size_t end, const float* x,
            std::size_t x_stride, std::size_t rows, float* out, std::size_t out_stride,
            unsigned worker);

 private:
  Pool& pool_;
  std::vector<Floats> scratch_;  // of each worker
};

}  // namespace mlopsctl::engine::cpu
