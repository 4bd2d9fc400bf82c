#include "data/remote/source.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/descriptor.hpp"
#include "data/remote/stores.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace mlopsctl::data {

namespace {

constexpr std::size_t usual_jobs = 32;
constexpr std::size_t most_jobs = 256;
constexpr int redirects = 5;
constexpr std::string_view remote_scheme = "remote://";

[[noreturn]] void fail_changed(const std::string& what) {
  throw Error(ErrorKind::conflict, fmt::format("{} changed while it was read", what),
              "try again when nobody writes to it");
}

// A file that is written from the beginning as often as the transfer begins again.
class Arriving {
 public:
  explicit Arriving(const fs::path& path) : path_(path), file_(create_file(path, 0644)) {}
  void add(std::string_view bytes) {
    write_fully(file_.get(), bytes, path_);
    md5_.add(bytes);
    size_ += bytes.size();
  }
  void restart() {
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
      fail_file("write", path_, errno);
    md5_ = Md5();
    size_ = 0;
  }
  std::string md5() { return md5_.hexadecimal(); }
  std::uint64_t size() const { return size_; }

 private:
  fs::path path_;
  Descriptor file_;
  Md5 md5_;
  std::uint64_t size_ = 0;
};

class LocalSource final : public Source {
 public:
  // path: absolute, or relative to the root.
  LocalSource(const fs::path& root, std::string path, Digests& digests)
      : whole_(root / path), path_(std::move(path)), digests_(digests) {}

  std::optional<SourceState> look() override {
    const auto digest = digests_.of(path_);
    if (!digest) return std::nullopt;
    files_.clear();
    if (digest->is_directory()) {
      const auto snapshot = digests_.scan(path_);
      if (snapshot) {
        for (const auto& one : snapshot->files) files_.push_back({one.path, one.size, ""});
      }
    } else {
      files_.push_back({"", digest->size, ""});
    }
    return SourceState{.md5 = digest->id,
                       .etag = "",
                       .checksum = "",
                       .size = digest->size,
                       .nfiles = digest->nfiles,
                       .executable = digest->executable};
  }
  const std::vector<SourceFile>& files() const override { return files_; }
  std::optional<fs::path> local(const SourceFile& file) const override {
    return file.path.empty() ? whole_ : whole_ / file.path;
  }
  void fetch(const SourceFile& file, const fs::path& to) override {
    const fs::path from = *local(file);
    std::error_code failed;
    fs::copy_file(from, to, failed);
    if (failed) fail_file("copy", from, failed.value());
    ::chmod(to.c_str(), 0644);
  }

 private:
  fs::path whole_;
  std::string path_;
  Digests& digests_;
  std::vector<SourceFile> files_;
};

// Keys become paths: one that leads out of its folder is nobody's honest name.
void require_inside(const std::string& path, const std::string& url) {
  for (const auto& part : fs::path(path)) {
    if (part != ".." && part != "." && !part.empty() && part != "/") continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} cannot be the name of a file here", quote(mask_secrets(url))),
                "rename the object, or import a part of the folder");
  }
}

// An object, or everything below a prefix.
class StoreSource final : public Source {
 public:
  StoreSource(std::shared_ptr<ObjectStore> store, std::string key)
      : store_(std::move(store)), key_(std::move(key)) {}

  std::optional<SourceState> look() override {
    files_.clear();
    if (!key_.empty()) {
      if (const auto info = store_->head(key_)) {
        files_.push_back({"", info->size, info->etag});
        SourceState state;
        state.etag = info->etag;
        state.size = info->size;
        return state;
      }
    }
    return look_below();
  }
  const std::vector<SourceFile>& files() const override { return files_; }
  void fetch(const SourceFile& file, const fs::path& to) override {
    const std::string key = file.path.empty() ? key_ : prefix() + file.path;
    Arriving arriving(to);
    const ObjectInfo info =
        store_->get(key, {.range = std::nullopt,
                          .sink = [&](std::string_view bytes) { arriving.add(bytes); },
                          .restart = [&] { arriving.restart(); }});
    if (info.etag != file.etag || info.size != file.size) fail_changed(store_->url(key));
    const bool damaged = !info.md5.empty() && info.md5 != arriving.md5();
    if (damaged || arriving.size() != info.size) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} did not arrive as it is stored", store_->url(key)));
    }
  }

 private:
  std::string prefix() const { return key_.empty() ? "" : key_ + "/"; }

  // DVC's digest of a folder on S3: a ".dir" whose members are named by their ETags.
  std::optional<SourceState> look_below() {
    std::uint64_t size = 0;
    store_->for_each(prefix(), [&](const ObjectInfo& object) {
      if (object.key.ends_with('/')) return;  // a marker for an empty folder
      files_.push_back({object.key.substr(prefix().size()), object.size, object.etag});
      require_inside(files_.back().path, store_->url(object.key));
      size += object.size;
    });
    if (files_.empty()) return std::nullopt;
    std::string text = "[";
    for (const auto& one : files_) {
      text += fmt::format("{}{{\"etag\": {}, \"relpath\": {}}}", text.size() > 1 ? ", " : "",
                          python_json_string(one.etag), python_json_string(one.path));
    }
    text += "]";
    SourceState state;
    state.md5 = ObjectId{md5_of(text) + ".dir", HashKind::md5};
    state.size = size;
    state.nfiles = files_.size();
    return state;
  }

  std::shared_ptr<ObjectStore> store_;
  std::string key_;
  std::vector<SourceFile> files_;
};

