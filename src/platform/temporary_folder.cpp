#include "mlopsctl/platform/temporary_folder.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace mlopsctl {

TemporaryFolder::TemporaryFolder() {
  std::error_code failed;
  const fs::path parent = fs::temp_directory_path(failed);
  std::string pattern = (parent / "mlopsctl-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr) {
    throw Error(ErrorKind::io,
                fmt::format("cannot make a temporary folder in {}: {}", quoted_path(parent),
                            failed ? failed.message() : std::strerror(errno)),
                "set TMPDIR to a folder that can be written to");
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code failed;
  fs::remove_all(path_, failed);
}

}  // namespace mlopsctl
