#include "data/record_blob.hpp"

#include <cstring>

namespace mlopsctl::data {

namespace {

constexpr std::size_t digest_bytes = 16;

template <class Number>
void put(std::string& bytes, Number value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes.append(raw, sizeof value);
}

template <class Number>
bool take(std::string_view& bytes, Number& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

unsigned nibble(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

std::uint64_t mixed(std::uint64_t z) {  // splitmix64
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

}  // namespace

std::string pack_records(const std::vector<FileRecord>& records) {
  std::string bytes;
  bytes.reserve(records.size() * 72);
  for (const auto& one : records) {
    put(bytes, static_cast<std::uint32_t>(one.path.size()));
    bytes += one.path;
    put(bytes, one.inode);
    put(bytes, one.modified_ns);
    put(bytes, one.size);
    for (std::size_t i = 0; i < 2 * digest_bytes; i += 2) {
      bytes += static_cast<char>(nibble(one.md5[i]) << 4U | nibble(one.md5[i + 1]));
    }
  }
  return bytes;
}

std::optional<std::vector<FileRecord>> unpack_records(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::vector<FileRecord> records;
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    FileRecord one;
    if (!take(bytes, length) || bytes.size() < length) return std::nullopt;
    one.path = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (!take(bytes, one.inode) || !take(bytes, one.modified_ns) || !take(bytes, one.size) ||
        bytes.size() < digest_bytes) {
      return std::nullopt;
    }
    one.md5.reserve(2 * digest_bytes);
    for (std::size_t i = 0; i < digest_bytes; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      one.md5 += digits[byte >> 4U];
      one.md5 += digits[byte & 15U];
    }
    bytes.remove_prefix(digest_bytes);
    records.push_back(std::move(one));
  }
  return records;
}

void Fingerprint::add(std::string_view path, std::uint64_t inode, std::int64_t modified_ns,
                      std::uint64_t size) {
  std::uint64_t x = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : path) x = (x ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  x = mixed(x ^ mixed(inode + 0x9E3779B97F4A7C15U));
  x = mixed(x + mixed(static_cast<std::uint64_t>(modified_ns)));
  x = mixed(x ^ mixed(size + 0x632BE59BD9B4E019U));
  a += x;
  b += mixed(x ^ 0xD1B54A32D192ED03U);
}

}  // namespace mlopsctl::data
