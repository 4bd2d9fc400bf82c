// What the kernels share: values in packs of 16 bytes, sums over warps and blocks, and how kernels
// are started.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include "engine/cuda/kernels.hpp"
#include "gpu/memory.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace mlopsctl::engine::cuda {

inline constexpr unsigned all_lanes = 0xFFFFFFFFU;

template <class T>
inline constexpr int pack = 16 / static_cast<int>(sizeof(T));

__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(__half value) { return __half2float(value); }
__device__ inline float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

template <class T>
__device__ inline T from_float(float value) {
  if constexpr (sizeof(T) == 4)
    return value;
  else if constexpr (std::is_same_v<T, __half>)
    return __float2half_rn(value);
  else
    return __float2bfloat16_rn(value);
}

template <class T>
__device__ inline void unpack(const uint4& raw, float (&out)[pack<T>]) {
  const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if constexpr (sizeof(T) == 4) {
      out[i] = __uint_as_float(words[i]);
    } else if constexpr (std::is_same_v<T, __half>) {
      const float2 two = __half22float2(*reinterpret_cast<const __half2*>(&words[i]));
      out[2 * i] = two.x;
      out[2 * i + 1] = two.y;
    } else {
      out[2 * i] = __uint_as_float(words[i] << 16);
      out[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
    }
  }
}

// Two values in a word: low half first.
template <class T>
__device__ inline unsigned pair(float low, float high) {
  if constexpr (std::is_same_v<T, __half>) {
    const __half2 two = __floats2half2_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&two);
  } else {
    const __nv_bfloat162 two = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&two);
  }
}

template <class T>
__device__ inline uint4 packed(const float (&in)[pack<T>]) {
  if constexpr (sizeof(T) == 4) {
    return {__float_as_uint(in[0]), __float_as_uint(in[1]), __float_as_uint(in[2]),
            __float_as_uint(in[3])};
  } else {
    return {pair<T>(in[0], in[1]), pair<T>(in[2], in[3]), pair<T>(in[4], in[5]),
            pair<T>(in[6], in[7])};
  }
}

template <class T>
__device__ inline uint4 load_pack(const T* from) {
  return *reinterpret_cast<const uint4*>(from);
}
template <class T>
__device__ inline void store_pack(T* to, const uint4& raw) {
  *reinterpret_cast<uint4*>(to) = raw;
}

__device__ inline float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(all_lanes, value, distance);
  return value;
}
__device__ inline float warp_max(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(all_lanes, value, distance));
  return value;
}

// Over a block of whole warps; every thread gets it. `scratch` has room for 32 values.
__device__ inline float block_sum(float value, float* scratch) {
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  value = warp_sum(value);
  __syncthreads();  // of an earlier use of the scratch
  if (lane == 0) scratch[warp] = value;
  __syncthreads();
  return warp_sum(lane < static_cast<int>(blockDim.x) / 32 ? scratch[lane] : 0.0F);
}

__device__ inline float gelu_tanh(float x) {
  return 0.5F * x * (1.0F + tanhf(0.7978845608028654F * (x + 0.044715F * x * x * x)));
}
__device__ inline float silu(float x) { return x / (1.0F + expf(-x)); }

__device__ inline bool not_finite(float x) {
  return (__float_as_uint(x) & 0x7F800000U) == 0x7F800000U;
}

// A kernel that is started early (Launch::early) runs beside the one before it up to here. Nothing
// that an earlier kernel writes may be read, and nothing written, before.
__device__ inline void wait_for_inputs() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
#endif
}
__device__ inline void let_next_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaTriggerProgrammaticLaunchCompletion();
#endif
}

template <class... P, class... A>
void start(const Launch& how, dim3 grid, unsigned block, std::size_t shared, void (*kernel)(P...),
           A... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(block);
  config.dynamicSmemBytes = shared;
  config.stream = how.stream;
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &attribute;
  config.numAttrs = how.early ? 1 : 0;
  if (shared > 40 * 1024)  // with what a kernel has of its own, more than 48 KiB
    gpu::check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared)),
               "reserve shared memory");
  gpu::check(cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...), "start a kernel");
}

// Calls work(T{}) with the type that values are held in.
template <class Work>
void with_type(NumberType type, const Work& work) {
  if (type == NumberType::f32)
    work(float{});
  else if (type == NumberType::f16)
    work(__half{});
  else
    work(__nv_bfloat16{});
}

inline unsigned blocks_for(std::int64_t count, std::int64_t each) {
  return static_cast<unsigned>((count + each - 1) / each);
}

}  // namespace mlopsctl::engine::cuda
