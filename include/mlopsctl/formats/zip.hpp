// The members of a zip archive, as .npz files are: stored or deflated, with 64-bit sizes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct ZipMember {
  std::string name;
  bool deflated = false;
  std::uint64_t offset = 0;  // of its bytes in the archive
  std::uint64_t packed = 0;  // bytes in the archive
  std::uint64_t size = 0;    // bytes unpacked
  std::uint32_t crc = 0;
};

// Throws Error{corrupt} (message without the name of the file) if it is no archive, is damaged or
// encrypted, or a member uses another method.
std::vector<ZipMember> parse_zip(std::string_view archive);

// The bytes of a deflated member, checksum compared; `into` has room for `member.size` bytes.
// Throws Error{corrupt}.
void unpack_zip_member(std::string_view archive, const ZipMember& member, char* into);

}  // namespace mlopsctl
