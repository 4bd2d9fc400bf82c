// Looking at data outside of the repository, and bringing it here.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct SourceFile {
  std::string path;        // inside a folder; "" for a single file
  std::uint64_t size = 0;  // bytes; 0 where the server does not say
  std::string etag;        // of one object on S3
};

// One source. look() comes first; the rest may happen on several threads.
class Source {
 public:
  virtual ~Source() = default;
  // What is there now; nothing if there is nothing.
  virtual std::optional<SourceState> look() = 0;
  // Its files, sorted by path.
  virtual const std::vector<SourceFile>& files() const = 0;
  // Copies one of them to a new file. Throws Error{conflict} if it is not what look() saw, where
  // that can be told.
  virtual void fetch(const SourceFile& file, const fs::path& to) = 0;
  // Where one of them is, if that is on this machine.
  virtual std::optional<fs::path> local(const SourceFile& /*file*/) const { return std::nullopt; }
};

// Opens sources and keeps connections to their servers for the next one.
class Sources {
 public:
  Sources(Repository& repository, Digests& digests) : repository_(repository), digests_(digests) {}
  // url: as in deps. A path is relative to `base`, which is relative to the root. Throws
  // Error{config} for a scheme that is not known.
  std::unique_ptr<Source> open(const std::string& url, const RemoteOptions& fs_config,
                               const std::string& base);

 private:
  Repository& repository_;
  Digests& digests_;
  std::map<std::pair<std::string, RemoteOptions>, std::shared_ptr<ObjectStore>> stores_;
};

// Brings everything to `to`, which must not exist: a folder, or a file if `folder` is not set.
// jobs: files at once; 0: a usual number.
void fetch_source(Source& source, bool folder, const fs::path& to, std::size_t jobs,
                  Progress& progress);

}  // namespace mlopsctl::data
