// Digests of weights that were computed before, in the user's cache folder: reading a large model
// only to hash it takes seconds.
#pragma once

#include "mlopsctl/platform/mapped_file.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::engine {

// One line a model: what it is known by and its digest. What is wrong with the file, or that it
// cannot be written, is never an error: the digest is computed again then.
class KnownDigests {
 public:
  // Files below `least` bytes together are hashed in no time.
  explicit KnownDigests(std::filesystem::path file, std::uint64_t least = 32U << 20U)
      : file_(std::move(file)), least_(least) {}

  // digest_of(), or what it was for the very same files: path, device, inode, size, and when their
  // content and their inode last changed, which no program can set back.
  std::string digest(std::string_view config,
                     const std::vector<std::shared_ptr<const MappedFile>>& files) const;

 private:
  std::string find(const std::string& key) const;
  void keep(const std::string& key, const std::string& digest) const;

  std::filesystem::path file_;
  std::uint64_t least_;
};

// model-digests in the user's cache folder; every digest is computed where there is none.
std::string known_digest_of(std::string_view config,
                            const std::vector<std::shared_ptr<const MappedFile>>& files);

}  // namespace mlopsctl::engine
