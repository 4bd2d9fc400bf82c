#include "gpu/device.hpp"

#include "gpu/memory.hpp"

namespace mlopsctl::gpu {

namespace {

int attribute(cudaDeviceAttr which) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, 0), "tell its properties");
  return value;
}

}  // namespace

Device require_device() {
  int driver = 0, devices = 0;
  cudaDriverGetVersion(&driver);
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (driver == 0)
    throw Error(ErrorKind::unavailable, "there is no NVIDIA driver",
                "install the driver, or use --device cpu");
  if (status != cudaSuccess && status != cudaErrorNoDevice)
    throw Error(ErrorKind::unavailable,
                std::string("the NVIDIA driver cannot be used: ") + cudaGetErrorString(status),
                "update the driver, or use --device cpu");
  if (status == cudaErrorNoDevice || devices == 0)
    throw Error(ErrorKind::unavailable, "there is no NVIDIA GPU that this process may use",
                "look at CUDA_VISIBLE_DEVICES, or use --device cpu");
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "tell its properties");
  return {
      .name = properties.name,
      .generation = properties.major,
      .multiprocessors = attribute(cudaDevAttrMultiProcessorCount),
      .shared_bytes = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin))};
}

}  // namespace mlopsctl::gpu