class WebSource final : public Source {
 public:
  explicit WebSource(std::string url) : url_(std::move(url)) {}

  std::optional<SourceState> look() override {
    HttpResponse answer = http_send({.method = "HEAD", .url = url_, .redirects = redirects});
    constexpr int not_allowed = 405, not_built = 501, absent = 404, gone = 410;
    if (answer.status == not_allowed || answer.status == not_built) {
      answer = http_send({.url = url_,
                          .sink = [](std::string_view) {},
                          .restart_sink = [] {},
                          .redirects = redirects});
    }
    if (answer.status == absent || answer.status == gone) return std::nullopt;
    require_ok(answer, "the server");
    SourceState state;
    state.checksum = checksum_of(answer);
    if (const auto length = parse_integer(answer.header("content-length").value_or(""))) {
      if (*length >= 0) state.size = static_cast<std::uint64_t>(*length);
    }
    checksum_ = state.checksum;
    files_ = {{"", state.size.value_or(0), ""}};
    return state;
  }
  const std::vector<SourceFile>& files() const override { return files_; }
  void fetch(const SourceFile& /*file*/, const fs::path& to) override {
    Arriving arriving(to);
    const HttpResponse answer =
        http_send({.url = url_,
                   .sink = [&](std::string_view bytes) { arriving.add(bytes); },
                   .restart_sink = [&] { arriving.restart(); },
                   .redirects = redirects});
    require_ok(answer, "the server");
    if (checksum_of(answer) != checksum_) fail_changed(mask_secrets(url_));
  }

 private:
  static std::string checksum_of(const HttpResponse& answer) {
    const auto etag = answer.header("etag");
    return std::string(etag && !etag->empty() ? *etag : answer.header("content-md5").value_or(""));
  }

  std::string url_;
  std::string checksum_;
  std::vector<SourceFile> files_;
};

std::string without_slash(std::string text) {
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::unique_ptr<Source> Sources::open(const std::string& url, const RemoteOptions& fs_config,
                                      const std::string& base) {
  std::string place = url;
  RemoteOptions options = fs_config;
  if (url.starts_with(remote_scheme)) {
    const std::string rest = url.substr(remote_scheme.size());
    const std::size_t slash = rest.find('/');
    RemotePlace remote = remote_place(repository_.config(), to_lower(rest.substr(0, slash)));
    options.merge(remote.options);
    place = without_slash(remote.url) + (slash == std::string::npos ? "" : rest.substr(slash));
  }
  place = without_slash(place);
  const std::string scheme = to_lower(place.substr(0, is_url(place) ? place.find("://") : 0));
  if (scheme == "http" || scheme == "https") return std::make_unique<WebSource>(place);
  if (scheme == "s3") {
    constexpr std::size_t after_scheme = 5;
    const std::size_t slash = place.find('/', after_scheme);
    const std::string bucket = place.substr(0, slash);
    auto& store = stores_[{bucket, options}];
    if (!store) store = open_store(bucket, options);
    return std::make_unique<StoreSource>(store,
                                         slash == std::string::npos ? "" : place.substr(slash + 1));
  }
  if (scheme == "file") place = percent_decode(place.substr(std::string_view("file://").size()));
  if (is_url(place)) {
    throw Error(ErrorKind::config,
                fmt::format("{} is no kind of place that is known", quote(mask_secrets(url))),
                "s3://BUCKET/KEY, http(s)://..., remote://NAME/PATH and paths are");
  }
  const fs::path path =
      fs::path(place).is_absolute() ? fs::path(place) : (fs::path(base) / place).lexically_normal();
  return std::make_unique<LocalSource>(repository_.root(), path.string(), digests_);
}

void fetch_source(Source& source, bool folder, const fs::path& to, std::size_t jobs,
                  Progress& progress) {
  const auto& files = source.files();
  std::uint64_t bytes = 0;
  for (const auto& one : files) bytes += one.size;
  progress.start("downloading", bytes, "bytes");
  fs::create_directories(folder ? to : to.parent_path());
  std::mutex guard;
  const auto threads =
      static_cast<unsigned>(std::clamp<std::size_t>(jobs > 0 ? jobs : usual_jobs, 1, most_jobs));
  parallel_for(files.size(), 1, threads, [&](std::size_t i) {
    check_interrupt();
    const SourceFile& file = files[i];
    const fs::path goal = folder ? to / file.path : to;
    fs::create_directories(goal.parent_path());
    source.fetch(file, goal);
    const std::scoped_lock lock(guard);
    progress.advance(file.size);
  });
  progress.finish();
}

}  // namespace mlopsctl::data
