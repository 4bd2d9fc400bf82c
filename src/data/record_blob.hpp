// How the digest store keeps the records of one path: packed, sorted by path.
#pragma once

#include "mlopsctl/data/digests.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

std::string pack_records(const std::vector<FileRecord>& records);
// Nothing if the bytes are not what pack_records makes.
std::optional<std::vector<FileRecord>> unpack_records(std::string_view bytes);

// 128 bits that any change of a name, inode, time or size changes, whatever the order of the files.
struct Fingerprint {
  std::uint64_t a = 0;
  std::uint64_t b = 0;

  void add(std::string_view path, std::uint64_t inode, std::int64_t modified_ns,
           std::uint64_t size);
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

}  // namespace mlopsctl::data
