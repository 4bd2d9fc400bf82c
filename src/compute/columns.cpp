#include "compute/columns.hpp"

#include "compute/kernels.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

namespace mlopsctl::compute {

namespace {

// Of the storage types that C++ has no arithmetic type for.
struct Half {
  std::uint16_t bits;
};
struct Bfloat {
  std::uint16_t bits;
};

float to_float(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000U) << 16;
  const std::uint32_t exponent = half.bits >> 10 & 0x1FU, fraction = half.bits & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 0xFFU : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}
float to_float(Bfloat value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

template <class Stored, bool swapped>
Stored load(const std::byte* from) {
  std::byte bytes[sizeof(Stored)];
  std::memcpy(bytes, from, sizeof bytes);
  if constexpr (swapped) std::reverse(std::begin(bytes), std::end(bytes));
  return std::bit_cast<Stored>(bytes);
}

template <class T, class Stored>
T converted(Stored value) {
  if constexpr (std::is_same_v<Stored, Half> || std::is_same_v<Stored, Bfloat>) {
    return static_cast<T>(to_float(value)) + T{0};
  } else if constexpr (std::is_same_v<Stored, bool>) {
    return value ? T{1} : T{0};
  } else {
    return static_cast<T>(value) + T{0};  // -0 + 0 = 0
  }
}

struct Slab {
  std::uint64_t first, count;  // columns
  std::uint64_t begin, end;    // rows of the part
  std::size_t stride;
};

template <class T, class Stored, bool swapped>
void copy_as(const MatrixPart& part, const Slab& slab, T* out) {
  constexpr std::uint64_t block = 64;  // of rows and columns: both orders stay in the caches
  const auto value = [&](std::uint64_t row, std::uint64_t column) {
    const std::byte* at = part.data + static_cast<std::int64_t>(row) * part.row_stride +
                          static_cast<std::int64_t>(column) * part.column_stride;
    if constexpr (std::is_same_v<Stored, bool>) {
      return converted<T>(*at != std::byte{0});
    } else {
      return converted<T>(load<Stored, swapped>(at));
    }
  };
  for (std::uint64_t r = slab.begin; r < slab.end; r += block) {
    const std::uint64_t rows = std::min(slab.end, r + block);
    for (std::uint64_t c = 0; c < slab.count; ++c) {
      for (std::uint64_t row = r; row < rows; ++row)
        out[c * slab.stride + row - slab.begin] = value(row, slab.first + c);
    }
  }
}

template <class T, class Stored>
void copy_ordered(const MatrixPart& part, const Slab& slab, T* out) {
  if (part.swapped && sizeof(Stored) > 1) {
    copy_as<T, Stored, true>(part, slab, out);
  } else {
    copy_as<T, Stored, false>(part, slab, out);
  }
}

template <class T>
void copy_part(const MatrixPart& part, const Slab& slab, T* out) {
  if constexpr (std::is_same_v<T, float>) {
    if (part.type == NumberType::f32 && !part.swapped && part.column_stride == sizeof(float) &&
        part.row_stride % static_cast<std::int64_t>(sizeof(float)) == 0 &&
        reinterpret_cast<std::uintptr_t>(part.data) % alignof(float) == 0) {
      transpose(part.data + static_cast<std::int64_t>(slab.begin) * part.row_stride +
                    slab.first * sizeof(float),
                part.row_stride, slab.end - slab.begin, slab.count, out, slab.stride);
      return;
    }
  }
  switch (part.type) {
    case NumberType::f16:
      return copy_ordered<T, Half>(part, slab, out);
    case NumberType::bf16:
      return copy_ordered<T, Bfloat>(part, slab, out);
    case NumberType::f32:
      return copy_ordered<T, float>(part, slab, out);
    case NumberType::f64:
      return copy_ordered<T, double>(part, slab, out);
    case NumberType::i8:
      return copy_ordered<T, std::int8_t>(part, slab, out);
    case NumberType::i16:
      return copy_ordered<T, std::int16_t>(part, slab, out);
    case NumberType::i32:
      return copy_ordered<T, std::int32_t>(part, slab, out);
    case NumberType::i64:
      return copy_ordered<T, std::int64_t>(part, slab, out);
    case NumberType::u8:
      return copy_ordered<T, std::uint8_t>(part, slab, out);
    case NumberType::u16:
      return copy_ordered<T, std::uint16_t>(part, slab, out);
    case NumberType::u32:
      return copy_ordered<T, std::uint32_t>(part, slab, out);
    case NumberType::u64:
      return copy_ordered<T, std::uint64_t>(part, slab, out);
    case NumberType::boolean:
      return copy_ordered<T, bool>(part, slab, out);
  }
}

}  // namespace

template <class T>
Buffer<T>::Buffer(std::size_t count) : size_(count) {
  constexpr std::size_t huge = std::size_t{2} << 20;
  const std::size_t bytes = (std::max<std::size_t>(1, count) * sizeof(T) + huge - 1) / huge * huge;
  auto* data = static_cast<T*>(std::aligned_alloc(huge, bytes));
  if (data == nullptr) throw std::bad_alloc();
  if (bytes > huge) ::madvise(data, bytes, MADV_HUGEPAGE);  // only a wish
  data_.reset(data);
}
template <class T>
void Buffer<T>::Free::operator()(T* data) const {
  std::free(data);
}

template <class T>
void copy_columns(const Matrix& matrix, std::uint64_t first, std::uint64_t count,
                  std::uint64_t row_begin, std::uint64_t row_end, T* out, std::size_t stride) {
  std::uint64_t above = 0;  // rows of the parts before
  for (const MatrixPart& part : matrix.parts) {
    const std::uint64_t begin = std::max(row_begin, above);
    const std::uint64_t end = std::min(row_end, above + part.rows);
    if (begin < end)
      copy_part(part, {first, count, begin - above, end - above, stride},
                out + (begin - row_begin));
    above += part.rows;
  }
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be put in parentheses
#define MLOPSCTL_FOR(T)                                                                     \
  template class Buffer<T>;                                                                 \
  template void copy_columns<T>(const Matrix&, std::uint64_t, std::uint64_t, std::uint64_t, \
                                std::uint64_t, T*, std::size_t);
MLOPSCTL_FOR(float)
MLOPSCTL_FOR(double)
MLOPSCTL_FOR(std::int64_t)
MLOPSCTL_FOR(std::uint64_t)
#undef MLOPSCTL_FOR
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace mlopsctl::compute
