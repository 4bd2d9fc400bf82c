// Matrix products by cuBLASLt, loaded at first use.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include "gpu/memory.hpp"

#include <cstdint>
#include <memory>

namespace mlopsctl::engine::cuda {

// out[token, row] = sum over k of weights[row, k] * in[token, k] (+ bias[row]) (+ what out holds).
// Sums are in float32; with float32 values the products are too, and never TF32.
struct Product {
  std::int64_t rows = 0, columns = 0;  // of the weights
  std::int64_t tokens = 0;
  const void* weights = nullptr;  // [rows, columns]
  const void* bias = nullptr;
  const void* in = nullptr;  // [tokens, columns]
  void* out = nullptr;       // [tokens, leading]
  std::int64_t leading = 0;
  bool gelu = false;    // tanh form, after the bias
  bool add = false;     // to what out holds
  bool floats = false;  // out is float32
};

class Products {
 public:
  // `steady`: the algorithm depends on the shape of the weights only, and never splits a sum among
  // blocks, so that a token's result has the same bits whatever tokens are beside it. Throws
  // Error{unavailable} if there is no cuBLASLt of the right version.
  Products(NumberType type, bool steady);
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  ~Products();

  void multiply(const Product& product, cudaStream_t stream);

  // Loads the library in the background, so that it is there when it is needed.
  static void preload();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::engine::cuda
