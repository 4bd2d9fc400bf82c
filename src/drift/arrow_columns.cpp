#include "drift/arrow_columns.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

namespace mlopsctl::drift {

namespace {

template <class T>
T number_at(const void* buffer, std::int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(buffer) + index * std::int64_t{sizeof(T)},
              sizeof(T));
  return value;
}

bool bit_at(const void* buffer, std::int64_t index) {
  return (number_at<std::uint8_t>(buffer, index / 8) >> static_cast<unsigned>(index % 8) & 1U) != 0;
}

bool is_null(const ArrowArray& array, std::int64_t index) {
  return array.n_buffers > 0 && array.buffers[0] != nullptr && !bit_at(array.buffers[0], index);
}

double half_at(const void* buffer, std::int64_t index) {
  const auto bits = number_at<std::uint16_t>(buffer, index);
  const int exponent = bits >> 10U & 31U;
  const double fraction = bits & 1023U;
  double size = std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 0) size = std::ldexp(fraction, -24);
  if (exponent == 31) {
    size = fraction == 0 ? std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  return (bits & 0x8000U) != 0 ? -size : size;
}

std::optional<NumberType> number_type(std::string_view format) {
  constexpr std::string_view letters = "efgcsilCSIL";
  constexpr std::array<NumberType, 11> types{NumberType::f16, NumberType::f32, NumberType::f64,
                                             NumberType::i8,  NumberType::i16, NumberType::i32,
                                             NumberType::i64, NumberType::u8,  NumberType::u16,
                                             NumberType::u32, NumberType::u64};
  if (format.size() != 1 || letters.find(format[0]) == letters.npos) return std::nullopt;
  return types.at(letters.find(format[0]));
}

bool is_float(NumberType type) {
  return type == NumberType::f16 || type == NumberType::f32 || type == NumberType::f64;
}

double real_at(NumberType type, const void* buffer, std::int64_t index) {
  if (type == NumberType::f16) return half_at(buffer, index);
  if (type == NumberType::f32) return static_cast<double>(number_at<float>(buffer, index));
  return number_at<double>(buffer, index);
}

std::int64_t integer_at(NumberType type, const void* buffer, std::int64_t index) {
  switch (type) {
    case NumberType::i8:
      return number_at<std::int8_t>(buffer, index);
    case NumberType::i16:
      return number_at<std::int16_t>(buffer, index);
    case NumberType::i32:
      return number_at<std::int32_t>(buffer, index);
    case NumberType::u8:
      return number_at<std::uint8_t>(buffer, index);
    case NumberType::u16:
      return number_at<std::uint16_t>(buffer, index);
    case NumberType::u32:
      return number_at<std::uint32_t>(buffer, index);
    case NumberType::u64: {
      const auto value = number_at<std::uint64_t>(buffer, index);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("{} is more than 64 bits with a sign hold", value));
      }
      return static_cast<std::int64_t>(value);
    }
    default:
      return number_at<std::int64_t>(buffer, index);
  }
}

std::string_view text_at(const ArrowArray& array, bool wide, std::int64_t index) {
  const void* offsets = array.buffers[1];
  const std::int64_t begin =
      wide ? number_at<std::int64_t>(offsets, index) : number_at<std::int32_t>(offsets, index);
  const std::int64_t end = wide ? number_at<std::int64_t>(offsets, index + 1)
                                : number_at<std::int32_t>(offsets, index + 1);
  if (begin == end) return {};
  return {static_cast<const char*>(array.buffers[2]) + begin,
          static_cast<std::size_t>(end - begin)};
}

// Milliseconds from what a date or timestamp holds: floor division, so that 1969 is not rounded up.
std::int64_t milliseconds(std::string_view format, const void* buffer, std::int64_t index) {
  if (format == "tdD") return std::int64_t{number_at<std::int32_t>(buffer, index)} * 86'400'000;
  const auto value = number_at<std::int64_t>(buffer, index);
  if (format == "tdm") return value;
  const auto floored = [&](std::int64_t by) {
    return value / by - static_cast<std::int64_t>(value % by < 0);
  };
  switch (format[2]) {
    case 's':
      return value * 1000;
    case 'u':
      return floored(1000);
    case 'n':
      return floored(1'000'000);
    default:
      return value;
  }
}

