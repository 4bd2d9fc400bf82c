#include "data/remote/download.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/descriptor.hpp"
#include "data/hash.hpp"
#include "data/remote/part_file.hpp"
#include "data/remote/transfer_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

namespace {

constexpr std::size_t in_memory = std::size_t{256} << 10U;
// Parts of one object that are asked for at once. More fill no line better, but arrive out of
// order, and bytes are hashed in order.
constexpr std::uint64_t parts_at_once = 16;

class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(DownloadContext& context, ObjectId id, Done<std::uint64_t> done)
      : context_(context), id_(std::move(id)), key_(object_path(id_)), done_(std::move(done)) {}

  // The first part tells how large the object is.
  void begin() {
    const auto self = shared_from_this();
    context_.queue.get(key_,
                       {.range = ByteRange{0, download_part},
                        .sink = [self](std::string_view bytes) { self->take(bytes); },
                        .restart = [self] { self->head_.clear(), self->spilled_ = 0; }},
                       [self](Outcome<ObjectInfo> info) { self->got_head(info); });
  }

 private:
  // Up to 256 KiB stay in memory, more goes to the file.
  void take(std::string_view bytes) {
    if (!file_ && head_.size() + bytes.size() <= in_memory) {
      head_.append(bytes);
      return;
    }
    if (!file_) file_ = std::make_unique<PartFile>(context_.cache, id_);
    if (!head_.empty()) {
      file_->write(0, head_);
      spilled_ = head_.size();
      head_.clear();
    }
    file_->write(spilled_, bytes);
    spilled_ += bytes.size();
  }

  void got_head(Outcome<ObjectInfo>& info) {
    if (!info.ok()) return fail(info.error());
    size_ = info.value().size;
    const std::uint64_t got = head_.size() + spilled_;
    if (got != std::min(size_, download_part)) {
      return fail(std::make_exception_ptr(Error(
          ErrorKind::unavailable, fmt::format("{} of {} bytes of {} arrived", got, size_, key_))));
    }
    if (!file_ && size_ == got) return finish_small();
    try {
      if (!file_) throw Error(ErrorKind::bug, "a large object without a file");
      file_->expect(size_, download_part);
    } catch (const Error&) {
      return fail(std::current_exception());
    }
    file_->mark(0);
    parts_ = (size_ + download_part - 1) / download_part;
    get_more();
    hash_on();
  }

  void get_more() {
    for (; next_ < parts_ && asked_for_ < parts_at_once; ++next_) {
      if (file_->has(next_)) continue;
      ++asked_for_;
      get_part(next_);
    }
  }

  void get_part(std::uint64_t part) {
    const auto self = shared_from_this();
    const std::uint64_t offset = part * download_part;
    const auto at = std::make_shared<std::uint64_t>(offset);
    context_.queue.get(key_,
                       {.range = ByteRange{offset, std::min(download_part, size_ - offset)},
                        .sink =
                            [self, at](std::string_view bytes) {
                              self->file_->write(*at, bytes);
                              *at += bytes.size();
                            },
                        .restart = [at, offset] { *at = offset; }},
                       [self, part, at](const Outcome<ObjectInfo>& info) {
                         if (self->over_) return;
                         if (!info.ok()) return self->fail(info.error());
                         if (*at != std::min(self->size_, (part + 1) * download_part)) {
                           return self->fail(std::make_exception_ptr(Error(
                               ErrorKind::unavailable,
                               fmt::format("a part of {} did not arrive whole", self->key_))));
                         }
                         self->file_->mark(part);
                         --self->asked_for_;
                         self->get_more();
                         self->hash_on();
                       });
  }

  // Hashes what follows without a gap on what was hashed, on one thread at a time.
  void hash_on() {
    if (hashing_ || over_) return;
    std::uint64_t end = hashed_;
    while (end < parts_ && file_->has(end)) ++end;
    if (end == hashed_) return;
    hashing_ = true;
    const auto self = shared_from_this();
    const std::uint64_t from = hashed_ * download_part;
    const std::uint64_t to = std::min(size_, end * download_part);
    context_.workers.submit([self, from, to] { self->file_->feed(from, to, self->md5_); },
                            [self, end](const std::exception_ptr& error) {
                              self->hashing_ = false;
                              if (self->over_) return;
                              if (error) return self->fail(error);
                              self->hashed_ = end;
                              self->hashed_ == self->parts_ ? self->finish_large()
                                                            : self->hash_on();
                            });
  }

  void finish_large() {
    const auto self = shared_from_this();
    context_.workers.submit(
        [self] {
          const std::string name = md5_of_object(self->id_);
          const bool right = name.empty() ? self->is_legacy_right(self->file_->path())
                                          : self->md5_.hexadecimal() == name;
          if (!right) {
            self->file_->discard();
            self->wrong();
          }
          self->file_->adopt();
        },
        [self](const std::exception_ptr& error) { self->end(error); });
  }

  void finish_small() {
    const auto self = shared_from_this();
    context_.workers.submit(
        [self] {
          const fs::path path = self->context_.cache.temporary_path(self->id_);
          {
            const Descriptor file = create_file(path, 0600);
            write_fully(file.get(), self->head_, path);
          }
          const std::string name = md5_of_object(self->id_);
          const bool right =
              name.empty() ? self->is_legacy_right(path) : md5_of(self->head_) == name;
          if (!right) {
            std::error_code ignored;
            fs::remove(path, ignored);
            self->wrong();
          }
          self->context_.cache.adopt(path, self->id_);
        },
        [self](const std::exception_ptr& error) { self->end(error); });
  }

  bool is_legacy_right(const fs::path& path) const {
    return hash_file(path, HashKind::legacy).md5 == id_.hex.substr(0, 32);
  }

  [[noreturn]] void wrong() const {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("{} of the remote is damaged: its content is not what its name says", key_));
  }

  void end(const std::exception_ptr& error) {
    if (error) return fail(error);
    over_ = true;
    done_(size_);
  }
  void fail(const std::exception_ptr& error) {
    if (over_) return;
    over_ = true;
    done_(error);
  }

  DownloadContext& context_;
  ObjectId id_;
  std::string key_;
  Done<std::uint64_t> done_;
  std::string head_;  // the first bytes, while they are few
  std::uint64_t spilled_ = 0;
  std::unique_ptr<PartFile> file_;
  std::uint64_t size_ = 0;
  std::uint64_t parts_ = 0;
  std::uint64_t next_ = 1;       // part to ask for
  std::uint64_t asked_for_ = 0;  // parts
  std::uint64_t hashed_ = 0;     // parts
  bool hashing_ = false;
  bool over_ = false;
  Md5 md5_;
};

// Downloads until the bytes are right, something else fails, or `tries` are used up.
void download_again(DownloadContext& context, const ObjectId& id, int tries,
                    Done<std::uint64_t> done) {
  auto next = [&context, id, tries, done = std::move(done)](Outcome<std::uint64_t> outcome) {
    bool damaged = false;
    try {
      outcome.value();
    } catch (const Error& error) {
      damaged = error.kind() == ErrorKind::corrupt;
    }
    if (!damaged || tries <= 1) return done(std::move(outcome));
    download_again(context, id, tries - 1, done);
  };
  std::make_shared<Download>(context, id, std::move(next))->begin();
}

}  // namespace

// Bytes may break on their way as well as at rest. At rest more tries do not help, so they are few.
void download_object(DownloadContext& context, const ObjectId& id, Done<std::uint64_t> done) {
  constexpr int tries = 3;
  download_again(context, id, tries, std::move(done));
}

}  // namespace mlopsctl::data
