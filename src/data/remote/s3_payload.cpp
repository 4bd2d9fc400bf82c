#include "data/remote/s3_payload.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace mlopsctl::data {

namespace {

constexpr std::size_t block_size = std::size_t{256} << 10U;

template <class Digest>
std::string digest(const FileRange& range) {
  const Descriptor file = open_for_reading(range.path);
  std::vector<char> block(block_size);
  Digest sum;
  for (std::uint64_t done = 0; done < range.size;) {
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(block_size, range.size - done));
    const ssize_t got =
        ::pread(file.get(), block.data(), most, static_cast<off_t>(range.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file("read", range.path, errno);
    if (got == 0) {
      throw Error(ErrorKind::io,
                  fmt::format("{} became shorter while it was sent", quoted_path(range.path)));
    }
    sum.add({block.data(), static_cast<std::size_t>(got)});
    done += static_cast<std::uint64_t>(got);
  }
  return sum.hexadecimal();
}

}  // namespace

std::string sha256_of(const FileRange& range) { return digest<Sha256>(range); }
std::string md5_of_range(const FileRange& range) { return digest<Md5>(range); }

}  // namespace mlopsctl::data
