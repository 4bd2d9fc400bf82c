// After K. Goto and R. van de Geijn, "Anatomy of high-performance matrix multiplication", 2008:
// both factors are packed into strips that the caches hold, and a small tile of the result stays in
// registers.
#include "compute/product.hpp"

#include <algorithm>
#include <vector>

namespace mlopsctl::compute {

namespace {

constexpr std::size_t tile_rows = 4, tile_columns = 12;
constexpr std::size_t deep = 256, tall = 96, wide = 1020;  // of the packed blocks; wide = 85 tiles

using Four [[gnu::vector_size(32)]] = double;

// Packed strips are aligned for a double only.
[[gnu::always_inline]] inline void load(const double* from, Four& into) {
  __builtin_memcpy(&into, from, sizeof into);
}

// tile += left strip × right strip.
[[gnu::always_inline]] inline void tile_body(std::size_t inner, const double* left,
                                             const double* right, double* tile) {
  Four sums[tile_rows][3];
  for (std::size_t i = 0; i < tile_rows; ++i) {
    for (std::size_t j = 0; j < 3; ++j) sums[i][j] = Four{};
  }
  for (std::size_t k = 0; k < inner; ++k) {
    const double* row = right + k * tile_columns;
    Four first, second, third;
    load(row, first);
    load(row + 4, second);
    load(row + 8, third);
    for (std::size_t i = 0; i < tile_rows; ++i) {
      const double factor = left[k * tile_rows + i];
      sums[i][0] += first * factor;
      sums[i][1] += second * factor;
      sums[i][2] += third * factor;
    }
  }
  for (std::size_t i = 0; i < tile_rows; ++i) {
    for (std::size_t j = 0; j < 3; ++j)
      __builtin_memcpy(tile + i * tile_columns + 4 * j, &sums[i][j], sizeof(Four));
  }
}
[[gnu::target("avx2,fma")]] void tile_fma(std::size_t inner, const double* left,
                                          const double* right, double* tile) {
  tile_body(inner, left, right, tile);
}
void tile_plain(std::size_t inner, const double* left, const double* right, double* tile) {
  tile_body(inner, left, right, tile);
}

// Strips of `width` rows of a factor, beside each other for each inner index; missing rows are 0.
void pack(const double* data, std::size_t row_stride, std::size_t inner_stride, std::size_t rows,
          std::size_t inner, std::size_t width, double* out) {
  for (std::size_t strip = 0; strip < rows; strip += width) {
    const std::size_t filled = std::min(width, rows - strip);
    for (std::size_t k = 0; k < inner; ++k) {
      const double* from = data + strip * row_stride + k * inner_stride;
      for (std::size_t i = 0; i < filled; ++i) out[i] = from[i * row_stride];
      for (std::size_t i = filled; i < width; ++i) out[i] = 0;
      out += width;
    }
  }
}

}  // namespace

void multiply(ProductSize size, Factor left, Factor right, double* out, std::size_t stride) {
  static const bool has_fma =
      __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0;
  std::vector<double> packed_left(tall * deep), packed_right(wide * deep);
  for (std::size_t i = 0; i < size.rows; ++i) std::fill_n(out + i * stride, size.columns, 0.0);
  for (std::size_t k0 = 0; k0 < size.inner; k0 += deep) {
    const std::size_t inner = std::min(deep, size.inner - k0);
    for (std::size_t j0 = 0; j0 < size.columns; j0 += wide) {
      const std::size_t columns = std::min(wide, size.columns - j0);
      pack(right.data + k0 * right.row_stride + j0 * right.column_stride, right.column_stride,
           right.row_stride, columns, inner, tile_columns, packed_right.data());
      for (std::size_t i0 = 0; i0 < size.rows; i0 += tall) {
        const std::size_t rows = std::min(tall, size.rows - i0);
        pack(left.data + i0 * left.row_stride + k0 * left.column_stride, left.row_stride,
             left.column_stride, rows, inner, tile_rows, packed_left.data());
        for (std::size_t j = 0; j < columns; j += tile_columns) {
          for (std::size_t i = 0; i < rows; i += tile_rows) {
            double tile[tile_rows * tile_columns];
            (has_fma ? tile_fma : tile_plain)(inner, packed_left.data() + i * inner,
                                              packed_right.data() + j * inner, tile);
            const std::size_t high = std::min(tile_rows, rows - i);
            const std::size_t broad = std::min(tile_columns, columns - j);
            for (std::size_t y = 0; y < high; ++y) {
              double* to = out + (i0 + i + y) * stride + j0 + j;
              for (std::size_t x = 0; x < broad; ++x) to[x] += tile[y * tile_columns + x];
            }
          }
        }
      }
    }
  }
}

}  // namespace mlopsctl::compute
