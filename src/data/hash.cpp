#include "data/hash.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace mlopsctl::data {

namespace {

constexpr std::size_t chunk_size = std::size_t{1} << 20U;  // DVC judges text by these
constexpr std::size_t judged = 512;                        // bytes of a chunk
constexpr std::int64_t tick_ns = 20'000'000;

// CR LF becomes LF; a pair that is split over two chunks stays, as in DVC.
void add_as_text(Md5& digest, std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t at = chunk.find("\r\n");
    digest.add(chunk.substr(0, at));
    if (at == std::string_view::npos) return;
    chunk.remove_prefix(at + 1);  // the LF is next
  }
}

std::vector<char>& buffer() {
  thread_local std::vector<char> bytes(chunk_size);
  return bytes;
}

}  // namespace

bool looks_like_text(std::string_view chunk) {
  chunk = chunk.substr(0, judged);
  if (chunk.empty()) return true;
  if (chunk.find('\0') != std::string_view::npos) return false;
  const auto odd = std::ranges::count_if(chunk, [](char c) {
    const bool printable = c >= 0x20 && c <= 0x7e;
    return !printable && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\b';
  });
  return static_cast<double>(odd) <= 0.30 * static_cast<double>(chunk.size());
}

void wait_until_settled(std::int64_t modified_ns) {
  using namespace std::chrono;
  const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  const std::int64_t age = now - modified_ns;
  // A time in the future says nothing about the clock; such a file is simply taken as it is.
  if (age >= 0 && age < tick_ns) std::this_thread::sleep_for(nanoseconds(tick_ns - age));
}

void require_unchanged(const fs::path& path, const FileStamp& before, const FileStamp& after) {
  if (before.size == after.size && before.modified_ns == after.modified_ns) return;
  throw Error(ErrorKind::conflict, fmt::format("{} changed while it was read", quoted_path(path)),
              "call again when nothing writes to it");
}

HashedFile hash_file(const fs::path& path, HashKind kind) {
  thread_local Md5 digest;
  digest.hexadecimal();  // forget what an error may have left
  const Descriptor file = open_for_reading(path);
  HashedFile hashed{.md5 = {}, .stamp = stamp_of(file.get())};
  wait_until_settled(hashed.stamp.modified_ns);
  for (;;) {
    check_interrupt();
    const std::string_view chunk = read_chunk(file.get(), buffer(), path);
    if (chunk.empty()) break;
    if (kind == HashKind::legacy && looks_like_text(chunk)) {
      add_as_text(digest, chunk);
    } else {
      digest.add(chunk);
    }
  }
  require_unchanged(path, hashed.stamp, stamp_of(file.get()));
  hashed.md5 = digest.hexadecimal();
  return hashed;
}

}  // namespace mlopsctl::data
