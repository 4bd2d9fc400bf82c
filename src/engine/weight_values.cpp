// Compiled with more optimisation than the rest (CMakeLists.txt): every weight may pass here.
#include "engine/weight_values.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace mlopsctl::engine {

namespace {

float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t rest = half & 0x7FFFU;
  // Multiplying by 2^112 moves the exponent and makes denormals normal; it overflows nothing.
  const float moved = std::bit_cast<float>(rest << 13U) * 0x1p112F;
  const std::uint32_t special = rest >= 0x7C00U ? 0x7F800000U | (rest & 0x3FFU) << 13U : 0U;
  const std::uint32_t bits = special != 0 ? special : std::bit_cast<std::uint32_t>(moved);
  return std::bit_cast<float>(sign | bits);
}

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16U & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return sign | 0x7E00U;             // NaN
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;            // rounds to at least 65536
  if (magnitude < 0x38800000U) {                                  // a denormal of f16
    const float scaled = std::bit_cast<float>(magnitude) + 0.5F;  // rounds where f16 does
    return sign | static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(scaled) - 0x3F000000U);
  }
  const std::uint32_t odd = magnitude >> 13U & 1U;
  return sign | static_cast<std::uint16_t>((magnitude + 0xFFFU + odd - 0x38000000U) >> 13U);
}

std::uint16_t to_bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>(bits >> 16U | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

template <class Convert>
void each_to_float(const std::byte* from, std::size_t count, float* to, Convert convert) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + 2 * i, 2);
    to[i] = convert(bits);
  }
}

template <class Convert>
void each_from_float(const float* from, std::size_t count, std::byte* to, Convert convert) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t bits = convert(from[i]);
    std::memcpy(to + 2 * i, &bits, 2);
  }
}

}  // namespace

void widen(NumberType type, const std::byte* from, std::size_t count, float* to) {
  if (type == NumberType::f32) {
    std::memcpy(to, from, 4 * count);
  } else if (type == NumberType::f16) {
    each_to_float(from, count, to, from_half);
  } else {
    each_to_float(from, count, to, [](std::uint16_t bits) {
      return std::bit_cast<float>(std::uint32_t{bits} << 16U);
    });
  }
}

void narrow(NumberType type, const float* from, std::size_t count, std::byte* to) {
  if (type == NumberType::f32) {
    std::memcpy(to, from, 4 * count);
  } else if (type == NumberType::f16) {
    each_from_float(from, count, to, to_half);
  } else {
    each_from_float(from, count, to, to_bfloat);
  }
}

bool all_finite(const float* values, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFU;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < 0x7F800000U;
}

}  // namespace mlopsctl::engine