// A value as text, for columns that are read as categories whatever they are.
void add_as(ColumnPart& part, const ColumnPlan& plan, ValueKind kind, std::int64_t integer,
            double real) {
  const bool whole = kind != ValueKind::real;
  switch (part.kind) {
    case ValueKind::text: {
      std::string text = whole ? std::to_string(integer) : number_text(real);
      if (kind == ValueKind::boolean) text = integer != 0 ? "true" : "false";
      if (kind == ValueKind::time) text = to_rfc3339({integer});
      part.add_text(text, true);
      return;
    }
    case ValueKind::real:
      part.add_real(whole ? static_cast<double>(integer) : real);
      return;
    case ValueKind::time:
      if (kind == ValueKind::time) {
        part.add_integer(integer);
        return;
      }
      if (const auto time = epoch_time(whole ? static_cast<double>(integer) : real)) {
        part.add_integer(*time);
        return;
      }
      break;
    case ValueKind::boolean:
      if (whole && (integer == 0 || integer == 1)) {
        part.add_integer(integer);
        return;
      }
      break;
    default:
      if (whole) {
        part.add_integer(integer);
        return;
      }
  }
  (void)plan;
  throw Error(
      ErrorKind::corrupt,
      fmt::format("it is {}, and a value of type {} is not", to_string(part.kind), to_string(kind)),
      "say what the column is with --kind or --schema");
}

void add_text_as(ColumnPart& part, std::string_view text) {
  if (part.kind == ValueKind::text) {
    part.add_text(text, true);
    return;
  }
  std::optional<std::int64_t> value;
  if (part.kind == ValueKind::time) value = parse_iso_time(trim(text));
  if (part.kind == ValueKind::boolean) {
    if (const auto truth = parse_boolean(trim(text), true)) value = *truth ? 1 : 0;
  }
  if (part.kind == ValueKind::integer) value = parse_integer(trim(text));
  if (part.kind == ValueKind::real) {
    if (const auto real = parse_number(trim(text))) {
      part.add_real(*real);
      return;
    }
  }
  if (value) {
    part.add_integer(*value);
    return;
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("it is {}, and {} is not", to_string(part.kind), quote(text)),
              "say what the column is with --kind or --schema");
}

}  // namespace

std::optional<ValueKind> kind_of(const ArrowSchema& schema) {
  const std::string_view format = schema.format;
  if (schema.dictionary != nullptr) return kind_of(*schema.dictionary);
  if (const std::optional<NumberType> type = number_type(format)) {
    return is_float(*type) ? ValueKind::real : ValueKind::integer;
  }
  if (format == "n") return ValueKind::none;
  if (format == "b") return ValueKind::boolean;
  if (format == "u" || format == "U") return ValueKind::text;
  if (format.starts_with("td") || format.starts_with("ts")) return ValueKind::time;
  return std::nullopt;
}

std::optional<NumberType> list_of(const ArrowSchema& schema) {
  const std::string_view format = schema.format;
  const bool list = format == "+l" || format == "+L" || format.starts_with("+w:");
  if (!list || schema.n_children != 1) return std::nullopt;
  return number_type(schema.children[0]->format);
}

