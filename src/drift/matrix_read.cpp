#include "drift/matrix_read.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/npy.hpp"
#include "mlopsctl/formats/safetensors.hpp"
#include "mlopsctl/formats/zip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mlopsctl::drift {

namespace {

// An array with the bytes that its offset counts from.
struct Located {
  ArrayLayout layout;
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

// One dimension is n × 1.
MatrixPart as_matrix(Located array) {
  const ArrayLayout& layout = array.layout;
  if (layout.shape.empty()) throw Error(ErrorKind::corrupt, "it is a single number, not a matrix");
  if (layout.shape.size() > 2) {
    throw Error(ErrorKind::corrupt,
                fmt::format("it has {} dimensions, not two", layout.shape.size()),
                "reshape it to one row a sample: array.reshape(len(array), -1)");
  }
  const auto width = static_cast<std::int64_t>(size_of(layout.type));
  const std::string_view values = array.bytes.substr(layout.offset, layout.size);
  MatrixPart part;
  part.data = reinterpret_cast<const std::byte*>(values.data());
  part.owner = std::move(array.owner);
  // Archives put arrays at any byte; processors want numbers at multiples of their size.
  if (reinterpret_cast<std::uintptr_t>(values.data()) % static_cast<std::uintptr_t>(width) != 0) {
    const std::shared_ptr<std::byte[]> aligned(new std::byte[values.size()]);
    std::memcpy(aligned.get(), values.data(), values.size());
    part.data = aligned.get();
    part.owner = aligned;
  }
  part.type = layout.type;
  part.swapped = layout.swapped;
  part.rows = layout.shape[0];
  part.columns = layout.shape.size() == 2 ? layout.shape[1] : 1;
  if (layout.fortran_order) {
    part.row_stride = width;
    part.column_stride = width * static_cast<std::int64_t>(part.rows);
  } else {
    part.row_stride = width * static_cast<std::int64_t>(part.columns);
    part.column_stride = width;
  }
  return part;
}

// The array that --array names, or the only one there is.
template <class Item>
const Item& chosen(const std::vector<Item>& items, const std::string& asked) {
  std::vector<std::string> names;
  for (const Item& item : items) {
    if (item.name == asked) return item;
    names.push_back(item.name);
  }
  if (asked.empty() && items.size() == 1) return items.front();
  if (items.empty()) throw Error(ErrorKind::corrupt, "there is no array in it");
  if (names.size() > 20) {
    names.resize(20);
    names.emplace_back("…");
  }
  const std::string list = fmt::format("it has {}", printable(join(names, ", ")));
  if (asked.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{} arrays are in it", items.size()),
                fmt::format("choose one with --array; {}", list));
  }
  throw Error(ErrorKind::usage, fmt::format("there is no array {} in it", quote(asked)), list);
}

Located open_npz(const Input& input, const ReadOptions& options) {
  const std::string_view archive = input.file->bytes();
  std::vector<ZipMember> arrays;
  for (ZipMember& member : parse_zip(archive)) {
    if (!member.name.ends_with(".npy")) continue;
    member.name.resize(member.name.size() - 4);
    arrays.push_back(std::move(member));
  }
  const ZipMember& member = chosen(arrays, options.array);
  Located array;
  if (member.deflated) {
    const std::shared_ptr<char[]> unpacked(new char[std::max<std::uint64_t>(1, member.size)]);
    unpack_zip_member(archive, member, unpacked.get());
    array.bytes = {unpacked.get(), member.size};
    array.owner = unpacked;
  } else {
    array.bytes = archive.substr(member.offset, member.size);
    array.owner = input.file;
  }
  array.layout = parse_npy(array.bytes);
  return array;
}

Located open_safetensors(const Input& input, const ReadOptions& options) {
  const std::string_view bytes = input.file->bytes();
  const SafetensorsHeader header = parse_safetensors(bytes, bytes.size());
  if (!options.array.empty() && std::find(header.left_out.begin(), header.left_out.end(),
                                          options.array) != header.left_out.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("tensor {} has a number type that is not read", quote(options.array)),
                "convert it to float16, bfloat16 or float32");
  }
  return {chosen(header.tensors, options.array), bytes, input.file};
}

}  // namespace

MatrixPart read_matrix(const Input& input, const ReadOptions& options) {
  try {
    switch (input.format) {
      case Format::npz:
        return as_matrix(open_npz(input, options));
      case Format::safetensors:
        return as_matrix(open_safetensors(input, options));
      default:
        return as_matrix({parse_npy(input.file->bytes()), input.file->bytes(), input.file});
    }
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", input.name, error.what()), error.hint());
  }
}

void check_same_width(const Input& input, const MatrixPart& part, std::uint64_t columns,
                      const Input& first) {
  if (columns == 0 || part.columns == columns) return;
  throw Error(ErrorKind::usage,
              fmt::format("{} has {} columns, {} has {}: they are no one data set", input.name,
                          part.columns, first.name, columns));
}

}  // namespace mlopsctl::drift
