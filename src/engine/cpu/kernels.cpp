#include "engine/cpu/kernels.hpp"

#include <cstdlib>
#include <string_view>

namespace mlopsctl::engine::cpu {

namespace {

const Kernels& choose() {
  const char* asked = std::getenv("MLOPSCTL_CPU");
  const std::string_view most = asked == nullptr ? "avx512_bf16" : asked;
  const bool avx2 = __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0;
  const bool avx512 =
      avx2 && __builtin_cpu_supports("avx512f") > 0 && __builtin_cpu_supports("avx512bw") > 0 &&
      __builtin_cpu_supports("avx512dq") > 0 && __builtin_cpu_supports("avx512vl") > 0;
  if (avx512 && most == "avx512_bf16" && __builtin_cpu_supports("avx512bf16") > 0) {
    static const Kernels with_bf16 = kernels_avx512_bf16();
    return with_bf16;
  }
  if (avx512 && most.starts_with("avx512")) return kernels_avx512;
  // Every processor with AVX2 converts float16 too.
  if (avx2 && most != "plain") return kernels_avx2;
  return kernels_plain;
}

}  // namespace

Kernels kernels_avx512_bf16() {
  Kernels kernels = kernels_avx512;
  kernels.name = "avx512_bf16";
  kernels.product_rounded = product_avx512bf16;
  return kernels;
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace mlopsctl::engine::cpu
