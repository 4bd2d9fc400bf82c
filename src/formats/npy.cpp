#include "mlopsctl/formats/npy.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "formats/array_size.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <optional>

namespace mlopsctl {

namespace {

[[noreturn]] void corrupt(const std::string& what, std::string hint = {}) {
  throw Error(ErrorKind::corrupt, what, std::move(hint));
}

// The header is written by numpy as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
// with any white space. Only this much of Python is understood.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  void run() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        read_descr();
      } else if (key == "fortran_order") {
        fortran = boolean();
      } else if (key == "shape") {
        read_shape();
      } else {
        fail(fmt::format("an unknown key {}", quote(key)));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail("something after the dictionary");
    if (!descr || !fortran || !shape) fail("descr, fortran_order or shape is missing");
  }

  std::optional<std::string_view> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<std::uint64_t>> shape;

 private:
  [[noreturn]] void fail(const std::string& what) const {
    corrupt(fmt::format("the header is not what numpy writes: {} at byte {}", what, at_));
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("expected '{}'", c));
  }
  std::string_view string() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail("expected a string");
    const char close = text_[at_++];
    const std::size_t end = text_.find(close, at_);
    if (end == text_.npos) fail("a string is not closed");
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }
  bool word(std::string_view expected) {
    skip_space();
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }
  bool boolean() {
    if (word("True")) return true;
    if (word("False")) return false;
    fail("expected True or False");
  }
  void read_descr() {
    skip_space();
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '(')) {
      corrupt("the array has fields of several types (a structured array)",
              "store each field as an array of its own, or the table as CSV or Parquet");
    }
    descr = string();
  }
  void read_shape() {
    expect('(');
    shape.emplace();
    while (!accept(')')) {
      skip_space();
      std::uint64_t length = 0;
      const char* end = text_.data() + text_.size();
      const auto [rest, error] = std::from_chars(text_.data() + at_, end, length);
      if (error != std::errc{}) fail("expected the length of a dimension");
      at_ = static_cast<std::size_t>(rest - text_.data());
      accept('L');  // numpy under Python 2
      shape->push_back(length);
      if (shape->size() > 32) fail("more than 32 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<NumberType> number_type(std::string_view code) {
  struct Row {
    std::string_view code;
    NumberType type;
  };
  static constexpr std::array<Row, 12> rows{{{"f2", NumberType::f16},
                                             {"f4", NumberType::f32},
                                             {"f8", NumberType::f64},
                                             {"i1", NumberType::i8},
                                             {"i2", NumberType::i16},
                                             {"i4", NumberType::i32},
                                             {"i8", NumberType::i64},
                                             {"u1", NumberType::u8},
                                             {"u2", NumberType::u16},
                                             {"u4", NumberType::u32},
                                             {"u8", NumberType::u64},
                                             {"b1", NumberType::boolean}}};
  for (const Row& row : rows) {
    if (row.code == code) return row.type;
  }
  return std::nullopt;
}

void set_type(std::string_view descr, ArrayLayout& layout) {
  const char order = descr.empty() ? '?' : descr.front();
  const bool known_order = order == '<' || order == '>' || order == '=' || order == '|';
  const std::string_view code = known_order ? descr.substr(1) : descr;
  if (code.starts_with('O')) {
    corrupt("it holds Python objects (a pickle), which cannot be read without running code from it",
            "store numbers: numpy.save(file, array.astype('float32'), allow_pickle=False)");
  }
  const std::optional<NumberType> type = number_type(code);
  if (!type) {
    corrupt(fmt::format("values of type {} are not numbers that drift can use", quote(descr)),
            "use floats of 2, 4 or 8 bytes, integers or booleans");
  }
  layout.type = *type;
  const bool big = std::endian::native == std::endian::big;
  layout.swapped = size_of(*type) > 1 && ((order == '<' && big) || (order == '>' && !big));
}

}  // namespace

ArrayLayout parse_npy(std::string_view bytes, std::uint64_t file_size) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (!bytes.starts_with(magic)) corrupt("it is no .npy file: the first bytes are not \\x93NUMPY");
  if (bytes.size() < 12) corrupt("it ends inside the header");
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const unsigned major = byte(6);
  if (major < 1 || major > 3) corrupt(fmt::format(".npy version {} is not known", major));
  const std::size_t start = major == 1 ? 10 : 12;
  std::size_t length = byte(8) + (std::size_t{byte(9)} << 8U);
  if (major > 1) length += (std::size_t{byte(10)} << 16U) + (std::size_t{byte(11)} << 24U);
  if (length > bytes.size() - start) corrupt("it ends inside the header");

  HeaderParser header(bytes.substr(start, length));
  header.run();
  ArrayLayout layout;
  set_type(*header.descr, layout);
  layout.fortran_order = *header.fortran;
  layout.shape = *header.shape;
  layout.offset = start + length;
  layout.size = array_size(layout);
  if (layout.size > file_size - layout.offset) {
    corrupt(fmt::format("it is cut short: the values need {} bytes, {} are there", layout.size,
                        file_size - layout.offset),
            "copy or write the file again");
  }
  return layout;
}

std::string npy_header(std::uint64_t rows, std::uint64_t columns) {
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr std::size_t start = 10, alignment = 64;
  text.append(alignment - (start + text.size() + 1) % alignment, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFFU);
  header += static_cast<char>(text.size() >> 8U);
  return header + text;
}

}  // namespace mlopsctl
