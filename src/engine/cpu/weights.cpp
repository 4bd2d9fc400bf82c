#include "engine/cpu/weights.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "engine/weight_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace mlopsctl::engine::cpu {

namespace {

WeightType weight_type(NumberType type) {
  if (type == NumberType::f16) return WeightType::f16;
  return type == NumberType::bf16 ? WeightType::bf16 : WeightType::f32;
}
NumberType number_type(WeightType type) {
  if (type == WeightType::f16) return NumberType::f16;
  return type == WeightType::bf16 ? NumberType::bf16 : NumberType::f32;
}

Weight as_stored(const NamedTensor& tensor) {
  const auto& shape = tensor.view.shape;
  Weight weight;
  weight.type = weight_type(tensor.view.type);
  weight.by_columns = tensor.transposed;
  weight.stride = shape[1];
  weight.inputs = tensor.transposed ? shape[0] : shape[1];
  weight.outputs = !tensor.transposed ? shape[0] : tensor.columns != 0 ? tensor.columns : shape[1];
  weight.data = tensor.view.data + tensor.first_column * size_of(tensor.view.type);
  return weight;
}

// GPT-2's q, k and v lie beside each other in one matrix.
bool continues(const Weight& left, const Weight& right) {
  return left.own.empty() && right.own.empty() && left.by_columns && right.by_columns &&
         left.type == right.type && left.stride == right.stride && left.inputs == right.inputs &&
         left.data + left.outputs * size_of(number_type(left.type)) == right.data;
}

// What is finite must be so in float16.
void check_fits(const std::string& name, std::vector<float>& values, const std::byte* narrowed) {
  if (!all_finite(values.data(), values.size())) return;
  widen(NumberType::f16, narrowed, values.size(), values.data());
  if (!all_finite(values.data(), values.size()))
    throw Error(ErrorKind::usage,
                fmt::format("weights of {} are too large for float16", quote(name)),
                "use bfloat16, or the type that they are stored in");
}

}  // namespace

void Weight::row(std::size_t row, float* out) const {
  widen(number_type(type), data + row * stride * size_of(number_type(type)), inputs, out);
}

WeightLoader::WeightLoader(const Checkpoint& checkpoint, std::optional<NumberType> type, Pool& pool)
    : checkpoint_(checkpoint), type_(type), pool_(pool) {}

