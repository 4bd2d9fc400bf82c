// The name of a cached object: the MD5 of its bytes, with ".dir" after it for a directory.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace mlopsctl::data {

// md5: DVC 3. legacy: DVC 2's md5-dos2unix, where text is hashed with LF line ends; such objects
// live in another place of cache and remote and are read but never made.
enum class HashKind { md5, legacy };

struct ObjectId {
  std::string hex;  // 32 lower-case hexadecimal digits, and ".dir" for a directory
  HashKind kind = HashKind::md5;

  bool is_directory() const { return hex.ends_with(".dir"); }
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
  friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

// True for 32 lower-case hexadecimal digits, with or without ".dir".
bool is_object_name(std::string_view text);

// Where an object is, relative to a cache or a remote: "files/md5/ab/cdef…" or, legacy, "ab/cdef…".
std::string object_path(const ObjectId& id);

}  // namespace mlopsctl::data
