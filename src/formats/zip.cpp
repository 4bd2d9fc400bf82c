// APPNOTE.TXT, .ZIP File Format Specification: the central directory at the end says what there is.
#include "mlopsctl/formats/zip.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/inflate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::corrupt, fmt::format("the zip archive is damaged: {}", what),
              "copy or write the file again");
}

// Little-endian numbers, every access checked.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::uint64_t at, std::size_t size) const {
    const std::string_view raw = text(at, size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
      value = value << 8U | static_cast<unsigned char>(raw[i - 1]);
    }
    return value;
  }
  std::string_view text(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) damaged("it is cut short");
    return bytes_.substr(at, size);
  }
  std::uint64_t size() const { return bytes_.size(); }
  std::string_view all() const { return bytes_; }

 private:
  std::string_view bytes_;
};

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t entries = 0;
};

Directory find_directory(const Bytes& bytes) {
  constexpr std::string_view end_mark = "PK\x05\x06";
  constexpr std::uint64_t end_size = 22;
  if (bytes.size() < end_size) damaged("it is cut short");
  // A comment of up to 65535 bytes may follow the record.
  const std::uint64_t from = bytes.size() - std::min<std::uint64_t>(bytes.size(), end_size + 65535);
  const std::size_t end = bytes.all().rfind(end_mark, bytes.size() - end_size);
  if (end == std::string_view::npos || end < from) damaged("its directory is not there");
  Directory directory{bytes.number(end + 16, 4), bytes.number(end + 10, 2)};
  // With 64-bit sizes a locator lies before the record.
  constexpr std::uint64_t locator_size = 20;
  if (end >= locator_size && bytes.number(end - locator_size, 4) == 0x07064b50U) {
    const std::uint64_t record = bytes.number(end - locator_size + 8, 8);
    if (bytes.number(record, 4) != 0x06064b50U) damaged("its 64-bit directory is not there");
    directory = {bytes.number(record + 48, 8), bytes.number(record + 32, 8)};
  }
  return directory;
}

// Sizes that do not fit 32 bits are in an extra field, in this order.
void read_wide_sizes(const Bytes& bytes, std::uint64_t at, std::uint64_t length, ZipMember& member,
                     std::uint64_t& header) {
  constexpr std::uint64_t wide = 0xFFFFFFFFU;
  for (const std::uint64_t end = at + length; at + 4 <= end;) {
    const std::uint64_t id = bytes.number(at, 2);
    const std::uint64_t size = bytes.number(at + 2, 2);
    at += 4;
    if (id == 1) {
      std::uint64_t field = at;
      for (std::uint64_t* value : {&member.size, &member.packed, &header}) {
        if (*value != wide) continue;
        *value = bytes.number(field, 8);
        field += 8;
      }
    }
    at += size;
  }
}

}  // namespace

std::vector<ZipMember> parse_zip(std::string_view archive) {
  const Bytes bytes(archive);
  const Directory directory = find_directory(bytes);
  std::vector<ZipMember> members;
  std::uint64_t at = directory.offset;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    if (bytes.number(at, 4) != 0x02014b50U) damaged("an entry of its directory is not there");
    const std::uint64_t flags = bytes.number(at + 8, 2);
    const std::uint64_t method = bytes.number(at + 10, 2);
    const std::uint64_t name_length = bytes.number(at + 28, 2);
    const std::uint64_t extra_length = bytes.number(at + 30, 2);
    std::uint64_t header = bytes.number(at + 42, 4);
    ZipMember member;
    member.crc = static_cast<std::uint32_t>(bytes.number(at + 16, 4));
    member.packed = bytes.number(at + 20, 4);
    member.size = bytes.number(at + 24, 4);
    member.name = bytes.text(at + 46, name_length);
    read_wide_sizes(bytes, at + 46 + name_length, extra_length, member, header);
    at += 46 + name_length + extra_length + bytes.number(at + 32, 2);

    if ((flags & 1U) != 0) damaged(fmt::format("{} is encrypted", quote(member.name)));
    if (method != 0 && method != 8) {
      damaged(fmt::format("{} is packed by method {}, not by deflate", quote(member.name), method));
    }
    member.deflated = method == 8;
    if (bytes.number(header, 4) != 0x04034b50U) {
      damaged(fmt::format("{} is not where the directory says", quote(member.name)));
    }
    member.offset = header + 30 + bytes.number(header + 26, 2) + bytes.number(header + 28, 2);
    bytes.text(member.offset, member.packed);  // it is there
    if (!member.deflated && member.size != member.packed) {
      damaged(fmt::format("{} has two sizes", quote(member.name)));
    }
    // deflate makes at most 1032 bytes of one.
    if (member.deflated && member.size / 1040 > member.packed + 1) {
      damaged(fmt::format("{} claims an impossible size", quote(member.name)));
    }
    members.push_back(std::move(member));
  }
  return members;
}

void unpack_zip_member(std::string_view archive, const ZipMember& member, char* into) {
  Inflater inflater(Inflater::Wrapping::none);
  const Inflater::Step step =
      inflater.inflate(archive.substr(member.offset, member.packed), into, member.size);
  char beyond = 0;
  const bool ended =
      step.ended ||
      inflater
          .inflate(archive.substr(member.offset + step.used, member.packed - step.used), &beyond, 1)
          .ended;
  if (!ended || step.made != member.size) {
    damaged(fmt::format("{} has not the size that the directory says", quote(member.name)));
  }
  if (crc32_of({into, member.size}) != member.crc) {
    damaged(fmt::format("the checksum of {} is wrong", quote(member.name)));
  }
}

}  // namespace mlopsctl
