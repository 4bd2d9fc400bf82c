#include "data/remote/to_remote.hpp"

#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/hash.hpp"

#include <algorithm>
#include <mutex>

namespace mlopsctl::data {

namespace {

constexpr std::size_t usual_jobs = 16;
constexpr std::size_t most_jobs = 256;

// A file that arrived here only to be sent on.
struct Passing {
  fs::path path;
  explicit Passing(fs::path name) : path(std::move(name)) {}
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;
  ~Passing() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

std::string send_file(const fs::path& path, ObjectStore& remote) {
  std::string md5 = hash_file(path, HashKind::md5).md5;
  const std::string key = object_path({md5, HashKind::md5});
  if (!remote.head(key)) remote.put(key, path, {.md5 = md5});
  return md5;
}

}  // namespace

PathDigest send_source(Source& source, bool folder, ObjectStore& remote, const fs::path& staging,
                       std::size_t jobs, Progress& progress) {
  const auto& files = source.files();
  PathDigest digest;
  Tree tree;
  tree.entries.resize(files.size());
  std::mutex guard;
  std::uint64_t bytes = 0;
  for (const auto& one : files) bytes += one.size;
  fs::create_directories(staging);
  progress.start("sending to the remote", bytes, "bytes");
  const auto threads =
      static_cast<unsigned>(std::clamp<std::size_t>(jobs > 0 ? jobs : usual_jobs, 1, most_jobs));
  parallel_for(files.size(), 1, threads, [&](std::size_t i) {
    check_interrupt();
    std::string md5;
    std::uint64_t size = 0;
    if (const auto here = source.local(files[i])) {
      md5 = send_file(*here, remote);
      size = files[i].size;
    } else {
      const Passing passing(staging / std::to_string(i));
      source.fetch(files[i], passing.path);
      md5 = send_file(passing.path, remote);
      size = fs::file_size(passing.path);
    }
    const std::scoped_lock lock(guard);
    tree.entries[i] = {files[i].path, md5};
    digest.size += size;
    progress.advance(files[i].size);
  });
  progress.finish();
  if (!folder) {
    digest.id = {tree.entries.front().md5, HashKind::md5};
    return digest;
  }
  const std::string text = tree_text(tree);
  digest.id = tree_id(text, HashKind::md5);
  digest.nfiles = files.size();
  const std::string key = object_path(digest.id);
  if (!remote.head(key)) remote.put(key, text, {.md5 = digest.id.hex.substr(0, 32)});
  return digest;
}

}  // namespace mlopsctl::data
