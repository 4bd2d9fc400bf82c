// What every processor has; the compiler may find vectors in these loops.
#pragma once

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  static constexpr std::size_t width = 8;
  static constexpr std::size_t column_rows = 2, column_vectors = 2;
  static constexpr std::size_t row_outputs = 2;
  struct V {
    float lane[width];
  };

  template <class Make>
  static V each(Make make) {
    V v;
    for (std::size_t i = 0; i < width; ++i) v.lane[i] = make(i);
    return v;
  }

  static V zero() { return all(0); }
  static V all(float value) {
    return each([=](std::size_t) { return value; });
  }
  static V load(const float* from) {
    return each([=](std::size_t i) { return from[i]; });
  }
  static V load(const float* from, std::size_t n) {
    return each([=](std::size_t i) { return i < n ? from[i] : 0.0F; });
  }
  static void store(float* to, V v) { store(to, v, width); }
  static void store(float* to, V v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) to[i] = v.lane[i];
  }

  static float float_of(std::uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
  }
  static std::uint32_t bits16(const std::byte* from) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, from, 2);
    return bits;
  }
  static float half(std::uint32_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16U, rest = bits & 0x7FFFU;
    if (rest >= 0x7C00U) return float_of(sign | 0x7F800000U | (rest & 0x3FFU) << 13U);
    const float magnitude = float_of(rest << 13U) * 0x1p112F;
    return sign != 0 ? -magnitude : magnitude;
  }
  static V load_bf16(const std::byte* from, std::size_t n = width) {
    return each([=](std::size_t i) { return i < n ? float_of(bits16(from + 2 * i) << 16U) : 0; });
  }
  static V load_f16(const std::byte* from, std::size_t n = width) {
    return each([=](std::size_t i) { return i < n ? half(bits16(from + 2 * i)) : 0; });
  }
  static V load_f32(const std::byte* from, std::size_t n = width) {
    V v = zero();
    __builtin_memcpy(v.lane, from, 4 * n);
    return v;
  }

  static V add(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  static V sub(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
  }
  static V mul(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
  }
  static V div(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] / b.lane[i]; });
  }
  static V fma(V a, V b, V c) {
    return each([&](std::size_t i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
  }
  // NaN in the second argument stays.
  static V max(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static V min(V a, V b) {
    return each([&](std::size_t i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static V round(V a) {
    return each([&](std::size_t i) { return __builtin_nearbyintf(a.lane[i]); });
  }
  static V times_two_to(V a, V power) {
    return each([&](std::size_t i) {
      const bool number = power.lane[i] == power.lane[i];
      const int exponent = number ? static_cast<int>(power.lane[i]) : 0;
      return a.lane[i] * float_of(static_cast<std::uint32_t>(exponent + 127) << 23U);
    });
  }
  static V first(V a, std::size_t n, V rest) {
    return each([&](std::size_t i) { return i < n ? a.lane[i] : rest.lane[i]; });
  }

  static float sum(const V& v) {
    float four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = v.lane[i] + v.lane[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
  static float max_of(const V& v) {
    float most = v.lane[0];
    for (const float value : v.lane) most = value > most ? value : most;
    return most;
  }
};

}  // namespace
