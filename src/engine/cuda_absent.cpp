// What stands in for cuda/ in a build without the CUDA compiler.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/engine/engine.hpp"

namespace mlopsctl {

// NOLINTNEXTLINE(performance-unnecessary-value-param): as the contract has it
std::unique_ptr<Engine> make_cuda_engine(std::shared_ptr<const Checkpoint> /*checkpoint*/,
                                         const EngineOptions& /*options*/) {
  throw Error(ErrorKind::unavailable, "this mlopsctl was built without CUDA",
              "build it where nvcc is installed, or use --device cpu");
}

}  // namespace mlopsctl
