#include "mlopsctl/formats/safetensors.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "formats/array_size.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace mlopsctl {

namespace {

using Json = nlohmann::json;

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorKind::corrupt, what, "copy or write the file again");
}

std::optional<NumberType> number_type(std::string_view code) {
  struct Row {
    std::string_view code;
    NumberType type;
  };
  static constexpr std::array<Row, 13> rows{{{"F16", NumberType::f16},
                                             {"BF16", NumberType::bf16},
                                             {"F32", NumberType::f32},
                                             {"F64", NumberType::f64},
                                             {"I8", NumberType::i8},
                                             {"I16", NumberType::i16},
                                             {"I32", NumberType::i32},
                                             {"I64", NumberType::i64},
                                             {"U8", NumberType::u8},
                                             {"U16", NumberType::u16},
                                             {"U32", NumberType::u32},
                                             {"U64", NumberType::u64},
                                             {"BOOL", NumberType::boolean}}};
  for (const Row& row : rows) {
    if (row.code == code) return row.type;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> unsigned_numbers(const Json& tensor, const char* field,
                                            const std::string& name) {
  std::vector<std::uint64_t> numbers;
  const auto found = tensor.find(field);
  if (found == tensor.end() || !found->is_array() || found->size() > 32) {
    corrupt(fmt::format("tensor {} has no '{}'", quote(name), field));
  }
  for (const Json& number : *found) {
    if (!number.is_number_unsigned()) {
      corrupt(
          fmt::format("'{}' of tensor {} holds something else than lengths", field, quote(name)));
    }
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

}  // namespace

SafetensorsHeader parse_safetensors(std::string_view bytes, std::uint64_t file_size) {
  constexpr std::uint64_t most = 100'000'000;  // as the reference implementation
  if (bytes.size() < 8) corrupt("it is cut short: a safetensors file begins with 8 bytes");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i > 0; --i) {
    length = length << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  if (length > most) corrupt("it is no safetensors file: the header would be above 100 MB");
  if (length > bytes.size() - 8) corrupt("it ends inside the header");
  const std::string_view text = bytes.substr(8, length);
  // No header is nested deeper than three levels.
  bool deep = false;
  const Json header = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t, const Json&) {
        deep = deep || depth > 8;
        return !deep;
      },
      false);
  if (deep || !header.is_object()) corrupt("it is no safetensors file: the header is no JSON");
  const std::uint64_t start = 8 + length;
  SafetensorsHeader result;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    if (!tensor.is_object() || !tensor.contains("dtype") || !tensor["dtype"].is_string()) {
      corrupt(fmt::format("tensor {} has no type", quote(name)));
    }
    const std::optional<NumberType> type =
        number_type(tensor["dtype"].get_ref<const std::string&>());
    if (!type) {
      result.left_out.push_back(name);
      continue;
    }
    ArrayLayout layout;
    layout.name = name;
    layout.type = *type;
    layout.swapped = std::endian::native == std::endian::big && size_of(*type) > 1;
    layout.shape = unsigned_numbers(tensor, "shape", name);
    layout.size = array_size(layout);
    const std::vector<std::uint64_t> place = unsigned_numbers(tensor, "data_offsets", name);
    if (place.size() != 2 || place[0] > place[1] || place[1] > file_size - start) {
      corrupt(fmt::format("tensor {} lies outside of the file", quote(name)));
    }
    if (place[1] - place[0] != layout.size) {
      corrupt(fmt::format("tensor {} has {} bytes, its shape needs {}", quote(name),
                          place[1] - place[0], layout.size));
    }
    layout.offset = start + place[0];
    result.tensors.push_back(std::move(layout));
  }
  std::sort(result.tensors.begin(), result.tensors.end(),
            [](const ArrayLayout& a, const ArrayLayout& b) { return a.offset < b.offset; });
  return result;
}

}  // namespace mlopsctl
