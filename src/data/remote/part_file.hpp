// A large object that arrives in parts. Its parts survive a crash: the next download of the same
// object goes on with them.
#pragma once

#include "mlopsctl/data/cache.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/descriptor.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::data {

// Functions for disjoint ranges may run on several threads at once.
class PartFile {
 public:
  // Opens what an earlier download left behind, unless another one is at work on it.
  PartFile(ObjectCache& cache, const ObjectId& id);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const fs::path& path() const { return path_; }
  void write(std::uint64_t offset, std::string_view bytes) const;

  // From now on parts are known; those of a file of another size are forgotten.
  void expect(std::uint64_t size, std::uint64_t part_size);
  bool has(std::uint64_t part) const { return part < marks_.size() && marks_[part] == '1'; }
  void mark(std::uint64_t part);

  void feed(std::uint64_t from, std::uint64_t to, Md5& digest) const;
  void adopt();    // into the cache, whole and verified
  void discard();  // it is worthless

 private:
  ObjectCache& cache_;
  ObjectId id_;
  fs::path path_;
  fs::path state_path_;  // "size part_size\n" and a digit for each part; empty: not kept
  Descriptor file_;
  Descriptor state_;
  std::size_t header_ = 0;
  std::string marks_;
};

}  // namespace mlopsctl::data