Weight WeightLoader::matrix(const std::string& name) const {
  const std::optional<NamedTensor> stored = checkpoint_.stored(name);
  const bool rounded = type_ == NumberType::bf16 && kernels().product_rounded != nullptr;
  // Widening to float32 would change nothing but the memory that it takes.
  if (stored && (!type_ || *type_ == NumberType::f32 ||
                 (*type_ == stored->view.type && !(rounded && stored->transposed)))) {
    Weight weight = as_stored(*stored);
    weight.rounded = rounded;
    return weight;
  }
  const NumberType type = type_.value_or(NumberType::f32);
  const Checkpoint::Shape shape = checkpoint_.shape(name);
  Weight weight;
  weight.type = weight_type(type);
  weight.rounded = rounded;
  weight.stride = weight.inputs = shape.columns;
  weight.outputs = shape.rows;
  weight.own.resize(shape.rows * shape.columns * size_of(type));
  weight.data = weight.own.data();
  std::vector<std::exception_ptr> failures(pool_.threads());
  constexpr std::size_t together = 64;
  pool_.run((shape.rows + together - 1) / together, [&](std::size_t i, unsigned worker) {
    try {
      const std::size_t begin = i * together, end = std::min(begin + together, shape.rows);
      std::vector<float> rows((end - begin) * shape.columns);
      checkpoint_.read(name, begin, end, rows.data());
      std::byte* to = weight.own.data() + begin * shape.columns * size_of(type);
      narrow(type, rows.data(), rows.size(), to);
      if (type == NumberType::f16) check_fits(name, rows, to);
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  return weight;
}

std::vector<float> WeightLoader::vector(const std::string& name) const {
  std::vector<float> values;
  if (!checkpoint_.has(name)) return values;
  values.resize(checkpoint_.shape(name).rows);
  checkpoint_.read(name, 0, values.size(), values.data());
  return values;
}

Linear WeightLoader::linear(const std::vector<std::string>& names) const {
  Linear linear;
  for (const std::string& name : names) {
    Weight weight = matrix(name);
    linear.outputs += weight.outputs;
    linear.inputs = weight.inputs;
    const std::vector<float> bias = vector(name + ".bias");
    linear.bias.insert(linear.bias.end(), bias.begin(), bias.end());
    if (!linear.parts.empty() && continues(linear.parts.back(), weight)) {
      linear.parts.back().outputs += weight.outputs;
    } else {
      linear.parts.push_back(std::move(weight));
    }
  }
  return linear;
}

Multiplier::Multiplier(Pool& pool)
    : pool_(pool), scratch_(pool.threads(), Floats(product_scratch)) {}

void Multiplier::part(const Weight& weight, std::size_t begin, std::size_t end, const float* x,
                      std::size_t x_stride, std::size_t rows, float* out, std::size_t out_stride,
                      unsigned worker) {
  const std::size_t size = weight.type == WeightType::f32 ? 4 : 2;
  const Product product{
      .type = weight.type,
      .weight = weight.data + begin * (weight.by_columns ? 1 : weight.stride) * size,
      .weight_stride = weight.stride,
      .outputs = end - begin,
      .inner = weight.inputs,
      .x = x,
      .x_stride = x_stride,
      .rows = rows,
      .out = out,
      .out_stride = out_stride,
      .scratch = scratch_[worker].data()};
  const Kernels& with = kernels();
  (weight.rounded      ? with.product_rounded
   : weight.by_columns ? with.product_columns
                       : with.product_rows)(product);
}

void Multiplier::operator()(const Linear& linear, const float* x, std::size_t x_stride,
                            std::size_t rows, float* out, std::size_t out_stride, After after,
                            float* work) {
  struct Piece {
    const Weight* weight;
    std::size_t begin, end, first;  // outputs of the part; the first one's place among all
  };
  // Multiples of what kernels take at a time; few rows are memory's matter, so one stretch a
  // thread.
  constexpr std::size_t unit = 48, pieces_a_thread = 4;
  const bool small = rows * linear.outputs * linear.inputs < 100'000;
  const std::size_t wanted = small ? 1 : pool_.threads() * (rows <= 8 ? 1 : pieces_a_thread);
  const std::size_t step = (linear.outputs / wanted + unit) / unit * unit;
  std::vector<Piece> pieces;
  std::size_t first = 0;
  for (const Weight& weight : linear.parts) {
    for (std::size_t begin = 0; begin < weight.outputs; begin += step)
      pieces.push_back({&weight, begin, std::min(begin + step, weight.outputs), first + begin});
    first += weight.outputs;
  }
  const auto multiply = [&](std::size_t i, unsigned worker) {
    const Piece& piece = pieces[i];
    const std::size_t n = piece.end - piece.begin;
    const bool residual = after == After::residual;
    float* to = residual ? work + piece.first : out + piece.first;
    const std::size_t stride = residual ? linear.outputs : out_stride;
    part(*piece.weight, piece.begin, piece.end, x, x_stride, rows, to, stride, worker);
    const float* bias = linear.bias.empty() ? nullptr : linear.bias.data() + piece.first;
    for (std::size_t r = 0; r < rows; ++r) {
      float* row = to + r * stride;
      if (residual) {
        kernels().add(out + r * out_stride + piece.first, row, bias, n);
      } else if (after == After::gelu) {
        kernels().gelu(row, bias, n);
      } else if (bias != nullptr) {
        kernels().add(row, bias, nullptr, n);
      }
    }
  };
  if (small) {
    for (std::size_t i = 0; i < pieces.size(); ++i) multiply(i, 0);
  } else {
    pool_.run(pieces.size(), multiply);
  }
}

}  // namespace mlopsctl::engine::cpu
