#include "compute/cuda/cublas.hpp"

#include "gpu/library.hpp"

#include <cublas_v2.h>

namespace mlopsctl::compute::cuda {

namespace {

using gpu::check_cublas;

static_assert(CUBLAS_VER_MAJOR == 13, "the library's name below belongs to the headers' version");
constexpr const char* library_name = "libcublas.so.13";

struct Functions {
  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasDgemm_v2_64) dgemm = nullptr;

  Functions() {
    library_.find("cublasCreate_v2", create);
    library_.find("cublasDestroy_v2", destroy);
    library_.find("cublasSetStream_v2", set_stream);
    library_.find("cublasDgemm_v2_64", dgemm);
  }
  void require() const { library_.require(); }

 private:
  gpu::Library library_{library_name};
};

const Functions& library() {
  static const Functions loaded;
  loaded.require();
  return loaded;
}

}  // namespace

Products::Products(cudaStream_t stream) {
  cublasHandle_t handle = nullptr;
  check_cublas(library().create(&handle), "start");
  handle_ = handle;
  check_cublas(library().set_stream(handle, stream), "take a stream");
}

Products::~Products() { library().destroy(static_cast<cublasHandle_t>(handle_)); }

void Products::multiply(std::int64_t rows, std::int64_t columns, std::int64_t inner, Matrix left,
                        Matrix right, double keep, double* out, std::int64_t leading) {
  const double factor = 1;
  check_cublas(
      library().dgemm(static_cast<cublasHandle_t>(handle_),
                      left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                      right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, rows, columns, inner, &factor,
                      left.data, left.leading, right.data, right.leading, &keep, out, leading),
      "multiply");
}

}  // namespace mlopsctl::compute::cuda
