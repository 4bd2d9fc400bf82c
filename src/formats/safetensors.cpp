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
#include <set>
#include <string>

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

// Bits of a value of the types that have no NumberType; none: a type that this program is too old
// for, whose place is checked only.
std::optional<std::uint64_t> bits_of(std::string_view code) {
  if (code == "F4") return 4;
  if (code.starts_with("F6_")) return 6;
  if (code.starts_with("F8_")) return 8;
  if (code == "C64") return 64;
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

// Names that occur twice in the header or in one of its tensors: a reader would take either.
class RepeatedNames {
 public:
  // False if the text is to be given up.
  bool see(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start && depth == 1) fields_.clear();
    if (event == Json::parse_event_t::key && depth <= 2) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!(depth == 1 ? tensors_ : fields_).insert(name).second && repeated_.empty())
        repeated_ = name;
    }
    deep_ = deep_ || depth > 8;  // no header is nested deeper than three levels
    return !deep_;
  }
  bool deep() const { return deep_; }
  const std::string& repeated() const { return repeated_; }

 private:
  std::set<std::string> tensors_, fields_;
  std::string repeated_;
  bool deep_ = false;
};

Json parse_header(std::string_view text) {
  if (text.empty() || text.front() != '{')
    corrupt("it is no safetensors file: the header is no JSON");
  RepeatedNames names;
  Json header = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t event, const Json& parsed) {
        return names.see(depth, event, parsed);
      },
      false);
  if (names.deep() || !header.is_object())
    corrupt("it is no safetensors file: the header is no JSON");
  if (!names.repeated().empty())
    corrupt(fmt::format("the header names {} twice", quote(names.repeated())));
  return header;
}

struct Place {
  std::uint64_t begin = 0, end = 0;  // from the first byte after the header
  std::string name;
};

Place place_of(const Json& tensor, const std::string& name, std::uint64_t room) {
  const std::vector<std::uint64_t> offsets = unsigned_numbers(tensor, "data_offsets", name);
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > room)
    corrupt(fmt::format("tensor {} lies outside of the file", quote(name)));
  return {offsets[0], offsets[1], name};
}

// Whether a tensor of this type and shape fills its place.
void check_size(const Json& tensor, std::string_view type, ArrayLayout& layout,
                const Place& place) {
  const std::optional<NumberType> known = number_type(type);
  const std::optional<std::uint64_t> bits = known ? 8 * size_of(*known) : bits_of(type);
  layout.name = place.name;
  layout.shape = unsigned_numbers(tensor, "shape", place.name);
  layout.type = known.value_or(NumberType::u8);
  layout.size = array_size(layout);
  if (!known) {
    if (!bits) return;
    if (layout.size > (std::uint64_t{1} << 57U) || layout.size * *bits % 8 != 0)
      corrupt(fmt::format("the shape of tensor {} is no whole number of bytes", quote(place.name)));
    layout.size = layout.size * *bits / 8;
  }
  if (place.end - place.begin != layout.size)
    corrupt(fmt::format("tensor {} has {} bytes, its shape needs {}", quote(place.name),
                        place.end - place.begin, layout.size));
}

// Tensors lie one behind the other and fill the file: nothing is hidden between them, and nothing
// is read twice.
void check_contiguous(std::vector<Place> places, std::uint64_t room) {
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t end = 0;
  for (const Place& place : places) {
    if (place.begin != end)
      corrupt(fmt::format("tensor {} {} what is before it", quote(place.name),
                          place.begin < end ? "overlaps" : "leaves a hole behind"));
    end = place.end;
  }
  if (end != room)
    corrupt(fmt::format("the header tells of {} bytes of values, the file holds {}", end, room));
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
  const Json header = parse_header(bytes.substr(8, length));
  const std::uint64_t start = 8 + length;
  SafetensorsHeader result;
  std::vector<Place> places;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") {
      for (const Json& value : tensor) {
        if (!value.is_string()) corrupt("'__metadata__' holds something else than texts");
      }
      continue;
    }
    if (!tensor.is_object() || !tensor.contains("dtype") || !tensor["dtype"].is_string()) {
      corrupt(fmt::format("tensor {} has no type", quote(name)));
    }
    const auto& type = tensor["dtype"].get_ref<const std::string&>();
    places.push_back(place_of(tensor, name, file_size - start));
    ArrayLayout layout;
    check_size(tensor, type, layout, places.back());
    if (!number_type(type)) {
      result.left_out.push_back(name);
      continue;
    }
    layout.swapped = std::endian::native == std::endian::big && size_of(layout.type) > 1;
    layout.offset = start + places.back().begin;
    result.tensors.push_back(std::move(layout));
  }
  check_contiguous(std::move(places), file_size - start);
  std::sort(result.tensors.begin(), result.tensors.end(),
            [](const ArrayLayout& a, const ArrayLayout& b) { return a.offset < b.offset; });
  return result;
}

}  // namespace mlopsctl
