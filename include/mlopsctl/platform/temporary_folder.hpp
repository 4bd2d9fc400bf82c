// A folder for files that nobody needs afterwards.
#pragma once

#include <filesystem>

namespace mlopsctl {

// In $TMPDIR or /tmp, readable by its owner only; removed with everything in it. What is mapped or
// open lives on until it is let go.
class TemporaryFolder {
 public:
  // Throws Error{io} that names the place.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mlopsctl
