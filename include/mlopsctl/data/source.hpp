// Data outside of the repository that something in it depends on: an object or a prefix on S3, a
// web page, a file or folder of this machine. Named as a dependency names it: "s3://bucket/key",
// "remote://name/key", "https://…", "/path", "../path".
#pragma once

#include "mlopsctl/data/object_id.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::data {

// What a dependency records about it, as DVC does. Exactly one of md5, etag and checksum is set,
// unless the server tells nothing that changes with the content.
struct SourceState {
  std::optional<ObjectId> md5;  // local content; of a folder on S3 over the ETags of its objects
  std::string etag;             // of one object on S3, without quotes
  std::string checksum;         // of a web page: its ETag as sent, or Content-MD5
  std::optional<std::uint64_t> size;    // bytes, of a folder the sum
  std::optional<std::uint64_t> nfiles;  // folders only
  bool executable = false;              // local files only

  // Something is known that would have changed with the content.
  bool known() const { return md5 || !etag.empty() || !checksum.empty(); }
};

// Both are known and name the same content.
bool same_content(const SourceState& a, const SourceState& b);

// True for "s3://…", "remote://…", "https://…": not a path of this machine.
bool is_url(std::string_view path);

// What is at a URL now; nothing if there is nothing. Throws Error for what cannot be reached.
// fs_config: options of the place, such as endpointurl, beside those of the environment.
using SourceLook = std::function<std::optional<SourceState>(
    const std::string& url, const std::map<std::string, std::string>& fs_config)>;

}  // namespace mlopsctl::data
