#include "engine/known_digests.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/cache_folder.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "engine/weight_files.hpp"

#include <fmt/format.h>

#include <chrono>

namespace mlopsctl::engine {

namespace {

using Files = std::vector<std::shared_ptr<const MappedFile>>;

constexpr std::size_t digits = 64;       // of a SHA-256
constexpr std::size_t most_lines = 500;  // the last ones stay
constexpr std::uint64_t most_bytes = 1U << 20U;
// Clocks of file systems tick coarsely: what changed just now may change again at the same time.
constexpr std::int64_t settled_ns = 2'000'000'000;

// What the files are known by; empty if one has changed since it was opened, or may still be.
std::string key_of(std::string_view config, const Files& files) {
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  std::string text = "mlopsctl.weights/1\n" + sha256_hex(config) + "\n";
  for (const auto& file : files) {
    const auto& opened = file->state();
    if (!opened || opened != file_state(file->path())) return {};
    if (opened->changed_ns > now - settled_ns) return {};
    std::error_code failed;
    const fs::path whole = fs::absolute(file->path(), failed);
    text += fmt::format("{} {} {} {} {} {}\n", opened->device, opened->inode, opened->size,
                        opened->modified_ns, opened->changed_ns, whole.string());
  }
  return sha256_hex(text);
}

bool is_digest(std::string_view text) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Lines of this user's file that are in order.
std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  const auto state = file_state(file);
  if (!state || !state->own || state->size > most_bytes) return lines;
  for (const auto& line : split(read_file(file), '\n')) {
    const bool whole = line.size() == 2 * digits + 1 && line[digits] == ' ' &&
                       is_digest(std::string_view(line).substr(0, digits)) &&
                       is_digest(std::string_view(line).substr(digits + 1));
    if (whole) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

std::string KnownDigests::find(const std::string& key) const {
  for (const std::string& line : lines_of(file_))
    if (line.starts_with(key)) return line.substr(digits + 1);
  return {};
}

void KnownDigests::keep(const std::string& key, const std::string& digest) const {
  std::vector<std::string> lines = lines_of(file_);
  lines.push_back(key + " " + digest);
  std::string text;
  for (std::size_t i = lines.size() > most_lines ? lines.size() - most_lines : 0; i < lines.size();
       ++i)
    text += lines[i] + "\n";
  write_file_atomically(file_, text, 0600);
}

std::string KnownDigests::digest(std::string_view config, const Files& files) const {
  std::uint64_t bytes = 0;
  for (const auto& file : files) bytes += file->bytes().size();
  const std::string key = bytes < least_ ? std::string() : key_of(config, files);
  try {
    if (std::string known = key.empty() ? key : find(key); !known.empty()) return known;
  } catch (const Error&) {  // it cannot be read: as if it were not there
  }
  std::string digest = digest_of(config, files);
  try {
    // Not of files that have changed meanwhile.
    if (!key.empty() && key == key_of(config, files)) keep(key, digest);
  } catch (const Error&) {  // a full disk, a folder that is read-only
  }
  return digest;
}

std::string known_digest_of(std::string_view config, const Files& files) {
  const auto folder = user_cache_folder();
  return folder ? KnownDigests(*folder / "model-digests").digest(config, files)
                : digest_of(config, files);
}

}  // namespace mlopsctl::engine
