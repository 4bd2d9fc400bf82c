#include "data/remote/part_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace mlopsctl::data {

namespace {

constexpr std::size_t block_size = std::size_t{256} << 10U;

void write_at(int fd, std::uint64_t offset, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_file("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

}  // namespace

PartFile::PartFile(ObjectCache& cache, const ObjectId& id) : cache_(cache), id_(id) {
  const fs::path unused = cache.temporary_path(id);  // makes the folder
  path_ = unused.parent_path() / fmt::format(".{}.part.tmp", id.hex);
  file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file_.get() < 0) fail_file("write", path_, errno);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
    state_path_ = unused.parent_path() / fmt::format(".{}.state.tmp", id.hex);
    return;
  }
  path_ = unused;
  file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.get() < 0) fail_file("write", path_, errno);
}

PartFile::~PartFile() {
  if (state_path_.empty() && !path_.empty()) ::unlink(path_.c_str());
}

void PartFile::write(std::uint64_t offset, std::string_view bytes) const {
  write_at(file_.get(), offset, bytes, path_);
}

void PartFile::expect(std::uint64_t size, std::uint64_t part_size) {
  const auto parts = static_cast<std::size_t>((size + part_size - 1) / part_size);
  const std::string header = fmt::format("{} {}\n", size, part_size);
  header_ = header.size();
  marks_.assign(parts, '0');
  if (state_path_.empty()) return;
  std::error_code failed;
  std::string before;
  if (fs::exists(state_path_, failed)) before = read_file(state_path_);
  state_ = Descriptor(::open(state_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (state_.get() < 0) fail_file("write", state_path_, errno);
  if (before.size() == header_ + parts && before.starts_with(header)) {
    marks_ = before.substr(header_);
    return;
  }
  // A leftover of something else may be longer.
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) fail_file("write", path_, errno);
  write_at(state_.get(), 0, header + marks_, state_path_);
}

void PartFile::mark(std::uint64_t part) {
  marks_[static_cast<std::size_t>(part)] = '1';
  if (state_.get() >= 0) write_at(state_.get(), header_ + part, "1", state_path_);
}

void PartFile::feed(std::uint64_t from, std::uint64_t to, Md5& digest) const {
  const std::uint64_t begin = from;
  std::vector<char> block(block_size);
  while (from < to) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), to - from));
    const ssize_t got = ::pread(file_.get(), block.data(), most, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file("read", path_, errno);
    if (got == 0)
      throw Error(ErrorKind::io, fmt::format("{} became shorter meanwhile", quoted_path(path_)));
    digest.add({block.data(), static_cast<std::size_t>(got)});
    from += static_cast<std::uint64_t>(got);
  }
  // The disk begins now, so that the final sync does not wait for the whole file.
  ::sync_file_range(file_.get(), static_cast<off_t>(begin), static_cast<off_t>(to - begin),
                    SYNC_FILE_RANGE_WRITE);
}

void PartFile::adopt() {
  cache_.adopt(path_, id_);
  if (!state_path_.empty()) ::unlink(state_path_.c_str());
  path_.clear();
}

void PartFile::discard() {
  ::unlink(path_.c_str());
  if (!state_path_.empty()) ::unlink(state_path_.c_str());
  path_.clear();
}

}  // namespace mlopsctl::data
