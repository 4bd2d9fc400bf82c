// The number types that arrays are stored in.
#pragma once

#include <cstddef>
#include <string_view>

namespace mlopsctl {

enum class NumberType { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };
std::size_t size_of(NumberType type);         // bytes
std::string_view to_string(NumberType type);  // "float32", "bfloat16", "int64", "bool", …

}  // namespace mlopsctl
