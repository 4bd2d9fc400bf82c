// Which engine does the work.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/engine/engine.hpp"

#include <fmt/format.h>

namespace mlopsctl {

std::unique_ptr<Engine> make_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                    const EngineOptions& options) {
  if (options.device == "cpu") return make_cpu_engine(std::move(checkpoint), options);
  if (options.device == "cuda") return make_cuda_engine(std::move(checkpoint), options);
  if (options.device != "auto")
    throw Error(ErrorKind::usage, fmt::format("there is no device '{}'", options.device),
                "devices are auto, cpu and cuda");
  try {
    return make_cuda_engine(checkpoint, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
  }
  return make_cpu_engine(std::move(checkpoint), options);
}

}  // namespace mlopsctl
