// MD5 of files the way DVC computes it.
#pragma once

#include "mlopsctl/data/object_id.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/walk.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::data {

// DVC 2's rule for one chunk (1 MiB, or the rest of a file): true if CRLF is to be hashed as LF.
bool looks_like_text(std::string_view chunk);

// A file that is being read for its digest.
struct HashedFile {
  std::string md5;
  FileStamp stamp;  // of what was read
};

// Reads the whole file. Throws Error{io}, and Error{conflict} if it changed meanwhile.
HashedFile hash_file(const fs::path& path, HashKind kind);

// Waits until a file modified at `modified_ns` would get another time if it were written again: the
// clocks of file systems tick every few milliseconds, and within one tick a stamp proves nothing.
void wait_until_settled(std::int64_t modified_ns);

// Throws Error{conflict}: the file changed while it was read.
void require_unchanged(const fs::path& path, const FileStamp& before, const FileStamp& after);

}  // namespace mlopsctl::data
