// Large texts in parts that end where a record ends: from a mapped file without copying, or from a
// stream.
#pragma once

#include "mlopsctl/platform/mapped_file.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::drift {

struct TextChunk {
  std::string_view text;
  std::shared_ptr<const void> owner;  // of what `text` points to
  std::uint64_t begin = 0;            // in the whole text
};

class TextSource {
 public:
  // Where the first record ends that ends at or after `target`.
  using Cut = std::function<std::optional<std::size_t>(std::string_view text, std::size_t target)>;
  using Read = std::function<std::size_t(char* into, std::size_t size)>;  // 0 at the end

  explicit TextSource(std::shared_ptr<const MappedFile> file);
  explicit TextSource(Read read);

  // Up to a mebibyte from the current place, without moving on.
  std::string_view head();
  void skip(std::size_t bytes);  // of what head() gave
  // About `size` bytes, more if a record is longer.
  std::optional<TextChunk> next(const Cut& cut, std::size_t size);

  std::uint64_t size() const;  // of the whole text, 0 if unknown
  // A mapped file: the chunk need not stay in memory.
  void used(const TextChunk& chunk) const;
  // The 1-based line of a byte of a chunk that next() gave.
  std::uint64_t line_of(const TextChunk& chunk, std::size_t offset) const;
  const std::shared_ptr<const MappedFile>& file() const { return file_; }

 private:
  void fill(std::size_t size);

  std::shared_ptr<const MappedFile> file_;
  std::size_t at_ = 0;
  Read read_;
  std::shared_ptr<std::string> buffer_;  // of a stream: what is not given out yet, from at_ on
  bool ended_ = false;
  std::uint64_t given_ = 0;
  std::map<std::uint64_t, std::uint64_t> lines_;  // of a stream: first line of each chunk
};

}  // namespace mlopsctl::drift
