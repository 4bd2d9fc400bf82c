#include "engine/cuda/products.hpp"

#include "mlopsctl/base/error.hpp"

#include "gpu/library.hpp"

#include <fmt/format.h>

#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <tuple>

namespace mlopsctl::engine::cuda {

namespace {

using gpu::check_cublas;

static_assert(CUBLAS_VER_MAJOR == 13, "the library's name below belongs to the headers' version");
constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
constexpr std::int64_t steady_tokens = 512;  // that the one algorithm of a shape is chosen for

struct Functions {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescInit_internal) describe = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set = nullptr;
  decltype(&cublasLtMatrixLayoutInit_internal) lay_out = nullptr;
  decltype(&cublasLtMatmulPreferenceInit_internal) prefer = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) choose = nullptr;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algorithm_value = nullptr;

  Functions() {
    library_.find("cublasLtCreate", create);
    library_.find("cublasLtDestroy", destroy);
    library_.find("cublasLtMatmul", matmul);
    library_.find("cublasLtMatmulDescInit_internal", describe);
    library_.find("cublasLtMatmulDescSetAttribute", set);
    library_.find("cublasLtMatrixLayoutInit_internal", lay_out);
    library_.find("cublasLtMatmulPreferenceInit_internal", prefer);
    library_.find("cublasLtMatmulPreferenceSetAttribute", set_preference);
    library_.find("cublasLtMatmulAlgoGetHeuristic", choose);
    library_.find("cublasLtMatmulAlgoConfigGetAttribute", algorithm_value);
  }
  void require() const { library_.require(); }

 private:
  gpu::Library library_{"libcublasLt.so.13"};
};

const Functions& loaded() {
  static const Functions functions;
  return functions;
}

const Functions& library() {
  loaded().require();
  return loaded();
}

cudaDataType_t data_type(NumberType type) {
  if (type == NumberType::f32) return CUDA_R_32F;
  return type == NumberType::f16 ? CUDA_R_16F : CUDA_R_16BF;
}

// Four steps between powers of two: what one algorithm is kept for.
std::int64_t bucket(std::int64_t tokens) {
  if (tokens <= 16) return tokens;
  const std::int64_t step =
      static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(tokens - 1))) / 4;
  return (tokens + step - 1) / step * step;
}

}  // namespace

struct Products::State {
  NumberType type;
  bool steady;
  cublasLtHandle_t handle = nullptr;
  gpu::DeviceArray<std::byte> workspace{workspace_bytes};
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, int>;
  std::map<Key, cublasLtMatmulAlgo_t> algorithms;

  template <class Value>
  static void set(cublasLtMatmulDescOpaque_t& operation, cublasLtMatmulDescAttributes_t which,
                  const Value& value) {
    check_cublas(library().set(&operation, which, &value, sizeof value), "describe a product");
  }

  cublasLtMatmulDescOpaque_t operation(const Product& product) const {
    cublasLtMatmulDescOpaque_t result{};
    check_cublas(library().describe(&result, sizeof result, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                 "describe a product");
    set(result, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    const bool bias = product.bias != nullptr;
    const cublasLtEpilogue_t epilogue =
        product.gelu ? (bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU)
                     : (bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT);
    set(result, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    if (bias) {
      set(result, CUBLASLT_MATMUL_DESC_BIAS_POINTER, product.bias);
      set(result, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, data_type(type));
    }
    return result;
  }

  static cublasLtMatrixLayoutOpaque_t layout(cudaDataType_t of, std::int64_t rows,
                                             std::int64_t columns, std::int64_t leading) {
    cublasLtMatrixLayoutOpaque_t result{};
    check_cublas(library().lay_out(&result, sizeof result, of, static_cast<std::uint64_t>(rows),
                                   static_cast<std::uint64_t>(columns), leading),
                 "describe a matrix");
    return result;
  }

  bool splits_sums(const cublasLtMatmulAlgo_t& algorithm) const {
    std::int32_t splits = 0;
    std::size_t written = 0;
    check_cublas(library().algorithm_value(&algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &splits,
                                           sizeof splits, &written),
                 "describe its algorithm");
    return splits > 1;
  }

  const cublasLtMatmulAlgo_t& algorithm(const Product& product) {
    const std::int64_t tokens = steady ? steady_tokens : bucket(product.tokens);
    const int kind = (product.bias != nullptr ? 1 : 0) | (product.gelu ? 2 : 0) |
                     (product.add ? 4 : 0) | (product.floats ? 8 : 0);
    const Key key{product.rows, product.columns, tokens, product.leading, kind};
    const auto found = algorithms.find(key);
    if (found != algorithms.end()) return found->second;

    cublasLtMatmulDescOpaque_t describing = operation(product);
    const cudaDataType_t values = data_type(type);
    auto a = layout(values, product.columns, product.rows, product.columns);
    auto b = layout(values, product.columns, tokens, product.columns);
    auto c = layout(product.floats ? CUDA_R_32F : values, product.rows, tokens, product.leading);
    cublasLtMatmulPreferenceOpaque_t preference{};
    check_cublas(library().prefer(&preference, sizeof preference), "choose an algorithm");
    const std::size_t bytes = steady ? 0 : workspace_bytes;
    check_cublas(library().set_preference(&preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                          &bytes, sizeof bytes),
                 "choose an algorithm");
    if (steady) {
      const std::uint32_t none = CUBLASLT_REDUCTION_SCHEME_NONE;
      check_cublas(library().set_preference(&preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                            &none, sizeof none),
                   "choose an algorithm");
    }
    std::array<cublasLtMatmulHeuristicResult_t, 16> results{};
    int count = 0;
    check_cublas(library().choose(handle, &describing, &a, &b, &c, &c, &preference,
                                  static_cast<int>(results.size()), results.data(), &count),
                 "choose an algorithm");
    const auto* const end = results.cbegin() + count;
    const auto* const chosen = std::find_if(results.cbegin(), end, [&](const auto& result) {
      return result.state == CUBLAS_STATUS_SUCCESS && !(steady && splits_sums(result.algo));
    });
    if (chosen == end)
      throw Error(ErrorKind::unavailable,
                  fmt::format("cuBLASLt has no algorithm for a product with a matrix of {} x {}",
                              product.rows, product.columns),
                  "use --device cpu");
    return algorithms.emplace(key, chosen->algo).first->second;
  }
};

Products::Products(NumberType type, bool steady) : state_(std::make_unique<State>()) {
  state_->type = type;
  state_->steady = steady;
  check_cublas(library().create(&state_->handle), "start");
}

Products::~Products() {
  if (state_->handle != nullptr) library().destroy(state_->handle);
}

void Products::preload() { loaded(); }

void Products::multiply(const Product& product, cudaStream_t stream) {
  if (product.tokens == 0) return;
  const cublasLtMatmulAlgo_t& algorithm = state_->algorithm(product);
  cublasLtMatmulDescOpaque_t operation = state_->operation(product);
  const cudaDataType_t values = data_type(state_->type);
  auto a = State::layout(values, product.columns, product.rows, product.columns);
  auto b = State::layout(values, product.columns, product.tokens, product.columns);
  auto c = State::layout(product.floats ? CUDA_R_32F : values, product.rows, product.tokens,
                         product.leading);
  const float one = 1, keep = product.add ? 1.0F : 0.0F;
  check_cublas(library().matmul(state_->handle, &operation, &one, product.weights, &a, product.in,
                                &b, &keep, product.out, &c, product.out, &c, &algorithm,
                                state_->workspace.data(), workspace_bytes, stream),
               "multiply");
}

}  // namespace mlopsctl::engine::cuda
