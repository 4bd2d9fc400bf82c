// The number type in which the columns of matrices are compared: the narrowest of four that holds
// every value of every part exactly, so that working on it gives the same order as numpy's
// promotion does.
#pragma once

#include "mlopsctl/compute/matrix.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <type_traits>

namespace mlopsctl::compute {

enum class ValueType { f32, f64, i64, u64 };

// float where float32 holds all (float16, bfloat16, float32, small integers, booleans), an integer
// where there are only integers of one signedness and 64 bits, else double, as numpy promotes.
ValueType common_value_type(std::initializer_list<const Matrix*> matrices);

// Calls `visit` with a value of the C++ type that belongs to `type`.
template <class Visit>
decltype(auto) with_value_type(ValueType type, Visit&& visit) {
  switch (type) {
    case ValueType::f32:
      return visit(float{});
    case ValueType::f64:
      return visit(double{});
    case ValueType::i64:
      return visit(std::int64_t{});
    case ValueType::u64:
      break;
  }
  return visit(std::uint64_t{});
}

template <class T>
bool is_finite(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value);
  } else {
    return true;
  }
}

// The smallest T that is at least `edge` once it is a double; the largest T if there is none, and
// `none` is set then.
template <class T>
T first_at_least(double edge, bool& none) {
  none = false;
  if constexpr (std::is_same_v<T, double>) {
    return edge;
  } else if constexpr (std::is_same_v<T, float>) {
    auto value = static_cast<float>(edge);
    if (static_cast<double>(value) < edge)
      value = std::nextafter(value, std::numeric_limits<float>::infinity());
    none = std::isinf(value) && value > 0;
    return value;
  } else {  // conversion to double rounds, but keeps the order: search
    T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    none = static_cast<double>(high) < edge;
    while (!none && low < high) {
      const T middle = std::midpoint(low, high - 1);
      if (static_cast<double>(middle) >= edge) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return high;
  }
}

// Unsigned keys in the order of the values. Zeros must have lost their sign before.
template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
KeyOf<T> key_of(T value) {
  using Key = KeyOf<T>;
  constexpr Key top = Key{1} << (8 * sizeof(T) - 1);
  const Key bits = std::bit_cast<Key>(value);
  if constexpr (std::is_floating_point_v<T>) {
    return (bits & top) != 0 ? ~bits : bits | top;
  } else if constexpr (std::is_signed_v<T>) {
    return bits ^ top;
  } else {
    return bits;
  }
}
template <class T>
T value_of(KeyOf<T> key) {
  using Key = KeyOf<T>;
  constexpr Key top = Key{1} << (8 * sizeof(T) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>((key & top) != 0 ? key & ~top : ~key);
  } else if constexpr (std::is_signed_v<T>) {
    return std::bit_cast<T>(key ^ top);
  } else {
    return key;
  }
}

}  // namespace mlopsctl::compute
