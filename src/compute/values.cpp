#include "compute/values.hpp"

namespace mlopsctl::compute {

ValueType common_value_type(std::initializer_list<const Matrix*> matrices) {
  bool fraction = false, wide_fraction = false, wide_signed = false, wide_unsigned = false;
  bool negative = false, middle = false;
  for (const Matrix* matrix : matrices) {
    for (const MatrixPart& part : matrix->parts) {
      switch (part.type) {
        case NumberType::f16:
        case NumberType::bf16:
        case NumberType::f32:
          fraction = true;
          break;
        case NumberType::f64:
          wide_fraction = true;
          break;
        case NumberType::i8:
        case NumberType::i16:
          negative = true;
          break;
        case NumberType::i32:
          negative = middle = true;
          break;
        case NumberType::u32:
          middle = true;
          break;
        case NumberType::i64:
          negative = wide_signed = true;
          break;
        case NumberType::u64:
          wide_unsigned = true;
          break;
        case NumberType::u8:
        case NumberType::u16:
        case NumberType::boolean:
          break;
      }
    }
  }
  const bool wide = wide_signed || wide_unsigned;
  if (!wide_fraction && !wide && !middle) return ValueType::f32;
  if (fraction || wide_fraction || !wide) return ValueType::f64;
  if (wide_unsigned) return negative ? ValueType::f64 : ValueType::u64;
  return ValueType::i64;
}

}  // namespace mlopsctl::compute
