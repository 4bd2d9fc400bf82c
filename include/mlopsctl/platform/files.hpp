// Files: written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

namespace fs = std::filesystem;

// A path as messages name it: in single quotes, made printable, never cut.
std::string quoted_path(const fs::path& path);

// Throws Error{not_found} or Error{io}; the message names the file.
std::string read_file(const fs::path& path);

// Writes to a temporary name in the same folder, syncs, renames. Creates the parent folders.
// What exists and is no regular file (/dev/stdout, a named pipe) is written to as it is.
// `ignored` gives exactly `mode`: for files that another user's service reads.
enum class Umask { respected, ignored };
void write_file_atomically(const fs::path& path, std::string_view bytes, int mode = 0644,
                           Umask umask = Umask::respected);

// The same for content that is made piece by piece.
using WritePiece = std::function<void(std::string_view)>;
void stream_file_atomically(const fs::path& path,
                            const std::function<void(const WritePiece&)>& make);

// SHA-256 of a file while copying it; size in bytes, digest in lower-case hexadecimal.
struct StoredFile {
  std::uint64_t size = 0;
  std::string sha256;
};
// Copies through a temporary name, syncs, renames; the source may be a pipe.
StoredFile copy_file_atomically(const fs::path& from, const fs::path& to);
StoredFile digest_file(const fs::path& path);

// Free bytes on the file system that holds `path` (or its nearest existing parent).
std::uint64_t free_space(const fs::path& path);

// Reads everything from a file, or from standard input if the name is "-".
std::string read_input(const std::string& name);

}  // namespace mlopsctl
