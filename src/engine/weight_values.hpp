// Stored numbers to float32 and back.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cstddef>

namespace mlopsctl::engine {

// f16, bf16 or f32; the bytes may be unaligned.
void widen(NumberType type, const std::byte* from, std::size_t count, float* to);
// Rounds to nearest, ties to even; what is too large for f16 becomes infinite.
void narrow(NumberType type, const float* from, std::size_t count, std::byte* to);

bool all_finite(const float* values, std::size_t count);

}  // namespace mlopsctl::engine
