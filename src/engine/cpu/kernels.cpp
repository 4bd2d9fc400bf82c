#include "engine/cpu/kernels.hpp"

#include <cstdlib>
#include <string_view>

namespace mlopsctl::engine::cpu {

namespace {

const Kernels& choose() {
  const char* asked = std::getenv("MLOPSCTL_CPU");
  const std::string_view most = asked == nullptr ? "avx512" : asked;
  const bool avx2 = __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0;
  const bool avx512 =
      avx2 && __builtin_cpu_supports("avx512f") > 0 && __builtin_cpu_supports("avx512bw") > 0 &&
      __builtin_cpu_supports("avx512dq") > 0 && __builtin_cpu_supports("avx512vl") > 0;
  if (avx512 && most == "avx512") return kernels_avx512;
  // Every processor with AVX2 converts float16 too.
  if (avx2 && most != "plain") return kernels_avx2;
  return kernels_plain;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace mlopsctl::engine::cpu
