#include "compute/cuda/cublas.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <cublas_v2.h>
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <string>

namespace mlopsctl::compute::cuda {

namespace {

static_assert(CUBLAS_VER_MAJOR == 13, "the library's name below belongs to the headers' version");
constexpr const char* library_name = "libcublas.so.13";

struct Library {
  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasDgemm_v2_64) dgemm = nullptr;
  std::string reason;  // why it cannot be used; empty: it can

  Library() {
    const char* asked = std::getenv("MLOPSCTL_CUBLAS");
    void* handle = nullptr;
    for (const std::string& path :
         std::array<std::string, 3>{asked != nullptr ? asked : "", library_name,
                                    std::string("/usr/local/cuda/lib64/") + library_name}) {
      if (handle == nullptr && !path.empty())
        handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    if (handle == nullptr) {
      reason = fmt::format("{} was not found", library_name);
      return;
    }
    find(handle, "cublasCreate_v2", create);
    find(handle, "cublasDestroy_v2", destroy);
    find(handle, "cublasSetStream_v2", set_stream);
    find(handle, "cublasDgemm_v2_64", dgemm);
  }

 private:
  template <class Function>
  void find(void* handle, const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle, symbol));
    if (function == nullptr) reason = fmt::format("{} lacks {}", library_name, symbol);
  }
};

const Library& library() {
  static const Library loaded;
  if (!loaded.reason.empty())
    throw Error(ErrorKind::unavailable, fmt::format("cuBLAS cannot be used: {}", loaded.reason),
                "install cuBLAS 13 or name its file in MLOPSCTL_CUBLAS, or use --device cpu");
  return loaded;
}

void check_cublas(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(ErrorKind::unavailable,
                fmt::format("cuBLAS failed to {}: status {}", what, static_cast<int>(status)),
                "free memory on the GPU, or use --device cpu");
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
