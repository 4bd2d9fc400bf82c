// CUDA's resources with owners, and its errors as ours.
#pragma once

#include "mlopsctl/base/error.hpp"

#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <utility>

namespace mlopsctl::gpu {

inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const bool memory = status == cudaErrorMemoryAllocation;
  throw Error(memory ? ErrorKind::unavailable : ErrorKind::bug,
              std::string("the GPU failed to ") + what + ": " + cudaGetErrorString(status),
              memory ? "free memory on the GPU, or use --device cpu" : "try --device cpu");
}

template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t count) : size_(count) {
    if (count != 0) check(cudaMalloc(&data_, count * sizeof(T)), "reserve memory");
  }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~DeviceArray() { cudaFree(data_); }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }

  void clear() { check(cudaMemset(data_, 0, size_ * sizeof(T)), "clear memory"); }
  void upload(const T* from, std::size_t count) {
    check(cudaMemcpy(data_, from, count * sizeof(T), cudaMemcpyHostToDevice), "copy to the GPU");
  }
  void download(T* to, std::size_t count) const {
    check(cudaMemcpy(to, data_, count * sizeof(T), cudaMemcpyDeviceToHost), "copy from the GPU");
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Host memory that the GPU copies from while the CPU goes on.
class PinnedBytes {
 public:
  explicit PinnedBytes(std::size_t bytes) {
    check(cudaMallocHost(&data_, bytes), "pin memory of the host");
  }
  PinnedBytes(const PinnedBytes&) = delete;
  PinnedBytes& operator=(const PinnedBytes&) = delete;
  ~PinnedBytes() { cudaFreeHost(data_); }
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = nullptr;
};

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "open a stream"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void wait() const { check(cudaStreamSynchronize(stream_), "finish its work"); }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "make an event"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  operator cudaEvent_t() const { return event_; }
  void wait() const { check(cudaEventSynchronize(event_), "finish its work"); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace mlopsctl::gpu
