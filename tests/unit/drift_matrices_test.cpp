#include "mlopsctl/base/number_type.hpp"
#include "mlopsctl/formats/npy.hpp"
#include "mlopsctl/formats/safetensors.hpp"
#include "mlopsctl/formats/zip.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"
#include "support/read_data.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

std::string golden(const std::string& name) {
  return testing::source_folder() + "/tests/golden/inputs/" + name;
}

double half(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 31U;
  const double fraction = bits & 1023U;
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -size : size;
}

template <class T>
double as(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

// One value, converted the slow and obvious way.
double value_at(const Matrix& matrix, std::uint64_t row, std::uint64_t column) {
  for (const MatrixPart& part : matrix.parts) {
    if (row >= part.rows) {
      row -= part.rows;
      continue;
    }
    const std::byte* at = part.data + static_cast<std::int64_t>(row) * part.row_stride +
                          static_cast<std::int64_t>(column) * part.column_stride;
    std::array<std::byte, 8> raw{};
    const std::size_t size = size_of(part.type);
    std::copy(at, at + size, raw.begin());
    if (part.swapped) std::reverse(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(size));
    switch (part.type) {
      case NumberType::f16: {
        std::uint16_t bits = 0;
        std::memcpy(&bits, raw.data(), 2);
        return half(bits);
      }
      case NumberType::bf16: {
        std::array<std::byte, 4> wide{std::byte{}, std::byte{}, raw[0], raw[1]};
        return as<float>(wide.data());
      }
      case NumberType::f32:
        return as<float>(raw.data());
      case NumberType::f64:
        return as<double>(raw.data());
      case NumberType::i8:
        return as<std::int8_t>(raw.data());
      case NumberType::i16:
        return as<std::int16_t>(raw.data());
      case NumberType::i32:
        return as<std::int32_t>(raw.data());
      case NumberType::i64:
        return as<std::int64_t>(raw.data());
      case NumberType::u16:
        return as<std::uint16_t>(raw.data());
      case NumberType::u32:
        return as<std::uint32_t>(raw.data());
      case NumberType::u64:
        return as<std::uint64_t>(raw.data());
      default:
        return as<std::uint8_t>(raw.data());
    }
  }
  return std::nan("");
}

std::vector<double> values(const DataSet& data) {
  REQUIRE(data.matrix.has_value());
  std::vector<double> all;
  for (std::uint64_t row = 0; row < data.rows(); ++row) {
    for (std::uint64_t column = 0; column < data.features(); ++column) {
      all.push_back(value_at(*data.matrix, row, column));
    }
  }
  return all;
}

std::vector<double> quarters() {
  std::vector<double> all;
  for (int i = 0; i < 12; ++i) all.push_back(i / 4.0 - 1);
  return all;
}
std::vector<double> counted(int count) {
  std::vector<double> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("numpy's arrays of every number type, order and byte order are read") {
  for (const char* name :
       {"f2", "f4", "f8", "big_f2", "big_f4", "big_f8", "fortran_f4", "version2", "version3"}) {
    CAPTURE(name);
    const DataSet data = read_files({golden(std::string(name) + ".npy")});
    CHECK(data.rows() == 4);
    CHECK(data.features() == 3);
    CHECK(data.feature_name(2) == "2");
    CHECK(values(data) == quarters());
  }
  for (const char* name :
       {"i1", "u1", "i2", "big_i2", "u2", "i4", "big_u4", "i8", "big_i8", "u8"}) {
    CAPTURE(name);
    CHECK(values(read_files({golden(std::string(name) + ".npy")})) == counted(12));
  }
  CHECK(values(read_files({golden("bool.npy")}))[0] == 1);
}

TEST_CASE("one dimension is a column, no rows are no rows") {
  const DataSet column = read_files({golden("one_dimension.npy")});
  CHECK(column.rows() == 5);
  CHECK(column.features() == 1);
  CHECK(values(column) == counted(5));
  const DataSet nothing = read_files({golden("no_rows.npy")});
  CHECK(nothing.rows() == 0);
  CHECK(nothing.features() == 3);
}

TEST_CASE("what is no matrix of numbers is refused with the reason") {
  CHECK_ERROR(read_files({golden("objects.npy")}), ErrorKind::corrupt, "pickle");
  CHECK_ERROR(read_files({golden("fields.npy")}), ErrorKind::corrupt, "structured");
  CHECK_ERROR(read_files({golden("complex.npy")}), ErrorKind::corrupt, "'<c8'");
  CHECK_ERROR(read_files({golden("three_dimensions.npy")}), ErrorKind::corrupt, "3 dimensions");
  CHECK_ERROR(read_files({golden("scalar.npy")}), ErrorKind::corrupt, "single number");
  CHECK_ERROR(read_files({golden("absent.npy")}), ErrorKind::not_found, "absent.npy");
}

TEST_CASE("a file that is cut short is refused") {
  const TemporaryFolder folder;
  for (const char* name : {"f8.npy", "stored.npz", "deflated.npz", "tensors.safetensors"}) {
    const std::string whole = read_file(golden(name));
    for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 50) {
      const auto path = folder / name;
      write_file_atomically(path, whole.substr(0, size));
      ReadOptions options;
      options.format = name == std::string("f8.npy") ? "npy" : "";
      if (name == std::string("tensors.safetensors")) options.array = "x";
      if (name == std::string("stored.npz")) options.array = "a";
      CAPTURE(name);
      CAPTURE(size);
      CHECK(error_of([&] { read_files({path}, options); }).kind() == ErrorKind::corrupt);
    }
  }
}

TEST_CASE("arrays of archives are chosen by name") {
  ReadOptions options;
  CHECK_ERROR(read_files({golden("stored.npz")}), ErrorKind::usage, "a, other");
  options.array = "a";
  CHECK(values(read_files({golden("stored.npz")}, options)) == quarters());
  options.array = "b";
  CHECK_ERROR(read_files({golden("stored.npz")}, options), ErrorKind::usage, "no array 'b'");
  const DataSet deflated = read_files({golden("deflated.npz")});
  CHECK(deflated.rows() == 80);
  CHECK(value_at(*deflated.matrix, 79, 2) == 1.75);
}

TEST_CASE("safetensors are read, 16-bit floats too") {
  ReadOptions options;
  for (const char* name : {"x", "half"}) {
    options.array = name;
    CHECK(values(read_files({golden("tensors.safetensors")}, options)) == quarters());
  }
  CHECK_ERROR(read_files({golden("tensors.safetensors")}), ErrorKind::usage, "--array");
  CHECK(values(read_files({golden("bf16.safetensors")})) == quarters());
}

TEST_CASE("a header that lies is refused") {
  const auto tensors = [](const std::string& header) {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    return bytes + header + std::string(16, '\0');
  };
  const auto parsed = [](const std::string& bytes) {
    return parse_safetensors(bytes, bytes.size());
  };
  CHECK(parsed(tensors(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})"))
            .tensors.size() == 1);
  CHECK(parsed(tensors(R"({"a":{"dtype":"F8","shape":[16],"data_offsets":[0,16]}})"))
            .left_out.size() == 1);
  for (
      const char* header :
      {R"({"a":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}})",
       R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})",
       R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})",
       R"({"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})",
       R"({"a":{"dtype":"F32","shape":[4]}})", R"({"a":1})", R"([])", "{",
       R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})",
       R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})",
       R"({"a":{"dtype":"F8_E4M3","shape":[15],"data_offsets":[0,16]}})",
       R"({"a":{"dtype":"F4","shape":[31],"data_offsets":[0,16]}})",
       R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})",
       R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
       R"({"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})"}) {
    CAPTURE(header);
    CHECK_ERROR(parsed(tensors(header)), ErrorKind::corrupt, "");
  }
  CHECK_ERROR(parse_npy(std::string("\x93NUMPY\x01\x00\x3b\x00", 10) +
                        "{'descr':'<f4','fortran_order':False,'shape':(99999999999,99999999)}"),
              ErrorKind::corrupt, "");
}

TEST_CASE("several matrices are rows below each other") {
  const DataSet data = read_files({golden("f4.npy"), golden("big_f8.npy")});
  CHECK(data.rows() == 8);
  CHECK(value_at(*data.matrix, 7, 2) == 1.75);
  CHECK(has_note(data, "rounding"));
  CHECK_ERROR(read_files({golden("f4.npy"), golden("one_dimension.npy")}), ErrorKind::usage,
              "1 columns");
}

TEST_CASE("blocks of a matrix are its rows") {
  Quiet progress;
  std::vector<double> all;
  read_blocks({golden("f4.npy"), golden("fortran_f4.npy"), golden("no_rows.npy")}, {}, progress,
              [&](const DataSet& block) {
                const std::vector<double> some = values(block);
                all.insert(all.end(), some.begin(), some.end());
              });
  std::vector<double> expected = quarters();
  for (const double value : quarters()) expected.push_back(value);
  CHECK(all == expected);
}
