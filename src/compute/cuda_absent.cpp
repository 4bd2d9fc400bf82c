// What stands in for cuda/ in a build without the CUDA compiler.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/compute/backend.hpp"

namespace mlopsctl {

std::unique_ptr<ComputeBackend> make_cuda_backend() {
  throw Error(ErrorKind::unavailable, "this mlopsctl was built without CUDA",
              "build it where nvcc is installed, or use --device cpu");
}

}  // namespace mlopsctl