ColumnPart column_from(const ArrowSchema& schema, const ArrowArray& array, const ColumnPlan& plan) {
  const ArrowArray& values = schema.dictionary != nullptr ? *array.dictionary : array;
  const ArrowSchema& type = schema.dictionary != nullptr ? *schema.dictionary : schema;
  const std::string_view format = type.format;
  const ValueKind kind = kind_of(schema).value_or(ValueKind::none);
  ColumnPart part;
  part.become(plan.fixed && plan.kind != ValueKind::none ? plan.kind : kind);
  const std::optional<NumberType> codes = number_type(schema.format);
  const std::optional<NumberType> numbers = number_type(format);
  for (std::int64_t row = 0; row < array.length; ++row) {
    std::int64_t at = array.offset + row;
    if (kind == ValueKind::none || is_null(array, at)) {
      part.add_missing();
      continue;
    }
    if (schema.dictionary != nullptr) {
      at = values.offset + integer_at(*codes, array.buffers[1], at);
      if (is_null(values, at)) {
        part.add_missing();
        continue;
      }
    }
    switch (kind) {
      case ValueKind::text:
        add_text_as(part, text_at(values, format == "U", at));
        break;
      case ValueKind::real:
        add_as(part, plan, kind, 0, real_at(*numbers, values.buffers[1], at));
        break;
      case ValueKind::boolean:
        add_as(part, plan, kind, bit_at(values.buffers[1], at) ? 1 : 0, 0);
        break;
      case ValueKind::time:
        add_as(part, plan, kind, milliseconds(format, values.buffers[1], at), 0);
        break;
      default:
        add_as(part, plan, kind, integer_at(*numbers, values.buffers[1], at), 0);
    }
  }
  return part;
}

void append_lists(const ArrowSchema& schema, const ArrowArray& array, std::uint64_t& width,
                  std::vector<std::byte>& bytes) {
  const std::string_view format = schema.format;
  const NumberType type = *list_of(schema);
  const ArrowArray& values = *array.children[0];
  const auto size = static_cast<std::int64_t>(size_of(type));
  const std::int64_t fixed =
      format.starts_with("+w:") ? parse_integer(format.substr(3)).value_or(0) : 0;
  const auto not_a_number = [&](std::byte* into) {
    constexpr float single = std::numeric_limits<float>::quiet_NaN();
    constexpr double wide = std::numeric_limits<double>::quiet_NaN();
    constexpr std::uint16_t half = 0x7E00;
    if (!is_float(type)) {
      throw Error(ErrorKind::corrupt, "an integer is missing in its lists",
                  "fill it, or store floats");
    }
    const void* from = type == NumberType::f32   ? static_cast<const void*>(&single)
                       : type == NumberType::f64 ? static_cast<const void*>(&wide)
                                                 : static_cast<const void*>(&half);
    std::memcpy(into, from, static_cast<std::size_t>(size));
  };
  for (std::int64_t row = 0; row < array.length; ++row) {
    const std::int64_t at = array.offset + row;
    std::int64_t begin = at * fixed;
    std::int64_t end = begin + fixed;
    if (fixed == 0) {
      const void* offsets = array.buffers[1];
      const bool wide = format == "+L";
      begin = wide ? number_at<std::int64_t>(offsets, at) : number_at<std::int32_t>(offsets, at);
      end = wide ? number_at<std::int64_t>(offsets, at + 1)
                 : number_at<std::int32_t>(offsets, at + 1);
    }
    const bool missing = is_null(array, at);
    const auto length = static_cast<std::uint64_t>(end - begin);
    if (width == 0 && !missing) width = length;
    if (!missing && length != width) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("its lists have {} and {} values: a matrix needs lists of one length",
                              width, length));
    }
    if (missing && width == 0) {
      throw Error(ErrorKind::corrupt, "its first list is missing, so the width is not known");
    }
    const std::size_t start = bytes.size();
    bytes.resize(start + width * static_cast<std::uint64_t>(size));
    std::byte* into = bytes.data() + start;
    if (!missing) {
      std::memcpy(into,
                  static_cast<const std::byte*>(values.buffers[1]) + (values.offset + begin) * size,
                  static_cast<std::size_t>(size) * width);
      if (values.null_count == 0) continue;
    }
    for (std::uint64_t i = 0; i < width; ++i) {
      if (missing || is_null(values, values.offset + begin + static_cast<std::int64_t>(i))) {
        not_a_number(into + i * static_cast<std::uint64_t>(size));
      }
    }
  }
}

}  // namespace mlopsctl::drift
